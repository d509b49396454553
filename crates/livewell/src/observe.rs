//! Observers: what a Livewell tells a program about its work, for metrics and traces.
//!
//! Everything that is worth a line in a log is a [`tracing`] event beside that, with the component's id and a code.

use crate::component::state::{ComponentKind, State};
use crate::error::Error;

/// The component that a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its kind.
    pub kind: ComponentKind,
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

    /// Called when a component stops with an error, or waits for the outside world because of one.
    fn failed(&self, component: Observed<'_>, error: &Error) {
        let _ = (component, error);
    }
}

/// Observes nothing.
#[derive(Debug, Default)]
pub(crate) struct Nobody;

impl Observer for Nobody {}
