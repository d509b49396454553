//! Converts a configuration to components that the library runs.

use crate::called::Change;
use crate::configuration::Config;
use crate::kept::Kept;
use crate::order::layered;
use crate::sealed::Seal;
use crate::section::Section;
use crate::sections::Settings;
use crate::settings::{EmbeddedSettings, StoreSettings};
use livewell::store::EmbeddedOptions;
use livewell::{
    Builder, ComponentKind, EmbeddedStore, Error, Limits, Livewell, MemoryStore, Observer, Query,
    ReactionSetup, Setup, SourceSetup,
};
use livewell_reaction::Settings as ReactionSettings;
use std::sync::Arc;

/// Opens the store and builds a Livewell over it, with nothing running yet.
pub fn open(store: &StoreSettings) -> Result<Livewell, Error> {
    builder(store)?.build()
}

/// Like [`open`], with an observer that is told what the components do.
///
/// # Errors
/// Returns the errors of [`open`].
pub fn open_observed(store: &StoreSettings, observer: Arc<impl Observer>) -> Result<Livewell, Error> {
    builder(store)?.observer(observer).build()
}

fn builder(store: &StoreSettings) -> Result<Builder, Error> {
    let builder = Livewell::builder();
    Ok(match store {
        StoreSettings::Memory => builder.store(MemoryStore::new()),
        StoreSettings::Embedded(embedded) => {
            let EmbeddedSettings { durability, map_size_bytes, scrub_bytes_per_second, .. } = *embedded;
            let limits = Limits { scrub_bytes_per_second, ..Limits::default() };
            let options = EmbeddedOptions { durability, map_size_bytes, ..EmbeddedOptions::default() };
            builder.store(EmbeddedStore::open_with(&embedded.path, options)?).limits(limits)
        }
    })
}

impl Config {
    /// Opens the store and runs everything that the configuration names, with what calls have made and the store keeps.
    /// The section `server` is left to whoever serves.
    ///
    /// # Errors
    /// Returns an error if the store cannot be opened, or if it refuses a component.
    pub async fn start(mut self) -> Result<Livewell, Error> {
        let livewell = open(&self.store)?;
        let seal = Seal::of(livewell.store_id());
        self.take_up(&livewell.definitions()?, &seal).iter().for_each(Kept::log);
        livewell.add(setup(&self, &seal, false)?).await?;
        Ok(livewell)
    }
}

/// Returns everything that the configuration names. With `until_idle` files are read to their end and not followed.
///
/// # Errors
/// Returns an error if this binary was built without a kind of source.
pub fn setup(config: &Config, seal: &Seal, until_idle: bool) -> Result<Setup, Error> {
    chosen(config, seal, until_idle, &|_| true)
}

/// Returns those components of the configuration whose ids `is_one` holds for, to run them together.
///
/// # Errors
/// Returns an error if this binary was built without a kind of source.
pub fn some(config: &Config, seal: &Seal, is_one: &dyn Fn(&str) -> bool) -> Result<Setup, Error> {
    chosen(config, seal, false, is_one)
}

fn chosen(
    config: &Config,
    seal: &Seal,
    until_idle: bool,
    is_one: &dyn Fn(&str) -> bool,
) -> Result<Setup, Error> {
    let mut setup = Setup::default();
    let spec = |(kind, id): (ComponentKind, &str)| (id.to_owned(), config.spec(kind, id, seal));
    setup.specs = config.components().filter(|(_, id)| is_one(id)).map(spec).collect();
    for source in config.sources.iter().filter(|source| is_one(source.id())) {
        let mut source = source.clone();
        if until_idle {
            source.common_mut().end_with_input();
        }
        setup.sources.push(SourceSetup::of(source)?);
    }
    setup.queries = upstream_first(&config.queries);
    setup.queries.retain(|query| is_one(&query.id));
    let reactions = config.reactions.iter().filter(|settings| is_one(&settings.shared.id));
    setup.reactions = reactions.map(reaction).collect();
    Ok(setup)
}

fn reaction(settings: &ReactionSettings) -> ReactionSetup {
    ReactionSetup {
        id: settings.shared.id.to_string(),
        queries: settings.shared.queries.iter().map(ToString::to_string).collect(),
        recovery: settings.shared.recovery,
        enabled: settings.shared.enabled,
        reaction: settings.build(),
    }
}

/// Returns what the configuration says of the component `id` alone.
///
/// # Errors
/// Returns an error if this binary was built without a kind of source.
pub fn configured(config: &Config, seal: &Seal, id: &str) -> Result<Option<Setup>, Error> {
    let Some(kind) = config.kind(id) else { return Ok(None) };
    let mut one = Setup::default();
    one.specs.insert(id.to_owned(), config.spec(kind, id, seal));
    if let Some(source) = config.sources.get(id) {
        one.sources.push(SourceSetup::of(source.clone())?);
    }
    one.queries.extend(config.queries.get(id).cloned());
    one.reactions.extend(config.reactions.get(id).map(reaction));
    Ok(Some(one))
}

/// Returns what a component is to be after a change; nothing if it is taken out.
///
/// # Errors
/// Returns an error if this binary was built without a kind of source.
pub fn changed(config: &Config, seal: &Seal, change: &Change) -> Result<Setup, Error> {
    let mut one = Setup::default();
    let Some(made) = &change.made else { return Ok(one) };
    let (kind, id) = (made.settings.kind(), made.settings.id());
    one.specs.insert(id.to_owned(), config.spec_of(kind, id, Some(&made.written), seal));
    match &made.settings {
        Settings::Source(source) => one.sources.push(SourceSetup::of((**source).clone())?),
        Settings::Query(query) => one.queries.push((**query).clone()),
        Settings::Reaction(settings) => one.reactions.push(reaction(settings)),
    }
    Ok(one)
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
fn upstream_first(queries: &Section<Query>) -> Vec<Query> {
    let queries: Vec<&Query> = queries.iter().collect();
    let reads = queries.iter().map(|query| query.sources.iter().map(String::as_str).collect());
    let items: Vec<(&str, Vec<&str>)> = queries.iter().map(|query| query.id.as_str()).zip(reads).collect();
    let (ordered, left) = layered(&items);
    ordered.into_iter().chain(left).map(|at| queries[at].clone()).collect()
}
