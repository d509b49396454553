//! A state in plain memory.

use super::{Area, Order, State, StepError, Visit, Write};
use crate::meter::Meter;
use livewell_model::Row;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;

/// A state in plain memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryState {
    operators: Groups,
    rows: Entries,
    meter: Meter,
}

/// Entries by their keys.
type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// The entries of the operators' area, grouped by what their keys begin with: an operator's number and the part of what it
/// remembers. What a step writes to a group that was empty is made a tree at once, and not entry by entry.
#[derive(Debug, Clone, Default)]
struct Groups(BTreeMap<Beginning, Entries>);

/// The first bytes of a key, filled up with zeros.
type Beginning = [u8; 3];

fn beginning(key: &[u8]) -> Beginning {
    key.first_chunk().copied().unwrap_or_else(|| {
        let mut filled = [0; 3];
        filled[..key.len()].copy_from_slice(key);
        filled
    })
}

impl Groups {
    fn of(&mut self, key: &[u8]) -> &mut Entries {
        self.0.entry(beginning(key)).or_default()
    }

    fn get(&self, key: &[u8]) -> Option<&Vec<u8>> {
        self.0.get(&beginning(key))?.get(key)
    }

    /// The entries from one key on, ascending.
    fn ascending<'a>(&'a self, from: &'a [u8]) -> impl Iterator<Item = (&'a Vec<u8>, &'a Vec<u8>)> {
        let groups = self.0.range(beginning(from)..).map(|(_, entries)| entries);
        groups.flat_map(move |entries| entries.range::<[u8], _>((Bound::Included(from), Bound::Unbounded)))
    }

    /// The entries from one key on, and up to another, descending.
    fn descending<'a>(
        &'a self,
        from: &'a [u8],
        to: Bound<&'a [u8]>,
    ) -> impl Iterator<Item = (&'a Vec<u8>, &'a Vec<u8>)> {
        let last = match to {
            Bound::Included(key) | Bound::Excluded(key) => beginning(key),
            Bound::Unbounded => [u8::MAX; 3],
        };
        let groups = self.0.range(beginning(from)..=last).rev().map(|(_, entries)| entries);
        groups.flat_map(move |entries| entries.range::<[u8], _>((Bound::Included(from), to)).rev())
    }

    fn write_all(&mut self, writes: Vec<Write>) {
        let deletes = writes.iter().any(|(_, value)| value.is_none());
        let mut writes = writes.into_iter().peekable();
        while let Some((first, _)) = writes.peek() {
            let group = beginning(first);
            let entries = self.0.entry(group).or_default();
            let of_group = std::iter::from_fn(|| writes.next_if(|(key, _)| beginning(key) == group));
            if entries.is_empty() && !deletes {
                *entries = of_group.filter_map(|(key, value)| Some((key, value?))).collect();
            } else {
                of_group.for_each(|(key, value)| write(entries, key, value));
            }
        }
    }
}

fn write(entries: &mut Entries, key: Vec<u8>, value: Option<Vec<u8>>) {
    match value {
        Some(value) => drop(entries.insert(key, value)),
        None => drop(entries.remove(&key)),
    }
}

impl MemoryState {
    /// An empty state.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits what a step over this state may hold; what it keeps in the state itself does not count.
    #[must_use]
    pub fn within(mut self, meter: Meter) -> Self {
        self.meter = meter;
        self
    }

    /// The live rows by signature.
    ///
    /// # Panics
    /// Where a row cannot be decoded, which nothing but the engine has written.
    pub fn rows(&self) -> Vec<(u64, Row)> {
        let row = |(key, value): (&Vec<u8>, &Vec<u8>)| {
            let signature = key.as_slice().try_into().expect("a signature has eight bytes");
            (u64::from_be_bytes(signature), Row::decode(value).expect("the engine wrote the row"))
        };
        self.rows.iter().map(row).collect()
    }

    /// How many entries the operators keep.
    pub fn operator_entries(&self) -> usize {
        self.operators.0.values().map(BTreeMap::len).sum()
    }

    fn of_mut(&mut self, area: Area, key: &[u8]) -> &mut Entries {
        match area {
            Area::Operators => self.operators.of(key),
            Area::Rows => &mut self.rows,
        }
    }
}

impl State for MemoryState {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StepError> {
        let value = match area {
            Area::Operators => self.operators.get(key),
            Area::Rows => self.rows.get(key),
        };
        Ok(value.map(|value| Cow::Borrowed(value.as_slice())))
    }

    fn scan(&self, area: Area, prefix: &[u8], order: Order, visit: Visit<'_>) -> Result<(), StepError> {
        match order {
            Order::Ascending => self.scan_from(area, prefix, prefix, order, visit),
            Order::Descending => {
                let end = end_of(prefix);
                self.scan_back(area, prefix, end.as_ref().map(Vec::as_slice), visit)
            }
        }
    }

    fn scan_from(
        &self,
        area: Area,
        prefix: &[u8],
        at: &[u8],
        order: Order,
        visit: Visit<'_>,
    ) -> Result<(), StepError> {
        if order == Order::Descending {
            return self.scan_back(area, prefix, Bound::Excluded(at), visit);
        }
        // To look at each key costs less than to search for the end.
        let is_within = |(key, _): &(&Vec<u8>, _)| key.starts_with(prefix);
        match area {
            Area::Operators => visit_all(self.operators.ascending(at).take_while(is_within), visit),
            Area::Rows => {
                let behind = self.rows.range::<[u8], _>((Bound::Included(at), Bound::Unbounded));
                visit_all(behind.take_while(is_within), visit)
            }
        }
    }

    fn put(&mut self, area: Area, key: Vec<u8>, value: Vec<u8>) {
        self.of_mut(area, &key).insert(key, value);
    }

    fn delete(&mut self, area: Area, key: Vec<u8>) {
        self.of_mut(area, &key).remove(&key);
    }

    fn write_all(&mut self, writes: Vec<Write>) {
        self.operators.write_all(writes);
    }

    fn meter(&self) -> Meter {
        self.meter.clone()
    }
}

impl MemoryState {
    /// Visits the entries from one key on, and up to another, descending.
    fn scan_back(
        &self,
        area: Area,
        from: &[u8],
        to: Bound<&[u8]>,
        visit: Visit<'_>,
    ) -> Result<(), StepError> {
        match area {
            Area::Operators => visit_all(self.operators.descending(from, to), visit),
            Area::Rows => visit_all(self.rows.range::<[u8], _>((Bound::Included(from), to)).rev(), visit),
        }
    }
}

/// The end of the keys that begin with `prefix`.
fn end_of(prefix: &[u8]) -> Bound<Vec<u8>> {
    let Some(last) = prefix.iter().rposition(|byte| *byte != u8::MAX) else { return Bound::Unbounded };
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Bound::Excluded(end)
}

fn visit_all<'e>(
    entries: impl Iterator<Item = (&'e Vec<u8>, &'e Vec<u8>)>,
    visit: Visit<'_>,
) -> Result<(), StepError> {
    for (key, value) in entries {
        if !visit(key, value)? {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Keys of few bytes, some shorter than what groups begin with, some beginnings of others.
    fn key() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(255)], 1..6)
    }

    fn scanned(state: &MemoryState, prefix: &[u8], at: Option<&[u8]>, order: Order) -> Vec<Vec<u8>> {
        let mut keys = Vec::new();
        let mut visit = |key: &[u8], _: &[u8]| {
            keys.push(key.to_vec());
            Ok(true)
        };
        match at {
            Some(at) => state.scan_from(Area::Operators, prefix, at, order, &mut visit),
            None => state.scan(Area::Operators, prefix, order, &mut visit),
        }
        .expect("it is in memory");
        keys
    }

    proptest! {
        /// Compared with one tree, whether writes come together or one by one.
        #[test]
        fn groups_are_one_ordered_map(
            steps in prop::collection::vec(prop::collection::vec((key(), prop::option::weighted(0.8, key())), 0..30), 1..6),
            probes in prop::collection::vec((key(), key()), 1..10),
        ) {
            let (mut state, mut model) = (MemoryState::new(), Entries::new());
            for mut step in steps {
                step.sort_by(|left, right| left.0.cmp(&right.0));
                step.iter().for_each(|(key, value)| write(&mut model, key.clone(), value.clone()));
                state.write_all(step);
            }
            prop_assert_eq!(state.operator_entries(), model.len());
            for (prefix, rest) in probes {
                let at = [prefix.as_slice(), &rest].concat();
                let found = state.get(Area::Operators, &at).expect("it is in memory").map(Cow::into_owned);
                prop_assert_eq!(found.as_ref(), model.get(&at));
                let all: Vec<_> = model.keys().filter(|key| key.starts_with(&prefix)).cloned().collect();
                let (below, above): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|key| *key < at);
                let reversed = |keys: &[Vec<u8>]| keys.iter().rev().cloned().collect::<Vec<_>>();
                prop_assert_eq!(scanned(&state, &prefix, None, Order::Descending), reversed(&all));
                prop_assert_eq!(scanned(&state, &prefix, None, Order::Ascending), all);
                prop_assert_eq!(scanned(&state, &prefix, Some(&at), Order::Ascending), above);
                prop_assert_eq!(scanned(&state, &prefix, Some(&at), Order::Descending), reversed(&below));
            }
        }
    }
}
