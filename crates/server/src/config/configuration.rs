//! A configuration that was found in order.

use super::settings::{ServerSettings, StoreSettings};
use super::substitute::Hidden;
use super::tree::Node;
use livewell::Query;
use livewell_reaction::Settings as ReactionSettings;
use livewell_source::settings::SourceSettings;
use std::path::PathBuf;

/// A configuration that was found in order.
#[derive(Debug)]
pub struct Config {
    /// Where everything durable lives.
    pub store: StoreSettings,
    /// The API, if it is to be served.
    pub server: Option<ServerSettings>,
    /// The sources, in the order of the file.
    pub sources: Vec<SourceSettings>,
    /// The queries, in the order of the file.
    pub queries: Vec<Query>,
    /// The reactions, in the order of the file.
    pub reactions: Vec<ReactionSettings>,
    /// What all of this was read from, with the values from outside filled in.
    pub(super) root: Node,
    pub(super) place: Place,
    pub(super) hidden: Hidden,
}

/// Where the configuration lies.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The folder that paths are relative to.
    pub(super) folder: PathBuf,
    /// The file itself.
    pub(super) file: PathBuf,
}

impl Config {
    /// The ids of all components.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let sources = self.sources.iter().map(SourceSettings::id);
        let queries = self.queries.iter().map(|query| query.id.as_str());
        sources.chain(queries).chain(self.reactions.iter().map(|reaction| reaction.shared.id.as_str()))
    }

    /// The ids of what names the component `id`: sources that come after it, queries and reactions that read it.
    pub fn readers(&self, id: &str) -> Vec<&str> {
        let sources = self.sources.iter().filter(|source| source.after().iter().any(|name| name == id));
        let queries = self.queries.iter().filter(|query| query.sources.iter().any(|name| name == id));
        let reactions = self.reactions.iter().map(|reaction| &reaction.shared);
        let reactions = reactions.filter(|reaction| reaction.queries.iter().any(|name| name == id));
        let upstream = sources.map(|source| source.id()).chain(queries.map(|query| query.id.as_str()));
        upstream.chain(reactions.map(|reaction| reaction.id.as_str())).collect()
    }
}
