//! `POST /api/v1/reactions/ID/message/try`: what a template makes of the next result and of the last ones. Nothing is
//! sent.

use super::body::Body;
use super::broken_off::broken_off;
use super::call::{Call, call};
use super::components::find;
use super::context::Shared;
use super::parameters::refused;
use super::problem::Problem;
use super::verifying::{self, Verifying};
use super::wire::Epoch;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use livewell::reactions::messenger::Each;
use livewell::reactions::messenger::preview::{Preview, Previewer};
use livewell::reactions::{Now, ReactionError, Start};
use livewell::upcoming::{Given, Upcoming};
use livewell::{ComponentKind, Diff, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many of the last results are tried at most, which is also how many where nothing is said.
const LAST_MAX: usize = 100;
/// How long a template may be, in bytes.
const TEMPLATE_BYTES_MAX: usize = 64 << 10;
/// How many messages are made at most, and how many of them are shown.
const MESSAGES_MAX: usize = 500;
const SHOWN_MAX: usize = 20;
/// How much of a body is shown, in bytes.
const BODY_BYTES_MAX: usize = 16 << 10;
/// How long making messages may take.
const TIME_MAX: Duration = Duration::from_secs(5);

/// What to try.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Asked {
    /// The template of the body; the running one where nothing is said.
    #[schemars(length(max = TEMPLATE_BYTES_MAX))]
    template: Option<String>,
    /// How many of the last results; 100 where nothing is said.
    #[schemars(range(max = LAST_MAX))]
    last: Option<usize>,
}

/// What a template makes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "MessageTried")]
struct Tried {
    id: String,
    /// Whether each diff makes a message, or each result.
    #[schemars(extend("enum" = ["diff", "result"]))]
    each: &'static str,
    /// The template that was tried; null if the body is the result in JSON.
    template: Option<String>,
    /// Why the template is none.
    problem: Option<String>,
    /// The message that would be sent next; null if nothing waits.
    next: Option<Made>,
    /// The last messages, the newest first: at most 20, those that fail before others.
    last: Vec<Made>,
    /// How many of the last results were tried.
    results: usize,
    /// How many messages they make.
    messages: usize,
    /// How many of those cannot be made.
    failed: usize,
    /// Whether some were left out, because they are too many or too large.
    truncated: bool,
}

/// A message as it would be sent, or why it would not.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "MessageMade")]
struct Made {
    query_id: String,
    epoch: Epoch,
    sequence: u64,
    /// Which diff of the result, from 0, of a message with one diff.
    index: Option<usize>,
    /// What became of the row, of a message with one diff.
    #[schemars(extend("enum" = ["ADD", "UPDATE", "DELETE", null]))]
    change: Option<&'static str>,
    /// The key it has outside.
    key: String,
    /// Its address, such as the subject; null if all messages go to one place.
    address: Option<String>,
    /// Its beginning; null if it cannot be made.
    body: Option<String>,
    /// How many bytes it has.
    body_bytes: usize,
    /// Whether `body` is all of it.
    whole: bool,
    /// Why it cannot be made.
    problem: Option<String>,
}

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let summary = "What a template makes of the result that a reaction delivers next, and of the last ones; nothing is \
                   sent";
    let post = call(Method::POST, "/api/v1/reactions/{id}/message/try", post, summary);
    vec![post.answers(200, "The messages, also if the template fails").refuses(&[409, 503])]
}

/// Makes the messages, while the call waits.
async fn post(
    State(api): State<Shared>,
    Path(id): Path<String>,
    body: Body<Asked>,
) -> Result<Json<Tried>, Problem> {
    find(&api, ComponentKind::Reaction, &id)?;
    let asked = body.read()?;
    let last = asked.last.unwrap_or(LAST_MAX);
    if last > LAST_MAX {
        return Err(refused(format!("`last` is at most {LAST_MAX}")));
    }
    if asked.template.as_ref().is_some_and(|template| template.len() > TEMPLATE_BYTES_MAX) {
        return Err(refused(format!("a template that is tried has at most {TEMPLATE_BYTES_MAX} bytes")));
    }
    let previewed = api.config().reactions.get(&id).and_then(|settings| settings.preview(asked.template));
    let previewed = previewed.ok_or_else(|| {
        Problem::new(409, "LW0841", format!("`{id}` sends no messages, so there is no template to try"))
    })?;
    let (_caller, verifying) = verifying::begin_explaining(&api)?;
    let livewell = api.livewell.clone();
    let tried = tokio::task::spawn_blocking(move || {
        let upcoming = livewell.upcoming(&id, last)?;
        let store = format!("{:032x}", livewell.store().id().0);
        // The permit lasts as long as the computation.
        let mut tried = Tried::new(id, previewed.each, previewed.template);
        match tried.make(previewed.previewer, &store, &upcoming, &verifying) {
            Ok(()) => Ok::<_, Problem>(tried),
            Err(ReactionError::Template { cause, .. }) => Ok(Tried { problem: Some(cause), ..tried }),
            Err(error) => Err(Problem::new(500, error.code(), error.to_string())),
        }
    });
    Ok(Json(tried.await.map_err(|error| broken_off(&error))??))
}

impl Tried {
    fn new(id: String, each: Each, template: Option<String>) -> Self {
        let each = match each {
            Each::Diff => "diff",
            Each::Result => "result",
        };
        let (problem, next, last, truncated) = (None, None, Vec::new(), false);
        Self { id, each, template, problem, next, last, results: 0, messages: 0, failed: 0, truncated }
    }

    /// Makes the next message, and those of the last results.
    fn make(
        &mut self,
        mut previewer: Box<dyn Previewer>,
        store: &str,
        upcoming: &Upcoming,
        verifying: &Verifying,
    ) -> Result<(), ReactionError> {
        let now: Now = Arc::new(Timestamp::default);
        let detail = Some(upcoming.detail.as_slice()).filter(|detail| !detail.is_empty());
        let (reaction, attempts) = (self.id.as_str(), Arc::default());
        previewer.prepare(&Start { store, reaction, detail, heads: &[], now, attempts })?;
        if let Some(given) = &upcoming.next {
            let outgoing = given.outgoing();
            let index = previewer.next(&outgoing)?;
            if index < previewer.count(&outgoing)? {
                self.next = Some(Made::of(given, previewer.preview(&outgoing, index)?));
            }
        }
        let (began, is_cancelled) = (Instant::now(), verifying.is_cancelled());
        let (mut fine, mut failing) = (Vec::new(), Vec::new());
        'results: for given in &upcoming.last {
            let outgoing = given.outgoing();
            for index in 0..previewer.count(&outgoing)? {
                if self.messages == MESSAGES_MAX || began.elapsed() > TIME_MAX || is_cancelled() {
                    self.truncated = true;
                    break 'results;
                }
                let preview = previewer.preview(&outgoing, index)?;
                self.messages += 1;
                self.failed += usize::from(preview.made.is_err());
                let shown = if preview.made.is_err() { &mut failing } else { &mut fine };
                if shown.len() < SHOWN_MAX {
                    shown.push(Made::of(given, preview));
                }
            }
            self.results += 1;
        }
        self.truncated |= upcoming.is_cut;
        failing.append(&mut fine);
        failing.truncate(SHOWN_MAX);
        self.last = failing;
        Ok(())
    }
}

impl Made {
    fn of(given: &Given, Preview { index, key, made }: Preview) -> Self {
        let change = index.and_then(|index| given.result.diffs.get(index)).map(|diff| match diff {
            Diff::Add { .. } => "ADD",
            Diff::Update { .. } => "UPDATE",
            Diff::Delete { .. } => "DELETE",
        });
        let nothing = Self {
            query_id: given.query_id.clone(),
            epoch: Epoch(given.epoch),
            sequence: given.result.sequence,
            index,
            change,
            key,
            address: None,
            body: None,
            body_bytes: 0,
            whole: true,
            problem: None,
        };
        match made {
            Err(problem) => Self { problem: Some(problem), ..nothing },
            Ok((address, body)) => {
                let text = String::from_utf8_lossy(&body);
                let shown = text[..text.floor_char_boundary(BODY_BYTES_MAX)].to_owned();
                let (body_bytes, whole) = (body.len(), shown.len() == text.len());
                Self { address, body: Some(shown), body_bytes, whole, ..nothing }
            }
        }
    }
}
