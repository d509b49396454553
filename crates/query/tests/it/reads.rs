//! What a plan says it reads is all it reads: a step in which nothing of it changes does nothing.

use crate::random::Case;
use livewell_model::{AppliedTransaction, Map, Timestamp};
use livewell_query::plan::physical::Reads;
use livewell_query::state::{Area, Order, Visit};
use livewell_query::{Engine, MemoryState, Meter, State, StepError};
use std::borrow::Cow;

/// A state that counts what is written to it.
#[derive(Default)]
struct Counting {
    inner: MemoryState,
    writes: usize,
}

impl State for Counting {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StepError> {
        self.inner.get(area, key)
    }

    fn scan(&self, area: Area, prefix: &[u8], order: Order, visit: Visit<'_>) -> Result<(), StepError> {
        self.inner.scan(area, prefix, order, visit)
    }

    fn scan_from(
        &self,
        area: Area,
        prefix: &[u8],
        at: &[u8],
        order: Order,
        visit: Visit<'_>,
    ) -> Result<(), StepError> {
        self.inner.scan_from(area, prefix, at, order, visit)
    }

    fn put(&mut self, area: Area, key: Vec<u8>, value: Vec<u8>) {
        self.writes += 1;
        self.inner.put(area, key, value);
    }

    fn delete(&mut self, area: Area, key: Vec<u8>) {
        self.writes += 1;
        self.inner.delete(area, key);
    }
}

/// Whether anything changes of what the plan reads.
fn is_hit(engine: &Engine, transaction: &AppliedTransaction) -> bool {
    let reads = engine.plan().physical().reads();
    transaction.changes.iter().any(|change| {
        reads.iter().any(|reads| match reads {
            Reads::Past => true,
            Reads::Scan(scan) => scan.apply(change, &Meter::unlimited()).expect("a scan").is_some(),
        })
    })
}

#[test]
fn a_transaction_that_changes_nothing_that_is_read_does_nothing() {
    let (mut skipped, mut stepped) = (0, 0);
    for case in (0..300).map(Case::generate) {
        let Ok(engine) = Engine::compile(&case.query, &Map::new()) else { continue };
        let mut state = Counting::default();
        if engine.begin(&mut state, Timestamp::default()).is_err() {
            continue;
        }
        for transaction in &case.stream {
            let is_due =
                engine.next_due(&state).expect("a state").is_some_and(|due| due <= transaction.timestamp);
            let is_skipped = !is_due && !is_hit(&engine, transaction);
            let before = state.writes;
            let Ok(diffs) = engine.step(&mut state, transaction) else { break };
            let did = (diffs.len(), state.writes - before);
            assert!(!is_skipped || did == (0, 0), "{did:?} at transaction {}\n{case}", transaction.sequence);
            if is_skipped { skipped += 1 } else { stepped += 1 }
        }
    }
    assert!(skipped > 100 && stepped > 100, "{skipped} are skipped, {stepped} are not");
}
