//! `GET /api/v1/sources/ID/progress`: how far a source is outside, part by part, and what is kept for it there.

use super::call::{Call, call};
use super::components::find;
use super::context::Shared;
use super::problem::Problem;
use super::shape::rounded;
use super::wire::{Doing, Time};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use livewell::ComponentKind;
use livewell_config::Config;
use livewell_source::settings::SourceSettings;
use livewell_source::source::{Part as PartOf, PartState, Report, Unit};
use schemars::JsonSchema;
use serde::Serialize;

/// How far a source is outside.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Progress")]
pub struct Progress {
    source_id: String,
    /// What it is doing.
    state: Doing,
    /// Whether rows of tables are being copied.
    copying: bool,
    /// The files or tables, in the order in which they are read; at most 100, from around the one that is being read. Empty
    /// if a source has none, or does not run.
    parts: Vec<Part>,
    /// How many there are.
    parts_total: usize,
    /// How much of all of them is read, in `unit`; null if that is not known.
    done: Option<u64>,
    /// How much there is, about.
    total: Option<u64>,
    /// What is counted.
    unit: Option<&'static str>,
    /// How much was read in a second lately.
    per_second: Option<f64>,
    /// In how many seconds it is done at this rate; null if nothing is being read, or nobody knows how much is left.
    seconds_left: Option<f64>,
    /// Bytes of the upstream's log, or of files, that are still before it.
    behind_bytes: Option<u64>,
    /// Messages of the upstream's stream that are still before it.
    behind_messages: Option<u64>,
    /// When the last transaction that it took in was committed there.
    last_commit: Option<Time>,
    /// 0 if it has caught up, else the seconds since `last_commit`.
    lag_seconds: Option<f64>,
    /// What it waits for on the other side.
    waits_for: Option<String>,
    /// What the other side holds back for it.
    held: Option<Held>,
}

/// A file or table.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Part {
    name: String,
    /// `done`, `under_way` or `waiting`.
    state: &'static str,
    /// How much of it is read, in `unit`.
    done: u64,
    /// How much there is, about; null if nobody knows.
    total: Option<u64>,
    /// `bytes` or `rows`.
    unit: &'static str,
}

/// What the other side holds back.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Held {
    /// `slot`: a replication slot of PostgreSQL.
    kind: &'static str,
    /// Its name, if the settings say it.
    name: Option<String>,
    /// How many bytes of its log the other side keeps for it.
    bytes: u64,
    /// How many bytes it can still write before it may drop what the source needs; null without a limit.
    left_bytes: Option<u64>,
    /// The limit; null without one.
    limit_bytes: Option<u64>,
}

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let summary = "How far a source is outside, by file or table, and what the other side holds back for it";
    vec![
        call(Method::GET, "/api/v1/sources/{id}/progress", get, summary)
            .answers(200, "The progress, as the source has last reported it"),
    ]
}

async fn get(State(api): State<Shared>, Path(id): Path<String>) -> Result<Json<Progress>, Problem> {
    find(&api, ComponentKind::Source, &id)?;
    let status = api.livewell.status_of(&id)?;
    let slot = slot(&api.config(), &id);
    Ok(Json(Progress::of(&status, slot)))
}

/// Returns the name of a slot that the settings name.
fn slot(config: &Config, id: &str) -> Option<String> {
    match config.sources.get(id)? {
        SourceSettings::Postgres(postgres) => postgres.slot.clone(),
        _ => None,
    }
}

impl Progress {
    fn of(status: &livewell::Status, slot: Option<String>) -> Self {
        let nothing = Report::default();
        let report = status.upstream.as_ref().unwrap_or(&nothing);
        let (done, total, unit) = amount(report);
        let per_second = match (&report.copy, unit) {
            (Some(copy), _) => Some(copy.rate),
            (None, Some(Unit::Bytes)) => status.bytes_per_second,
            _ => None,
        };
        let left = total.zip(done).map(|(total, done)| total.saturating_sub(done)).filter(|left| *left > 0);
        let seconds_left =
            left.zip(per_second.filter(|rate| *rate > 0.0)).map(|(left, rate)| left as f64 / rate);
        let held = report.kept_bytes.map(|bytes| Held {
            kind: "slot",
            name: slot,
            bytes,
            left_bytes: report.safe_bytes,
            limit_bytes: report.safe_bytes.map(|safe| bytes.saturating_add(safe)),
        });
        Self {
            source_id: status.id.clone(),
            state: Doing(status.state),
            copying: report.copy.is_some(),
            parts: report.parts.iter().map(Part::of).collect(),
            parts_total: report.parts_total,
            done,
            total,
            unit: unit.map(Unit::name),
            per_second: per_second.map(rounded),
            seconds_left: seconds_left.map(rounded),
            behind_bytes: report.behind_bytes,
            behind_messages: report.behind_messages,
            last_commit: report.last_commit.map(Time),
            lag_seconds: status.upstream_lag_seconds,
            waits_for: report.waits_for.clone(),
            held,
        }
    }
}

/// Returns how much is read, how much there is, and what is counted.
fn amount(report: &Report) -> (Option<u64>, Option<u64>, Option<Unit>) {
    if let Some(copy) = &report.copy {
        return (Some(copy.rows), copy.rows_expected, Some(Unit::Rows));
    }
    let done =
        report.total_bytes.zip(report.behind_bytes).map(|(total, behind)| total.saturating_sub(behind));
    (done, report.total_bytes, report.total_bytes.map(|_| Unit::Bytes))
}

impl Part {
    fn of(part: &PartOf) -> Self {
        let state = match part.state {
            PartState::Done => "done",
            PartState::UnderWay => "under_way",
            PartState::Waiting => "waiting",
        };
        Self { name: part.name.clone(), state, done: part.done, total: part.total, unit: part.unit.name() }
    }
}
