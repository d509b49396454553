//! Reads of one snapshot about many components, each made once: thousands of queries follow the same few feeds.

use crate::Error;
use crate::component::marks::Marks;
use livewell_model::Timestamp;
use livewell_store::checkpoint::Checkpoint;
use livewell_store::keyspace::{Key, Space};
use livewell_store::{Head, IndexError, Snapshot, catalog};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// How far a consumer is in the feeds that it follows, by their numbers.
type Reached = Rc<BTreeMap<u32, Checkpoint>>;

/// A snapshot, with what was read of it.
pub(crate) struct Reading<'a> {
    snapshot: &'a dyn Snapshot,
    marks: &'a Marks,
    heads: HashMap<u32, Option<Head>>,
    reached: HashMap<u32, Reached>,
    frontiers: HashMap<u32, u64>,
    times: HashMap<u32, Timestamp>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(snapshot: &'a dyn Snapshot, marks: &'a Marks) -> Self {
        let (heads, reached) = (HashMap::new(), HashMap::new());
        Self { snapshot, marks, heads, reached, frontiers: HashMap::new(), times: HashMap::new() }
    }

    /// Returns the snapshot that is read.
    pub(crate) fn snapshot(&self) -> &'a dyn Snapshot {
        self.snapshot
    }

    /// Returns the head of a feed, if it has one.
    pub(crate) fn head(&mut self, feed: u32) -> Result<Option<Head>, Error> {
        if let Some(head) = self.heads.get(&feed) {
            return Ok(head.clone());
        }
        let head = Head::read(self.snapshot, feed)?;
        self.heads.insert(feed, head.clone());
        Ok(head)
    }

    /// Returns how far a consumer is in the feeds that it has checkpoints in: as far as those, or as its mark.
    pub(crate) fn reached(&mut self, consumer: u32) -> Result<Reached, Error> {
        if let Some(reached) = self.reached.get(&consumer) {
            return Ok(reached.clone());
        }
        let reached = Rc::new(reached(self.snapshot, self.marks, consumer)?);
        self.reached.insert(consumer, reached.clone());
        Ok(reached)
    }

    /// Returns the position of the store up to which a feed has taken in everything.
    ///
    /// For a source that is the store's position. A query that has read all of its upstreams' logs is as far as they are,
    /// even if it had nothing to commit; otherwise it is as far as its last commit. A query that is being built is as far
    /// as its old rows.
    pub(crate) fn frontier(&mut self, feed: u32) -> Result<u64, Error> {
        if let Some(frontier) = self.frontiers.get(&feed) {
            return Ok(*frontier);
        }
        let frontier = self.read_frontier(feed)?;
        self.frontiers.insert(feed, frontier);
        Ok(frontier)
    }

    /// Returns the latest time of the transactions of all sources that a feed comes from.
    pub(crate) fn time(&mut self, feed: u32) -> Result<Timestamp, Error> {
        if let Some(time) = self.times.get(&feed) {
            return Ok(*time);
        }
        let upstreams = self.reached(feed)?;
        let mut time = Timestamp::default();
        if upstreams.is_empty() {
            time = self.head(feed)?.unwrap_or_default().timestamp;
        }
        for upstream in upstreams.keys() {
            time = time.max(self.time(*upstream)?);
        }
        self.times.insert(feed, time);
        Ok(time)
    }

    fn read_frontier(&mut self, feed: u32) -> Result<u64, Error> {
        let upstreams = self.reached(feed)?;
        if upstreams.is_empty() {
            return Ok(catalog::position(self.snapshot)?);
        }
        if let Some(head) = self.head(feed)?.filter(|head| head.building.is_some()) {
            return Ok(head.position);
        }
        let mut least = u64::MAX;
        for (upstream, checkpoint) in &*upstreams {
            let above = self.head(*upstream)?.unwrap_or_default();
            // A mark may be of a later moment than the snapshot.
            let read_all = checkpoint.epoch == above.epoch && checkpoint.sequence >= above.sequence;
            least = least.min(if read_all { self.frontier(*upstream)? } else { checkpoint.position });
        }
        Ok(least)
    }
}

/// Returns how far a consumer is in the feeds that it has checkpoints in: as far as those, or as its mark.
fn reached(
    snapshot: &dyn Snapshot,
    marks: &Marks,
    consumer: u32,
) -> Result<BTreeMap<u32, Checkpoint>, Error> {
    let mut reached = followed(snapshot, consumer)?;
    if let Some(shown) = marks.shown(snapshot, consumer)? {
        for (feed, mark) in shown.iter() {
            if let Some(stored) = reached.get_mut(feed)
                && stored.epoch == mark.epoch
            {
                stored.sequence = stored.sequence.max(mark.sequence);
                stored.position = stored.position.max(mark.position);
            }
        }
    }
    Ok(reached)
}

/// Returns the feeds that a consumer has checkpoints in.
pub(crate) fn followed(snapshot: &dyn Snapshot, consumer: u32) -> Result<BTreeMap<u32, Checkpoint>, Error> {
    let prefix = Key::new(Space::Checkpoint).number(consumer).done();
    let mut found = BTreeMap::new();
    for entry in snapshot.scan_after(&prefix, None)? {
        let (key, _) = entry?;
        let number = key[prefix.len()..].try_into().map(u32::from_be_bytes);
        let number = number.map_err(|_| IndexError::corrupted("a checkpoint key ends in a feed's number"))?;
        found.extend(Checkpoint::read(snapshot, consumer, number)?.map(|checkpoint| (number, checkpoint)));
    }
    Ok(found)
}
