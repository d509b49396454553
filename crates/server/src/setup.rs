//! From a configuration to what the library runs.

use crate::config::Config;
use crate::config::sealed::Seal;
use crate::config::settings::StoreSettings;
use livewell::{
    ComponentKind, EmbeddedStore, Error, InProcess, Limits, Livewell, MemoryStore, Query, ReactionSetup,
    Setup,
};
use livewell_source::settings::{Clock, SourceSettings};
use std::collections::BTreeSet;

/// Opens the store and builds a Livewell over it, with nothing running yet.
pub fn open(store: &StoreSettings) -> Result<Livewell, Error> {
    let builder = Livewell::builder();
    match store {
        StoreSettings::Memory => builder.store(MemoryStore::new()),
        StoreSettings::Embedded(embedded) => {
            let limits =
                Limits { scrub_bytes_per_second: embedded.scrub_bytes_per_second, ..Limits::default() };
            builder.store(EmbeddedStore::open(&embedded.path, embedded.durability)?).limits(limits)
        }
    }
    .build()
}

/// Everything the configuration names. `until_idle` reads files to their end instead of following them.
pub fn setup(config: &Config, seal: &Seal, until_idle: bool) -> Setup {
    let mut setup = Setup::default();
    let spec = |(kind, id): (ComponentKind, &str)| (id.to_owned(), config.spec(kind, id, seal));
    setup.specs = config.components().map(spec).collect();
    for source in &config.sources {
        match source {
            SourceSettings::File(file) => {
                let mut file = file.clone();
                if until_idle {
                    file.follow = Some(false);
                    file.clock = Some(Clock::Input);
                }
                setup.files.push(file);
            }
            SourceSettings::Nats(stream) => setup.streams.push(stream.clone()),
            SourceSettings::Postgres(database) => setup.databases.push(database.clone()),
            other => {
                let channel = InProcess::new(other.id()).clock(other.clock());
                setup.channels.push(channel.unwind(other.unwind().iter().cloned()).mapping(mapping(other)));
            }
        }
    }
    setup.queries = upstream_first(&config.queries).into_iter().cloned().collect();
    for reaction in &config.reactions {
        setup.reactions.push(ReactionSetup {
            id: reaction.shared.id.to_string(),
            queries: reaction.shared.queries.iter().map(ToString::to_string).collect(),
            recovery: reaction.shared.recovery,
            enabled: reaction.shared.enabled,
            reaction: reaction.build(),
        });
    }
    setup
}

/// How what is sent to a source becomes elements: what decides nothing of that is left out.
fn mapping(source: &SourceSettings) -> serde_json::Map<String, serde_json::Value> {
    let mut all =
        serde_json::to_value(source).ok().and_then(|all| all.as_object().cloned()).unwrap_or_default();
    for other in ["kind", "id", "clock", "unwind", "limits", "body_bytes_max"] {
        all.remove(other);
    }
    all
}

/// What the configuration says of the component `id` alone.
pub fn configured(config: &Config, seal: &Seal, id: &str) -> Option<Setup> {
    let mut one = setup(config, seal, false);
    one.files.retain(|file| file.id == id);
    one.channels.retain(|channel| channel.id() == id);
    one.streams.retain(|stream| stream.id == id);
    one.databases.retain(|database| database.id == id);
    one.queries.retain(|query| query.id == id);
    one.reactions.retain(|reaction| reaction.id == id);
    let sources = one.files.len() + one.channels.len() + one.streams.len() + one.databases.len();
    (sources + one.queries.len() + one.reactions.len() == 1).then_some(one)
}

/// The same, to be started whether it is enabled or not.
pub fn started(config: &Config, seal: &Seal, id: &str) -> Option<Setup> {
    let mut one = configured(config, seal, id)?;
    one.queries.iter_mut().for_each(|query| query.enabled = true);
    one.reactions.iter_mut().for_each(|reaction| reaction.enabled = true);
    Some(one)
}

/// The queries in an order in which each comes after those it reads; the configuration has no circles.
fn upstream_first(queries: &[Query]) -> Vec<&Query> {
    let mut waiting: Vec<&Query> = queries.iter().collect();
    let mut ordered = Vec::with_capacity(queries.len());
    while !waiting.is_empty() {
        let left: BTreeSet<&str> = waiting.iter().map(|query| query.id.as_str()).collect();
        let ready = |query: &&Query| !query.sources.iter().any(|id| left.contains(id.as_str()));
        let (now, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(ready);
        if now.is_empty() {
            ordered.extend(later);
            break;
        }
        ordered.extend(now);
        waiting = later;
    }
    ordered
}
