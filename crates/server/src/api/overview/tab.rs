//! `GET /api/v1/stream`: all that one tab of a browser follows, in one stream of server-sent events: the components, and
//! the results of one query.

use crate::api::context::{Api, Shared};
use crate::api::event::put;
use crate::api::events::position;
use crate::api::follow::Follow;
use crate::api::parameters::{Given, refused};
use crate::api::problem::Problem;
use crate::api::pulse::Beat;
use crate::api::stream::{self, Lane};
use crate::api::wire::Epoch;
use crate::journal::Event;
use crate::render::Numbers;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use livewell::Position;
use livewell_model::period;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

/// How often a tab may look at the components, and how seldom.
const EVERY: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);
/// After how long a tab is told that nothing differs.
const QUIET_MAX: Duration = Duration::from_secs(15);

/// What a tab follows.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// How often it looks at the components, from `1s` to `60s`.
    #[schemars(regex(pattern = "^([1-9]|[1-5][0-9]|60)s$"))]
    status: Option<String>,
    /// The query whose results it follows.
    query: Option<String>,
    /// With `query`: the id of the last event that it has seen.
    #[schemars(regex(pattern = "^[0-9]{1,19}-[0-9]{1,19}$"))]
    after: Option<String>,
    /// With `query`: where the results begin if not with a snapshot.
    from: Option<From>,
    /// With `query`, `string`: integers beyond 2^53 - 1 as strings, which JavaScript would round; `number` where nothing is said.
    #[serde(default)]
    numbers: Numbers,
}

/// Where the results of a query begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum From {
    /// With the next one.
    Head,
}

/// The head of a query's results, where a stream without a snapshot begins.
#[derive(Debug, Serialize)]
struct Head<'a> {
    epoch: Epoch,
    sequence: u64,
    columns: Vec<&'a str>,
}

/// Streams what a tab follows.
pub async fn get(
    State(api): State<Shared>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let statuses = asked.status.as_deref().map(|text| Statuses::every(&api, text)).transpose()?;
    let after = seen(&asked, &headers)?;
    let (follow, head) = match &asked.query {
        Some(query) => {
            let (follow, head) = begin(&api, query, &asked, after).await?;
            (Some(follow), head)
        }
        None if asked.after.is_some() || asked.from.is_some() => {
            return Err(refused("`after` and `from` say where the results of a `query` begin; name one"));
        }
        None if statuses.is_none() => {
            return Err(refused("say what to follow: `status=1s`, `query=ID`, or both"));
        }
        None => (None, String::new()),
    };
    let (lane, body) = stream::lane(&api, stream::follower(&api)?);
    tokio::spawn(async move { send(&api, follow, statuses, head, &lane).await });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, body).into_response())
}

/// Returns the position that a browser has seen, or that the tab names. It is read also where no query is followed: what is
/// not a position is refused.
fn seen(asked: &Asked, headers: &HeaderMap) -> Result<Option<Position>, Problem> {
    let last = headers.get("last-event-id").map(|id| id.to_str().unwrap_or("?").to_owned());
    let after = last.filter(|id| !id.is_empty()).or_else(|| asked.after.clone());
    after.map(|text| position(&text)).transpose()
}

/// Begins to follow a query where the tab asks for. Returns the event that says where, if it begins without a snapshot.
async fn begin(
    api: &Api,
    query: &str,
    asked: &Asked,
    mut after: Option<Position>,
) -> Result<(Follow, String), Problem> {
    let mut head = String::new();
    if after.is_none() && asked.from == Some(From::Head) {
        let found = Follow::results(api, query)?;
        // The first rows of a new query are all of it.
        if !found.is_to_come() {
            let at = Position { epoch: found.epoch, sequence: found.sequence };
            let columns = found.columns.iter().map(|name| name.as_str()).collect();
            let said = Head { epoch: Epoch(at.epoch), sequence: at.sequence, columns };
            put(&mut head, "head", Some((at.epoch, at.sequence)), &said);
            after = Some(at);
        }
    }
    Ok((Follow::begin(api, (query, asked.numbers), &Given::default(), after).await?, head))
}

/// Sends until the reader is gone, there is nothing left to follow, or everything stops.
async fn send(
    api: &Api,
    mut follow: Option<Follow>,
    mut statuses: Option<Statuses>,
    head: String,
    lane: &Lane,
) {
    let mut chunk = head;
    loop {
        // A reader takes a large event in pieces, as its memory is bounded.
        for piece in chunk.as_bytes().chunks(lane.chunk_bytes) {
            if lane.send(piece.to_vec().into()).await.is_err() {
                return;
            }
        }
        chunk = tokio::select! {
            results = results(follow.as_mut(), api, lane.chunk_bytes) => match (results, follow.take()) {
                (Some(results), following) => {
                    follow = following;
                    results
                }
                (None, Some(ended)) if statuses.is_some() => ended.end(),
                (None, _) => return,
            },
            status = changes(statuses.as_mut()) => match status {
                Some(status) => status,
                None => return,
            },
            () = lane.closed() => return,
        };
    }
}

/// Returns an event of the journal for a tab.
fn told(event: &Event) -> String {
    let mut chunk = String::new();
    put(&mut chunk, "event", None, event);
    chunk
}

async fn results(follow: Option<&mut Follow>, api: &Api, bytes: usize) -> Option<String> {
    match follow {
        Some(follow) => follow.next(api, bytes).await,
        None => std::future::pending().await,
    }
}

async fn changes(statuses: Option<&mut Statuses>) -> Option<String> {
    match statuses {
        Some(statuses) => statuses.next().await,
        None => std::future::pending().await,
    }
}

/// What a tab was told of the components.
struct Statuses {
    every: Duration,
    due: Instant,
    beats: watch::Receiver<Option<Arc<Beat>>>,
    sent: Option<Arc<Beat>>,
    /// When it was last told something.
    told: Instant,
    /// What happens.
    happens: broadcast::Receiver<Arc<Event>>,
}

impl Statuses {
    fn every(api: &Api, text: &str) -> Result<Self, Problem> {
        let every = period::parse(text).filter(|every| EVERY.contains(every));
        let every = every.ok_or_else(|| refused("`status` is a duration from `1s` to `60s`"))?;
        let mut beats = api.pulse.watch();
        beats.mark_changed();
        let now = Instant::now();
        Ok(Self { every, due: now, beats, sent: None, told: now, happens: api.journal.follow() })
    }

    /// Waits until there is something to tell; returns `None` if there never will be.
    async fn next(&mut self) -> Option<String> {
        loop {
            let due = async {
                tokio::time::sleep_until(self.due).await;
                self.beats.changed().await
            };
            tokio::select! {
                changed = due => changed.ok()?,
                event = self.happens.recv() => match event {
                    Ok(event) => return Some(told(&event)),
                    // Their numbers show that some are missing.
                    Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => return None,
                },
            }
            let Some(beat) = self.beats.borrow_and_update().clone() else { continue };
            self.due = Instant::now() + self.every;
            let event = self.event(&beat);
            if event.is_some() {
                (self.sent, self.told) = (Some(beat), Instant::now());
                return event;
            }
        }
    }

    /// Returns what differs from what the tab was told; `None` if nothing does and it was told lately.
    fn event(&self, beat: &Beat) -> Option<String> {
        let sent = self.sent.as_deref();
        let (differs, gone) = match sent {
            Some(sent) => beat.since(sent),
            None => (beat.shown.iter().map(|shown| &**shown).collect(), Vec::new()),
        };
        let counts = sent.is_none_or(|sent| sent.counts != beat.counts).then_some(beat.counts.as_str());
        let edges_changed = sent.is_some_and(|sent| sent.edges != beat.edges);
        let is_quiet = differs.is_empty()
            && gone.is_empty()
            && counts.is_none()
            && !edges_changed
            && sent.is_some_and(|sent| sent.needs == beat.needs && sent.is_whole == beat.is_whole);
        if is_quiet && self.told.elapsed() < QUIET_MAX {
            return None;
        }
        let components: Vec<&str> = differs.iter().map(|shown| shown.json.as_str()).collect();
        let (at, counts, gone) = (json!(beat.at.to_rfc3339()), counts.unwrap_or("null"), json!(gone));
        Some(format!(
            "event: status\ndata: {{\"at\":{at},\"first\":{first},\"total\":{total},\"whole\":{whole},\"counts\":{counts},\
             \"components\":[{components}],\"removed\":{gone},\"edges_changed\":{edges_changed},\"needs\":{needs}}}\n\n",
            first = sent.is_none(),
            total = beat.total,
            whole = beat.is_whole,
            components = components.join(","),
            needs = beat.needs,
        ))
    }
}
