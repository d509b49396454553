//! Parked input of sources: lists it, retries it unchanged or corrected, or discards it.

use super::call::{Call, call};
use super::components::find;
use super::context::{Api, Shared};
use super::description::read as taken;
use super::foreseen::{Done, Foreseen};
use super::ingest::read;
use super::problem::Problem;
use super::set_aside::{Dropped, Page, Which, accepted};
use super::step::{Losses, Stepped};
use super::wire::Time;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method};
use livewell::ComponentKind;
use livewell_source::Limits;
use schemars::JsonSchema;
use serde::Serialize;

/// A piece of parked input.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Parked {
    /// Its number, counted from 1 for each source and never used twice.
    number: u64,
    /// When it was parked; null where an earlier version did not keep that.
    timestamp: Option<Time>,
    /// What was read.
    text: String,
    /// Whether the text is all that was read, as it came; otherwise it is retried only with a body.
    whole: bool,
    /// Where it was read, and why it cannot be taken in.
    reason: String,
}

/// Returns the calls about parked input.
pub fn calls() -> Vec<Call> {
    let list = async |State(api): State<Shared>, Path(id): Path<String>, Query(page): Query<Page>| {
        find(&api, ComponentKind::Source, &id)?;
        let parked = api.livewell.parked(&id, page.after(), page.limit()?)?;
        Ok::<_, Problem>(Json(parked.into_iter().map(Parked::from).collect::<Vec<_>>()))
    };
    let retry = async |State(api): State<Shared>,
                       Path(id): Path<String>,
                       Query(which): Query<Which>,
                       headers: HeaderMap,
                       body: Body| {
        find(&api, ComponentKind::Source, &id)?;
        match (text(&api, &id, &headers, body).await?, which.number) {
            (None, _) => api.livewell.retry_parked(&id, which.numbers())?,
            (Some(text), Some(number)) => api.livewell.retry_parked_as(&id, number, text)?,
            (Some(_), None) => {
                let message = "a body replaces one piece of parked input; say which with `?number=`";
                return Err(Problem::new(400, "LW0701", message));
            }
        }
        Ok::<_, Problem>(accepted(id))
    };
    let discard = async |State(api): State<Shared>, Path(id): Path<String>, Query(which): Query<Dropped>| {
        let status = find(&api, ComponentKind::Source, &id)?;
        if which.dry_run {
            api.livewell.check_parked(&id)?;
            let first = |after| Ok(api.livewell.parked(&id, after, 1)?.first().map(|one| one.number));
            let parked = which.count(status.parked, first)?;
            let losses = Losses { parked, ..Losses::default() };
            let step = || Ok(Stepped::discarded(ComponentKind::Source, &id, losses));
            return Foreseen::of(&api, &id, step).map(Done::Foreseen);
        }
        api.livewell.discard_parked(&id, which.numbers())?;
        Ok::<_, Problem>(Done::Done(accepted(id)))
    };
    let path = |rest: &str| format!("/api/v1/sources/{{id}}/parked{rest}");
    vec![
        call(
            Method::GET,
            path(""),
            list,
            "Input that a source has parked, in the order in which it was parked",
        )
        .answers(200, "The pieces"),
        call(
            Method::POST,
            path("/retry"),
            retry,
            "Tries parked input again, in its order, each piece as a new transaction of the source; what is taken in \
             leaves the list in the same commit, what is refused again stays with its new reason",
        )
        .takes_body(false, "text/plain", taken::<String>)
        .explains_body(
            "With `number`: what to take in in the place of the piece, a line, row or message as the source reads it",
        )
        .answers(202, "It is done soon")
        .refuses(&[413, 503]),
        call(Method::POST, path("/discard"), discard, "Drops parked input")
            .answers(202, "It is done soon")
            .refuses(&[503]),
    ]
}

/// Returns the text in the body, if there is one.
async fn text(api: &Api, id: &str, headers: &HeaderMap, body: Body) -> Result<Option<String>, Problem> {
    let (body, _held) = read(api, line_bytes_max(api, id), "limits.line_bytes_max", headers, body).await?;
    let text = String::from_utf8(body);
    let text =
        text.map_err(|_| Problem::new(400, "LW0701", "the body is a text in UTF-8, and this is none"))?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn line_bytes_max(api: &Api, id: &str) -> usize {
    let line_bytes_max = api.config().sources.get(id).map(|source| source.common().line_bytes_max());
    line_bytes_max.unwrap_or(Limits::default().line_bytes_max)
}

impl From<livewell::parked::Parked> for Parked {
    fn from(parked: livewell::parked::Parked) -> Self {
        Self {
            number: parked.number,
            timestamp: parked.timestamp.map(Time),
            whole: parked.is_whole(),
            text: parked.text,
            reason: parked.reason,
        }
    }
}
