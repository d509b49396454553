//! The newest time in the logs of a store's sources.

use crate::Error;
use livewell_model::Timestamp;
use livewell_model::codec::Reader;
use livewell_store::catalog::{self, Kind};
use livewell_store::{Feed, Store};

/// Returns the time of the last transaction of each source, the newest first, with the source's id.
///
/// # Errors
/// Returns an error if the store cannot be read.
pub fn newest_times(store: &dyn Store) -> Result<Vec<(Timestamp, String)>, Error> {
    let snapshot = store.snapshot()?;
    let mut times = Vec::new();
    for entry in catalog::all(&*snapshot)?.into_iter().filter(|entry| entry.kind == Kind::Source) {
        let Some(feed) = Feed::open(snapshot.clone(), entry.number)? else { continue };
        // Only the head of an entry is read here, so what follows it need not be whole.
        let last = feed.head.sequence.checked_sub(1).filter(|last| last + 1 >= feed.head.low);
        let Some(last) = last else { continue };
        if let Some(last) = feed.log_begun(feed.head.epoch, last, 1, 1)?.first() {
            let (_, time, _) = Reader::new("log entry", &last.bytes).entry_head()?;
            times.push((time, entry.id));
        }
    }
    times.sort_unstable_by(|one, other| other.cmp(one));
    Ok(times)
}
