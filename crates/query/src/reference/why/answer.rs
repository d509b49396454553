//! What an explanation says: steps, each with the part of the query's text that it is about.

use livewell_model::{Map, SmolStr, Value};
use serde::Serialize;

/// Any value of a query.
#[cfg(feature = "schema")]
fn anything(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    true.into()
}

/// Values by their names.
#[cfg(feature = "schema")]
fn values(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "object" })
}

/// What part of a query a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "WhyKind"))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A node of a pattern.
    Element,
    /// A relationship of a pattern, or a way over several.
    Relationship,
    /// A condition: inline properties, one part of a WHERE that AND joins.
    Condition,
    /// What the caller has named: a column's value, or the element of a variable.
    Given,
    /// An OPTIONAL MATCH.
    Optional,
    /// An UNWIND.
    Unwind,
    /// A CALL with a query in braces.
    Call,
    /// A WITH or RETURN that groups rows.
    Group,
    /// A DISTINCT.
    Distinct,
    /// A SKIP or LIMIT, with its ORDER BY.
    Window,
    /// The UNION of several queries.
    Union,
}

/// A place in the query's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "WhyPlace"))]
pub struct Place {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// The line of the first byte, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
}

/// A value that a step has used, beside the expression that it is of.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "WhyValue"))]
pub struct Used {
    /// The expression's text.
    pub text: String,
    /// Its value; of a large one the beginning.
    #[cfg_attr(feature = "schema", schemars(schema_with = "anything"))]
    pub value: Value,
}

/// An element that a step has bound or used.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "WhyElement"))]
pub struct Bound {
    /// The variable that it is bound to, if that has a name.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub variable: Option<SmolStr>,
    /// The source, or the query, that it comes from.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub source: SmolStr,
    /// Its id there.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub id: SmolStr,
    /// A node's labels, or the type of a relationship.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub labels: Vec<SmolStr>,
    /// Those of its properties that the query uses; large values are cut.
    #[cfg_attr(feature = "schema", schemars(schema_with = "values"))]
    pub properties: Map,
}

/// The rows that became one group, or one distinct row.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "WhyMembers"))]
pub struct Members {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: Vec<Member>,
}

/// A row before it became part of another.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "WhyMember"))]
pub struct Member {
    /// The elements that are bound in it.
    pub elements: Vec<Bound>,
    /// Its other values, by the names of their variables.
    #[cfg_attr(feature = "schema", schemars(schema_with = "values"))]
    pub values: Map,
}

/// The place of a row in an order, of which a window keeps a part.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "WhyRank"))]
pub struct Rank {
    /// The row's place, from 1; `None` if no row is looked for.
    pub rank: Option<u64>,
    /// How many rows are in the order.
    pub of: u64,
    /// How many of the first ones the window leaves out.
    pub skip: u64,
    /// How many it keeps; `None`: all that follow.
    pub limit: Option<u64>,
    /// The rows directly before this one, the nearest last.
    pub before: Vec<Member>,
}

/// One step on the way from the elements to a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "WhyStep"))]
pub struct Step {
    /// What it is about.
    pub kind: Kind,
    /// Which query of a UNION it is in, from 1; `None` without a UNION.
    pub branch: Option<usize>,
    /// Its text.
    pub text: String,
    /// Where in the query's text it is; `None` for what is not in it.
    pub span: Option<Place>,
    /// Whether the row passes it; `None`: not reached, or it decides nothing.
    pub ok: Option<bool>,
    /// How many partial matches, rows or groups are left after it; `None` if they were not counted.
    pub left: Option<u64>,
    /// The value of a condition or of an item of a list; `None` if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "anything"))]
    pub value: Option<Value>,
    /// The values that it has used.
    pub used: Vec<Used>,
    /// The elements that it has bound or used.
    pub elements: Vec<Bound>,
    /// The rows that it has put together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Members>,
    /// The row's place in an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<Rank>,
    /// What else there is to say.
    pub note: Option<String>,
    /// The steps within it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// Why a row is there, or why none is.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Whether the evaluation has such a row.
    pub here: bool,
    /// How many such rows it has, of which the first is explained.
    pub rows: u64,
    /// The key of the row that is explained, and its values.
    pub row: Option<(Vec<u8>, Vec<Value>)>,
    /// The steps, from the elements to the row.
    pub steps: Vec<Step>,
}

/// How many are left after each step.
#[derive(Debug, Clone, PartialEq)]
pub struct Funnel {
    /// How many rows the evaluation has; `None` if it has not come to its end.
    pub rows: Option<u64>,
    /// The steps, with what is left after each.
    pub steps: Vec<Step>,
    /// Why it ended early, if it did; then the counts are what there is at least.
    pub stopped: Option<Stopped>,
}

/// The limit at which an evaluation ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "WhyStopped"))]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    /// It took as long as it may, or was cancelled.
    Time,
    /// It would have held more than it may.
    Memory,
    /// It has looked at as many partial matches as it may.
    Matches,
}

impl Step {
    /// Returns the first step that is not passed.
    pub fn first_false(steps: &[Step]) -> Option<&Step> {
        steps.iter().find(|step| step.ok == Some(false))
    }
}
