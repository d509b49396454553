//! What a router has read at once: transactions one after the other, and how far each leads.

use crate::Error;
use crate::component::marks::Shown;
use crate::feed::elements::{self, Lens};
use crate::feed::follow::Group;
use livewell_model::{AppliedTransaction, Timestamp};
use std::sync::Arc;

/// Transactions that were read at once.
pub(super) struct Batch {
    /// How far everything was read before them.
    from: Arc<Shown>,
    pub(super) reads: Vec<Read>,
}

/// A transaction that was read.
pub(super) struct Read {
    pub(super) transaction: Arc<AppliedTransaction>,
    /// The last sequence of each upstream that is in it, by the upstream's index.
    pub(super) sequences: Vec<(usize, u64)>,
    /// How many bytes it has in the logs.
    pub(super) bytes: usize,
    /// The latest time of a transaction before it.
    pub(super) time: Timestamp,
    /// The latest time of a transaction, this one included.
    pub(super) until: Timestamp,
}

impl Batch {
    /// Decodes transactions, before which everything was read as far as `from`, up to this time.
    pub(super) fn decode(
        from: &Arc<Shown>,
        time: Timestamp,
        groups: &[Group],
        lenses: &[Lens],
    ) -> Result<Self, Error> {
        let (mut reads, mut time) = (Vec::with_capacity(groups.len()), time);
        for group in groups {
            let transaction = Arc::new(elements::transaction(group, lenses)?);
            let sequences = group.items.iter().map(|item| (item.upstream, item.entry.sequence)).collect();
            let bytes = group.items.iter().map(|item| item.entry.bytes.len()).sum();
            let until = time.max(transaction.timestamp);
            reads.push(Read { transaction, sequences, bytes, time, until });
            time = until;
        }
        Ok(Self { from: from.clone(), reads })
    }

    /// Returns how far everything is read before the transaction at an index, or after all.
    pub(super) fn before(&self, at: usize) -> Shown {
        let mut shown = Shown::clone(&self.from);
        self.reads[..at].iter().for_each(|read| read.pass(&mut shown));
        shown
    }

    /// Returns the index of the first transaction after a position.
    pub(super) fn after(&self, position: u64) -> usize {
        self.reads.partition_point(|read| read.transaction.position <= position)
    }
}

impl Read {
    /// Moves checkpoints past this transaction.
    pub(super) fn pass(&self, shown: &mut Shown) {
        for (upstream, sequence) in &self.sequences {
            shown[*upstream].1.sequence = *sequence;
        }
        for (_, checkpoint) in shown {
            checkpoint.position = self.transaction.position;
        }
    }
}

/// Transactions that do not touch a query, but by whose times a timer of it may be due.
#[derive(Clone)]
pub(crate) struct Passage {
    batch: Arc<Batch>,
    from: usize,
    to: usize,
}

impl Passage {
    /// Those of a batch between two indices; `None` without any.
    pub(super) fn new(batch: &Arc<Batch>, from: usize, to: usize) -> Option<Self> {
        (from < to).then(|| Self { batch: batch.clone(), from, to })
    }

    /// Takes the first transaction by whose time a timer is due that is due then, for a query that has taken in the
    /// times up to `own`; with the latest time of a transaction before it.
    pub(crate) fn reach(
        &mut self,
        due: Timestamp,
        own: Timestamp,
    ) -> Option<(Arc<AppliedTransaction>, Timestamp)> {
        let reads = &self.batch.reads[self.from..self.to];
        let skipped = if due <= own { 0 } else { reads.partition_point(|read| read.until < due) };
        let read = reads.get(skipped)?;
        self.from += skipped + 1;
        Some((read.transaction.clone(), read.time))
    }

    /// Returns how far everything was read before it.
    pub(super) fn before(&self) -> Shown {
        self.batch.before(self.from)
    }

    /// Returns how far everything is read with it.
    pub(crate) fn after(&self) -> Shown {
        self.batch.before(self.to)
    }

    /// Returns the position of its last transaction, and the latest time of a transaction up to it.
    pub(crate) fn end(&self) -> (u64, Timestamp) {
        let last = self.to.checked_sub(1).and_then(|last| self.batch.reads.get(last));
        last.map_or_else(Default::default, |read| (read.transaction.position, read.until))
    }

    pub(super) fn len(&self) -> usize {
        self.to - self.from
    }

    pub(super) fn bytes(&self) -> usize {
        self.batch.reads[self.from..self.to].iter().map(|read| read.bytes).sum()
    }
}
