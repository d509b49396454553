//! The meter of a step: how many bytes it may hold, and whether it is to end.
//!
//! Whatever makes rows, values or staged writes holds their bytes here before or as they are made, and counts a unit of
//! work for whatever may be repeated often. Both are a few instructions on memory of the step's own thread: no lock,
//! and no read-modify-write of a shared cache line.
//!
//! What is held is an estimate from above for what is made within one operator, and measured again between two operators
//! once it has grown ([`Meter::settle`]), so that what an operator has dropped does not count against the next one.

pub mod size;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// How many units of work pass between two looks at whether the step is to end.
const LOOK: u32 = 64;
/// So many bytes that are held count as a unit of work: what is large takes long.
const UNIT_BYTES: usize = 4 << 10;
/// By how much what is held has to grow before it is measured again, at least, unless the limit is small.
const SETTLE_BYTES: usize = 16 << 20;

/// Why a step is to end before it has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// It would hold more bytes than these.
    OverBudget(usize),
    /// Somebody has asked for it.
    Cancelled,
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OverBudget(most) => write!(
                f,
                "it would hold more than {most} bytes in memory, as many as `limits.step_bytes` allows"
            ),
            Self::Cancelled => f.write_str("it was cancelled"),
        }
    }
}

/// What one step holds, in bytes, with its limit. Clones count together. Used by one thread at a time.
#[derive(Clone)]
pub struct Meter(Arc<Inner>);

struct Inner {
    most: usize,
    /// The bytes of what the step has staged in its state.
    staged: AtomicUsize,
    /// The bytes of rows and values.
    held: AtomicUsize,
    /// What `held` was when it was measured last.
    settled: AtomicUsize,
    /// How many units of work are left until the next look.
    left: AtomicU32,
    is_cancelled: Option<IsCancelled>,
}

type IsCancelled = Box<dyn Fn() -> bool + Send + Sync>;

impl Default for Meter {
    fn default() -> Self {
        Self::unlimited()
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { most, held, .. } = &*self.0;
        f.debug_struct("Meter").field("most", most).field("held", held).finish_non_exhaustive()
    }
}

impl Meter {
    /// A meter that counts and never ends a step.
    pub fn unlimited() -> Self {
        Self::of(usize::MAX, None)
    }

    /// A meter of at most `most` bytes.
    pub fn new(most: usize) -> Self {
        Self::of(most, None)
    }

    /// A meter of at most `most` bytes that ends the step soon after `is_cancelled` says true. It is asked often, and
    /// must be cheap.
    pub fn cancelled_by(most: usize, is_cancelled: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self::of(most, Some(Box::new(is_cancelled)))
    }

    fn of(most: usize, is_cancelled: Option<IsCancelled>) -> Self {
        Self(Arc::new(Inner {
            most,
            staged: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            settled: AtomicUsize::new(0),
            left: AtomicU32::new(LOOK),
            is_cancelled,
        }))
    }

    /// The most bytes that may be held.
    pub fn most(&self) -> usize {
        self.0.most
    }

    /// How many bytes of rows and values are held.
    pub fn held(&self) -> usize {
        self.0.held.load(Ordering::Relaxed)
    }

    /// Begins another step: nothing is held but what is staged.
    pub fn begin(&self) {
        self.0.held.store(0, Ordering::Relaxed);
        self.0.settled.store(0, Ordering::Relaxed);
    }

    /// Holds `bytes` more.
    ///
    /// # Errors
    /// [`Halt::OverBudget`] if that is more than may be held; [`Halt::Cancelled`].
    #[inline]
    pub fn hold(&self, bytes: usize) -> Result<(), Halt> {
        let held = self.held().saturating_add(bytes);
        self.0.held.store(held, Ordering::Relaxed);
        if held.saturating_add(self.0.staged.load(Ordering::Relaxed)) > self.0.most {
            return Err(Halt::OverBudget(self.0.most));
        }
        self.work(1 + bytes / UNIT_BYTES)
    }

    /// Holds `bytes` less.
    #[inline]
    pub fn release(&self, bytes: usize) {
        self.reset(self.held().saturating_sub(bytes));
    }

    /// Holds what was held at some moment before, as [`Meter::held`] said then.
    #[inline]
    pub fn reset(&self, held: usize) {
        self.0.held.store(held, Ordering::Relaxed);
    }

    /// Says how many bytes the step has staged in its state by now.
    #[inline]
    pub fn stage(&self, bytes: usize) {
        self.0.staged.store(bytes, Ordering::Relaxed);
    }

    /// Counts a unit of work.
    ///
    /// # Errors
    /// Returns the errors of [`Meter::hold`].
    #[inline]
    pub fn tick(&self) -> Result<(), Halt> {
        self.work(1)
    }

    /// Counts units of work.
    ///
    /// # Errors
    /// Returns the errors of [`Meter::hold`].
    #[inline]
    pub fn work(&self, units: usize) -> Result<(), Halt> {
        let left = self.0.left.load(Ordering::Relaxed);
        match u32::try_from(units) {
            Ok(units) if units < left => {
                self.0.left.store(left - units, Ordering::Relaxed);
                Ok(())
            }
            _ => self.look(),
        }
    }

    /// Looks at the limit and at whether the step is to end.
    ///
    /// # Errors
    /// Returns the errors of [`Meter::hold`].
    #[cold]
    pub fn look(&self) -> Result<(), Halt> {
        let Inner { most, staged, held, left, is_cancelled, .. } = &*self.0;
        left.store(LOOK, Ordering::Relaxed);
        if is_cancelled.as_ref().is_some_and(|is_cancelled| is_cancelled()) {
            // The next one to ask hears of it, too.
            left.store(0, Ordering::Relaxed);
            return Err(Halt::Cancelled);
        }
        let all = held.load(Ordering::Relaxed).saturating_add(staged.load(Ordering::Relaxed));
        if all > *most { Err(Halt::OverBudget(*most)) } else { Ok(()) }
    }

    /// Measures what is held, if it has grown since the last time; `measure` says what it is now.
    pub fn settle(&self, measure: impl FnOnce() -> usize) {
        let settled = self.0.settled.load(Ordering::Relaxed).min(self.held());
        self.0.settled.store(settled, Ordering::Relaxed);
        // In proportion, so that measuring takes no longer than what it measures took.
        let growth = SETTLE_BYTES.min(self.0.most / 8) + settled / 4;
        if self.held() > settled.saturating_add(growth) {
            let now = measure();
            self.reset(now);
            self.0.settled.store(now, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn what_is_held_and_what_is_staged_share_one_limit() {
        let meter = Meter::new(100);
        assert_eq!(meter.hold(60), Ok(()));
        meter.stage(40);
        assert_eq!(meter.hold(0), Ok(()));
        assert_eq!(meter.hold(1), Err(Halt::OverBudget(100)));
        meter.release(1);
        assert_eq!(meter.hold(0), Ok(()));
        meter.stage(41);
        assert_eq!(meter.look(), Err(Halt::OverBudget(100)));
        meter.stage(0);
        meter.begin();
        assert_eq!((meter.held(), meter.look()), (0, Ok(())));
    }

    #[test]
    fn a_cancelled_step_hears_of_it_within_a_few_units_of_work_and_ever_after() {
        let cancelled = Arc::new(AtomicBool::new(false));
        let flag = cancelled.clone();
        let meter = Meter::cancelled_by(usize::MAX, move || flag.load(Ordering::Relaxed));
        for _ in 0..1_000 {
            assert_eq!(meter.tick(), Ok(()));
        }
        cancelled.store(true, Ordering::Relaxed);
        assert!((0..=LOOK).any(|_| meter.tick() == Err(Halt::Cancelled)));
        assert_eq!(meter.tick(), Err(Halt::Cancelled));
        assert_eq!(meter.hold(1), Err(Halt::Cancelled));
    }

    #[test]
    fn what_was_dropped_between_two_operators_does_not_count() {
        let meter = Meter::new(256 << 20);
        for _ in 0..100 {
            meter.hold(SETTLE_BYTES + 1).expect("the last one was dropped");
            meter.settle(|| 0);
        }
        meter.hold(SETTLE_BYTES).expect("a little");
        meter.settle(|| unreachable!("it has hardly grown"));
    }
}
