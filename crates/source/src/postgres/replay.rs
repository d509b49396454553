//! From the messages of a transaction to steps, by the forms that the stream has announced.

use super::assemble::Finished;
use super::catalog::facts::UnitFacts;
use super::catalog::shapes;
use super::catalog::watch::Watch;
use super::pgoutput::{Action, Cell, Relation, action};
use super::position::Lsn;
use super::rows::{MappedColumn, RowError, RowMap, Shape};
use super::spool::Spool;
use super::step::{Step, Upstream, What};
use super::value::{Kind, Types, kind};
use crate::error::code;
use crate::settings::{OnError, PostgresSettings};
use crate::{ErrorKind, SourceError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The forms of the tables' rows, as the stream announced them last.
#[derive(Debug, Default)]
pub(super) struct Forms {
    followed: BTreeMap<u32, Form>,
    /// The types that columns have or had.
    types: Types,
    /// Units whose stored rows are no longer what they are: changes came while nobody knew what to make of them.
    pub missed: BTreeSet<u32>,
}

/// The form of one unit's rows.
#[derive(Debug)]
struct Form {
    shape: Arc<Shape>,
    /// `None` if it lacks what the settings name, or does not say which row.
    map: Option<RowMap>,
}

/// What forms are made with.
pub(super) struct Context<'a> {
    pub watch: &'a Watch,
    pub settings: &'a PostgresSettings,
    /// The roots of units that are gone from the catalogs and not yet from the stream.
    pub gone: &'a BTreeMap<u32, u32>,
    /// Units of which rows are stored.
    pub stored: &'a BTreeMap<u32, UnitFacts>,
}

impl Context<'_> {
    fn shape(&self, oid: u32) -> Option<&Arc<Shape>> {
        let gone = || self.watch.shapes.get(self.gone.get(&oid)?);
        self.watch.shape(oid).or_else(gone)
    }
}

impl Forms {
    /// Takes note of the types that there are now; those that columns had before stay known.
    pub fn learn(&mut self, types: &Types) {
        self.types.extend(types.iter().map(|(oid, facts)| (*oid, facts.clone())));
    }

    /// What a transaction did to the rows that are followed.
    ///
    /// # Errors
    /// A value that cannot be taken exactly, unless such rows are set aside; a transaction beyond the limit.
    pub fn replay(&mut self, finished: Finished, context: &Context<'_>) -> Result<Upstream, SourceError> {
        let Finished { xid, spool, committed } = finished;
        let Spool { in_parts, .. } = spool;
        let (mut steps, max) = (Vec::new(), context.settings.limits.changes_max);
        spool.replay(|message| {
            self.step(action(message, in_parts)?, context, &mut steps)?;
            if steps.len() > max {
                let table = steps.last().map(|step| step.shape.name.clone()).unwrap_or_default();
                return Err(too_large(max, &table));
            }
            Ok(())
        })?;
        let transaction = context.watch.last.seen.widen(xid);
        Ok(Upstream { transaction, end: Lsn(committed.end), timestamp: committed.timestamp, steps })
    }

    /// Changes of tables that are sent and not followed are left out.
    fn step(
        &mut self,
        action: Action<'_>,
        context: &Context<'_>,
        out: &mut Vec<Step>,
    ) -> Result<(), SourceError> {
        match action {
            Action::Relation(relation) => self.relation(&relation, context),
            Action::Insert { table, new } => self.put(table, None, &new, context, out)?,
            Action::Update { table, old, new } => self.put(table, old.as_deref(), &new, context, out)?,
            Action::Delete { table, old } => self.delete(table, &old, context, out),
            Action::Truncate { tables } => {
                for unit in tables {
                    match self.followed.get(&unit) {
                        Some(form) => {
                            out.push(Step { unit, shape: form.shape.clone(), what: What::Truncate });
                        }
                        None => self.miss(unit, context),
                    }
                }
            }
            Action::Other => {}
        }
        Ok(())
    }

    fn relation(&mut self, relation: &Relation, context: &Context<'_>) {
        let Some(shape) = context.shape(relation.oid).cloned() else {
            self.followed.remove(&relation.oid);
            return;
        };
        let identifies =
            |name: &String| relation.columns.iter().any(|column| column.identifies && column.name == *name);
        let infinity = shapes::instead(context.settings);
        let columns = relation.columns.iter().map(|column| MappedColumn {
            name: column.name.as_str().into(),
            kind: if shape.texts.contains(&column.name) {
                Kind::Text
            } else {
                kind(&self.types, column.kind, column.modifier, infinity)
            },
        });
        let map = RowMap::new(&shape, columns.collect()).ok();
        let map = map.filter(|_| shape.key.iter().all(identifies));
        self.followed.insert(relation.oid, Form { shape, map });
    }

    /// Takes note of a change that nothing can be made of.
    fn miss(&mut self, unit: u32, context: &Context<'_>) {
        if context.stored.contains_key(&unit) && !context.gone.contains_key(&unit) {
            self.missed.insert(unit);
        }
    }

    fn put(
        &mut self,
        unit: u32,
        old: Option<&[Cell<'_>]>,
        new: &[Cell<'_>],
        context: &Context<'_>,
        out: &mut Vec<Step>,
    ) -> Result<(), SourceError> {
        let Some(form) = self.followed.get(&unit) else {
            self.miss(unit, context);
            return Ok(());
        };
        let shape = form.shape.clone();
        let Some(map) = &form.map else {
            out.push(Step { unit, shape, what: What::Unclear });
            return Ok(());
        };
        let before = old.map(|old| map.key_of(old)).transpose()?;
        let what = match map.row(new, old) {
            Ok(row) => {
                let from = before.filter(|before| *before != row.key);
                What::Put { row: Box::new(row), from }
            }
            Err(RowError::Row(row)) if context.settings.on_error == OnError::Park => {
                let from = before.filter(|before| *before != row.key);
                What::Bad { row, from }
            }
            Err(RowError::Row(row)) => return Err(row.error),
            Err(RowError::Table(error)) => return Err(error),
        };
        out.push(Step { unit, shape, what });
        Ok(())
    }

    fn delete(&mut self, unit: u32, old: &[Cell<'_>], context: &Context<'_>, out: &mut Vec<Step>) {
        let Some(form) = self.followed.get(&unit) else {
            self.miss(unit, context);
            return;
        };
        let key = form.map.as_ref().and_then(|map| map.key_of(old).ok());
        let what = key.map_or(What::Unclear, |key| What::Delete { key });
        out.push(Step { unit, shape: form.shape.clone(), what });
    }
}

fn too_large(max: usize, table: &str) -> SourceError {
    let text = format!(
        "a transaction has more than {max} row changes, the last of them in `{table}`; allow more of them \
         (`limits: {{ changes_max: ... }}` of this source)"
    );
    SourceError::new(ErrorKind::Input, code::LIMIT, text)
}
