//! A random history of a query, with a plain map that holds the rows after each result.

use super::sample::columns;
use crate::{Outgoing, SnapshotOf, SnapshotRow};
use livewell_model::diff::Columns;
use livewell_model::{Diff, QueryResult, SmolStr, Timestamp, Value};
use std::collections::{BTreeMap, BTreeSet};

const ROWS: u64 = 24;

/// Results with sequences `1..=n`, in which rows come, change, exchange their ids and go.
#[derive(Debug)]
pub struct History {
    columns: [SmolStr; 2],
    results: Vec<QueryResult>,
    /// The rows after each sequence, the first before all of them.
    states: Vec<BTreeMap<u64, Columns>>,
}

impl History {
    /// Creates `count` results, the same for the same `seed`.
    pub fn new(seed: u64, count: u64) -> Self {
        let mut random = Random(seed);
        let mut history = Self { columns: columns(), results: Vec::new(), states: vec![BTreeMap::new()] };
        for sequence in 1..=count {
            let before = history.states.last().cloned().unwrap_or_default();
            let after = step(&before, &mut random);
            let diffs = diffs(&before, &after);
            let (position, timestamp) = (sequence * 3, Timestamp(sequence as i64));
            history.results.push(QueryResult { sequence, position, timestamp, diffs });
            history.states.push(after);
        }
        history
    }

    /// Returns the results with sequences of `range`.
    pub fn outgoing(&self, range: std::ops::RangeInclusive<u64>) -> Vec<Outgoing<'_>> {
        let within = self.results.iter().filter(|result| range.contains(&result.sequence));
        within.map(|result| self.outgoing_of(result)).collect()
    }

    /// Wraps any result as one of this history's query.
    pub fn outgoing_of<'a>(&'a self, result: &'a QueryResult) -> Outgoing<'a> {
        Outgoing { query_id: "sample", epoch: 1, columns: &self.columns, result }
    }

    /// Returns the rows after `sequence` as JSON arrays of their columns, sorted.
    pub fn rows(&self, sequence: u64) -> BTreeSet<String> {
        let state = &self.states[usize::try_from(sequence).expect("a short history")];
        let line = |row: &Columns| serde_json::to_string(&row[..]).expect("a row has a JSON form");
        state.values().map(line).collect()
    }

    /// Calls `with` with the snapshot at `sequence`.
    pub fn snapshot<T>(&self, sequence: u64, with: impl FnOnce(SnapshotOf<'_>) -> T) -> T {
        let state = &self.states[usize::try_from(sequence).expect("a short history")];
        let mut rows = state.iter().map(|(signature, row)| -> SnapshotRow { Ok((*signature, row.clone())) });
        let position = sequence * 3;
        let columns = &self.columns;
        with(SnapshotOf { query_id: "sample", epoch: 1, sequence, position, columns, rows: &mut rows })
    }
}

fn step(before: &BTreeMap<u64, Columns>, random: &mut Random) -> BTreeMap<u64, Columns> {
    let mut after = before.clone();
    for _ in 0..=random.below(4) {
        let (one, other) = (random.below(ROWS), random.below(ROWS));
        let note = Value::string(format!("it's {}\n\u{1f41f} \"{one}\"", random.below(1000)));
        match (random.below(4), after.get(&one).cloned(), after.get(&other).cloned()) {
            (0, Some(_), _) => {
                after.remove(&one);
            }
            // Two rows exchange their ids.
            (1, Some(first), Some(second)) if one != other => {
                after.insert(one, vec![second[0].clone(), first[1].clone()].into());
                after.insert(other, vec![first[0].clone(), second[1].clone()].into());
            }
            (_, Some(row), _) => {
                after.insert(one, vec![row[0].clone(), note].into());
            }
            (_, None, _) => {
                let taken = |id: i64| after.values().any(|row| row[0] == Value::Int(id));
                let id = (0..).find(|id| !taken(*id)).unwrap_or_default();
                let note = if random.below(3) == 0 { Value::Null } else { note };
                after.insert(one, vec![Value::Int(id), note].into());
            }
        }
    }
    after
}

fn diffs(before: &BTreeMap<u64, Columns>, after: &BTreeMap<u64, Columns>) -> Vec<Diff> {
    let gone = before.iter().filter(|(signature, _)| !after.contains_key(signature));
    let mut diffs: Vec<Diff> =
        gone.map(|(signature, row)| Diff::Delete { row_signature: *signature, data: row.clone() }).collect();
    let changed = after.iter().filter_map(|(signature, row)| {
        let before = before.get(signature).filter(|before| *before != row)?.clone();
        Some(Diff::Update { row_signature: *signature, before, after: row.clone() })
    });
    diffs.extend(changed);
    let new = after.iter().filter(|(signature, _)| !before.contains_key(signature));
    diffs.extend(new.map(|(signature, row)| Diff::Add { row_signature: *signature, data: row.clone() }));
    diffs
}

/// Numbers that look random (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
