//! The engine: a compiled query that turns each transaction into the diffs of its result.
//!
//! A pure function of (state, transaction): it reads and writes the state it is handed and nothing else, so
//! the same transactions give the same diffs, whatever is behind the state and however often the process
//! died in between.

use crate::check::{self, parse};
use crate::encoding::encode_all;
use crate::for_each::ForEach;
use crate::interest::Interest;
use crate::joins::Joined;
use crate::language::Diagnostic;
use crate::meter::size::Measure;
use crate::operator::{History, Step, StepKind};
use crate::plan::{Described, Plan};
use crate::settings::Settings;
use crate::state::{State, StepError};
use crate::types::TypeSet;
use livewell_model::codec::Writer;
use livewell_model::{AppliedChange, AppliedTransaction, Diff, Element, Map, SmolStr, Timestamp};

/// A standing query, compiled.
#[derive(Debug)]
pub struct Engine {
    plan: Plan,
    joined: Joined,
    for_each: Option<ForEach>,
}

impl Engine {
    /// Compiles a query's text.
    ///
    /// # Errors
    /// A [`Diagnostic`] that points into the text: it is not Cypher, it makes no sense, or it cannot be
    /// maintained exactly.
    pub fn compile(text: &str, params: &Map) -> Result<Self, Diagnostic> {
        Self::compile_with(text, params, &Settings::default())
    }

    /// Compiles a query's text that has joins, or other limits than the usual ones.
    ///
    /// # Errors
    /// Returns what [`Engine::compile`] does, and a [`Diagnostic`] for joins that make no sense.
    pub fn compile_with(text: &str, params: &Map, settings: &Settings) -> Result<Self, Diagnostic> {
        let mut query = parse(text)?;
        settings.apply(&mut query)?;
        check::for_each(&query, &settings.for_each, params).map_err(|refused| refused.located(text))?;
        let plan = Plan::build(&query, params, settings)?;
        let parameters = settings.for_each.clone();
        let for_each =
            (!parameters.is_empty()).then(|| ForEach::new(parameters, plan.logical().nothing.clone()));
        Ok(Self { plan, joined: Joined::new(&settings.joins), for_each })
    }

    /// Uses only this many bits of a key's hash in row signatures, so that tests meet collisions.
    #[must_use]
    pub fn with_hash_bits(mut self, bits: u32) -> Self {
        self.plan.output_mut().hash_bits = bits;
        self
    }

    /// How the rows are dealt out, if the query is run for each value of parameters, which are the first columns.
    pub fn for_each(&self) -> Option<&ForEach> {
        self.for_each.as_ref()
    }

    /// The names of the result's columns.
    pub fn columns(&self) -> &[SmolStr] {
        &self.plan.logical().columns
    }

    /// The columns that hold a node, a relationship or a path wherever they hold anything: no query reads them.
    pub fn columns_of_elements(&self) -> impl Iterator<Item = &SmolStr> {
        let elements = TypeSet::ELEMENT.or(TypeSet::PATH);
        let is_element = move |types: &TypeSet| types.meets(elements) && types.within(elements.or_null());
        let columns = self.columns().iter().zip(&self.plan.logical().types);
        columns.filter(move |(_, types)| is_element(types)).map(|(name, _)| name)
    }

    /// The step from nothing to the empty graph, at `now`: rows that hold without any element. To be taken once.
    ///
    /// # Errors
    /// Returns the errors of [`Engine::step`].
    pub fn begin(&self, state: &mut dyn State, now: Timestamp) -> Result<Vec<Diff>, StepError> {
        self.begin_over(state, &[], now)
    }

    /// [`Engine::begin`] and the first part of the base in one step, so that an expression without a value over the
    /// empty graph need not have one.
    ///
    /// # Errors
    /// Returns the errors of [`Engine::step`].
    pub fn begin_over(
        &self,
        state: &mut dyn State,
        elements: &[(Element, Timestamp)],
        now: Timestamp,
    ) -> Result<Vec<Diff>, StepError> {
        self.over_elements(StepKind::Begin, state, elements, now)
    }

    /// Takes one transaction in, at its time; returns its diffs in the order of [`Diff::order`]. Time does not go back,
    /// and the timers that are due by then have fired: see [`Engine::next_due`].
    ///
    /// # Errors
    /// [`StepError`]; then what was written to the state in this step must be dropped.
    pub fn step(
        &self,
        state: &mut dyn State,
        transaction: &AppliedTransaction,
    ) -> Result<Vec<Diff>, StepError> {
        let AppliedTransaction { changes, timestamp: now, .. } = transaction;
        let meter = &state.meter();
        self.run(Step { state, changes, kind: StepKind::Transaction, now: *now, meter })
    }

    /// Takes in a part of the base: elements of a snapshot, each with the time of its last change. All parts of a base
    /// are taken in at one time, and no row has a history before the last of them.
    ///
    /// # Errors
    /// Returns the errors of [`Engine::step`].
    pub fn base(
        &self,
        state: &mut dyn State,
        elements: &[(Element, Timestamp)],
        now: Timestamp,
    ) -> Result<Vec<Diff>, StepError> {
        self.over_elements(StepKind::Base, state, elements, now)
    }

    fn over_elements(
        &self,
        kind: StepKind,
        state: &mut dyn State,
        elements: &[(Element, Timestamp)],
        now: Timestamp,
    ) -> Result<Vec<Diff>, StepError> {
        for (element, changed) in elements {
            self.plan.chronicle().add(state, element, *changed)?;
        }
        let meter = &state.meter();
        let insert =
            |(element, _): &(Element, _)| AppliedChange { before: None, after: Some(element.clone()) };
        let changes: Vec<_> = elements.iter().map(insert).collect();
        self.run(Step { state, changes: &changes, kind, now, meter })
    }

    /// When the first timer is due. Before a transaction of that time or later is taken in, a [`Engine::tick`] at that
    /// very moment is to be taken, and so on until none is due.
    ///
    /// # Errors
    /// [`StepError`] where the state fails.
    pub fn next_due(&self, state: &dyn State) -> Result<Option<Timestamp>, StepError> {
        self.plan.next_due(state)
    }

    /// Whether the query uses functions of time: then it needs ticks, and its rows follow from their history, too.
    pub fn tells_time(&self) -> bool {
        self.plan.tells_time()
    }

    /// What the query remembers of its rows over time.
    ///
    /// # Errors
    /// [`StepError`] where the state fails.
    pub fn histories(&self, state: &dyn State) -> Result<Vec<History>, StepError> {
        let mut all = Vec::new();
        self.plan.histories(state, &mut |history| all.push(history))?;
        Ok(all)
    }

    /// What the query has written down of its elements' past, each element's versions from the oldest on.
    ///
    /// # Errors
    /// [`StepError`] where the state fails.
    pub fn past_of<'e>(
        &self,
        state: &dyn State,
        elements: impl IntoIterator<Item = &'e Element>,
    ) -> Result<Vec<(Timestamp, Element)>, StepError> {
        let mut past = Vec::new();
        for element in elements {
            past.extend(self.plan.chronicle().past(state, element)?);
        }
        Ok(past)
    }

    /// Lets the timers fire that are due at `now`.
    ///
    /// # Errors
    /// Returns the errors of [`Engine::step`].
    pub fn tick(&self, state: &mut dyn State, now: Timestamp) -> Result<Vec<Diff>, StepError> {
        let meter = &state.meter();
        self.run(Step { state, changes: &[], kind: StepKind::Tick, now, meter })
    }

    /// What of changes the query reads: a transaction that does not touch it need not be stepped.
    pub fn interest(&self) -> Interest {
        Interest::new(self.plan.physical().reads(), self.joined.joins())
    }

    /// The plans of the query.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What each column can hold, in words; `None` if it can hold anything.
    pub fn column_types(&self) -> Vec<Option<String>> {
        let shown = |types: &TypeSet| (types.or_null() != TypeSet::ANY).then(|| types.describe());
        self.plan.logical().types.iter().map(shown).collect()
    }

    /// The operators that maintain the result, in words, each behind those whose rows it takes.
    pub fn operators(&self) -> Vec<Described> {
        self.plan.described()
    }

    /// The plans in words: operators, their state, the row identity; and what makes most changes concern the query.
    pub fn explain(&self) -> String {
        let each = self.for_each.iter().map(|for_each| for_each.explain(self.columns()));
        let joins = self.joined.joins().iter().map(|join| format!("Join: {join}\n"));
        let wide = self.interest().wide().into_iter().map(|wide| format!("Concerned by {wide}\n"));
        each.chain(joins).chain([self.plan.explain()]).chain(wide).collect()
    }

    /// Canonical bytes of all that decides what the query stores: two engines of equal bytes can continue each other's
    /// state.
    pub fn encoding(&self) -> Vec<u8> {
        let mut out = Writer::new();
        encode_all!(&mut out, &self.joined, self.plan.physical());
        out.bytes
    }

    fn run(&self, step: Step<'_>) -> Result<Vec<Diff>, StepError> {
        /// Up to this many changes are covered by the limit on what is read of a log at once.
        const FEW: usize = 16;
        let Step { state, changes, meter, .. } = step;
        meter.begin();
        if changes.len() > FEW {
            meter.hold(Measure::default().changes(changes))?;
        }
        let followed = self.joined.follow(state, changes, meter)?;
        let joined = (!followed.is_empty()).then(|| [changes, &followed].concat());
        let now = step.now;
        let changes = joined.as_deref().unwrap_or(changes);
        // What the base holds was written down before, each element with the time of its own change.
        let is_base = matches!(step.kind, StepKind::Begin | StepKind::Base);
        let written = if is_base { &followed } else { changes };
        self.plan.chronicle().follow(state, written, now)?;
        let mut step = Step { state, changes, ..step };
        meter.look()?;
        let batch = self.plan.step(&mut step)?;
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.plan.output().step(step.state, batch, meter)
    }
}
