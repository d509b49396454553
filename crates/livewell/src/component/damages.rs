//! Damage that was found beside a component's own work: by a subscriber, at the opening, by the scrub. The component it
//! touches stops in error until a person resets it.

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
    /// Whether anything is: all that a component looks at between two steps.
    any: AtomicBool,
    found: Mutex<BTreeMap<u32, (&'static str, String)>>,
}

impl Damages {
    /// Returns the damage that touches component `number`, as the error to stop with.
    ///
    /// # Errors
    /// The damage.
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

    /// Notes damage of what component `number` has stored, of any without one. Returns whether it is news.
    pub(crate) fn note(&self, number: Option<u32>, damage: &IndexError) -> bool {
        let mut found = lock(&self.found);
        self.any.store(true, Ordering::Release);
        found.insert(number.unwrap_or(ALL), (damage.code(), damage.to_string())).is_none()
    }

    /// Forgets it: the component was reset, and finds by itself what is left of it.
    pub(crate) fn forget(&self, number: u32) {
        if self.any.load(Ordering::Acquire) {
            let mut found = lock(&self.found);
            found.remove(&number);
            self.any.store(!found.is_empty(), Ordering::Release);
        }
    }
}
