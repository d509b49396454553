//! Extension: from one changed atom to all complete matches it takes part in.

use super::arrange::By;
use super::atom::Start;
use super::{AtomKind, Lookup, Match};
use crate::operator::{Batch, Weighted};
use crate::state::{Area, Order, State, StepError};
use livewell_model::codec::Reader;
use livewell_model::{ElementId, Value};

/// A depth-first walk over the look-ups of one changed atom.
pub(super) struct Extension<'a> {
    plan: &'a Match,
    state: &'a dyn State,
    out: &'a mut Batch,
    /// The value of each slot bound so far; null: not bound.
    slots: Vec<Value>,
    /// The ids of node slots that a relationship has told.
    ids: Vec<Option<ElementId>>,
}

impl<'a> Extension<'a> {
    pub(super) fn new(plan: &'a Match, state: &'a dyn State, out: &'a mut Batch) -> Self {
        let slots = plan.atoms.len();
        Self { plan, state, out, slots: vec![Value::Null; slots], ids: vec![None; slots] }
    }

    /// Puts out every match that holds `start` in slot `at`, with the weights of its values.
    pub(super) fn from(mut self, at: usize, start: &Start) -> Result<(), StepError> {
        self.slots[at] = start.values[0].0.clone();
        match &start.ends {
            Some((from, to)) if !self.bind_ends(at, from, to) => return Ok(()),
            Some(_) => {}
            None => self.ids[at] = node_id(&self.slots[at]),
        }
        let plan = self.plan;
        self.extend(&plan.lookups[at], &mut |slots, out| {
            for (value, weight) in &start.values {
                let mut row = slots.to_vec();
                row[at] = value.clone();
                out.push(Weighted { row, weight: *weight });
            }
        })
    }

    fn extend(
        &mut self,
        lookups: &[Lookup],
        put: &mut dyn FnMut(&[Value], &mut Batch),
    ) -> Result<(), StepError> {
        let Some((lookup, rest)) = lookups.split_first() else {
            put(&self.slots, self.out);
            return Ok(());
        };
        match *lookup {
            Lookup::NodeById { node } => self.extend_by_id(node, rest, put),
            Lookup::AllNodes { node } => {
                let found = self.find(&self.plan.arrangement(node, By::Id))?;
                self.extend_each(node, found, rest, put)
            }
            Lookup::ByFrom { relationship } => self.extend_by_end(relationship, By::From, rest, put),
            Lookup::ByTo { relationship } => self.extend_by_end(relationship, By::To, rest, put),
        }
    }

    fn extend_by_id(
        &mut self,
        node: usize,
        rest: &[Lookup],
        put: &mut dyn FnMut(&[Value], &mut Batch),
    ) -> Result<(), StepError> {
        let id =
            self.ids[node].as_ref().expect("the plan binds a relationship before its nodes are looked up");
        let key = self.plan.key(node, By::Id, &[id]);
        // A node that is not there (yet): the relationship dangles and matches nothing.
        let Some(bytes) = self.state.get(Area::Operators, &key)? else { return Ok(()) };
        let value = Reader::new("arranged node", &bytes).value()?;
        drop(bytes);
        self.slots[node] = value;
        self.extend(rest, put)?;
        self.slots[node] = Value::Null;
        Ok(())
    }

    fn extend_by_end(
        &mut self,
        slot: usize,
        by: By,
        rest: &[Lookup],
        put: &mut dyn FnMut(&[Value], &mut Batch),
    ) -> Result<(), StepError> {
        let AtomKind::Relationship(ends) = &self.plan.atoms[slot].kind else {
            unreachable!("only relationships are found by an end")
        };
        let (near, far) = if by == By::From { (ends.from, ends.to) } else { (ends.to, ends.from) };
        let near_id = self.ids[near].as_ref().expect("the plan binds the near end first");
        // An undirected relationship is kept both ways round in one arrangement.
        let by = if ends.undirected { By::From } else { by };
        let mut prefix = self.plan.key(slot, by, &[near_id]);
        // With both ends bound the look-up is exact: a node of many relationships costs no more.
        if let Some(far_id) = &self.ids[far] {
            livewell_model::key::encode_id(far_id, &mut prefix);
        }
        let found = self.find(&prefix)?;
        self.extend_each(slot, found, rest, put)
    }

    /// Reads the entries first, so that no scan stays open while the walk goes deeper.
    fn find(&self, prefix: &[u8]) -> Result<Vec<Value>, StepError> {
        let mut found = Vec::new();
        self.state.scan(Area::Operators, prefix, Order::Ascending, &mut |_, bytes| {
            found.push(Reader::new("arranged element", bytes).value()?);
            Ok(true)
        })?;
        Ok(found)
    }

    fn extend_each(
        &mut self,
        slot: usize,
        found: Vec<Value>,
        rest: &[Lookup],
        put: &mut dyn FnMut(&[Value], &mut Batch),
    ) -> Result<(), StepError> {
        for value in found {
            let before = self.ids.clone();
            self.slots[slot] = value;
            if self.bind(slot) {
                self.extend(rest, put)?;
            }
            self.ids = before;
            self.slots[slot] = Value::Null;
        }
        Ok(())
    }

    /// Takes over the ids that the element in `slot` tells; false where they contradict what is bound.
    fn bind(&mut self, slot: usize) -> bool {
        let Value::Relationship(relationship) = &self.slots[slot] else {
            self.ids[slot] = node_id(&self.slots[slot]);
            return true;
        };
        let relationship = relationship.clone();
        let AtomKind::Relationship(ends) = &self.plan.atoms[slot].kind else { return false };
        let (from, to) = (&relationship.from, &relationship.to);
        // An undirected relationship was found from one bound end; it lies so that this end fits.
        let turned = ends.undirected
            && (self.ids[ends.from].as_ref().is_some_and(|id| id != from)
                || self.ids[ends.to].as_ref().is_some_and(|id| id != to));
        if turned { self.bind_ends(slot, to, from) } else { self.bind_ends(slot, from, to) }
    }

    fn bind_ends(&mut self, slot: usize, from: &ElementId, to: &ElementId) -> bool {
        let AtomKind::Relationship(ends) = &self.plan.atoms[slot].kind else { return false };
        for (node, id) in [(ends.from, from), (ends.to, to)] {
            match &self.ids[node] {
                Some(bound) if bound != id => return false,
                Some(_) => {}
                None => self.ids[node] = Some(id.clone()),
            }
        }
        self.plan.is_trail(&self.slots, slot)
    }
}

fn node_id(value: &Value) -> Option<ElementId> {
    match value {
        Value::Node(node) => Some(node.id.clone()),
        _ => None,
    }
}
