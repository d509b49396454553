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
use livewell_store::{Feed, Snapshot, Store};
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
        let mut base = Self { position, timestamp: Timestamp::default(), elements: 0, upstreams: Vec::new() };
        for upstream in upstreams {
            let feed = open(snapshot, upstream)?;
            if feed.head.building.is_some() {
                return Ok(None);
            }
            let Some(sequence) = last_through(&feed, position)? else { return Ok(None) };
            base.timestamp = base.timestamp.max(feed.head.timestamp);
            base.elements += feed.head.rows;
            base.upstreams.push(UpstreamBase::at(&feed, upstream, sequence, position)?);
        }
        Ok(Some(base))
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

/// Returns the sequence of the last entry through `position`; `None` if the log no longer reaches back that far.
fn last_through(feed: &Feed, position: u64) -> Result<Option<u64>, Error> {
    let mut sequence = feed.head.sequence;
    if feed.head.position <= position {
        return Ok(Some(sequence));
    }
    while sequence > 0 {
        if sequence < feed.head.low {
            return Ok(None);
        }
        let Some(entry) = feed.log_begun(feed.head.epoch, sequence - 1, 1, usize::MAX)?.pop() else { break };
        if Reader::new("log entry", &entry.bytes).varint()? <= position {
            break;
        }
        sequence -= 1;
    }
    Ok(Some(sequence))
}
