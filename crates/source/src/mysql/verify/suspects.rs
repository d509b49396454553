//! Elements that differ, until it is known whether they are wrong.

use livewell_model::{Element, SmolStr};
use std::collections::BTreeMap;

/// In how many snapshots after another an element has to differ in the same way.
const SAME: u32 = 6;

/// An element that differs: what the database has, what is stored, and in how many snapshots that was so.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Suspect {
    pub database: Option<Element>,
    pub stored: Option<Element>,
    seen: u32,
}

/// The elements of a table that differ, by id.
#[derive(Debug, Default)]
pub(super) struct Suspects(BTreeMap<SmolStr, Suspect>);

impl Suspects {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn contains(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    pub fn ids(&self) -> impl Iterator<Item = &SmolStr> {
        self.0.keys()
    }

    /// Returns the first elements, those that were found wrong.
    pub fn iter(&self) -> impl Iterator<Item = (&SmolStr, &Suspect)> {
        self.0.iter()
    }

    /// Notes how an element is on both sides now; one that is equal is no longer suspect.
    pub fn note(&mut self, id: &SmolStr, database: Option<Element>, stored: Option<Element>) {
        if database == stored {
            self.0.remove(id);
            return;
        }
        let seen = match self.0.get(id) {
            Some(suspect) if (&suspect.database, &suspect.stored) == (&database, &stored) => suspect.seen + 1,
            _ => 1,
        };
        self.0.insert(id.clone(), Suspect { database, stored, seen });
    }

    /// Returns whether each suspect is known to be wrong.
    pub fn are_wrong(&self) -> bool {
        self.0.values().all(Suspect::is_wrong)
    }
}

impl Suspect {
    /// Returns whether the element is known to be wrong.
    pub fn is_wrong(&self) -> bool {
        self.seen >= SAME
    }
}
