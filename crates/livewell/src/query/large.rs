//! A transaction that is larger than memory: the engine steps over its parts, and their net effect is one result in one
//! commit.
//!
//! An operator is right after any sequence of changes, and so after the parts. The states between two parts are not
//! visible, with two exceptions: functions of time would remember them, and an expression may fail for values that
//! exist only in between. Queries with these take the whole transaction in memory.

use crate::Error;
use crate::feed::elements::{self, Lens};
use crate::feed::follow::{Group, Item};
use crate::feed::parts::each_part;
use crate::query::net::Net;
use crate::query::pipeline::Pipeline;
use crate::query::state::QueryState;
use livewell_model::{AppliedTransaction, Timestamp};
use livewell_store::{Feed, Overlay, Snapshot};
use std::sync::Arc;

impl Pipeline {
    /// Steps over the group in parts or, if that is not possible, as a whole.
    pub(super) fn step_large(
        &self,
        snapshot: &Arc<dyn Snapshot>,
        group: &Group,
        lenses: &[Lens],
    ) -> Result<QueryState, Error> {
        if !self.engine.tells_time() {
            let mut state = self.state(snapshot)?;
            match self.step_parts(&mut state, snapshot, group, lenses) {
                // As a whole it needs more memory and time.
                Err(error) if error.is_over_budget() || error.is_cancelled() => return Err(error),
                Err(error) if error.kind != crate::ErrorKind::Storage => {
                    tracing::debug!(query = %self.component.id, %error, "stepping over a large transaction whole");
                }
                stepped => return stepped.map(|()| state),
            }
        }
        let mut state = self.state(snapshot)?;
        let whole = whole(snapshot, group, lenses)?;
        self.step_one(&mut state, &elements::transaction(&whole, lenses)?)?;
        Ok(state)
    }

    /// Returns the query's present state, for a step.
    pub(super) fn state(&self, snapshot: &Arc<dyn Snapshot>) -> Result<QueryState, Error> {
        let head = self.head(snapshot)?;
        let (number, generation) = (self.component.number, head.generation);
        let state = QueryState::new(Overlay::new(snapshot.clone()), number, generation, head);
        Ok(state.within(self.meter(), &self.engine))
    }

    fn step_parts(
        &self,
        state: &mut QueryState,
        snapshot: &Arc<dyn Snapshot>,
        group: &Group,
        lenses: &[Lens],
    ) -> Result<(), Error> {
        let store = &*self.shared.store;
        let (mut net, mut told) = (Net::new()?, Timestamp(i64::MIN));
        state.head.position = group.position;
        for item in &group.items {
            let lens = &lenses[item.upstream];
            let entry = (item.epoch, item.entry.sequence);
            each_part(&feed(snapshot, lens)?, entry, lens, |timestamp, changes| {
                told = told.max(timestamp);
                let timestamp = state.head.timestamp.max(told);
                let (sequence, position) = (item.entry.sequence, group.position);
                let part = AppliedTransaction { sequence, position, timestamp, changes };
                let diffs = self.engine.step(state, &part).map_err(|error| self.name(error, &part))?;
                state.head.timestamp = timestamp;
                net.add(diffs, store)?;
                state.overlay.relieve(store)?;
                Ok(state.check()?)
            })?;
        }
        net.put(state, self.component.number, told, store)
    }
}

/// Returns the group with all of its entries read to their ends.
fn whole(snapshot: &Arc<dyn Snapshot>, group: &Group, lenses: &[Lens]) -> Result<Group, Error> {
    let mut items = Vec::with_capacity(group.items.len());
    for item in &group.items {
        let mut entry = item.entry.clone();
        feed(snapshot, &lenses[item.upstream])?.complete(item.epoch, &mut entry)?;
        items.push(Item { entry, ..*item });
    }
    Ok(Group { position: group.position, items })
}

fn feed(snapshot: &Arc<dyn Snapshot>, lens: &Lens) -> Result<Feed, Error> {
    crate::feed::follow::open(snapshot, &lens.upstream)
}
