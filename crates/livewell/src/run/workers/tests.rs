//! What workers promise to tasks.

use super::Workers;
use crate::Error;
use crate::component::Component;
use crate::component::lock::lock;
use crate::component::state::ComponentKind;
use crate::run::task::{Next, Task};
use livewell_store::commit::{Conflict, StoreId};
use livewell_store::{GroupCommit, IndexError, MemoryStore, Snapshot, Store, WriteSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

/// Longer than any of these tests waits for anything else.
const NEVER: Duration = Duration::from_secs(3_600);
const SOON: Duration = Duration::from_secs(20);

/// A task made of a closure for its turns.
struct Turns<F>(F);

impl<F: FnMut() -> Next + Send> Task for Turns<F> {
    fn turn(&mut self) -> Next {
        (self.0)()
    }

    fn committed(&mut self, outcome: Result<(), IndexError>) -> Next {
        outcome.unwrap();
        Next::Again
    }

    fn panicked(&mut self, _: &Error) -> Next {
        Next::Wait(NEVER)
    }
}

fn component(number: u32) -> Arc<Component> {
    Arc::new(Component::new(&format!("q{number}"), number, ComponentKind::Query, Vec::new()))
}

/// Starts a task that takes these turns.
fn start(workers: &Arc<Workers>, number: u32, turn: impl FnMut() -> Next + Send + 'static) -> Arc<Component> {
    let component = component(number);
    workers.start(&component, Box::new(Turns(turn)));
    component
}

/// Waits until something holds.
fn reach(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + SOON;
    while !holds() {
        assert!(Instant::now() < end, "not reached: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn no_ring_is_lost_whenever_it_comes() {
    const TASKS: u32 = 20;
    let workers = Arc::new(Workers::new(2));
    let made: Vec<_> = (0..TASKS).map(|_| Arc::new(AtomicU64::new(0))).collect();
    let seen: Vec<_> = (0..TASKS).map(|_| Arc::new(AtomicU64::new(0))).collect();
    let task = |number: u32| {
        let (made, seen) = (made[number as usize].clone(), seen[number as usize].clone());
        start(&workers, number, move || {
            let found = made.load(Ordering::Acquire);
            // Now and then it asks for a turn itself, and now and then it lets others ring meanwhile.
            match (seen.swap(found, Ordering::AcqRel), found % 3) {
                (before, 0) if before != found => Next::Again,
                (_, 1) => {
                    std::thread::yield_now();
                    Next::Wait(NEVER)
                }
                _ => Next::Wait(NEVER),
            }
        })
    };
    let components: Vec<_> = (0..TASKS).map(task).collect();
    std::thread::scope(|scope| {
        for ringer in 0..3_u32 {
            let (components, made) = (&components, &made);
            scope.spawn(move || {
                for round in 0..20_000 {
                    let at = ((round * 7 + ringer * 13) % TASKS) as usize;
                    made[at].fetch_add(1, Ordering::AcqRel);
                    components[at].bell.ring();
                }
            });
        }
    });
    for (made, seen) in made.iter().zip(&seen) {
        reach("the last ring", || made.load(Ordering::Acquire) == seen.load(Ordering::Acquire));
    }
}

#[test]
fn a_long_turn_holds_nobody_up() {
    let workers = Arc::new(Workers::new(1));
    let (go, gone) = mpsc::channel::<()>();
    let long = start(&workers, 1, move || {
        gone.recv().unwrap();
        Next::End
    });
    let turns = Arc::new(AtomicU64::new(0));
    let others: Vec<_> = (2..50)
        .map(|number| {
            let turns = turns.clone();
            start(&workers, number, move || {
                turns.fetch_add(1, Ordering::AcqRel);
                Next::End
            })
        })
        .collect();
    reach("the turns of the others", || turns.load(Ordering::Acquire) == others.len() as u64);
    assert!(!long.ended.load(Ordering::Acquire));
    go.send(()).unwrap();
    reach("its end", || long.ended.load(Ordering::Acquire));
}

#[test]
fn as_many_compute_as_there_are_cores_while_turns_are_short() {
    let workers = Arc::new(Workers::new(2));
    let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let turns = Arc::new(AtomicU64::new(0));
    for number in 0..100 {
        let (at_once, most, turns) = (at_once.clone(), most.clone(), turns.clone());
        start(&workers, number, move || {
            most.fetch_max(at_once.fetch_add(1, Ordering::AcqRel) + 1, Ordering::AcqRel);
            std::thread::yield_now();
            at_once.fetch_sub(1, Ordering::AcqRel);
            if turns.fetch_add(1, Ordering::AcqRel) < 5_000 { Next::Again } else { Next::End }
        });
    }
    reach("all turns", || turns.load(Ordering::Acquire) >= 5_100);
    // A turn may take long on a machine that is busy, and another worker joins then.
    assert!(most.load(Ordering::Acquire) <= 8, "{most:?}");
}

#[test]
fn a_task_goes_on_at_its_deadline_though_no_bell_rings_and_a_later_one_replaces_an_earlier_one() {
    let workers = Arc::new(Workers::new(2));
    let times = Arc::new(Mutex::new(Vec::new()));
    let noted = times.clone();
    let waits = [60, 10, 200, 30].map(Duration::from_millis);
    let task = start(&workers, 1, move || {
        let mut times = lock(&noted);
        times.push(Instant::now());
        waits.get(times.len() - 1).map_or(Next::End, |wait| Next::Wait(*wait))
    });
    reach("its end", || task.ended.load(Ordering::Acquire));
    let times = lock(&times);
    assert_eq!(times.len(), waits.len() + 1);
    for (pair, wait) in times.windows(2).zip(waits) {
        assert!(pair[1] - pair[0] >= wait, "{wait:?} were asked for");
    }
}

#[test]
fn a_panic_is_one_of_its_task_alone_which_goes_on_at_the_next_ring() {
    let workers = Arc::new(Workers::new(1));
    let turns = Arc::new(AtomicU64::new(0));
    let counted = turns.clone();
    let task = start(&workers, 1, move || match counted.fetch_add(1, Ordering::AcqRel) {
        0 => panic!("over the first turn"),
        _ => Next::End,
    });
    reach("the panic", || turns.load(Ordering::Acquire) == 1);
    let other = start(&workers, 2, || Next::End);
    reach("the other's end", || other.ended.load(Ordering::Acquire));
    reach("its own end", || {
        task.bell.ring();
        task.ended.load(Ordering::Acquire)
    });
}

/// A store whose commits wait until it is open.
struct Slow {
    inner: MemoryStore,
    is_open: AtomicBool,
    commits: AtomicUsize,
}

impl Store for Slow {
    fn id(&self) -> StoreId {
        self.inner.id()
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, IndexError> {
        self.inner.snapshot()
    }

    fn commit(&self, sets: &[WriteSet]) -> Result<Vec<Result<(), Conflict>>, IndexError> {
        self.commits.fetch_add(1, Ordering::AcqRel);
        reach("the store is open", || self.is_open.load(Ordering::Acquire));
        self.inner.commit(sets)
    }

    fn is_volatile(&self) -> bool {
        true
    }

    fn scratch(&self) -> Result<Box<dyn Store>, IndexError> {
        self.inner.scratch()
    }
}

#[test]
fn nobody_waits_for_a_flush_and_those_who_come_meanwhile_share_the_next() {
    const TASKS: u32 = 100;
    let slow =
        Slow { inner: MemoryStore::new(), is_open: AtomicBool::new(false), commits: AtomicUsize::new(0) };
    let store = Arc::new(slow);
    let group = Arc::new(GroupCommit::new(store.clone()));
    let workers = Arc::new(Workers::new(1));
    let stepped = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (1..=TASKS)
        .map(|number| {
            let (stepped, group, store) = (stepped.clone(), group.clone(), store.clone());
            let mut turns = 0;
            start(&workers, number, move || {
                turns += 1;
                if turns > 1 {
                    return Next::End;
                }
                stepped.fetch_add(1, Ordering::AcqRel);
                let snapshot = store.snapshot().unwrap();
                Next::Commit(group.submit(WriteSet::over(&*snapshot, number).unwrap()))
            })
        })
        .collect();
    reach("all steps", || stepped.load(Ordering::Acquire) == u64::from(TASKS));
    assert!(tasks.iter().all(|task| !task.ended.load(Ordering::Acquire)), "none of them is durable");
    store.is_open.store(true, Ordering::Release);
    reach("all ends", || tasks.iter().all(|task| task.ended.load(Ordering::Acquire)));
    assert!(store.commits.load(Ordering::Acquire) <= 3, "{:?}", store.commits);
}

#[test]
fn who_goes_on_after_a_commit_is_not_held_up_by_a_long_turn_that_began_meanwhile() {
    let slow =
        Slow { inner: MemoryStore::new(), is_open: AtomicBool::new(false), commits: AtomicUsize::new(0) };
    let store = Arc::new(slow);
    let group = Arc::new(GroupCommit::new(store.clone()));
    let workers = Arc::new(Workers::new(1));
    let mut turns = 0;
    let snapshot = store.snapshot().unwrap();
    let commits = start(&workers, 1, move || {
        turns += 1;
        if turns > 1 {
            return Next::End;
        }
        Next::Commit(group.submit(WriteSet::over(&*snapshot, 1).unwrap()))
    });
    reach("the commit", || store.commits.load(Ordering::Acquire) == 1);
    let (go, gone) = mpsc::channel::<()>();
    let has_begun = Arc::new(AtomicBool::new(false));
    let begun = has_begun.clone();
    let long = start(&workers, 2, move || {
        begun.store(true, Ordering::Release);
        gone.recv().unwrap();
        Next::End
    });
    reach("the long turn", || has_begun.load(Ordering::Acquire));
    store.is_open.store(true, Ordering::Release);
    reach("the turn after the commit", || commits.ended.load(Ordering::Acquire));
    assert!(!long.ended.load(Ordering::Acquire));
    go.send(()).unwrap();
    reach("its end", || long.ended.load(Ordering::Acquire));
}

#[test]
fn the_threads_end_with_the_last_task_once_they_are_to() {
    let workers = Arc::new(Workers::new(2));
    let is_over = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..10)
        .map(|number| {
            let is_over = is_over.clone();
            start(&workers, number, move || {
                if is_over.load(Ordering::Acquire) { Next::End } else { Next::Wait(NEVER) }
            })
        })
        .collect();
    workers.close();
    assert!(workers.join_ended() > 0, "tasks are left");
    is_over.store(true, Ordering::Release);
    tasks.iter().for_each(|task| task.bell.ring());
    reach("no thread", || workers.join_ended() == 0);
    assert_eq!(Arc::strong_count(&workers), 1, "nobody holds them");
    assert!(tasks.iter().all(|task| Arc::strong_count(task) == 1), "no task is kept");
}
