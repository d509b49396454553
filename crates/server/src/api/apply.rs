//! `POST /api/v1/apply`: brings what runs to a configuration, the server's own file as it is now or the body, after showing
//! what that changes.

use super::added::added;
use super::broken_off::broken_off;
use super::call::{Call, call};
use super::context::{Api, Shared};
use super::foreseen::NothingDone;
use super::planned::{Plan, digest, shape};
use super::problem::Problem;
use super::section::Sections;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::Method;
use axum::{Extension, Json};
use livewell::{ComponentKind, Error};
use livewell_config::{Act, Others, Planned, Step, setup};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

/// What a call asks for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Only show what would be done.
    #[serde(default)]
    dry_run: bool,
    /// Remove what the configuration does not name.
    #[serde(default)]
    prune: bool,
    /// The plan that was shown; anything else is refused.
    plan: Option<String>,
    /// The file that the body was read from. If the server runs this file, it reads it itself, with its secrets.
    file: Option<String>,
}

type AskedQuery = Result<Query<Asked>, QueryRejection>;

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let apply = async move |State(api): State<Shared>, asked: AskedQuery, body: Sections| {
        let Query(asked) = asked.map_err(|rejection| Problem::new(400, "LW0701", rejection.body_text()))?;
        let nothing_done = asked.dry_run.then_some(Extension(NothingDone));
        apply(&api, &asked, body.0).await.map(|plan| (nothing_done, Json(plan)))
    };
    let summary = "Brings what runs to a configuration: the server's own file as it is now, or the body. `dry_run=true` \
                   only says what would be done; `plan` names a plan that was shown, and anything else is then refused; \
                   `prune=true` removes what the configuration does not name";
    let apply = call(Method::POST, "/api/v1/apply", apply, summary);
    vec![apply.answers(200, "What was, or would be, done").refuses(&[409])]
}

async fn apply(api: &Shared, asked: &Asked, body: String) -> Result<Plan, Problem> {
    let _one_at_a_time = api.changing.lock().await;
    let others = if asked.prune { Others::Remove } else { Others::Keep };
    let planned = planned(api, others, text(api, asked, body)).await?;
    let plan = digest(&planned);
    if asked.plan.as_ref().is_some_and(|shown| *shown != plan) {
        let message = "what would be done is no longer what was shown; look at it again";
        return Err(Problem::new(409, "LW0790", message));
    }
    let (own, is_applied) = (api.clone(), !asked.dry_run);
    let shaped =
        tokio::task::spawn_blocking(move || (shape(&own, &planned, plan, is_applied), planned)).await;
    let (shown, planned) = shaped.map_err(|error| broken_off(&error))?;
    if !asked.dry_run {
        carry_out(api, planned).await?;
    }
    Ok(shown)
}

/// Reads the file that the server runs again, and does what it changes of the components; what it does not name stays.
///
/// # Errors
/// Returns why nothing was changed, or not everything.
pub(super) async fn reload(api: &Shared) -> Result<(), Problem> {
    let _one_at_a_time = api.changing.lock().await;
    let planned = planned(api, Others::AsCallsHaveMade, None).await?;
    for Step { kind, id, act } in &planned.steps {
        let action = match act {
            Act::Create => "create",
            Act::Change { .. } => "change",
            Act::Remove => "remove",
        };
        tracing::info!(component = %id, kind = kind.noun(), action, "the file has changed");
    }
    carry_out(api, planned).await
}

/// Returns the text to apply; `None` stands for the file that the server runs.
fn text(api: &Api, asked: &Asked, body: String) -> Option<String> {
    let own = api.config().file().to_owned();
    let is_own = |file: &String| {
        let same = fs::canonicalize(file).ok().zip(fs::canonicalize(&own).ok());
        same.is_some_and(|(one, other)| one == other)
            && fs::read(&own).is_ok_and(|own| own == body.as_bytes())
    };
    let is_file = body.trim().is_empty() || asked.file.as_ref().is_some_and(is_own);
    (!is_file).then_some(body)
}

/// Plans the way to the server's own file, or to `text`, off the threads that serve: all of it is read and compiled.
async fn planned(api: &Shared, others: Others, text: Option<String>) -> Result<Planned, Problem> {
    let api = api.clone();
    let planned = tokio::task::spawn_blocking(move || {
        let config = api.config().clone();
        match text {
            None => config.planned_from_file(others).map_err(|reason| Problem::new(400, "LW0791", reason)),
            Some(text) => config
                .planned_from_text(&text, others == Others::Remove)
                .map_err(|problems| Problem::of_all(&problems).with("rendered", rendered(&text, problems))),
        }
    });
    planned.await.map_err(|error| Problem::new(500, "LW0541", error.to_string()))?
}

/// Returns the problems as `livewell check` shows them.
fn rendered(text: &str, problems: Vec<livewell_query::language::Diagnostic>) -> Value {
    livewell_config::Problems::of_text("configuration", text, problems).to_string().into()
}

/// Does what was planned: stops what is removed and what changes, and puts all that is new or changed in its place, in one
/// commit and together, so that queries are built in one pass.
///
/// # Errors
/// Returns why it could not be done. Then what was to change or to be removed runs as before.
pub(super) async fn carry_out(api: &Api, planned: Planned) -> Result<(), Problem> {
    if planned.steps.is_empty() {
        api.replace_config(planned.next);
        return Ok(());
    }
    api.livewell.check_writable()?;
    let of = |is: fn(&Act) -> bool| planned.steps.iter().filter(move |step| is(&step.act));
    let removed: Vec<&Step> = of(|act| *act == Act::Remove).collect();
    let mut changed: Vec<&Step> = of(|act| matches!(act, Act::Change { .. })).collect();
    // Readers first.
    changed.sort_by_key(|step| std::cmp::Reverse(order(step.kind)));
    let stopped: Vec<&Step> = removed.iter().chain(&changed).copied().collect();
    let done = exchange(api, &planned, &stopped, &removed).await;
    if let Err(error) = done {
        start_as_before(api, &stopped, &removed).await;
        return Err(error.into());
    }
    api.replace_config(planned.next);
    Ok(())
}

async fn exchange(api: &Api, planned: &Planned, stopped: &[&Step], removed: &[&Step]) -> Result<(), Error> {
    for step in stopped {
        api.livewell.stop(&step.id).await?;
    }
    let stays = |step: &&Step| step.act != Act::Remove;
    let ids: BTreeSet<&str> = planned.steps.iter().filter(stays).map(|step| step.id.as_str()).collect();
    let setup = setup::some(&planned.next, &api.seal, &|id| ids.contains(id))?;
    let removed: Vec<String> = removed.iter().map(|step| step.id.clone()).collect();
    api.livewell.exchange(&removed, setup).await
}

/// Starts what was stopped, as the configuration before says. What the store has no longer, since something failed after
/// the commit, leaves that configuration. If even this fails, they stay stopped, and their status says so.
async fn start_as_before(api: &Api, stopped: &[&Step], removed: &[&Step]) {
    let is_there = |step: &&&Step| matches!(added(api, &step.id), Ok(Some(_)));
    for gone in removed.iter().filter(|step| !is_there(step)) {
        // Judged apart: the configuration cannot be changed while it is read.
        let change = api.config().change(gone.kind, &gone.id, None);
        if let Ok(change) = change {
            api.make(change);
        }
    }
    let ids: BTreeSet<&str> = stopped.iter().filter(is_there).map(|step| step.id.as_str()).collect();
    let before = setup::some(&api.config(), &api.seal, &|id| ids.contains(id));
    if let Ok(before) = before {
        let _ = api.livewell.add(before).await;
    }
}

fn order(kind: ComponentKind) -> usize {
    ComponentKind::ALL.iter().position(|one| *one == kind).unwrap_or_default()
}
