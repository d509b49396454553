//! Looks at all components once a second, for what is measured and for what streams show. What only streams show is not made
//! while there is none.

use super::graph::{SHOWN_MAX, counts};
use super::needs;
use super::node::Node;
use crate::api::context::{Api, Shared};
use crate::api::pulse::{Beat, Counted, Shown};
use livewell::clock::{Clock, SystemClock};
use livewell::{ComponentKind, Error, Overview, Status, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use xxhash_rust::xxh3::xxh3_64;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);

/// Looks once a second. Does not end.
pub async fn run(api: &Shared) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = api.pulse.watched() => {}
        }
        let api = api.clone();
        match tokio::task::spawn_blocking(move || look(&api)).await {
            Ok(Ok(())) => {}
            // The next look may do, and calls say what is wrong with the store.
            Ok(Err(error)) => tracing::debug!(code = error.code, "no look at the components: {error}"),
            Err(error) => tracing::debug!("no look at the components: {error}"),
        }
    }
}

fn look(api: &Api) -> Result<(), Error> {
    let overview = api.livewell.overview(SHOWN_MAX)?;
    let at = SystemClock.now();
    let components = if overview.is_whole { components(api, &overview.shown) } else { Vec::new() };
    api.pulse.measure(at, all(api, &overview), components);
    if api.pulse.is_watched() {
        show(api, at, &overview);
    }
    Ok(())
}

/// Shows streams what was seen.
fn show(api: &Api, at: Timestamp, overview: &Overview) {
    let needs = needs::found(api, &overview.shown).len();
    let edges = overview.edges.iter().flat_map(|(from, to)| [from.as_str(), " ", to, "\n"]);
    let edges = xxh3_64(edges.collect::<String>().as_bytes());
    let counts = serde_json::to_string(&counts(overview)).expect("it is JSON");
    let config = api.config();
    let shown = |status: &Status| {
        let node = Node::of(&config, status);
        let json = serde_json::to_string(&node).expect("it is JSON");
        Arc::new(Shown { id: node.id, json })
    };
    let shown = overview.shown.iter().map(shown).collect();
    let Overview { total, is_whole, .. } = *overview;
    api.pulse.show(Beat { at, total, is_whole, counts, shown, edges, needs });
}

/// Returns what is counted of all components together.
fn all(api: &Api, overview: &Overview) -> Counted {
    let totals = api.livewell.totals();
    let shown = || overview.shown.iter();
    let queries = || shown().filter(|one| one.kind == ComponentKind::Query);
    Counted {
        taken: Some(totals.taken),
        out: Some(totals.put_out),
        failures: totals.failures,
        lag: overview.is_whole.then(|| shown().map(|one| one.lag).max().unwrap_or_default()),
        unread: overview.is_whole.then(|| queries().map(|one| one.unread).sum()),
        took: Some(api.livewell.latency()),
    }
}

fn components(api: &Api, shown: &[Status]) -> Vec<(String, Counted)> {
    let took = |one: &Status| {
        let is_reaction = one.kind == ComponentKind::Reaction;
        is_reaction.then(|| api.livewell.effects(&one.id)).flatten()
    };
    shown.iter().map(|one| (one.id.clone(), Counted::of(one, took(one)))).collect()
}
