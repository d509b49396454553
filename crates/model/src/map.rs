//! A small map from property names to values: a vector sorted by name.
//!
//! Elements have few properties, which are decoded on every change and compared often. A sorted vector does all of
//! that without an allocation per entry. Its order is the order of the names, so nothing that is printed from it
//! depends on arrival.

use crate::Value;
use smol_str::SmolStr;

/// Up to this many names, comparing each for equality is faster than a binary search.
const FEW: usize = 8;

/// Property names to values, each name once, in ascending order of the names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Map(Vec<(SmolStr, Value)>);

impl Map {
    /// Makes an empty map.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Makes an empty map with room for so many entries.
    pub(crate) fn with_capacity(entries: usize) -> Self {
        Self(Vec::with_capacity(entries))
    }

    /// Returns the entries with these names, which ascend.
    #[must_use]
    pub fn pick(&self, names: &[SmolStr]) -> Self {
        debug_assert!(names.is_sorted());
        let mut picked = Vec::with_capacity(names.len().min(self.0.len()));
        picked.extend(names.iter().filter_map(|name| self.entry(name).cloned()));
        Self(picked)
    }

    /// Returns the entries with those of `changes` in their places; what is null there is left out.
    #[must_use]
    pub fn with(&self, changes: &Self) -> Self {
        let mut merged = Vec::with_capacity(self.0.len());
        let mut rest = self.0.as_slice();
        for (name, value) in &changes.0 {
            let before = rest.iter().take_while(|(have, _)| have < name).count();
            merged.extend_from_slice(&rest[..before]);
            rest = &rest[before..];
            if let Some(((have, _), others)) = rest.split_first()
                && have == name
            {
                rest = others;
            }
            if !value.is_null() {
                merged.push((name.clone(), value.clone()));
            }
        }
        merged.extend_from_slice(rest);
        Self(merged)
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value under `name`, if any.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.entry(name).map(|(_, value)| value)
    }

    fn entry(&self, name: &str) -> Option<&(SmolStr, Value)> {
        if self.0.len() > FEW {
            return self.position(name).ok().map(|at| &self.0[at]);
        }
        self.0.iter().find(|(have, _)| have == name)
    }

    /// Puts `value` under `name`, replacing the value before.
    pub fn insert(&mut self, name: impl Into<SmolStr>, value: Value) {
        let name = name.into();
        match self.position(&name) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (name, value)),
        }
    }

    /// Removes `name` and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.position(name).ok().map(|at| self.0.remove(at).1)
    }

    /// Returns the entries in ascending order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&SmolStr, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        // Entries usually come in the order of their names.
        if self.0.last().is_none_or(|(last, _)| last.as_str() < name) {
            return Err(self.0.len());
        }
        self.0.binary_search_by(|(have, _)| have.as_str().cmp(name))
    }
}

impl<N: Into<SmolStr>> FromIterator<(N, Value)> for Map {
    /// Collects entries; of two entries with one name the later wins.
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(entries: I) -> Self {
        const MANY: usize = 16;
        let entries = entries.into_iter();
        let (least, most) = entries.size_hint();
        let mut map = Self::with_capacity(most.unwrap_or(least).min(MANY));
        for (name, value) in entries {
            map.insert(name, value);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_changed_takes_its_place_and_what_becomes_null_goes() {
        let of = |text: &str, value: Value| -> Map {
            text.chars().map(|name| (name.to_string(), value.clone())).collect()
        };
        for (before, set, gone, after) in
            [("", "", "", ""), ("bd", "ace", "", "abcde"), ("abc", "b", "c", "ab"), ("bc", "", "abcd", "")]
        {
            let mut changes = of(set, Value::Int(2));
            gone.chars().for_each(|name| changes.insert(name.to_string(), Value::Null));
            let with = of(before, Value::Int(1)).with(&changes);
            let value = |name| Value::Int(if set.contains(name) { 2 } else { 1 });
            let wanted = after.chars().map(|name| (name.to_string(), value(name)));
            assert_eq!(with, wanted.collect());
        }
    }

    #[test]
    fn what_is_picked_is_what_is_there_under_the_names() {
        for length in [0, 1, FEW, FEW + 1, 3 * FEW] {
            let map: Map = (0..length).map(|at| (format!("k{at:02}"), Value::Int(at as i64))).collect();
            let names = ["a", "k00", "k03", "k08", "k20", "z"].map(SmolStr::new);
            let entries = names.iter().filter_map(|name| Some((name.clone(), map.get(name)?.clone())));
            assert_eq!(map.pick(&names), entries.collect(), "of {length}");
        }
    }
}
