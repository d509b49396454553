//! Retention: how far back logs reach, and which consumers hold them.
//!
//! A source's log is trimmed up to its slowest query. A query's outbox is bounded: following queries hold it, and so
//! does a reaction as long as it makes progress. Trimming begins at the stored low-water mark, never with a search for
//! the oldest entry.

use crate::Error;
use crate::component::Component;
use crate::component::look;
use crate::component::shared::Shared;
use crate::component::state::{ComponentKind, State};
use crate::settings::{OutboxSettings, WhenFull};
use livewell_store::catalog::named;
use livewell_store::checkpoint::Checkpoint;
use livewell_store::damage::Damage;
use livewell_store::head::{EpochRecord, Head};
use livewell_store::keyspace::{PART_BYTES, log_part_key};
use livewell_store::{IndexError, Overlay, Snapshot};

/// At most this many entries are deleted with one commit; the rest with the next ones.
const TRIM_MAX: u64 = 4_000;

/// Deletes what all queries of a source have taken in, and all verifications have read. `is_full`: whether the source
/// waits for room in its log.
pub(crate) fn trim_source(
    shared: &Shared,
    source: &Component,
    head: &mut Head,
    overlay: &mut Overlay,
    is_full: bool,
) -> Result<(), Error> {
    let snapshot = overlay.snapshot().clone();
    let look = Look { feed: source, snapshot: &*snapshot, head, fresh: is_full };
    let read = look.read(shared, |query| holds_source(shared, query))?;
    // What this commit adds always stays: a query that is being added may begin before it.
    let stored = Head::read(&*snapshot, source.number)?.unwrap_or_default().sequence;
    let held = shared.holds.read_by_all(source.number).unwrap_or(stored);
    trim(source.number, head, overlay, read.unwrap_or(stored).min(stored).min(held))
}

/// Returns whether a query holds its sources' logs. A query in error releases them after a while; otherwise one broken
/// query would stop all sources for ever.
fn holds_source(shared: &Shared, query: &Component) -> bool {
    query.state() != State::Error || query.last_progress().elapsed() < shared.limits.error_hold
}

/// A look at the followers of a feed, for how far they have read.
struct Look<'a> {
    feed: &'a Component,
    snapshot: &'a dyn Snapshot,
    head: &'a Head,
    /// Whether an earlier look does not do.
    fresh: bool,
}

impl Look<'_> {
    /// So many followers are looked at every time.
    const FEW: usize = 16;

    /// Returns the last sequence that all holders among the followers have taken in; `None` without a holder.
    ///
    /// Many followers are looked at only when the log has grown by as many entries, so that an entry costs one look
    /// however many there are. Until then the log keeps what they have read since.
    fn read(&self, shared: &Shared, holds: impl Fn(&Component) -> bool) -> Result<Option<u64>, Error> {
        let Head { epoch, sequence, .. } = *self.head;
        let roster = shared.roster();
        let followers = roster.followers(self.feed.number);
        let many = followers.len() > Self::FEW && !self.fresh;
        let last = self.feed.last_look.within(epoch, sequence, followers.len() as u64).filter(|_| many);
        if let Some(last) = last {
            return Ok(last.read);
        }
        let mut read = None;
        for follower in followers.filter(|follower| holds(follower)) {
            let checkpoint = Checkpoint::read(self.snapshot, follower.number, self.feed.number)?;
            let Some(checkpoint) = checkpoint else { continue };
            // A follower in another epoch still has all of this one to read.
            let has_read = if checkpoint.epoch == epoch { checkpoint.sequence } else { 0 };
            read = Some(read.map_or(has_read, |read: u64| read.min(has_read)));
        }
        self.feed.last_look.keep(look::Look { epoch, sequence, read });
        Ok(read)
    }
}

/// Returns how many entries of a feed the slowest of its followers still has to read. Of many followers, as they were at
/// the last look.
pub(crate) fn unread(
    shared: &Shared,
    feed: &Component,
    snapshot: &dyn Snapshot,
    head: &Head,
) -> Result<u64, Error> {
    let roster = shared.roster();
    let followers = roster.followers(feed.number);
    let unread = |read: u64| head.sequence.saturating_sub(read);
    if followers.len() > Look::FEW {
        let last = feed.last_look.last(head.epoch);
        return Ok(last.and_then(|last| last.read).map_or(0, unread));
    }
    let mut most = 0;
    for follower in followers {
        if let Some(checkpoint) = Checkpoint::read(snapshot, follower.number, feed.number)? {
            most = most.max(unread(if checkpoint.epoch == head.epoch { checkpoint.sequence } else { 0 }));
        }
    }
    Ok(most)
}

/// Deletes log entries up to and including `read`, oldest first. Refuses to pass a missing entry, which a follower may
/// still need.
fn trim(feed: u32, head: &mut Head, overlay: &mut Overlay, read: u64) -> Result<(), Error> {
    let last = read.min(head.sequence).min(head.low + TRIM_MAX);
    while head.low <= last {
        let mut bytes = 0;
        for part in 0..=u32::MAX {
            let key = log_part_key(feed, head.epoch, head.low, part);
            let Some(length) = overlay.get(&key)?.map(|bytes| bytes.len()) else {
                if part == 0 {
                    return Err(missing(feed, head, overlay).into());
                }
                break;
            };
            overlay.delete(key);
            bytes += length as u64;
            if length < PART_BYTES {
                break;
            }
        }
        head.low += 1;
        // A wrong count is damage, too; the scrub finds it.
        head.log_bytes = head.log_bytes.saturating_sub(bytes);
        head.log_entries = head.log_entries.saturating_sub(1);
    }
    Ok(())
}

/// Returns the error that the entry at the low-water mark is missing.
fn missing(feed: u32, head: &Head, overlay: &Overlay) -> IndexError {
    let name = named(&**overlay.snapshot(), feed);
    Damage::MissingEntry { feed: name, epoch: head.epoch, sequence: head.low, last: head.sequence }.into()
}

/// Returns how many results a query may put out now.
pub(crate) fn room(
    shared: &Shared,
    query: &Component,
    settings: &OutboxSettings,
    snapshot: &dyn Snapshot,
    head: &Head,
) -> Result<u64, Error> {
    let room = |fresh| {
        let look = Look { feed: query, snapshot, head, fresh };
        let read = look.read(shared, |follower| holds_outbox(shared, follower, settings))?;
        let held = read.map_or(0, |read| head.sequence.saturating_sub(read));
        let too_large = head.log_bytes >= settings.bytes_max && held > 0;
        Ok(if too_large { 0 } else { settings.capacity.saturating_sub(held) })
    };
    match room(false)? {
        0 => room(true),
        room => Ok(room),
    }
}

/// Deletes the oldest results beyond the outbox's bounds.
pub(crate) fn evict(
    shared: &Shared,
    query: &Component,
    settings: &OutboxSettings,
    head: &mut Head,
    overlay: &mut Overlay,
) -> Result<(), Error> {
    let snapshot = overlay.snapshot().clone();
    let look = Look { feed: query, snapshot: &*snapshot, head, fresh: false };
    let read = look.read(shared, |follower| holds_outbox(shared, follower, settings))?;
    let free = read.unwrap_or(head.sequence);
    let over = head.log_entries.saturating_sub(settings.capacity);
    trim(query.number, head, overlay, free.min((head.low + over).saturating_sub(1)))?;
    while head.log_bytes > settings.bytes_max && head.low <= free {
        trim(query.number, head, overlay, head.low)?;
    }
    Ok(())
}

fn holds_outbox(shared: &Shared, follower: &Component, settings: &OutboxSettings) -> bool {
    if follower.kind == ComponentKind::Query {
        return holds_source(shared, follower);
    }
    let moves = match follower.state() {
        State::Paused | State::Stopped | State::Error => false,
        State::CaughtUp => true,
        // While the store takes no commits, no follower makes progress; that must not cost a follower its results.
        State::Waiting if follower.is_stalled_by_store() => true,
        State::Starting | State::Running | State::Waiting => {
            follower.last_progress().elapsed() < settings.max_wait
        }
    };
    settings.when_full == WhenFull::Wait && moves
}

/// Returns the ended epochs of a query that no follower needs any more, not even one that does not run: one that is in an
/// earlier epoch goes on through all later ones.
pub(crate) fn drained(snapshot: &dyn Snapshot, feed: u32, present: u64) -> Result<Vec<u64>, Error> {
    let mut ended = EpochRecord::epochs(snapshot, feed)?;
    ended.retain(|epoch| *epoch < present);
    if ended.is_empty() {
        return Ok(ended);
    }
    let kept = ended.clone();
    for (consumer, checkpoint) in Checkpoint::all_in(snapshot, feed)? {
        // A query is built again after its epoch. And nobody is in an epoch that has no record.
        let is_reaction = Head::read(snapshot, consumer)?.is_none() && kept.contains(&checkpoint.epoch);
        ended.retain(|epoch| *epoch != checkpoint.epoch && !(is_reaction && *epoch > checkpoint.epoch));
    }
    Ok(ended)
}
