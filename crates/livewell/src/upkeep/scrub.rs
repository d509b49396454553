//! The scrub: a thread that reads the store round after round at a low rate, and stops what it finds damaged.
//!
//! [`livewell_store::scrub`] compares; this module says what the bytes mean to a pipeline.

use crate::Error;
use crate::clock::{Clock, SystemClock};
use crate::component::Component;
use crate::component::set_aside::SetAside;
use crate::component::shared::Shared;
use crate::feed::element::decode_element;
use livewell_model::codec::Reader;
use livewell_model::{DecodeError, Row, Timestamp};
use livewell_store::catalog::Kind;
use livewell_store::keyspace::Space;
use livewell_store::scrub::{Found, Meaning, Scrub, quick};
use livewell_store::{IndexError, Snapshot, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A round begins at most this often.
const ROUND_MIN: Duration = Duration::from_secs(3600);
/// How long it waits after a failure of the store that is not damage.
const RETRY: Duration = Duration::from_secs(60);
/// Rows of more bytes are counted by `livewell store scrub` only: counting holds one snapshot.
const COUNTED_BYTES_MAX: u64 = 1 << 30;
/// For each unit of work time it rests this many, whatever the rate allows.
const REST: u32 = 4;
/// Shorter rests are combined.
const REST_MIN: Duration = Duration::from_millis(5);
/// How long the checks of an opening after an unclean end may take: a restart has to stay quick, and a round begins
/// soon after.
const OPENING_MAX: Duration = Duration::from_millis(20);
/// How long after the start the first round begins: soon if the store was not closed properly.
const FIRST_AFTER_CLOSED: Duration = Duration::from_secs(30);
const FIRST_AFTER_KILLED: Duration = Duration::from_secs(1);

/// What a pipeline has written, for [`livewell_store::scrub`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Written;

impl Meaning for Written {
    fn check_value(&self, kind: Kind, space: Space, value: &[u8]) -> Result<(), IndexError> {
        let mut reader = Reader::new("log entry", value);
        match (kind, space) {
            (Kind::Source, Space::Snapshot) => decode_element(value).map(drop).map_err(damage),
            (Kind::Query, Space::Snapshot) => Row::decode(value).map(drop).map_err(IndexError::from),
            (Kind::Source, Space::Log) => whole(reader.transaction(0).map(drop), reader),
            (Kind::Query, Space::Log) => whole(reader.result(0).map(drop), reader),
            _ => Ok(()),
        }
    }

    fn check_set_aside(&self, snapshot: &dyn Snapshot, space: Space, number: u32) -> Result<(), IndexError> {
        SetAside::of(space, number).check_count(snapshot).map_err(damage)
    }
}

/// Checks that nothing comes after what was read.
fn whole(read: Result<(), DecodeError>, reader: Reader<'_>) -> Result<(), IndexError> {
    read.and_then(|()| reader.finish()).map_err(IndexError::from)
}

/// Converts an error back to the store's own.
fn damage(error: Error) -> IndexError {
    let Error { message, source, .. } = error;
    match source.map(|source| source.downcast::<IndexError>()) {
        Some(Ok(error)) => *error,
        _ => IndexError::corrupted(message),
    }
}

/// The progress of the scrub.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    running: AtomicBool,
    finished: AtomicI64,
    keys: AtomicU64,
    bytes: AtomicU64,
    damaged: AtomicU64,
    uncounted: AtomicU64,
}

/// The progress of the scrub of a running Livewell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScrubStatus {
    /// Whether a round is in progress.
    pub running: bool,
    /// When the last round was finished, by the machine's clock; `None` if none was since the start.
    pub finished: Option<Timestamp>,
    /// How many entries were checked since the start.
    pub keys: u64,
    /// How many bytes were checked since the start.
    pub bytes: u64,
    /// How many damaged places the newest round has found.
    pub damaged: u64,
    /// Of how many components the newest round did not count the rows, since they are too many for one snapshot.
    pub uncounted: u64,
}

impl Progress {
    pub(crate) fn status(&self) -> ScrubStatus {
        let number = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let finished = self.finished.load(Ordering::Relaxed);
        ScrubStatus {
            running: self.running.load(Ordering::Relaxed),
            finished: (finished != 0).then_some(Timestamp(finished)),
            keys: number(&self.keys),
            bytes: number(&self.bytes),
            damaged: number(&self.damaged),
            uncounted: number(&self.uncounted),
        }
    }
}

/// Checks what can be checked within [`OPENING_MAX`] in a store that was not closed properly.
pub(crate) fn at_opening(shared: &Shared) -> Result<(), Error> {
    if shared.store.was_closed() {
        return Ok(());
    }
    let began = Instant::now();
    let checked = quick(&*shared.store, &Written, &|| began.elapsed() >= OPENING_MAX)?;
    note(shared, &checked.found);
    Ok(())
}

/// Scrubs until everything stops.
pub(crate) fn run(shared: &Shared, component: &Component, progress: &Progress) {
    let rate = shared.limits.scrub_bytes_per_second;
    let first = if shared.store.was_closed() { FIRST_AFTER_CLOSED } else { FIRST_AFTER_KILLED };
    rest_for(shared, component, first);
    while !shared.is_stopping(component) {
        let began = Instant::now();
        let rest = match round(shared, component, progress, rate) {
            Ok(()) => ROUND_MIN.saturating_sub(began.elapsed()),
            Err(error) => {
                tracing::warn!(code = error.code(), "scrubbing the store: {error}");
                RETRY
            }
        };
        progress.running.store(false, Ordering::Relaxed);
        rest_for(shared, component, rest);
    }
}

fn round(shared: &Shared, component: &Component, progress: &Progress, rate: u64) -> Result<(), IndexError> {
    progress.running.store(true, Ordering::Relaxed);
    let mut round = Scrub::begin(&*shared.store, true, COUNTED_BYTES_MAX)?;
    let (mut damaged, mut uncounted, mut owed) = (0, 0, Duration::ZERO);
    while !shared.is_stopping(component) {
        let began = Instant::now();
        let Some(step) = round.step(&*shared.store, &Written)? else {
            progress.damaged.store(damaged, Ordering::Relaxed);
            progress.uncounted.store(uncounted, Ordering::Relaxed);
            progress.finished.store(SystemClock.now().0, Ordering::Relaxed);
            return Ok(());
        };
        progress.keys.fetch_add(step.keys, Ordering::Relaxed);
        progress.bytes.fetch_add(step.bytes, Ordering::Relaxed);
        damaged += step.found.len() as u64;
        uncounted += u64::from(step.is_uncounted);
        if !step.found.is_empty() {
            // Immediately: a round may take hours.
            progress.damaged.fetch_max(damaged, Ordering::Relaxed);
            note(shared, &step.found);
        }
        let paced = Duration::from_secs_f64(step.bytes as f64 / rate as f64);
        owed += paced.max(began.elapsed() * REST);
        if owed >= REST_MIN {
            rest_for(shared, component, std::mem::take(&mut owed));
        }
    }
    Ok(())
}

/// Stops the components that are damaged.
fn note(shared: &Shared, found: &[Found]) {
    for Found { number, damage } in found {
        tracing::error!(code = damage.code(), "found while checking the store: {damage}");
        shared.note_damage(*number, damage);
    }
}

/// Waits this long, whatever rings, unless everything stops.
fn rest_for(shared: &Shared, component: &Component, time: Duration) {
    let until = Instant::now() + time;
    while !shared.is_stopping(component)
        && let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    {
        component.bell.wait(left);
    }
}

/// Checks all of a store that no process uses, or a backup that was opened as one; returns what is damaged, in words.
///
/// # Errors
/// Returns an error if the store cannot be read; damage is not one.
pub fn check_store(store: &dyn Store) -> Result<Vec<IndexError>, Error> {
    check_store_within(store, &|_| ())
}

/// Like [`check_store`], and calls `on_progress` from time to time with how many entries were read.
///
/// # Errors
/// Returns an error if the store cannot be read; damage is not one.
pub fn check_store_within(store: &dyn Store, on_progress: &dyn Fn(u64)) -> Result<Vec<IndexError>, Error> {
    let mut damage = Vec::new();
    let mut entries = 0;
    let mut round = Scrub::begin(store, true, u64::MAX)?;
    while let Some(step) = round.step(store, &Written)? {
        entries += step.keys;
        damage.extend(step.found.into_iter().map(|found| found.damage));
        on_progress(entries);
    }
    Ok(damage)
}

/// Starts the thread of the scrub, unless it is turned off or the store ends with the process.
pub(crate) fn spawn(shared: &Arc<Shared>, component: &Arc<Component>, progress: &Arc<Progress>) {
    if shared.limits.scrub_bytes_per_second == 0 || shared.store.is_volatile() {
        return;
    }
    let (background, own, progress) = (shared.clone(), component.clone(), progress.clone());
    crate::run::supervise::spawn(shared, component, Box::new(move || run(&background, &own, &progress)));
}
