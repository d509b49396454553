//! Components that begin again, and the checks before that.

use super::Livewell;
use crate::Error;
use crate::component::Component;
use crate::component::lock::lock;
use crate::component::state::State;
use crate::source::upstream;
use std::sync::Arc;

impl Livewell {
    /// Rebuilds a query, brings a reaction to the live results, or reads a file source again (as a new epoch, which its
    /// followers handle by their recovery policies). A component in error runs again.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] for an unknown id; [`crate::ErrorKind::Invalid`] for a source that is
    /// sent to and is not in error.
    pub fn reset(&self, id: &str) -> Result<(), Error> {
        let component = self.resettable(id)?;
        self.shared.measures.reset(component.kind);
        component.ask_reset(None);
        Ok(())
    }

    /// Copies some tables of a source again, and emits what differs, while the others continue.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] for an unknown id; [`crate::ErrorKind::Invalid`] if the source has no
    /// tables, or does not follow one of these. Nothing is copied then.
    pub fn reset_tables<T: AsRef<str>>(&self, id: &str, tables: &[T]) -> Result<(), Error> {
        let component = self.with_tables(id, tables)?;
        self.shared.measures.reset(component.kind);
        tables.iter().for_each(|table| component.ask_reset(Some(table.as_ref())));
        Ok(())
    }

    /// Copies one table of a source again, as [`Livewell::reset_tables`] does.
    ///
    /// # Errors
    /// Returns the errors of [`Livewell::reset_tables`].
    pub fn reset_table(&self, id: &str, table: &str) -> Result<(), Error> {
        self.reset_tables(id, &[table])
    }

    /// Checks whether [`Livewell::reset`], or with tables [`Livewell::reset_tables`], would be refused, and does nothing.
    ///
    /// # Errors
    /// Returns the errors of these.
    pub fn check_reset<T: AsRef<str>>(&self, id: &str, tables: &[T]) -> Result<(), Error> {
        if tables.is_empty() { self.resettable(id).map(drop) } else { self.with_tables(id, tables).map(drop) }
    }

    /// Returns the component, if it can begin again.
    fn resettable(&self, id: &str) -> Result<Arc<Component>, Error> {
        let component = self.shared.component(id)?;
        let is_sent_to = lock(&self.handles).contains_key(id);
        if is_sent_to && component.state() != State::Error {
            return Err(Error::nothing_to_read(id));
        }
        Ok(component)
    }

    /// Returns the source, if it follows these tables.
    fn with_tables<T: AsRef<str>>(&self, id: &str, tables: &[T]) -> Result<Arc<Component>, Error> {
        let component = self.shared.source(id)?;
        let other_side = lock(&self.other_sides).get(id).cloned().ok_or_else(|| {
            let message =
                format!("`{id}` has no tables that can be copied one by one; reset it without naming tables");
            Error::invalid("LW0538", message)
        })?;
        for table in tables {
            upstream::check_table(&self.shared, &component, &*other_side, table.as_ref())?;
        }
        Ok(component)
    }
}
