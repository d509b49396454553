//! Following: the only way from feeds to a consumer.
//!
//! A consumer (a query of sources, a reaction of queries) reads the logs of its feeds from its checkpoints and gets
//! groups in ascending position: everything that one source transaction caused upstream comes as one group. A group is
//! only returned once every upstream has passed its position (the frontier), so a consumer never sees a state that was
//! never true, even if two paths lead from one source.

use super::reading::Reading;
use crate::Error;
use crate::component::marks::Marks;
use crate::run::recovery::readable;
use livewell_model::codec::Reader;
use livewell_store::checkpoint::Checkpoint;
use livewell_store::feed::LogEntry;
use livewell_store::{EpochRecord, Feed, IndexError, Resume, Snapshot};
use std::sync::Arc;

/// A feed that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upstream {
    pub(crate) id: String,
    pub(crate) number: u32,
    /// Whether it is a query; its log holds results then.
    pub(crate) is_query: bool,
    /// For a query: the label of its rows as nodes.
    pub(crate) label: String,
}

/// A log entry with the upstream it is from.
#[derive(Debug)]
pub(crate) struct Item {
    /// The upstream's index in the list.
    pub(crate) upstream: usize,
    pub(crate) epoch: u64,
    pub(crate) entry: LogEntry,
}

/// Everything that one position brought, each upstream's entries in their order: a query may have several results at
/// one position if its timers fired before the transaction.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) position: u64,
    pub(crate) items: Vec<Item>,
}

impl Group {
    /// Returns whether some entry is so large that only its first part was read.
    pub(crate) fn is_begun(&self) -> bool {
        self.items.iter().any(|item| item.entry.is_begun)
    }
}

/// What a follower finds.
#[derive(Debug)]
pub(crate) enum Found {
    /// Groups to process, in order; empty if there is nothing new.
    Groups(Vec<Group>),
    /// An upstream that cannot simply be followed further.
    Broken {
        /// The upstream's index in the list.
        upstream: usize,
        /// How to resume.
        resume: Resume,
        /// The follower's checkpoint there.
        checkpoint: Checkpoint,
        /// The position that the other upstreams have to reach before.
        until: u64,
    },
}

/// What the log still holds of one upstream.
struct Stream {
    items: std::collections::VecDeque<(u64, Item)>,
    /// The position up to which this stream is complete.
    horizon: u64,
}

/// How much is read at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadMost {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

/// Reads what comes after the checkpoints of `consumer`; of a large entry only the first part.
pub(crate) fn read(
    snapshot: &Arc<dyn Snapshot>,
    marks: &Marks,
    consumer: u32,
    upstreams: &[Upstream],
    most: ReadMost,
) -> Result<Found, Error> {
    let checkpoint = |upstream: &Upstream| checkpoint(&**snapshot, consumer, upstream);
    let from = upstreams.iter().map(checkpoint).collect::<Result<Vec<_>, Error>>()?;
    read_after(snapshot, marks, &from, upstreams, most)
}

/// Like [`read`], after a checkpoint in each upstream.
pub(crate) fn read_after(
    snapshot: &Arc<dyn Snapshot>,
    marks: &Marks,
    from: &[Checkpoint],
    upstreams: &[Upstream],
    most: ReadMost,
) -> Result<Found, Error> {
    let mut streams = Vec::with_capacity(upstreams.len());
    // An upstream whose old epoch was read to its end, and where its new one begins.
    let mut changed: Option<(u64, Found)> = None;
    for (at, (upstream, checkpoint)) in upstreams.iter().zip(from).enumerate() {
        let feed = open(snapshot, upstream)?;
        let resume = feed.resume(checkpoint)?;
        let Some((epoch, exhausted_at)) = readable(&resume, checkpoint, &feed.head) else {
            let next = if let Resume::Changed { next, .. } = resume { Some(next) } else { None };
            // A change has a place: what comes before it in the other upstreams comes first.
            let until = next.map(|next| begin(&feed, next)).transpose()?.unwrap_or_default();
            let broken = Found::Broken { upstream: at, resume, checkpoint: checkpoint.clone(), until };
            if next.is_none() {
                return Ok(broken);
            }
            if changed.as_ref().is_none_or(|(first, _)| until < *first) {
                changed = Some((until, broken));
            }
            continue;
        };
        let entries = feed.log_begun(epoch, checkpoint.sequence, most.entries, most.bytes)?;
        let exhausted = entries.last().map_or(checkpoint.sequence, |entry| entry.sequence) == exhausted_at;
        let mut items = std::collections::VecDeque::with_capacity(entries.len());
        for entry in entries {
            let position = Reader::new("log entry", &entry.bytes).varint()?;
            items.push_back((position, Item { upstream: at, epoch, entry }));
        }
        let horizon = match items.back() {
            // More entries of the last position may follow; unless it fills everything that was read, they come later.
            Some((last, _)) if !exhausted && items[0].0 < *last => *last - 1,
            Some((last, _)) if !exhausted => *last,
            _ if upstreams.len() == 1 => u64::MAX,
            last if let Resume::Changed { next, .. } = resume => {
                let last = last.map_or(checkpoint.position, |(position, _)| *position);
                last.max(begin(&feed, next)?)
            }
            _ => frontier(snapshot, marks, upstream.number)?,
        };
        streams.push(Stream { items, horizon });
    }
    let horizon = streams.iter().map(|stream| stream.horizon).min().unwrap_or(u64::MAX);
    let Some((begin, broken)) = changed else {
        return Ok(Found::Groups(merge(streams, horizon, most.entries)));
    };
    let groups = merge(streams, horizon.min(begin), most.entries);
    if groups.is_empty() { Ok(broken) } else { Ok(Found::Groups(groups)) }
}

/// Returns the position where an epoch of a feed begins; 0 if that is not known.
fn begin(feed: &Feed, epoch: u64) -> Result<u64, Error> {
    let record = EpochRecord::read(&**feed.snapshot(), feed.number, epoch)?;
    Ok(record.and_then(|record| record.begin).map_or(0, |begin| begin.position))
}

/// Puts together what comes up to the horizon.
fn merge(mut streams: Vec<Stream>, horizon: u64, groups_max: usize) -> Vec<Group> {
    let mut groups = Vec::new();
    while groups.len() < groups_max {
        let next =
            streams.iter().filter_map(|stream| stream.items.front().map(|(position, _)| *position)).min();
        let Some(position) = next.filter(|position| *position <= horizon) else { break };
        let mut items = Vec::new();
        for stream in &mut streams {
            while let Some((_, item)) = stream.items.pop_front_if(|(have, _)| *have == position) {
                items.push(item);
            }
        }
        groups.push(Group { position, items });
    }
    groups
}

/// Returns the position of the store up to which feed number `feed` has taken in everything, in this snapshot.
pub(crate) fn frontier(snapshot: &Arc<dyn Snapshot>, marks: &Marks, feed: u32) -> Result<u64, Error> {
    Reading::new(&**snapshot, marks).frontier(feed)
}

pub(crate) fn open(snapshot: &Arc<dyn Snapshot>, upstream: &Upstream) -> Result<Feed, Error> {
    let feed = Feed::open(snapshot.clone(), upstream.number)?;
    feed.ok_or_else(|| {
        IndexError::corrupted(format!("`{}` is registered and has no head", upstream.id)).into()
    })
}

/// Reads a checkpoint. A component's first checkpoint is stored when the component is created, so there is always one.
pub(crate) fn checkpoint(
    snapshot: &dyn Snapshot,
    consumer: u32,
    upstream: &Upstream,
) -> Result<Checkpoint, Error> {
    let checkpoint = Checkpoint::read(snapshot, consumer, upstream.number)?;
    checkpoint
        .ok_or_else(|| IndexError::corrupted(format!("a checkpoint in `{}` is missing", upstream.id)).into())
}
