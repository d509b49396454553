//! Positions, which are given in one order to the transactions of all sources.

use crate::component::lock::lock;
use crate::component::shared::Shared;
use std::sync::MutexGuard;

/// The store's last position.
pub(crate) struct Position<'a> {
    shared: &'a Shared,
    /// From the first position that is given until the commit is queued, nobody else gives one.
    pub(crate) held: Option<MutexGuard<'a, u64>>,
}

impl<'a> Position<'a> {
    pub(crate) fn hold(shared: &'a Shared) -> Self {
        Self { shared, held: Some(lock(&shared.position)) }
    }

    pub(crate) fn held(&mut self) -> &mut u64 {
        self.held.get_or_insert_with(|| lock(&self.shared.position))
    }

    pub(crate) fn last(&mut self) -> u64 {
        *self.held()
    }

    pub(crate) fn next(&mut self) -> u64 {
        *self.held() += 1;
        self.last()
    }
}
