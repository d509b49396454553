//! The labels, types and properties of what a source holds.
//!
//! They are read from its elements, up to [`READ_MAX`] of them, at most once in [`FRESH`]: whoever types asks many times.

use livewell::inventory::{self, Filter};
use livewell::{ComponentKind, Error, Livewell};
use livewell_model::{Element, SmolStr};
use livewell_query::outline::Named;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many elements of a source are read.
const READ_MAX: usize = 20_000;
/// How many of them at once.
const PAGE: usize = 2_000;
/// How many names of a kind are kept of a source.
const NAMES_MAX: usize = 5_000;
/// How long they are believed.
const FRESH: Duration = Duration::from_secs(5);
/// Of how many sources they are kept.
const KEPT_MAX: usize = 64;

/// The labels, types and properties of what a source holds.
#[derive(Debug, Default)]
pub struct Vocabulary {
    labels: BTreeSet<SmolStr>,
    types: BTreeSet<SmolStr>,
    properties: BTreeSet<SmolStr>,
    /// Whether there are more names than are kept.
    has_more_names: bool,
    /// How many elements were read, if there are more.
    pub sampled: Option<usize>,
}

/// What was read lately, by the ids of the sources.
#[derive(Debug, Default)]
pub struct Vocabularies(Mutex<HashMap<String, (Instant, Arc<Vocabulary>)>>);

impl Vocabulary {
    /// Returns whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.types.is_empty() && self.properties.is_empty()
    }

    /// Returns whether something that was read has this name.
    pub fn has(&self, of: Named, name: &str) -> bool {
        self.of(of).contains(name)
    }

    /// Returns whether something may have this name, since it was read or not all names are kept.
    pub fn may_have(&self, of: Named, name: &str) -> bool {
        self.has_more_names || self.has(of, name)
    }

    /// Returns the names of a kind.
    pub fn names(&self, of: Named) -> impl Iterator<Item = &str> {
        self.of(of).iter().map(SmolStr::as_str)
    }

    fn of(&self, of: Named) -> &BTreeSet<SmolStr> {
        match of {
            Named::Label => &self.labels,
            Named::Type => &self.types,
            Named::Property => &self.properties,
        }
    }

    /// Reads the first elements of a source.
    fn of_source(livewell: &Livewell, source: &str, is_gone: &dyn Fn() -> bool) -> Result<Self, Error> {
        let (mut found, mut after, mut read) = (Self::default(), None, 0);
        while !is_gone() {
            let page =
                inventory::page(&**livewell.store(), source, &Filter::default(), after.as_deref(), PAGE)?;
            read += page.elements.len();
            page.elements.iter().for_each(|element| found.add(element));
            after = page.next;
            if after.is_none() {
                break;
            }
            if read >= READ_MAX {
                found.sampled = Some(read);
                break;
            }
        }
        Ok(found)
    }

    /// Returns what a query gives to those that read it: nodes with its label, whose properties are its columns.
    fn of_query(livewell: &Livewell, id: &str) -> Result<Self, Error> {
        let label = livewell::stored_query(&**livewell.store(), id)?.label;
        let properties = livewell.results(id)?.columns.into_iter().collect();
        let label = label.unwrap_or_else(|| id.to_owned());
        Ok(Self { labels: BTreeSet::from([label.into()]), properties, ..Self::default() })
    }

    fn add(&mut self, element: &Element) {
        let (properties, names) = match element {
            Element::Node(node) => {
                (&node.properties, node.labels.iter().map(|label| (Named::Label, label)).collect::<Vec<_>>())
            }
            Element::Relationship(relationship) => {
                (&relationship.properties, vec![(Named::Type, &relationship.kind)])
            }
        };
        let properties = properties.iter().map(|(name, _)| (Named::Property, name));
        for (of, name) in names.into_iter().chain(properties) {
            let names = match of {
                Named::Label => &mut self.labels,
                Named::Type => &mut self.types,
                Named::Property => &mut self.properties,
            };
            if names.contains(name) {
                continue;
            }
            match names.len() < NAMES_MAX {
                true => drop(names.insert(name.clone())),
                false => self.has_more_names = true,
            }
        }
    }
}

impl Vocabularies {
    /// Returns what a source or query holds. One caller reads at a time, and the others then have what it has read.
    pub fn read(&self, livewell: &Livewell, id: &str, is_gone: &dyn Fn() -> bool) -> Option<Arc<Vocabulary>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_gone() {
            return None;
        }
        if let Some((_, vocabulary)) = kept.get(id).filter(|(read, _)| read.elapsed() < FRESH) {
            return Some(vocabulary.clone());
        }
        let read = match livewell.status_of(id).ok()?.kind {
            ComponentKind::Query => Vocabulary::of_query(livewell, id),
            _ => Vocabulary::of_source(livewell, id, is_gone),
        };
        // What cannot be read is judged elsewhere, with its reason.
        let vocabulary = Arc::new(read.ok().filter(|_| !is_gone())?);
        if kept.len() >= KEPT_MAX {
            kept.retain(|_, (read, _)| read.elapsed() < FRESH);
        }
        if kept.len() < KEPT_MAX {
            kept.insert(id.to_owned(), (Instant::now(), vocabulary.clone()));
        }
        Some(vocabulary)
    }
}
