//! A configuration without faults: its settings, and the text that they were read from.

use super::sealed::Seal;
use super::settings::{ServerSettings, StoreSettings};
use super::substitute::Hidden;
use super::tree::Node;
use livewell::{Author, ComponentKind, Query, Spec};
use livewell_reaction::Settings as ReactionSettings;
use livewell_source::settings::SourceSettings;
use std::path::PathBuf;

/// A configuration without faults.
#[derive(Debug, Clone)]
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
    /// The text as it was written, with what calls have changed since.
    pub(super) written: Node,
    /// The text as the file has it.
    pub(super) in_file: Node,
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
    /// How component `id` was written, by whom, and over what.
    pub fn spec(&self, kind: ComponentKind, id: &str, seal: &Seal) -> Spec {
        let sealed =
            |root: &Node| root.item(kind.plural(), id).map(|item| seal.item(kind.plural(), id, item));
        let (settings, in_file) = (sealed(&self.written), sealed(&self.in_file));
        if settings == in_file {
            return Spec { by: Author::File, settings, over: None };
        }
        Spec { by: Author::Call, settings, over: in_file.map(|item| seal.hash(&item)) }
    }

    /// What the file says of component `id`, without secrets.
    pub fn in_file(&self, kind: ComponentKind, id: &str, seal: &Seal) -> Option<serde_json::Value> {
        self.in_file.item(kind.plural(), id).map(|item| seal.item(kind.plural(), id, item))
    }

    /// Whether a call has changed what the file says of component `id`.
    pub fn differs(&self, kind: ComponentKind, id: &str, seal: &Seal) -> bool {
        self.spec(kind, id, seal).over.is_some()
    }

    /// All components.
    pub fn components(&self) -> impl Iterator<Item = (ComponentKind, &str)> {
        let sources = self.sources.iter().map(|source| (ComponentKind::Source, source.id()));
        let queries = self.queries.iter().map(|query| (ComponentKind::Query, query.id.as_str()));
        let reactions = self.reactions.iter();
        let reactions = reactions.map(|reaction| (ComponentKind::Reaction, reaction.shared.id.as_str()));
        sources.chain(queries).chain(reactions)
    }

    /// The ids of all components.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.components().map(|(_, id)| id)
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
