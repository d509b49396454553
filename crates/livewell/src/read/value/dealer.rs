//! The dealer of a query: reads its outbox once for all who listen near its end, each to one value, and gives each
//! result to those whose value it concerns.
//!
//! So a change costs what its own values cost, however many listen to others. A listener that is further behind reads by
//! itself until the dealer still has what comes next for it; so does one that was too slow.

use crate::Error;
use crate::component::Component;
use crate::component::bell::Bell;
use crate::component::lock::lock;
use crate::component::shared::Shared;
use crate::read::position::Position;
use crate::read::value::inbox::Inbox;
use crate::read::value::part::Parts;
use livewell_model::QueryResult;
use livewell_model::codec::Reader;
use livewell_query::ForEach;
use livewell_store::checkpoint::Checkpoint;
use livewell_store::feed::LogEntry;
use livewell_store::head::Building;
use livewell_store::{Feed, Head, IndexError, Resume};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How many results are read at once.
const READ: (usize, usize) = (256, 1 << 20);
/// How many of the last results, of how many bytes in the outbox, are kept for listeners that join.
const RECENT: (usize, usize) = (8_192, 8 << 20);
/// How far behind the end it begins: after a restart all listeners resume at once, from what each heard last.
const BACK: u64 = 4_096;
/// How long it stays when nobody listens any more.
const LINGER: Duration = Duration::from_secs(10);

/// Deals the results of a query out by value.
pub(crate) struct Dealer {
    shared: Arc<Shared>,
    pub(crate) query: Arc<Component>,
    pub(crate) for_each: ForEach,
    pub(crate) parts: Parts,
    bell: Arc<Bell>,
    table: Mutex<Table>,
}

/// Who listens, and what was dealt.
#[derive(Default)]
struct Table {
    /// Up to here all results were dealt; `None` while no thread deals.
    dealt: Option<Position>,
    /// The last of them.
    recent: VecDeque<Recent>,
    recent_bytes: usize,
    /// Their parts by the keys of values, from the oldest on.
    parts: HashMap<Arc<[u8]>, VecDeque<Arc<QueryResult>>>,
    /// By the keys of their values.
    inboxes: HashMap<Vec<u8>, Vec<Arc<Inbox>>>,
}

/// A result, taken apart.
struct Taken {
    sequence: u64,
    bytes: usize,
    parts: BTreeMap<Vec<u8>, QueryResult>,
}

/// A result whose parts are kept.
struct Recent {
    sequence: u64,
    bytes: usize,
    keys: Vec<Arc<[u8]>>,
}

impl Table {
    /// Returns the sequence from which on a listener can join: what comes after it is here.
    fn low(&self) -> u64 {
        let first = self.recent.front().map(|recent| recent.sequence - 1);
        first.unwrap_or_else(|| self.dealt.map_or(0, |dealt| dealt.sequence))
    }

    /// Puts results where those listen whose value they concern; returns whom to ring.
    fn give(&mut self, epoch: u64, all: Vec<Taken>) -> Vec<Arc<Inbox>> {
        let mut rung = Vec::new();
        for Taken { sequence, bytes, parts } in all {
            let mut keys = Vec::with_capacity(parts.len());
            for (key, part) in parts {
                let part = Arc::new(part);
                if let Some(inboxes) = self.inboxes.get_mut(&key) {
                    rung.extend(inboxes.iter().cloned());
                    inboxes.retain(|inbox| inbox.put(&part));
                    if inboxes.is_empty() {
                        self.inboxes.remove(&key);
                    }
                }
                let key: Arc<[u8]> = key.into();
                self.parts.entry(key.clone()).or_default().push_back(part);
                keys.push(key);
            }
            self.dealt = Some(Position { epoch, sequence });
            self.recent_bytes += bytes;
            self.recent.push_back(Recent { sequence, bytes, keys });
        }
        self.forget_old();
        rung
    }

    fn forget_old(&mut self) {
        while self.recent.len() > RECENT.0 || self.recent_bytes > RECENT.1 {
            let Some(oldest) = self.recent.pop_front() else { break };
            self.recent_bytes -= oldest.bytes;
            for key in oldest.keys {
                let Some(parts) = self.parts.get_mut(&key) else { continue };
                parts.pop_front();
                if parts.is_empty() {
                    self.parts.remove(&key);
                }
            }
        }
    }
}

impl Dealer {
    pub(crate) fn new(shared: Arc<Shared>, query: Arc<Component>, for_each: ForEach) -> Self {
        let (parts, bell, table) = (Parts::of(&for_each), Arc::default(), Mutex::default());
        Self { shared, query, for_each, parts, bell, table }
    }

    /// Returns whether it deals the results of this query, and not of one that had the same number before.
    pub(crate) fn is_of(&self, query: &Arc<Component>) -> bool {
        Arc::ptr_eq(&self.query, query)
    }

    /// Lets a listener join that has seen everything up to `at`, by a snapshot with this head. Returns `None` if it is
    /// too far behind: it reads on by itself then, and tries again.
    pub(crate) fn join(
        self: &Arc<Self>,
        key: &[u8],
        at: Position,
        head: &Head,
        bell: &Arc<Bell>,
    ) -> Option<Joined> {
        let mut table = lock(&self.table);
        if self.shared.is_stopping(&self.query) {
            return None;
        }
        let dealt = match table.dealt {
            Some(dealt) => dealt,
            None => self.start(&mut table, head)?,
        };
        if dealt.epoch != at.epoch || at.sequence < table.low() {
            return None;
        }
        let inbox = Arc::new(Inbox::new(bell.clone(), at.sequence));
        if !table.parts.get(key).into_iter().flatten().all(|result| inbox.put(result)) {
            return None;
        }
        table.inboxes.entry(key.to_vec()).or_default().push(inbox.clone());
        Some(Joined { dealer: self.clone(), key: key.to_vec(), inbox })
    }

    /// Begins to deal on a thread, a little before the end of the outbox. Returns `None` if there is no thread.
    fn start(self: &Arc<Self>, table: &mut Table, head: &Head) -> Option<Position> {
        let sequence = head.sequence.saturating_sub(BACK).max(head.low - 1);
        let (own, name) = (self.clone(), format!("deal {}", self.query.id).chars().take(15).collect());
        match std::thread::Builder::new().name(name).spawn(move || own.run()) {
            Ok(thread) => self.shared.keep_thread(thread),
            Err(error) => {
                tracing::warn!(query = %self.query.id, code = "LW0502", "no thread to deal its results: {error}");
                return None;
            }
        }
        table.dealt = Some(Position { epoch: head.epoch, sequence });
        table.dealt
    }

    fn run(&self) {
        let _end = End(self);
        self.shared.bells.listen(self.query.number, &self.bell);
        let mut alone_since = None;
        while !self.shared.is_stopping(&self.query) {
            match self.deal() {
                Ok(Dealt::Some) => continue,
                Ok(Dealt::Nothing) => {}
                Ok(Dealt::Over) => return,
                // Each listener reads by itself then, and tells its reader what it finds.
                Err(error) => {
                    return tracing::warn!(query = %self.query.id, code = error.code, "no longer dealt: {error}");
                }
            }
            if !lock(&self.table).inboxes.is_empty() {
                alone_since = None;
            } else if alone_since.get_or_insert_with(Instant::now).elapsed() >= LINGER {
                return;
            }
            self.bell.wait(LINGER);
        }
    }

    /// Deals the next results.
    fn deal(&self) -> Result<Dealt, Error> {
        let Some(at) = lock(&self.table).dealt else { return Ok(Dealt::Over) };
        let feed = Feed::open(self.shared.store.snapshot()?, self.query.number)?;
        let feed = feed.ok_or_else(|| Error::not_found(&self.query.id))?;
        if !is_followed(&feed, at)? {
            return Ok(Dealt::Over);
        }
        let entries = feed.log(at.epoch, at.sequence, READ.0, READ.1)?;
        if entries.is_empty() {
            return Ok(Dealt::Nothing);
        }
        let all = entries.iter().map(|entry| self.taken(entry)).collect::<Result<Vec<_>, _>>()?;
        let rung = lock(&self.table).give(at.epoch, all);
        rung.iter().for_each(|inbox| inbox.ring());
        Ok(Dealt::Some)
    }

    fn taken(&self, entry: &LogEntry) -> Result<Taken, Error> {
        let (sequence, bytes) = (entry.sequence, entry.bytes.len());
        let result = Reader::new("query result", &entry.bytes).result(sequence)?;
        Ok(Taken { sequence, bytes, parts: self.parts.all(result) })
    }
}

/// What a dealer has found.
enum Dealt {
    /// Results, and there may be more.
    Some,
    /// Nothing new.
    Nothing,
    /// What comes next is not there: everybody begins again.
    Over,
}

/// Returns whether what comes after `at` is in the feed, and of the definition that is in force.
pub(crate) fn is_followed(feed: &Feed, at: Position) -> Result<bool, IndexError> {
    let checkpoint = Checkpoint { epoch: at.epoch, sequence: at.sequence, ..Checkpoint::default() };
    let is_changed = feed.head.building == Some(Building::Changed);
    Ok(!is_changed && feed.resume(&checkpoint)? == Resume::Follow)
}

/// The end of a dealer's thread, however it comes: each listener reads by itself from where it is, and the next one that
/// joins begins the dealing again.
struct End<'a>(&'a Dealer);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let dealer = self.0;
        let mut table = lock(&dealer.table);
        dealer.shared.bells.unlisten(dealer.query.number, &dealer.bell);
        let Table { inboxes, .. } = std::mem::take(&mut *table);
        for inbox in inboxes.into_values().flatten() {
            inbox.cut();
            inbox.ring();
        }
    }
}

/// A listener's place at a dealer; it leaves when this is dropped.
pub(crate) struct Joined {
    dealer: Arc<Dealer>,
    key: Vec<u8>,
    pub(crate) inbox: Arc<Inbox>,
}

impl Joined {
    /// Returns the sequence up to which the listener has read everything; `None` while something waits for it.
    pub(crate) fn read_to(&self) -> Option<u64> {
        let table = lock(&self.dealer.table);
        self.inbox.read_to(table.dealt.map_or(0, |dealt| dealt.sequence))
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        let mut table = lock(&self.dealer.table);
        if let Some(inboxes) = table.inboxes.get_mut(&self.key) {
            inboxes.retain(|inbox| !Arc::ptr_eq(inbox, &self.inbox));
            if inboxes.is_empty() {
                table.inboxes.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_model::{Diff, Timestamp};

    /// A result with one diff for each of these keys.
    fn taken(sequence: u64, bytes: usize, keys: &[&str]) -> Taken {
        let diffs = vec![Diff::Add { row_signature: sequence, data: [].into() }];
        let part = QueryResult { sequence, position: sequence, timestamp: Timestamp(0), diffs };
        let parts = keys.iter().map(|key| (key.as_bytes().to_vec(), part.clone())).collect();
        Taken { sequence, bytes, parts }
    }

    fn listen(table: &mut Table, key: &str) -> Arc<Inbox> {
        let inbox = Arc::new(Inbox::new(Arc::default(), 0));
        table.inboxes.entry(key.as_bytes().to_vec()).or_default().push(inbox.clone());
        inbox
    }

    #[test]
    fn a_result_rings_those_whom_it_concerns_and_moves_all_on() {
        let mut table = Table::default();
        let [a, also_a, b] = ["a", "a", "b"].map(|key| listen(&mut table, key));
        let rung = table.give(1, vec![taken(1, 9, &["a", "nobody"]), taken(2, 9, &["c"])]);
        assert!(
            rung.len() == 2 && [&a, &also_a].iter().all(|one| rung.iter().any(|rung| Arc::ptr_eq(rung, one)))
        );
        assert_eq!(table.dealt, Some(Position { epoch: 1, sequence: 2 }));
        assert_eq!((a.read_to(2), b.read_to(2)), (None, Some(2)));
    }

    #[test]
    fn one_that_is_cut_off_is_rung_once_more_and_then_forgotten() {
        let mut table = Table::default();
        let slow = listen(&mut table, "a");
        slow.cut();
        let rung = table.give(1, vec![taken(1, 9, &["a"])]);
        assert!(rung.len() == 1 && table.inboxes.is_empty());
        assert!(table.give(1, vec![taken(2, 9, &["a"])]).is_empty());
    }

    #[test]
    fn what_is_kept_is_all_that_comes_after_the_lowest_place_to_join() {
        let mut table = Table { dealt: Some(Position { epoch: 1, sequence: 6 }), ..Table::default() };
        assert_eq!(table.low(), 6, "nothing is kept yet");
        let quarter = RECENT.1 / 4;
        for sequence in 7..=12 {
            table.give(
                1,
                vec![taken(sequence, quarter, &["a", if sequence % 2 == 0 { "even" } else { "odd" }])],
            );
        }
        assert_eq!((table.low(), table.recent.len(), table.recent_bytes), (8, 4, RECENT.1));
        let kept = |key: &str| -> Vec<u64> {
            table.parts.get(key.as_bytes()).into_iter().flatten().map(|part| part.sequence).collect()
        };
        assert_eq!((kept("a"), kept("even"), kept("odd")), (vec![9, 10, 11, 12], vec![10, 12], vec![9, 11]));
        table.give(1, vec![taken(13, RECENT.1 + 1, &["b"])]);
        assert_eq!((table.low(), table.parts.len()), (13, 0), "one that is too large is not kept");
    }
}
