//! The tree a query's text becomes. Every node knows where in the text it stands.

mod labels;
mod operator;
mod value_type;
mod walk;

pub use labels::Labels;
pub use operator::{AggregateOp, BinaryOp, UnaryOp};
pub use value_type::{TypePart, ValueType};
pub(crate) use walk::each_pattern;

use livewell_model::{SmolStr, Value};

/// Stands in the names of variables that an expression binds for itself (the `x` of a comprehension, what the
/// patterns of a subquery bind first). The checks rename them, so that each has a name of its own in the whole
/// query and a walk over expressions needs no scopes. No identifier of a query's text holds it.
pub const LOCAL: char = '\u{1}';

/// The variable of the node that `startNode` and `endNode` look for. No one writes a variable with a blank in it.
pub(crate) const END_OF: &str = "the end";

/// The variable that stands for the argument of `startNode` and `endNode` if the argument is not a variable.
pub(crate) const ENDS_OF: &str = "the relationship";

/// A range of bytes in the query's text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A name with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// The name, without backticks.
    pub text: SmolStr,
    /// Where it stands.
    pub span: Span,
}

/// A whole query: one single query, or several put together by UNION.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The single queries in the order of the text, at least one; all have the same columns.
    pub branches: Vec<SingleQuery>,
    /// Whether equal rows of the branches become one: UNION rather than UNION ALL.
    pub distinct: bool,
}

/// Reading clauses, the last of which is RETURN.
#[derive(Debug, Clone, PartialEq)]
pub struct SingleQuery {
    /// The clauses before RETURN in their order.
    pub clauses: Vec<Clause>,
    /// What the query gives.
    pub returns: Projection,
}

/// A clause before RETURN.
#[derive(Debug, Clone, PartialEq)]
pub enum Clause {
    /// `MATCH pattern, pattern WHERE condition`.
    Match(Match),
    /// `UNWIND list AS variable`.
    Unwind(Unwind),
    /// `WITH items WHERE condition`.
    With(Projection),
    /// `CALL (variable) { query }`.
    Call(Call),
}

/// A CALL with a query in braces: each row with each row that the query has for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The variables of the row that the query sees; `None`: all.
    pub imports: Option<Vec<Name>>,
    /// The clauses of its queries, at least one. The last of each is a WITH in the place of RETURN, whose items are
    /// the columns, the same in all queries.
    pub branches: Vec<Vec<Clause>>,
    /// Whether equal rows of the queries become one: UNION rather than UNION ALL.
    pub distinct: bool,
    /// The names of the columns in the row, in the order of the items; the checks fill them in.
    pub columns: Vec<SmolStr>,
    /// Where the clause stands.
    pub span: Span,
}

/// An UNWIND clause: a row for each item of a list; none for an empty list or null.
#[derive(Debug, Clone, PartialEq)]
pub struct Unwind {
    /// The list.
    pub list: Expr,
    /// The variable that becomes the items.
    pub variable: Name,
    /// Where the clause stands.
    pub span: Span,
}

/// A MATCH clause. Relationships are pairwise distinct over all its patterns.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// Whether a row without a match stays, with null for the clause's new variables.
    pub optional: bool,
    /// The comma-separated patterns.
    pub patterns: Vec<Pattern>,
    /// The condition after WHERE.
    pub condition: Option<Expr>,
    /// Where the clause stands.
    pub span: Span,
}

/// One connected chain: nodes with relationships between them; `nodes.len() == relationships.len() + 1`.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// The variable of a named path.
    pub path: Option<Name>,
    /// The nodes, left to right.
    pub nodes: Vec<NodePattern>,
    /// The relationships between them, left to right.
    pub relationships: Vec<RelationshipPattern>,
}

/// `(name:Label:Other {key: value})`. Labels are a conjunction.
#[derive(Debug, Clone, PartialEq)]
pub struct NodePattern {
    /// The variable, if it has one.
    pub variable: Option<Name>,
    /// The labels the node must all have.
    pub labels: Vec<Name>,
    /// What else must hold for its labels.
    pub test: Option<Labels>,
    /// The properties the node must have, in the order of the text.
    pub properties: Vec<(Name, Expr)>,
    /// Where the pattern stands.
    pub span: Span,
}

/// Which way a relationship of a pattern goes, seen from its left node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `-->`: from the left node to the right one.
    Right,
    /// `<--`: from the right node to the left one.
    Left,
    /// `--` or `<-->`: either.
    Either,
}

/// `-[name:TYPE|OTHER {key: value}]->`. Types are a disjunction; none means any.
#[derive(Debug, Clone, PartialEq)]
pub struct RelationshipPattern {
    /// The variable, if it has one.
    pub variable: Option<Name>,
    /// The types, one of which the relationship must have.
    pub types: Vec<Name>,
    /// What else must hold for its type.
    pub test: Option<Labels>,
    /// The properties it must have, in the order of the text.
    pub properties: Vec<(Name, Expr)>,
    /// Which way it goes.
    pub way: Way,
    /// How many relationships in a row; `None`: one. With bounds the variable is a list of relationships.
    pub length: Option<Length>,
    /// Where the pattern stands.
    pub span: Span,
}

/// The bounds of a pattern of variable length: `*`, `*2`, `*1..3`, `*..3`, `*0..`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    /// At least so many relationships; 1 where nothing is said.
    pub min: u32,
    /// At most so many; `None`: no bound.
    pub max: Option<u32>,
    /// Where there is no bound: how many there may be before the query stops.
    pub limit: u32,
}

/// What WITH and RETURN share: items, DISTINCT, the order and its window, and (WITH only) a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// Whether equal rows become one.
    pub distinct: bool,
    /// What is projected; `*` is expanded by the parser's checks into its variables.
    pub items: Vec<Item>,
    /// What the rows are ordered by, first to last; empty: no order.
    pub order: Vec<Sort>,
    /// How many rows of the order are left out first.
    pub skip: Option<Expr>,
    /// How many rows stay at most.
    pub limit: Option<Expr>,
    /// The condition after WHERE, over the projected names.
    pub condition: Option<Expr>,
    /// Where the clause stands.
    pub span: Span,
}

/// One key of ORDER BY.
#[derive(Debug, Clone, PartialEq)]
pub struct Sort {
    /// The expression, over the projected names.
    pub expr: Expr,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// One projected expression with its column name: the alias, or the expression's text as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The expression.
    pub expr: Expr,
    /// The column's name.
    pub name: SmolStr,
    /// Whether `AS` gave the name.
    pub aliased: bool,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A literal scalar: null, boolean, integer, float, string.
    Literal(Value),
    /// A variable.
    Variable(SmolStr),
    /// `$name`.
    Parameter(SmolStr),
    /// `base.key`.
    Property(Box<Expr>, SmolStr),
    /// `base[index]`.
    Index(Box<Expr>, Box<Expr>),
    /// `base[from..to]`.
    Slice(Box<Expr>, Option<Box<Expr>>, Option<Box<Expr>>),
    /// `base:Label&!Other`: whether this holds for a node's labels, or a relationship's type.
    HasLabels(Box<Expr>, Labels),
    /// `x IS :: INTEGER`, or with `true`: `x IS NOT :: INTEGER`.
    IsTyped(Box<Expr>, ValueType, bool),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `{key: value}`, keys in the order of the text.
    Map(Vec<(SmolStr, Expr)>),
    /// `n {.key, .*, other: value}`.
    MapProjection(Box<MapProjection>),
    /// NOT, unary minus and plus.
    Unary(UnaryOp, Box<Expr>),
    /// Two operands and what joins them. A chain `a < b < c` becomes `a < b AND b < c`.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `x IS NULL`, or with `true`: `x IS NOT NULL`.
    IsNull(Box<Expr>, bool),
    /// CASE; with a subject, each `when` is compared with it for equality.
    Case(Box<Case>),
    /// A scalar function by its lower-case name.
    Call(SmolStr, Vec<Expr>),
    /// An aggregate over its arguments; none: `count(*)`. The flag says DISTINCT.
    Aggregate(AggregateOp, Vec<Expr>, bool),
    /// `[x IN list WHERE condition | result]`.
    ListComprehension(Box<ListComprehension>),
    /// `all(x IN list WHERE condition)` and its kin.
    Quantifier(Quantifier, Box<ListComprehension>),
    /// `reduce(total = start, x IN list | step)`.
    Reduce(Box<Reduce>),
    /// A query of its own, evaluated for each row: a pattern as a condition, EXISTS, a pattern comprehension.
    Subquery(Box<Subquery>),
    /// A function of time over its arguments: its value moves with the row's history and with the clock.
    OverTime(TimeFunction, Vec<Expr>),
    /// What has been of an element, the first of the arguments.
    Recall(RecallFunction, Vec<Expr>),
}

/// The functions of an element's past. Their order is part of the identity of stored state: new ones go to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecallFunction {
    /// `changeDateTime(element)`: when it last changed.
    ChangeTime,
    /// `getVersionByTimestamp(element, instant)`: what it was then; null before its first version.
    VersionAt,
    /// `getVersionsByTimeRange(element, from, to, with_initial)`: its versions that began in between, both bounds
    /// included; with `true` also the one that it had at `from`.
    VersionsIn,
}

/// The functions of time, each over the row it stands on. A row's history begins when it comes and ends when it
/// goes; a row that only changes its values goes on.
/// New ones go to the end, as for [`RecallFunction`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeFunction {
    /// `trueFor(condition, duration)`: whether the condition has held for so long; null while it holds and it is
    /// too early to say, else the condition.
    TrueFor,
    /// `trueLater(condition, instant)`: the condition from then on; null before.
    TrueLater,
    /// `trueUntil(condition, instant)`: whether the condition holds up to then; null while that is open.
    TrueUntil,
    /// `fresh(value, duration)`: whether the value came less than so long ago. `slidingWindow` is made of it.
    Fresh,
    /// `previousValue(value, default)`, also as `previousDistinctValue`: the last value that was another one.
    PreviousValue,
}

/// `n {.key, .*, other: value}`: null if `n` is.
#[derive(Debug, Clone, PartialEq)]
pub struct MapProjection {
    /// The node, relationship or map.
    pub base: Expr,
    /// Whether all of its properties are taken; the entries take precedence.
    pub all: bool,
    /// Keys and values, in the order of the text; `.key` is here as `key: n.key`.
    pub entries: Vec<(SmolStr, Expr)>,
}

/// `x IN list WHERE condition | result`, as list comprehensions and quantifiers have it.
#[derive(Debug, Clone, PartialEq)]
pub struct ListComprehension {
    /// The variable that becomes the items, known to the condition and the result alone.
    pub variable: Name,
    /// The list.
    pub list: Expr,
    /// Which items count; `None`: all.
    pub condition: Option<Expr>,
    /// What each item becomes; `None`: itself. A quantifier has none.
    pub result: Option<Expr>,
}

/// Of how many items a condition must be true. New ones go to the end, as for [`BinaryOp`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the words")]
pub enum Quantifier {
    All,
    Any,
    None,
    Single,
}

/// `reduce(accumulator = start, variable IN list | step)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Reduce {
    /// The variable that holds the result so far, known to the step alone.
    pub accumulator: Name,
    /// Its first value.
    pub start: Expr,
    /// The variable that becomes the items, known to the step alone.
    pub variable: Name,
    /// The list.
    pub list: Expr,
    /// The next value of the accumulator.
    pub step: Expr,
}

/// A query inside an expression. It sees the variables of the row it stands in, in each of its clauses: also
/// behind a WITH that does not project them.
#[derive(Debug, Clone, PartialEq)]
pub struct Subquery {
    /// What it gives for a row.
    pub gives: Gives,
    /// Its clauses. A pattern that stands as a condition is one MATCH clause. A RETURN that changes the number
    /// or the values of its rows is the last of them, as a WITH.
    pub clauses: Vec<Clause>,
}

/// What a subquery gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Gives {
    /// Whether it has any row.
    Exists,
    /// How many rows it has.
    Count,
    /// A list: this expression on each of its rows.
    Collect(Expr),
}

/// `CASE subject WHEN .. THEN .. ELSE .. END`.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The subject of the simple form.
    pub subject: Option<Expr>,
    /// The branches: when, then.
    pub branches: Vec<(Expr, Expr)>,
    /// What holds where no branch does; null if absent.
    pub otherwise: Option<Expr>,
}
