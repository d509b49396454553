//! A logical plan as text.

use super::each;
use super::nodes::{Between, Bind, Element, Ends, Gives, Item, Logical, LogicalOp, Match, Node, Reach, Slot};
use crate::language::ast::Expr;
use crate::language::{Listed, bare, name_of_recall, name_of_time};
use crate::operator::window::Sort;
use crate::plan::tree::Tree;
use crate::types::TypeSet;
use livewell_model::Value;

/// The operators from the last to the first; `full`: with their slots, keys and order.
pub(in crate::plan) fn show(logical: &Logical, full: bool) -> String {
    let lines = |at: usize| {
        let mut lines = vec![title(logical, at)];
        if full {
            lines.extend(details(&logical.nodes[at]));
        }
        lines
    };
    let inputs = logical.nodes.iter().map(|node| node.inputs.as_slice()).collect();
    Tree { inputs, lines: &lines }.text()
}

/// What an operator does, in a line.
fn title(logical: &Logical, at: usize) -> String {
    let node = &logical.nodes[at];
    let input = |at: usize| &logical.nodes[node.inputs[at]];
    match &node.op {
        LogicalOp::Unit => "Unit: one empty row".into(),
        LogicalOp::Around => "Around: the rows that the subquery is for".into(),
        LogicalOp::Match(pattern) => format!("Match: {}", elements(node, pattern)),
        LogicalOp::Outer(values) => {
            let nulls = values.iter().all(Value::is_null);
            let values = if nulls { "nulls" } else { "what the aggregates of nothing are" };
            format!("Outer: a row without a match stays, with {values}")
        }
        LogicalOp::Filter { condition, .. } => format!("Filter: {condition}"),
        LogicalOp::Unwind(list) => format!("Unwind: UNWIND {list} AS {}", name(node, node.slots.len() - 2)),
        LogicalOp::Project(items) => format!("Project: {}", projected(items, node, input(0)).join(", ")),
        LogicalOp::Aggregate { groups, calls, .. } => {
            let groups = projected(groups, node, input(0)).join(", ");
            let calls = calls.iter().map(|call| {
                let distinct = if call.distinct { "DISTINCT " } else { "" };
                let arguments = Listed(&call.arguments).to_string();
                let arguments = if arguments.is_empty() { "*".into() } else { arguments };
                format!("{}({distinct}{arguments})", call.aggregate.name())
            });
            match (calls.collect::<Vec<_>>().join(", "), groups) {
                (calls, groups) if calls.is_empty() => format!("Distinct: {groups}"),
                (calls, groups) if groups.is_empty() => format!("Aggregate: {calls}"),
                (calls, groups) => format!("Aggregate: {calls} by {groups}"),
            }
        }
        LogicalOp::Sort(computed) => format!("Sort: {}", sorted(node, computed)),
        LogicalOp::Window { partition, skip, limit } => {
            let skip = (*skip > 0).then(|| format!("SKIP {skip}"));
            let limit = limit.map(|limit| format!("LIMIT {limit}"));
            let each = (!partition.is_empty()).then(|| around(node, partition));
            let parts: Vec<String> = skip.into_iter().chain(limit).chain(each).collect();
            format!("Window: {}", parts.join(" "))
        }
        LogicalOp::Apply { gives, .. } => {
            let gives = match gives {
                Gives::Exists => "whether the subquery has a row".into(),
                Gives::Count => "how many rows the subquery has".into(),
                Gives::Collect(result) => format!("the list of {result} on the rows of the subquery"),
            };
            format!("Apply: {} is {gives}", name(node, node.slots.len() - 1))
        }
        LogicalOp::Timed { function, arguments, .. } => called(node, name_of_time(*function), arguments),
        LogicalOp::Recalled { function, arguments } => called(node, name_of_recall(*function), arguments),
        LogicalOp::Union { distinct: true } => "Union".into(),
        LogicalOp::Union { distinct: false } => "Union all".into(),
    }
}

/// What a window is one of many for.
fn around(node: &Node, partition: &[usize]) -> String {
    let names: Vec<String> = partition.iter().map(|slot| name(node, *slot)).collect();
    match partition.iter().all(|slot| each::is_value(&node.slots[*slot].name)) {
        true => format!("for each {}", names.join(", ")),
        false => "for each row around".into(),
    }
}

fn called(node: &Node, function: &str, arguments: &[Expr]) -> String {
    let kind = if matches!(node.op, LogicalOp::Timed { .. }) { "Timed" } else { "Recalled" };
    format!("{kind}: {} is {function}({})", name(node, node.slots.len() - 1), Listed(arguments))
}

/// The slots of a projection that have names; the others identify or order its rows.
fn projected(items: &[Item], node: &Node, input: &Node) -> Vec<String> {
    let named = items.iter().zip(&node.slots).filter(|(_, slot)| !slot.name.is_empty());
    let shown = named.map(|(item, slot)| {
        let text = match item {
            Item::Keep(at) => name(input, *at),
            Item::Compute(expr) => expr.to_string(),
            Item::Constant(value) => format!("{value:?}"),
        };
        let name = bare(&slot.name);
        if text == name || name.starts_with('#') { text } else { format!("{text} AS {name}") }
    });
    shown.collect()
}

fn sorted(node: &Node, computed: &[Expr]) -> String {
    let first = node.slots.len() - computed.len();
    let keys = node.order.iter().map(|Sort { slot, descending }| {
        let key = slot.checked_sub(first).map_or_else(|| name(node, *slot), |at| computed[at].to_string());
        if *descending { format!("{key} DESC") } else { key }
    });
    keys.collect::<Vec<_>>().join(", ")
}

fn elements(node: &Node, pattern: &Match) -> String {
    let first_path = node.slots.len() - pattern.paths.len();
    let width = first_path - pattern.elements.len();
    let found = (width..).zip(&pattern.elements).map(|(slot, element)| match element {
        Element::Node { labels, tests } => {
            let labels = labels.iter().map(|label| format!(":{label}"));
            let tests = tests.iter().map(|test| format!(":{test}"));
            format!("({}{})", name(node, slot), labels.chain(tests).collect::<String>())
        }
        Element::Relationship(between) => {
            format!("[{}{} {}]", name(node, slot), kinds(between), lies(node, between.ends))
        }
        Element::Trail { between, reach, each } => {
            let each = each.iter().map(|condition| format!(" WHERE {condition}")).collect::<String>();
            let (kinds, lies) = (kinds(between), lies(node, between.ends));
            format!("[{}{kinds}{}{each} {lies}]", name(node, slot), hops(*reach))
        }
    });
    let given = pattern.binds.iter().filter_map(|bind| match bind {
        Bind::Node(_) => None,
        Bind::Relationship(slot, ends) => Some(format!("[{} {}]", name(node, *slot), lies(node, *ends))),
        Bind::Trail(slot, ends, reach) => {
            Some(format!("[{}{} {}]", name(node, *slot), hops(*reach), lies(node, *ends)))
        }
    });
    let paths = (first_path..).zip(&pattern.paths).map(|(slot, parts)| {
        let parts: Vec<String> = parts.iter().map(|part| name(node, *part)).collect();
        format!("{} = path of {}", name(node, slot), parts.join(", "))
    });
    let elements: Vec<String> = found.chain(given).collect();
    std::iter::once(elements.join(" ")).chain(paths).collect::<Vec<_>>().join("; ")
}

fn kinds(between: &Between) -> String {
    let types = (!between.types.is_empty()).then(|| format!(":{}", between.types.join("|")));
    let test = between.test.as_ref().map(|test| format!(":{test}"));
    types.into_iter().chain(test).collect()
}

fn lies(node: &Node, ends: Ends) -> String {
    let (from, to) = (name(node, ends.from), name(node, ends.to));
    if ends.undirected { format!("between {from} and {to}") } else { format!("from {from} to {to}") }
}

fn hops(reach: Reach) -> String {
    let max = reach.length.max.map_or_else(String::new, |max| max.to_string());
    format!("*{}..{max}", reach.length.min)
}

/// What an operator's rows hold, and what identifies and orders them.
fn details(node: &Node) -> Vec<String> {
    let slots = node.slots.iter().enumerate().map(|(at, slot)| format!("{} {}", name(node, at), types(slot)));
    let key: Vec<String> = node.key.iter().map(|slot| name(node, *slot)).collect();
    let order = (!node.order.is_empty()).then(|| format!("order: {}", sorted(node, &[])));
    let rows = format!("rows: {}", slots.collect::<Vec<_>>().join(", "));
    let key = (!key.is_empty()).then(|| format!("key: {}", key.join(", ")));
    std::iter::once(rows).chain(key).chain(order).collect()
}

fn types(slot: &Slot) -> String {
    let null = if slot.types.meets(TypeSet::NULL) { "?" } else { "" };
    match slot.types.or_null() {
        TypeSet::ANY => "any".into(),
        _ => format!("{}{null}", slot.types.describe()),
    }
}

/// A slot's variable, or its number if no name reaches it.
fn name(node: &Node, slot: usize) -> String {
    match node.slots.get(slot) {
        Some(Slot { name, .. }) if !name.is_empty() => bare(name).to_owned(),
        _ => format!("@{slot}"),
    }
}
