//! The metrics of single components, up to a number of components.

use super::family::{Family, Labels, labels};
use crate::api::context::Api;
use crate::api::problem::Problem;
use livewell::{ComponentKind, Page, State, Status};

/// What a metric shows of a component, if it has that.
type Read = fn(&Status) -> Option<f64>;

/// Returns the components that have series of their own: sources and reactions before queries, then by id.
pub(super) fn measured(api: &Api) -> Result<Vec<Status>, Problem> {
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

/// Returns the metrics of these components.
pub(super) fn families(measured: &[Status]) -> Vec<Family> {
    let labelled: Vec<(Labels, &Status)> =
        measured.iter().map(|one| (labels([("kind", one.kind.noun()), ("id", &one.id)]), one)).collect();
    let mut families: Vec<Family> = progress()
        .into_iter()
        .chain(work())
        .chain(outside())
        .map(|(mut family, read)| {
            for (labels, one) in &labelled {
                if let Some(value) = read(one) {
                    family.add(labels.clone(), value);
                }
            }
            family
        })
        .collect();
    let mut states =
        Family::gauge("livewell_state", "1 for the state that a component is in, 0 for the others");
    for one in measured {
        for state in State::ALL {
            let labels = labels([("kind", one.kind.noun()), ("id", &one.id), ("state", state.name())]);
            states.add(labels, f64::from(u8::from(one.state == state)));
        }
    }
    families.push(states);
    families
}

/// Returns how old transactions were when reactions had made their effects.
pub(super) fn effects(api: &Api, measured: &[Status]) -> Family {
    let help = "From when a source took in a transaction to when a reaction had made its effect";
    let mut family = Family::seconds("livewell_source_to_effect", help);
    for one in measured.iter().filter(|one| one.kind == ComponentKind::Reaction) {
        if let Some(durations) = api.livewell.effects(&one.id) {
            family.add_histogram(labels([("kind", one.kind.noun()), ("id", &one.id)]), durations);
        }
    }
    family
}

fn of(one: &Status, kind: ComponentKind, value: f64) -> Option<f64> {
    (one.kind == kind).then_some(value)
}

/// How far components are.
fn progress() -> Vec<(Family, Read)> {
    use ComponentKind::{Query, Reaction, Source};
    vec![
        (
            Family::gauge(
                "livewell_sequence",
                "Last sequence of a source or query; last one that a reaction has delivered",
            ),
            |one| Some(one.sequence as f64),
        ),
        (Family::gauge("livewell_position", "Last position of the store that is taken in"), |one| {
            Some(one.position as f64)
        }),
        (
            Family::gauge("livewell_lag_sequences", "Sequences of what it follows that it still has to read"),
            |one| Some(one.lag as f64),
        ),
        (
            Family::gauge(
                "livewell_lag",
                "How far it is behind what it follows, by the times of transactions",
            )
            .unit("seconds"),
            |one| one.lag_seconds,
        ),
        (Family::gauge("livewell_rows", "Rows of a query, elements of a source"), |one| {
            (one.kind != Reaction).then_some(one.rows as f64)
        }),
        (Family::counter("livewell_source_transactions", "Transactions that a source has taken in"), |one| {
            of(one, Source, one.entries as f64)
        }),
        (
            Family::counter(
                "livewell_source_without_effect",
                "Transactions of a source that changed nothing",
            ),
            |one| of(one, Source, one.without_effect as f64),
        ),
        (Family::counter("livewell_query_results", "Results that a query has put out"), |one| {
            of(one, Query, one.entries as f64)
        }),
        (Family::counter("livewell_reaction_results", "Results that a reaction has delivered"), |one| {
            of(one, Reaction, one.entries as f64)
        }),
    ]
}

/// What components keep, and what went wrong.
fn work() -> Vec<(Family, Read)> {
    use ComponentKind::{Reaction, Source};
    vec![
        (
            Family::gauge("livewell_log_entries", "Entries that a source's log or a query's outbox holds"),
            |one| (one.kind != Reaction).then_some(one.log_entries as f64),
        ),
        (Family::gauge("livewell_log", "Size of a source's log or a query's outbox").unit("bytes"), |one| {
            (one.kind != Reaction).then_some(one.log_bytes as f64)
        }),
        (
            Family::gauge(
                "livewell_log_fill",
                "Share of its limit that a source's log has taken, or what is not read yet of an outbox, from 0 to 1",
            )
            .unit("ratio"),
            |one| one.log_share,
        ),
        (Family::gauge("livewell_parked", "Pieces of input that a source has set aside"), |one| {
            of(one, Source, one.parked as f64)
        }),
        (
            Family::gauge("livewell_dead_letters", "Messages that the target of a reaction has refused"),
            |one| of(one, Reaction, one.dead_letters as f64),
        ),
        (
            Family::counter(
                "livewell_failures",
                "Failures that stopped it, or are an error for people to look at",
            ),
            |one| Some(one.failures as f64),
        ),
        (
            Family::counter(
                "livewell_retries",
                "Attempts that it made again by itself: to reach a server, to write to a disk",
            ),
            |one| Some(one.retries as f64),
        ),
        (
            Family::gauge(
                "livewell_clock_behind",
                "How far the clock was behind the newest time in a source's log",
            )
            .unit("seconds"),
            |one| of(one, Source, one.clock_behind_seconds),
        ),
    ]
}

/// How far sources are on the other side.
fn outside() -> Vec<(Family, Read)> {
    use ComponentKind::Source;
    vec![
        (
            Family::gauge(
                "livewell_source_checked",
                "1 if all that a source holds is known to equal what its upstream has, else 0",
            ),
            |one| of(one, Source, f64::from(u8::from(one.checked?))),
        ),
        (
            Family::gauge(
                "livewell_source_behind",
                "Bytes of its upstream's log or files that a source still has to read",
            )
            .unit("bytes"),
            |one| Some(one.upstream.as_ref()?.behind_bytes? as f64),
        ),
        (
            Family::gauge(
                "livewell_source_behind_messages",
                "Messages of its upstream's stream that a source still has to read",
            ),
            |one| Some(one.upstream.as_ref()?.behind_messages? as f64),
        ),
        (
            Family::gauge("livewell_source_lag", "How far a source is behind its upstream, by the clock")
                .unit("seconds"),
            |one| one.upstream_lag_seconds,
        ),
        (
            Family::gauge("livewell_source_kept", "Bytes of its log that the upstream keeps for a source")
                .unit("bytes"),
            |one| Some(one.upstream.as_ref()?.kept_bytes? as f64),
        ),
        (
            Family::gauge(
                "livewell_source_safe",
                "Bytes that the upstream can still write before it may drop what a source needs",
            )
            .unit("bytes"),
            |one| Some(one.upstream.as_ref()?.safe_bytes? as f64),
        ),
        (Family::gauge("livewell_source_copy_rows", "Rows that the copy in progress has read"), |one| {
            Some(one.upstream.as_ref()?.copy.as_ref()?.rows as f64)
        }),
        (
            Family::gauge(
                "livewell_source_last_commit_timestamp",
                "When the last transaction that a source took in was committed, since 1970",
            )
            .unit("seconds"),
            |one| Some(one.upstream.as_ref()?.last_commit?.0 as f64 / 1e9),
        ),
    ]
}
