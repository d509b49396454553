//! The seats at a router, and who is shown what.

use super::batch::Batch;
use super::due::Due;
use super::index::Index;
use super::member::{Member, Shows, Timing};
use crate::component::marks::Marks;
use crate::settings::Limits;
use livewell_model::{AppliedTransaction, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many transactions may wait for one query, and how many bytes of them; beyond it reads alone.
const WAITING_MAX: usize = 10_000;
const WAITING_BYTES_MAX: usize = 8 << 20;
/// After so much all queries store how far they are, so that the logs need not keep more.
const UNSTORED_ENTRIES: u64 = 100_000;
const UNSTORED_BYTES: u64 = 64 << 20;

/// All seats, and how far everything was read for the queries that have them.
#[derive(Default)]
pub(super) struct Seats {
    pub(super) members: BTreeMap<usize, Member>,
    /// The number of the seat that was taken last.
    pub(super) last: usize,
    pub(super) index: Index,
    due: Due,
    /// How many queries may take a seat.
    pub(super) attached: usize,
    /// Whether the router's thread runs.
    pub(super) is_running: bool,
    /// Whether it has read everything there was since the first seat was taken. Until then queries that are behind what
    /// was shown take it back to where they are, so that after a start none reads alone.
    pub(super) is_settled: bool,
    /// The latest time of a transaction that was read.
    pub(super) time: Timestamp,
    /// How often all were asked to store how far they are.
    pub(super) round: u64,
    /// What was read since.
    pub(super) unstored: Unstored,
    /// How many bytes of transactions wait for all members.
    pub(super) waiting_bytes: usize,
}

/// How much was read that queries may not have stored.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Unstored {
    pub(super) entries: u64,
    pub(super) bytes: u64,
}

impl Seats {
    /// Takes a member's seat away; it reads on alone from what it has stored.
    pub(super) fn dismiss(&mut self, marks: &Marks, number: usize) {
        let Some(member) = self.members.get_mut(&number) else { return };
        marks.remove(member.component.number);
        self.index.leave(number, &member.entered);
        if let Some(timing) = member.timing {
            self.due.forget(number, timing);
        }
        member.is_dismissed = true;
        self.waiting_bytes -= member.hand_over().1;
        member.component.bell.ring();
    }

    pub(super) fn dismiss_all(&mut self, marks: &Marks) {
        let numbers: Vec<usize> = self.members.keys().copied().collect();
        numbers.into_iter().for_each(|number| self.dismiss(marks, number));
    }

    /// Has everything up to a position read once more, from where the latest time of a transaction was `time`: all who
    /// have a seat have taken it in, or will.
    pub(super) fn go_back(&mut self, position: u64, time: Timestamp) {
        self.members.values_mut().for_each(|member| member.after = member.after.max(position));
        self.time = time;
    }

    /// Returns whether nobody has a seat.
    pub(super) fn is_empty(&self) -> bool {
        self.members.values().all(|member| member.is_dismissed)
    }

    /// Notes that everything there was has been read, and tells all who wait for that.
    pub(super) fn settle(&mut self) {
        if !std::mem::replace(&mut self.is_settled, true) {
            self.members.values().for_each(|member| member.component.bell.ring());
        }
    }

    /// Finds the members that a transaction concerns.
    pub(super) fn concerned(&self, transaction: &AppliedTransaction, found: &mut Vec<usize>) {
        found.clear();
        transaction.changes.iter().for_each(|change| self.index.candidates(change, found));
        found.sort_unstable();
        found.dedup();
        found.retain(|number| {
            self.members.get(number).is_some_and(|member| {
                transaction.position > member.after
                    && transaction.changes.iter().any(|change| member.interest.is_touched_by(change))
            })
        });
    }

    /// Notes when the first timer of a member is due; it has stepped over what it was handed.
    pub(super) fn know(&mut self, number: usize, timing: Timing) {
        let Some(member) = self.members.get_mut(&number) else { return };
        // What waits for it may change that.
        if member.pending.is_empty() {
            if let Some(before) = member.timing.replace(timing) {
                self.due.forget(number, before);
            }
            self.due.know(number, timing);
        }
    }

    /// Has those whose timers are due by this time shown what comes from an index of a batch on.
    pub(super) fn reach(&mut self, time: Timestamp, at: usize) {
        while let Some(number) = self.due.reached(time) {
            if let Some(member) = self.members.get_mut(&number) {
                member.passed = at;
            }
        }
    }

    /// Hands to a member what it has to be shown of a batch before an index, and then a transaction that touches it.
    /// Returns whether the member has to be woken.
    pub(super) fn touch(
        &mut self,
        marks: &Marks,
        number: usize,
        (batch, at): (&Arc<Batch>, usize),
        shows: Shows,
    ) -> bool {
        let Some(member) = self.members.get_mut(&number) else { return false };
        let mut is_woken = false;
        if let Some(timing) = member.timing {
            if !self.due.doubt(number, timing)
                && let Some(passage) = member.passage(batch, at)
            {
                is_woken = self.hand(marks, number, Shows::Passes(passage));
            }
            if let Some(member) = self.members.get_mut(&number) {
                member.passed = at + 1;
            }
        }
        self.hand(marks, number, shows) || is_woken
    }

    /// Hands to all whose first timers are not known what they have still to be shown of a batch. Returns who has to be
    /// woken.
    pub(super) fn pass(&mut self, marks: &Marks, batch: &Arc<Batch>) -> Vec<usize> {
        let mut woken = Vec::new();
        for number in self.due.open() {
            let Some(member) = self.members.get_mut(&number) else { continue };
            let passage = member.passage(batch, batch.reads.len());
            member.passed = 0;
            if let Some(passage) = passage
                && self.hand(marks, number, Shows::Passes(passage))
            {
                woken.push(number);
            }
        }
        woken
    }

    fn hand(&mut self, marks: &Marks, number: usize, shows: Shows) -> bool {
        let Some(member) = self.members.get_mut(&number).filter(|member| !member.is_dismissed) else {
            return false;
        };
        let (transactions, bytes) = member.waiting;
        if transactions >= WAITING_MAX || bytes >= WAITING_BYTES_MAX {
            self.dismiss(marks, number);
            return false;
        }
        let is_woken = member.show(marks, shows);
        self.waiting_bytes += member.waiting.1 - bytes;
        is_woken
    }

    /// Counts what was read, and asks all members to store how far they are when it is much.
    pub(super) fn count_unstored(&mut self, limits: &Limits, read: Unstored) {
        let entries_max =
            UNSTORED_ENTRIES.max(10 * self.members.len() as u64).min(limits.log_entries_max / 4);
        let bytes_max = UNSTORED_BYTES.min(limits.log_bytes_max / 4);
        self.unstored.entries += read.entries;
        self.unstored.bytes += read.bytes;
        if self.unstored.entries > entries_max || self.unstored.bytes > bytes_max {
            self.unstored = Unstored::default();
            self.round += 1;
            self.members.values().for_each(|member| member.component.bell.ring());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::Component;
    use crate::component::state::ComponentKind;
    use livewell_model::{AppliedChange, Element, ElementId, Map, Node};
    use livewell_query::Engine;
    use livewell_store::Version;
    use std::sync::Arc;

    fn insert(position: u64) -> AppliedTransaction {
        let node = Node { id: ElementId::new("s", "n"), labels: vec!["N".into()], properties: Map::new() };
        let change = AppliedChange { before: None, after: Some(Element::Node(node.into())) };
        let (sequence, timestamp) = (position, Timestamp::default());
        AppliedTransaction { sequence, position, timestamp, changes: vec![change] }
    }

    #[test]
    fn what_was_shown_before_going_back_is_not_shown_again() {
        let interest = Engine::compile("MATCH (n:N) RETURN n.x AS x", &Map::new()).unwrap().interest();
        let mut seats = Seats::default();
        let member = Member {
            component: Arc::new(Component::new("q", 17, ComponentKind::Query, vec![16])),
            entered: seats.index.enter(1, Some(&interest)),
            interest,
            after: 10,
            version: Version::default(),
            pending: Vec::new(),
            waiting: (0, 0),
            timing: None,
            passed: 0,
            is_stepping: false,
            is_dismissed: false,
            round: 0,
        };
        seats.members.insert(1, member);
        let concerned = |seats: &Seats, position| {
            let mut found = Vec::new();
            seats.concerned(&insert(position), &mut found);
            found
        };
        assert_eq!((concerned(&seats, 10), concerned(&seats, 11)), (vec![], vec![1]));
        seats.go_back(20, Timestamp::default());
        assert_eq!((concerned(&seats, 20), concerned(&seats, 21)), (vec![], vec![1]));
    }
}
