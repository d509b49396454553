//! Extension: from one changed atom, or input row, to all complete matches it takes part in.

use super::arrange::{By, Found};
use super::atom::Start;
use super::parts::{AtomKind, Bind, Ends, Input, Lookup, Match, Trail};
use super::pending::Pending;
use super::recent::Recent;
use super::trail::Walk;
use crate::expression::EvalError;
use crate::meter::{Meter, size};
use crate::operator::{Batch, Weighted, settle};
use crate::state::{Area, Order, State, StepError};
use livewell_model::codec::Reader;
use livewell_model::{ElementId, Value};
use smallvec::{SmallVec, smallvec};

/// Up to so many slots need no memory of their own.
const FEW: usize = 4;

/// A depth-first walk over the look-ups of one changed atom.
pub(super) struct Extension<'a> {
    pub(super) plan: &'a Match,
    pub(super) state: &'a dyn State,
    out: &'a mut Batch,
    pub(super) meter: &'a Meter,
    /// The value of each slot bound so far; null: not bound.
    slots: SmallVec<[Value; FEW]>,
    /// The ids of node slots that are known.
    pub(super) ids: SmallVec<[Option<ElementId>; FEW]>,
    /// Memory for the keys of look-ups.
    pub(super) key: Vec<u8>,
    /// What is not written yet, and the atom before which it is seen nevertheless.
    pub(super) pending: Option<(&'a Pending<'a>, usize)>,
    /// What the step has read of late, if it is a large one.
    pub(super) recent: Option<&'a mut Recent>,
    /// How many look-ups there are from what is being extended, and the most that found something.
    planned: usize,
    pub(super) deepest: usize,
}

type Put<'p> = &'p mut dyn FnMut(&[Value], &mut Batch);

impl<'a> Extension<'a> {
    pub(super) fn new(plan: &'a Match, state: &'a dyn State, out: &'a mut Batch, meter: &'a Meter) -> Self {
        let slots = plan.width() + plan.atoms.len();
        let (slots, ids) = (smallvec![Value::Null; slots], smallvec![None; slots]);
        let (key, pending, recent) = (Vec::new(), None, None);
        Self { plan, state, out, meter, slots, ids, key, pending, recent, planned: 0, deepest: 0 }
    }

    /// Measures what the step holds, if that has grown: its output, and `others` bytes of what it was given.
    pub(super) fn settle(&self, others: usize) {
        let pending = self.pending.map_or(0, |(pending, _)| pending.held());
        let recent = self.recent.as_ref().map_or(0, |recent| recent.held());
        settle(self.meter, others + pending + recent, self.out);
    }

    /// Puts out every match that holds `start` in atom `at`, with the weights of its values.
    pub(super) fn begin_at_atom(
        &mut self,
        at: usize,
        start: &Start<'_>,
        lookups: &[Lookup],
    ) -> Result<(), StepError> {
        let slot = self.plan.width() + at;
        self.slots[slot] = start.values[0].0.clone();
        (self.planned, self.deepest) = (lookups.len(), 0);
        let fits = match &start.ends {
            Some((from, to)) => self.bind_ends_of(slot, from, to),
            None => {
                self.ids[slot] = node_id(&self.slots[slot]);
                true
            }
        };
        if fits {
            let room = self.plan.room;
            self.extend(lookups, &mut |slots, out| {
                for (value, weight) in &start.values {
                    let mut row = Vec::with_capacity(slots.len() + room);
                    let others = slots.iter().enumerate();
                    row.extend(others.map(|(at, other)| if at == slot { *value } else { other }.clone()));
                    out.push(Weighted { row, weight: *weight });
                }
            })?;
        }
        self.slots[slot] = Value::Null;
        let told = self.plan.atom_in(slot).kind.ends().map_or([slot; 2], |ends| [ends.from, ends.to]);
        told.into_iter().for_each(|node| self.ids[node] = None);
        Ok(())
    }

    /// Puts out every match of one changed input row.
    pub(super) fn begin_at_input(&mut self, input: &Input, entry: &Weighted) -> Result<(), StepError> {
        self.extend_from_row(input, &entry.row, &input.lookups, &mut |slots, out| {
            out.push(Weighted { row: slots.to_vec(), weight: entry.weight });
        })
    }

    fn extend(&mut self, lookups: &[Lookup], put: Put<'_>) -> Result<(), StepError> {
        self.deepest = self.deepest.max(self.planned.saturating_sub(lookups.len()));
        let Some((lookup, rest)) = lookups.split_first() else {
            let before = self.out.len();
            put(&self.slots, self.out);
            self.meter.hold((self.out.len() - before) * size::row(self.slots.len()))?;
            return self.plan.within_limit(self.out);
        };
        self.meter.tick()?;
        match *lookup {
            Lookup::NodeById { node } => self.extend_by_id(node, rest, put),
            Lookup::AllNodes { node } => {
                let found = self.nodes(node)?;
                self.extend_each(node, found, rest, put)
            }
            Lookup::ByFrom { relationship } => self.extend_by_end(relationship, By::From, rest, put),
            Lookup::ByTo { relationship } => self.extend_by_end(relationship, By::To, rest, put),
            Lookup::InputByNode { node } => {
                let id = self.known(node);
                self.extend_by_input(&self.plan.input_key(Some((node, id))), rest, put)
            }
            Lookup::AllInput => self.extend_by_input(&self.plan.input_key(None), rest, put),
        }
    }

    pub(super) fn known(&self, node: usize) -> &ElementId {
        self.ids[node].as_ref().expect("the plan looks up by nodes that are bound")
    }

    /// What is not written yet, where a slot sees it nevertheless.
    pub(super) fn unwritten(&self, slot: usize) -> Option<&'a Pending<'a>> {
        let (pending, before) = self.pending?;
        let atom = slot - self.plan.width();
        (atom < before && self.plan.atoms[atom].place == pending.place).then_some(pending)
    }

    fn extend_by_id(&mut self, node: usize, rest: &[Lookup], put: Put<'_>) -> Result<(), StepError> {
        // A node that is not there (yet): the relationship dangles and matches nothing.
        let Some(value) = self.node(node)? else { return Ok(()) };
        let before = self.out.len();
        self.slots[node] = value;
        self.extend(rest, put)?;
        self.unbind(node, before);
        Ok(())
    }

    /// Takes a value that was read out of its slot, and holds it no longer if no row has come of it.
    fn unbind(&mut self, slot: usize, rows_before: usize) {
        if self.out.len() == rows_before {
            self.meter.release(size::owned(&self.slots[slot]) + size_of::<Value>());
        }
        self.slots[slot] = Value::Null;
    }

    /// Takes the memory for a key; whoever has looked it up puts it back.
    pub(super) fn emptied_key(&mut self) -> Vec<u8> {
        const ROOM: usize = 64;
        let mut key = std::mem::take(&mut self.key);
        if key.capacity() == 0 {
            return Vec::with_capacity(ROOM);
        }
        key.clear();
        key
    }

    /// Holds no longer what was read, if no row has come of it; else the rows share it.
    fn let_go(&self, held: usize, rows_before: usize) {
        if self.out.len() == rows_before {
            self.meter.release(held);
        }
    }

    fn extend_by_end(&mut self, slot: usize, by: By, rest: &[Lookup], put: Put<'_>) -> Result<(), StepError> {
        if let AtomKind::Trail(trail) = &self.plan.atom_in(slot).kind {
            let near = if by == By::From { trail.ends.from } else { trail.ends.to };
            let atom = slot - self.plan.width();
            let walk = Walk::new(self.plan, self.state, atom, trail, self.meter);
            let found = walk.trails(by, self.known(near))?;
            let near = self.known(near).clone();
            let oriented = found.into_iter().map(|found| match by {
                By::To => (found.value, found.far, near.clone()),
                _ => (found.value, near.clone(), found.far),
            });
            return self.extend_each_trail(slot, oriented, rest, put);
        }
        let found = self.relationships(slot, by)?;
        self.extend_each(slot, found, rest, put)
    }

    fn extend_by_input(&mut self, prefix: &[u8], rest: &[Lookup], put: Put<'_>) -> Result<(), StepError> {
        let input = self.plan.input.as_ref().expect("the plan looks up input rows where it has an input");
        let (mut rows, mut held) = (Vec::new(), 0);
        self.state.scan(Area::Operators, prefix, Order::Ascending, &mut |_, bytes| {
            let row = Reader::new("arranged input row", bytes).row()?;
            let bytes = size::read(&row);
            held += bytes;
            rows.push(row);
            Ok(self.meter.hold(bytes).map(|()| true)?)
        })?;
        let before = self.out.len();
        rows.iter().try_for_each(|row| self.extend_from_row(input, row, rest, put))?;
        self.let_go(held, before);
        Ok(())
    }

    fn extend_each(
        &mut self,
        slot: usize,
        found: Found,
        rest: &[Lookup],
        put: Put<'_>,
    ) -> Result<(), StepError> {
        let told = self.plan.atom_in(slot).kind.ends().map_or([slot; 2], |ends| [ends.from, ends.to]);
        for value in found {
            let was_known = told.map(|node| self.ids[node].is_some());
            let before = self.out.len();
            self.slots[slot] = value;
            if self.bind(slot) {
                self.extend(rest, put)?;
            }
            for (node, was_known) in told.into_iter().zip(was_known) {
                if !was_known {
                    self.ids[node] = None;
                }
            }
            self.unbind(slot, before);
        }
        Ok(())
    }

    fn extend_each_trail(
        &mut self,
        slot: usize,
        found: impl Iterator<Item = (Value, ElementId, ElementId)>,
        rest: &[Lookup],
        put: Put<'_>,
    ) -> Result<(), StepError> {
        for (value, from, to) in found {
            let before = self.ids.clone();
            let (held, rows_before) = (size::owned(&value), self.out.len());
            self.slots[slot] = value;
            if self.bind_ends_of(slot, &from, &to) {
                self.extend(rest, put)?;
            }
            self.ids = before;
            self.slots[slot] = Value::Null;
            self.let_go(held, rows_before);
        }
        Ok(())
    }

    /// Takes over an input row and goes on with each way in which it can lie in the pattern; with none where it
    /// contradicts what is bound, or what it should bind is null.
    fn extend_from_row(
        &mut self,
        input: &Input,
        row: &[Value],
        rest: &[Lookup],
        put: Put<'_>,
    ) -> Result<(), StepError> {
        let before = self.ids.clone();
        self.slots[..input.width].clone_from_slice(row);
        self.extend_bound(&input.binds, rest, put)?;
        self.ids = before;
        self.slots[..input.width].fill(Value::Null);
        Ok(())
    }

    fn extend_bound(&mut self, binds: &[Bind], rest: &[Lookup], put: Put<'_>) -> Result<(), StepError> {
        let Some((bind, binds)) = binds.split_first() else { return self.extend(rest, put) };
        match *bind {
            Bind::Node(slot) => match &self.slots[slot] {
                Value::Null => Ok(()),
                Value::Node(node) => {
                    let id = node.id.clone();
                    if self.bind_id(slot, &id) { self.extend_bound(binds, rest, put) } else { Ok(()) }
                }
                other => Err(not_an_element(other, "node")),
            },
            Bind::Relationship(slot, ends) => match &self.slots[slot] {
                Value::Null => Ok(()),
                Value::Relationship(relationship) => {
                    let (from, to) = (relationship.from.clone(), relationship.to.clone());
                    let against = (ends.undirected && from != to).then(|| (to.clone(), from.clone()));
                    for (from, to) in std::iter::once((from, to)).chain(against) {
                        let before = self.ids.clone();
                        if self.bind_ends(slot, &ends, &from, &to) {
                            self.extend_bound(binds, rest, put)?;
                        }
                        self.ids = before;
                    }
                    Ok(())
                }
                other => Err(not_an_element(other, "relationship")),
            },
            Bind::Trail(slot, trail) => match &self.slots[slot] {
                Value::Null => Ok(()),
                Value::List(items) => {
                    for (from, to) in self.lies(&trail, items) {
                        let before = self.ids.clone();
                        if self.bind_ends(slot, &trail.ends, &from, &to) {
                            self.extend_bound(binds, rest, put)?;
                        }
                        self.ids = before;
                    }
                    Ok(())
                }
                other => Err(not_an_element(other, "list of relationships")),
            },
        }
    }

    /// Where a list lies as a trail: an empty one at the node that is known already.
    fn lies(&self, trail: &Trail, items: &[Value]) -> Vec<(ElementId, ElementId)> {
        if !items.is_empty() {
            return trail.lies(items);
        }
        let known = self.ids[trail.ends.from].as_ref().or(self.ids[trail.ends.to].as_ref());
        let stays = known.filter(|_| trail.min == 0);
        stays.map(|node| (node.clone(), node.clone())).into_iter().collect()
    }

    /// Takes over the ids that the element in `slot` tells; false where they contradict what is bound.
    fn bind(&mut self, slot: usize) -> bool {
        let Value::Relationship(relationship) = &self.slots[slot] else {
            self.ids[slot] = node_id(&self.slots[slot]);
            return true;
        };
        let relationship = relationship.clone();
        let AtomKind::Relationship(ends) = &self.plan.atom_in(slot).kind else { return false };
        let (from, to) = (&relationship.from, &relationship.to);
        // An undirected relationship was found from one bound end; it lies so that this end fits.
        let turned = ends.undirected
            && (self.ids[ends.from].as_ref().is_some_and(|id| id != from)
                || self.ids[ends.to].as_ref().is_some_and(|id| id != to));
        if turned { self.bind_ends(slot, ends, to, from) } else { self.bind_ends(slot, ends, from, to) }
    }

    fn bind_ends_of(&mut self, slot: usize, from: &ElementId, to: &ElementId) -> bool {
        match self.plan.atom_in(slot).kind.ends() {
            Some(ends) => self.bind_ends(slot, ends, from, to),
            None => false,
        }
    }

    fn bind_ends(&mut self, slot: usize, ends: &Ends, from: &ElementId, to: &ElementId) -> bool {
        self.bind_id(ends.from, from) && self.bind_id(ends.to, to) && self.plan.is_trail(&self.slots, slot)
    }

    fn bind_id(&mut self, node: usize, id: &ElementId) -> bool {
        match &self.ids[node] {
            Some(bound) => bound == id,
            None => {
                self.ids[node] = Some(id.clone());
                true
            }
        }
    }
}

fn node_id(value: &Value) -> Option<ElementId> {
    match value {
        Value::Node(node) => Some(node.id.clone()),
        _ => None,
    }
}

fn not_an_element(value: &Value, wanted: &str) -> StepError {
    let found = value.type_name();
    EvalError::types(format!("a pattern needs a {wanted} where it got a {found}")).into()
}
