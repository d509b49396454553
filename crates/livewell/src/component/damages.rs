//! Damage that was found outside a component's own work: by a subscriber, when the store was opened, or by the scrub.
//! The component it concerns stops in error until a person resets it.

use crate::Error;
use crate::component::lock::lock;
use livewell_store::IndexError;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Instead of a number: all components, for damage that cannot be attributed.
const ALL: u32 = u32::MAX;

/// What is known to be damaged, by the number of the component.
#[derive(Debug, Default)]
pub(crate) struct Damages {
    /// Whether there is any damage: the only thing that a component checks between two steps.
    any: AtomicBool,
    found: Mutex<BTreeMap<u32, (&'static str, String)>>,
}

impl Damages {
    /// Returns an error if there is damage that concerns component `number`.
    ///
    /// # Errors
    /// Returns the damage as the error to stop with.
    pub(crate) fn check(&self, number: u32) -> Result<(), Error> {
        if !self.any.load(Ordering::Acquire) {
            return Ok(());
        }
        let found = lock(&self.found);
        match found.get(&number).or_else(|| found.get(&ALL)) {
            Some((code, message)) => Err(Error::new(crate::ErrorKind::Storage, code, message.clone())),
            None => Ok(()),
        }
    }

    /// Records damage in what component `number` has stored, or in any component for `None`. Returns whether it is new.
    pub(crate) fn note(&self, number: Option<u32>, damage: &IndexError) -> bool {
        let mut found = lock(&self.found);
        self.any.store(true, Ordering::Release);
        found.insert(number.unwrap_or(ALL), (damage.code(), damage.to_string())).is_none()
    }

    /// Drops the damage: the component was reset, and finds by itself what is left of it.
    pub(crate) fn forget(&self, number: u32) {
        if self.any.load(Ordering::Acquire) {
            let mut found = lock(&self.found);
            found.remove(&number);
            self.any.store(!found.is_empty(), Ordering::Release);
        }
    }
}
