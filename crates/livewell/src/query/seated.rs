//! A query that has caught up, with a seat at a router: it steps over what concerns it, and stores from time to time how
//! far it is.

use crate::Error;
use crate::component::marks::Shown;
use crate::component::state::State;
use crate::feed::{follow, retention};
use crate::query::pipeline::{Pipeline, Submitted};
use crate::query::state::QueryState;
use crate::router::{Seat, Shows, Taken};
use crate::run::supervise::caught_up;
use livewell_model::Timestamp;
use livewell_store::checkpoint::Checkpoint;
use livewell_store::{Overlay, Snapshot, Version, compare};
use std::time::{Duration, Instant};

/// After so long a query stores how far it is, even if nothing has concerned it.
const STORE_EVERY: Duration = Duration::from_secs(10);

/// A query's place at a router.
pub(super) struct Seated {
    seat: Seat,
    /// When it last stored how far it is.
    stored: Instant,
    /// Whether it stores that for the last time.
    is_leaving: bool,
}

/// What a turn on a seat has come to.
pub(super) enum Turn {
    /// Something was taken in.
    Stepped(Submitted),
    /// How far it is will be stored.
    Stored(Submitted),
    /// Nothing is left to do, for so long.
    Idle(Duration),
    /// The query has to read alone again.
    Left,
}

impl Seated {
    /// Tells the router of a commit, which is durable.
    pub(super) fn done(&mut self, version: Version) {
        self.stored = Instant::now();
        self.seat.done(version);
    }
}

impl Pipeline {
    /// Takes a seat, if there is one.
    pub(super) fn sit(&self) -> Result<Option<Seated>, Error> {
        let Some(attached) = self.attached.as_ref().filter(|attached| attached.is_open()) else {
            return Ok(None);
        };
        let snapshot = self.shared.store.snapshot()?;
        let version = compare::read_version(&*snapshot, self.component.number)?;
        let checkpoints = self.checkpoints(&*snapshot)?;
        let seat = attached.router().sit(&self.component, attached.interest(), checkpoints, version);
        Ok(seat.map(|seat| {
            self.component.follows.iter().for_each(|feed| self.unlisten(*feed));
            Seated { seat, stored: Instant::now(), is_leaving: false }
        }))
    }

    /// Listens to the sources again.
    pub(super) fn leave(&self, seated: Seated) {
        self.component.follows.iter().for_each(|feed| self.listen(*feed));
        drop(seated);
    }

    pub(super) fn listen(&self, feed: u32) {
        self.shared.bells.listen(feed, &self.component.bell);
    }

    pub(super) fn unlisten(&self, feed: u32) {
        self.shared.bells.unlisten(feed, &self.component.bell);
    }

    /// Shows that nothing is left to do.
    pub(super) fn rest(&self) {
        let component = &self.component;
        if component.state() != State::CaughtUp
            && let Err(error) = self.drop_drained()
        {
            tracing::warn!(query = %component.id, "old epochs stay for now: {error}");
        }
        caught_up(&self.shared, component);
    }

    /// Does what is to be done on a seat.
    pub(super) fn turn_seated(&self, seated: &mut Seated) -> Result<Turn, Error> {
        let component = &self.component;
        if self.shared.is_interrupted(component) {
            return self.store_last(seated);
        }
        self.shared.damages.check(component.number)?;
        loop {
            match seated.seat.take(seated.stored.elapsed() >= STORE_EVERY) {
                Taken::Transactions(shown) => {
                    component.set(State::Running);
                    return Ok(self.step_shown(&shown)?.map_or(Turn::Left, Turn::Stepped));
                }
                Taken::Store(shown, time) => {
                    seated.stored = Instant::now();
                    if let Some(submitted) = self.store(&shown, time)? {
                        return Ok(Turn::Stored(submitted));
                    }
                }
                Taken::Nothing(is_all) => {
                    if is_all {
                        self.rest();
                    }
                    return Ok(Turn::Idle(STORE_EVERY.saturating_sub(seated.stored.elapsed())));
                }
                Taken::Dismissed => return Ok(Turn::Left),
            }
        }
    }

    /// Stores how far the query is before it leaves: who reads the store without this process sees then that nothing is
    /// left to do.
    fn store_last(&self, seated: &mut Seated) -> Result<Turn, Error> {
        if std::mem::replace(&mut seated.is_leaving, true) {
            return Ok(Turn::Left);
        }
        let Taken::Store(shown, time) = seated.seat.take(true) else { return Ok(Turn::Left) };
        Ok(self.store(&shown, time)?.map_or(Turn::Left, Turn::Stored))
    }

    /// Steps over transactions that concern the query. Returns `None` if it has to go on alone: there is no room, or a
    /// step has failed, which it then does there.
    fn step_shown(&self, shown: &[Shows]) -> Result<Option<Submitted>, Error> {
        let snapshot = self.shared.store.snapshot()?;
        let head = self.head(&snapshot)?;
        let room = retention::room(&self.shared, &self.component, &self.settings.outbox, &*snapshot, &head)?;
        let (generation, sequence_max) = (head.generation, head.sequence.saturating_add(room));
        let overlay = Overlay::new(snapshot.clone());
        let state = QueryState::new(overlay, self.component.number, generation, head);
        let mut state = state.within(self.meter());
        for one in shown {
            if state.head.sequence >= sequence_max || self.is_much(&state) {
                return Ok(None);
            }
            state.head.timestamp = state.head.timestamp.max(one.time);
            if let Err(error) = self.step_one(&mut state, &one.transaction) {
                tracing::debug!(query = %self.component.id, %error, "stepping alone");
                return Ok(None);
            }
        }
        if let Some(last) = shown.last() {
            self.put_shown(&*snapshot, &mut state.overlay, &last.after)?;
        }
        self.submit(&snapshot, state).map(Some)
    }

    /// Stores that the query has taken in everything that was shown, up to this time; `None` if that is stored.
    fn store(&self, shown: &Shown, time: Timestamp) -> Result<Option<Submitted>, Error> {
        let snapshot = self.shared.store.snapshot()?;
        let stored = self.checkpoints(&*snapshot)?;
        if stored.iter().zip(shown).all(|(stored, (_, shown))| stored.sequence >= shown.sequence) {
            return Ok(None);
        }
        let mut head = self.head(&snapshot)?;
        head.position = shown.iter().map(|(_, shown)| shown.position).fold(head.position, u64::max);
        head.timestamp = head.timestamp.max(time);
        let mut overlay = Overlay::new(snapshot.clone());
        self.put_shown(&*snapshot, &mut overlay, shown)?;
        let state = QueryState::new(overlay, self.component.number, head.generation, head);
        self.submit(&snapshot, state).map(Some)
    }

    fn put_shown(&self, snapshot: &dyn Snapshot, overlay: &mut Overlay, shown: &Shown) -> Result<(), Error> {
        for (stored, (upstream, shown)) in self.checkpoints(snapshot)?.into_iter().zip(shown) {
            let checkpoint = Checkpoint { sequence: shown.sequence, position: shown.position, ..stored };
            overlay.put(Checkpoint::key(self.component.number, *upstream), checkpoint.encode());
        }
        Ok(())
    }

    fn checkpoints(&self, snapshot: &dyn Snapshot) -> Result<Vec<Checkpoint>, Error> {
        let of = |upstream| follow::checkpoint(snapshot, self.component.number, upstream);
        self.upstreams.iter().map(of).collect()
    }
}
