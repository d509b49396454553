//! A query that has caught up, with a seat at a router: it steps over what concerns it, and stores from time to time how
//! far it is.

use crate::Error;
use crate::component::marks::Shown;
use crate::component::state::State;
use crate::feed::{follow, retention};
use crate::query::pipeline::{Pipeline, Submitted};
use crate::query::state::QueryState;
use crate::router::{Seat, Shows, Taken, Timing, Touch};
use crate::run::supervise::caught_up;
use livewell_model::{AppliedTransaction, Timestamp};
use livewell_store::checkpoint::Checkpoint;
use livewell_store::{Overlay, Snapshot, Version, compare};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// After so long a query stores how far it is, even if nothing has concerned it.
const STORE_EVERY: Duration = Duration::from_secs(10);

/// A query's place at a router.
pub(super) struct Seated {
    seat: Seat,
    /// When it last stored how far it is.
    stored: Instant,
    /// Its time after what it has stepped over, if it has functions of time.
    timing: Option<Timing>,
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

impl Pipeline {
    /// Takes a seat, if there is one.
    pub(super) fn sit(&self) -> Result<Option<Seated>, Error> {
        let Some(attached) = self.attached.as_ref().filter(|attached| attached.is_open()) else {
            return Ok(None);
        };
        let snapshot = self.shared.store.snapshot()?;
        let version = compare::read_version(&*snapshot, self.component.number)?;
        let checkpoints = self.checkpoints(&*snapshot)?;
        let timing = self.timing(&self.state(&snapshot)?)?;
        let at = (version, timing, self.engine.tells_time());
        let seat = attached.router().sit(&self.component, attached.interest(), checkpoints, at);
        Ok(seat.map(|seat| {
            self.component.follows.iter().for_each(|feed| self.unlisten(*feed));
            self.announce_timer(timing);
            Seated { seat, stored: Instant::now(), timing: None, is_leaving: false }
        }))
    }

    /// Tells the router of a commit, which is durable.
    pub(super) fn done(&self, seated: &mut Seated, version: Version) {
        seated.stored = Instant::now();
        let timing = seated.timing.take();
        if let Some(timing) = timing {
            self.announce_timer(timing);
        }
        seated.seat.done(version, timing);
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
            tracing::warn!(query = %component.id, code = error.code, "old epochs stay for now: {error}");
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
                    return Ok(self.step_shown(seated, shown)?.map_or(Turn::Left, Turn::Stepped));
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

    /// Steps over what the query is shown. Returns `None` if it has to go on alone: there is no room, or a step has failed,
    /// which it then does there.
    fn step_shown(&self, seated: &mut Seated, shown: Vec<Shows>) -> Result<Option<Submitted>, Error> {
        let began = Instant::now();
        let snapshot = self.shared.store.snapshot()?;
        let mut state = self.state(&snapshot)?;
        let room =
            retention::room(&self.shared, &self.component, &self.settings.outbox, &*snapshot, &state.head)?;
        let sequence_max = state.head.sequence.saturating_add(room);
        let mut after = None;
        for shows in shown {
            after = self.step_shows(&mut state, shows, sequence_max)?;
            if after.is_none() {
                return Ok(None);
            }
        }
        if let Some(after) = after {
            self.put_shown(&*snapshot, &mut state.overlay, &after)?;
        }
        seated.timing = self.engine.tells_time().then(|| self.timing(&state)).transpose()?;
        let submitted = self.submit(&snapshot, state)?;
        Ok(Some(submitted.since(began, &self.shared.measures.steps)))
    }

    /// Steps over a transaction, or over those of several by whose times timers are due. Returns how far everything is
    /// read with it.
    fn step_shows(
        &self,
        state: &mut QueryState,
        shows: Shows,
        sequence_max: u64,
    ) -> Result<Option<Arc<Shown>>, Error> {
        let mut passage = match shows {
            Shows::Touches(Touch { transaction, after, time, .. }) => {
                let is_stepped = self.step_if_room(state, &transaction, time, sequence_max);
                return Ok(is_stepped.then_some(after));
            }
            Shows::Passes(passage) => passage,
        };
        while let Timing { own, due: Some(due) } = self.timing(state)?
            && let Some((transaction, time)) = passage.reach(due, own)
        {
            if !self.step_if_room(state, &transaction, time, sequence_max) {
                return Ok(None);
            }
        }
        let (position, time) = passage.end();
        state.head.position = state.head.position.max(position);
        state.head.timestamp = state.head.timestamp.max(time);
        Ok(Some(Arc::new(passage.after())))
    }

    /// Steps over a transaction, before which others were up to this time. Returns false if there is no room, or if the
    /// step has failed.
    fn step_if_room(
        &self,
        state: &mut QueryState,
        transaction: &AppliedTransaction,
        time: Timestamp,
        sequence_max: u64,
    ) -> bool {
        if state.head.sequence >= sequence_max || self.is_much(state) {
            return false;
        }
        state.head.timestamp = state.head.timestamp.max(time);
        let stepped = self.step_one(state, transaction);
        if let Err(error) = &stepped {
            tracing::debug!(query = %self.component.id, %error, "stepping alone");
        }
        stepped.is_ok()
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
