//! The base of a build: all upstreams as they were at one position, read in pieces.
//!
//! In one snapshot of the store the upstreams of a query may be at different positions: one may have read parts of a
//! source that another has not. Rows built from that would show a state that was never true. And a build takes longer
//! than a snapshot should be held, since the store cannot use pages again that a snapshot can see. So each piece is
//! read from a snapshot of its own, and what an upstream has taken in since the base is undone by the before-images of
//! its log.

mod images;
mod piece;
#[cfg(test)]
mod tests;
mod upstream;

pub(crate) use self::piece::Piece;
use self::upstream::UpstreamBase;
use crate::Error;
use crate::component::marks::Marks;
use crate::feed::follow::{Upstream, frontier, open};
use livewell_model::Timestamp;
use livewell_model::codec::Reader;
use livewell_query::Meter;
use livewell_store::checkpoint::Checkpoint;
use livewell_store::{Feed, Head, Moment, Snapshot, Store};
use std::sync::Arc;

/// All upstreams of a query at one position, from which its rows are built.
pub(crate) struct Base {
    /// The position of the store at which all upstreams are taken.
    pub(crate) position: u64,
    /// The latest transaction time that the upstreams have seen.
    pub(crate) timestamp: Timestamp,
    /// About how many elements they have.
    pub(crate) elements: u64,
    /// The upstreams, in the query's order.
    pub(crate) upstreams: Vec<UpstreamBase>,
}

impl Base {
    /// Returns the upstreams at the position that all of them have reached. Returns `None` while one of them is being
    /// built itself, or is further ahead than its log still reaches back: the caller waits.
    pub(crate) fn take(
        snapshot: &Arc<dyn Snapshot>,
        marks: &Marks,
        upstreams: &[Upstream],
    ) -> Result<Option<Self>, Error> {
        Self::take_through(snapshot, marks, upstreams, u64::MAX)
    }

    /// Returns the upstreams as they were at a moment, or as they were when the last of their epochs began if that is
    /// later. Returns `None` until all of them have come so far. If a log no longer reaches back to there, it is a base
    /// as [`Base::take`] returns it; the checkpoints of this query hold the logs.
    pub(crate) fn take_at(
        snapshot: &Arc<dyn Snapshot>,
        marks: &Marks,
        query: u32,
        upstreams: &[Upstream],
        at: Moment,
    ) -> Result<Option<Self>, Error> {
        let at = Self::begin_at(snapshot, upstreams, at)?;
        let mut reached = u64::MAX;
        for upstream in upstreams {
            reached = reached.min(frontier(snapshot, marks, upstream.number)?);
        }
        if reached < at.position {
            return Ok(None);
        }
        let read = read_before(&**snapshot, query, upstreams, at.position)?;
        let mut lasts = Vec::with_capacity(upstreams.len());
        for (upstream, read) in upstreams.iter().zip(&read) {
            let Some(last) = last_through(&open(snapshot, upstream)?, at.position, read.as_ref())? else {
                return Self::take(snapshot, marks, upstreams);
            };
            lasts.push(last);
        }
        let base = Self::at(snapshot, upstreams, at.position, &lasts)?;
        Ok(base.map(|base| Self { timestamp: at.time, ..base }))
    }

    /// Returns the moment, or where the last of the upstreams' epochs begins if that is later.
    pub(crate) fn begin_at(
        snapshot: &Arc<dyn Snapshot>,
        upstreams: &[Upstream],
        at: Moment,
    ) -> Result<Moment, Error> {
        let mut latest = at;
        for upstream in upstreams {
            let begin = open(snapshot, upstream)?.epoch()?.begin.unwrap_or_default();
            latest.position = latest.position.max(begin.position);
            latest.time = latest.time.max(begin.time);
        }
        Ok(latest)
    }

    /// Like [`Base::take`], but at no later position than this.
    pub(crate) fn take_through(
        snapshot: &Arc<dyn Snapshot>,
        marks: &Marks,
        upstreams: &[Upstream],
        at_most: u64,
    ) -> Result<Option<Self>, Error> {
        let mut position = at_most;
        for upstream in upstreams {
            position = position.min(frontier(snapshot, marks, upstream.number)?);
        }
        let mut lasts = Vec::with_capacity(upstreams.len());
        for upstream in upstreams {
            let Some(last) = last_through(&open(snapshot, upstream)?, position, None)? else {
                return Ok(None);
            };
            lasts.push(last);
        }
        Self::at(snapshot, upstreams, position, &lasts)
    }

    /// Returns the upstreams at a position, through which each has its last entry at one of these sequences. Returns
    /// `None` while one of them is being built itself.
    fn at(
        snapshot: &Arc<dyn Snapshot>,
        upstreams: &[Upstream],
        position: u64,
        lasts: &[u64],
    ) -> Result<Option<Self>, Error> {
        let mut base = Self { position, timestamp: Timestamp::default(), elements: 0, upstreams: Vec::new() };
        for (upstream, sequence) in upstreams.iter().zip(lasts) {
            let feed = open(snapshot, upstream)?;
            if feed.head.building.is_some() {
                return Ok(None);
            }
            base.timestamp = base.timestamp.max(feed.head.timestamp);
            base.elements += feed.head.rows;
            base.upstreams.push(UpstreamBase::at(&feed, upstream, *sequence, position)?);
        }
        Ok(Some(base))
    }

    /// Returns the moment of the base.
    pub(crate) fn moment(&self) -> Moment {
        Moment { position: self.position, time: self.timestamp }
    }

    /// Reads the next elements, up to about `most`, from a snapshot that is taken now. The elements of an upstream come
    /// in the order of their keys.
    pub(crate) fn piece(&mut self, store: &dyn Store, most: usize, meter: &Meter) -> Result<Piece, Error> {
        let Some(upstream) = self.upstreams.iter_mut().find(|upstream| !upstream.is_read()) else {
            return Ok(Piece::End);
        };
        upstream.piece(store, most, self.timestamp, meter)
    }
}

/// Returns how far a query has read each upstream, where that is known to be no further than this position.
fn read_before(
    snapshot: &dyn Snapshot,
    query: u32,
    upstreams: &[Upstream],
    position: u64,
) -> Result<Vec<Option<Checkpoint>>, Error> {
    let read = |upstream: &Upstream| Checkpoint::read(snapshot, query, upstream.number);
    let mut found = Vec::with_capacity(upstreams.len());
    for upstream in upstreams {
        found.push(read(upstream)?.filter(|checkpoint| checkpoint.position <= position));
    }
    Ok(found)
}

/// Returns the sequence of the last entry through `position`; `None` if the log no longer reaches back that far. An
/// entry that a checkpoint `before` that position has passed is known to be.
fn last_through(feed: &Feed, position: u64, before: Option<&Checkpoint>) -> Result<Option<u64>, Error> {
    let Head { epoch, sequence, low, .. } = feed.head;
    if feed.head.position <= position {
        return Ok(Some(sequence));
    }
    // The last entry that is known to be through the position, and the first that is known not to be: the positions
    // of a log ascend.
    let before = before.filter(|checkpoint| checkpoint.epoch == epoch).map(|checkpoint| checkpoint.sequence);
    let (mut through, mut beyond) = (before.unwrap_or(0).max(low.saturating_sub(1)), sequence + 1);
    while beyond - through > 1 {
        let middle = through + (beyond - through) / 2;
        let Some(entry) = feed.log_begun(epoch, middle - 1, 1, 1)?.pop() else { break };
        match Reader::new("log entry", &entry.bytes).varint()? <= position {
            true => through = middle,
            false => beyond = middle,
        }
    }
    // Of what comes before the log it is not known where it was, but for what the checkpoint has passed.
    let is_known = through >= low || low <= 1 || before.is_some_and(|sequence| sequence + 1 >= low);
    Ok(is_known.then_some(through))
}
