//! Observers: what a Livewell tells a program about its work, for metrics and traces.
//!
//! Everything that is worth a line in a log is a [`tracing`] event beside that, with the component's id and a code.

use crate::component::measures::{Cause, Outcome};
use crate::component::state::{ComponentKind, State};
use crate::error::Error;
use std::time::Instant;

/// The component that a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its kind.
    pub kind: ComponentKind,
}

/// A batch of work of a component, whose commit is durable.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    /// When it began: when a source had read its input, or a query or reaction began with what it had to read.
    pub began: Instant,
    /// When its changes were handed to the store; of a reaction, when its effects had been made.
    pub done: Instant,
    /// The last position of the store that it is about.
    pub position: u64,
    /// How many transactions of a source, results of a query, or delivered results of a reaction it had.
    pub entries: u64,
}

/// Receives notifications about the work of a Livewell.
///
/// The calls come from the components' own threads, between two steps, and should return at once. What panics here is
/// an error of that component.
///
/// ```
/// use livewell::{Livewell, MemoryStore, Observed, Observer};
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::sync::Arc;
///
/// #[derive(Default)]
/// struct Results(AtomicU64);
///
/// impl Observer for Results {
///     fn committed(&self, _component: Observed<'_>, entries: u64) {
///         self.0.fetch_add(entries, Ordering::Relaxed);
///     }
/// }
///
/// let results = Arc::new(Results::default());
/// let livewell = Livewell::builder().store(MemoryStore::new()).observer(results.clone()).build()?;
/// # Ok::<(), livewell::Error>(())
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Called when a component changes its state.
    fn shows(&self, component: Observed<'_>, state: State) {
        let _ = (component, state);
    }

    /// Called when a commit of a component is durable. `entries` counts the transactions of a source, the results of a
    /// query, or the results by which a reaction's checkpoint advanced. Also called for commits without any.
    fn committed(&self, component: Observed<'_>, entries: u64) {
        let _ = (component, entries);
    }

    /// Called before a source hands a batch to the store: nobody can have read it. `position` is that of its
    /// [`Work::position`]. [`Observer::worked`] follows unless the commit fails.
    fn takes_in(&self, source: Observed<'_>, began: Instant, position: u64) {
        let _ = (source, began, position);
    }

    /// Called when a batch of work of a component that had any entries is durable, after [`Observer::committed`].
    ///
    /// Queries can read what a source took in before that is told here.
    fn worked(&self, component: Observed<'_>, work: &Work) {
        let _ = (component, work);
    }

    /// Called when a consumer cannot simply continue to read what it follows, with why and what it does.
    fn recovered(&self, component: Observed<'_>, cause: Cause, outcome: Outcome) {
        let _ = (component, cause, outcome);
    }

    /// Called when a component stops with an error, or waits for the outside world because of one.
    fn failed(&self, component: Observed<'_>, error: &Error) {
        let _ = (component, error);
    }
}

/// Observes nothing.
#[derive(Debug, Default)]
pub(crate) struct Nobody;

impl Observer for Nobody {}
