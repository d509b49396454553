//! The parts of a physical plan.

use crate::chronicle::Chronicle;
use crate::language::ast::Span;
use crate::operator::Operator;
use crate::operator::aggregate::Aggregate;
use crate::operator::apply::Apply;
use crate::operator::filter::Filter;
use crate::operator::matching::Match;
use crate::operator::outer::Outer;
use crate::operator::output::Output;
use crate::operator::project::Project;
use crate::operator::recalled::Recalled;
use crate::operator::timed::Timed;
use crate::operator::union::Union;
use crate::operator::unit::Unit;
use crate::operator::unwind::Unwind;
use crate::operator::window::Window;
use livewell_model::SmolStr;

/// How a query's result is maintained.
#[derive(Debug)]
pub struct Physical {
    /// The operators; the last one's rows go to the output.
    pub nodes: Vec<Node>,
    /// From rows to diffs.
    pub output: Output,
    /// The names of the columns.
    pub columns: Vec<SmolStr>,
    /// What is written down of the elements' past.
    pub(crate) chronicle: Chronicle,
}

/// An operator with the operators it takes its input from.
#[derive(Debug)]
pub struct Node {
    /// The operator.
    pub op: PhysicalOp,
    /// Its inputs, as places in the plan, all before its own.
    pub inputs: Vec<usize>,
    /// What its slots are called when the plan is shown.
    pub names: Vec<SmolStr>,
    /// The words of the query's text that it comes from; empty if it comes from none.
    pub span: Span,
}

/// An operator with all that it is given.
#[derive(Debug)]
#[expect(missing_docs, reason = "each operator says what it does")]
pub enum PhysicalOp {
    Unit(Unit),
    Match(Match),
    Outer(Outer),
    Filter(Filter),
    Unwind(Unwind),
    Project(Project),
    Aggregate(Aggregate),
    Window(Window),
    Apply(Apply),
    Timed(Timed),
    Recalled(Recalled),
    Union(Union),
}

impl PhysicalOp {
    /// The number under which its state lies; `None` if it has none.
    pub fn number(&self) -> Option<u16> {
        match self {
            Self::Match(operator) => Some(operator.number),
            Self::Outer(operator) => Some(operator.nesting.number),
            Self::Aggregate(operator) => Some(operator.number),
            Self::Window(operator) => Some(operator.number),
            Self::Apply(operator) => Some(operator.nesting.number),
            Self::Timed(operator) => Some(operator.rows.number),
            Self::Recalled(operator) => Some(operator.rows.number),
            Self::Unit(_) | Self::Filter(_) | Self::Unwind(_) | Self::Project(_) | Self::Union(_) => None,
        }
    }

    /// The operator that steps.
    pub fn operator(&self) -> &dyn Operator {
        match self {
            Self::Unit(operator) => operator,
            Self::Match(operator) => operator,
            Self::Outer(operator) => operator,
            Self::Filter(operator) => operator,
            Self::Unwind(operator) => operator,
            Self::Project(operator) => operator,
            Self::Aggregate(operator) => operator,
            Self::Window(operator) => operator,
            Self::Apply(operator) => operator,
            Self::Timed(operator) => operator,
            Self::Recalled(operator) => operator,
            Self::Union(operator) => operator,
        }
    }
}
