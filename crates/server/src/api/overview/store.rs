//! `GET /api/v1/store`: what the store holds, of everything together and of each component, and what holds it.
//! `livewell store size` shows the same.

use super::server::Room;
use crate::api::broken_off::broken_off;
use crate::api::context::{Api, Shared};
use crate::api::parameters::refused;
use crate::api::problem::Problem;
use crate::api::verifying::{self, Verifying};
use crate::api::wire::{Epoch, Kind};
use axum::Json;
use axum::extract::{Query, State};
use livewell::holdings::{Holding, Holdings, holdings};
use livewell::{ComponentKind, Page};
use livewell_store::{Extent, StoreId, Usage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many components an answer has if the caller does not say, and at most.
pub const LIMIT_MAX: usize = 1_000;

/// Which components are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "StoreAsked")]
pub struct Asked {
    /// Begin after this id.
    after: Option<String>,
    /// How many components at most; 1000 by default.
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: Option<usize>,
}

/// What the store holds. Sizes are those of keys and values; the pages around them take more.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Store {
    /// Its random identity.
    store_id: String,
    room: Room,
    /// What of the data file is free and will be used again before the file grows.
    reusable_bytes: Option<u64>,
    snapshots: Snapshots,
    /// The servers of sources that keep their log for them, as far as those that run know.
    kept_elsewhere: Vec<Kept>,
    #[serde(flatten)]
    held: Held,
}

/// The commits that are still being read.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Snapshots {
    /// How many are open.
    open: Option<u64>,
    /// The age of the oldest. What was deleted since then still takes room.
    oldest_seconds: Option<f64>,
}

/// What another server keeps for a source.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Kept {
    /// The source.
    id: String,
    /// What its server keeps for it.
    kept_bytes: u64,
    /// How much more that server can write before it may discard that; null if there is no limit.
    safe_bytes: Option<u64>,
}

/// What a store holds of everything together, and of each component.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Held {
    /// The position of the store.
    position: u64,
    /// What there is of each part, of all components together.
    parts: Vec<Part>,
    /// What of it is being deleted in the background.
    deleting: Size,
    /// By id.
    components: Vec<Component>,
    /// The `after` of the next page; null in the last.
    next: Option<String>,
}

/// How much there is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Size {
    entries: u64,
    bytes: u64,
    /// Whether it was counted; else it is estimated from a sample.
    exact: bool,
}

/// How much there is of a part of what is stored.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Part {
    #[schemars(extend("enum" = livewell::holdings::Part::ALL.map(livewell::holdings::Part::name)))]
    part: &'static str,
    #[serde(flatten)]
    size: Size,
}

/// What a store holds of a component.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Component {
    id: String,
    kind: Kind,
    /// Whether it runs here; else it is a leftover of what was removed from the configuration. Null in a store that nobody
    /// runs.
    added: Option<bool>,
    /// Null for a reaction.
    epoch: Option<Epoch>,
    /// Null for a reaction.
    sequence: Option<u64>,
    #[serde(flatten)]
    size: Size,
    /// What of it each part is, those with nothing left out.
    parts: Vec<Part>,
}

/// Returns what the store holds.
pub async fn get(State(api): State<Shared>, Query(asked): Query<Asked>) -> Result<Json<Store>, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT_MAX);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(refused(format!("`limit` is from 1 to {LIMIT_MAX}; read what comes then with `after`")));
    }
    let (_waiting, measuring) = verifying::begin_measuring(&api)?;
    let store = tokio::task::spawn_blocking(move || {
        let store = store(&api, asked.after.as_deref(), limit, &measuring);
        // The permit lasts as long as the work.
        drop(measuring);
        store
    });
    store.await.map_err(|error| broken_off(&error))?.map(Json)
}

fn store(api: &Api, after: Option<&str>, limit: usize, measuring: &Verifying) -> Result<Store, Problem> {
    let store = &**api.livewell.store();
    let held = holdings(store, after, limit, &measuring.is_cancelled())?;
    let held = held.ok_or_else(|| {
        Problem::new(503, "LW0704", "the server stops, or nobody waits for the answer any more")
    })?;
    Ok(Store {
        kept_elsewhere: kept(api)?,
        ..Store::of(store, Held::of(held, |id| Some(api.livewell.is_added(id))))
    })
}

/// Returns what other servers keep for the first sources.
fn kept(api: &Api) -> Result<Vec<Kept>, Problem> {
    let page = Page { kind: Some(ComponentKind::Source), state: None, after: None, limit: LIMIT_MAX };
    let sources = api.livewell.statuses(&page)?.into_iter();
    let kept = sources.filter_map(|source| {
        let report = source.upstream?;
        Some(Kept { id: source.id, kept_bytes: report.kept_bytes?, safe_bytes: report.safe_bytes })
    });
    Ok(kept.collect())
}

impl Store {
    /// Returns what is known of a store without the servers of its sources.
    pub fn of(store: &dyn livewell_store::Store, held: Held) -> Self {
        let Usage { snapshots, oldest_snapshot, data_bytes, file_bytes, .. } = store.usage();
        let StoreId(id) = store.id();
        Self {
            store_id: format!("{id:032x}"),
            room: Room::of(store),
            reusable_bytes: file_bytes.zip(data_bytes).map(|(file, data)| file.saturating_sub(data)),
            snapshots: Snapshots {
                open: snapshots,
                oldest_seconds: oldest_snapshot.map(|age| age.as_secs_f64()),
            },
            kept_elsewhere: Vec::new(),
            held,
        }
    }
}

impl Held {
    /// Returns what is held as calls and commands show it.
    pub fn of(held: Holdings, is_added: impl Fn(&str) -> Option<bool>) -> Self {
        let next = held.components.last().filter(|_| held.has_more).map(|last| last.id.clone());
        let component = |one: Holding| {
            let is_feed = one.kind != ComponentKind::Reaction;
            let size = Size::of(one.total());
            let parts = one.parts.iter().filter(|(_, extent)| extent.entries > 0);
            Component {
                kind: Kind(one.kind),
                added: is_added(&one.id),
                epoch: is_feed.then_some(Epoch(one.epoch)),
                sequence: is_feed.then_some(one.sequence),
                size,
                parts: parts.map(Part::of).collect(),
                id: one.id,
            }
        };
        Self {
            position: held.position,
            parts: held.parts.iter().map(Part::of).collect(),
            deleting: Size::of(held.deleting),
            components: held.components.into_iter().map(component).collect(),
            next,
        }
    }
}

impl Part {
    fn of((part, extent): &(livewell::holdings::Part, Extent)) -> Self {
        Self { part: part.name(), size: Size::of(*extent) }
    }
}

impl Size {
    fn of(Extent { entries, bytes, is_exact }: Extent) -> Self {
        Self { entries, bytes, exact: is_exact }
    }
}
