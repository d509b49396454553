//! Parked input of sources: lists it, retries it unchanged or corrected, or discards it.

use super::call::{Call, call};
use super::components::find;
use super::context::{Api, Shared};
use super::ingest::read;
use super::problem::Problem;
use super::set_aside::{Page, Which, accepted};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method};
use livewell::ComponentKind;
use livewell::parked::Parked;
use livewell_source::Limits;
use serde_json::{Value, json};

/// Returns the calls about parked input.
pub fn calls() -> Vec<Call> {
    let list = async |State(api): State<Shared>, Path(id): Path<String>, Query(page): Query<Page>| {
        find(&api, ComponentKind::Source, &id)?;
        let parked = api.livewell.parked(&id, page.after(), page.limit()?)?;
        Ok::<_, Problem>(Json(parked.iter().map(shape).collect::<Vec<_>>()))
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
        Ok::<_, Problem>(accepted(&id))
    };
    let discard = async |State(api): State<Shared>, Path(id): Path<String>, Query(which): Query<Which>| {
        find(&api, ComponentKind::Source, &id)?;
        api.livewell.discard_parked(&id, which.numbers())?;
        Ok::<_, Problem>(accepted(&id))
    };
    let path = |rest: &str| format!("/api/v1/sources/{{id}}/parked{rest}");
    vec![
        call(Method::GET, path(""), list),
        call(Method::POST, path("/retry"), retry),
        call(Method::POST, path("/discard"), discard),
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

/// Returns a piece of parked input in JSON.
pub fn shape(parked: &Parked) -> Value {
    json!({
        "number": parked.number,
        "timestamp": parked.timestamp.map(|time| time.to_rfc3339()),
        "text": parked.text,
        "whole": parked.is_whole(),
        "reason": parked.reason,
    })
}
