//! Verification of a source against its database: `verify`.

use super::broken_off::broken_off;
use super::components::find;
use super::context::Shared;
use super::problem::Problem;
use axum::Json;
use axum::extract::{Path, Query, State};
use livewell::ComponentKind;
use livewell::verify::{Difference, SourceVerified, TableVerified};
use serde::Deserialize;
use serde_json::{Value, json};

/// What to compare.
#[derive(Debug, Deserialize)]
pub struct Which {
    /// One table; all if absent.
    table: Option<String>,
}

/// `POST /api/v1/sources/ID/verify`: what is stored, against the database.
pub async fn verify(
    State(api): State<Shared>,
    Path(id): Path<String>,
    Query(which): Query<Which>,
) -> Result<Json<Value>, Problem> {
    find(&api, ComponentKind::Source, &id)?;
    let (_waiting, verifying) = super::verifying::begin(&api)?;
    let (livewell, source) = (api.livewell.clone(), id.clone());
    let verified = tokio::task::spawn_blocking(move || {
        livewell.verify_source_within(&source, which.table.as_deref(), &verifying.is_cancelled())
    });
    let verified = verified.await.map_err(|error| broken_off(&error))??;
    Ok(Json(shown(&id, &verified)))
}

fn shown(id: &str, verified: &SourceVerified) -> Value {
    let SourceVerified { tables, differences, position, snapshot } = verified;
    let table = |table: &TableVerified| {
        json!({
            "name": table.name,
            "rows": table.rows,
            "parked": table.parked,
            "differences": table.differences,
            "kept_changing": table.kept_changing,
            "behind": table.behind,
            "not_compared": table.not_compared,
        })
    };
    let difference = |difference: &Difference| {
        let Difference { table, id, stored, database } = difference;
        json!({ "table": table, "id": id, "stored": stored, "database": database })
    };
    json!({
        "source_id": id,
        "equal": verified.is_equal(),
        "count": verified.count(),
        "position": position,
        "snapshot": snapshot,
        "tables": tables.iter().map(table).collect::<Vec<_>>(),
        "differences": differences.iter().map(difference).collect::<Vec<_>>(),
    })
}
