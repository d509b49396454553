//! The engine in step with the reference: after every transaction its live rows are the query evaluated from scratch,
//! and its diffs lead from the rows before to the rows after.

use livewell_model::diff::Columns;
use livewell_model::{AppliedTransaction, Diff, Row, Timestamp, row};
use livewell_query::expression::EvalError;
use livewell_query::reference::{Graph, Reference};
use livewell_query::{Engine, MemoryState, StepError};
use std::collections::BTreeMap;

/// One query, maintained and evaluated from scratch side by side.
#[derive(Debug)]
pub struct Lockstep<'a> {
    engine: &'a Engine,
    reference: &'a Reference,
    state: MemoryState,
    graph: Graph,
    now: Timestamp,
    folded: BTreeMap<u64, Columns>,
}

/// The outcome of a step on which the two do not contradict each other.
#[derive(Debug)]
pub enum Stepped {
    /// They have the same rows.
    Agree,
    /// The reference has no answer; this is the engine's.
    ReferenceFailed(EvalError, Result<Vec<Diff>, StepError>),
}

impl<'a> Lockstep<'a> {
    /// Begins before any transaction.
    pub fn new(engine: &'a Engine, reference: &'a Reference) -> Self {
        let (state, graph, folded) = (MemoryState::new(), Graph::new(), BTreeMap::new());
        Self { engine, reference, state, graph, now: Timestamp(0), folded }
    }

    /// Steps to the empty graph.
    ///
    /// # Errors
    /// Returns how the two differ.
    pub fn begin(&mut self) -> Result<Stepped, String> {
        let diffs = self.engine.begin(&mut self.state, self.now);
        self.agree(diffs)
    }

    /// Applies one transaction, at its time or the largest so far, after a tick at each moment up to then at which a
    /// timer is due.
    ///
    /// # Errors
    /// Returns how the two differ.
    pub fn step(&mut self, transaction: &AppliedTransaction) -> Result<Stepped, String> {
        let now = self.now.max(transaction.timestamp);
        if let failed @ Stepped::ReferenceFailed(..) = self.advance(now)? {
            return Ok(failed);
        }
        let transaction = AppliedTransaction { timestamp: now, ..transaction.clone() };
        self.graph.apply(&transaction);
        let diffs = self.engine.step(&mut self.state, &transaction);
        self.agree(diffs)
    }

    /// Advances the time, with a tick at each moment up to then at which a timer is due.
    ///
    /// # Errors
    /// Returns how the two differ.
    pub fn advance(&mut self, now: Timestamp) -> Result<Stepped, String> {
        while let Some(due) = self.graph.next_due().filter(|due| *due <= now) {
            let stepped = self.tick(due).map_err(|why| format!("the tick at {}: {why}", due.to_rfc3339()))?;
            if let Stepped::ReferenceFailed(..) = stepped {
                return Ok(stepped);
            }
        }
        self.now = self.now.max(now);
        Ok(Stepped::Agree)
    }

    fn tick(&mut self, due: Timestamp) -> Result<Stepped, String> {
        self.now = due;
        self.graph.tick(due);
        let diffs = self.engine.tick(&mut self.state, due);
        self.agree(diffs)
    }

    /// Returns the live rows.
    pub fn rows(&self) -> Vec<Row> {
        self.state.rows().into_iter().map(|(_, row)| row).collect()
    }

    /// Compares the reference with itself: looking candidates up and looking at all elements give the same.
    fn look_up(&self) -> Result<(), String> {
        let looked_up = self.reference.rows(&self.graph.packed());
        let all = self.reference.rows(&self.graph);
        let encoded = |rows: &[Row]| rows.iter().map(Row::encode).collect::<Vec<_>>();
        let same = match (&looked_up, &all) {
            (Ok(looked_up), Ok(all)) => encoded(looked_up) == encoded(all),
            (Err(one), Err(other)) => one == other,
            _ => false,
        };
        if same {
            Ok(())
        } else {
            Err(format!("looked up, the reference has\n  {looked_up:?}\nand not\n  {all:?}"))
        }
    }

    fn agree(&mut self, diffs: Result<Vec<Diff>, StepError>) -> Result<Stepped, String> {
        self.look_up()?;
        let expected = match self.reference.ordered_rows(&self.graph) {
            Ok(expected) => expected,
            Err(error) => return Ok(Stepped::ReferenceFailed(error, diffs)),
        };
        let diffs = diffs.map_err(|error| format!("the engine erred, the reference did not: {error}"))?;
        if let Some(pair) = diffs.windows(2).find(|pair| pair[0].order() >= pair[1].order()) {
            return Err(format!("diffs out of order: {pair:?}"));
        }
        for diff in &diffs {
            fold(&mut self.folded, diff).map_err(|why| format!("{why}: {diff:?}"))?;
        }
        let stored = self.state.rows();
        same_as_told(&stored, &self.folded)?;
        same_rows(&stored, &expected)?;
        let due = self.engine.next_due(&self.state).map_err(|error| error.to_string())?;
        if due != self.graph.next_due() {
            return Err(format!("the next timer is due at {due:?}, not at {:?}", self.graph.next_due()));
        }
        Ok(Stepped::Agree)
    }
}

/// Compares the live rows with those that the diffs add up to.
fn same_as_told(stored: &[(u64, Row)], folded: &BTreeMap<u64, Columns>) -> Result<(), String> {
    let told: Vec<_> = folded.iter().map(|(signature, columns)| (*signature, bytes(columns))).collect();
    let live: Vec<_> = stored.iter().map(|(signature, row)| (*signature, bytes(&row.columns))).collect();
    if told == live {
        return Ok(());
    }
    Err(format!("the diffs fold to\n  {folded:?}\nand stored is\n  {stored:?}"))
}

/// Compares the live rows, as a reader gets them, with the expected ones, keys and all.
fn same_rows(stored: &[(u64, Row)], expected: &[Row]) -> Result<(), String> {
    let mut read: Vec<&Row> = stored.iter().map(|(_, row)| row).collect();
    read.sort_by(|one, other| (&one.order, &one.key).cmp(&(&other.order, &other.key)));
    // The bytes by which a row is ordered are the engine's alone.
    let have = read.iter().map(|row| row::encode(&row.key, &row.columns, &[]));
    if have.eq(expected.iter().map(Row::encode)) {
        return Ok(());
    }
    Err(format!("the reference has\n  {expected:?}\nand a reader gets\n  {read:?}"))
}

/// Applies one diff to the rows, which must be as it says they were.
fn fold(rows: &mut BTreeMap<u64, Columns>, diff: &Diff) -> Result<(), &'static str> {
    let signature = diff.row_signature();
    let was = rows.get(&signature).map(bytes);
    match diff {
        Diff::Add { .. } if was.is_some() => return Err("adds a row that is there"),
        Diff::Delete { data: before, .. } | Diff::Update { before, .. } if was != Some(bytes(before)) => {
            return Err("tells another row than the one that was");
        }
        Diff::Update { before, after, .. } if bytes(before) == bytes(after) => return Err("changes nothing"),
        Diff::Add { data, .. } | Diff::Update { after: data, .. } => rows.insert(signature, data.clone()),
        Diff::Delete { .. } => rows.remove(&signature),
    };
    Ok(())
}

/// Returns the columns as bytes: NaN equals itself, `1` is not `1.0`, `0.0` is not `-0.0`.
fn bytes(columns: &Columns) -> Vec<u8> {
    Row { key: Vec::new(), columns: columns.clone(), order: Vec::new() }.encode()
}
