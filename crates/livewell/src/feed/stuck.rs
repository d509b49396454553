//! Finds out whether feeds come no further by themselves, so that nobody waits for them.

use super::follow::Upstream;
use super::reading::Reading;
use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::component::state::{ComponentKind, State};
use livewell_store::Snapshot;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A component that was stopped longer ago is not about to be started again.
const STOPPED: Duration = Duration::from_secs(5);

/// How far the upstreams of a query are, compared with a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All of them are there.
    There,
    /// Some are not, and will be.
    Coming,
    /// Some are not, and none of these will be until a person acts.
    Stuck,
}

/// Returns how far these upstreams are.
pub(crate) fn reach(
    shared: &Shared,
    snapshot: &Arc<dyn Snapshot>,
    upstreams: &[Upstream],
    position: u64,
) -> Result<Reach, Error> {
    let mut reading = Reading::new(&**snapshot, &shared.marks);
    reach_of(shared, &mut reading, upstreams.iter().map(|upstream| upstream.number), position)
}

fn reach_of(
    shared: &Shared,
    reading: &mut Reading<'_>,
    feeds: impl Iterator<Item = u32>,
    position: u64,
) -> Result<Reach, Error> {
    let mut all = Reach::There;
    for feed in feeds {
        if reading.frontier(feed)? < position {
            if !is_stuck(shared, reading, feed, position)? {
                return Ok(Reach::Coming);
            }
            all = Reach::Stuck;
        }
    }
    Ok(all)
}

/// Returns whether a feed that is not at the position will not come there by itself.
fn is_stuck(shared: &Shared, reading: &mut Reading<'_>, feed: u32, position: u64) -> Result<bool, Error> {
    let (component, is_held) = {
        let roster = shared.roster();
        let held =
            |follower: &Arc<Component>| follower.kind == ComponentKind::Query && is_at_rest(shared, follower);
        (roster.numbered(feed).cloned(), roster.followers(feed).any(held))
    };
    let Some(component) = component else { return Ok(true) };
    // A full outbox waits for a query that does not run.
    if is_at_rest(shared, &component) || component.state() == State::Waiting && is_held {
        return Ok(true);
    }
    let above: Vec<u32> = reading.reached(feed)?.keys().copied().collect();
    Ok(reach_of(shared, reading, above.into_iter(), position)? == Reach::Stuck)
}

/// Returns whether a component does nothing until a person acts.
fn is_at_rest(shared: &Shared, component: &Component) -> bool {
    match component.state() {
        State::Error | State::Paused => true,
        State::Stopped => {
            !shared.stopping.load(Ordering::Acquire) && component.last_progress().elapsed() > STOPPED
        }
        _ => false,
    }
}
