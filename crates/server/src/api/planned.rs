//! What an `apply` would do, in JSON.

use super::context::Api;
use super::step::Stepped;
use super::wire::Kind;
use livewell_config::{Act, Planned};
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

/// A component that runs and is not in the configuration.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Kept {
    kind: Kind,
    id: String,
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
        steps: planned.steps.iter().map(|step| Stepped::planned(api, next, step)).collect(),
        kept: kept.collect(),
        unchanged: next.len().saturating_sub(touched + planned.kept.len()),
        at_next_start: planned.at_next_start.clone(),
        applied,
    }
}
