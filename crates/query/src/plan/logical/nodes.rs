//! The parts of a logical plan.

use crate::expression::Scope;
use crate::language::ast::{AggregateOp, Expr, Labels, Length, RecallFunction, Span, TimeFunction};
use crate::operator::output::Key;
use crate::operator::window::Sort;
use crate::types::TypeSet;
use livewell_model::{SmolStr, Value};

/// What a query computes.
#[derive(Debug)]
pub struct Logical {
    /// The operators; the rows of the last one are the result.
    pub nodes: Vec<Node>,
    /// The names of the columns, which are the first slots of the last operator.
    pub columns: Vec<SmolStr>,
    /// What each column can hold.
    pub types: Vec<TypeSet>,
    /// What identifies a row of the result.
    pub key: Key,
    /// What a reader orders the rows by.
    pub order: Vec<Sort>,
    /// What identifies a row, in words.
    pub identity: String,
    /// The columns of the row that a value has which nothing has, behind the values that the query is run for each of;
    /// `None` if it has no row.
    pub nothing: Option<Vec<Value>>,
}

/// An operator with its inputs and the rows it has.
#[derive(Debug)]
pub struct Node {
    /// What it does.
    pub op: LogicalOp,
    /// The operators whose rows it takes, as places in the plan, all before its own.
    pub inputs: Vec<usize>,
    /// What its rows hold.
    pub slots: Vec<Slot>,
    /// The slots that identify a row, in the order of the query's text.
    pub key: Vec<usize>,
    /// The order its rows were brought into; empty: none.
    pub order: Vec<Sort>,
    /// The words of the query's text that it comes from; empty if it comes from none.
    pub span: Span,
}

/// What one slot of a row holds.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The variable; empty if no name reaches the slot, which then identifies or orders rows.
    pub name: SmolStr,
    /// What it can hold.
    pub types: TypeSet,
}

/// What an operator does.
#[derive(Debug)]
pub enum LogicalOp {
    /// One empty row.
    Unit,
    /// The rows around a subquery, as its clauses see them.
    Around,
    /// Each input row with each way to lay a pattern onto the graph.
    Match(Match),
    /// The rows of the second input; and of the first, those that have none there, with these values behind.
    Outer(Vec<Value>),
    /// The rows on which a condition is true.
    Filter {
        /// The condition.
        condition: Expr,
        /// Whether neither the condition nor one before it on the rows of one pattern can fail, so that it may be
        /// evaluated before a row is complete.
        movable: bool,
    },
    /// Each row with each item of a list, and the item's position.
    Unwind(Expr),
    /// Rows made of slots.
    Project(Vec<Item>),
    /// A row for each group, with aggregates over its rows; without aggregates the distinct rows.
    Aggregate {
        /// The grouping values.
        groups: Vec<Item>,
        /// The aggregates.
        calls: Vec<Call>,
        /// Whether groups are formed at all; without, there is always one.
        keyed: bool,
    },
    /// The rows in an order, with the sort keys that were no slots behind the others.
    Sort(Vec<Expr>),
    /// The rows between SKIP and LIMIT in their order.
    Window {
        /// The slots of the row around a subquery, each of which has a window of its own.
        partition: Vec<usize>,
        /// How many rows are left out first.
        skip: usize,
        /// How many rows stay at most.
        limit: Option<usize>,
    },
    /// Each row of the first input with what the rows of a subquery that belong to it, the second input, become.
    Apply {
        /// What they become.
        gives: Gives,
        /// The slots of the subquery's rows that identify the row around.
        around: Vec<usize>,
    },
    /// Each row with the value of a function of time.
    Timed {
        /// The function.
        function: TimeFunction,
        /// Its arguments.
        arguments: Vec<Expr>,
        /// Where the call begins in the query's text.
        place: usize,
    },
    /// Each row with what has been of an element.
    Recalled {
        /// What is asked of its past.
        function: RecallFunction,
        /// The element, then what else the function takes.
        arguments: Vec<Expr>,
    },
    /// The rows of all inputs.
    Union {
        /// Whether equal rows become one in the next operator.
        distinct: bool,
    },
}

/// How one slot of a projection comes about.
#[derive(Debug)]
pub enum Item {
    /// It is a slot of the input.
    Keep(usize),
    /// It is computed.
    Compute(Expr),
    /// It is the same on every row.
    Constant(Value),
}

/// An aggregate over the rows of a group.
#[derive(Debug)]
pub struct Call {
    /// The aggregate.
    pub aggregate: AggregateOp,
    /// Whether equivalent values count once.
    pub distinct: bool,
    /// What is aggregated; none: `count(*)`.
    pub arguments: Vec<Expr>,
}

/// What the rows of a subquery become.
#[derive(Debug)]
pub enum Gives {
    /// Whether there is one.
    Exists,
    /// How many there are.
    Count,
    /// The list of this expression's values on them.
    Collect(Expr),
}

/// The pattern of MATCH clauses. Its elements fill the slots behind those of the input, its paths the slots behind
/// these.
#[derive(Debug)]
pub struct Match {
    /// The elements that are found, in the order of the text.
    pub elements: Vec<Element>,
    /// The elements that slots of the input hold already.
    pub binds: Vec<Bind>,
    /// Groups of slots whose relationships are pairwise distinct: one group for each MATCH clause.
    pub distinct: Vec<Vec<usize>>,
    /// The named paths, as the slots of their nodes and of what lies between, in turn.
    pub paths: Vec<Vec<usize>>,
}

/// An element of a pattern.
#[derive(Debug)]
pub enum Element {
    /// A node that has all these labels, for whose labels all these tests hold.
    Node {
        /// The labels.
        labels: Vec<SmolStr>,
        /// What else must hold for its labels.
        tests: Vec<Labels>,
    },
    /// A relationship.
    Relationship(Between),
    /// A list of relationships, each of which starts where the one before ends.
    Trail {
        /// Where it lies and what its relationships are.
        between: Between,
        /// How long it is.
        reach: Reach,
        /// What holds for each of its relationships, whose name is that of the trail. It cannot fail, and it is the same for all rows.
        each: Vec<Expr>,
    },
}

/// What lies between two nodes.
#[derive(Debug)]
pub struct Between {
    /// The types, one of which it has; none: any.
    pub types: Vec<SmolStr>,
    /// What else must hold for its type.
    pub test: Option<Labels>,
    /// Where it lies.
    pub ends: Ends,
}

/// The ends of what lies between two nodes.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// The slot of the node it starts at. Undirected: of the node left of it in the text.
    pub from: usize,
    /// The slot of the node it ends at. Undirected: of the node right of it.
    pub to: usize,
    /// Whether it may lie either way round.
    pub undirected: bool,
}

/// How long a trail is, and from which end it is read.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    /// Its bounds.
    pub length: Length,
    /// Whether the text has its end left of its start.
    pub backwards: bool,
}

/// An element of the pattern that a slot of the input holds.
#[derive(Debug, Clone, Copy)]
pub enum Bind {
    /// A node.
    Node(usize),
    /// A relationship.
    Relationship(usize, Ends),
    /// A list of relationships.
    Trail(usize, Ends, Reach),
}

impl LogicalOp {
    /// The distinct rows of these slots.
    pub(super) fn distinct(groups: Vec<Item>) -> Self {
        Self::Aggregate { groups, calls: Vec::new(), keyed: true }
    }
}

impl Node {
    /// The slot that a variable names.
    pub fn position(&self, variable: &str) -> Option<usize> {
        self.slots.iter().position(|slot| slot.name == variable)
    }
}

impl Scope for Node {
    fn slot(&self, variable: &str) -> Option<usize> {
        self.position(variable)
    }

    fn types(&self, variable: &str) -> TypeSet {
        self.position(variable).map_or(TypeSet::ANY, |at| self.slots[at].types)
    }
}
