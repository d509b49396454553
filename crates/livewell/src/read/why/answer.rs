//! The answers, in the shapes that the API and the command line have.

use livewell_model::diff::Columns;
use livewell_model::json::Data;
use livewell_model::{Diff, SmolStr};
use livewell_query::reference::why::{Step, Stopped};
use serde::{Serialize, Serializer};

/// Why a row is in the results of a query, or why it is not.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Why"))]
pub struct Answer {
    /// The query's id.
    pub query_id: String,
    /// The epoch that the sequence counts in.
    pub epoch: String,
    /// The sequence that the answer is about.
    pub sequence: u64,
    /// The position of the store up to which everything is included.
    pub position: u64,
    /// Whether such a row is in the results.
    pub here: bool,
    /// How many rows have what was given; the first of them is explained.
    pub rows: u64,
    /// The row: as it is, or as it was when it was there last.
    pub row: Option<AnswerRow>,
    /// The steps from the elements to the row. If the row is not here, the first that is false decides.
    pub steps: Vec<Step>,
    /// What became of the row, as far as the outbox reaches back; the oldest first.
    pub history: Vec<Happened>,
    /// The first sequence that the outbox still has.
    pub history_from: u64,
    /// What else there is to say.
    pub note: Option<String>,
}

/// A row of an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "WhyRow"))]
pub struct AnswerRow {
    /// Its signature; `None` if it is not known.
    pub row_signature: Option<String>,
    /// Its values.
    pub data: Named,
}

/// A result that was about a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "WhyHappened"))]
pub struct Happened {
    /// The sequence of the result.
    pub sequence: u64,
    /// The position of the transaction that caused it.
    pub position: u64,
    /// The time of the transaction that caused it.
    pub time: String,
    /// `add`, `update` or `delete`.
    pub op: &'static str,
    /// The row's values before; `None` for a row that came.
    pub before: Option<Named>,
    /// The row's values after; `None` for a row that went.
    pub after: Option<Named>,
}

/// How many are left after each step of a query.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Funnel"))]
pub struct Left {
    /// The query's id.
    pub query_id: String,
    /// The epoch that the sequence counts in.
    pub epoch: String,
    /// The sequence that the answer is about.
    pub sequence: u64,
    /// The position of the store up to which everything is included.
    pub position: u64,
    /// How many rows the query has; `None` if the evaluation was stopped before.
    pub rows: Option<u64>,
    /// The steps, with what is left after each.
    pub steps: Vec<Step>,
    /// Why the evaluation was stopped, if it was; then the counts are what there is at least.
    pub stopped: Option<Stopped>,
}

/// Values under the names of their columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    pub(super) names: Vec<SmolStr>,
    /// The values, in the order of the names.
    pub columns: Columns,
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Named {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Named".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object" })
    }
}

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        Data { names: &self.names, columns: &self.columns }.serialize(out)
    }
}

impl Happened {
    /// Creates what a diff says of its row.
    pub(super) fn new(
        (sequence, position, time): (u64, u64, String),
        diff: &Diff,
        names: &[SmolStr],
    ) -> Self {
        let named = |columns: &Columns| Some(Named { names: names.to_vec(), columns: columns.clone() });
        let (op, before, after) = match diff {
            Diff::Add { data, .. } => ("add", None, named(data)),
            Diff::Update { before, after, .. } => ("update", named(before), named(after)),
            Diff::Delete { data, .. } => ("delete", named(data), None),
        };
        Self { sequence, position, time, op, before, after }
    }
}
