//! What items have to do with each other, found by the id of one of them: its readers, the columns that a query has, and
//! where reactions write.

use super::targets::Targets;
use livewell::ComponentKind;
use std::collections::{BTreeMap, HashMap};

/// What items have to do with each other.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// What reads an item, by its kind and its place in its section.
    readers: HashMap<String, BTreeMap<(ComponentKind, u64), String>>,
    /// The queries with traits that others must know of.
    traits: HashMap<String, Traits>,
    pub targets: Targets,
}

/// What others must know of a query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traits {
    /// Whether it uses functions of time, which need sources alone.
    pub tells_time: bool,
    /// A column with whole elements, which no query over it can read.
    pub elements: Option<String>,
}

impl Index {
    /// Adds what reads `names`.
    pub fn put<'n>(
        &mut self,
        kind: ComponentKind,
        place: u64,
        id: &str,
        names: impl IntoIterator<Item = &'n str>,
    ) {
        for name in names {
            self.readers.entry(name.to_owned()).or_default().insert((kind, place), id.to_owned());
        }
    }

    /// Takes out what reads `names`.
    pub fn take<'n>(&mut self, kind: ComponentKind, place: u64, names: impl IntoIterator<Item = &'n str>) {
        for name in names {
            if let Some(readers) = self.readers.get_mut(name) {
                readers.remove(&(kind, place));
                if readers.is_empty() {
                    self.readers.remove(name);
                }
            }
        }
    }

    /// The ids of what reads `id`, each with its kind: sources, queries, then reactions.
    pub fn readers(&self, id: &str) -> impl Iterator<Item = (ComponentKind, &str)> {
        let readers = self.readers.get(id).into_iter().flatten();
        readers.map(|((kind, _), reader)| (*kind, reader.as_str()))
    }

    pub fn traits(&self, id: &str) -> Option<&Traits> {
        self.traits.get(id)
    }

    pub fn set_traits(&mut self, id: &str, traits: Traits) {
        if traits == Traits::default() {
            self.traits.remove(id);
        } else {
            self.traits.insert(id.to_owned(), traits);
        }
    }
}
