//! The items of one section, in the order of the file and found by their ids.

use super::tree::Node;
use std::collections::{BTreeMap, HashMap, btree_map};
use std::sync::Arc;

/// An item: its settings, and what they were read from.
#[derive(Debug, Clone)]
pub struct Item<T> {
    pub(super) settings: T,
    /// The item with the values from outside filled in.
    pub(super) node: Arc<Node>,
    /// The item as it was written.
    pub(super) written: Arc<Node>,
}

/// The items of one section: those of the file in its order, then those that calls have made.
///
/// Items have places that stay, so that one is put in, changed and taken out without touching the others.
#[derive(Debug, Clone)]
pub struct Section<T> {
    items: BTreeMap<u64, Box<Item<T>>>,
    places: HashMap<String, u64>,
}

impl<T> Default for Section<T> {
    fn default() -> Self {
        Self { items: BTreeMap::new(), places: HashMap::new() }
    }
}

impl<T> Section<T> {
    /// Returns how many items there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns the settings of the item with this id.
    pub fn get(&self, id: &str) -> Option<&T> {
        self.item(id).map(|item| &item.settings)
    }

    /// Returns the settings of all items.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self.items.values())
    }

    pub(super) fn items(&self) -> impl Iterator<Item = &Item<T>> {
        self.items.values().map(|item| &**item)
    }

    pub(super) fn item(&self, id: &str) -> Option<&Item<T>> {
        self.at(*self.places.get(id)?)
    }

    pub(super) fn at(&self, place: u64) -> Option<&Item<T>> {
        self.items.get(&place).map(|item| &**item)
    }

    /// The place of the item with this id, or the one that it would get.
    pub(super) fn place(&self, id: &str) -> u64 {
        let next = || self.items.last_key_value().map_or(0, |(last, _)| last + 1);
        self.places.get(id).copied().unwrap_or_else(next)
    }

    pub(super) fn put(&mut self, id: &str, item: Item<T>) -> u64 {
        let place = self.place(id);
        self.items.insert(place, Box::new(item));
        self.places.insert(id.to_owned(), place);
        place
    }

    pub(super) fn take(&mut self, id: &str) {
        if let Some(place) = self.places.remove(id) {
            self.items.remove(&place);
        }
    }
}

impl<'s, T> IntoIterator for &'s Section<T> {
    type Item = &'s T;
    type IntoIter = Iter<'s, T>;

    fn into_iter(self) -> Iter<'s, T> {
        self.iter()
    }
}

/// The settings of the items of a section.
#[derive(Debug)]
pub struct Iter<'s, T>(btree_map::Values<'s, u64, Box<Item<T>>>);

impl<'s, T> Iterator for Iter<'s, T> {
    type Item = &'s T;

    fn next(&mut self) -> Option<&'s T> {
        self.0.next().map(|item| &item.settings)
    }
}
