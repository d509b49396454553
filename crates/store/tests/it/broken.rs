//! The conformance suite itself: it finds a store that breaks a law.

use livewell_store::commit::Conflict;
use livewell_store::snapshot::Entries;
use livewell_store::testkit::{self, Place};
use livewell_store::{Direction, IndexError, MemoryStore, Snapshot, Store, StoreId, WriteSet, compare};
use std::borrow::Cow;
use std::ops::Bound;
use std::sync::Arc;

/// What is wrong with the store.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    TakesStaleSets,
    ChangesSnapshots,
    LosesEmptyValues,
    IncludesExcludedEnds,
    AppliesSetsOneByOne,
    ForgetsOnReopening,
    CutsKeys,
    ReversesSets,
    LeavesRowsOut,
}

#[derive(Clone)]
struct Broken(Arc<MemoryStore>, Fault);

impl Store for Broken {
    fn id(&self) -> StoreId {
        self.0.id()
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, IndexError> {
        Ok(Arc::new(BrokenSnapshot { taken: self.0.snapshot()?, store: self.clone() }))
    }

    fn commit(&self, sets: &[WriteSet]) -> Result<Vec<Result<(), Conflict>>, IndexError> {
        let mut sets = sets.to_vec();
        match self.1 {
            Fault::TakesStaleSets => {
                for set in &mut sets {
                    set.expected = compare::read_version(&*self.0.snapshot()?, set.feed)?;
                }
            }
            Fault::AppliesSetsOneByOne => {
                let each = sets.iter().map(|set| Ok(self.0.commit(std::slice::from_ref(set))?.remove(0)));
                return each.collect();
            }
            Fault::ReversesSets => {
                sets.reverse();
                let mut fates = self.0.commit(&sets)?;
                fates.reverse();
                return Ok(fates);
            }
            Fault::LeavesRowsOut => sets.iter_mut().for_each(|set| set.rows = None),
            Fault::CutsKeys => {
                for set in &mut sets {
                    let writes = std::mem::take(&mut set.writes);
                    set.writes = writes.into_iter().map(|(key, value)| (cut(&key).to_vec(), value)).collect();
                }
            }
            _ => {}
        }
        self.0.commit(&sets)
    }

    fn is_volatile(&self) -> bool {
        self.1 != Fault::ForgetsOnReopening
    }

    fn scratch(&self) -> Result<Box<dyn Store>, IndexError> {
        Ok(Box::new(livewell_store::MemoryStore::new()))
    }
}

fn cut(key: &[u8]) -> &[u8] {
    &key[..key.len().min(511)]
}

struct BrokenSnapshot {
    taken: Arc<dyn Snapshot>,
    store: Broken,
}

impl Snapshot for BrokenSnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, IndexError> {
        match self.store.1 {
            Fault::ChangesSnapshots => {
                let now = self.store.0.snapshot()?;
                let value = now.get(key)?.map(|value| Cow::Owned(value.into_owned()));
                Ok(value)
            }
            Fault::LosesEmptyValues => Ok(self.taken.get(key)?.filter(|value| !value.is_empty())),
            Fault::CutsKeys => self.taken.get(cut(key)),
            _ => self.taken.get(key),
        }
    }

    fn scan<'a>(
        &'a self,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
        direction: Direction,
    ) -> Result<Entries<'a>, IndexError> {
        let to = match (self.store.1, to) {
            (Fault::IncludesExcludedEnds, Bound::Excluded(end)) => Bound::Included(end),
            _ => to,
        };
        self.taken.scan(from, to, direction)
    }
}

struct Anew(Fault);

impl Place for Anew {
    fn open(&self) -> Result<Arc<dyn Store>, IndexError> {
        Ok(Arc::new(Broken(Arc::new(MemoryStore::new()), self.0)))
    }
}

fn expect_found(fault: Fault, law: &str) {
    let report = testkit::run(&|| Box::new(Anew(fault)));
    let broken: Vec<&str> =
        report.outcomes.iter().filter(|(_, outcome)| outcome.is_err()).map(|(name, _)| *name).collect();
    assert!(broken.iter().any(|name| name.contains(law)), "{fault:?}: {broken:?}");
}

#[test]
fn each_broken_law_is_found() {
    expect_found(Fault::TakesStaleSets, "a stale set is refused");
    expect_found(Fault::ChangesSnapshots, "a snapshot never changes");
    expect_found(Fault::LosesEmptyValues, "values are any bytes");
    expect_found(Fault::IncludesExcludedEnds, "a scan keeps to its bounds");
    expect_found(Fault::AppliesSetsOneByOne, "a call that cannot be stored applies nothing");
    expect_found(Fault::ForgetsOnReopening, "after opening again");
    expect_found(Fault::CutsKeys, "keys are any bytes");
    expect_found(Fault::ReversesSets, "apply in their order");
    expect_found(Fault::LeavesRowsOut, "rows are counted");
}

#[test]
fn a_report_names_the_broken_laws() {
    let report = testkit::run(&|| Box::new(Anew(Fault::LosesEmptyValues)));
    assert!(!report.holds());
    assert!(report.to_string().contains("BROKEN  values are any bytes"), "{report}");
    assert_eq!(report.outcomes.len(), testkit::laws().len());
}
