//! `GET /api/v1/needs`: what needs somebody, the worst first, with what it holds up, what is lost if nobody acts, and what
//! can be done. `livewell status` shows the same.

mod component;
mod machine;
mod need;

pub use component::of;
use need::Need;

use super::graph::SHOWN_MAX;
use super::place::{Ids, NAMED_MAX};
use crate::api::broken_off::broken_off;
use crate::api::context::{Api, Shared};
use crate::api::problem::Problem;
use crate::api::wire::Time;
use axum::Json;
use axum::extract::State;
use livewell::clock::{Clock, SystemClock};
use livewell::{ComponentKind, Overview, Page, Status};
use schemars::JsonSchema;
use serde::Serialize;

/// How many needs an answer has at most.
const NEEDS_MAX: usize = 1_000;

/// What needs somebody.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Needs {
    at: Time,
    /// How many there are; an answer has at most 1,000.
    total: usize,
    /// Whether all components were looked at; of more than 1,000, those in trouble and 1,000 sources and reactions are.
    whole: bool,
    /// The worst first.
    needs: Vec<Need>,
}

/// Returns what needs somebody.
pub async fn get(State(api): State<Shared>) -> Result<Json<Needs>, Problem> {
    let needs = tokio::task::spawn_blocking(move || needs(&api));
    needs.await.map_err(|error| broken_off(&error))?.map(Json)
}

fn needs(api: &Api) -> Result<Needs, Problem> {
    let Overview { is_whole, mut shown, .. } = api.livewell.overview(SHOWN_MAX)?;
    if !is_whole {
        for kind in [ComponentKind::Source, ComponentKind::Reaction] {
            let page = Page { kind: Some(kind), state: None, after: None, limit: SHOWN_MAX };
            shown.extend(api.livewell.statuses(&page)?);
        }
        shown.sort_by(|one, other| one.id.cmp(&other.id));
        shown.dedup_by(|one, other| one.id == other.id);
    }
    let mut needs = found(api, &shown);
    let total = needs.len();
    needs.truncate(NEEDS_MAX);
    for need in &mut needs {
        if let Some(of) = &need.component {
            let (ids, count) = api.livewell.dependents(&of.id, NAMED_MAX);
            need.holds_up = Ids { ids, count };
        }
    }
    Ok(Needs { at: Time(SystemClock.now()), total, whole: is_whole, needs })
}

/// Returns what these components, the machine and the settings need, the worst first.
pub fn found(api: &Api, statuses: &[Status]) -> Vec<Need> {
    let config = api.config();
    let role = |one: &Status| config.reactions.get(&one.id).map(|reaction| reaction.connector.role());
    let mut needs: Vec<Need> = statuses.iter().flat_map(|one| of(one, role(one))).collect();
    needs.extend(statuses.iter().filter_map(|one| component::falls_behind(one, api.pulse.growth(&one.id)?)));
    needs.extend(machine::room(&api.livewell.store().usage()));
    let expires = api.tls.as_ref().and_then(|tls| tls.expires());
    needs.extend(machine::settings(config.server.as_ref(), expires, SystemClock.now()));
    needs.sort_by(|one, other| one.rank().cmp(&other.rank()));
    needs
}
