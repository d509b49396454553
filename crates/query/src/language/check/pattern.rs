//! Patterns: what their variables become, and what their properties may use.

use super::super::ast::{Expr, Match, Name, NodePattern, RelationshipPattern};
use super::super::code;
use super::{Checked, Diagnostic, Names, condition, expression};
use crate::expression::TypeSet;
use livewell_model::SmolStr;

/// Checks a MATCH clause and defines its variables.
pub(super) fn check(matched: &Match, names: &mut Names) -> Checked<()> {
    let mut own: Vec<SmolStr> = vec![];
    for pattern in &matched.patterns {
        node(&pattern.nodes[0], names)?;
        for (step, next) in pattern.relationships.iter().zip(&pattern.nodes[1..]) {
            relationship(step, names, &mut own)?;
            node(next, names)?;
        }
    }
    matched.condition.as_ref().map_or(Ok(()), |where_| condition(where_, names))
}

fn node(node: &NodePattern, names: &mut Names) -> Checked<()> {
    properties(&node.properties, names)?;
    let Some(variable) = &node.variable else { return Ok(()) };
    match names.get(&variable.text) {
        None => names.define(variable.text.clone(), TypeSet::NODE),
        Some(types) if types.meets(TypeSet::NODE) => {}
        Some(types) => return Err(used_otherwise(variable, types, "node")),
    }
    Ok(())
}

/// `own` are the relationship variables of this clause so far.
fn relationship(step: &RelationshipPattern, names: &mut Names, own: &mut Vec<SmolStr>) -> Checked<()> {
    properties(&step.properties, names)?;
    let Some(variable) = &step.variable else { return Ok(()) };
    let name = &variable.text;
    match names.get(name) {
        None => names.define(name.clone(), TypeSet::RELATIONSHIP),
        Some(types) if !types.meets(TypeSet::RELATIONSHIP) => {
            return Err(used_otherwise(variable, types, "relationship"));
        }
        Some(_) if own.contains(name) => {
            let message = format!(
                "the relationship `{name}` stands in this MATCH twice, but no relationship matches twice"
            );
            return Err(Diagnostic::semantic(code::REBOUND, variable.span, message)
                .with_help("give each its own name"));
        }
        Some(_) => {
            let message = format!(
                "matching the relationship `{name}` again in another MATCH is not supported in a standing query yet"
            );
            return Err(Diagnostic::not_supported(code::CONSTRUCT, variable.span, message)
                .with_help("use the nodes at its ends, or put both patterns into one MATCH"));
        }
    }
    own.push(name.clone());
    Ok(())
}

fn properties(properties: &[(Name, Expr)], names: &Names) -> Checked<()> {
    properties.iter().try_for_each(|(_, value)| expression::plain(value, names, "a pattern"))
}

fn used_otherwise(variable: &Name, types: TypeSet, wanted: &str) -> Diagnostic {
    let message = format!("`{}` is a {} and cannot be a {wanted} here", variable.text, types.describe());
    Diagnostic::semantic(code::REBOUND, variable.span, message).with_help("use another name")
}
