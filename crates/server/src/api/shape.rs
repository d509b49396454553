//! A component's status in JSON, as every call shows it.

use super::overview::Place;
use super::wire::{Doing, Epoch, Time};
use livewell::{BuildProgress, Condition, Timestamp};
use livewell_source::source::Report;
use schemars::JsonSchema;
use serde::Serialize;

/// How a source, query or reaction is doing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Status {
    /// Its id.
    pub id: String,
    /// What it is doing.
    pub state: Doing,
    /// The epoch of a source or query; of a reaction, the epoch of what it follows.
    pub epoch: Epoch,
    /// The last sequence of a source or query; of a reaction, the last one that it has delivered.
    pub sequence: u64,
    /// How many sequences of what it follows it still has to read.
    pub lag: u64,
    /// How far it is behind what it follows, in seconds of the transactions' time. Null while it has read nothing of that.
    pub lag_seconds: Option<f64>,
    /// The rows of a query, the elements of a source.
    pub rows: u64,
    /// How many entries of its log or outbox are kept.
    pub log_entries: u64,
    /// How many bytes they take.
    pub log_bytes: u64,
    /// How much it does in a second.
    pub rates: Rates,
    /// The last position of the store that it includes.
    pub position: u64,
    /// How many transactions came that changed nothing.
    pub without_effect: u64,
    /// How many elements of a source have expired since the start.
    pub expired: u64,
    /// How much input a source has set aside.
    pub parked: u64,
    /// How many dead letters a reaction has.
    pub dead_letters: u64,
    /// How often it has failed since it was started.
    pub failures: u64,
    /// Attempts that it has made again by itself since it was started.
    pub retries: u64,
    /// Of a source: whether all it holds is known to be exactly what its upstream has. Of a query: whether its rows are
    /// of a moment at which that is known of all its sources. Null if that cannot be told.
    pub checked: Option<bool>,
    /// Of a source that can tell: how far it is outside.
    pub upstream: Option<Upstream>,
    /// How far the rows of a query are built, while they are.
    pub build: Option<Build>,
    /// Why it is in error, or what it waits for: a server outside, or a component in error that it follows.
    pub error: Option<String>,
    /// Since when.
    pub error_since: Option<Time>,
    /// False for what only the store still holds: taken out of the configuration, or renamed.
    pub configured: bool,
    /// Whether a call has changed what the configuration file says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub differs_from_file: Option<bool>,
    /// Its place among the others.
    #[serde(flatten)]
    pub place: Place,
}

/// How much a component does in a second.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Rates {
    /// Over the last minute: transactions that a source has taken in, results that a query has put out or a reaction has
    /// delivered.
    per_second: f64,
}

/// The progress of a source outside.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Upstream {
    /// Bytes of the upstream's log or files that are still before it.
    behind_bytes: Option<u64>,
    /// Bytes of the files that it reads, altogether.
    total_bytes: Option<u64>,
    /// Messages of the upstream's stream that are still before it.
    behind_messages: Option<u64>,
    /// Which of several files it is reading; null if there is one, or none is being read.
    part: Option<Part>,
    /// When the last transaction that it took in was committed there.
    last_commit: Option<Time>,
    /// 0 if it has caught up, else the seconds since `last_commit`.
    lag_seconds: Option<f64>,
    /// Bytes of its log that the upstream keeps for it.
    kept_bytes: Option<u64>,
    /// Bytes that the upstream can still write before it may drop what the source needs; null without a limit.
    safe_bytes: Option<u64>,
    /// What it waits for on the other side.
    waits_for: Option<String>,
    /// The copy under way.
    copy: Option<Copy>,
}

/// A file of several.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Part {
    /// The path of the file.
    name: String,
    /// Its number in the list, from 1.
    number: usize,
    /// How many files there are.
    of: usize,
}

/// A copy of tables under way.
#[derive(Debug, Serialize, JsonSchema)]
struct Copy {
    /// Those that are not read to their end yet.
    tables: Vec<String>,
    /// How many rows have been copied.
    rows: u64,
    /// About how many rows there are.
    rows_expected: Option<u64>,
    /// `rows` of `rows_expected`, from 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    share: Option<f64>,
    /// Rows a second, recently.
    rows_per_second: f64,
}

/// How far the rows of a query are built.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Build {
    /// Elements of its sources, or rows of the queries that it reads, that were read.
    elements: u64,
    /// About how many there are.
    elements_expected: u64,
    /// `elements` of `elements_expected`, from 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    share: f64,
    /// Elements a second, on average since the build began.
    elements_per_second: f64,
}

/// Why a component is in error, or what it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Trouble {
    /// The code of the error, if it has one.
    pub code: Option<String>,
    /// What is wrong, in words.
    pub message: String,
    /// Since when.
    pub since: Time,
}

impl Trouble {
    /// Returns why a component is in error, or what it waits for, to show with its rows; `None` if all is well.
    pub fn of(condition: &Condition) -> Option<Self> {
        condition.trouble.as_ref().map(|(error, since)| Self::in_parts(error, *since))
    }

    /// Returns an error that ends with its code, in parts.
    pub fn in_parts(error: &str, since: Timestamp) -> Self {
        // An error ends with its code.
        let coded = error.strip_suffix(']').and_then(|error| error.rsplit_once(" ["));
        let (message, code) = coded.map_or((error, None), |(message, code)| (message, Some(code)));
        Self { code: code.map(ToOwned::to_owned), message: message.to_owned(), since: Time(since) }
    }
}

/// Returns the status of a component that is at this place among the others.
pub fn shape(status: &livewell::Status, place: Place) -> Status {
    let upstream = status.upstream.as_ref();
    Status {
        id: status.id.clone(),
        state: Doing(status.state),
        epoch: Epoch(status.epoch),
        sequence: status.sequence,
        lag: status.lag,
        lag_seconds: status.lag_seconds,
        rows: status.rows,
        log_entries: status.log_entries,
        log_bytes: status.log_bytes,
        rates: Rates { per_second: rounded(status.entries_per_second) },
        position: status.position,
        without_effect: status.without_effect,
        expired: status.expired,
        parked: status.parked,
        dead_letters: status.dead_letters,
        failures: status.failures,
        retries: status.retries,
        checked: status.checked,
        upstream: upstream.map(|report| Upstream::of(report, status.upstream_lag_seconds)),
        build: status.build.map(Build::of),
        error: status.error.clone(),
        error_since: status.error_since.map(Time),
        configured: true,
        differs_from_file: None,
        place,
    }
}

/// Rounds a rate to what it says: a thousandth.
pub fn rounded(rate: f64) -> f64 {
    (rate * 1e3).round() / 1e3
}

impl Build {
    fn of(progress: BuildProgress) -> Self {
        let BuildProgress { elements, elements_expected, elements_per_second } = progress;
        let share = elements as f64 / elements_expected.max(1) as f64;
        Self { elements, elements_expected, share, elements_per_second: rounded(elements_per_second) }
    }
}

impl Upstream {
    fn of(report: &Report, lag_seconds: Option<f64>) -> Self {
        let copy = report.copy.as_ref().map(|copy| {
            let expected = copy.rows_expected.filter(|expected| *expected > 0);
            Copy {
                tables: copy.tables.clone(),
                rows: copy.rows,
                rows_expected: copy.rows_expected,
                share: expected.map(|expected| (copy.rows as f64 / expected as f64).min(1.0)),
                rows_per_second: copy.rate,
            }
        });
        let part = report.part.as_ref();
        Self {
            behind_bytes: report.behind_bytes,
            total_bytes: report.total_bytes,
            behind_messages: report.behind_messages,
            part: part.map(|part| Part { name: part.name.clone(), number: part.number, of: part.of }),
            last_commit: report.last_commit.map(Time),
            lag_seconds,
            kept_bytes: report.kept_bytes,
            safe_bytes: report.safe_bytes,
            waits_for: report.waits_for.clone(),
            copy,
        }
    }
}
