//! What a reaction is about to deliver, and the last results of its queries: for people who try a template.

use crate::Error;
use crate::component::Component;
use crate::reaction::detail::Detail;
use livewell_model::codec::Reader;
use livewell_model::{QueryResult, SmolStr};
use livewell_reaction::Outgoing;
use livewell_store::checkpoint::Checkpoint;
use livewell_store::{Feed, Snapshot};
use std::sync::Arc;

/// How many bytes of results are read at most for one question.
const BYTES_MAX: usize = 4 << 20;

/// A result with what its stored form leaves out.
#[derive(Debug, Clone)]
pub struct Given {
    /// The query it is from.
    pub query_id: String,
    /// The epoch its sequence counts in.
    pub epoch: u64,
    /// The query's column names.
    pub columns: Vec<SmolStr>,
    /// The result.
    pub result: QueryResult,
}

impl Given {
    /// Returns it as reactions take it.
    pub fn outgoing(&self) -> Outgoing<'_> {
        Outgoing { query_id: &self.query_id, epoch: self.epoch, columns: &self.columns, result: &self.result }
    }
}

/// What a reaction is about to deliver, and the last results of its queries.
#[derive(Debug, Clone, Default)]
pub struct Upcoming {
    /// The result that it delivers next; `None` if nothing waits, or what waits cannot simply be followed.
    pub next: Option<Given>,
    /// The last results in the present epochs of its queries, the newest first.
    pub last: Vec<Given>,
    /// Whether results were left out because they are large.
    pub is_cut: bool,
    /// The detail of its checkpoint.
    pub detail: Vec<u8>,
}

/// Reads the next result of a reaction and the last `limit` ones of its queries, at one position.
pub(crate) fn read(
    snapshot: &Arc<dyn Snapshot>,
    reaction: &Component,
    queries: &[Arc<Component>],
    limit: usize,
) -> Result<Upcoming, Error> {
    let mut found = Upcoming::default();
    let mut bytes_left = BYTES_MAX;
    for query in queries {
        let Some(feed) = Feed::open(snapshot.clone(), query.number)? else { continue };
        let columns = feed.epoch()?.columns;
        let mut at = |sequence: u64, found: &mut Upcoming| -> Result<Option<Given>, Error> {
            let read = entry(&feed, &query.id, &columns, sequence, &mut bytes_left)?;
            found.is_cut |= read.is_none();
            Ok(read)
        };
        let (epoch, low, head) = (feed.head.epoch, feed.head.low.max(1), feed.head.sequence);
        if let Some(checkpoint) = Checkpoint::read(&**snapshot, reaction.number, query.number)? {
            if !checkpoint.detail.is_empty() {
                found.detail = Detail::read(&checkpoint.detail).of_kind;
            }
            let waits = checkpoint.epoch == epoch && (low..=head).contains(&(checkpoint.sequence + 1));
            let next = if waits { at(checkpoint.sequence + 1, &mut found)? } else { None };
            let is_first = |next: &Given, before: &Given| next.result.position < before.result.position;
            if let Some(next) = next
                && found.next.as_ref().is_none_or(|before| is_first(&next, before))
            {
                found.next = Some(next);
            }
        }
        for sequence in (low..=head).rev().take(limit) {
            let Some(given) = at(sequence, &mut found)? else { break };
            found.last.push(given);
        }
    }
    found.last.sort_by_key(|given| std::cmp::Reverse(given.result.position));
    found.last.truncate(limit);
    Ok(found)
}

/// Reads a result; returns `None` if it is so large that it is stored in parts, or too much was read already.
fn entry(
    feed: &Feed,
    id: &str,
    columns: &[SmolStr],
    sequence: u64,
    bytes_left: &mut usize,
) -> Result<Option<Given>, Error> {
    let epoch = feed.head.epoch;
    let Some(entry) = feed.log_begun(epoch, sequence - 1, 1, 1)?.pop() else { return Ok(None) };
    let Some(left) = bytes_left.checked_sub(entry.bytes.len()).filter(|_| !entry.is_begun) else {
        return Ok(None);
    };
    *bytes_left = left;
    let result = Reader::new("query result", &entry.bytes).result(entry.sequence)?;
    Ok(Some(Given { query_id: id.to_owned(), epoch, columns: columns.to_vec(), result }))
}
