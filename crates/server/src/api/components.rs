//! Sources, queries and reactions: their status, and calls that reset, start and stop them.

use super::accepted::Accepted;
use super::added::added;
use super::call::{Call, call};
use super::context::{Api, Shared};
use super::description::written;
use super::foreseen::{Done, Foreseen};
use super::list::{Asked, list};
use super::problem::Problem;
use super::shown::{leftover, status};
use super::step::Stepped;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::Method;
use livewell::{ComponentKind, State as Doing, Status};
use livewell_config::Change;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The parameters of a reset, in their order; a name may come more than once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
struct ResetParameters(#[schemars(with = "ResetTables")] Vec<(String, String)>);

/// The parameters of a reset as they are described.
#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "the schema is all that is used of it")]
struct ResetTables {
    /// Of a postgres source: copy only this table again, as `schema.name`, while the others go on; may be given several
    /// times.
    #[serde(default)]
    table: Vec<String>,
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
}

type ResetQuery = Result<Query<ResetParameters>, QueryRejection>;

/// A component that begins again.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Begun {
    id: String,
    #[schemars(extend("const" = "starting"))]
    state: &'static str,
}

/// Returns the calls that all kinds have.
pub fn calls(kind: ComponentKind) -> Vec<Call> {
    let all = async move |State(api): State<Shared>, Query(asked): Query<Asked>| list(api, kind, asked).await;
    let one = async move |State(api): State<Shared>, Path(id): Path<String>| {
        if let Some(found) = left(&api, kind, &id)? {
            return Ok(Json(leftover(&api, &found)));
        }
        find(&api, kind, &id).map(|found| Json(status(&api, &found)))
    };
    let reset = async move |State(api): State<Shared>, Path(id): Path<String>, asked: ResetQuery| {
        find(&api, kind, &id)?;
        let (tables, is_dry) = tables(kind, &id, asked)?;
        if is_dry {
            api.livewell.check_reset(&id, &tables)?;
            let foreseen = Foreseen::of(&api, &id, || {
                let found = find(&api, kind, &id)?;
                Ok(Stepped::reset(&api, &api.config(), &found, &tables))
            });
            return foreseen.map(Done::Foreseen);
        }
        if tables.is_empty() {
            api.livewell.reset(&id)?;
        } else {
            api.livewell.reset_tables(&id, &tables)?;
        }
        Ok::<_, Problem>(Done::Done(Accepted(Begun { id, state: "starting" })))
    };
    let stop = async move |State(api): State<Shared>, Path(id): Path<String>| {
        find(&api, kind, &id)?;
        // Without the lock, so that nobody else has to wait while it ends.
        api.livewell.stop(&id).await?;
        find(&api, kind, &id).map(|found| Json(status(&api, &found)))
    };
    let start = async move |State(api): State<Shared>, Path(id): Path<String>| {
        begin(&api, kind, &id).await?;
        find(&api, kind, &id).map(|found| Json(status(&api, &found)))
    };
    let (noun, all_of) = (kind.noun(), kind.plural());
    let path = |rest: &str| format!("/api/v1/{all_of}{rest}");
    let says = [
        format!(
            "The {all_of} with their status, page by page: by id, with those that only the store still holds"
        ),
        format!("One {noun} with its status"),
        resets(kind).to_owned(),
        format!("Starts a {noun} that is stopped, paused or in error; one that runs goes on"),
        format!("Stops a {noun} after its running step, until it is started or the process is"),
    ];
    let [of_all, of_one, of_reset, of_start, of_stop] = says;
    let reset = call(Method::POST, path("/{id}/reset"), reset, of_reset).answers(202, "It begins");
    let is_source = kind == ComponentKind::Source;
    vec![
        call(Method::GET, path(""), all, of_all).answers(200, "A page").shows(
            200,
            "Link",
            written::<String>,
            "The address of the next page, with `rel=\"next\"`; absent on the last one",
        ),
        call(Method::GET, path("/{id}"), one, of_one).answers(200, "Its status"),
        if is_source { reset } else { reset.without("table") },
        call(Method::POST, path("/{id}/start"), start, of_start).answers(200, "Its status").refuses(&[409]),
        call(Method::POST, path("/{id}/stop"), stop, of_stop).answers(200, "Its status").refuses(&[503]),
    ]
}

/// Returns what a reset does.
fn resets(kind: ComponentKind) -> &'static str {
    match kind {
        ComponentKind::Source => {
            "Reads a file or nats source again, as a new epoch; copies all tables of a postgres source again, or some of \
             them"
        }
        ComponentKind::Query => "Rebuilds a query; the old results serve until then",
        ComponentKind::Reaction => "Brings a reaction to what is true now",
    }
}

/// Returns the tables that a reset names, each as a `table` of its own, and whether it is only to be looked at.
fn tables(kind: ComponentKind, id: &str, asked: ResetQuery) -> Result<(Vec<String>, bool), Problem> {
    let refused = |message: String| Problem::new(400, "LW0701", message);
    let Query(ResetParameters(asked)) = asked.map_err(|rejection| refused(rejection.body_text()))?;
    let (mut tables, mut is_dry) = (Vec::new(), None);
    for (name, value) in asked {
        match (name.as_str(), value.parse::<bool>()) {
            ("table", _) => tables.push(value),
            ("dry_run", Ok(said)) if is_dry.is_none() => is_dry = Some(said),
            ("dry_run", _) => return Err(refused("`dry_run` is `true` or `false`, once".to_owned())),
            _ => {
                let takes = "it takes `table`, once for each table, and `dry_run`";
                return Err(refused(format!("a reset does not take `{name}`; {takes}")));
            }
        }
    }
    if !tables.is_empty() && kind != ComponentKind::Source {
        let message = format!("`{id}` is not a source and has no tables; reset it without naming tables");
        return Err(Problem::new(400, "LW0538", message));
    }
    Ok((tables, is_dry.unwrap_or(false)))
}

/// Starts a component that does not run, with its settings in the configuration; a running one is left as it is.
async fn begin(api: &Api, kind: ComponentKind, id: &str) -> Result<(), Problem> {
    let _one_at_a_time = api.changing.lock().await;
    match find(api, kind, id)?.state {
        Doing::Paused | Doing::Stopped => {}
        Doing::Error => {
            api.livewell.check_writable()?;
            api.livewell.stop(id).await?;
        }
        _ => return Ok(()),
    }
    // A password may have been replaced since.
    if let Some(change) = refreshed(api, kind, id)? {
        api.make(change);
    }
    let setup = livewell_config::setup::started(&api.config(), &api.seal, id)?.ok_or_else(|| {
        let message = format!("`{id}` is not in the configuration this server runs with");
        Problem::new(409, "LW0716", message)
    })?;
    Ok(api.livewell.add(setup).await?)
}

/// Returns what a component becomes by the values that its references lead to now, if they are others.
///
/// # Errors
/// Returns 400 if a value cannot be had.
pub fn refreshed(api: &Api, kind: ComponentKind, id: &str) -> Result<Option<Change>, Problem> {
    // A program that prints one takes its time.
    let refreshed = tokio::task::block_in_place(|| api.config().refreshed(kind, id));
    refreshed.map_err(|problems| Problem::of_all(&problems))
}

/// Returns what the store holds of a component of this kind that is not in the configuration.
///
/// # Errors
/// Returns an error if the store cannot be read.
pub fn left(api: &Api, kind: ComponentKind, id: &str) -> Result<Option<Status>, Problem> {
    Ok(api.livewell.leftover(id)?.filter(|status| status.kind == kind))
}

/// Returns the status of one component, also of one that only the store still holds.
///
/// # Errors
/// Returns 404 if there is none of this kind.
pub fn find_any(api: &Api, kind: ComponentKind, id: &str) -> Result<Status, Problem> {
    left(api, kind, id)?.map_or_else(|| find(api, kind, id), Ok)
}

/// Returns the status of one component.
///
/// # Errors
/// Returns 404 if there is none of this kind, or 409 if only the store still holds it.
pub fn find(api: &Api, kind: ComponentKind, id: &str) -> Result<Status, Problem> {
    match added(api, id)? {
        Some(found) if found.kind == kind => return Ok(found),
        Some(other) => {
            let message = format!("`{id}` is a {}, not a {}", other.kind.noun(), kind.noun());
            return Err(Problem::new(404, "LW0501", message));
        }
        None => {}
    }
    if left(api, kind, id)?.is_some() {
        let message = format!(
            "`{id}` is not in the configuration this server runs with, only in its store; `livewell remove {id}` (or \
             `DELETE`) removes what it stored"
        );
        return Err(Problem::new(409, "LW0716", message));
    }
    let config = api.config();
    let mut names: Vec<&str> =
        config.components().filter(|(its, _)| *its == kind).map(|(_, name)| name).collect();
    names.sort_unstable();
    Err(livewell::unknown(kind.noun(), id, &names).into())
}
