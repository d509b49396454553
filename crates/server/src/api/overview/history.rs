//! `GET /api/v1/history`: what was measured lately, of all components together or of one. It is in memory: a start begins
//! with nothing.

use crate::api::context::Shared;
use crate::api::parameters::refused;
use crate::api::problem::Problem;
use crate::api::pulse::{Measured, Series};
use crate::api::wire::Time;
use axum::Json;
use axum::extract::{Query, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many minutes are shown if the caller does not say.
const MINUTES: u64 = 15;
/// How many minutes there are at most.
const MINUTES_MAX: u64 = 120;

/// What is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The names of series, between commas: `in`, `out`, `p50`, `p99`, `lag`, `outbox`, `failures`. All by default.
    #[schemars(regex(
        pattern = "^(in|out|p50|p99|lag|outbox|failures)(,(in|out|p50|p99|lag|outbox|failures))*$"
    ))]
    series: Option<String>,
    /// The component; all together by default.
    id: Option<String>,
    /// How many; 15 by default.
    #[schemars(range(min = 1, max = MINUTES_MAX))]
    minutes: Option<u64>,
}

/// What was measured lately.
#[derive(Debug, Serialize, JsonSchema)]
pub struct History {
    /// The component; null for all together.
    id: Option<String>,
    /// The time that a value is about.
    #[schemars(extend("enum" = [1, 10]))]
    step_seconds: u64,
    /// The end of the last of these times; null right after the start.
    until: Option<Time>,
    /// By name, the oldest value first; null where nothing was measured.
    series: BTreeMap<&'static str, Vec<Option<f64>>>,
}

/// Returns what was measured lately.
pub async fn get(State(api): State<Shared>, Query(asked): Query<Asked>) -> Result<Json<History>, Problem> {
    let minutes = asked.minutes.unwrap_or(MINUTES);
    if !(1..=MINUTES_MAX).contains(&minutes) {
        return Err(refused(format!("`minutes` is from 1 to {MINUTES_MAX}")));
    }
    let series = asked.series.as_deref().map_or_else(|| Ok(Series::ALL.to_vec()), named)?;
    let measured = api.pulse.measured(asked.id.as_deref(), minutes, &series);
    let Some(Measured { step, until, series }) = measured else {
        return Err(unknown(asked.id.as_deref().unwrap_or_default()));
    };
    let series = series.into_iter().map(|(series, values)| (series.name(), values)).collect();
    let until = until.map(Time);
    Ok(Json(History { id: asked.id, step_seconds: step, until, series }))
}

/// Returns the series that a list between commas names.
fn named(list: &str) -> Result<Vec<Series>, Problem> {
    let named = |name: &str| {
        Series::ALL.into_iter().find(|series| series.name() == name).ok_or_else(|| {
            let names: Vec<String> = Series::ALL.map(|series| format!("`{}`", series.name())).into();
            refused(format!("`{name}` is not a series; those are {}", names.join(", ")))
        })
    };
    list.split(',').map(named).collect()
}

fn unknown(id: &str) -> Problem {
    let message = format!(
        "nothing is measured of `{id}`: it is not a component that was added, or there are more than 1,000, which are \
         measured together; leave out `id` to see all of them"
    );
    Problem::new(404, "LW0810", message)
}
