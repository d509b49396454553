//! One item that was read and judged, as it is put into a configuration and taken out.

use super::configuration::Config;
use super::index::Traits;
use super::section::Item;
use super::sections::Settings;
use super::tree::Node;
use livewell::ComponentKind;
use std::sync::Arc;

/// An item that was read and judged.
#[derive(Debug)]
pub struct Made {
    pub settings: Settings,
    /// The item with the values from outside filled in.
    pub node: Arc<Node>,
    /// The item as it was written.
    pub written: Arc<Node>,
    pub traits: Traits,
}

impl Made {
    /// An item of which others need not know anything.
    pub fn new(settings: Settings, node: &Node, written: &Node) -> Self {
        let node = Arc::new(node.clone());
        let written = if *node == *written { node.clone() } else { Arc::new(written.clone()) };
        Self { settings, node, written, traits: Traits::default() }
    }
}

impl Settings {
    /// The id.
    pub fn id(&self) -> &str {
        match self {
            Self::Source(source) => source.id(),
            Self::Query(query) => &query.id,
            Self::Reaction(reaction) => &reaction.shared.id,
        }
    }

    /// What it is.
    pub fn kind(&self) -> ComponentKind {
        match self {
            Self::Source(_) => ComponentKind::Source,
            Self::Query(_) => ComponentKind::Query,
            Self::Reaction(_) => ComponentKind::Reaction,
        }
    }
}

impl Config {
    /// Puts an item of the file in.
    pub(super) fn put_in_file(&mut self, made: Made) {
        let id = made.settings.id().to_owned();
        self.in_file.insert(id, (made.settings.kind(), made.written.clone()));
        self.put(made);
    }

    /// Puts an item in, or in the place of the one that has its id.
    pub(super) fn put(&mut self, made: Made) {
        let Made { settings, node, written, traits } = made;
        let id = settings.id().to_owned();
        self.forget(settings.kind(), &id);
        match settings {
            Settings::Source(settings) => {
                let place = self.sources.put(&id, Item { settings: *settings, node, written });
                if let Some(item) = self.sources.at(place) {
                    let names = item.settings.after().iter().map(String::as_str);
                    self.index.put(ComponentKind::Source, place, &id, names);
                }
            }
            Settings::Query(settings) => {
                let place = self.queries.put(&id, Item { settings: *settings, node, written });
                if let Some(item) = self.queries.at(place) {
                    let names = item.settings.sources.iter().map(String::as_str);
                    self.index.put(ComponentKind::Query, place, &id, names);
                }
                self.index.set_traits(&id, traits);
            }
            Settings::Reaction(settings) => {
                let place = self.reactions.put(&id, Item { settings: *settings, node, written });
                if let Some(item) = self.reactions.at(place) {
                    let names = item.settings.shared.queries.iter().map(AsRef::as_ref);
                    self.index.put(ComponentKind::Reaction, place, &id, names);
                    self.index.targets.put(place, &item.settings.connector);
                }
            }
        }
    }

    /// Takes an item out.
    pub(super) fn take(&mut self, kind: ComponentKind, id: &str) {
        self.forget(kind, id);
        match kind {
            ComponentKind::Source => self.sources.take(id),
            ComponentKind::Query => self.queries.take(id),
            ComponentKind::Reaction => self.reactions.take(id),
        }
    }

    /// Forgets what an item has to do with others.
    fn forget(&mut self, kind: ComponentKind, id: &str) {
        match kind {
            ComponentKind::Source => {
                let Some(settings) = self.sources.get(id) else { return };
                let names = settings.after().iter().map(String::as_str);
                self.index.take(kind, self.sources.place(id), names);
            }
            ComponentKind::Query => {
                let Some(settings) = self.queries.get(id) else { return };
                let names = settings.sources.iter().map(String::as_str);
                self.index.take(kind, self.queries.place(id), names);
                self.index.set_traits(id, Traits::default());
            }
            ComponentKind::Reaction => {
                let Some(settings) = self.reactions.get(id) else { return };
                let (place, names) = (self.reactions.place(id), settings.shared.queries.iter());
                self.index.take(kind, place, names.map(AsRef::as_ref));
                self.index.targets.take(place);
            }
        }
    }
}
