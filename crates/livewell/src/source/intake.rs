//! Intake: turns submitted transactions into elements and log entries, the source's side of a commit.
//!
//! Each change is applied to its element; the log has both images, each element once in a transaction. A transaction is
//! taken in or refused as a whole.

use super::unwind::{self, Touched};
use crate::Error;
use crate::component::Component;
use crate::component::lately::{Brief, Briefs};
use crate::component::order::Turn;
use crate::component::shared::Shared;
use crate::component::state::State;
use crate::error::ErrorKind;
use crate::feed::element::{decode_element, encode_element};
use crate::observe::Work;
use crate::source::announce::Announcements;
use crate::source::expiry::index::Index;
use livewell_model::codec::Writer;
use livewell_model::{AppliedChange, AppliedTransaction, Change, Element, ElementId, Timestamp, Transaction};
use livewell_store::head::Head;
use livewell_store::keyspace::{log_key, snapshot_key};
use livewell_store::{Overlay, Version, WriteSet, catalog, compare};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long a source whose log is full waits before it checks again.
const HELD_UP: Duration = Duration::from_millis(50);

/// Up to this many nanoseconds behind, a clock is not reported.
const TICK_MIN: i64 = 1_000_000;

/// The place of a transaction in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Its number in the store, over all sources; for a transaction without effect, the number of the one before.
    pub position: u64,
    /// Its number in its source.
    pub sequence: u64,
}

/// An unfinished commit of a source.
pub(crate) struct Intake<'a> {
    pub(super) shared: &'a Shared,
    pub(super) source: &'a Component,
    pub(super) overlay: Overlay,
    pub(super) expected: Version,
    /// When what it takes in came.
    came: Instant,
    /// The sequence that it began at.
    begun: u64,
    pub(super) head: Head,
    pub(super) turn: Turn<'a>,
    pub(super) announcements: Announcements,
    /// What it takes in, in short.
    pub(super) taken: Briefs,
    /// A transaction whose changes come one by one.
    pub(super) large: Option<super::first_images::FirstImages>,
    /// When elements expire, if they do.
    pub(super) expiry: Option<Index>,
}

impl<'a> Intake<'a> {
    pub(crate) fn begin(shared: &'a Shared, source: &'a Component) -> Result<Self, Error> {
        let turn = shared.positions.take();
        let snapshot = shared.store.snapshot()?;
        let head = Head::read(&*snapshot, source.number)?.unwrap_or_default();
        let expected = compare::read_version(&*snapshot, source.number)?;
        let overlay = Overlay::new(snapshot);
        let expiry = source.expire.as_ref().map(|rules| Index::read(&overlay, source.number, rules));
        Ok(Self {
            shared,
            source,
            expiry: expiry.transpose()?.flatten(),
            overlay,
            expected,
            came: Instant::now(),
            begun: head.sequence,
            head,
            turn,
            announcements: Announcements::default(),
            taken: Briefs::default(),
            large: None,
        })
    }

    /// Like `begin`, but waits until the log has room. Returns `None` if interrupted.
    pub(crate) fn with_room(shared: &'a Shared, source: &'a Component) -> Result<Option<Self>, Error> {
        Self::with_room_while(shared, source, || Ok(()))
    }

    /// Like [`Intake::with_room`], but calls a function while it waits.
    pub(crate) fn with_room_while(
        shared: &'a Shared,
        source: &'a Component,
        mut meanwhile: impl FnMut() -> Result<(), Error>,
    ) -> Result<Option<Self>, Error> {
        loop {
            let intake = Self::begin(shared, source)?;
            if !intake.is_full() {
                return Ok(Some(intake));
            }
            // An empty commit still trims the log.
            intake.commit()?;
            if shared.is_interrupted(source) {
                return Ok(None);
            }
            source.set(State::Waiting);
            meanwhile()?;
            source.bell.wait(HELD_UP);
        }
    }

    /// Returns whether the log is full.
    pub(crate) fn is_full(&self) -> bool {
        let limits = &self.shared.limits;
        self.head.log_entries >= limits.log_entries_max || self.head.log_bytes >= limits.log_bytes_max
    }

    pub(crate) fn source(&self) -> &'a Component {
        self.source
    }

    /// Returns the time that a transaction without one of its own gets.
    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    pub(crate) fn overlay(&mut self) -> &mut Overlay {
        &mut self.overlay
    }

    /// Returns what to log once this commit is durable.
    pub(crate) fn announcements(&mut self) -> &mut Announcements {
        &mut self.announcements
    }

    /// Takes in one transaction; a refused one leaves no trace.
    pub(crate) fn add(&mut self, transaction: Transaction) -> Result<Receipt, Error> {
        if transaction.changes.len() > self.shared.limits.transaction_changes_max {
            let max = self.shared.limits.transaction_changes_max;
            return Err(Error::invalid("LW0520", format!("the transaction has more than {max} changes")));
        }
        self.add_of_any_size(transaction)
    }

    /// Like [`Intake::add`], but for a source that has a limit of its own.
    pub(crate) fn add_of_any_size(&mut self, transaction: Transaction) -> Result<Receipt, Error> {
        let timestamp = transaction.timestamp;
        let mut touched = self.touch(transaction)?;
        unwind::follow(&self.source.unwind, &|id| self.element(id), &mut touched)?;
        self.take(touched, timestamp)
    }

    /// Takes in a transaction that Livewell has made itself.
    pub(crate) fn add_made(&mut self, transaction: Transaction) -> Result<Receipt, Error> {
        let timestamp = transaction.timestamp;
        let touched = self.touch(transaction)?;
        self.take(touched, timestamp)
    }

    fn take(&mut self, touched: Touched, timestamp: Option<Timestamp>) -> Result<Receipt, Error> {
        let changes: Vec<AppliedChange> = touched
            .into_values()
            .filter(|(before, after)| before != after)
            .map(|(before, after)| AppliedChange { before, after })
            .collect();
        if changes.is_empty() {
            self.source.without_effect.fetch_add(1, Ordering::Relaxed);
            return Ok(Receipt { position: self.turn.last(), sequence: self.head.sequence });
        }
        let timestamp = timestamp.unwrap_or_else(|| self.stamp());
        self.log(changes, timestamp)
    }

    /// Returns the clock's time; if it is behind what is logged, a tick first records how late it is.
    fn stamp(&mut self) -> Timestamp {
        let ahead = self.source.time_ahead(self.head.timestamp, &*self.shared.clock);
        let newest = self.head.timestamp;
        if let Some(moment) = ahead.filter(|moment| moment.0.saturating_sub(newest.0) >= TICK_MIN) {
            self.tick(moment);
        }
        self.now()
    }

    /// Logs a transaction without changes at the time `now`.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        self.log_entry(Vec::new(), now);
    }

    /// Takes in several transactions, or none of them; the error says which one was refused.
    pub(crate) fn add_all(&mut self, transactions: Vec<Transaction>) -> Result<Vec<Receipt>, (usize, Error)> {
        let before = (self.head.clone(), self.turn.last());
        self.overlay.set_savepoint();
        let mut receipts = Vec::with_capacity(transactions.len());
        for (at, transaction) in transactions.into_iter().enumerate() {
            match self.add(transaction) {
                Ok(receipt) => receipts.push(receipt),
                Err(error) => {
                    self.overlay.roll_back();
                    self.head = before.0;
                    self.turn.go_back(before.1);
                    self.taken.go_back(self.head.sequence);
                    return Err((at, error));
                }
            }
        }
        self.overlay.release_savepoint();
        Ok(receipts)
    }

    fn touch(&self, transaction: Transaction) -> Result<Touched, Error> {
        let mut touched = Touched::new();
        for mut change in transaction.changes {
            self.adopt(&mut change)?;
            let id = change.id().clone();
            if !touched.contains_key(&id) {
                let before = self.element(&id)?;
                touched.insert(id.clone(), (before.clone(), before));
            }
            let (_, now) = touched.get_mut(&id).expect("the id was put in just before");
            *now = change.apply(now.as_ref()).map_err(|error| Error::invalid("LW0521", error.to_string()))?;
        }
        Ok(touched)
    }

    /// Assigns the change to this source: ids without a source are its own.
    pub(super) fn adopt(&self, change: &mut Change) -> Result<(), Error> {
        let own = |id: &mut ElementId| {
            if id.source.is_empty() {
                id.source = self.source.id.as_str().into();
            }
        };
        match change {
            Change::Insert(Element::Node(node)) => own(&mut Arc::make_mut(node).id),
            Change::Insert(Element::Relationship(relationship)) => {
                let relationship = Arc::make_mut(relationship);
                own(&mut relationship.id);
                own(&mut relationship.from);
                own(&mut relationship.to);
            }
            Change::Update(patch) => {
                own(&mut patch.id);
                patch.from.iter_mut().for_each(own);
                patch.to.iter_mut().for_each(own);
            }
            Change::Delete(id) => own(id),
        }
        let id = change.id();
        let max = self.shared.limits.id_bytes_max;
        if id.source != self.source.id {
            let message = format!("`{id}` belongs to another source than `{}`", self.source.id);
            return Err(Error::invalid("LW0522", message));
        }
        if id.id.is_empty() || id.id.len() > max {
            let message = format!("an element's id has 1 to {max} bytes, and this one {}", id.id.len());
            return Err(Error::invalid("LW0523", message));
        }
        Ok(())
    }

    /// Returns the present element, including what this commit has taken in so far.
    pub(crate) fn element(&self, id: &ElementId) -> Result<Option<Element>, Error> {
        let key = snapshot_key(self.source.number, self.head.generation, id.id.as_bytes());
        let Some(bytes) = self.overlay.get(&key)? else { return Ok(None) };
        Ok(Some(decode_element(&bytes)?.1))
    }

    /// Returns at most `most` elements after `after`, by their ids.
    pub(crate) fn elements(&self, after: Option<&str>, most: usize) -> Result<Vec<Element>, Error> {
        let all = snapshot_key(self.source.number, self.head.generation, &[]);
        let from = after.map(|id| snapshot_key(self.source.number, self.head.generation, id.as_bytes()));
        let entries = self.overlay.snapshot().scan_after(&all, from.as_deref())?;
        entries.take(most).map(|entry| Ok(decode_element(&entry?.1)?.1)).collect()
    }

    /// Moves what is written so far out of memory, if it is much.
    pub(crate) fn relieve(&mut self) -> Result<(), Error> {
        Ok(self.overlay.relieve(&*self.shared.store)?)
    }

    /// Returns the source's head, with the changes of this commit so far.
    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// Returns the head and what is written so far, to write beside the log.
    pub(crate) fn parts(&mut self) -> (&mut Head, &mut Overlay) {
        (&mut self.head, &mut self.overlay)
    }

    pub(crate) fn read_overlay(&self) -> &Overlay {
        &self.overlay
    }

    pub(crate) fn shared(&self) -> &'a Shared {
        self.shared
    }

    fn log(&mut self, changes: Vec<AppliedChange>, timestamp: Timestamp) -> Result<Receipt, Error> {
        for change in &changes {
            let id = change.id().id.as_bytes();
            let key = snapshot_key(self.source.number, self.head.generation, id);
            let before = self.overlay.get(&key)?;
            let after = change.after.as_ref().map(|element| encode_element(timestamp, element));
            self.head.count(id, before.as_deref(), after.as_deref());
            if let Some(expiry) = &self.expiry {
                let before = before.map(|bytes| bytes.into_owned());
                expiry.follow(&mut self.overlay, id, before.as_deref(), after.as_deref())?;
            }
            match after {
                Some(bytes) => self.overlay.put(key, bytes),
                None => self.overlay.delete(key),
            }
        }
        Ok(self.log_entry(changes, timestamp))
    }

    fn log_entry(&mut self, changes: Vec<AppliedChange>, timestamp: Timestamp) -> Receipt {
        self.head.sequence += 1;
        self.head.position = self.turn.next();
        self.head.timestamp = self.head.timestamp.max(timestamp);
        let Head { sequence, position, epoch, .. } = self.head;
        let mut brief = Brief::new((position, epoch, sequence), timestamp);
        changes.iter().for_each(|change| brief.add(change));
        self.taken.add(brief);
        let mut bytes = Writer::new();
        bytes.transaction(&AppliedTransaction { sequence, position, timestamp, changes });
        self.head.log_entries += 1;
        self.head.log_bytes += bytes.bytes.len() as u64;
        self.overlay.put(log_key(self.source.number, epoch, sequence), bytes.bytes);
        Receipt { position, sequence }
    }

    /// Commits, then rings the followers. When it returns, everything is durable.
    pub(crate) fn commit(self) -> Result<(), Error> {
        let is_full = self.is_full();
        let Self {
            shared,
            source,
            mut overlay,
            expected,
            came,
            begun,
            mut head,
            mut turn,
            announcements,
            taken,
            ..
        } = self;
        crate::feed::retention::trim_source(shared, source, &mut head, &mut overlay, is_full)?;
        if overlay.is_empty() {
            return Ok(());
        }
        let (feed, newest) = (source.number, head.timestamp);
        let mut set = WriteSet::from_version(feed, expected);
        overlay.put(Head::key(feed), head.encode());
        overlay.into_writes(&mut set);
        let last = turn.last();
        catalog::put_position(&mut set, last);
        shared.measures.arrivals.note(last, came);
        let entries = head.sequence.saturating_sub(begun);
        source.takes_in(entries, came, last);
        let (ticket, done) = (shared.group.submit(set), Instant::now());
        drop(turn);
        ticket.wait()?;
        source.lately.add(taken);
        announcements.make(source);
        source.progressed(entries);
        source.worked(&Work { began: came, done, position: last, entries });
        source.drift().see(newest, &*shared.clock);
        shared.bells.ring(source.number);
        Ok(())
    }
}

/// Returns the error for a submission that finds the source full.
pub(crate) fn full(source: &Component) -> Error {
    let message = format!("the log of `{}` is full: its slowest query has to catch up; try again", source.id);
    Error::new(ErrorKind::Unavailable, "LW0524", message)
}
