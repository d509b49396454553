//! Query results and rows to try reactions with.

use crate::{Outgoing, SnapshotOf, SnapshotRow};
use livewell_model::diff::Columns;
use livewell_model::json::{Data, RowShape};
use livewell_model::{Diff, QueryResult, SmolStr, Timestamp, Value};

/// Returns the columns of every sample.
pub fn columns() -> [SmolStr; 2] {
    ["id".into(), "note".into()]
}

/// A run of query results with sequences `1..=n`.
#[derive(Debug)]
pub struct Sample {
    columns: [SmolStr; 2],
    results: Vec<QueryResult>,
}

impl Sample {
    /// Creates `count` results whose notes contain line ends, quotes and characters beyond ASCII.
    pub fn new(count: u64) -> Self {
        let result = |sequence: u64| QueryResult {
            sequence,
            position: sequence * 3,
            timestamp: Timestamp(sequence as i64),
            diffs: vec![Diff::Add { row_signature: sequence, data: row(sequence) }],
        };
        Self { columns: columns(), results: (1..=count).map(result).collect() }
    }

    /// Returns the results with sequences of `range`.
    pub fn outgoing(&self, range: std::ops::RangeInclusive<u64>) -> Vec<Outgoing<'_>> {
        let within = self.results.iter().filter(|result| range.contains(&result.sequence));
        within
            .map(|result| Outgoing { query_id: "sample", epoch: 1, columns: &self.columns, result })
            .collect()
    }

    /// Returns the effects of the results of `range`, one line each.
    pub fn lines(&self, range: std::ops::RangeInclusive<u64>) -> Vec<String> {
        let outgoing = self.outgoing(range);
        outgoing
            .iter()
            .map(|o| serde_json::to_string(&o.shape()).expect("results have a JSON form"))
            .collect()
    }
}

fn row(number: u64) -> Columns {
    vec![Value::string(format!("o{number}")), Value::string("one\n\"two\" \u{1f41f}")].into()
}

/// Calls `with` with a snapshot of `count` rows at `sequence`; the rows depend on both.
pub fn sample_rows<T>(sequence: u64, count: u64, with: impl FnOnce(SnapshotOf<'_>) -> T) -> T {
    let mut rows = (0..count).map(|at| -> SnapshotRow { Ok((at * 7 + sequence, row(at))) });
    with(SnapshotOf {
        query_id: "sample",
        epoch: 1,
        sequence,
        position: sequence * 3,
        columns: &columns(),
        rows: &mut rows,
    })
}

/// Returns the lines of [`sample_rows`].
pub(super) fn row_lines(sequence: u64, count: u64) -> Vec<String> {
    let names = columns();
    let line = |at: u64| {
        let row = row(at);
        let shape =
            RowShape { row_signature: at * 7 + sequence, data: Data { names: &names, columns: &row } };
        serde_json::to_string(&shape).expect("rows have a JSON form")
    };
    (0..count).map(line).collect()
}
