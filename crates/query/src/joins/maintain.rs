//! Maintained joins: from changed nodes to changed virtual relationships.
//!
//! Law: nodes are taken one after another, each against the others as they then are, so the changes of one
//! relationship add up to its first image before and its last after.
//!
//! State:
//! ```text
//! 0 u16 | join u8 | value | key u8 | node id -> key u8, node id
//! ```

use super::{Join, Role, between, roles};
use crate::encoding::{Encode, encode_all};
use crate::meter::{Meter, size};
use crate::state::{Area, Order, State, StepError};
use livewell_model::codec::{Reader, Writer};
use livewell_model::{AppliedChange, Element, ElementId, Node, key};
use std::collections::{BTreeMap, BTreeSet};

/// The version of the layout of what is remembered of joined nodes. To be raised with it.
const LAYOUT: u16 = 1;

/// The joins of a query.
#[derive(Debug, Default)]
pub(crate) struct Joined {
    joins: Vec<Join>,
}

/// What becomes of each virtual relationship in a step.
type Changes = BTreeMap<ElementId, AppliedChange>;

impl Joined {
    /// Maintains these joins.
    pub(crate) fn new(joins: &[Join]) -> Self {
        Self { joins: joins.to_vec() }
    }

    /// The joins.
    pub(crate) fn joins(&self) -> &[Join] {
        &self.joins
    }

    /// The changes of virtual relationships that follow from `changes`.
    pub(crate) fn follow(
        &self,
        state: &mut dyn State,
        changes: &[AppliedChange],
        meter: &Meter,
    ) -> Result<Vec<AppliedChange>, StepError> {
        let mut followed = Changes::new();
        for (number, join) in (0..=u8::MAX).zip(&self.joins) {
            for change in changes {
                let roles = |element: &Option<Element>| {
                    node_of(element).map_or_else(Vec::new, |node| roles(join, node))
                };
                let (before, after) = (roles(&change.before), roles(&change.after));
                if before != after {
                    let mover = Mover { join, number, node: change.id(), meter };
                    mover.step(state, &before, &after, &mut followed)?;
                }
            }
        }
        Ok(followed.into_values().filter(|change| change.before != change.after).collect())
    }
}

fn node_of(element: &Option<Element>) -> Option<&Node> {
    match element {
        Some(Element::Node(node)) => Some(node),
        _ => None,
    }
}

/// A node whose roles in a join change.
struct Mover<'a> {
    join: &'a Join,
    number: u8,
    node: &'a ElementId,
    meter: &'a Meter,
}

impl Mover<'_> {
    fn step(
        &self,
        state: &mut dyn State,
        before: &[Role],
        after: &[Role],
        followed: &mut Changes,
    ) -> Result<(), StepError> {
        let (was, is) = (self.partners(state, before)?, self.partners(state, after)?);
        for partner in was.symmetric_difference(&is) {
            let relationship = Element::Relationship(between(self.join, self.node, partner).into());
            let bytes = size_of::<(ElementId, AppliedChange)>() + size::element(&relationship);
            self.meter.hold(size::entry(bytes))?;
            let image = |there: bool| there.then(|| relationship.clone());
            let next = image(is.contains(partner));
            followed
                .entry(relationship.id().clone())
                .and_modify(|change| change.after.clone_from(&next))
                .or_insert_with(|| AppliedChange { before: image(was.contains(partner)), after: next });
        }
        for role in before.iter().filter(|role| !after.contains(role)) {
            state.delete(Area::Operators, self.key(role));
        }
        for role in after.iter().filter(|role| !before.contains(role)) {
            let mut entry = Writer::new();
            entry.u8(role.key).id(self.node);
            state.put(Area::Operators, self.key(role), entry.bytes);
        }
        Ok(())
    }

    /// The nodes that share a value under another key; the node itself where two of its own do.
    fn partners(&self, state: &dyn State, roles: &[Role]) -> Result<BTreeSet<ElementId>, StepError> {
        let mut partners = BTreeSet::new();
        for role in roles {
            let prefix = self.prefix(role);
            state.scan(Area::Operators, &prefix, Order::Ascending, &mut |_, bytes| {
                let mut reader = Reader::new("joined node", bytes);
                let (key, id) = (reader.u8()?, reader.id()?);
                if key != role.key && id != *self.node {
                    self.meter.hold(size::entry(size_of::<ElementId>()))?;
                    partners.insert(id);
                }
                Ok(true)
            })?;
        }
        if roles.windows(2).any(|pair| pair[0].value == pair[1].value) {
            partners.insert(self.node.clone());
        }
        Ok(partners)
    }

    fn prefix(&self, role: &Role) -> Vec<u8> {
        let mut prefix = vec![0, 0, self.number];
        prefix.extend_from_slice(&role.value);
        prefix
    }

    fn key(&self, role: &Role) -> Vec<u8> {
        let mut place = self.prefix(role);
        place.push(role.key);
        key::encode_id(self.node, &mut place);
        place
    }
}

impl Encode for Joined {
    fn encode(&self, out: &mut Writer) {
        let Self { joins } = self;
        encode_all!(out, &LAYOUT, joins);
    }
}
