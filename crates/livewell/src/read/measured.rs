//! What was measured of a running Livewell, for metrics.

use crate::component::measures::{Cause, Outcome};
use crate::component::shared::Shared;
use crate::component::state::ComponentKind;
use livewell_store::{Commits, Histogram, Usage};

/// What was measured of all components together, since the start of the process.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// How long the steps of queries took, each of as many transactions as a query took in at once.
    pub steps: Histogram,
    /// From when a source took in a transaction to when what it caused in a query was durable: of the newest transaction
    /// of each commit that has results.
    pub results: Histogram,
    /// The commits to the store.
    pub commits: Commits,
    /// The room that the store takes.
    pub usage: Usage,
    /// How often consumers of each kind could not simply continue, why, and what they did: all combinations, in their
    /// order.
    pub recoveries: Vec<(ComponentKind, Cause, Outcome, u64)>,
    /// How many resets of components of each kind were asked for.
    pub resets: Vec<(ComponentKind, u64)>,
    /// How many components wait for a disk at the moment.
    pub waiting_for_disk: u64,
}

/// Returns what was measured so far.
pub(crate) fn measured(shared: &Shared) -> Measured {
    let measures = &shared.measures;
    let mut recoveries = Vec::new();
    for kind in [ComponentKind::Query, ComponentKind::Reaction] {
        for cause in Cause::ALL {
            let outcomes = Outcome::ALL.into_iter();
            recoveries.extend(
                outcomes.map(|outcome| (kind, cause, outcome, measures.recoveries(kind, cause, outcome))),
            );
        }
    }
    Measured {
        steps: measures.steps.histogram(),
        results: measures.results.histogram(),
        commits: shared.group.measured(),
        usage: shared.store.usage(),
        recoveries,
        resets: ComponentKind::ALL.into_iter().map(|kind| (kind, measures.resets(kind))).collect(),
        waiting_for_disk: shared.roster().stalled(),
    }
}
