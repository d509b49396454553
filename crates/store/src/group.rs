//! Group commit: many steps, one transaction, one flush.
//!
//! A thread that waits for its set while nobody commits becomes the leader: it takes what has queued up, in order,
//! commits it at once and tells each thread the outcome. The others sleep until then, each by itself: only those whose
//! sets were committed are woken, and one that leads the next group. It needs neither a dedicated thread nor spinning.

use crate::commit::Conflict;
use crate::measure::{Commits, Durations};
use crate::{IndexError, Store, WriteSet};
use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

/// How much goes into one commit, and how much may wait for it.
#[derive(Debug, Clone, Copy)]
pub struct GroupLimits {
    /// The largest number of sets in one commit.
    pub sets_max: usize,
    /// The largest number of bytes of keys and values in one commit; a larger set goes alone.
    pub bytes_max: usize,
    /// The largest number of sets in the queue; a submitter beyond it commits a group first, or waits for one.
    pub queue_max: usize,
}

impl Default for GroupLimits {
    fn default() -> Self {
        Self { sets_max: 1024, bytes_max: 32 << 20, queue_max: 4096 }
    }
}

/// Commits write sets of many threads together.
pub struct GroupCommit {
    shared: Arc<Shared>,
}

impl GroupCommit {
    /// Groups commits to `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self::with_limits(store, GroupLimits::default())
    }

    /// Groups commits to `store` within limits; each limit counts as at least 1.
    pub fn with_limits(store: Arc<dyn Store>, limits: GroupLimits) -> Self {
        let measured = Measured::default();
        let shared = Shared { store, limits, state: Mutex::default(), room: Condvar::new(), measured };
        Self { shared: Arc::new(shared) }
    }

    /// Commits a set and waits until it is durable.
    ///
    /// # Errors
    /// Returns [`IndexError::Fenced`] if the set's compare failed; otherwise the store's error, which all sets of the
    /// commit get.
    pub fn commit(&self, set: WriteSet) -> Result<(), IndexError> {
        self.submit(set).wait()
    }

    /// Queues a set behind all that were submitted before. The next thread that waits commits it.
    ///
    /// Blocks only while the queue is full.
    pub fn submit(&self, set: WriteSet) -> Ticket {
        let seat = Seat::default();
        if let Err(error) = set.check() {
            // Refused here, so that it does not fail its neighbours too.
            seat.settle(Fate::Failed(Arc::new(error)));
        }
        if seat.fate().is_none() {
            let mut state = self.shared.lock();
            while state.queue.len() >= self.shared.limits.queue_max.max(1) {
                state = if state.led { self.shared.sleep_until_room(state) } else { self.shared.lead(state) };
            }
            let bytes = set.bytes();
            state.queue.push_back(Queued { set, bytes, seat: seat.clone() });
        }
        Ticket { shared: Arc::clone(&self.shared), seat }
    }

    /// Returns what was measured of all commits so far.
    pub fn measured(&self) -> Commits {
        let Measured { durations, sets, bytes, failures } = &self.shared.measured;
        let number = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Commits {
            durations: durations.histogram(),
            sets: number(sets),
            bytes: number(bytes),
            failures: number(failures),
        }
    }
}

/// What is measured of commits.
#[derive(Default)]
struct Measured {
    durations: Durations,
    sets: AtomicU64,
    bytes: AtomicU64,
    failures: AtomicU64,
}

impl Measured {
    /// Counts a commit of so many sets and bytes that began then.
    fn add(&self, began: Instant, sets: usize, bytes: usize, is_committed: bool) {
        if !is_committed {
            self.failures.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.durations.record(began.elapsed());
        self.sets.fetch_add(sets as u64, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// A submitted set. If the ticket is dropped, the set stays in the queue and goes with the next commit.
#[must_use = "a set is committed when somebody waits"]
pub struct Ticket {
    shared: Arc<Shared>,
    seat: Seat,
}

impl Ticket {
    /// Waits until the set is committed or refused; commits a group if nobody else does.
    ///
    /// # Errors
    /// Returns the errors of [`GroupCommit::commit`].
    ///
    /// # Panics
    /// If the store panicked over this set.
    pub fn wait(self) -> Result<(), IndexError> {
        let mut state = self.shared.lock();
        loop {
            if let Some(fate) = self.seat.fate() {
                return fate.tell();
            }
            state = if state.led { self.seat.sleep(state) } else { self.shared.lead(state) };
        }
    }
}

/// Where a set's outcome is left for the thread that waits for it.
#[derive(Clone, Default)]
struct Seat(Arc<Waiting>);

#[derive(Default)]
struct Waiting {
    fate: OnceLock<Fate>,
    /// Whether a thread sleeps here; it changes under the lock of the state.
    sleeps: AtomicBool,
    woken: Condvar,
}

impl Seat {
    fn fate(&self) -> Option<&Fate> {
        self.0.fate.get()
    }

    fn settle(&self, fate: Fate) {
        // The first outcome counts; only a refused set gets a second one, and it is never queued.
        let _ = self.0.fate.set(fate);
    }

    /// Sleeps until the outcome is there, or there is a group to lead.
    fn sleep<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.0.sleeps.store(true, Ordering::Relaxed);
        let state = self.0.woken.wait(state).unwrap_or_else(PoisonError::into_inner);
        self.0.sleeps.store(false, Ordering::Relaxed);
        state
    }

    fn is_asleep(&self) -> bool {
        self.0.sleeps.load(Ordering::Relaxed)
    }

    fn wake(&self) {
        if self.is_asleep() {
            self.0.woken.notify_one();
        }
    }
}

enum Fate {
    Taken,
    Refused(Conflict),
    Failed(Arc<IndexError>),
    Panicked(String),
}

impl Fate {
    fn tell(&self) -> Result<(), IndexError> {
        match self {
            Self::Taken => Ok(()),
            Self::Refused(conflict) => Err(IndexError::fenced(*conflict)),
            Self::Failed(error) => Err(again(error)),
            // In the thread that submitted the set, whichever thread called the store; the panic was reported there.
            Self::Panicked(text) => panic::resume_unwind(Box::new(text.clone())),
        }
    }
}

struct Queued {
    set: WriteSet,
    bytes: usize,
    seat: Seat,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Queued>,
    led: bool,
}

struct Shared {
    store: Arc<dyn Store>,
    limits: GroupLimits,
    state: Mutex<State>,
    /// Notified when the queue has become shorter.
    room: Condvar,
    measured: Measured,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep_until_room<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.room.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits one group; nobody else does at this time.
    fn lead<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.led = true;
        let (sets, seats, bytes) = take_group(&mut state.queue, self.limits);
        drop(state);
        let lead = Lead { shared: self, seats };
        self.commit_group(&sets, &lead.seats, bytes);
        drop(lead);
        self.lock()
    }

    fn commit_group(&self, sets: &[WriteSet], seats: &[Seat], bytes: usize) {
        let began = Instant::now();
        let committed = panic::catch_unwind(AssertUnwindSafe(|| self.store.commit(sets)));
        self.measured.add(began, sets.len(), bytes, matches!(committed, Ok(Ok(_))));
        let committed = match committed {
            Ok(committed) => committed,
            // Committing each alone shows which of them it was about. One that was committed after all is refused
            // then, and its submitter starts again from the store.
            Err(_) if sets.len() > 1 => return self.commit_each(sets, seats),
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
                seats.iter().for_each(|seat| seat.settle(Fate::Panicked(text.clone())));
                return;
            }
        };
        match committed {
            Ok(fates) => {
                for (seat, fate) in seats.iter().zip(fates) {
                    seat.settle(fate.map_or_else(Fate::Refused, |()| Fate::Taken));
                }
            }
            // One set may be to blame, and nothing was applied: commit each on its own, in the same order.
            Err(IndexError::NotSupported(_)) if sets.len() > 1 => self.commit_each(sets, seats),
            Err(error) => {
                let error = Arc::new(error);
                seats.iter().for_each(|seat| seat.settle(Fate::Failed(Arc::clone(&error))));
            }
        }
    }

    fn commit_each(&self, sets: &[WriteSet], seats: &[Seat]) {
        for (set, seat) in sets.iter().zip(seats) {
            self.commit_group(std::slice::from_ref(set), std::slice::from_ref(seat), set.bytes());
        }
    }
}

/// Takes what goes into one commit: the sets, where their outcomes are left, and the bytes of all of them.
fn take_group(queue: &mut VecDeque<Queued>, limits: GroupLimits) -> (Vec<WriteSet>, Vec<Seat>, usize) {
    let (mut sets, mut seats, mut bytes) = (Vec::new(), Vec::new(), 0);
    while let Some(next) = queue.front() {
        let full = sets.len() >= limits.sets_max || bytes + next.bytes > limits.bytes_max;
        if full && !sets.is_empty() {
            break;
        }
        bytes += next.bytes;
        if let Some(next) = queue.pop_front() {
            sets.push(next.set);
            seats.push(next.seat);
        }
    }
    (sets, seats, bytes)
}

/// The lead of one group; dropping it ends the lead, even if the store panics.
struct Lead<'a> {
    shared: &'a Shared,
    seats: Vec<Seat>,
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        for seat in self.seats.iter().filter(|seat| seat.fate().is_none()) {
            let error = IndexError::Connection("the store did not report the outcome of the commit".into());
            seat.settle(Fate::Failed(Arc::new(error)));
        }
        let next = {
            let mut state = self.shared.lock();
            state.led = false;
            // One that sleeps leads the next group; one that comes meanwhile may, too.
            state.queue.iter().map(|queued| &queued.seat).find(|seat| seat.is_asleep()).cloned()
        };
        self.seats.iter().chain(&next).for_each(Seat::wake);
        self.shared.room.notify_all();
    }
}

/// Returns the same error for one more caller.
fn again(error: &Arc<IndexError>) -> IndexError {
    let cause = Box::new(SharedCause(Arc::clone(error)));
    match **error {
        IndexError::Io(_) => IndexError::Io(cause),
        IndexError::NotSupported(_) => IndexError::NotSupported(cause),
        IndexError::Corrupted(_) => IndexError::Corrupted(cause),
        IndexError::Connection(_) => IndexError::Connection(cause),
        IndexError::UnknownStore(_) => IndexError::UnknownStore(cause),
        IndexError::Fenced(_) => IndexError::Fenced(cause),
        IndexError::Full(_) => IndexError::Full(cause),
        IndexError::Other(_) => IndexError::Other(cause),
    }
}

/// The cause of an error that several callers got.
#[derive(Debug)]
struct SharedCause(Arc<IndexError>);

impl fmt::Display for SharedCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The outer error says its kind already.
        match self.0.source() {
            Some(cause) => fmt::Display::fmt(cause, f),
            None => fmt::Display::fmt(&self.0, f),
        }
    }
}

impl Error for SharedCause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source().and_then(Error::source)
    }
}
