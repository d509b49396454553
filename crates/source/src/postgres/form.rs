//! The form of rows as the stream announced it, and the steps that it makes of a message.

use super::pgoutput::{Action, Cell};
use super::rows::{RowError, RowMap, Shape};
use super::step::{Step, What};
use crate::SourceError;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The form of one unit's rows.
#[derive(Debug)]
pub(super) struct Form {
    pub shape: Arc<Shape>,
    /// `None` if a column that the settings name is missing, or if it does not identify rows.
    pub map: Option<RowMap>,
}

/// What is needed to read messages.
pub(super) struct Known<'a> {
    pub followed: &'a BTreeMap<u32, Arc<Form>>,
    /// Whether rows that cannot become elements are set aside; otherwise they are an error.
    pub parks: bool,
}

/// Makes steps of one message; changes of tables that are sent but not followed go to `miss`. Returns whether the
/// message announces a form.
pub(super) fn steps(
    action: Action<'_>,
    known: &Known<'_>,
    out: &mut Vec<Step>,
    mut miss: impl FnMut(u32),
) -> Result<bool, SourceError> {
    let mut with =
        |unit: u32, what: &dyn Fn(&Form) -> Result<What, SourceError>| -> Result<(), SourceError> {
            match known.followed.get(&unit) {
                Some(form) => out.push(Step { unit, shape: form.shape.clone(), what: what(form)? }),
                None => miss(unit),
            }
            Ok(())
        };
    match action {
        Action::Relation(_) => return Ok(true),
        Action::Insert { table, new } => with(table, &|form| form.put(None, &new, known.parks))?,
        Action::Update { table, old, new } => {
            with(table, &|form| form.put(old.as_deref(), &new, known.parks))?;
        }
        Action::Delete { table, old } => with(table, &|form| Ok(form.delete(&old)))?,
        Action::Truncate { tables } => {
            tables.into_iter().try_for_each(|unit| with(unit, &|_| Ok(What::Truncate)))?;
        }
        Action::Other => {}
    }
    Ok(false)
}

impl Form {
    fn put(&self, old: Option<&[Cell<'_>]>, new: &[Cell<'_>], parks: bool) -> Result<What, SourceError> {
        let Some(map) = &self.map else { return Ok(What::Unclear) };
        let before = old.map(|old| map.key_of(old)).transpose()?;
        match map.row(new, old) {
            Ok(row) => {
                let from = before.filter(|before| *before != row.key);
                Ok(What::Put { row: Box::new(row), from })
            }
            Err(RowError::Row(row)) if parks => {
                let from = before.filter(|before| *before != row.key);
                Ok(What::Bad { row, from })
            }
            Err(RowError::Row(row)) => Err(row.error),
            Err(RowError::Table(error)) => Err(error),
        }
    }

    fn delete(&self, old: &[Cell<'_>]) -> What {
        let key = self.map.as_ref().and_then(|map| map.key_of(old).ok());
        key.map_or(What::Unclear, |key| What::Delete { key })
    }
}
