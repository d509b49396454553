//! The metrics of all components together, of the store, and of the scrub.

use super::family::{Family, labels};
use livewell::{ComponentKind, Livewell, Measured, ScrubStatus, State};
use livewell_store::Usage;

/// Returns how many components of each kind are in each state, and how many of them have no series of their own.
pub(super) fn totals(livewell: &Livewell, measured: usize) -> Vec<Family> {
    let counts = livewell.counts();
    let mut components =
        Family::gauge("livewell_components", "Components of a kind that are in a state, all of them counted");
    for kind in ComponentKind::ALL {
        for state in State::ALL {
            let count = counts.get(&(kind, state)).copied().unwrap_or(0);
            components.add(labels([("kind", kind.noun()), ("state", state.name())]), count as f64);
        }
    }
    let without = counts.values().sum::<u64>().saturating_sub(measured as u64);
    let help = "Components without series of their own, which are more than `server.metrics.components`";
    vec![components, Family::gauge("livewell_components_without_series", help).of(without as f64)]
}

/// Returns what was measured of the work of all components.
pub(super) fn work(measured: &Measured) -> Vec<Family> {
    let Measured { steps, results, commits, usage, recoveries, resets, waiting_for_disk } = measured;
    let help = "From when a source took in a transaction to when what it caused in a query was durable";
    let recovered = recoveries.iter().map(|(kind, cause, outcome, count)| {
        let labels = labels([("kind", kind.noun()), ("cause", cause.name()), ("outcome", outcome.name())]);
        (labels, *count as f64)
    });
    let reset = resets.iter().map(|(kind, count)| (labels([("kind", kind.noun())]), *count as f64));
    let mut families = vec![
        Family::gauge(
            "livewell_components_waiting_for_disk",
            "Components that wait for a disk that is full or fails",
        )
        .of(*waiting_for_disk as f64),
        Family::seconds(
            "livewell_query_step",
            "A step of a query over what it took in at once, without the commit",
        )
        .of_durations(steps.clone()),
        Family::seconds("livewell_source_to_result", help).of_durations(results.clone()),
        Family::counter(
            "livewell_recoveries",
            "Consumers that could not simply continue to read what they follow",
        )
        .with(recovered),
        Family::counter("livewell_resets", "Resets that were asked for").with(reset),
        Family::seconds(
            "livewell_store_commit",
            "A commit to the store, of the changes of several components",
        )
        .of_durations(commits.durations.clone()),
        Family::seconds("livewell_store_flush", "Writing a commit to the data file and flushing it")
            .of_durations(usage.flushes.clone()),
        Family::counter("livewell_store_commit_failures", "Commits that the store has refused as a whole")
            .of(commits.failures as f64),
        Family::counter("livewell_store_write_sets", "Changes of single components that were committed")
            .of(commits.sets as f64),
        Family::counter("livewell_store_written", "Bytes of keys and values that were committed")
            .unit("bytes")
            .of(commits.bytes as f64),
    ];
    families.extend(room(usage));
    families
}

fn room(usage: &Usage) -> Vec<Family> {
    let bytes = |name, help, bytes: Option<u64>| {
        Family::gauge(name, help).unit("bytes").of(bytes.map(|bytes| bytes as f64))
    };
    let age = usage.snapshots.map(|_| usage.oldest_snapshot.map_or(0.0, |age| age.as_secs_f64()));
    vec![
        bytes("livewell_store_data", "Size of all entries of the store", usage.data_bytes),
        bytes(
            "livewell_store_file",
            "Size of the data file, with what is free in it and used again",
            usage.file_bytes,
        ),
        bytes(
            "livewell_store_limit",
            "Size at which the store is full, whatever the disk has",
            usage.limit_bytes,
        ),
        bytes("livewell_store_available", "What the disk of the store has left", usage.available_bytes),
        Family::gauge("livewell_store_snapshots", "Snapshots of the store that are open")
            .of(usage.snapshots.map(|count| count as f64)),
        Family::gauge(
            "livewell_store_oldest_snapshot",
            "Age of the oldest open snapshot, for which deleted entries are kept",
        )
        .unit("seconds")
        .of(age),
    ]
}

/// Returns the progress of the scrub, which checks the store in the background.
pub(super) fn scrub(status: &ScrubStatus) -> Vec<Family> {
    let finished = status.finished.map(|finished| finished.0 as f64 / 1e9);
    vec![
        Family::gauge("livewell_scrub_running", "1 while a round of the scrub is in progress, else 0")
            .of(f64::from(u8::from(status.running))),
        Family::gauge(
            "livewell_scrub_last_finished_timestamp",
            "When the last round of the scrub was finished, since 1970",
        )
        .unit("seconds")
        .of(finished),
        Family::gauge(
            "livewell_scrub_damaged",
            "Places that the newest round of the scrub has found damaged",
        )
        .of(status.damaged as f64),
        Family::gauge(
            "livewell_scrub_uncounted",
            "Components whose rows are too many for the newest round to count",
        )
        .of(status.uncounted as f64),
        Family::counter("livewell_scrub_keys", "Entries of the store that the scrub has checked")
            .of(status.keys as f64),
        Family::counter("livewell_scrub", "Bytes of the store that the scrub has checked")
            .unit("bytes")
            .of(status.bytes as f64),
    ]
}
