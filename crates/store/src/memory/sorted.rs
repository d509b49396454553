//! The sorted items of a tree's node, usually found by four bytes of their keys.
//!
//! Neighbours in a store share long beginnings (space, feed, operator, the source's name), so comparing whole keys
//! reads the same bytes again and again, each behind a pointer. A node skips the beginning that all its keys share
//! and keeps the next four bytes of each item as one number, side by side: a search compares those, and a whole key
//! at its end. (P. Bohannon, P. McIlroy, R. Rastogi, "Main-memory index structures with fixed-size partial keys",
//! 2001.)
//!
//! Near the root, keys of several spaces and operators meet in one node, and all keys of one operator have the same
//! four bytes there. Such a run has a beginning of its own, and the four bytes after that.

use arrayvec::ArrayVec;
use std::cmp::Ordering;
use std::ops::Range;

/// The largest number of items in a node.
pub(super) const CAPACITY: usize = 64;
/// How many of the bytes that all keys begin with are kept in the node itself.
const NEAR: usize = 40;

/// An item that is ordered by its key.
pub(super) trait Keyed {
    /// Returns the key.
    fn key(&self) -> &[u8];
}

/// Items by ascending key, each key once.
///
/// The fields are in the order in which a search reads them: memory behind a pointer that was not followed lately
/// comes slowly, a cache line at a time.
#[derive(Clone)]
#[repr(C)]
pub(super) struct Sorted<T> {
    /// A number of bytes that all keys begin with; they may share more.
    shared: usize,
    /// The first of those bytes, so that a key that begins otherwise is usually recognised without following a
    /// pointer.
    beginning: ArrayVec<u8, NEAR>,
    /// For each item, the four bytes of its key after the shared ones, as a number in their order, filled up with
    /// zeros; after the last item the greatest number, so that counting the lesser ones need not know how many items
    /// there are.
    heads: [i32; CAPACITY],
    items: ArrayVec<T, CAPACITY>,
    /// For each item of a run (items with the same head), how many bytes the run's keys share.
    run_shared: [u32; CAPACITY],
    /// For each item of a run, the four bytes of its key after those.
    run_heads: [i32; CAPACITY],
}

impl<T: Keyed> Sorted<T> {
    /// Makes a node without items.
    pub fn new() -> Self {
        Self {
            shared: 0,
            beginning: ArrayVec::new(),
            heads: [i32::MAX; CAPACITY],
            run_shared: [0; CAPACITY],
            run_heads: [0; CAPACITY],
            items: ArrayVec::new(),
        }
    }

    /// Returns the items.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// Returns the item at `at`; everything of it but its key may be changed.
    pub fn item_mut(&mut self, at: usize) -> &mut T {
        &mut self.items[at]
    }

    /// Returns whether it should join a neighbour.
    pub fn has_few(&self) -> bool {
        self.items.len() < CAPACITY / 4
    }

    /// Returns whether both fit into one, with room for the next writes.
    pub fn fits_with(&self, other: &Self) -> bool {
        self.items.len() + other.items.len() <= CAPACITY / 4 * 3
    }

    /// Returns the index of `key`, or where it would be inserted.
    pub fn find(&self, key: &[u8]) -> Result<usize, usize> {
        let head = match head(key, self.shared) {
            Some(head) if self.begins_alike(key) => head,
            _ => return Err(self.find_apart(key)),
        };
        // Counted, not halved: the cache lines with the numbers are then loaded side by side instead of one after
        // another, and a node's numbers are compared several at a time.
        let from = self.heads.iter().map(|have| i32::from(*have < head)).sum::<i32>() as usize;
        let run = self.run(from, head);
        match run.len() {
            0 => Err(from),
            1 => self.find_at(from, key),
            _ => self.find_in_run(run, key),
        }
    }

    fn find_at(&self, at: usize, key: &[u8]) -> Result<usize, usize> {
        match self.items[at].key()[self.shared..].cmp(&key[self.shared..]) {
            Ordering::Less => Err(at + 1),
            Ordering::Equal => Ok(at),
            Ordering::Greater => Err(at),
        }
    }

    /// Returns the items from `from` on that have this head.
    fn run(&self, from: usize, head: i32) -> Range<usize> {
        from..from + equal(&self.heads[from..self.items.len()], head)
    }

    fn find_in_run(&self, run: Range<usize>, key: &[u8]) -> Result<usize, usize> {
        let first = self.items[run.start].key();
        let shared = self.run_shared[run.start] as usize;
        let (Some(head), true) = (head(key, shared), key.starts_with(&first[..shared])) else {
            return Err(if first < key { run.end } else { run.start });
        };
        let heads = &self.run_heads[run.clone()];
        let before = heads.partition_point(|have| *have < head);
        let (from, rest) = (run.start + before, &key[shared..]);
        let alike = &self.items[from..from + equal(&heads[before..], head)];
        let found = alike.binary_search_by(|item| item.key()[shared..].cmp(rest));
        found.map(|at| from + at).map_err(|at| from + at)
    }

    fn begins_alike(&self, key: &[u8]) -> bool {
        let far = NEAR..self.shared;
        key.starts_with(&self.beginning) && (far.is_empty() || self.items[0].key()[far.clone()] == key[far])
    }

    /// Returns where a key would be inserted that does not begin as all others do: before or after them.
    fn find_apart(&self, key: &[u8]) -> usize {
        if self.items.first().is_some_and(|first| first.key() < key) { self.items.len() } else { 0 }
    }

    /// Inserts `item` at `at`, the index from [`Sorted::find`]. There must be room.
    pub fn insert(&mut self, at: usize, item: T) {
        let head = head(item.key(), self.shared);
        let head = head.filter(|_| !self.items.is_empty() && self.begins_alike(item.key()));
        self.items.insert(at, item);
        match head {
            Some(head) => {
                self.heads.copy_within(at..CAPACITY - 1, at + 1);
                self.run_shared.copy_within(at..CAPACITY - 1, at + 1);
                self.run_heads.copy_within(at..CAPACITY - 1, at + 1);
                self.heads[at] = head;
                self.join_run(at);
            }
            None => self.rehead(),
        }
    }

    /// Like [`Sorted::insert`], but splits off and returns the right half if there is no room.
    pub fn insert_or_split(&mut self, at: usize, item: T) -> Option<Self> {
        if !self.items.is_full() {
            self.insert(at, item);
            return None;
        }
        // A node that grows at its end, as in logs, is left full.
        let middle = if at == CAPACITY { CAPACITY } else { CAPACITY / 2 };
        let mut right = self.split_off(middle);
        if at < middle {
            self.insert(at, item);
        } else {
            right.insert(at - middle, item);
        }
        Some(right)
    }

    /// Changes the key of the item at `at`, which keeps its place.
    pub fn set_key(&mut self, at: usize, change: impl FnOnce(&mut T)) {
        change(&mut self.items[at]);
        self.rehead();
    }

    /// Removes the item at `at`.
    pub fn remove(&mut self, at: usize) -> T {
        self.heads.copy_within(at + 1.., at);
        self.heads[CAPACITY - 1] = i32::MAX;
        self.run_shared.copy_within(at + 1.., at);
        self.run_heads.copy_within(at + 1.., at);
        self.items.remove(at)
    }

    fn split_off(&mut self, at: usize) -> Self {
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
        let mut from = 0;
        while let Some(head) = self.heads[..self.items.len()].get(from) {
            let run = self.run(from, *head);
            from = run.end;
            self.rehead_run(run);
        }
    }

    /// Returns the run of the item at `at`.
    fn run_around(&self, at: usize) -> Range<usize> {
        let head = self.heads[at];
        let from = self.heads[..at].iter().rposition(|have| *have != head).map_or(0, |before| before + 1);
        self.run(from, head)
    }

    /// Adds the new item at `at` to its run.
    fn join_run(&mut self, at: usize) {
        let run = self.run_around(at);
        let other = if at == run.start { at + 1 } else { run.start };
        if run.len() > 2 {
            let shared = self.run_shared[other] as usize;
            if self.items[at].key().starts_with(&self.items[other].key()[..shared]) {
                return self.rehead_in_run(at, shared);
            }
        }
        self.rehead_run(run);
    }

    fn rehead_run(&mut self, run: Range<usize>) {
        let [first, .., last] = &self.items[run.clone()] else { return };
        let shared = alike(first.key(), last.key()).len();
        run.for_each(|at| self.rehead_in_run(at, shared));
    }

    fn rehead_in_run(&mut self, at: usize, shared: usize) {
        // Keys are limited to far less than that number.
        self.run_shared[at] = shared as u32;
        self.run_heads[at] = head(self.items[at].key(), shared).unwrap_or(i32::MIN);
    }
}

/// Returns how many of the first numbers, which ascend from `head` on, are `head`: mostly one at most.
fn equal(heads: &[i32], head: i32) -> usize {
    if heads.get(1) == Some(&head) {
        return heads.partition_point(|have| *have <= head);
    }
    usize::from(heads.first() == Some(&head))
}

/// Returns the common beginning of two keys.
fn alike<'a>(left: &'a [u8], right: &[u8]) -> &'a [u8] {
    let length = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    &left[..length]
}

/// Returns the four bytes after the first `shared` ones; `None` if the key is shorter than those.
fn head(key: &[u8], shared: usize) -> Option<i32> {
    let rest = key.get(shared..)?;
    let bytes = rest.first_chunk().copied().unwrap_or_else(|| {
        let mut filled = [0; 4];
        filled[..rest.len()].copy_from_slice(rest);
        filled
    });
    // As signed numbers in the same order, which more machines can compare several at a time.
    Some((u32::from_be_bytes(bytes) ^ 1 << 31).cast_signed())
}
