//! A configuration without faults: its settings, and the text that they were read from.

use super::index::Index;
use super::print;
use super::sealed::Seal;
use super::section::Section;
use super::settings::{ServerSettings, StoreSettings};
use super::substitute::Hidden;
use super::texts::Texts;
use super::tree::Node;
use livewell::{Author, ComponentKind, Query, Spec};
use livewell_reaction::Settings as ReactionSettings;
use livewell_source::settings::SourceSettings;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A configuration without faults.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where everything durable lives.
    pub store: StoreSettings,
    /// The API, if it is to be served.
    pub server: Option<ServerSettings>,
    /// The sources, in the order of the file.
    pub sources: Section<SourceSettings>,
    /// The queries, in the order of the file.
    pub queries: Section<Query>,
    /// The reactions, in the order of the file.
    pub reactions: Section<ReactionSettings>,
    pub(super) index: Index,
    /// The items as the file has them.
    pub(super) in_file: HashMap<String, (ComponentKind, Arc<Node>)>,
    /// The file without its items, with the values from outside filled in.
    pub(super) frame: Node,
    pub(super) place: Place,
    /// The text of the file, by which the places of its items are found.
    pub(super) texts: Arc<Texts>,
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

impl Place {
    /// Returns the file in which it is written who changed what, if the server has one.
    pub(super) fn audit(&self, server: &ServerSettings) -> Option<PathBuf> {
        server.audit.as_ref().map(|audit| self.folder.join(&audit.path))
    }
}

impl Config {
    /// Returns the file in which it is written who changed what, if there is one.
    pub fn audit_path(&self) -> Option<PathBuf> {
        self.server.as_ref().and_then(|server| self.place.audit(server))
    }

    /// How component `id` was written, by whom, and over what.
    pub fn spec(&self, kind: ComponentKind, id: &str, seal: &Seal) -> Spec {
        self.spec_of(kind, id, self.nodes(kind, id).map(|(_, written)| written), seal)
    }

    /// Like [`Config::spec`], but as if component `id` were written so.
    pub(super) fn spec_of(
        &self,
        kind: ComponentKind,
        id: &str,
        written: Option<&Arc<Node>>,
        seal: &Seal,
    ) -> Spec {
        let sealed = |item: &Arc<Node>| seal.item(kind.plural(), id, item);
        let (settings, in_file) = (written.map(sealed), self.node_in_file(kind, id));
        if written.is_some() && is_same(written, in_file) {
            return Spec { by: Author::File, settings, over: None };
        }
        let in_file = in_file.map(sealed);
        if settings == in_file {
            return Spec { by: Author::File, settings, over: None };
        }
        Spec { by: Author::Call, settings, over: in_file.map(|item| seal.hash(&item)) }
    }

    /// What the file says of component `id`, without secrets.
    pub fn in_file(&self, kind: ComponentKind, id: &str, seal: &Seal) -> Option<serde_json::Value> {
        self.node_in_file(kind, id).map(|item| seal.item(kind.plural(), id, item))
    }

    /// Returns what runs as a text in YAML, with the sections of components: every item as its author has written it, with
    /// references and without secrets. With `only_called`, only what calls have made or changed.
    pub fn text(&self, seal: &Seal, only_called: bool) -> String {
        let section = |kind: ComponentKind| {
            let items =
                self.components().filter(|(its, _)| *its == kind).map(|(_, id)| self.spec(kind, id, seal));
            let wanted = items.filter(|spec| !only_called || spec.by == Author::Call);
            let items: Vec<_> = wanted.filter_map(|spec| spec.settings).collect();
            print::section(kind.plural(), &items)
        };
        ComponentKind::ALL.map(section).concat()
    }

    /// Returns where the file, or one that it includes, names component `id`: the path relative to the folder of the file,
    /// and the line from 1. Costs a walk through the text.
    pub fn place_in_file(&self, kind: ComponentKind, id: &str) -> Option<(PathBuf, usize)> {
        let node = self.node_in_file(kind, id)?;
        let (path, line, _) = self.texts.place(node.span.start);
        Some((path.strip_prefix(&self.place.folder).unwrap_or(path).to_owned(), line))
    }

    /// Whether a call has changed what the file says of component `id`.
    pub fn differs(&self, kind: ComponentKind, id: &str, seal: &Seal) -> bool {
        let written = self.nodes(kind, id).map(|(_, written)| written);
        !is_same(written, self.node_in_file(kind, id)) && self.spec(kind, id, seal).over.is_some()
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

    /// Where the file lies that the configuration was read from.
    pub fn file(&self) -> &Path {
        &self.place.file
    }

    /// How many components there are.
    pub fn len(&self) -> usize {
        self.sources.len() + self.queries.len() + self.reactions.len()
    }

    /// Whether there is no component.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What component `id` is, if there is one.
    pub fn kind(&self, id: &str) -> Option<ComponentKind> {
        ComponentKind::ALL.into_iter().find(|kind| self.nodes(*kind, id).is_some())
    }

    /// The ids of what names the component `id`: sources that come after it, queries and reactions that read it.
    pub fn readers(&self, id: &str) -> Vec<&str> {
        self.index.readers(id).map(|(_, reader)| reader).collect()
    }

    /// What component `id` was read from: with values from outside, and as it was written.
    pub(super) fn nodes(&self, kind: ComponentKind, id: &str) -> Option<(&Arc<Node>, &Arc<Node>)> {
        match kind {
            ComponentKind::Source => self.sources.item(id).map(|item| (&item.node, &item.written)),
            ComponentKind::Query => self.queries.item(id).map(|item| (&item.node, &item.written)),
            ComponentKind::Reaction => self.reactions.item(id).map(|item| (&item.node, &item.written)),
        }
    }

    pub(super) fn node_in_file(&self, kind: ComponentKind, id: &str) -> Option<&Arc<Node>> {
        self.in_file.get(id).filter(|(its, _)| *its == kind).map(|(_, node)| node)
    }

    /// Everything that it was read from.
    pub(super) fn all_nodes(&self) -> impl Iterator<Item = &Node> {
        let sources = self.sources.items().map(|item| &*item.node);
        let queries = self.queries.items().map(|item| &*item.node);
        let reactions = self.reactions.items().map(|item| &*item.node);
        sources.chain(queries).chain(reactions).chain([&self.frame])
    }
}

/// Whether both are the same item, or none.
fn is_same(one: Option<&Arc<Node>>, other: Option<&Arc<Node>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}
