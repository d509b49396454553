//! A physical plan as text.

use super::names::Names;
use super::nodes::{Node, Physical, PhysicalOp};
use crate::chronicle::Asks;
use crate::expression::Compiled;
use crate::language::{name_of_recall, name_of_time};
use crate::operator::aggregate::{Aggregate, Call};
use crate::operator::apply::Gives;
use crate::operator::nested::Nesting;
use crate::operator::output::{Key, Output};
use crate::operator::window::Window;
use crate::plan::tree::Tree;
use livewell_model::Value;

/// The operators from the last to the first; `full`: with all they are given, and numbers instead of names.
pub(in crate::plan) fn show(physical: &Physical, full: bool) -> String {
    let lines = |at: usize| {
        let mut lines = vec![title(&physical.nodes, at, full)];
        lines.extend(details(&physical.nodes, at, full));
        lines
    };
    let inputs = physical.nodes.iter().map(|node| node.inputs.as_slice()).collect();
    let operators = Tree { inputs, lines: &lines }.text();
    if full { format!("{}{operators}", output(physical)) } else { operators }
}

/// What becomes of the last operator's rows, and what is written down of the elements' past.
fn output(physical: &Physical) -> String {
    let Output { columns, key, order, .. } = &physical.output;
    let over = Names::numbers();
    let key = match key {
        Key::Slots(slots) => over.list(slots),
        Key::ByBranch { number, slots } => {
            let branches: Vec<String> = slots.iter().map(|slots| over.list(slots)).collect();
            format!("by {}: {}", over.slot(*number), branches.join(" | "))
        }
    };
    let order = if order.is_empty() { String::new() } else { format!("; order: {}", over.order(order)) };
    let past = match physical.chronicle.asks {
        Asks::Nothing => String::new(),
        Asks::Times => "\n  chronicle: when each element changed last".into(),
        Asks::Versions => {
            format!("\n  chronicle: up to {} versions of each element", physical.chronicle.versions_max)
        }
    };
    let key = if key.is_empty() { "none, it is one row" } else { &key };
    format!("  Output: columns: {columns}; key: {key}{order}{past}\n")
}

/// What an operator does, in a line.
pub(in crate::plan) fn title(nodes: &[Node], at: usize, numbers: bool) -> String {
    let node = &nodes[at];
    let over = Names::of_input(nodes, node, 0, numbers);
    match &node.op {
        PhysicalOp::Unit(_) => "Unit: one empty row".into(),
        PhysicalOp::Match(operator) => {
            format!("Match: {}", super::pattern::elements(operator, &Names::of(node, numbers)))
        }
        PhysicalOp::Outer(outer) => {
            let nulls = outer.added.iter().all(Value::is_null);
            let values = if nulls { "nulls" } else { "what the aggregates of nothing are" };
            format!("Outer: a row without a match stays, with {values}")
        }
        PhysicalOp::Filter(filter) => format!("Filter: {}", over.expr(&filter.condition)),
        PhysicalOp::Unwind(unwind) => format!("Unwind: UNWIND {}", over.expr(&unwind.list)),
        PhysicalOp::Project(project) => format!("Project: {}", over.items(project.slots())),
        PhysicalOp::Aggregate(aggregate) => grouped(aggregate, &over),
        PhysicalOp::Window(Window { outer, order, skip, limit, .. }) => {
            let order = (!order.is_empty()).then(|| format!("by {}", over.order(order)));
            let skip = (*skip > 0).then(|| format!("SKIP {skip}"));
            let limit = limit.map(|limit| format!("LIMIT {limit}"));
            let each = (!outer.is_empty()).then(|| format!("for each {}", over.list(outer)));
            let parts: Vec<String> = order.into_iter().chain(skip).chain(limit).chain(each).collect();
            format!("Window: {}", parts.join(" "))
        }
        PhysicalOp::Apply(apply) => {
            let inner = Names::of_input(nodes, node, 1, numbers);
            match &apply.gives {
                Gives::Exists => "Apply: whether there is an inner row".into(),
                Gives::Count => "Apply: how many inner rows there are".into(),
                Gives::Collect(value) if apply.order.is_empty() => {
                    format!("Apply: the list of {} on the inner rows", inner.expr(value))
                }
                Gives::Collect(value) => {
                    let order = inner.order(&apply.order);
                    format!("Apply: the list of {} on the inner rows by {order}", inner.expr(value))
                }
            }
        }
        PhysicalOp::Timed(timed) => {
            format!("Timed: {}({})", name_of_time(timed.function), over.exprs(&timed.arguments))
        }
        PhysicalOp::Recalled(recalled) => {
            format!("Recalled: {}({})", name_of_recall(recalled.function), over.exprs(&recalled.arguments))
        }
        PhysicalOp::Union(_) => "Union: the rows of all inputs".into(),
    }
}

fn grouped(aggregate: &Aggregate, over: &Names<'_>) -> String {
    let calls = aggregate.calls.iter().map(|call| {
        let distinct = if call.distinct { "DISTINCT " } else { "" };
        let arguments: Vec<Compiled> = call.argument.iter().chain(&call.percentile).cloned().collect();
        let arguments = if arguments.is_empty() { "*".into() } else { over.exprs(&arguments) };
        let order =
            if call.order.is_empty() { String::new() } else { format!(" by {}", over.order(&call.order)) };
        format!("{}({distinct}{arguments}{order})", call.fold.name())
    });
    match (calls.collect::<Vec<_>>().join(", "), over.items(&aggregate.groups)) {
        (calls, groups) if calls.is_empty() => format!("Distinct: {groups}"),
        (calls, groups) if groups.is_empty() => format!("Aggregate: {calls}"),
        (calls, groups) => format!("Aggregate: {calls} by {groups}"),
    }
}

/// What an operator remembers, and how it finds it.
pub(in crate::plan) fn details(nodes: &[Node], at: usize, full: bool) -> Vec<String> {
    let node = &nodes[at];
    let over = Names::of_input(nodes, node, 0, full);
    let state = |number: u16, what: &str| {
        if full { format!("state {number}: {what}") } else { format!("state: {what}") }
    };
    let nested = |nesting: &Nesting, what: &str| {
        let mut lines = vec![state(nesting.number, what)];
        lines.extend(full.then(|| format!("key: {}", over.list(&nesting.outer))));
        lines
    };
    match &node.op {
        PhysicalOp::Match(operator) => {
            let names = Names::of(node, full);
            let arranged = super::pattern::state(operator, &names);
            let mut lines: Vec<String> =
                arranged.into_iter().map(|what| state(operator.number, &what)).collect();
            lines.extend(super::pattern::details(operator, &names));
            lines
        }
        PhysicalOp::Outer(outer) => nested(&outer.nesting, "each input row with its count of matches"),
        PhysicalOp::Aggregate(aggregate) => {
            let mut what = "a record per group".to_owned();
            if aggregate.calls.iter().any(Call::keeps_values) {
                what += ", the values under min, max, collect, percentiles and DISTINCT";
            }
            vec![state(aggregate.number, &what)]
        }
        PhysicalOp::Window(window) => {
            let mut lines = vec![state(window.number, "all rows in their order")];
            lines.extend(full.then(|| format!("key: {}", over.list(&window.key))));
            lines
        }
        PhysicalOp::Apply(apply) => {
            let what = match apply.gives {
                Gives::Exists | Gives::Count => "each input row with its count of inner rows",
                Gives::Collect(_) => "each input row with the values of its inner rows",
            };
            nested(&apply.nesting, what)
        }
        PhysicalOp::Timed(timed) => nested(&timed.rows, "each input row with its history and its timer"),
        PhysicalOp::Recalled(recalled) => nested(&recalled.rows, "each input row, and what each element was"),
        _ => Vec::new(),
    }
}
