//! Reads of one snapshot about many components, each made once: thousands of queries follow the same few feeds.

use super::checked::Checked;
use super::follow;
use crate::Error;
use crate::component::marks::Marks;
use livewell_store::checkpoint::Checkpoint;
use livewell_store::{Head, Snapshot, catalog};
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
    checked: HashMap<u32, Option<Checked>>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(snapshot: &'a dyn Snapshot, marks: &'a Marks) -> Self {
        Self {
            snapshot,
            marks,
            heads: HashMap::new(),
            reached: HashMap::new(),
            frontiers: HashMap::new(),
            checked: HashMap::new(),
        }
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
        let reached = Rc::new(follow::reached(self.snapshot, self.marks, consumer)?);
        self.reached.insert(consumer, reached.clone());
        Ok(reached)
    }

    /// Returns the range of positions at which a source equals its upstream; `None` for one that cannot tell.
    pub(crate) fn checked(&mut self, source: u32) -> Result<Option<Checked>, Error> {
        if let Some(checked) = self.checked.get(&source) {
            return Ok(*checked);
        }
        let checked = Checked::read(self.snapshot, source)?;
        self.checked.insert(source, checked);
        Ok(checked)
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
