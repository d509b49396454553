//! What components are made of, as the store keeps it.

use super::Livewell;
use crate::component::definition::{self, Definition};
use crate::{ComponentKind, Error};
use livewell_store::StoreId;
use livewell_store::catalog::{self, Kind};

impl Livewell {
    /// Returns the definition that a component was last added with, even if it is not running.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] for an unknown id, and an error if the store cannot be read.
    pub fn definition(&self, id: &str) -> Result<Definition, Error> {
        definition::stored(&*self.shared.store.snapshot()?, id)
    }

    /// Returns the definitions of all components in the store, in the order in which they were first added.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn definitions(&self) -> Result<Vec<(String, ComponentKind, Definition)>, Error> {
        let entries = catalog::all(&*self.shared.store.snapshot()?)?.into_iter();
        let defined = |entry: catalog::Registered| {
            let kind = match entry.kind {
                Kind::Source => ComponentKind::Source,
                Kind::Query => ComponentKind::Query,
                Kind::Reaction => ComponentKind::Reaction,
                Kind::Bare => return None,
            };
            Some((entry.id.clone(), kind, Definition::read(&entry)?))
        };
        Ok(entries.filter_map(defined).collect())
    }

    /// Returns the random identity of the store.
    pub fn store_id(&self) -> StoreId {
        self.shared.store.id()
    }
}
