//! Wherever the process ends, a piece of parked input is either still parked or one transaction.

use super::*;
use livewell::IntoSource;
use livewell::MemoryStore;
use livewell_source::file::Files;
use livewell_store::commit::Conflict;
use livewell_store::{Head, IndexError, Snapshot, StoreId};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

/// A store that lets so many commits pass and then is gone: with the next one, or right after it.
struct Mortal {
    inner: Arc<MemoryStore>,
    left: AtomicI64,
    applies_the_last: bool,
    /// Of the source `s` after each commit: its sequence and how much is parked.
    seen: Mutex<Vec<(u64, u64)>>,
}

impl Mortal {
    fn look(&self) {
        let snapshot = self.inner.snapshot().unwrap();
        if let Some(source) = catalog::find(&*snapshot, "s").unwrap() {
            let sequence = Head::read(&*snapshot, source.number).unwrap().unwrap_or_default().sequence;
            let parked = livewell::parked::count(&*snapshot, source.number).unwrap();
            assert_eq!(
                livewell::parked::list(&*snapshot, source.number, 0, 99).unwrap().len() as u64,
                parked
            );
            self.seen.lock().unwrap().push((sequence, parked));
        }
    }
}

impl Store for Mortal {
    fn id(&self) -> StoreId {
        self.inner.id()
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, IndexError> {
        self.inner.snapshot()
    }

    fn commit(&self, sets: &[WriteSet]) -> Result<Vec<Result<(), Conflict>>, IndexError> {
        let gone = || Err(IndexError::Io("the machine is gone".into()));
        match self.left.fetch_sub(1, Ordering::AcqRel) {
            ..0 => gone(),
            0 if !self.applies_the_last => gone(),
            left => {
                let fates = self.inner.commit(sets)?;
                self.look();
                if left == 0 { gone() } else { Ok(fates) }
            }
        }
    }

    fn is_volatile(&self) -> bool {
        false
    }

    fn scratch(&self) -> Result<Box<dyn Store>, IndexError> {
        Ok(Box::new(livewell_store::MemoryStore::new()))
    }
}

/// Tries everything parked again over a store that dies at commit number `lives`, then over what is left of it. Gives how
/// much was parked when it died.
async fn die_while_trying_again(path: &Path, lives: i64, applies_the_last: bool) -> u64 {
    let inner = Arc::new(MemoryStore::new());
    let limits = livewell::Limits { step_transactions_max: 3, ..livewell::Limits::default() };
    let setup = || Setup {
        sources: vec![Files::new(parking(path)).into_source()],
        queries: vec![query("all", ROWS)],
        ..Setup::default()
    };
    let open = |left| {
        let seen = Mutex::default();
        let store =
            Arc::new(Mortal { inner: inner.clone(), left: AtomicI64::new(left), applies_the_last, seen });
        let builder = Livewell::builder().shared_store(store.clone()).limits(limits.clone());
        (builder.build().unwrap(), store)
    };
    // Taken in while relationships stand where the nodes belong, so that eight nodes are parked.
    let (livewell, _) = open(i64::MAX);
    livewell.add(setup()).await.unwrap();
    until(&livewell, "s", |status| status.sequence == 17 && status.parked == 8).await;
    idle(&livewell).await;
    livewell.shutdown().await;
    drop(livewell);
    let (livewell, store) = open(lives);
    // One that is gone at once does not even begin.
    if livewell.add(setup()).await.is_ok() {
        livewell.retry_parked("s", None).unwrap();
        idle(&livewell).await;
    }
    livewell.shutdown().await;
    drop(livewell);
    let (again, rest) = open(i64::MAX);
    again.add(setup()).await.unwrap();
    again.retry_parked("s", None).unwrap();
    idle(&again).await;
    let left = store.seen.lock().unwrap().last().map_or(8, |(_, parked)| *parked);
    for (sequence, parked) in store.seen.lock().unwrap().iter().chain(rest.seen.lock().unwrap().iter()) {
        assert_eq!(sequence + parked, 25, "one comes as the other goes, at every commit ({lives})");
    }
    assert_eq!((numbers(&again), status(&again, "s").sequence), (vec![], 25));
    let last: Vec<(String, i64)> = (0..8).map(|at| (format!("n{at}"), at)).collect();
    let expected: Vec<_> = last.iter().map(|(id, x)| (id.as_str(), *x)).chain([("end", 1)]).collect();
    assert_rows(&again, &expected);
    again.shutdown().await;
    left
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_commit_each_piece_comes_in_exactly_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ops.jsonl");
    let mut left = BTreeSet::new();
    for lives in 0..9 {
        for applies_the_last in [false, true] {
            let _ = std::fs::remove_file(&path);
            let ids: Vec<String> = (0..8).map(|at| format!("n{at}")).collect();
            let in_the_way = ids.iter().map(|id| relationship(id));
            let refused = ids.iter().zip(0..).map(|(id, x)| insert(id, x));
            let out_of_the_way = ids.iter().map(|id| delete(id));
            for line in in_the_way.chain(refused).chain(out_of_the_way) {
                append(&path, &[&line]);
            }
            append(&path, &[&insert("end", 1)]);
            left.insert(die_while_trying_again(&path, lives, applies_the_last).await);
        }
    }
    assert!(left.iter().any(|left| (1..8).contains(left)), "it died within: {left:?}");
}
