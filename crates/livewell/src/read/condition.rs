//! What a component shows to readers: its state, and what it waits for.

use crate::Error;
use crate::clock::{Clock, SystemClock};
use crate::component::Component;
use crate::component::roster::Roster;
use crate::component::shared::Shared;
use crate::component::state::State;
use livewell_model::Timestamp;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// What a component is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// In one word.
    pub state: State,
    /// Why it is in error, or what it waits for, and since when.
    pub trouble: Option<(String, Timestamp)>,
}

/// Returns the condition of the component `id`.
pub(crate) fn condition(shared: &Shared, id: &str) -> Condition {
    let roster = shared.roster();
    match roster.get(id) {
        Some(component) => seen(&roster, component),
        None => Condition { state: State::Stopped, trouble: None },
    }
}

/// Returns what a component shows: that it waits for the component in error above it, unless it has something else to
/// show.
///
/// A component in error leaves its followers with nothing to do: they would report that they have caught up, with a
/// feed that no longer moves. Their threads need not know; a reader of their status does.
pub(crate) fn seen(roster: &Roster, component: &Component) -> Condition {
    let (state, trouble) = (component.state(), component.error());
    let is_idle = state == State::CaughtUp || component.is_blocked_by().is_some();
    let Some(cause) = is_idle.then(|| cause(roster, component)).flatten() else {
        return Condition { state, trouble };
    };
    let error = Error::waits_for(&component.id, &cause.id).to_string();
    let since = cause.error().map_or_else(|| SystemClock.now(), |(_, since)| since);
    Condition { state: State::Waiting, trouble: Some((error, since)) }
}

/// Returns the nearest component in error of those that this one depends on.
fn cause<'r>(roster: &'r Roster, component: &Component) -> Option<&'r Arc<Component>> {
    if roster.count(State::Error) == 0 {
        return None;
    }
    let above = |one: &Component| {
        let blocked_by = one.is_blocked_by().and_then(|id| roster.get(&id));
        let followed = one.follows.iter().filter_map(|feed| roster.numbered(*feed));
        followed.chain(blocked_by).collect::<Vec<_>>()
    };
    let mut due = VecDeque::from(above(component));
    let mut passed = HashSet::new();
    while let Some(one) = due.pop_front() {
        if one.state() == State::Error && one.is_blocked_by().is_none() {
            return Some(one);
        }
        if passed.insert(one.number) {
            due.extend(above(one));
        }
    }
    None
}
