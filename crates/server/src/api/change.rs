//! Creates, changes and removes components: a section of the configuration in JSON, read by the same code.
//!
//! The store keeps what a call has made or changed, so it is there again after a restart: see [`livewell_config::kept`].
//! What a call has removed, stopped or started of the file is as the file says at the next start.

use super::accepted::Created;
use super::added::added;
use super::audited::About;
use super::broken_off::broken_off;
use super::call::{Call, call};
use super::components::{find, left};
use super::context::{Api, Shared};
use super::description::{Answer, JSON, Operation, Schemas, written};
use super::expected::Expected;
use super::foreseen::{Done, DryRun, Foreseen};
use super::overview::Ids;
use super::problem::Problem;
use super::section::Section;
use super::shown::status;
use super::step::Stepped;
use super::wire::json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use livewell::{ComponentKind, Removed};
use livewell_config::{Act, Change};
use schemars::JsonSchema;
use serde::Serialize;

/// How many readers a refusal names.
const NAMED_MAX: usize = 10;
/// What the header is for.
const IF_MATCH: &str =
    "The hash of the definition in quotes, as its `ETag`: done only if the definition is still that one";

/// What is left of a removed component in its database.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Left {
    id: String,
    /// A replication slot, for which the database keeps its log.
    slot: String,
}

/// That a component is gone.
struct Gone(Option<Left>);

impl IntoResponse for Gone {
    fn into_response(self) -> Response {
        self.0.map_or_else(|| StatusCode::NO_CONTENT.into_response(), |left| Json(left).into_response())
    }
}

impl Answer for Gone {
    fn describe(operation: &mut Operation, _schemas: &mut Schemas) {
        operation.explain(204, "It is gone");
    }
}

/// Returns the calls that change components of this kind.
pub fn calls(kind: ComponentKind) -> Vec<Call> {
    let create = async move |State(api): State<Shared>, Query(asked): Query<DryRun>, body: Section| {
        let id = body.id()?;
        let created = create(&api, kind, &id, &body, asked.dry_run).await;
        let answer = created.and_then(|created| match created {
            Some(foreseen) => Ok(Done::Foreseen(foreseen)),
            None => find(&api, kind, &id).map(|found| Done::Done(Created(status(&api, &found)))),
        });
        Ok::<_, Problem>((Extension(About(id)), answer))
    };
    let change = async move |State(api): State<Shared>,
                             Path(id): Path<String>,
                             Query(asked): Query<DryRun>,
                             headers: HeaderMap,
                             body: Section| {
        let expected = Expected::of(&headers)?;
        if asked.dry_run {
            let foreseen =
                tokio::task::spawn_blocking(move || foresee_change(&api, kind, &id, &body, &expected));
            return foreseen.await.map_err(|error| broken_off(&error))?.map(Done::Foreseen);
        }
        change(&api, kind, &id, &body, &expected).await?;
        find(&api, kind, &id).map(|found| Done::Done(Json(status(&api, &found))))
    };
    let remove = async move |State(api): State<Shared>,
                             Path(id): Path<String>,
                             Query(asked): Query<DryRun>,
                             headers: HeaderMap| {
        let expected = Expected::of(&headers)?;
        if asked.dry_run {
            return foresee_removal(&api, kind, &id, &expected).map(Done::Foreseen);
        }
        let removed = remove(&api, kind, &id, &expected).await?;
        Ok(Done::Done(Gone(removed.slot.map(|slot| Left { id, slot }))))
    };
    let (noun, all) = (kind.noun(), kind.plural());
    let path = |rest: &str| format!("/api/v1/{all}{rest}");
    let body = || format!("An item of `{all}:` as the configuration has it");
    let remove = call(
        Method::DELETE,
        path("/{id}"),
        remove,
        format!("Removes a {noun} with all it stored; also one that only the store still holds"),
    )
    .takes_header("If-Match", written::<String>, IF_MATCH)
    .refuses(&[400, 409, 412]);
    vec![
        call(Method::POST, path(""), create, format!("Creates a {noun}"))
            .explains_body(body())
            .answers(201, "Its status")
            .refuses(&[409]),
        call(
            Method::PUT,
            path("/{id}"),
            change,
            format!("Changes a {noun}: it is stopped and goes on with these settings"),
        )
        .explains_body(body())
        .takes_header("If-Match", written::<String>, IF_MATCH)
        .answers(200, "Its status; with `dry_run` what would be done")
        .refuses(&[409, 412]),
        if kind == ComponentKind::Source { with_slot(remove) } else { remove },
    ]
}

/// Adds the answer that only a source has.
fn with_slot(remove: Call) -> Call {
    remove.content(200, JSON, written::<Left>).answers(
        200,
        "It is gone; the replication slot of a `postgres` source that was not in the configuration is still in its \
         database. With `dry_run`: what would be done",
    )
}

/// Creates a component. Returns what that would do if it is only to be looked at.
async fn create(
    api: &Api,
    kind: ComponentKind,
    id: &str,
    body: &Section,
    is_dry: bool,
) -> Result<Option<Foreseen>, Problem> {
    let _one_at_a_time = api.changing.lock().await;
    if added(api, id)?.is_some() {
        return Err(Problem::new(409, "LW0503", format!("`{id}` is there already; `PUT` changes it")));
    }
    let change = judged(api, kind, id, body)?;
    if is_dry {
        api.livewell.check_writable()?;
        return Ok(Some(Foreseen::new(None, foreseen(api, &change))));
    }
    add(api, &change).await?;
    api.make(change);
    Ok(None)
}

/// Returns the change that a call asks for, of the component that it expects.
fn changed(
    api: &Api,
    kind: ComponentKind,
    id: &str,
    body: &Section,
    expected: &Expected,
) -> Result<Change, Problem> {
    find(api, kind, id)?;
    if body.id()? != id {
        let message = format!("the body is of another component than `{id}`; an id cannot be changed");
        return Err(Problem::new(400, "LW0605", message));
    }
    expected.check(api, id)?;
    judged(api, kind, id, body)
}

async fn change(
    api: &Api,
    kind: ComponentKind,
    id: &str,
    body: &Section,
    expected: &Expected,
) -> Result<(), Problem> {
    changed(api, kind, id, body, expected)?;
    api.livewell.check_writable()?;
    // Nobody else has to wait while it ends.
    api.livewell.stop(id).await?;
    let _one_at_a_time = api.changing.lock().await;
    let put = async {
        // Another call may have come first.
        let change = changed(api, kind, id, body, expected)?;
        api.livewell.stop(id).await?;
        add(api, &change).await?;
        Ok(change)
    };
    api.make(or_as_it_was(api, id, put.await).await?);
    Ok(())
}

fn foresee_change(
    api: &Api,
    kind: ComponentKind,
    id: &str,
    body: &Section,
    expected: &Expected,
) -> Result<Foreseen, Problem> {
    find(api, kind, id)?;
    Foreseen::of(api, id, || {
        let change = changed(api, kind, id, body, expected)?;
        api.livewell.check_writable()?;
        Ok(foreseen(api, &change))
    })
}

/// Returns what a change does, and what that costs. Files of a source that changes may be read.
fn foreseen(api: &Api, change: &Change) -> Stepped {
    let config = api.config().clone();
    let step = config.step(change);
    let stepped = Stepped::of(api, &config, &step, change.query());
    match change.source().filter(|_| matches!(step.act, Act::Change { .. })) {
        Some(source) => stepped.over_what_is_stored(api, &config, source),
        None => stepped,
    }
}

/// Starts a component as it was if changing it failed. If even that fails, it stays stopped, and its status says so.
async fn or_as_it_was<T>(api: &Api, id: &str, done: Result<T, Problem>) -> Result<T, Problem> {
    if done.is_err() {
        let before = livewell_config::setup::configured(&api.config(), &api.seal, id);
        if let Ok(Some(before)) = before {
            let _ = api.livewell.add(before).await;
        }
    }
    done
}

async fn remove(api: &Api, kind: ComponentKind, id: &str, expected: &Expected) -> Result<Removed, Problem> {
    if left(api, kind, id)?.is_some() {
        let _one_at_a_time = api.changing.lock().await;
        expected.check(api, id)?;
        return Ok(api.livewell.remove(id).await?);
    }
    without(api, kind, id, expected)?;
    api.livewell.check_writable()?;
    // Nobody else has to wait while it ends.
    api.livewell.stop(id).await?;
    let _one_at_a_time = api.changing.lock().await;
    let taken_out = async {
        // Another call may have come first.
        let change = without(api, kind, id, expected)?;
        Ok((change, api.livewell.remove(id).await?))
    };
    let (change, removed) = or_as_it_was(api, id, taken_out.await).await?;
    api.make(change);
    Ok(removed)
}

fn foresee_removal(
    api: &Api,
    kind: ComponentKind,
    id: &str,
    expected: &Expected,
) -> Result<Foreseen, Problem> {
    let left = left(api, kind, id)?;
    if left.is_none() {
        find(api, kind, id)?;
    }
    Foreseen::of(api, id, || {
        if left.is_some() {
            expected.check(api, id)?;
            return Ok(Stepped::removed(kind, id, left.as_ref()));
        }
        let change = without(api, kind, id, expected)?;
        api.livewell.check_writable()?;
        Ok(foreseen(api, &change))
    })
}

/// Returns the change that takes out a component which nothing reads and which is the one that the call expects.
fn without(api: &Api, kind: ComponentKind, id: &str, expected: &Expected) -> Result<Change, Problem> {
    find(api, kind, id)?;
    expected.check(api, id)?;
    let config = api.config();
    let readers = config.readers(id);
    if !readers.is_empty() {
        let names: Vec<String> = readers.iter().take(NAMED_MAX).map(|reader| format!("`{reader}`")).collect();
        let mut names = names.join(", ");
        if let Some(more @ 1..) = readers.len().checked_sub(NAMED_MAX) {
            names.push_str(&format!(" and {more} more"));
        }
        let message = format!("`{id}` is read by {names}; remove what reads it first");
        let ids = readers.iter().take(NAMED_MAX).map(|id| (*id).to_owned()).collect();
        let read_by = Ids { ids, count: readers.len() };
        return Err(Problem::new(409, "LW0535", message).with("read_by", json(&read_by)));
    }
    config.change(kind, id, None).map_err(|problems| Problem::of_all(&problems))
}

/// Returns the change that a body describes.
fn judged(api: &Api, kind: ComponentKind, id: &str, body: &Section) -> Result<Change, Problem> {
    api.config().change(kind, id, Some(&body.0)).map_err(|problems| Problem::of_all(&problems))
}

async fn add(api: &Api, change: &Change) -> Result<(), Problem> {
    let setup = livewell_config::setup::changed(&api.config(), &api.seal, change)?;
    Ok(api.livewell.add(setup).await?)
}
