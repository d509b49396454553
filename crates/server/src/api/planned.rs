//! What an `apply` would do, in JSON.

use super::components::added;
use super::context::Api;
use super::wire::Kind;
use livewell::ComponentKind;
use livewell_config::{Act, Config, Planned, Step};
use livewell_reaction::Role;
use schemars::JsonSchema;
use serde::Serialize;

/// What was, or would be, done.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Plan {
    /// What tells this plan from others.
    plan: String,
    /// What is created, changed and removed.
    steps: Vec<Stepped>,
    /// What runs and is not in the configuration.
    kept: Vec<Kept>,
    /// How many components stay as they are.
    unchanged: usize,
    /// The sections that take effect with the next start.
    #[schemars(extend("items" = { "type": "string", "enum": ["store", "server"] }))]
    at_next_start: Vec<&'static str>,
    /// Whether it was done, or only shown.
    applied: bool,
}

/// What becomes of a component.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Step")]
struct Stepped {
    kind: Kind,
    id: String,
    #[schemars(extend("enum" = ["create", "change", "remove"]))]
    action: &'static str,
    /// The settings that differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>")]
    fields: Option<Vec<String>>,
    /// Whether the rows of a query are built again, beside the old ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    rebuilds: Option<bool>,
    /// The rows of a query, or elements of a source, as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    rows: Option<u64>,
    /// How many stored elements or rows a new or rebuilt query is built from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    reads: Option<u64>,
    /// Who follows a rebuilt query, and what each receives.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Follower>")]
    followers: Option<Vec<Follower>>,
}

/// A component that runs and is not in the configuration.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Kept {
    kind: Kind,
    id: String,
}

/// A follower of a rebuilt query.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Follower {
    id: String,
    /// What differs, of one that keeps state; the next result, of a trigger.
    #[schemars(extend("enum" = ["difference", "next"]))]
    receives: &'static str,
}

/// Returns what tells a plan from others.
pub fn digest(planned: &Planned) -> String {
    let steps = format!("{:?} {:?} {:?}", planned.steps, planned.kept, planned.at_next_start);
    blake3::hash(steps.as_bytes()).to_hex()[..16].to_owned()
}

/// Returns the plan: every step with what it costs and what followers receive.
pub fn shape(api: &Api, planned: &Planned, plan: String, applied: bool) -> Plan {
    let next = &planned.next;
    let kept = planned.kept.iter().map(|(kind, id)| Kept { kind: Kind(*kind), id: id.clone() });
    let touched = planned.steps.iter().filter(|step| step.act != Act::Remove).count();
    Plan {
        plan,
        steps: planned.steps.iter().map(|step| shape_of(api, next, step)).collect(),
        kept: kept.collect(),
        unchanged: next.len().saturating_sub(touched + planned.kept.len()),
        at_next_start: planned.at_next_start.clone(),
        applied,
    }
}

fn shape_of(api: &Api, next: &Config, step: &Step) -> Stepped {
    let rows = |id: &str| added(api, id).ok().flatten().map_or(0, |status| status.rows);
    let (action, fields, rebuilds) = match &step.act {
        Act::Create => ("create", None, None),
        Act::Change { fields, rebuilds } => ("change", Some(fields.clone()), Some(*rebuilds)),
        Act::Remove => ("remove", None, None),
    };
    let is_rebuilt = rebuilds == Some(true);
    let is_built = is_rebuilt || (step.act == Act::Create && step.kind == ComponentKind::Query);
    let query = next.queries.get(&step.id).filter(|_| is_built);
    let followers = || next.readers(&step.id).into_iter().map(|id| follower(next, id)).collect();
    Stepped {
        kind: Kind(step.kind),
        id: step.id.clone(),
        action,
        fields,
        rebuilds,
        rows: (step.act != Act::Create).then(|| rows(&step.id)),
        reads: query.map(|query| query.sources.iter().map(|id| rows(id)).sum()),
        followers: is_rebuilt.then(followers),
    }
}

/// Returns what a follower of a rebuilt query receives: one that keeps state gets what differs, a trigger goes on with the
/// next result.
fn follower(config: &Config, id: &str) -> Follower {
    let is_trigger =
        config.reactions.get(id).is_some_and(|settings| settings.build().role() == Role::Trigger);
    Follower { id: id.to_owned(), receives: if is_trigger { "next" } else { "difference" } }
}
