//! Reactions that write the live results as a whole: reactions that take snapshots, and reactions that are rebuilt.

use crate::Error;
use crate::component::state::State;
use crate::feed::follow;
use crate::reaction::dead_letters;
use crate::reaction::deliver::{Delivery, Moved, wrap};
use crate::run::recovery::{Decision, Keeps, broken, code, of_state};
use livewell_model::Row;
use livewell_reaction::SnapshotOf;
use livewell_reaction::attempts::{Place, What};
use livewell_store::head::Building;
use livewell_store::{LiveSnapshot, Resume, Snapshot};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The shortest time between two snapshots while changes keep coming.
const REPLACE_PAUSE_MAX: Duration = Duration::from_secs(1);

impl Delivery {
    /// Writes the live results as a whole if they have changed; returns false if they have not.
    pub(super) fn step_snapshot(&mut self, snapshot: &Arc<dyn Snapshot>) -> Result<bool, Error> {
        let upstream = &self.upstreams[0];
        let feed = follow::open(snapshot, upstream)?;
        if feed.head.building == Some(Building::New) {
            // The base does not exist yet.
            return Ok(false);
        }
        let checkpoint = self.checkpoint(snapshot, 0)?;
        match feed.resume(&checkpoint)? {
            Resume::Follow if checkpoint.sequence == feed.head.sequence && !self.rebuild => return Ok(false),
            Resume::Follow | Resume::Changed { .. } => {}
            resume if of_state(&resume, self.recovery) == Decision::Stop && !self.rebuild => {
                self.count_recovery(&resume, Decision::Stop);
                return Err(broken(&self.component.id, &upstream.id, &resume, Keeps::State));
            }
            resume => {
                self.count_recovery(&resume, Decision::Rebuild);
                tracing::warn!(reaction = %self.component.id, query = %upstream.id, code = code(&resume), "rebuilding from the live results");
            }
        }
        self.component.set(State::Running);
        let pause = self.not_before.saturating_duration_since(Instant::now());
        if !pause.is_zero() && !self.shared.is_stopping(&self.component) {
            self.component.bell.wait(pause);
            return Ok(true);
        }
        self.replace(snapshot, &LiveSnapshot(feed)).map(|()| true)
    }

    fn replace(&mut self, snapshot: &Arc<dyn Snapshot>, live: &LiveSnapshot) -> Result<(), Error> {
        let began = Instant::now();
        let upstream = &self.upstreams[0];
        let head = live.0.head.clone();
        let columns = live.0.epoch()?.columns;
        let mut rows = live.rows()?.map(|row| {
            let (signature, bytes) = row?;
            Ok((signature, Row::decode(&bytes)?.columns))
        });
        let begun = self.notes.begin();
        let detail = self.reaction.replace(SnapshotOf {
            query_id: &upstream.id,
            epoch: head.epoch,
            sequence: head.sequence,
            position: head.position,
            columns: &columns,
            rows: &mut rows,
        });
        self.notes.tried(&begun, &detail, |_| {
            let (query_id, epoch, sequence) = (upstream.id.as_str().into(), head.epoch, head.sequence);
            Some(What::Rows(Place { query_id, epoch, sequence }))
        });
        let detail = detail.map_err(wrap(&self.component.id))?;
        drop(rows);
        self.backoff.has_answered();
        self.not_before = Instant::now() + (began.elapsed() * 4).min(REPLACE_PAUSE_MAX);
        let dead = self.reaction.dead();
        // Letters are stored first; then the snapshot is given again.
        let is_replaced = dead.is_empty();
        self.rebuild &= !is_replaced;
        let mut moved = Moved::new();
        if is_replaced {
            self.count_effects([head.position]);
            moved.insert(0, (head.epoch, head.sequence, head.position));
        }
        self.commit_with(snapshot, &moved, &detail, |overlay| {
            dead_letters::put(overlay, &self.component, self.shared.clock.now(), &dead)
        })
    }
}
