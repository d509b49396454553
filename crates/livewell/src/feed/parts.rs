//! Reads a log entry in parts, so that it need not fit in memory.

use crate::Error;
use crate::feed::elements::Lens;
use livewell_model::codec::Reader;
use livewell_model::{AppliedChange, Timestamp};
use livewell_store::{Feed, IndexError};

/// About how many bytes of a log entry are read at once.
const READ_BYTES: usize = 1 << 20;

/// Calls `each` with the changes of an entry, a few parts at a time, and the transaction's time. The entry is named by
/// its epoch and sequence, and is known to exist.
pub(crate) fn each_part(
    feed: &Feed,
    (epoch, sequence): (u64, u64),
    lens: &Lens,
    mut each: impl FnMut(Timestamp, Vec<AppliedChange>) -> Result<(), Error>,
) -> Result<(), Error> {
    let (mut timestamp, mut left) = (None, 0);
    let (mut changes, mut bytes) = (Vec::new(), 0);
    for part in feed.parts(epoch, sequence)? {
        let part = part?;
        let mut reader = Reader::new("part of a log entry", &part);
        let timestamp = match timestamp {
            Some(timestamp) => timestamp,
            None => {
                let (_, of_all, count) = reader.entry_head()?;
                left = count;
                *timestamp.insert(of_all)
            }
        };
        while !reader.is_done() && left > 0 {
            left -= 1;
            changes.push(lens.read(&mut reader)?);
        }
        reader.finish()?;
        bytes += part.len();
        if bytes >= READ_BYTES {
            bytes = 0;
            each(timestamp, std::mem::take(&mut changes))?;
        }
    }
    if left > 0 {
        let message = format!("log entry {sequence} of `{}` lacks {left} changes", lens.upstream.id);
        return Err(IndexError::corrupted(message).into());
    }
    if changes.is_empty() { Ok(()) } else { each(timestamp.unwrap_or_default(), changes) }
}
