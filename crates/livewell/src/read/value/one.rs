//! One value of a query's parameters.

use crate::Error;
use crate::component::definition;
use crate::read::value::part::Parts;
use crate::read::value::values::Values;
use livewell_model::diff::Columns;
use livewell_query::{Engine, ForEach};
use livewell_store::Snapshot;

/// A value, and how its rows are found and shown.
#[derive(Debug)]
pub(crate) struct One {
    /// Bytes that are those of this value alone.
    pub(crate) key: Vec<u8>,
    pub(crate) parts: Parts,
}

impl One {
    /// Finds the value that `values` names in `query`.
    ///
    /// # Errors
    /// Returns the errors of [`Values::of_query`].
    pub(crate) fn of(query: &str, for_each: Option<&ForEach>, values: &Values) -> Result<Self, Error> {
        let values = values.of_query(query, for_each)?;
        let for_each = for_each.ok_or_else(|| Error::not_found(query))?;
        Ok(Self { key: for_each.key(&values), parts: Parts::of(for_each) })
    }

    /// Returns the row of the value if nothing has it.
    pub(crate) fn nothing(&self) -> Option<(u64, Columns)> {
        self.parts.nothing(&self.key)
    }
}

/// Returns how the rows of a stored query are dealt out by value; `None` if they are not.
pub(crate) fn for_each(snapshot: &dyn Snapshot, query: &str) -> Result<Option<ForEach>, Error> {
    let (_, query) = definition::find(snapshot, query)?;
    if query.for_each.is_empty() {
        return Ok(None);
    }
    let engine = Engine::compile_with(&query.cypher, &query.params, &query.engine_settings())?;
    Ok(engine.for_each().cloned())
}
