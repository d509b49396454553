//! What a source waits for before it reads, and shows while it waits for the other side.

use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::component::state::State;
use livewell_source::source::Patience;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often the state of the other sources is checked.
const LOOK: Duration = Duration::from_millis(200);

/// Waits until the sources this one comes after have caught up.
pub(crate) fn for_others(shared: &Shared, component: &Component, after: &[String]) {
    loop {
        // Looked up each time: a source that was stopped and started again is another component.
        let others: Vec<_> = after.iter().filter_map(|id| shared.component(id).ok()).collect();
        others.iter().for_each(|other| shared.bells.listen(other.number, &component.bell));
        if shared.is_stopping(component) || others.iter().all(|other| other.state() == State::CaughtUp) {
            break;
        }
        let numbers: Vec<u32> = others.iter().map(|other| other.number).collect();
        match shared.in_error(&numbers) {
            Some(other) => component.blocked_by(&other),
            None => {
                component.recovered();
                component.set(State::Waiting);
            }
        }
        component.bell.wait(LOOK);
    }
    component.recovered();
}

/// Shows what a source waits for, and interrupts the wait.
pub(crate) struct Waiting<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) component: &'a Component,
}

impl Patience for Waiting<'_> {
    fn is_over(&self) -> bool {
        self.shared.is_interrupted(self.component)
    }

    fn waits_for(&self, what: &str) {
        self.component.held_up(&Error::stopped("LW0210", what.to_owned()));
    }

    fn is_watched(&self) -> bool {
        self.component.watchers.load(Ordering::Acquire) > 0
    }
}
