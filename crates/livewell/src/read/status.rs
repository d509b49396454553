//! Status: what every component is doing, how far it is, and how far it is behind.

use crate::Error;
use crate::clock::{Clock, SystemClock};
use crate::component::Component;
use crate::component::built::BuildProgress;
use crate::component::definition::Definition;
use crate::component::marks::Marks;
use crate::component::shared::Shared;
use crate::component::state::{ComponentKind, State};
use crate::feed::checked;
use crate::feed::follow::frontier;
use crate::feed::reading::{Reading, followed};
use crate::feed::retention;
use crate::reaction::dead_letters;
use crate::read::condition::{self, Condition};
use crate::source::parked;
use livewell_model::Timestamp;
use livewell_source::source::Report;
use livewell_store::catalog::{self, Kind, Registered};
use livewell_store::{Head, Snapshot, Store};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// One component's status.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: ComponentKind,
    /// What it is doing.
    pub state: State,
    /// A feed's epoch; for a reaction, the epoch of what it follows.
    pub epoch: u64,
    /// A feed's last sequence; a reaction's last delivered one.
    pub sequence: u64,
    /// How many sequences of its upstreams it still has to read.
    pub lag: u64,
    /// How far it is behind its upstreams, in seconds of their transactions' time; `None` if it is behind and has taken
    /// in nothing with a time yet.
    pub lag_seconds: Option<f64>,
    /// A query's rows, a source's elements.
    pub rows: u64,
    /// How many log or outbox entries are kept.
    pub log_entries: u64,
    /// How many bytes they take.
    pub log_bytes: u64,
    /// Which share of its limit the log has taken, from 0 to 1, by entries or bytes, whichever is more. Of an outbox, what
    /// the slowest follower still has to read: it keeps what was read, too. `None` for a reaction and for what does not
    /// run.
    pub log_share: Option<f64>,
    /// How many entries of its log or its outbox the slowest follower still has to read; 0 for a reaction and for what does
    /// not run.
    pub unread: u64,
    /// How many entries it has committed since the start: transactions of a source, results of a query, delivered results
    /// of a reaction.
    pub entries: u64,
    /// How many of these in a second, over the last minute.
    pub entries_per_second: f64,
    /// How many transactions came that changed nothing.
    pub without_effect: u64,
    /// How many elements of a source have expired since the start.
    pub expired: u64,
    /// How much input a source has set aside.
    pub parked: u64,
    /// How many dead letters a reaction has.
    pub dead_letters: u64,
    /// The last position of the store that it includes.
    pub position: u64,
    /// For a source that can tell: whether everything stored is known to equal what its upstream has. For a query:
    /// whether its rows belong to a moment at which that is known for all its sources; `None` if none of them can tell.
    pub checked: Option<bool>,
    /// The progress of a source outside, as it reports itself.
    pub upstream: Option<Report>,
    /// How many bytes of files a source has read in a second, over the last minute; `None` for other sources.
    pub bytes_per_second: Option<f64>,
    /// How far a source is behind outside, in seconds by the machine's clock since the last commit that it took in;
    /// `None` if it does not know that commit.
    pub upstream_lag_seconds: Option<f64>,
    /// How far the clock was behind the newest time in a source's log, in seconds, when the source last looked.
    pub clock_behind_seconds: f64,
    /// How often it has failed since it was started.
    pub failures: u64,
    /// How often it has tried again by itself since it was started: to reach a server, to write to a disk.
    pub retries: u64,
    /// How far its rows are built, while they are.
    pub build: Option<BuildProgress>,
    /// Why it is in error, or waits for the outside world.
    pub error: Option<String>,
    /// Since when, by the machine's clock.
    pub error_since: Option<Timestamp>,
}

/// Returns the status of every component, by id.
pub(crate) fn of_all(shared: &Shared) -> Result<Vec<Status>, Error> {
    let components: Vec<Arc<Component>> = shared.roster().all().cloned().collect();
    of(shared, &components)
}

/// Returns the status of the component `id`, which was added.
pub(crate) fn of_one(shared: &Shared, id: &str) -> Result<Status, Error> {
    let status = of(shared, &[shared.component(id)?])?.pop();
    status.ok_or_else(|| Error::not_found(id))
}

/// Returns the status of each of these components, at one moment of the store.
pub(super) fn of(shared: &Shared, components: &[Arc<Component>]) -> Result<Vec<Status>, Error> {
    let snapshot = shared.store.snapshot()?;
    let mut reading = Reading::new(&*snapshot, &shared.marks);
    let status = |component: &Arc<Component>| {
        let Condition { state, trouble } = condition::seen(&shared.roster(), component);
        let mut status = one(shared, &*snapshot, &mut reading, component)?;
        status.state = state;
        (status.error, status.error_since) = trouble.unzip();
        Ok(status)
    };
    components.iter().map(status).collect()
}

fn one(
    shared: &Shared,
    snapshot: &dyn Snapshot,
    reading: &mut Reading<'_>,
    component: &Component,
) -> Result<Status, Error> {
    let head = reading.head(component.number)?.unwrap_or_default();
    let behind = behind(reading, component.number, &component.follows)?;
    let upstream = component.report();
    let state = component.state();
    let (error, error_since) = component.error().unzip();
    let (entries, entries_per_second) = component.committed();
    let is_reaction = component.kind == ComponentKind::Reaction;
    let (log_share, unread) = log_share(shared, component, snapshot, &head)?;
    Ok(Status {
        id: component.id.clone(),
        kind: component.kind,
        state,
        epoch: if is_reaction { behind.epoch } else { head.epoch },
        sequence: if is_reaction { behind.sequence } else { head.sequence },
        lag: behind.sequences,
        lag_seconds: match head.timestamp.0 {
            _ if behind.sequences == 0 || is_reaction => Some(0.0),
            0 => None,
            own => Some(seconds(behind.time, own)),
        },
        rows: head.rows,
        log_entries: head.log_entries,
        log_bytes: head.log_bytes,
        log_share,
        unread,
        entries,
        entries_per_second,
        without_effect: component.without_effect.load(Ordering::Relaxed),
        expired: component.expired.load(Ordering::Relaxed),
        parked: if component.kind == ComponentKind::Source {
            parked::count(snapshot, component.number)?
        } else {
            0
        },
        dead_letters: if is_reaction { dead_letters::count(snapshot, component.number)? } else { 0 },
        position: match component.kind {
            ComponentKind::Source => head.position,
            ComponentKind::Query => reading.frontier(component.number)?,
            ComponentKind::Reaction => behind.position,
        },
        checked: checked::of(reading, component)?,
        upstream_lag_seconds: upstream.as_ref().and_then(|report| upstream_lag(state, report)),
        bytes_per_second: component.bytes_per_second(),
        upstream,
        clock_behind_seconds: component.drift().clock_behind().as_secs_f64(),
        failures: component.failures.load(Ordering::Relaxed),
        retries: component.retries.load(Ordering::Relaxed),
        build: component.build(),
        error,
        error_since,
    })
}

/// Returns which share of its limit a log has taken, and how many of its entries are not read.
fn log_share(
    shared: &Shared,
    component: &Component,
    snapshot: &dyn Snapshot,
    head: &Head,
) -> Result<(Option<f64>, u64), Error> {
    let Head { log_entries, log_bytes, .. } = *head;
    match component.kind {
        ComponentKind::Source => return Ok((component.log_max.share(log_entries, log_bytes), log_entries)),
        ComponentKind::Query => {}
        ComponentKind::Reaction => return Ok((None, 0)),
    }
    let unread = retention::unread(shared, component, snapshot, head)?;
    let bytes = log_bytes as f64 * (unread as f64 / log_entries.max(1) as f64).min(1.0);
    Ok((component.log_max.share(unread, bytes as u64), unread))
}

/// Returns how late a source is. A log that continues without changes for the source does not make it late.
fn upstream_lag(state: State, report: &Report) -> Option<f64> {
    let commit = report.last_commit?;
    let is_there_more = |count: Option<u64>| count.is_none_or(|count| count > 0);
    let is_behind = state != State::CaughtUp
        && is_there_more(report.behind_bytes)
        && is_there_more(report.behind_messages);
    Some(if is_behind { seconds(SystemClock.now().0, commit.0) } else { 0.0 })
}

fn seconds(upstream: i64, own: i64) -> f64 {
    (upstream.saturating_sub(own)).max(0) as f64 / 1e9
}

/// How far a component is behind what it follows.
#[derive(Default)]
pub(super) struct Behind {
    pub(super) sequences: u64,
    /// The epoch of what it follows; of several the last.
    epoch: u64,
    /// The last sequence it has taken in, of the first upstream.
    sequence: u64,
    /// The position of that sequence.
    position: u64,
    /// The time its upstreams have reached.
    time: i64,
}

pub(super) fn behind(reading: &mut Reading<'_>, number: u32, follows: &[u32]) -> Result<Behind, Error> {
    let mut behind = Behind::default();
    for (feed, checkpoint) in &*reading.reached(number)? {
        if !follows.contains(feed) {
            continue;
        }
        let head = reading.head(*feed)?.unwrap_or_default();
        // A follower in another epoch still has to read this one, even if nothing has come in it yet.
        let is_here = checkpoint.epoch == head.epoch;
        let read = if is_here { checkpoint.sequence } else { 0 };
        behind.sequences += head.sequence.saturating_sub(read).max(u64::from(!is_here));
        behind.epoch = behind.epoch.max(checkpoint.epoch);
        behind.sequence = behind.sequence.max(read);
        behind.position = behind.position.max(checkpoint.position);
        behind.time = behind.time.max(head.timestamp.0);
    }
    Ok(behind)
}

/// Returns the status of each component of a store that nobody runs: stopped, with everything that only a run knows
/// left empty.
///
/// # Errors
/// Returns an error if the store cannot be read.
pub fn stored_status(store: &dyn Store) -> Result<Vec<Status>, Error> {
    let snapshot = store.snapshot()?;
    catalog::all(&*snapshot)?.iter().map(|entry| stored(&snapshot, entry)).collect()
}

/// Returns the status of a component that does not run.
pub(crate) fn stored(snapshot: &Arc<dyn Snapshot>, entry: &Registered) -> Result<Status, Error> {
    let head = Head::read(&**snapshot, entry.number)?.unwrap_or_default();
    let place = stored_place(snapshot, entry)?;
    Ok(Status {
        id: entry.id.clone(),
        kind: match entry.kind {
            Kind::Source => ComponentKind::Source,
            Kind::Query | Kind::Bare => ComponentKind::Query,
            Kind::Reaction => ComponentKind::Reaction,
        },
        state: State::Stopped,
        epoch: place.epoch,
        sequence: place.sequence,
        lag: place.lag,
        lag_seconds: Some(0.0),
        rows: head.rows,
        log_entries: head.log_entries,
        log_bytes: head.log_bytes,
        log_share: None,
        unread: 0,
        entries: 0,
        entries_per_second: 0.0,
        without_effect: 0,
        expired: 0,
        parked: parked::count(&**snapshot, entry.number)?,
        dead_letters: dead_letters::count(&**snapshot, entry.number)?,
        position: place.position,
        checked: checked::stored(snapshot, entry)?,
        upstream: None,
        bytes_per_second: None,
        upstream_lag_seconds: None,
        clock_behind_seconds: 0.0,
        failures: 0,
        retries: 0,
        build: None,
        error: None,
        error_since: None,
    })
}

/// The place of a component in a store that nobody runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredPlace {
    /// The epoch of a feed; of a reaction, that of what it follows.
    pub epoch: u64,
    /// A feed's last sequence; a reaction's last delivered one.
    pub sequence: u64,
    /// The last position of the store that it includes.
    pub position: u64,
    /// How many sequences of its upstreams it still has to read.
    pub lag: u64,
    /// Whether it has taken in everything that its sources had, also through the queries it follows.
    pub is_complete: bool,
}

/// Reads the place of a component. The store does not tell what it was doing or why it stopped.
///
/// # Errors
/// Returns an error if the store cannot be read.
pub fn stored_place(snapshot: &Arc<dyn Snapshot>, entry: &Registered) -> Result<StoredPlace, Error> {
    let definition = Definition::read(entry);
    let follows: Vec<u32> = match &definition {
        Some(definition) => {
            let entries = definition.made.upstreams().iter().map(|id| catalog::find(&**snapshot, id));
            let numbers = entries.filter_map(Result::transpose).map(|entry| Ok(entry?.number));
            numbers.collect::<Result<_, Error>>()?
        }
        None => followed(&**snapshot, entry.number)?.into_keys().collect(),
    };
    let marks = Marks::default();
    let behind = behind(&mut Reading::new(&**snapshot, &marks), entry.number, &follows)?;
    let mut is_complete = behind.sequences == 0;
    for above in catalog::all(&**snapshot)?.iter().filter(|above| follows.contains(&above.number)) {
        is_complete &= above.kind != Kind::Query || stored_place(snapshot, above)?.is_complete;
    }
    let head = Head::read(&**snapshot, entry.number)?.unwrap_or_default();
    let feed = StoredPlace {
        epoch: head.epoch,
        sequence: head.sequence,
        lag: behind.sequences,
        is_complete,
        position: head.position,
    };
    Ok(match entry.kind {
        Kind::Reaction => {
            StoredPlace { epoch: behind.epoch, sequence: behind.sequence, position: behind.position, ..feed }
        }
        Kind::Query => StoredPlace { position: frontier(snapshot, &Marks::default(), entry.number)?, ..feed },
        Kind::Source | Kind::Bare => feed,
    })
}
