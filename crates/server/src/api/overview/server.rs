//! `GET /api/v1/server`: what runs here, over which store and with how much room, and what the caller may do.

use crate::api::broken_off::broken_off;
use crate::api::caller::Caller;
use crate::api::context::{Api, Shared};
use crate::api::metrics::{resident, started};
use crate::api::problem::Problem;
use crate::api::wire::Time;
use axum::extract::State;
use axum::{Extension, Json};
use livewell_config::settings::Scope;
use livewell_store::embedded::FORMAT_VERSION;
use livewell_store::{Store, StoreId, Usage};
use schemars::JsonSchema;
use serde::Serialize;
use smol_str::SmolStr;

/// What the binary was built with beyond what every one has.
const FEATURES: &[&str] = &[
    #[cfg(feature = "oidc")]
    "oidc",
    #[cfg(feature = "otel")]
    "otel",
    #[cfg(feature = "parquet")]
    "parquet",
];

/// The process, its store, and its caller.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Server {
    version: &'static str,
    /// The random identity of the store; another one behind the same address is another store.
    store_id: String,
    started: Option<Time>,
    uptime_seconds: Option<f64>,
    store: Room,
    /// What the process holds; null elsewhere than on Linux.
    memory_bytes: Option<u64>,
    /// The name of the token that the call came with.
    #[schemars(with = "String")]
    caller: SmolStr,
    /// All scopes that the caller has, those that a wider one includes among them.
    scopes: Vec<&'static str>,
    /// What the binary was built with beyond what every one has.
    features: &'static [&'static str],
    kinds: Kinds,
}

/// The store, and how much room it takes and has. Of one in memory nothing is known.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Room {
    #[schemars(extend("enum" = ["embedded", "memory"]))]
    kind: &'static str,
    engine: Option<&'static str>,
    format: Option<u32>,
    /// What all entries take.
    data_bytes: Option<u64>,
    /// What of the data file is in use, with what is free in it.
    file_bytes: Option<u64>,
    /// At which it is full, whatever the disk has.
    limit_bytes: Option<u64>,
    /// What its disk has left.
    available_bytes: Option<u64>,
    /// The size of its disk.
    disk_bytes: Option<u64>,
}

/// The kinds of settings that a configuration can contain.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Kinds {
    sources: Vec<&'static str>,
    reactions: &'static [&'static str],
}

/// Returns what runs here.
pub async fn get(
    State(api): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Server>, Problem> {
    let server = tokio::task::spawn_blocking(move || server(&api, caller));
    server.await.map(Json).map_err(|error| broken_off(&error))
}

fn server(api: &Api, caller: Caller) -> Server {
    let (began, uptime) = started().unzip();
    let StoreId(id) = api.livewell.store_id();
    let configured = livewell_source::kinds::KINDS.iter().filter(|kind| kind.is_configured);
    Server {
        version: env!("CARGO_PKG_VERSION"),
        store_id: format!("{id:032x}"),
        started: began.map(Time),
        uptime_seconds: uptime.map(|uptime| uptime.as_secs_f64()),
        store: Room::of(&**api.livewell.store()),
        memory_bytes: resident(),
        scopes: scopes(&caller),
        caller: caller.name,
        features: FEATURES,
        kinds: Kinds {
            sources: configured.map(|kind| kind.name).collect(),
            reactions: livewell_reaction::kinds::BUILT_IN,
        },
    }
}

impl Room {
    /// Returns how much room a store takes and has.
    pub(super) fn of(store: &dyn Store) -> Self {
        let usage = store.usage();
        let Usage { data_bytes, file_bytes, limit_bytes, available_bytes, disk_bytes, .. } = usage;
        let (kind, engine, format) = match store.is_volatile() {
            true => ("memory", None, None),
            false => ("embedded", Some("lmdb"), Some(FORMAT_VERSION)),
        };
        Self { kind, engine, format, data_bytes, file_bytes, limit_bytes, available_bytes, disk_bytes }
    }
}

/// Returns the names of all scopes whose calls a caller may make.
fn scopes(caller: &Caller) -> Vec<&'static str> {
    let has = |scope: &Scope| scope.is_in(&caller.scopes);
    Scope::ALL.into_iter().filter(has).map(Scope::name).collect()
}
