//! The ids of what the store holds of components that were not added. They are found by one walk over the catalog, once
//! somebody asks, and kept, since only this process changes the catalog: nobody who lists components walks over all.

use super::lock::lock;
use crate::Error;
use std::collections::BTreeSet;
use std::sync::Mutex;

/// The ids; `None` before the walk.
#[derive(Debug, Default)]
pub(crate) struct Leftovers(Mutex<Option<BTreeSet<String>>>);

impl Leftovers {
    /// Returns the ids, which `find` finds the first time. What is added or removed during that is forgotten after it.
    pub(crate) fn ids(
        &self,
        find: impl FnOnce() -> Result<BTreeSet<String>, Error>,
    ) -> Result<BTreeSet<String>, Error> {
        let mut ids = lock(&self.0);
        match &*ids {
            Some(ids) => Ok(ids.clone()),
            None => Ok(ids.insert(find()?).clone()),
        }
    }

    /// Forgets a component that has been added, or is gone from the store. The caller does not hold the roster, which
    /// whoever finds the ids looks into.
    pub(crate) fn forget(&self, id: &str) {
        if let Some(ids) = lock(&self.0).as_mut() {
            ids.remove(id);
        }
    }
}
