//! Sorted items of a tree's node, found mostly by four bytes of their keys.
//!
//! Neighbours in a store share long beginnings (space, feed, operator, the source's name), so comparing whole keys
//! reads the same bytes again and again, each behind a pointer. A node skips what all its keys begin with and keeps
//! the four bytes behind it as one number an item, side by side: a search compares those, and a whole key at its
//! end. (P. Bohannon, P. McIlroy, R. Rastogi, "Main-memory index structures with fixed-size partial keys", 2001.)

use arrayvec::ArrayVec;

/// The most items of a node.
pub(super) const CAPACITY: usize = 64;
/// How many of the bytes that all keys begin with lie in the node itself.
const NEAR: usize = 40;

/// What has a place by its key.
pub(super) trait Keyed {
    /// The key.
    fn key(&self) -> &[u8];
}

/// Items by ascending key, each key once.
#[derive(Clone)]
pub(super) struct Sorted<T> {
    /// How many bytes all keys begin with alike; there may be more.
    shared: usize,
    /// The first of those bytes, so that telling a key that begins otherwise mostly follows no pointer.
    beginning: ArrayVec<u8, NEAR>,
    /// For each item, the four bytes of its key behind the shared ones, as a number in their order, filled up with zeros;
    /// behind the last item the greatest number, so that counting the lesser ones need not know how many items there are.
    heads: [i32; CAPACITY],
    items: ArrayVec<T, CAPACITY>,
}

impl<T: Keyed> Sorted<T> {
    /// No items.
    pub fn new() -> Self {
        Self { shared: 0, beginning: ArrayVec::new(), heads: [i32::MAX; CAPACITY], items: ArrayVec::new() }
    }

    /// The items.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// The item at `at`, to change all of it but its key.
    pub fn item_mut(&mut self, at: usize) -> &mut T {
        &mut self.items[at]
    }

    /// Whether there is room for no more.
    pub fn is_full(&self) -> bool {
        self.items.is_full()
    }

    /// Where `key` is, or where it would come.
    pub fn find(&self, key: &[u8]) -> Result<usize, usize> {
        let head = match head(key, self.shared) {
            Some(head) if self.begins_alike(key) => head,
            _ => return Err(self.find_apart(key)),
        };
        // Counted, not halved: the lines that the numbers lie in come from memory side by side then, one after
        // another otherwise, and a node's numbers are compared several at a time.
        let from = self.heads.iter().map(|have| i32::from(*have < head)).sum::<i32>() as usize;
        let heads = &self.heads[..self.items.len()];
        let is_alike = |at: usize| heads.get(at) == Some(&head);
        if !is_alike(from) {
            return Err(from);
        }
        let to = if is_alike(from + 1) { heads.partition_point(|have| *have <= head) } else { from + 1 };
        let rest = &key[self.shared..];
        let found = self.items[from..to].binary_search_by(|item| item.key()[self.shared..].cmp(rest));
        found.map(|at| from + at).map_err(|at| from + at)
    }

    fn begins_alike(&self, key: &[u8]) -> bool {
        let far = NEAR..self.shared;
        key.starts_with(&self.beginning) && (far.is_empty() || self.items[0].key()[far.clone()] == key[far])
    }

    /// Where a key would come that does not begin as all others do: before or behind them.
    fn find_apart(&self, key: &[u8]) -> usize {
        if self.items.first().is_some_and(|first| first.key() < key) { self.items.len() } else { 0 }
    }

    /// Puts `item` at `at`, where [`Sorted::find`] says it comes. There must be room.
    pub fn insert(&mut self, at: usize, item: T) {
        let head = head(item.key(), self.shared);
        let head = head.filter(|_| !self.items.is_empty() && self.begins_alike(item.key()));
        self.items.insert(at, item);
        match head {
            Some(head) => {
                self.heads.copy_within(at..CAPACITY - 1, at + 1);
                self.heads[at] = head;
            }
            None => self.rehead(),
        }
    }

    /// Changes the key of the item at `at`, which keeps its place.
    pub fn set_key(&mut self, at: usize, change: impl FnOnce(&mut T)) {
        change(&mut self.items[at]);
        self.rehead();
    }

    /// Takes the item at `at` out.
    pub fn remove(&mut self, at: usize) -> T {
        self.heads.copy_within(at + 1.., at);
        self.heads[CAPACITY - 1] = i32::MAX;
        self.items.remove(at)
    }

    /// Takes the items from `at` on out.
    pub fn split_off(&mut self, at: usize) -> Self {
        let mut right = Self { items: self.items.drain(at..).collect(), ..Self::new() };
        right.rehead();
        self.rehead();
        right
    }

    /// Takes over all of `right`, whose keys are greater. There must be room.
    pub fn append(&mut self, right: Self) {
        self.items.extend(right.items);
        self.rehead();
    }

    fn rehead(&mut self) {
        let ends = self.items.first().zip(self.items.last());
        let all = ends.map_or(&[][..], |(first, last)| alike(first.key(), last.key()));
        let shared = all.len();
        self.shared = shared;
        self.beginning = all.iter().take(NEAR).copied().collect();
        self.heads.fill(i32::MAX);
        for (place, item) in self.heads.iter_mut().zip(&self.items) {
            *place = head(item.key(), shared).unwrap_or(i32::MIN);
        }
    }
}

/// What two keys begin with alike.
fn alike<'a>(left: &'a [u8], right: &[u8]) -> &'a [u8] {
    let length = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    &left[..length]
}

/// The four bytes behind the first `shared` ones; `None` where the key is shorter than those.
fn head(key: &[u8], shared: usize) -> Option<i32> {
    let rest = key.get(shared..)?;
    let bytes = rest.first_chunk().copied().unwrap_or_else(|| {
        let mut filled = [0; 4];
        filled[..rest.len()].copy_from_slice(rest);
        filled
    });
    // As signed numbers in the same order, which more machines compare several at a time.
    Some((u32::from_be_bytes(bytes) ^ 1 << 31).cast_signed())
}
