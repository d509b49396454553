//! `GET /api/v1/events`: what happened, the newest first.

use crate::api::context::Shared;
use crate::api::parameters::refused;
use crate::api::problem::Problem;
use crate::api::wire::Kind;
use crate::journal::{EVENTS_MAX, Event, What};
use axum::Json;
use axum::extract::{Query, State};
use livewell::ComponentKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use std::sync::Arc;

/// How many events a page has if the caller does not say.
const LIMIT: usize = 100;
/// The most events on a page.
pub const LIMIT_MAX: usize = 1_000;
/// How long a search is at most, in characters.
pub const SEARCH_MAX: usize = 200;

/// Which events are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The number that all of them are below.
    before: Option<u64>,
    /// How many; 100 by default.
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: Option<usize>,
    /// Only those about the component with this id.
    component: Option<String>,
    /// Only those about components of this kind.
    #[schemars(with = "Option<Kind>")]
    kind: Option<String>,
    /// Only those that are this.
    what: Option<What>,
    /// Only calls of the token with this name.
    caller: Option<String>,
    /// Only those with this error code.
    #[schemars(regex(pattern = "^LW[0-9]{4}$"))]
    code: Option<String>,
    /// Only those with this in the id, the caller, the call, the code or the message, in letters of either case.
    #[schemars(length(max = SEARCH_MAX))]
    search: Option<String>,
}

impl Asked {
    /// Returns a function that tells whether an event is asked for.
    ///
    /// # Errors
    /// Returns 400 for a kind or a code that is none, or a search that is too long.
    fn is_wanted(&self) -> Result<impl Fn(&Event) -> bool, Problem> {
        let kind = self.kind.as_deref();
        if kind.is_some_and(|kind| ComponentKind::ALL.iter().all(|one| one.noun() != kind)) {
            return Err(refused("`kind` is `source`, `query` or `reaction`"));
        }
        if self.code.as_deref().is_some_and(|code| !is_code(code)) {
            return Err(refused("`code` is that of an error, as in `LW0510`"));
        }
        let search = self.search.as_deref().unwrap_or_default();
        if search.chars().count() > SEARCH_MAX {
            return Err(refused(format!("`search` has at most {SEARCH_MAX} characters")));
        }
        let search = search.to_lowercase();
        Ok(move |event: &Event| {
            let Event { component, caller, call, code, message, .. } = event;
            let id = component.as_ref().map(|of| of.id.as_str());
            let is = |wanted: &Option<String>, found: Option<&str>| {
                wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
            };
            let has = |text: &str| text.to_lowercase().contains(&search);
            let texts = [id, caller.as_deref(), call.as_deref(), code.as_deref(), message.as_deref()];
            is(&self.component, id)
                && kind.is_none_or(|kind| component.as_ref().is_some_and(|of| of.kind == kind))
                && self.what.is_none_or(|what| event.what == what)
                && is(&self.caller, caller.as_deref())
                && is(&self.code, code.as_deref())
                && (search.is_empty() || texts.into_iter().flatten().any(has))
        })
    }
}

/// Returns whether a text has the form of an error's code.
fn is_code(text: &str) -> bool {
    text.strip_prefix("LW")
        .is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A page of events.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Events")]
pub struct Page {
    /// The newest first.
    #[schemars(with = "Vec<Event>")]
    events: Vec<Happened>,
    /// The `before` of the next page; null in the last.
    next: Option<u64>,
    /// How many events are kept.
    max: usize,
    /// Whether a restart finds them again.
    durable: bool,
}

/// An event, which is shared with the journal.
#[derive(Debug)]
struct Happened(Arc<Event>);

impl Serialize for Happened {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(out)
    }
}

/// Returns a page of what happened.
pub async fn get(State(api): State<Shared>, Query(asked): Query<Asked>) -> Result<Json<Page>, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(refused(format!("`limit` is from 1 to {LIMIT_MAX}; read what comes then with `before`")));
    }
    let (events, has_more) = api.journal.before(asked.before, limit, asked.is_wanted()?);
    let next = events.last().filter(|_| has_more).map(|last| last.number);
    let events = events.into_iter().map(Happened).collect();
    Ok(Json(Page { events, next, max: EVENTS_MAX, durable: api.journal.is_durable() }))
}
