//! Patterns of variable length: trails, which are ways over relationships of which none is taken twice. And the
//! paths that name a pattern's match.

use super::graph::Graph;
use super::pattern::{Reached, Via, holds};
use crate::expression::EvalError;
use crate::language::ast::Length;
use crate::language::code;
use crate::meter::size;
use livewell_model::{Node, Value};
use std::sync::Arc;

/// A trail so far, and the node it has come to.
type Trail = (Vec<Value>, Arc<Node>);

/// All trails from a node that fit the pattern: the list of their relationships, and the node at the far end.
pub(super) fn trails(
    via: &Via,
    length: Length,
    from: &Arc<Node>,
    values: &[Value],
    graph: &Graph,
) -> Result<Vec<Reached>, EvalError> {
    let min = length.min as usize;
    let limit = length.limit as usize;
    let max = length.max.map_or(limit, |max| max as usize);
    let mut found = Vec::new();
    let mut trails: Vec<Trail> = vec![(Vec::new(), from.clone())];
    for hops in 0.. {
        if hops >= min && hops <= max {
            found.extend(trails.iter().map(|(taken, at)| (Value::list(taken.clone()), at.clone())));
        }
        if trails.is_empty() || hops >= max && length.max.is_some() {
            break;
        }
        let mut next = Vec::new();
        for trail in &trails {
            next.extend(longer(via, trail, values, graph)?);
        }
        trails = next;
        if hops == limit && length.max.is_none() && !trails.is_empty() {
            return Err(too_long(limit));
        }
    }
    Ok(found)
}

/// Where the list that `via` has from before leads from a node, if it is a trail of the pattern. As a list has its
/// length already, no limit holds for it.
pub(super) fn end(
    via: &Via,
    length: Length,
    from: &Arc<Node>,
    values: &[Value],
    graph: &Graph,
) -> Result<Option<Arc<Node>>, EvalError> {
    let Value::List(wanted) = &values[via.slot.at] else { return Ok(None) };
    let max = length.max.map_or(usize::MAX, |max| max as usize);
    if !(length.min as usize..=max).contains(&wanted.len()) {
        return Ok(None);
    }
    let mut at = from.clone();
    for (number, item) in wanted.iter().enumerate() {
        let Value::Relationship(wanted_here) = item else { return Ok(None) };
        if wanted[..number].iter().any(|taken| holds(taken, wanted_here)) {
            return Ok(None);
        }
        let mut hops = via.hops(&at, values, graph);
        let is_wanted = |hop: &Result<Reached, EvalError>| {
            hop.as_ref().map_or(true, |(relationship, _)| holds(relationship, wanted_here))
        };
        let Some(hop) = hops.find(is_wanted) else { return Ok(None) };
        at = hop?.1;
    }
    Ok(Some(at))
}

/// The trail with each relationship that can follow.
fn longer(via: &Via, (taken, at): &Trail, values: &[Value], graph: &Graph) -> Result<Vec<Trail>, EvalError> {
    let mut longer = Vec::new();
    for hop in via.hops(at, values, graph) {
        let (next, node) = hop?;
        let Value::Relationship(relationship) = &next else { unreachable!("hops are relationships") };
        if taken.iter().any(|taken| holds(taken, relationship)) {
            continue;
        }
        // An error is not told here but on the complete row, if there is one.
        if via.properties.are_of(&next, values, graph) != Ok(false) {
            // Once as a trail to go on from, and once as one that was found.
            graph.meter.hold(2 * size::row(taken.len() + 1))?;
            longer.push((taken.iter().cloned().chain([next]).collect(), node));
        }
    }
    Ok(longer)
}

fn too_long(limit: usize) -> EvalError {
    let message = format!(
        "a path of unbounded length would need more than {limit} relationships; give the pattern a bound, \
         for example `*..{limit}`"
    );
    EvalError { code: code::LIMIT, message }
}

/// The path over nodes and what stands between them: a relationship, or the relationships of a trail.
pub(super) fn path<'a>(parts: impl Iterator<Item = &'a Value>, graph: &Graph) -> Value {
    let mut path: Vec<Value> = Vec::new();
    for part in parts {
        match part {
            Value::Node(_) if path.is_empty() => path.push(part.clone()),
            // What led to it has brought it.
            Value::Node(_) => {}
            Value::List(taken) => taken.iter().for_each(|taken| follow(taken, &mut path, graph)),
            taken => follow(taken, &mut path, graph),
        }
    }
    Value::Path(path.into())
}

/// Extends a path that ends with a node by a relationship of this node and by the node at its other end.
fn follow(taken: &Value, path: &mut Vec<Value>, graph: &Graph) {
    let (Some(Value::Node(at)), Value::Relationship(relationship)) = (path.last(), taken) else {
        unreachable!("a pattern alternates nodes and relationships")
    };
    let far = if relationship.from == at.id { &relationship.to } else { &relationship.from };
    let far = graph.node(far).expect("what was matched is there");
    path.extend([taken.clone(), Value::Node(far)]);
}
