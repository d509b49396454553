//! How a query is maintained, as data: what it matches as a graph, and the operators.

use super::super::diagnostic::Span;
use livewell_query::Engine;
use livewell_query::outline::Outline;
use livewell_query::plan::Described;
use livewell_store::Extent;
use schemars::JsonSchema;
use serde::Serialize;

/// How a query is maintained.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Plan {
    /// What it matches.
    pub pattern: Pattern,
    /// The operators that maintain its rows, each behind those whose rows it takes.
    pub operators: Vec<Operator>,
}

/// What the MATCH clauses of a query match, as a graph.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Pattern {
    nodes: Vec<Node>,
    relationships: Vec<Relationship>,
}

/// A node of a pattern.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PatternNode")]
struct Node {
    /// Names it among the nodes of the pattern.
    id: usize,
    /// Its variable, if it has one.
    variable: Option<String>,
    /// Its labels, and what else must hold for them.
    labels: Vec<String>,
    /// The source that holds nodes with its labels, if only one is known to.
    source: Option<String>,
    span: Span,
}

/// A relationship of a pattern.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PatternRelationship")]
struct Relationship {
    /// Its variable, if it has one.
    variable: Option<String>,
    /// Its types, one of which it has; none: any.
    types: Vec<String>,
    /// The node it comes from.
    from: usize,
    /// The node it leads to.
    to: usize,
    /// Whether it may lie either way round.
    undirected: bool,
    /// The source that holds relationships of its types, if only one is known to.
    source: Option<String>,
    /// How many in a row, as in `1..3`; null: one.
    length: Option<String>,
    /// Whether rows without it stay.
    optional: bool,
    span: Span,
}

/// An operator.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Operator {
    /// Names it among the operators.
    id: usize,
    /// What kind of operator it is, as in `Match`.
    kind: String,
    /// What it does.
    text: String,
    /// What it keeps, and how it finds what belongs together.
    details: Vec<String>,
    /// The words of the text that it comes from; null if it comes from none.
    span: Option<Span>,
    /// What has come in and gone out since the query was started; null if nothing runs it.
    rows: Option<Rows>,
    /// What it remembers now; null if it remembers nothing, or if nothing runs it.
    state: Option<Kept>,
    /// The operators whose rows it takes.
    inputs: Vec<usize>,
}

/// Rows that came or went, each time they did.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OperatorRows")]
struct Rows {
    /// How many its inputs have given it; null if it reads elements and no rows.
    #[serde(rename = "in")]
    into: Option<u64>,
    /// How many it has given the next operators.
    out: u64,
}

/// How much an operator remembers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OperatorState")]
struct Kept {
    entries: u64,
    /// The bytes of keys and values.
    bytes: u64,
    /// Whether all of it was counted; else both are estimated from a sample.
    exact: bool,
}

/// Finds the source that holds what has one of these labels (`true`) or types.
pub type FindSource<'f> = &'f dyn Fn(bool, &[String]) -> Option<String>;

impl Plan {
    /// Returns the plan of a query whose text has this outline.
    pub fn of(text: &str, outline: &Outline, engine: &Engine, source: FindSource<'_>) -> Self {
        let operators = engine.operators().into_iter().enumerate();
        Self {
            pattern: Pattern::of(text, outline, source),
            operators: operators.map(|operator| Operator::of(text, operator)).collect(),
        }
    }
}

impl Pattern {
    fn of(text: &str, outline: &Outline, source: FindSource<'_>) -> Self {
        let nodes = outline.nodes.iter().enumerate().map(|(id, node)| Node {
            id,
            variable: node.variable.as_ref().map(ToString::to_string),
            labels: node.labels.clone(),
            source: source(true, &node.labels),
            span: Span::of(text, node.span),
        });
        let relationships = outline.relationships.iter().map(|relationship| Relationship {
            variable: relationship.variable.as_ref().map(ToString::to_string),
            types: relationship.types.clone(),
            from: relationship.from,
            to: relationship.to,
            undirected: relationship.undirected,
            source: source(false, &relationship.types),
            length: relationship.length.clone(),
            optional: relationship.optional,
            span: Span::of(text, relationship.span),
        });
        Self { nodes: nodes.collect(), relationships: relationships.collect() }
    }
}

impl Operator {
    fn of(query: &str, (id, described): (usize, Described)) -> Self {
        let Described { kind, text, details, inputs, span, number: _ } = described;
        let span = span.map(|span| Span::of(query, span));
        Self { id, kind, text, details, inputs, span, rows: None, state: None }
    }

    /// Adds how many rows have passed, of which there were so many at each operator of the plan.
    pub fn with_rows(self, passed: &[u64]) -> Self {
        let into = (!self.inputs.is_empty()).then(|| self.inputs.iter().map(|input| passed[*input]).sum());
        Self { rows: Some(Rows { into, out: passed[self.id] }), ..self }
    }

    /// Adds how much it remembers.
    pub fn with_state(self, state: Option<Extent>) -> Self {
        let kept = |Extent { entries, bytes, is_exact }| Kept { entries, bytes, exact: is_exact };
        Self { state: state.map(kept), ..self }
    }
}
