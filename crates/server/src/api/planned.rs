//! What an `apply` would do, in JSON.

use super::components::added;
use super::context::Api;
use livewell::ComponentKind;
use livewell_config::{Act, Config, Planned, Step};
use livewell_reaction::Role;
use serde_json::{Value, json};

/// Returns what tells a plan from others.
pub fn digest(planned: &Planned) -> String {
    let steps = format!("{:?} {:?} {:?}", planned.steps, planned.kept, planned.at_next_start);
    blake3::hash(steps.as_bytes()).to_hex()[..16].to_owned()
}

/// Returns the plan: every step with what it costs and what followers receive.
pub fn shape(api: &Api, planned: &Planned, plan: &str) -> Value {
    let next = &planned.next;
    let kept = planned.kept.iter().map(|(kind, id)| json!({ "kind": kind.noun(), "id": id }));
    let touched = planned.steps.iter().filter(|step| step.act != Act::Remove).count();
    json!({
        "plan": plan,
        "steps": planned.steps.iter().map(|step| shape_of(api, next, step)).collect::<Vec<_>>(),
        "kept": kept.collect::<Vec<_>>(),
        "unchanged": next.len().saturating_sub(touched + planned.kept.len()),
        "at_next_start": planned.at_next_start,
    })
}

fn shape_of(api: &Api, next: &Config, step: &Step) -> Value {
    let rows = |id: &str| added(api, id).ok().flatten().map_or(0, |status| status.rows);
    let mut shape = json!({ "kind": step.kind.noun(), "id": step.id });
    let builds = match &step.act {
        Act::Create => {
            shape["action"] = "create".into();
            step.kind == ComponentKind::Query
        }
        Act::Change { fields, rebuilds } => {
            shape["action"] = "change".into();
            shape["fields"] = fields.clone().into();
            shape["rebuilds"] = (*rebuilds).into();
            *rebuilds
        }
        Act::Remove => {
            shape["action"] = "remove".into();
            false
        }
    };
    if !matches!(step.act, Act::Create) {
        shape["rows"] = rows(&step.id).into();
    }
    if builds && let Some(query) = next.queries.get(&step.id) {
        shape["reads"] = query.sources.iter().map(|id| rows(id)).sum::<u64>().into();
    }
    if matches!(step.act, Act::Change { rebuilds: true, .. }) {
        shape["followers"] = next.readers(&step.id).into_iter().map(|id| follower(next, id)).collect();
    }
    shape
}

/// Returns what a follower of a rebuilt query receives: one that keeps state gets what differs, a trigger goes on with the
/// next result.
fn follower(config: &Config, id: &str) -> Value {
    let is_trigger =
        config.reactions.get(id).is_some_and(|settings| settings.build().role() == Role::Trigger);
    json!({ "id": id, "receives": if is_trigger { "next" } else { "difference" } })
}
