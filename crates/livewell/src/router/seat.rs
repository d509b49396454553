//! A query's seat at a router.

use super::member::{Member, Shows, Timing};
use super::read::Router;
use crate::component::Component;
use crate::component::marks::Shown;
use livewell_model::Timestamp;
use livewell_query::Interest;
use livewell_store::Version;
use livewell_store::checkpoint::Checkpoint;
use std::sync::Arc;

/// A query's seat; it is free again when this is dropped.
pub(crate) struct Seat {
    router: Arc<Router>,
    number: usize,
}

/// What is to be done on a seat.
pub(crate) enum Taken {
    /// Step over these, then tell by [`Seat::done`].
    Transactions(Vec<Shows>),
    /// Store that everything up to here is taken in, and the latest time of a transaction in it; then tell by
    /// [`Seat::done`].
    Store(Arc<Shown>, Timestamp),
    /// Nothing; whether everything there was has been read.
    Nothing(bool),
    /// The seat is lost: read alone.
    Dismissed,
}

impl Router {
    /// Returns a seat for a query, unless it is behind what was shown and everything had been read before. It has stored
    /// `checkpoints` since its commit `version`.
    pub(crate) fn sit(
        self: &Arc<Self>,
        component: &Arc<Component>,
        interest: &Interest,
        checkpoints: Vec<Checkpoint>,
        (version, timing, is_timed): (Version, Timing, bool),
    ) -> Option<Seat> {
        let mut seats = self.seats();
        // One position says then what it has taken in of each upstream.
        if checkpoints.windows(2).any(|pair| pair[0].position != pair[1].position) {
            return None;
        }
        let here: Shown = self.upstreams.iter().map(|upstream| upstream.number).zip(checkpoints).collect();
        if seats.is_empty() {
            self.cursor.set(Arc::new(here.clone()));
            seats.is_settled = false;
            seats.time = timing.own;
        }
        let shown = self.cursor.get();
        let after = match taken_in(&shown, &here)? {
            Some(after) => after,
            None if seats.is_settled => return None,
            None => {
                seats.go_back(position(&shown), timing.own);
                self.cursor.set(Arc::new(here.clone()));
                position(&here)
            }
        };
        if !self.start(&mut seats) {
            return None;
        }
        seats.last += 1;
        let (number, round) = (seats.last, seats.round);
        let entered = seats.index.enter(number, Some(interest));
        let member = Member {
            component: component.clone(),
            interest: interest.clone(),
            entered,
            after,
            version,
            timing: None,
            passed: 0,
            pending: Vec::new(),
            waiting: (0, 0),
            is_stepping: false,
            is_dismissed: false,
            round,
        };
        member.set_mark(&self.shared.marks, &self.cursor);
        seats.members.insert(number, member);
        if is_timed {
            seats.know(number, timing);
        }
        Some(Seat { router: self.clone(), number })
    }
}

/// Returns the position up to which a query that is here has taken in everything, if that is not behind what was shown;
/// an outer `None` in another epoch.
#[expect(clippy::option_option, reason = "no place at all, and one that is behind")]
fn taken_in(shown: &Shown, here: &Shown) -> Option<Option<u64>> {
    let mut pairs = shown.iter().zip(here).map(|((_, shown), (_, here))| (shown, here));
    if !pairs.clone().all(|(shown, here)| shown.epoch == here.epoch) {
        return None;
    }
    // Where nothing has come since, an older position says as much.
    if pairs.all(|(shown, here)| shown.sequence == here.sequence) {
        return Some(Some(position(shown)));
    }
    Some((position(here) >= position(shown)).then(|| position(here)))
}

/// Returns the position of the last transaction that was read; it is the same in each upstream.
fn position(shown: &Shown) -> u64 {
    shown.first().map_or(0, |(_, checkpoint)| checkpoint.position)
}

impl Seat {
    /// Returns what is to be done. `is_overdue`: whether what was shown has not been stored for long.
    pub(crate) fn take(&self, is_overdue: bool) -> Taken {
        let mut seats = self.router.seats();
        let (round, time) = (seats.round, seats.time);
        let (is_settled, shown) = (seats.is_settled, self.router.cursor.get());
        let Some(member) = seats.members.get_mut(&self.number).filter(|member| !member.is_dismissed) else {
            return Taken::Dismissed;
        };
        if !member.pending.is_empty() {
            member.is_stepping = true;
            let (pending, bytes) = member.hand_over();
            seats.waiting_bytes -= bytes;
            return Taken::Transactions(pending);
        }
        if is_overdue || member.round != round {
            member.round = round;
            return Taken::Store(shown, time);
        }
        Taken::Nothing(is_settled)
    }

    /// Tells that what was taken is done and durable; `version` is that of the query's last commit, and `timing` its time
    /// after a step, if it has functions of time.
    pub(crate) fn done(&self, version: Version, timing: Option<Timing>) {
        let mut seats = self.router.seats();
        let Some(member) = seats.members.get_mut(&self.number).filter(|member| !member.is_dismissed) else {
            return;
        };
        (member.version, member.is_stepping) = (version, false);
        member.set_mark(&self.router.shared.marks, &self.router.cursor);
        if let Some(timing) = timing {
            seats.know(self.number, timing);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.router.seats();
        seats.dismiss(&self.router.shared.marks, self.number);
        seats.members.remove(&self.number);
    }
}
