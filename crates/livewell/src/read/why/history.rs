//! What became of a row, as far as the outbox reaches back.

use super::answer::Happened;
use crate::Error;
use crate::read::value::part::Parts;
use livewell_model::codec::Reader;
use livewell_model::{QueryResult, SmolStr};
use livewell_query::{Meter, StepError};
use livewell_store::Feed;
use std::collections::VecDeque;

/// How many of the latest results about a row are kept.
const KEPT: usize = 100;
/// How many log entries, and about how many bytes of them, are read at once.
const LOG_READ: (usize, usize) = (1_000, 1 << 20);

/// Reads the results about the row with this signature; of a query with `for_each` those of one value, as its readers
/// see them. `names` are those of the columns that are shown.
///
/// # Errors
/// Returns an error if the store cannot be read, and the errors of [`Meter::hold`].
pub(super) fn read(
    feed: &Feed,
    signature: u64,
    of: Option<(&Parts, &[u8])>,
    names: &[SmolStr],
    meter: &Meter,
) -> Result<Vec<Happened>, Error> {
    let (mut kept, mut at) = (VecDeque::new(), feed.head.low.saturating_sub(1));
    while at < feed.head.sequence {
        for entry in feed.log(feed.head.epoch, at, LOG_READ.0, LOG_READ.1)? {
            meter.tick().map_err(StepError::from)?;
            at = entry.sequence;
            let result = Reader::new("query result", &entry.bytes).result(entry.sequence)?;
            let result = match of {
                None => Some(result),
                Some((parts, key)) => parts.one(result, key),
            };
            result.iter().for_each(|result| keep(result, signature, names, &mut kept));
        }
    }
    Ok(kept.into())
}

fn keep(result: &QueryResult, signature: u64, names: &[SmolStr], kept: &mut VecDeque<Happened>) {
    for diff in result.diffs.iter().filter(|diff| diff.row_signature() == signature) {
        if kept.len() == KEPT {
            kept.pop_front();
        }
        let place = (result.sequence, result.position, result.timestamp.to_rfc3339());
        kept.push_back(Happened::new(place, diff, names));
    }
}
