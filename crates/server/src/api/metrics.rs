//! `GET /metrics`: how many components there are and the state of each, up to a number of them, in the text format of
//! Prometheus.

use super::broken_off::broken_off;
use super::context::{Api, Shared};
use super::guesses::Counts;
use super::problem::Problem;
use crate::panics;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use livewell::{ComponentKind, Page, ScrubStatus, State as Doing, Status};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;
type Values = Family<Labels, Gauge<f64, AtomicU64>>;

/// A metric of a component: its name, its description, and how it is read from a status.
type Measure = (&'static str, &'static str, fn(&Status) -> Option<f64>);

const MEASURES: &[Measure] = &[
    ("sequence", "The last sequence of a source or query; the last one a reaction has delivered", |one| {
        Some(one.sequence as f64)
    }),
    ("position", "The last position of the store that is taken in", |one| Some(one.position as f64)),
    ("lag_sequences", "Sequences of what it follows that are still before it", |one| Some(one.lag as f64)),
    ("lag_seconds", "How far it is behind, in seconds of its transactions' time", |one| {
        Some(one.lag_seconds)
    }),
    ("rows", "A query's rows, a source's elements", |one| {
        (one.kind != ComponentKind::Reaction).then_some(one.rows as f64)
    }),
    ("log_entries", "Entries of its log or outbox that are kept", |one| {
        (one.kind != ComponentKind::Reaction).then_some(one.log_entries as f64)
    }),
    ("parked", "Input that a source has set aside", |one| {
        (one.kind == ComponentKind::Source).then_some(one.parked as f64)
    }),
    ("dead_letters", "What a reaction's target would not take", |one| {
        (one.kind == ComponentKind::Reaction).then_some(one.dead_letters as f64)
    }),
    ("without_effect", "Transactions since the start that changed nothing", |one| {
        (one.kind == ComponentKind::Source).then_some(one.without_effect as f64)
    }),
    (
        "clock_behind_seconds",
        "How far the machine's clock was behind the newest time in a source's log, in seconds",
        |one| (one.kind == ComponentKind::Source).then_some(one.clock_behind_seconds),
    ),
    ("failures", "Failures since it was started", |one| Some(one.failures as f64)),
    (
        "source_checked",
        "1 if everything a source holds is known to be what its upstream has, else 0",
        |one| {
            let checked = one.checked.filter(|_| one.kind == ComponentKind::Source)?;
            Some(f64::from(u8::from(checked)))
        },
    ),
    ("source_behind_bytes", "Bytes of its upstream's log or files that are still before a source", |one| {
        Some(one.upstream.as_ref()?.behind_bytes? as f64)
    }),
    ("source_behind_messages", "Messages of its upstream's stream that are still before a source", |one| {
        Some(one.upstream.as_ref()?.behind_messages? as f64)
    }),
    ("source_kept_bytes", "Bytes of its log that the upstream keeps for a source", |one| {
        Some(one.upstream.as_ref()?.kept_bytes? as f64)
    }),
    (
        "source_safe_bytes",
        "Bytes that the upstream can still write before it may drop what a source needs; absent without a limit",
        |one| Some(one.upstream.as_ref()?.safe_bytes? as f64),
    ),
    ("source_copy_rows", "Rows that the copy under way has read; absent without one", |one| {
        Some(one.upstream.as_ref()?.copy.as_ref()?.rows as f64)
    }),
    (
        "source_last_commit_timestamp_seconds",
        "When the last transaction that a source took in was committed, in seconds since 1970",
        |one| Some(one.upstream.as_ref()?.last_commit?.0 as f64 / 1e9),
    ),
];

/// Returns the metrics.
pub async fn get(State(api): State<Shared>) -> Result<impl IntoResponse, Problem> {
    let text = tokio::task::spawn_blocking(move || text(&api)).await;
    Ok(([(header::CONTENT_TYPE, TEXT)], text.map_err(|error| broken_off(&error))??))
}

fn text(api: &Api) -> Result<String, Problem> {
    let mut registry = Registry::with_prefix("livewell");
    let measured = measured(api)?;
    components(&mut registry, &measured);
    totals(&mut registry, &api.livewell.counts(), measured.len());
    let Counts { wrong, held_off } = api.guesses.counts();
    count(&mut registry, "wrong_tokens", "Calls that were refused for a wrong token", wrong);
    let help = "Calls that were refused without a look at their token, for the wrong ones before";
    count(&mut registry, "held_off_tokens", help, held_off);
    count(&mut registry, "panics", "Panics since the start, of components and of calls", panics::count());
    scrub(&mut registry, &api.livewell.scrubbed());
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| Problem::new(500, "LW0300", error.to_string()))?;
    Ok(text)
}

/// Returns the components that have series of their own: sources and reactions before queries, then by id.
fn measured(api: &Api) -> Result<Vec<Status>, Problem> {
    let mut measured = Vec::new();
    for kind in [ComponentKind::Source, ComponentKind::Reaction, ComponentKind::Query] {
        let limit = api.components_measured.saturating_sub(measured.len());
        if limit > 0 {
            let page = Page { kind: Some(kind), state: None, after: None, limit };
            measured.extend(api.livewell.statuses(&page)?);
        }
    }
    Ok(measured)
}

/// Adds how many components of each kind are in each state, and how many of them have no series of their own.
fn totals(registry: &mut Registry, counts: &livewell::Counts, measured: usize) {
    let values = Values::default();
    for kind in ComponentKind::ALL {
        for state in Doing::ALL {
            let labels = vec![("kind", kind.noun().to_owned()), ("state", state.name().to_owned())];
            let count = counts.get(&(kind, state)).copied().unwrap_or(0);
            values.get_or_create(&labels).set(count as f64);
        }
    }
    registry.register(
        "components",
        "How many components of a kind are in a state, all of them counted",
        values,
    );
    let without: Gauge<f64, AtomicU64> = Gauge::default();
    without.set(counts.values().sum::<u64>().saturating_sub(measured as u64) as f64);
    let help = "Components without series of their own, which are more than `server.metrics.components`";
    registry.register("components_without_series", help, without);
}

fn count(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let counter: Counter = Counter::default();
    counter.inc_by(value);
    registry.register(name, help, counter);
}

/// Adds the progress of the scrub, which checks the store in the background.
fn scrub(registry: &mut Registry, status: &ScrubStatus) {
    let mut gauge = |name: &str, help: &str, value: f64| {
        let gauge: Gauge<f64, AtomicU64> = Gauge::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    };
    gauge("scrub_running", "1 while a round of the scrub is on its way", f64::from(u8::from(status.running)));
    if let Some(finished) = status.finished {
        let help =
            "When the last round of the scrub was finished, in seconds since 1970; absent before the first";
        gauge("scrub_last_finished_timestamp_seconds", help, finished.0 as f64 / 1e9);
    }
    gauge(
        "scrub_damaged",
        "Places that the newest round of the scrub has found damaged",
        status.damaged as f64,
    );
    let help =
        "Components whose rows the newest round did not count, since they are too many for one snapshot";
    gauge("scrub_uncounted", help, status.uncounted as f64);
    count(
        registry,
        "scrub_keys",
        "Entries of the store that the scrub has checked since the start",
        status.keys,
    );
    count(
        registry,
        "scrub_bytes",
        "Bytes of the store that the scrub has checked since the start",
        status.bytes,
    );
}

fn components(registry: &mut Registry, status: &[Status]) {
    for (name, help, read) in MEASURES {
        let values = Values::default();
        for one in status {
            if let Some(value) = read(one) {
                values.get_or_create(&labels(one)).set(value);
            }
        }
        registry.register(*name, *help, values);
    }
    let states = Values::default();
    for one in status {
        for state in Doing::ALL {
            let mut labels = labels(one);
            labels.push(("state", state.name().to_owned()));
            states.get_or_create(&labels).set(f64::from(u8::from(one.state == state)));
        }
    }
    registry.register("state", "1 for the state it is in, 0 for the others", states);
}

fn labels(one: &Status) -> Labels {
    vec![("kind", one.kind.noun().to_owned()), ("id", one.id.clone())]
}
