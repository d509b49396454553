//! What was measured of a running Livewell, for metrics.

use crate::component::measures::{Cause, Outcome};
use crate::component::shared::Shared;
use crate::component::state::ComponentKind;
use livewell_store::{Commits, Histogram, Usage};
use std::sync::atomic::Ordering;

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

/// What all components together have done since the start of the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Transactions that sources have taken in.
    pub taken: u64,
    /// Results that queries have put out.
    pub put_out: u64,
    /// Results that reactions have delivered.
    pub delivered: u64,
    /// Failures.
    pub failures: u64,
}

/// Returns what all components have done so far, without reading the store.
pub(crate) fn totals(shared: &Shared) -> Totals {
    let mut totals = Totals::default();
    for component in shared.roster().all() {
        let (entries, _) = component.committed();
        match component.kind {
            ComponentKind::Source => totals.taken += entries,
            ComponentKind::Query => totals.put_out += entries,
            ComponentKind::Reaction => totals.delivered += entries,
        }
        totals.failures += component.failures.load(Ordering::Relaxed);
    }
    totals
}
