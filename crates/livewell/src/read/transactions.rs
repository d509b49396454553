//! The latest transactions of a source, and which results each of them caused.
//!
//! A running source remembers its last 100. What its log still has from before that is read from there. The outboxes of
//! queries are searched by position, by halves, so that each transaction costs a few reads for each query.

use crate::Error;
use crate::component::lately::{Brief, KEPT_MAX, Lately};
use livewell_model::codec::Reader;
use livewell_store::{Feed, IndexError, Store, catalog};

/// How many bytes of a log are read.
const LOG_BYTES_MAX: usize = 1 << 20;

/// Transactions of a source, the latest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The transactions.
    pub transactions: Vec<Taken>,
    /// The `before` of the next page; `None` if nothing older is known.
    pub next: Option<u64>,
    /// What is known of the queries, in the order that they were asked for.
    pub queries: Vec<Shown>,
}

/// A transaction and what it caused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The transaction.
    pub of: Brief,
    /// The results that it caused, as far as the outboxes show them.
    pub caused: Vec<Caused>,
}

/// A result of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caused {
    /// The id of the query.
    pub query: String,
    /// Its epoch.
    pub epoch: u64,
    /// The sequence of the result.
    pub sequence: u64,
    /// How many rows were added, updated or deleted.
    pub diffs: u64,
}

/// Which results the outbox of a query shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The id of the query.
    pub query: String,
    /// The position of the oldest result in its outbox; `None` if there is none. What older transactions have caused is
    /// not known.
    pub from: Option<u64>,
    /// The last position that it has stored. What later ones cause is not known yet.
    pub to: u64,
}

/// Returns the latest transactions of source number `number` before the position `before`, the latest first, at most
/// `limit`, with the results of these queries that they caused.
///
/// # Errors
/// Returns an error if the store cannot be read.
pub(crate) fn page(
    store: &dyn Store,
    (number, lately): (u32, &Lately),
    before: Option<u64>,
    limit: usize,
    queries: &[String],
) -> Result<Page, Error> {
    let mut known = known(store, number, lately)?;
    known.retain(|brief| before.is_none_or(|before| brief.position < before));
    let rest = known.split_off(known.len().saturating_sub(limit));
    let next = rest.first().filter(|_| !known.is_empty()).map(|brief| brief.position);
    let mut transactions: Vec<Taken> =
        rest.into_iter().rev().map(|of| Taken { of, caused: Vec::new() }).collect();
    let snapshot = store.snapshot()?;
    let mut shown = Vec::new();
    for query in queries {
        let Some(entry) = catalog::find(&*snapshot, query)? else { continue };
        let Some(feed) = Feed::open(snapshot.clone(), entry.number)? else { continue };
        let mut first = None;
        if feed.head.low <= feed.head.sequence {
            first = Some(entry_at(&feed, feed.head.low)?.0);
        }
        shown.push(Shown { query: query.clone(), from: first, to: feed.head.position });
        for taken in &mut transactions {
            if let Some((sequence, diffs)) = caused(&feed, taken.of.position)? {
                let (query, epoch) = (query.clone(), feed.head.epoch);
                taken.caused.push(Caused { query, epoch, sequence, diffs });
            }
        }
    }
    Ok(Page { transactions, next, queries: shown })
}

/// Returns what is known of a source's latest transactions, the oldest first: what its log has, then what is remembered.
pub(crate) fn known(store: &dyn Store, number: u32, lately: &Lately) -> Result<Vec<Brief>, Error> {
    // Remembered after they are durable: what the log has beyond is from another moment.
    let remembered = lately.all();
    let Some(feed) = Feed::open(store.snapshot()?, number)? else { return Ok(remembered) };
    let first = remembered.first().map(|brief| (brief.epoch, brief.sequence));
    let end = match first {
        Some((epoch, first)) if epoch == feed.head.epoch => first,
        // Older than the present epoch's, if it has any.
        Some(_) => return Ok(remembered),
        None => feed.head.sequence + 1,
    };
    let room = (KEPT_MAX - remembered.len().min(KEPT_MAX)) as u64;
    let mut at = end.saturating_sub(room).max(feed.head.low).saturating_sub(1);
    let (mut logged, mut bytes) = (Vec::new(), 0);
    while at + 1 < end && bytes < LOG_BYTES_MAX {
        let most = usize::try_from(end - 1 - at).unwrap_or(KEPT_MAX);
        let entries = feed.log_begun(feed.head.epoch, at, most, LOG_BYTES_MAX)?;
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            at = entry.sequence;
            bytes += entry.bytes.len();
            let mut reader = Reader::new("log entry", &entry.bytes);
            let (position, timestamp, changes) = reader.entry_head()?;
            let mut brief = Brief::new((position, feed.head.epoch, entry.sequence), timestamp);
            if entry.is_begun {
                // Counting what of it is what would be reading all of it.
                (brief.changes, brief.kinds) = (changes, None);
            } else {
                let transaction = Reader::new("log entry", &entry.bytes).transaction(entry.sequence)?;
                transaction.changes.iter().for_each(|change| brief.add(change));
            }
            logged.push(brief);
        }
    }
    logged.retain(|brief| brief.changes > 0);
    logged.extend(remembered);
    Ok(logged)
}

/// Returns the sequence of the result that a position caused, and how many diffs it has.
fn caused(feed: &Feed, position: u64) -> Result<Option<(u64, u64)>, Error> {
    let (mut low, mut high) = (feed.head.low, feed.head.sequence);
    while low <= high {
        let middle = low + (high - low) / 2;
        let (found, diffs) = entry_at(feed, middle)?;
        match found.cmp(&position) {
            std::cmp::Ordering::Equal => return Ok(Some((middle, diffs))),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater if middle == 0 => return Ok(None),
            std::cmp::Ordering::Greater => high = middle - 1,
        }
    }
    Ok(None)
}

/// Returns the position and the number of diffs of an entry that is there.
fn entry_at(feed: &Feed, sequence: u64) -> Result<(u64, u64), Error> {
    let entries = feed.log_begun(feed.head.epoch, sequence - 1, 1, 1)?;
    let Some(entry) = entries.first() else {
        let message = format!("result {sequence} is missing");
        return Err(IndexError::corrupted(message).into());
    };
    let head = Reader::new("query result", &entry.bytes).entry_head()?;
    Ok((head.0, head.2))
}
