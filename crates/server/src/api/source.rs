//! Verification of a source against its database: `verify`.

use super::broken_off::broken_off;
use super::call::{Call, call};
use super::components::find;
use super::context::Shared;
use super::problem::Problem;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::Method;
use livewell::ComponentKind;
use livewell::verify;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What to compare.
#[derive(Debug, Deserialize, JsonSchema)]
struct Which {
    /// Only this table, as `schema.name`.
    table: Option<String>,
}

/// What a comparison of a source with its database has found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SourceVerified")]
struct Verified {
    source_id: String,
    /// Whether all tables were compared and nothing differs.
    equal: bool,
    /// How many elements differ.
    count: u64,
    /// Up to where in the log of the database the source was stored.
    position: String,
    /// The snapshot of the database that was compared with.
    snapshot: String,
    tables: Vec<Table>,
    /// The first 20.
    differences: Vec<Difference>,
}

/// What was found in a table.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Table {
    /// Schema and name.
    name: String,
    /// How many rows the database has.
    rows: u64,
    /// Rows whose values cannot be taken exactly, which are not stored.
    parked: u64,
    /// Elements that differ.
    differences: u64,
    /// Rows that changed each time they were read.
    kept_changing: u64,
    /// Rows that differ while the source is behind the database.
    behind: u64,
    /// Why the table was not compared.
    not_compared: Option<String>,
}

/// An element that differs.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Difference {
    /// Schema and name of its table.
    table: String,
    id: String,
    /// What is stored, as JSON; of a node on both sides the properties that differ.
    stored: Option<String>,
    /// What the database has.
    database: Option<String>,
}

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let summary = "Compares what a `postgres` source holds with its database";
    let verify = call(Method::POST, "/api/v1/sources/{id}/verify", verify, summary);
    vec![verify.answers(200, "What was found").refuses(&[503])]
}

/// `POST /api/v1/sources/ID/verify`: what is stored, against the database.
async fn verify(
    State(api): State<Shared>,
    Path(id): Path<String>,
    Query(which): Query<Which>,
) -> Result<Json<Verified>, Problem> {
    find(&api, ComponentKind::Source, &id)?;
    let (_waiting, verifying) = super::verifying::begin(&api)?;
    let (livewell, source) = (api.livewell.clone(), id.clone());
    let verified = tokio::task::spawn_blocking(move || {
        livewell.verify_source_within(&source, which.table.as_deref(), &verifying.is_cancelled())
    });
    let verified = verified.await.map_err(|error| broken_off(&error))??;
    Ok(Json(shown(id, verified)))
}

fn shown(source_id: String, verified: verify::SourceVerified) -> Verified {
    let (equal, count) = (verified.is_equal(), verified.count());
    let table = |table: verify::TableVerified| Table {
        name: table.name,
        rows: table.rows,
        parked: table.parked,
        differences: table.differences,
        kept_changing: table.kept_changing,
        behind: table.behind,
        not_compared: table.not_compared,
    };
    let difference =
        |verify::Difference { table, id, stored, database }| Difference { table, id, stored, database };
    Verified {
        source_id,
        equal,
        count,
        position: verified.position,
        snapshot: verified.snapshot,
        tables: verified.tables.into_iter().map(table).collect(),
        differences: verified.differences.into_iter().map(difference).collect(),
    }
}
