//! Group commit: in order, together, each set with its own outcome, and nobody left waiting.

use livewell_store::commit::Conflict;
use livewell_store::{
    GroupCommit, GroupLimits, IndexError, MemoryStore, Snapshot, Store, StoreId, Version, WriteSet, compare,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Which error a call gets, if any.
type Failing = fn(&[WriteSet]) -> Option<IndexError>;

/// A store that is slow, counts, and fails as told.
struct Slow {
    inner: MemoryStore,
    commits: AtomicUsize,
    largest: AtomicUsize,
    pause: Duration,
    fail: Mutex<Option<Failing>>,
}

impl Slow {
    fn new(millis: u64) -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryStore::new(),
            commits: AtomicUsize::new(0),
            largest: AtomicUsize::new(0),
            pause: Duration::from_millis(millis),
            fail: Mutex::new(None),
        })
    }

    fn fails(&self, how: Option<Failing>) {
        *self.fail.lock().expect("no panic before") = how;
    }

    fn version(&self, feed: u32) -> Version {
        compare::read_version(&*self.snapshot().expect("a snapshot"), feed).expect("a version")
    }
}

impl Store for Slow {
    fn id(&self) -> StoreId {
        self.inner.id()
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, IndexError> {
        self.inner.snapshot()
    }

    fn commit(&self, sets: &[WriteSet]) -> Result<Vec<Result<(), Conflict>>, IndexError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.largest.fetch_max(sets.len(), Ordering::SeqCst);
        // Long enough for others to queue up behind it.
        std::thread::park_timeout(self.pause);
        let how = *self.fail.lock().expect("no panic before");
        how.and_then(|how| how(sets)).map_or_else(|| self.inner.commit(sets), Err)
    }

    fn is_volatile(&self) -> bool {
        true
    }

    fn scratch(&self) -> Result<Box<dyn Store>, IndexError> {
        Ok(Box::new(livewell_store::MemoryStore::new()))
    }
}

fn step(feed: u32, from: u64) -> WriteSet {
    let expected = Version { epoch: u64::from(from > 0), commit: from };
    WriteSet { feed, expected, next: Version { epoch: 1, commit: from + 1 }, ..WriteSet::default() }
}

#[test]
fn many_threads_share_commits_and_each_is_told_its_own_fate() {
    let store = Slow::new(1);
    let group = GroupCommit::new(store.clone());
    std::thread::scope(|scope| {
        for feed in 0..16 {
            let group = &group;
            scope.spawn(move || {
                for number in 0..40 {
                    group.commit(step(feed, number)).expect("its own feed");
                    let stale = group.commit(step(feed, number)).expect_err("a stale set");
                    assert!(matches!(stale, IndexError::Fenced(_)), "{stale:?}");
                }
            });
        }
    });
    assert!((0..16).all(|feed| store.version(feed).commit == 40));
    let commits = store.commits.load(Ordering::SeqCst);
    assert!(commits < 16 * 80, "{commits} commits for {} sets", 16 * 80);
}

#[test]
fn sets_go_in_the_order_they_were_submitted() {
    let store = Slow::new(0);
    let group = GroupCommit::new(store.clone());
    let tickets: Vec<_> = (0..500).map(|number| group.submit(step(1, number))).collect();
    assert_eq!(store.commits.load(Ordering::SeqCst), 0);
    // Waited for backwards: the last one commits all before it.
    for ticket in tickets.into_iter().rev() {
        ticket.wait().expect("in order, none is stale");
    }
    assert_eq!(store.version(1).commit, 500);
    assert_eq!(store.commits.load(Ordering::SeqCst), 1);
}

#[test]
fn groups_keep_to_their_limits() {
    let store = Slow::new(0);
    let limits = GroupLimits { sets_max: 10, bytes_max: 1000, queue_max: 50 };
    let group = GroupCommit::with_limits(store.clone(), limits);
    let mut tickets = Vec::new();
    for number in 0..300 {
        let mut set = step(1, number);
        set.put(b"k".to_vec(), vec![0; if number % 7 == 0 { 5000 } else { 50 }]);
        tickets.push(group.submit(set));
    }
    assert!(store.version(1).commit >= 250, "the queue has outgrown its limit");
    tickets.into_iter().for_each(|ticket| ticket.wait().expect("a commit"));
    assert_eq!(store.version(1).commit, 300);
    assert!(store.largest.load(Ordering::SeqCst) <= 10);
}

#[test]
fn a_failure_of_the_store_goes_to_all_of_its_group_and_to_no_other() {
    let store = Slow::new(0);
    let group = GroupCommit::new(store.clone());
    store.fails(Some(|_| Some(IndexError::Full("no room".into()))));
    let tickets: Vec<_> = (0..3).map(|feed| group.submit(step(feed, 0))).collect();
    for ticket in tickets {
        let error = ticket.wait().expect_err("a full store");
        assert!(matches!(error, IndexError::Full(_)), "{error:?}");
        assert_eq!(error.to_string(), "the store is full: no room");
    }
    store.fails(None);
    group.commit(step(0, 0)).expect("room again");
}

#[test]
fn a_set_that_cannot_be_stored_does_not_take_others_along() {
    let store = Slow::new(0);
    let group = GroupCommit::new(store.clone());
    let mut bad = step(1, 0);
    bad.put(Vec::new(), Vec::new());
    store.fails(Some(|sets| {
        sets.iter().any(|set| set.feed == 2).then(|| IndexError::NotSupported("feed 2".into()))
    }));
    let tickets =
        [group.submit(step(0, 0)), group.submit(bad), group.submit(step(2, 0)), group.submit(step(3, 0))];
    let taken: Vec<bool> = tickets.into_iter().map(|ticket| ticket.wait().is_ok()).collect();
    assert_eq!(taken, [true, false, false, true]);
}

#[test]
fn a_panicking_store_leaves_nobody_waiting() {
    let store = Slow::new(1);
    let group = GroupCommit::new(store.clone());
    store.fails(Some(|sets| {
        assert!(sets.iter().all(|set| set.feed < 100), "the store panics");
        None
    }));
    std::thread::scope(|scope| {
        let bad = scope.spawn(|| group.commit(step(100, 0)));
        let good: Vec<_> = (0..4)
            .map(|feed| {
                scope.spawn({
                    let group = &group;
                    move || group.commit(step(feed, 0))
                })
            })
            .collect();
        good.into_iter().for_each(|thread| drop(thread.join()));
        drop(bad.join());
    });
    store.fails(None);
    group.commit(step(50, 0)).expect("it goes on");
}

#[test]
fn a_panic_of_the_store_is_that_of_the_set_it_is_about_whoever_leads() {
    let store = Slow::new(0);
    let group = GroupCommit::new(store.clone());
    store.fails(Some(|sets| {
        assert!(sets.iter().all(|set| set.feed != 2), "the store panics");
        None
    }));
    let tickets: Vec<_> = (0..4).map(|feed| group.submit(step(feed, 0))).collect();
    for (feed, ticket) in tickets.into_iter().enumerate() {
        let waited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| ticket.wait()));
        match feed {
            2 => assert!(waited.expect_err("its own panic").downcast_ref::<String>().is_some()),
            _ => waited.expect("no panic").expect("a commit"),
        }
    }
}

#[test]
fn a_dropped_ticket_does_not_hold_up_the_rest() {
    let store = Slow::new(0);
    let group = GroupCommit::new(store.clone());
    drop(group.submit(step(1, 0)));
    group.commit(step(1, 1)).expect("the one before has gone along");
    assert_eq!(store.version(1).commit, 2);
}
