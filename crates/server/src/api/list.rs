//! Lists of components in pages: those that were added, and what the store holds of others, by id.

use super::context::{Api, Shared};
use super::problem::Problem;
use super::shape;
use super::shown::{leftover, status};
use super::wire::Doing;
use axum::Json;
use axum::http::{HeaderMap, HeaderValue, header};
use livewell::{ComponentKind, Page, State, Status};
use schemars::JsonSchema;
use serde::Deserialize;

/// How many components a page has if the caller does not say.
const LIMIT: usize = 1_000;
/// The most components on a page.
pub const LIMIT_MAX: usize = 10_000;

/// Which components are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Begin after this id.
    after: Option<String>,
    /// How many at most; 1000 where nothing is said.
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: Option<usize>,
    /// Only those in this state.
    #[schemars(with = "Option<Doing>")]
    state: Option<String>,
}

impl Asked {
    /// Returns what to read.
    ///
    /// # Errors
    /// Returns 400 if the limit is none, or the state.
    fn page(&self, kind: ComponentKind) -> Result<Page, Problem> {
        let limit = self.limit.unwrap_or(LIMIT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            let message = format!("`limit` is from 1 to {LIMIT_MAX}; read what comes then with `after`");
            return Err(Problem::new(400, "LW0701", message));
        }
        let state = self.state.as_deref().map(|name| {
            State::ALL.into_iter().find(|state| state.name() == name).ok_or_else(|| {
                let names: Vec<String> =
                    State::ALL.iter().map(|state| format!("`{}`", state.name())).collect();
                let message = format!("`{name}` is not a state; those are {}", names.join(", "));
                Problem::new(400, "LW0701", message)
            })
        });
        Ok(Page { kind: Some(kind), state: state.transpose()?, after: self.after.clone(), limit })
    }
}

/// Returns a page of components, with the address of the next one if there is one.
pub async fn list(
    api: Shared,
    kind: ComponentKind,
    asked: Asked,
) -> Result<(HeaderMap, Json<Vec<shape::Status>>), Problem> {
    let page = asked.page(kind)?;
    let read = tokio::task::spawn_blocking(move || read(&api, &page).map(|found| (page, found))).await;
    let (page, (shapes, last)) = read.map_err(|error| super::broken_off::broken_off(&error))??;
    let mut headers = HeaderMap::new();
    if let Some(last) = last {
        let state = page.state.map_or_else(String::new, |state| format!("&state={}", state.name()));
        let next = format!("/api/v1/{}?limit={}&after={last}{state}", kind.plural(), page.limit);
        let link = HeaderValue::from_str(&format!("<{next}>; rel=\"next\""));
        headers.extend(link.ok().map(|link| (header::LINK, link)));
    }
    Ok((headers, Json(shapes)))
}

/// Reads the components of a page. Returns the id of the last of them, too, if others follow.
fn read(api: &Api, page: &Page) -> Result<(Vec<shape::Status>, Option<String>), Problem> {
    // One more than is shown tells whether there are more.
    let added = api.livewell.statuses(&Page { limit: page.limit + 1, ..page.clone() })?;
    let mut found: Vec<(bool, Status)> = added.into_iter().map(|status| (true, status)).collect();
    let mut left = api.livewell.leftovers()?;
    left.retain(|status| {
        page.kind.is_none_or(|kind| status.kind == kind)
            && page.state.is_none_or(|state| status.state == state)
            && page.after.as_ref().is_none_or(|after| status.id > *after)
    });
    found.extend(left.into_iter().map(|status| (false, status)));
    found.sort_by(|(_, one), (_, other)| one.id.cmp(&other.id));
    // One that was added in between is in both.
    found.dedup_by(|(_, one), (_, other)| one.id == other.id);
    let has_more = found.len() > page.limit;
    found.truncate(page.limit);
    let last = found.last().filter(|_| has_more).map(|(_, status)| status.id.clone());
    let shape =
        |(is_added, one): &(bool, Status)| if *is_added { status(api, one) } else { leftover(api, one) };
    Ok((found.iter().map(shape).collect(), last))
}
