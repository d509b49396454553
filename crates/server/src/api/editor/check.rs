//! `POST /api/v1/queries/check`: what is wrong with a query, in its text and beside it, and how it would be maintained.

use super::super::body::Body;
use super::super::broken_off::broken_off;
use super::super::call::{Call, call};
use super::super::context::{Api, Shared};
use super::super::diagnostic::Diagnostic;
use super::super::problem::Problem;
use super::super::verifying::Waiting;
use super::draft::Draft;
use super::plan::Plan;
use super::warnings::{self, Known};
use axum::Json;
use axum::extract::State;
use axum::http::Method;
use livewell::ComponentKind;
use livewell_query::Engine;
use livewell_query::language::{Diagnostic as Found, code};
use livewell_query::outline::Outline;
use schemars::JsonSchema;
use serde::Serialize;

/// What is wrong with a query, and how it would be maintained.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "QueryChecked")]
struct Checked {
    /// Whether the query could be created or changed so.
    valid: bool,
    /// What is wrong with its text, or seems to be, by place.
    diagnostics: Vec<Diagnostic>,
    /// What is wrong beside its text: its id, what it reads, its parameters.
    problems: Vec<Beside>,
    /// Its columns, in the order of RETURN; none while the text has an error.
    columns: Vec<Column>,
    /// How it would be maintained; null while the text has an error.
    plan: Option<Plan>,
}

/// Something that is wrong beside the text.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Beside {
    /// The code of the reason, which has a page.
    code: &'static str,
    message: String,
    /// What to do.
    help: Option<String>,
}

/// A column.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Column {
    name: String,
    /// What it can hold beside null; null if that can be anything.
    #[serde(rename = "type")]
    of: Option<String>,
}

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let post = async |State(api): State<Shared>, body: Body<Draft>| {
        let draft = body.read()?;
        draft.check_size()?;
        let waiting = Waiting::default();
        let is_gone = waiting.is_gone();
        let checked = tokio::task::spawn_blocking(move || Checked::of(&api, &draft, &is_gone));
        Ok::<_, Problem>(Json(checked.await.map_err(|error| broken_off(&error))?))
    };
    let summary = "What is wrong with a query, and how it would be maintained; nothing is kept. Labels, types and \
                   properties that nothing stored has are warnings";
    vec![
        call(Method::POST, "/api/v1/queries/check", post, summary)
            .answers(200, "Also for a text with errors"),
    ]
}

impl Checked {
    fn of(api: &Api, draft: &Draft, is_gone: &dyn Fn() -> bool) -> Self {
        let (text, id) = (draft.cypher.as_str(), draft.id.clone().unwrap_or_else(|| free_id(api)));
        let judged = api.config().change(ComponentKind::Query, &id, Some(&draft.item(&id).to_string())).err();
        let mut found = judged.unwrap_or_default();
        let query = draft.query(&id).ok();
        // Without its settings the text alone is judged.
        let (params, settings) =
            query.as_ref().map(|query| (query.params.clone(), query.engine_settings())).unwrap_or_default();
        let engine = Engine::compile_with(text, &params, &settings);
        // What is wrong with a join has no place in the text.
        let error = engine.as_ref().err().filter(|error| error.code != code::JOIN);
        if let Some(error) = error {
            // It was found there, too, at its place in the item.
            found.retain(|beside| beside.code != error.code || !beside.message.starts_with(&error.message));
        }
        let mut known = Known::default();
        let mut diagnostics = Vec::new();
        let outline = Outline::of(text);
        if let Ok(outline) = &outline {
            known = Known::of(api, &draft.sources, is_gone);
            let joins = query.iter().flat_map(|query| &query.joins).map(|join| join.kind.as_str()).collect();
            let warnings = warnings::of(outline, &known, &joins);
            diagnostics.extend(warnings.iter().map(|found| (found.span, Diagnostic::warning(text, found))));
        }
        let all = error.map(|error| (error, livewell_query::faults(text)));
        match all {
            // The same one, and what else can be said beside it.
            Some((error, faults)) if faults.first().is_some_and(|first| first == error) => {
                diagnostics.extend(faults.iter().map(|fault| (fault.span, Diagnostic::error(text, fault))));
            }
            Some((error, _)) => diagnostics.push((error.span, Diagnostic::error(text, error))),
            None => {}
        }
        diagnostics.sort_by_key(|(span, _)| (span.start, span.end));
        let source = |is_label: bool, names: &[String]| known.source_of(is_label, names);
        Self {
            valid: engine.is_ok() && found.is_empty(),
            diagnostics: diagnostics.into_iter().map(|(_, diagnostic)| diagnostic).collect(),
            problems: found.into_iter().map(Beside::of).collect(),
            columns: engine.iter().flat_map(columns).collect(),
            plan: engine
                .as_ref()
                .ok()
                .zip(outline.as_ref().ok())
                .map(|(engine, outline)| Plan::of(text, outline, engine, &source)),
        }
    }
}

impl Beside {
    fn of(found: Found) -> Self {
        Self { code: found.code, message: found.message, help: found.help }
    }
}

fn columns(engine: &Engine) -> impl Iterator<Item = Column> {
    let names = engine.columns().iter().map(ToString::to_string);
    names.zip(engine.column_types()).map(|(name, of)| Column { name, of })
}

/// Returns an id that nothing has, for a query that has none yet.
fn free_id(api: &Api) -> String {
    let is_taken = |id: &String| api.livewell.status_of(id).is_ok();
    let ids = std::iter::once("new-query".to_owned()).chain((2..).map(|at| format!("new-query-{at}")));
    ids.into_iter().find(|id| !is_taken(id)).unwrap_or_default()
}
