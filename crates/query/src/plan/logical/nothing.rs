//! What a query that is run for each value has for a value that nothing has.
//!
//! Nothing but an aggregate without groups has a row where there are none. What is behind it, which the checks keep to
//! projections and filters, is computed here once, on the row of nothing; the operators have no row of such a value.

use super::nodes::{Item, LogicalOp, Node};
use crate::expression::compile;
use crate::language::ast::Expr;
use crate::language::{Diagnostic, code};
use livewell_model::{Map, Value};

/// The row behind the last of `nodes`, for a value without a row before the aggregate at `start`; `None` if it is
/// filtered out.
///
/// # Errors
/// A [`Diagnostic`] if the query fails for such a value, or has a row for it that one with rows before the aggregate may
/// not have.
pub(super) fn row(nodes: &[Node], start: usize, params: &Map) -> Result<Option<Vec<Value>>, Diagnostic> {
    let LogicalOp::Aggregate { groups, calls, .. } = &nodes[start].op else { return Ok(None) };
    // Nothing behind it reads which value it is.
    let mut row = vec![Value::Null; groups.len()];
    row.extend(calls.iter().map(|call| call.aggregate.of_nothing()));
    for (at, node) in nodes.iter().enumerate().skip(start + 1) {
        let over = Over { input: &nodes[at - 1], params, row: &row };
        row = match &node.op {
            LogicalOp::Project(items) => over.items(items)?,
            LogicalOp::Sort(computed) => {
                let computed = computed.iter().map(|expr| over.eval(expr)).collect::<Result<Vec<_>, _>>()?;
                [row, computed].concat()
            }
            LogicalOp::Window { skip: 0, limit, .. } if *limit != Some(0) => row,
            LogicalOp::Window { .. } => return Ok(None),
            LogicalOp::Filter { condition, .. } if over.eval(condition)? == Value::Bool(true) => {
                return Err(kept(condition));
            }
            LogicalOp::Filter { .. } => return Ok(None),
            other => unreachable!("the checks let nothing like this come behind: {other:?}"),
        };
    }
    Ok(Some(row))
}

/// The row, as an operator takes it.
struct Over<'a> {
    input: &'a Node,
    params: &'a Map,
    row: &'a [Value],
}

impl Over<'_> {
    fn items(&self, items: &[Item]) -> Result<Vec<Value>, Diagnostic> {
        let value = |item: &Item| match item {
            Item::Keep(slot) => Ok(self.row[*slot].clone()),
            Item::Compute(expr) => self.eval(expr),
            Item::Constant(value) => Ok(value.clone()),
        };
        items.iter().map(value).collect()
    }

    fn eval(&self, expr: &Expr) -> Result<Value, Diagnostic> {
        compile(expr, self.input, self.params)?.eval(self.row).map_err(|error| {
            let message = format!("this has no value for a value that nothing has: {error}");
            Diagnostic::semantic(code::TYPE, expr.span, message)
                .with_help("say what it is then, as in `CASE WHEN count(*) = 0 THEN null ELSE .. END`")
        })
    }
}

/// Refuses a condition that is true on the row of nothing: where it is false on another row, that value has no row, and
/// cannot be told from one that nothing has.
fn kept(condition: &Expr) -> Diagnostic {
    Diagnostic::not_yet(condition.span, "a condition that the row of a value that nothing has fulfils")
        .with_help("project what is to be known as a column, and leave the condition to the reader")
}
