//! Damage that was found beside a component's own work: by a subscriber, at the opening, by the scrub. The component it
//! touches stops in error until a person resets it.

use crate::Error;
use crate::shared::{Component, Shared, lock};
use livewell_store::IndexError;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Instead of a number: all components, for damage that cannot be attributed.
const ALL: u32 = u32::MAX;

/// What is known to be damaged, by the number of the component.
#[derive(Debug, Default)]
pub(crate) struct Damages {
    /// Whether anything is: all that a component looks at between two steps.
    any: AtomicBool,
    found: Mutex<BTreeMap<u32, (&'static str, String)>>,
}

impl Damages {
    /// Returns the damage that touches `component`, as the error to stop with.
    ///
    /// # Errors
    /// The damage.
    pub(crate) fn check(&self, component: &Component) -> Result<(), Error> {
        if !self.any.load(Ordering::Acquire) {
            return Ok(());
        }
        let found = lock(&self.found);
        match found.get(&component.number).or_else(|| found.get(&ALL)) {
            Some((code, message)) => Err(Error::new(crate::ErrorKind::Storage, code, message.clone())),
            None => Ok(()),
        }
    }

    /// Forgets it: the component was reset, and finds by itself what is left of it.
    pub(crate) fn forget(&self, component: &Component) {
        if self.any.load(Ordering::Acquire) {
            let mut found = lock(&self.found);
            found.remove(&component.number);
            self.any.store(!found.is_empty(), Ordering::Release);
        }
    }
}

impl Shared {
    /// Notes damage of what component number `number` has stored, and stops it if it runs; without a number, all.
    pub(crate) fn note_damage(&self, number: Option<u32>, damage: &IndexError) {
        let first = {
            let mut found = lock(&self.damages.found);
            self.damages.any.store(true, Ordering::Release);
            found.insert(number.unwrap_or(ALL), (damage.code(), damage.to_string())).is_none()
        };
        if !first {
            return;
        }
        let is_touched = |component: &&Arc<Component>| number.is_none_or(|number| component.number == number);
        for component in self.components().values().filter(is_touched) {
            component.fail(&Error::new(crate::ErrorKind::Storage, damage.code(), damage.to_string()));
            component.bell.ring();
            self.bells.ring(component.number);
        }
    }
}
