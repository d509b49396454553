//! A query that has caught up, with a seat at a router: it steps over what concerns it, and stores from time to time how
//! far it is.

use crate::Error;
use crate::component::marks::Shown;
use crate::component::state::State;
use crate::feed::{follow, retention};
use crate::query::pipeline::Pipeline;
use crate::query::state::QueryState;
use crate::router::{Seat, Shows, Taken};
use crate::run::supervise::caught_up;
use livewell_model::Timestamp;
use livewell_store::checkpoint::Checkpoint;
use livewell_store::{Overlay, Snapshot, Version, compare};
use std::time::{Duration, Instant};

/// After so long a query stores how far it is, even if nothing has concerned it.
const STORE_EVERY: Duration = Duration::from_secs(10);

impl Pipeline {
    /// Takes a seat, if there is one, and works there. Returns once the query has to read alone again; false
    /// without a seat.
    pub(super) fn work_seated(&self) -> Result<bool, Error> {
        let Some(seat) = self.seat()? else { return Ok(false) };
        let (bells, bell) = (&self.shared.bells, &self.component.bell);
        self.component.follows.iter().for_each(|feed| bells.unlisten(*feed, bell));
        let worked = self.work_at(&seat);
        self.component.follows.iter().for_each(|feed| bells.listen(*feed, bell));
        worked.map(|()| true)
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

    fn seat(&self) -> Result<Option<Seat>, Error> {
        let Some(attached) = self.attached.as_ref().filter(|attached| attached.is_open()) else {
            return Ok(None);
        };
        let snapshot = self.shared.store.snapshot()?;
        let version = compare::read_version(&*snapshot, self.component.number)?;
        let checkpoints = self.checkpoints(&*snapshot)?;
        Ok(attached.router().sit(&self.component, attached.interest(), checkpoints, version))
    }

    fn work_at(&self, seat: &Seat) -> Result<(), Error> {
        let component = &self.component;
        let mut stored = Instant::now();
        while !self.shared.is_interrupted(component) {
            self.shared.damages.check(component.number)?;
            match seat.take(stored.elapsed() >= STORE_EVERY) {
                Taken::Transactions(shown) => {
                    component.set(State::Running);
                    let Some(version) = self.step_shown(&shown)? else { return Ok(()) };
                    seat.done(version);
                    stored = Instant::now();
                }
                Taken::Store(shown, time) => {
                    self.store(seat, &shown, time)?;
                    stored = Instant::now();
                }
                Taken::Nothing(is_all) => {
                    if is_all {
                        self.rest();
                    }
                    component.bell.wait(STORE_EVERY.saturating_sub(stored.elapsed()));
                }
                Taken::Dismissed => return Ok(()),
            }
        }
        // Who reads the store without this process sees then that nothing is left to do.
        if let Taken::Store(shown, time) = seat.take(true) {
            self.store(seat, &shown, time)?;
        }
        Ok(())
    }

    /// Steps over transactions that concern the query. Returns `None` if it has to go on alone: there is no room, or a
    /// step has failed, which it then does there.
    fn step_shown(&self, shown: &[Shows]) -> Result<Option<Version>, Error> {
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
        let version = self.commit(&snapshot, state)?;
        self.shared.bells.ring(self.component.number);
        Ok(Some(version))
    }

    /// Stores that the query has taken in everything that was shown, up to this time.
    fn store(&self, seat: &Seat, shown: &Shown, time: Timestamp) -> Result<(), Error> {
        let snapshot = self.shared.store.snapshot()?;
        let stored = self.checkpoints(&*snapshot)?;
        if stored.iter().zip(shown).all(|(stored, (_, shown))| stored.sequence >= shown.sequence) {
            return Ok(());
        }
        let mut head = self.head(&snapshot)?;
        head.position = shown.iter().map(|(_, shown)| shown.position).fold(head.position, u64::max);
        head.timestamp = head.timestamp.max(time);
        let mut overlay = Overlay::new(snapshot.clone());
        self.put_shown(&*snapshot, &mut overlay, shown)?;
        let state = QueryState::new(overlay, self.component.number, head.generation, head);
        seat.done(self.commit(&snapshot, state)?);
        Ok(())
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
