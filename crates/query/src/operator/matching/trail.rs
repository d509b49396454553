//! Trails: the ways along relationships that a pattern of variable length takes, no relationship twice.
//!
//! The atom's bag is every trail within the bounds, but none is stored. What is remembered are the edges: the
//! relationships with both their nodes, by either end. A changed edge brings or takes exactly the trails that
//! go through it, so a step walks from the edge backwards and forwards; changed edges are taken one after
//! another, each against the edges as they then are. A look-up walks from the bound node.
//!
//! A trail's value is the list of its steps without its ends, as the text has them from left to right:
//! relationship, node, relationship, .. relationship.

use super::arrange::By;
use super::parts::{AtomKind, Match, Trail};
use crate::meter::{Meter, size};
use crate::operator::writing::Writing;
use crate::operator::{Batch, Step, Weighted};
use crate::state::{Area, Order, State, StepError};
use livewell_model::codec::{Reader, Writer};
use livewell_model::{ElementId, Relationship, Value};
use smallvec::{SmallVec, smallvec};
use std::cell::Cell;
use std::collections::BTreeSet;

impl Trail {
    /// Where a list of relationships lies as a trail of this pattern, from its start to its end: nowhere where it is
    /// none, and both ways round where it is undirected and both fit.
    pub(super) fn lies(&self, items: &[Value]) -> Vec<(ElementId, ElementId)> {
        let too_long = self.max.is_some_and(|max| items.len() > max as usize);
        let Some(mut hops) = relationships(items) else { return Vec::new() };
        if too_long || items.len() < self.min as usize {
            return Vec::new();
        }
        if self.backwards {
            hops.reverse();
        }
        let Some(first) = hops.first() else { return Vec::new() };
        let both = self.ends.undirected && first.from != first.to;
        let starts = std::iter::once(&first.from).chain(both.then_some(&first.to));
        let walked = starts.filter_map(|start| {
            let end = hops.iter().try_fold(start, |at, hop| match () {
                () if hop.from == *at => Some(&hop.to),
                () if hop.to == *at && self.ends.undirected => Some(&hop.from),
                () => None,
            });
            Some((start.clone(), end?.clone()))
        });
        walked.collect()
    }
}

/// What a list holds, if that is relationships, none of them twice.
fn relationships(items: &[Value]) -> Option<Vec<&Relationship>> {
    let mut seen = BTreeSet::new();
    let relationships = items.iter().map(|item| match item {
        Value::Relationship(relationship) => seen.insert(&relationship.id).then_some(&**relationship),
        _ => None,
    });
    relationships.collect()
}

/// A relationship as it may be walked, with the nodes where it begins and ends.
#[derive(Debug, Clone)]
struct Edge {
    from: Value,
    relationship: Value,
    to: Value,
}

/// A trail that was found from one of its ends.
#[derive(Debug)]
pub(super) struct Found {
    /// The trail's value.
    pub value: Value,
    /// The node at its other end.
    pub far: ElementId,
}

/// A trail that comes or goes.
#[derive(Debug)]
pub(super) struct Changed {
    /// The trail's value.
    pub value: Value,
    /// How often it comes; negative: goes.
    pub weight: i64,
    /// The nodes where it begins and ends.
    pub ends: (ElementId, ElementId),
}

impl Match {
    /// Takes in changed edges; returns the trails that come and go, for the rest of the pattern to be found.
    pub(super) fn step_trail(
        &self,
        step: &mut Step<'_>,
        atom: usize,
        edges: Batch,
    ) -> Result<Vec<Changed>, StepError> {
        let trail = self.trail(atom);
        let (mut changed, mut bytes) = (Vec::new(), Writer::new());
        for (edge, weight) in in_turn(edges) {
            // The next edge has to see it.
            let mut writing = Writing::of_about(1, step.meter);
            if weight > 0 {
                self.rearrange_edge(step.state, atom, (&edge, true), &mut bytes, &mut writing)?;
            }
            let walk = Walk::new(self, &*step.state, atom, trail, step.meter);
            for way in edge.ways(trail.ends.undirected) {
                walk.through(&way, weight, &mut changed)?;
            }
            if weight < 0 {
                self.rearrange_edge(step.state, atom, (&edge, false), &mut bytes, &mut writing)?;
            }
        }
        Ok(changed)
    }

    /// Takes in changed edges where no trail has to be found.
    pub(super) fn rearrange_edges(
        &self,
        step: &mut Step<'_>,
        atom: usize,
        edges: Batch,
    ) -> Result<(), StepError> {
        let (mut bytes, mut writing) = (Writer::new(), Writing::of_about(edges.len(), step.meter));
        for (edge, weight) in in_turn(edges) {
            step.meter.tick()?;
            self.rearrange_edge(step.state, atom, (&edge, weight > 0), &mut bytes, &mut writing)?;
        }
        writing.finish(step.state)
    }

    fn trail(&self, atom: usize) -> &Trail {
        match &self.atoms[atom].kind {
            AtomKind::Trail(trail) => trail,
            _ => unreachable!("only a trail has edges"),
        }
    }

    /// Remembers an edge, or forgets it. `bytes` is memory for what is written.
    fn rearrange_edge(
        &self,
        state: &mut dyn State,
        atom: usize,
        (edge, present): (&Edge, bool),
        bytes: &mut Writer,
        writing: &mut Writing<'_>,
    ) -> Result<(), StepError> {
        for way in edge.ways(self.trail(atom).ends.undirected) {
            bytes.bytes.clear();
            if present {
                bytes.value(&way.from).value(&way.relationship).value(&way.to);
            }
            let ids = [node_id(&way.from), node_id(&way.to), relationship_id(&way.relationship)];
            for key in self.both_keys(atom, ids) {
                writing.write(state, key, present.then(|| bytes.bytes.clone()))?;
            }
        }
        Ok(())
    }
}

/// A walk over the edges of one trail atom.
pub(super) struct Walk<'a> {
    plan: &'a Match,
    state: &'a dyn State,
    atom: usize,
    trail: &'a Trail,
    /// How many ways were tried; a dense graph has more than can be walked.
    tried: Cell<usize>,
    /// How many trails were found.
    found: Cell<usize>,
    meter: &'a Meter,
}

type Visit<'v> = &'v mut dyn FnMut(&[Edge], &ElementId) -> Result<(), StepError>;

impl<'a> Walk<'a> {
    pub(super) fn new(
        plan: &'a Match,
        state: &'a dyn State,
        atom: usize,
        trail: &'a Trail,
        meter: &'a Meter,
    ) -> Self {
        Self { plan, state, atom, trail, tried: Cell::new(0), found: Cell::new(0), meter }
    }

    /// All trails that begin (`By::From`) or end at the node.
    pub(super) fn trails(&self, by: By, near: &ElementId) -> Result<Vec<Found>, StepError> {
        let mut found = Vec::new();
        self.all(by, near, &mut Vec::new(), self.trail.min, &mut |hops, far| {
            let value = self.trail.value(hops, by);
            self.meter.hold(size_of::<Found>() + size::owned(&value))?;
            found.push(Found { value, far: far.clone() });
            Ok(())
        })?;
        Ok(found)
    }

    /// Every trail that goes over `edge` in this direction, with the change's weight.
    fn through(&self, edge: &Edge, weight: i64, changed: &mut Vec<Changed>) -> Result<(), StepError> {
        let mut before = vec![edge.clone()];
        self.all(By::To, node_id(&edge.from), &mut before, 1, &mut |backward, first| {
            // The edges were collected from this one backwards.
            let mut hops: Vec<Edge> = backward.iter().rev().cloned().collect();
            let min = self.trail.min.max(1);
            self.all(By::From, node_id(&edge.to), &mut hops, min, &mut |hops, last| {
                let value = self.trail.value(hops, By::From);
                self.meter.hold(size_of::<Changed>() + size::owned(&value))?;
                changed.push(Changed { value, weight, ends: (first.clone(), last.clone()) });
                // Those of the step's other edges are kept, too.
                if changed.len() > self.plan.rows_max { Err(self.too_many()) } else { Ok(()) }
            })
        })
    }

    /// Visits each trail that goes on from `hops` by edges that begin (`By::From`) or end at `near`, and has at
    /// least `min` relationships; `hops` itself first.
    fn all(
        &self,
        by: By,
        near: &ElementId,
        hops: &mut Vec<Edge>,
        min: u32,
        visit: Visit<'_>,
    ) -> Result<(), StepError> {
        let length = u32::try_from(hops.len()).expect("a trail has at most so many relationships");
        self.tried.set(self.tried.get() + 1);
        if self.tried.get() > self.plan.rows_max {
            return Err(self.too_many());
        }
        let left = self.trail.max.map(|max| i64::from(max) - i64::from(length));
        if length >= min && left.is_none_or(|left| left >= 0) {
            self.found.set(self.found.get() + 1);
            visit(hops, near)?;
        }
        if left.is_some_and(|left| left <= 0) {
            return Ok(());
        }
        let (edges, held) = self.edges(by, near)?;
        let found = self.found.get();
        for edge in edges {
            if hops
                .iter()
                .any(|hop| relationship_id(&hop.relationship) == relationship_id(&edge.relationship))
            {
                continue;
            }
            if length >= self.trail.limit && self.trail.max.is_none() {
                return Err(too_long(self.trail.limit));
            }
            let far = if by == By::From { node_id(&edge.to).clone() } else { node_id(&edge.from).clone() };
            hops.push(edge);
            self.all(by, &far, hops, min, visit)?;
            hops.pop();
        }
        // A trail that was found shares its edges.
        if self.found.get() == found {
            self.meter.release(held);
        }
        Ok(())
    }

    fn too_many(&self) -> StepError {
        StepError::Limit(format!(
            "a path of variable length has more than {} ways to go in one step; bound it more closely, or allow more in the query's `limits.rows`",
            self.plan.rows_max
        ))
    }

    /// The edges that begin (`By::From`) or end at `near`, and how many bytes are held for them.
    fn edges(&self, by: By, near: &ElementId) -> Result<(Vec<Edge>, usize), StepError> {
        let (mut found, mut held) = (Vec::new(), 0);
        let prefix = self.plan.key(self.atom, by, &[near]);
        self.state.scan(Area::Operators, &prefix, Order::Ascending, &mut |_, bytes| {
            let mut reader = Reader::new("edge", bytes).expecting(near);
            let edge = Edge { from: reader.value()?, relationship: reader.value()?, to: reader.value()? };
            let values = [&edge.from, &edge.relationship, &edge.to];
            let bytes = size_of::<Edge>() + values.map(size::owned).iter().sum::<usize>();
            held += bytes;
            found.push(edge);
            Ok(self.meter.hold(bytes).map(|()| true)?)
        })?;
        Ok((found, held))
    }
}

/// The edges with their weights. What goes, goes first: an edge's old and new version have one place.
fn in_turn(mut edges: Batch) -> impl Iterator<Item = (Edge, i64)> {
    edges.sort_by_key(|entry| entry.weight > 0);
    edges.into_iter().map(|Weighted { row, weight }| {
        let [from, relationship, to] =
            <[Value; 3]>::try_from(row).expect("an edge is a relationship between two nodes");
        (Edge { from, relationship, to }, weight)
    })
}

impl Edge {
    /// The directions in which it is walked: along, and where the pattern has none also against; a loop once.
    fn ways(&self, undirected: bool) -> SmallVec<[Self; 1]> {
        let mut ways = smallvec![self.clone()];
        if undirected && node_id(&self.from) != node_id(&self.to) {
            let Self { from, relationship, to } = self.clone();
            ways.push(Self { from: to, relationship, to: from });
        }
        ways
    }
}

impl Trail {
    /// The value of a trail whose edges were collected from its start, or from its end backwards.
    fn value(&self, hops: &[Edge], by: By) -> Value {
        let mut steps = Vec::with_capacity(hops.len() * 2);
        let mut add = |edge: &Edge| steps.extend([edge.relationship.clone(), edge.to.clone()]);
        match by {
            By::From => hops.iter().for_each(&mut add),
            _ => hops.iter().rev().for_each(&mut add),
        }
        steps.pop();
        if self.backwards {
            steps.reverse();
        }
        Value::list(steps)
    }
}

fn too_long(limit: u32) -> StepError {
    StepError::Limit(format!(
        "a path of variable length without an upper bound has more than {limit} relationships; give it one, like `*1..{limit}`, or allow more in the query's `limits.hops`"
    ))
}

fn node_id(node: &Value) -> &ElementId {
    match node {
        Value::Node(node) => &node.id,
        _ => unreachable!("an edge lies between nodes"),
    }
}

fn relationship_id(relationship: &Value) -> &ElementId {
    match relationship {
        Value::Relationship(relationship) => &relationship.id,
        _ => unreachable!("an edge is a relationship"),
    }
}
