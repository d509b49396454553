//! Why a row is there, why none is, and how many are left after each step: the reference, looked at step by step.
//!
//! The clauses run as the reference runs them, each part of a pattern and each condition as a step of its own (`stages`),
//! and what passes each step is counted (`look`, `run`). A row that is there is found again by its key, and its steps
//! are read off the rows on the way (`explain`). For a row that is not there, what the caller knows of it is looked for
//! as early as it can be (`given`), and the first step at which nothing is left decides (`find`).
//!
//! Law: the rows behind the last step are those of [`super::Reference::rows`]. The tests hold it, and that every step
//! of a row is true and the first false step of a row that is not there is false.

mod answer;
mod describe;
mod explain;
mod find;
mod given;
mod look;
mod mark;
mod run;
mod shown;
mod stages;
mod text;
mod union;
mod uses;

use super::binding::{Binding, rows};
use super::graph::Graph;
use super::names::Names;
use crate::expression::EvalError;
use crate::joins::Join;
use crate::language::ast::Query;
use crate::language::{Diagnostic, code};
use crate::settings::Settings;
use describe::Describing;
use explain::Explaining;
use given::Placed;
use livewell_model::{Map, SmolStr, key};
use look::{Look, MATCHES};
use run::start;
use stages::{Stages, Staging};
use text::Text;
use union::Union;
use uses::Uses;

pub use answer::{Bound, Explanation, Funnel, Kind, Member, Members, Place, Rank, Step, Stopped, Used};
pub use given::Given;

/// How many partial matches may be looked at, where nothing else is said.
pub const MATCHES_MAX: u64 = 100_000_000;

/// Which query of a UNION has a row, the row's key in that, and the step of the UNION.
type OfBranch = (usize, Vec<u8>, Option<Step>);

/// A query whose rows can be explained.
#[derive(Debug)]
pub struct Why {
    text: Text,
    joins: Vec<Join>,
    branches: Vec<(Stages, Uses)>,
    distinct: bool,
    columns: Vec<SmolStr>,
    params: Map,
    matches: u64,
}

impl Why {
    /// Compiles a query that was read from `text`.
    ///
    /// # Errors
    /// Returns the errors of [`super::Reference::with`].
    pub fn new(text: &str, query: &Query, params: &Map, settings: &Settings) -> Result<Self, Diagnostic> {
        let mut query = query.clone();
        settings.apply(&mut query)?;
        let text = Text(text.to_owned());
        let branch = |branch| {
            let names = Names { versions_max: settings.limits.versions, ..Names::default() };
            let mut uses = Uses::default();
            let staging = Staging { text: &text, params, names, uses: &mut uses, steps: 0 };
            Ok((Stages::new(branch, staging)?, uses))
        };
        let branches = query.branches.iter().map(branch).collect::<Result<_, Diagnostic>>()?;
        let columns = query.branches[0].returns.items.iter().map(|item| item.name.clone()).collect();
        Ok(Self {
            joins: settings.joins.clone(),
            branches,
            distinct: query.distinct,
            columns,
            params: params.clone(),
            matches: MATCHES_MAX,
            text,
        })
    }

    /// Looks at no more than so many partial matches for one question about the rows.
    #[must_use]
    pub fn at_most(mut self, matches: u64) -> Self {
        self.matches = matches;
        self
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[SmolStr] {
        &self.columns
    }

    /// The variables that elements of patterns are bound to, in the order of the text, each once.
    pub fn variables(&self) -> Vec<SmolStr> {
        let mut variables: Vec<SmolStr> = Vec::new();
        let stages = self.branches.iter().flat_map(|(stages, _)| &stages.stages);
        for name in stages.flat_map(|stage| stage.names.slots.iter().flatten()) {
            if text::written(name).as_ref() == Some(name) && !variables.contains(name) {
                variables.push(name.clone());
            }
        }
        variables
    }

    /// Returns what is given and is nowhere in the query, if there is anything.
    pub fn unknown<'g>(&self, given: &'g [Given]) -> Option<&'g Given> {
        let variables = self.variables();
        given.iter().find(|given| match given {
            Given::Column(name, _) => !self.columns.contains(name),
            Given::Variable(name, _) => !variables.contains(name),
        })
    }

    /// How many are left after each step. A limit that is reached ends it early, and the answer says so.
    ///
    /// # Errors
    /// Returns the error of an expression that has no value.
    pub fn funnel(&self, graph: &Graph) -> Result<Funnel, EvalError> {
        let prepared = self.prepared(graph)?;
        let graph = prepared.as_ref().unwrap_or(graph);
        let mut funnel = Funnel { rows: None, steps: Vec::new(), stopped: None };
        let mut union = Union::new(self.distinct);
        for (number, (stages, _)) in self.branches.iter().enumerate() {
            let explaining = self.explaining(number, graph);
            let look = Look::new(graph, stages, self.matches);
            let ended = explaining.all(&look, &mut union);
            funnel.steps.extend(explaining.left(stages, stages.stages.len(), &look));
            if let Err(error) = ended {
                funnel.stopped = Some(stopped(&error).ok_or(error)?);
                return Ok(funnel);
            }
        }
        funnel.rows = Some(union.count());
        if self.branches.len() > 1 {
            funnel.steps.push(union.step(None));
        }
        Ok(funnel)
    }

    /// Why the row with this key is there; `None` if the evaluation has no such row.
    ///
    /// # Errors
    /// Returns the errors of expressions, and an error at a limit: see [`stopped`].
    pub fn row(&self, graph: &Graph, key: &[u8]) -> Result<Option<Explanation>, EvalError> {
        let prepared = self.prepared(graph)?;
        let graph = prepared.as_ref().unwrap_or(graph);
        let (number, of_branch, members) = match self.member(graph, key)? {
            Some(member) => member,
            None => return Ok(None),
        };
        let explaining = self.explaining(number, graph);
        let Some((steps, row)) = explaining.row(explaining.stages.stages.len(), &of_branch)? else {
            return Ok(None);
        };
        let mut steps: Vec<Step> = steps.into_iter().map(|(_, step)| step).collect();
        steps.extend(members);
        Ok(Some(Explanation { here: true, rows: 1, row: Some((key.to_vec(), row.values)), steps }))
    }

    /// Finds the query of a UNION that has the row with a key.
    fn member(&self, graph: &Graph, key: &[u8]) -> Result<Option<OfBranch>, EvalError> {
        if self.branches.len() == 1 {
            return Ok(Some((0, key.to_vec(), None)));
        }
        if !self.distinct {
            let numbers = 0..self.branches.len();
            let of = |number| key.strip_prefix(union::of_branch(number).as_slice());
            return Ok(numbers.into_iter().find_map(|number| Some((number, of(number)?.to_vec(), None))));
        }
        let (mut found, mut count) = (None, 0);
        for (number, (stages, _)) in self.branches.iter().enumerate() {
            let look = Look::new(graph, stages, self.matches);
            for row in stages.run((0, stages.stages.len()), rows([start()]), &look)? {
                let row = row?;
                if key::of(&row.values) == key {
                    count += 1;
                    found.get_or_insert((number, row.key));
                }
            }
        }
        Ok(found.map(|(number, key)| (number, key, Some(Union::new(true).step(Some(count))))))
    }

    /// Why there is a row with what is given, or why there is none. A query of a UNION without one of the variables is
    /// left out.
    ///
    /// # Errors
    /// Returns the errors of [`Self::row`].
    pub fn find(&self, graph: &Graph, given: &[Given]) -> Result<Explanation, EvalError> {
        let prepared = self.prepared(graph)?;
        let graph = prepared.as_ref().unwrap_or(graph);
        let mut union = Union::new(self.distinct);
        let (mut present, mut absent) = (None, Vec::new());
        for (number, (stages, _)) in self.branches.iter().enumerate() {
            let explaining = self.explaining(number, graph);
            let placed = Placed::new(stages, given, &self.params);
            let placed = placed.map_err(|error| EvalError { code: error.code, message: error.message })?;
            let Some(placed) = placed else { continue };
            let look = Look::new(graph, stages, self.matches).at(&placed);
            let first = explaining.find(&placed, &look, &mut union)?;
            match first {
                Some(row) if present.is_none() => {
                    let steps = explaining.present(&placed, &row, &look)?;
                    let key = self.key(number, &row);
                    present = Some((key, row.values, steps));
                }
                Some(_) => {}
                None if present.is_none() => absent.extend(explaining.absent(&placed, &look)?),
                None => {}
            }
        }
        Ok(match present {
            Some((key, values, steps)) => {
                Explanation { here: true, rows: union.count(), row: Some((key, values)), steps }
            }
            None => Explanation { here: false, rows: 0, row: None, steps: absent },
        })
    }

    /// The key that a row of one of the queries has in the result.
    fn key(&self, number: usize, row: &Binding) -> Vec<u8> {
        match self.branches.len() {
            1 => row.key.clone(),
            _ if self.distinct => key::of(&row.values),
            _ => [union::of_branch(number), row.key.clone()].concat(),
        }
    }

    fn explaining<'a>(&'a self, number: usize, graph: &'a Graph) -> Explaining<'a> {
        let branch = (self.branches.len() > 1).then_some(number + 1);
        let (stages, uses) = &self.branches[number];
        let describing = Describing { text: &self.text, uses, graph, branch };
        Explaining { stages, describing, matches: self.matches }
    }

    fn prepared(&self, graph: &Graph) -> Result<Option<Graph>, EvalError> {
        graph.time.begin();
        graph.prepared(&self.joins)
    }
}

/// The limit at which an evaluation ended, if the error is about that.
pub fn stopped(error: &EvalError) -> Option<Stopped> {
    match error.code {
        code::CANCELLED => Some(Stopped::Time),
        code::STEP_BYTES => Some(Stopped::Memory),
        MATCHES => Some(Stopped::Matches),
        _ => None,
    }
}
