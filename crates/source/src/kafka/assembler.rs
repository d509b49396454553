//! Keeps together what a producer wrote in one transaction, in one partition.
//!
//! The records of a transaction wait for the mark that ends it, and are one unit if it was committed. Transactions of
//! several producers overlap in a log, and the log's order decides what an element is in the end. So a unit that is
//! finished waits, too, while something that waits has an *earlier* record about one of the same elements. Units that are
//! before each other in this way can only be taken in together, as one in the order of their offsets.
//!
//! Law, on which resuming depends: if the log is read again from the first record that was waiting at some offset, then
//! everything that was returned up to that offset is returned before it is reached again, and what was waiting waits again.
//! For what waits at an offset waits for a transaction that is not finished there: all records of that one are read
//! again, and so are those of every unit in between.

use livewell_model::ElementId;
use std::collections::{BTreeMap, HashMap};

/// A record with the elements that it concerns.
pub(super) trait About {
    /// Returns its offset.
    fn offset(&self) -> i64;

    /// Calls `f` with each element that it concerns.
    fn each_id(&self, f: impl FnMut(&ElementId));

    /// Returns whether it concerns every element.
    fn concerns_all(&self) -> bool;

    /// Returns how many changes it has.
    fn changes(&self) -> usize;

    /// Returns the refusal of a transaction that it begins, and that has more than `max` changes.
    fn too_many(self, max: usize) -> Self;
}

/// Records that are taken in together, in the order of their offsets.
pub(super) type Unit<P> = Vec<P>;

/// The records of a partition that wait.
#[derive(Debug)]
pub(super) struct Assembler<P> {
    /// The transactions that are not finished, by their producers.
    open: BTreeMap<i64, Group<P>>,
    /// The units that are finished.
    finished: Vec<Group<P>>,
    /// The most changes that wait for one transaction.
    changes_max: usize,
}

/// Records that wait together; there is at least one.
#[derive(Debug)]
struct Group<P> {
    records: Unit<P>,
    /// The elements that they concern, each with the first and the last offset.
    elements: HashMap<ElementId, (i64, i64)>,
    /// The first and the last offset of records that concern every element.
    all: Option<(i64, i64)>,
    last: i64,
    changes: usize,
}

impl<P: About> Assembler<P> {
    /// `changes_max`: the most changes that are held for one transaction. One that has more becomes the refusal of its first
    /// record, and waits like what it stands for: it may still be aborted.
    pub fn new(changes_max: usize) -> Self {
        Self { open: BTreeMap::new(), finished: Vec::new(), changes_max }
    }

    /// Takes a record of the transaction of `producer`, if it is in one. Returns the units that need not wait.
    pub fn record(&mut self, producer: Option<i64>, record: P) -> Vec<Unit<P>> {
        let Some(producer) = producer else {
            if self.open.is_empty() {
                return vec![vec![record]];
            }
            let mut group = Group::new();
            group.push(record, self.changes_max);
            self.finished.push(group);
            return self.release();
        };
        self.open.entry(producer).or_insert_with(Group::new).push(record, self.changes_max);
        Vec::new()
    }

    /// Ends the transaction of a producer. Returns the units that need not wait any longer.
    pub fn end(&mut self, producer: i64, is_commit: bool) -> Vec<Unit<P>> {
        let Some(group) = self.open.remove(&producer) else { return Vec::new() };
        self.finished.extend(is_commit.then_some(group));
        self.release()
    }

    /// Returns the offset of the first record that waits.
    pub fn first(&self) -> Option<i64> {
        self.open.values().chain(&self.finished).map(Group::first).min()
    }

    /// Takes out the finished units that need not wait.
    fn release(&mut self) -> Vec<Unit<P>> {
        let mut free = std::mem::take(&mut self.finished);
        loop {
            let waits = |group: &mut Group<P>| {
                self.open.values().chain(&self.finished).any(|other| other.is_before(group))
            };
            let more: Vec<Group<P>> = free.extract_if(.., waits).collect();
            if more.is_empty() {
                break;
            }
            self.finished.extend(more);
        }
        free.sort_by_key(Group::first);
        ordered(free)
    }
}

/// Puts groups in an order in which none comes after one that it is before; those for which there is none become one.
fn ordered<P: About>(mut groups: Vec<Group<P>>) -> Vec<Unit<P>> {
    let mut units = Vec::with_capacity(groups.len());
    while !groups.is_empty() {
        let is_next = |at: &usize| {
            let others = groups.iter().enumerate().filter(|(other, _)| other != at);
            others.into_iter().all(|(_, other)| !other.is_before(&groups[*at]))
        };
        if let Some(next) = (0..groups.len()).find(is_next) {
            units.push(groups.remove(next).records);
        } else {
            let mut all: Unit<P> = groups.drain(..).flat_map(|group| group.records).collect();
            all.sort_by_key(About::offset);
            units.push(all);
        }
    }
    units
}

impl<P: About> Group<P> {
    fn new() -> Self {
        Self { records: Vec::new(), elements: HashMap::new(), all: None, last: 0, changes: 0 }
    }

    fn push(&mut self, record: P, changes_max: usize) {
        let offset = record.offset();
        self.last = offset;
        if record.concerns_all() {
            self.all.get_or_insert((offset, offset)).1 = offset;
        }
        if self.changes > changes_max {
            // Refused already: it stands for whatever it concerns.
            self.all.get_or_insert((self.first(), offset)).1 = offset;
            return;
        }
        self.changes += record.changes();
        record.each_id(|id| self.elements.entry(id.clone()).or_insert((offset, offset)).1 = offset);
        self.records.push(record);
        if self.changes > changes_max && self.records.len() > 1 {
            let first = self.records.swap_remove(0).too_many(changes_max);
            self.all = Some((first.offset(), offset));
            (self.records, self.elements) = (vec![first], HashMap::new());
        }
    }

    fn first(&self) -> i64 {
        self.records.first().map_or(i64::MAX, About::offset)
    }

    /// Returns whether a record here is before one of the other group about the same element.
    fn is_before(&self, other: &Self) -> bool {
        let before_all = other.all.is_some_and(|(_, last)| self.first() < last);
        if before_all || self.all.is_some_and(|(first, _)| first < other.last) {
            return true;
        }
        let (few, many) =
            if self.elements.len() < other.elements.len() { (self, other) } else { (other, self) };
        few.elements.keys().filter(|id| many.elements.contains_key(*id)).any(|id| {
            self.elements.get(id).map(|(first, _)| first) < other.elements.get(id).map(|(_, last)| last)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[derive(Debug, Clone, PartialEq)]
    struct Written {
        offset: i64,
        element: u8,
    }

    impl About for Written {
        fn offset(&self) -> i64 {
            self.offset
        }

        fn each_id(&self, mut f: impl FnMut(&ElementId)) {
            if self.element < ALL {
                f(&ElementId::new("s", format!("{}", self.element).as_str()));
            }
        }

        fn concerns_all(&self) -> bool {
            self.element == ALL
        }

        fn changes(&self) -> usize {
            1
        }

        fn too_many(self, _: usize) -> Self {
            Self { element: REFUSED, ..self }
        }
    }

    /// What stands for every element, and for a transaction that was refused.
    const ALL: u8 = 4;
    const REFUSED: u8 = 5;

    /// What is at an offset: a record of a producer, or the end of its transaction.
    #[derive(Debug, Clone, Copy)]
    enum Entry {
        Record(Option<i64>, u8),
        End(i64, bool),
    }

    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        let record =
            (prop::option::of(0..3_i64), 0..=ALL).prop_map(|(of, element)| Entry::Record(of, element));
        let end = (0..3_i64, prop::bool::weighted(0.6)).prop_map(|(of, commit)| Entry::End(of, commit));
        prop::collection::vec(prop_oneof![3 => record, 1 => end], 0..40).prop_map(|mut entries| {
            entries.extend((0..3).map(|of| Entry::End(of, true)));
            entries
        })
    }

    /// Reads a log from an offset. Returns what comes behind `muted`, and the first record that waits at the end.
    fn read(log: &[Entry], from: i64, muted: i64, to: i64) -> (Vec<Unit<Written>>, Option<i64>) {
        let (mut assembler, mut units) = (Assembler::new(100), Vec::new());
        for (entry, offset) in log.iter().zip(0..to).skip(from as usize) {
            let complete = match *entry {
                Entry::Record(producer, element) => assembler.record(producer, Written { offset, element }),
                Entry::End(producer, is_commit) => assembler.end(producer, is_commit),
            };
            units.extend(complete.into_iter().filter(|_| offset >= muted));
        }
        (units, assembler.first())
    }

    /// Returns the offsets of each transaction that is committed, and of each record outside of one.
    fn wanted(log: &[Entry]) -> Vec<BTreeSet<i64>> {
        let (mut open, mut wanted): (BTreeMap<i64, BTreeSet<i64>>, Vec<_>) = Default::default();
        for (entry, offset) in log.iter().zip(0..) {
            match *entry {
                Entry::Record(None, _) => wanted.push(BTreeSet::from([offset])),
                Entry::Record(Some(of), _) => drop(open.entry(of).or_default().insert(offset)),
                Entry::End(of, is_commit) => wanted.extend(open.remove(&of).filter(|_| is_commit)),
            }
        }
        wanted
    }

    #[test]
    fn a_transaction_with_too_many_changes_holds_little_and_is_refused_only_if_it_is_committed() {
        let written = |offset, element| Written { offset, element };
        for is_commit in [false, true] {
            let mut assembler = Assembler::new(2);
            for offset in 0..100 {
                assert_eq!(assembler.record(Some(1), written(offset, 0)), [] as [Unit<Written>; 0]);
            }
            assert_eq!(assembler.open[&1].records.len(), 1);
            assert_eq!(assembler.first(), Some(0));
            // It may concern what the others do, so what comes in between waits for it.
            assert_eq!(assembler.record(None, written(100, 3)), [] as [Unit<Written>; 0]);
            let refused = is_commit.then(|| vec![written(0, REFUSED)]);
            let expected: Vec<_> = refused.into_iter().chain([vec![written(100, 3)]]).collect();
            assert_eq!(assembler.end(1, is_commit), expected);
        }
        let mut assembler = Assembler::new(2);
        let alone: Vec<_> = (0..9).flat_map(|offset| assembler.record(None, written(offset, 0))).collect();
        assert_eq!(alone.len(), 9, "the limit is of one transaction");
    }

    proptest! {
        #[test]
        fn transactions_come_whole_once_and_in_the_order_of_the_log(log in entries()) {
            let end = log.len() as i64;
            let (units, waiting) = read(&log, 0, 0, end);
            prop_assert_eq!(waiting, None);
            let mut offsets: Vec<i64> = units.iter().flatten().map(|record| record.offset).collect();
            let concerns = |record: &&Written, element| record.element == element || record.element == ALL;
            let in_order =
                |element: u8| units.iter().flatten().filter(move |record| concerns(record, element));
            for element in 0..ALL {
                prop_assert!(in_order(element).is_sorted_by_key(|record| record.offset), "{:?}", units);
            }
            let all = wanted(&log);
            for one in &all {
                let holds = |unit: &&Unit<Written>| unit.iter().any(|record| one.contains(&record.offset));
                prop_assert_eq!(units.iter().filter(holds).count(), 1, "{:?} is torn: {:?}", one, units);
            }
            offsets.sort_unstable();
            let mut expected: Vec<i64> = all.into_iter().flatten().collect();
            expected.sort_unstable();
            prop_assert_eq!(offsets, expected);
        }

        #[test]
        fn who_stops_anywhere_and_reads_again_from_the_first_that_waited_goes_on(log in entries()) {
            let end = log.len() as i64;
            let (whole, _) = read(&log, 0, 0, end);
            for stop in 0..=end {
                let (mut units, waiting) = read(&log, 0, 0, stop);
                units.extend(read(&log, waiting.unwrap_or(stop), stop, end).0);
                prop_assert_eq!(&units, &whole, "stopped at {}", stop);
            }
        }
    }
}
