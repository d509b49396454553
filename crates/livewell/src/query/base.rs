//! The base of a build: all upstreams as they were at one position.
//!
//! In one snapshot of the store the upstreams of a query may be at different positions: one may have read parts of a
//! source that another has not. Rows built from that would show a state that was never true. So the lead of an upstream
//! is undone by the before-images of its log's tail.

use crate::Error;
use crate::feed::elements::{Lens, transaction};
use crate::feed::follow::{Group, Item, Upstream, frontier};
use crate::query::pipeline::lens;
use livewell_model::codec::Reader;
use livewell_model::{Element, ElementId, Timestamp};
use livewell_store::checkpoint::Checkpoint;
use livewell_store::feed::LogEntry;
use livewell_store::head::EpochRecord;
use livewell_store::{Feed, Snapshot};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All upstreams of a query at one position, from which its rows are built.
pub(crate) struct Base {
    /// The position of the store at which all upstreams are taken.
    pub(crate) position: u64,
    /// The latest transaction time that the upstreams have seen.
    pub(crate) timestamp: Timestamp,
    /// The upstreams, in the query's order.
    pub(crate) upstreams: Vec<UpstreamBase>,
}

/// One upstream at the base's position.
pub(crate) struct UpstreamBase {
    /// The checkpoint to follow it from.
    pub(crate) checkpoint: Checkpoint,
    feed: Feed,
    lens: Lens,
    /// The differences from the feed's snapshot: elements as they were, or `None` if they did not exist.
    differing: BTreeMap<ElementId, Option<Element>>,
}

impl Base {
    /// Returns the upstreams at the position that all of them have reached. Returns `None` while one of them is being
    /// built itself, or is further ahead than its log still reaches back: the caller waits.
    pub(crate) fn take(snapshot: &Arc<dyn Snapshot>, upstreams: &[Upstream]) -> Result<Option<Self>, Error> {
        let mut position = u64::MAX;
        for upstream in upstreams {
            position = position.min(frontier(snapshot, upstream.number)?);
        }
        let mut base = Self { position, timestamp: Timestamp::default(), upstreams: Vec::new() };
        for upstream in upstreams {
            let feed = crate::feed::follow::open(snapshot, upstream)?;
            if feed.head.building.is_some() {
                return Ok(None);
            }
            let Some((sequence, tail)) = tail(&feed, position)? else { return Ok(None) };
            let lens = lens(snapshot, upstream, None)?;
            let mut differing = BTreeMap::new();
            for entry in tail {
                let items = vec![Item { upstream: 0, epoch: feed.head.epoch, entry }];
                let undone = transaction(&Group { position, items }, std::slice::from_ref(&lens))?;
                // From the last entry to the first, so that the oldest image stays.
                differing
                    .extend(undone.changes.into_iter().map(|change| (change.id().clone(), change.before)));
            }
            let epoch = feed.head.epoch;
            let record = EpochRecord::read(&**snapshot, upstream.number, epoch)?.unwrap_or_default();
            let config_hash = record.config_hash;
            let checkpoint = Checkpoint { epoch, sequence, position, config_hash, detail: Vec::new() };
            base.timestamp = base.timestamp.max(feed.head.timestamp);
            base.upstreams.push(UpstreamBase { checkpoint, feed, lens, differing });
        }
        Ok(Some(base))
    }
}

/// Returns the log entries after `position`, last first, and the sequence before them; `None` if they are gone.
fn tail(feed: &Feed, position: u64) -> Result<Option<(u64, Vec<LogEntry>)>, Error> {
    let mut sequence = feed.head.sequence;
    let mut tail = Vec::new();
    if feed.head.position <= position {
        return Ok(Some((sequence, tail)));
    }
    while sequence > 0 {
        if sequence < feed.head.low {
            return Ok(None);
        }
        let Some(entry) = feed.log(feed.head.epoch, sequence - 1, 1, usize::MAX)?.pop() else { break };
        if Reader::new("log entry", &entry.bytes).varint()? <= position {
            break;
        }
        tail.push(entry);
        sequence -= 1;
    }
    Ok(Some((sequence, tail)))
}

impl UpstreamBase {
    /// Returns the elements at the base's position, streamed, with the time of their last change. For an element that
    /// has changed since the base, that time is no longer known; the base's time takes its place until the change is
    /// taken in.
    pub(crate) fn elements(
        &self,
        now: Timestamp,
    ) -> Result<impl Iterator<Item = Result<(Element, Timestamp), Error>> + '_, Error> {
        let present = self.feed.whole()?.filter_map(move |entry| {
            let element = entry.map_err(Error::from).and_then(|(key, bytes)| self.lens.element(&key, &bytes));
            match element {
                Ok((element, _)) if self.differing.contains_key(element.id()) => None,
                element => Some(element.map(|(element, changed)| (element, changed.unwrap_or(now)))),
            }
        });
        Ok(present.chain(self.differing.values().flatten().cloned().map(move |element| Ok((element, now)))))
    }
}
