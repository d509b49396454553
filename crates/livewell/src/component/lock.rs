//! Locks: what they guard is never half changed, so that poison is ignored.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also what a thread held that panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
