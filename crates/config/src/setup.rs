//! Converts a configuration to components that the library runs.

use crate::Config;
use crate::kept::Kept;
use crate::sealed::Seal;
use crate::settings::StoreSettings;
use livewell::{
    ComponentKind, EmbeddedStore, Error, Limits, Livewell, MemoryStore, Query, ReactionSetup, Setup,
    SourceSetup,
};
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

impl Config {
    /// Opens the store and runs everything that the configuration names, with what calls have made and the store keeps.
    /// The section `server` is left to whoever serves.
    ///
    /// # Errors
    /// Returns an error if the store cannot be opened, or if it refuses a component.
    pub async fn start(self) -> Result<Livewell, Error> {
        let livewell = open(&self.store)?;
        let seal = Seal::of(livewell.store_id());
        let (config, kept) = self.with_kept(&livewell.definitions()?, &seal);
        kept.iter().for_each(Kept::log);
        livewell.add(setup(&config, &seal, false)?).await?;
        Ok(livewell)
    }
}

/// Returns everything that the configuration names. With `until_idle` files are read to their end and not followed.
///
/// # Errors
/// Returns an error if this binary was built without a kind of source.
pub fn setup(config: &Config, seal: &Seal, until_idle: bool) -> Result<Setup, Error> {
    let mut setup = Setup::default();
    let spec = |(kind, id): (ComponentKind, &str)| (id.to_owned(), config.spec(kind, id, seal));
    setup.specs = config.components().map(spec).collect();
    for source in &config.sources {
        let mut source = source.clone();
        if until_idle {
            source.common_mut().end_with_input();
        }
        setup.sources.push(SourceSetup::of(source)?);
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
    Ok(setup)
}

/// Returns what the configuration says of the component `id` alone.
///
/// # Errors
/// Returns an error if this binary was built without a kind of source.
pub fn configured(config: &Config, seal: &Seal, id: &str) -> Result<Option<Setup>, Error> {
    let mut one = setup(config, seal, false)?;
    one.sources.retain(|source| source.id() == id);
    one.queries.retain(|query| query.id == id);
    one.reactions.retain(|reaction| reaction.id == id);
    let found = one.sources.len() + one.queries.len() + one.reactions.len();
    Ok((found == 1).then_some(one))
}

/// Like [`configured`], but enabled in any case.
///
/// # Errors
/// Returns an error if this binary was built without a kind of source.
pub fn started(config: &Config, seal: &Seal, id: &str) -> Result<Option<Setup>, Error> {
    let Some(mut one) = configured(config, seal, id)? else { return Ok(None) };
    one.queries.iter_mut().for_each(|query| query.enabled = true);
    one.reactions.iter_mut().for_each(|reaction| reaction.enabled = true);
    Ok(Some(one))
}

/// Returns the queries in an order in which each comes after those it reads; the configuration has no circles.
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
