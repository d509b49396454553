//! The tables of a stream: from the messages of a transaction to steps, and what happens when a table is altered.

use super::catalog;
use super::failure::altered;
use super::layout::{Column, Position, Table};
use super::map::{Step, TableMap};
use super::pgoutput::{Action, Relation, RelationColumn, action};
use super::session::{Session, connect};
use super::spool::Spool;
use super::value::Types;
use crate::SourceError;
use crate::error::code;
use crate::settings::PostgresSettings;
use std::collections::BTreeMap;

/// See the module.
pub(super) struct Tables {
    /// By the server's number.
    followed: BTreeMap<u32, TableMap>,
    types: Types,
}

impl Tables {
    /// The tables as they were last read; refuses what is no longer there.
    pub fn open(
        position: &Position,
        settings: &PostgresSettings,
        session: &mut Session,
    ) -> Result<Self, SourceError> {
        let names = catalog::names(&mut session.connection, position.tables.iter().map(|table| table.oid))?;
        for table in &position.tables {
            let name = table.shown();
            if names.get(&table.oid).is_none_or(|now| *now != name) {
                return Err(altered(format!(
                    "the table `{name}` was dropped, renamed or made anew; {RESET}"
                )));
            }
        }
        let present = session.tables(settings)?;
        let known = |oid| position.tables.iter().any(|table| table.oid == oid);
        if let Some(new) = present.iter().find(|published| !known(published.table.oid)) {
            return Err(added(&new.table.shown()));
        }
        let types = std::mem::take(&mut session.types);
        let mut followed = BTreeMap::new();
        for table in &position.tables {
            let map = TableMap::new(table.clone(), settings, &types).map_err(altered)?;
            followed.insert(table.oid, map);
        }
        Ok(Self { followed, types })
    }

    /// The tables in the form in which they were last read.
    pub fn layout(&self) -> Vec<Table> {
        self.followed.values().map(|map| map.table.clone()).collect()
    }

    /// What a transaction did to the elements.
    pub fn steps(&mut self, spool: Spool, settings: &PostgresSettings) -> Result<Vec<Step>, SourceError> {
        let (mut steps, mut changes, in_parts) = (Vec::new(), 0, spool.in_parts);
        spool.replay(|message| {
            self.step(action(message, in_parts)?, settings, &mut steps)?;
            changes += 1;
            let max = settings.limits.changes_max;
            if changes > max {
                let text = format!(
                    "a transaction has more than {max} changes (`limits.changes_max`); allow more of them"
                );
                return Err(SourceError::new(crate::ErrorKind::Input, code::LIMIT, text));
            }
            Ok(())
        })?;
        Ok(steps)
    }

    /// Tables that are sent and not named in the settings are no part of the source.
    fn step(
        &mut self,
        action: Action<'_>,
        settings: &PostgresSettings,
        out: &mut Vec<Step>,
    ) -> Result<(), SourceError> {
        match action {
            Action::Relation(relation) => return self.relation(&relation, settings),
            Action::Insert { table, new } => {
                self.followed.get(&table).map_or(Ok(()), |map| map.insert(&new, out))?;
            }
            Action::Update { table, old, new } => {
                self.followed.get(&table).map_or(Ok(()), |map| map.update(old.as_deref(), &new, out))?;
            }
            Action::Delete { table, old } => {
                self.followed.get(&table).map_or(Ok(()), |map| map.delete(&old, out))?;
            }
            Action::Truncate { tables } => {
                tables.iter().filter_map(|table| self.followed.get(table)).for_each(|map| map.truncate(out));
            }
            Action::Other => {}
        }
        Ok(())
    }

    /// Compares a table with what was last read of it.
    fn relation(&mut self, relation: &Relation, settings: &PostgresSettings) -> Result<(), SourceError> {
        let name = format!("{}.{}", relation.schema, relation.name);
        let Some(map) = self.followed.get(&relation.oid) else {
            if self.followed.values().any(|map| map.table.shown() == name) {
                return Err(altered(format!("the table `{name}` was made anew; {RESET}")));
            }
            return if settings.tables.is_empty() { Err(added(&name)) } else { Ok(()) };
        };
        let table = &map.table;
        if table.shown() != name {
            let old = table.shown();
            return Err(altered(format!("the table `{old}` is named `{name}` now; {RESET}")));
        }
        let identifies =
            |key: &String| relation.columns.iter().any(|column| column.name == *key && column.identifies);
        if let Some(missing) = table.key.iter().find(|key| !identifies(key)) {
            return Err(altered(format!(
                "the replica identity of `{name}` no longer has `{missing}`, which is in its key here; {RESET}"
            )));
        }
        if !is_altered(table, relation)? {
            return Ok(());
        }
        let columns = relation.columns.iter().map(column).collect();
        let table = Table { columns, ..table.clone() };
        self.added_columns(relation, settings)?;
        let map = TableMap::new(table, settings, &self.types).map_err(altered)?;
        self.followed.insert(relation.oid, map);
        Ok(())
    }

    /// Columns that were added: followed where old rows have nothing in them, since nobody sends what they have.
    fn added_columns(&mut self, relation: &Relation, settings: &PostgresSettings) -> Result<(), SourceError> {
        let known = &self.followed[&relation.oid].table.columns;
        let is_new = |column: &&RelationColumn| !known.iter().any(|known| known.name == column.name);
        let new: Vec<&RelationColumn> = relation.columns.iter().filter(is_new).collect();
        if new.is_empty() {
            return Ok(());
        }
        // This connection is busy with the stream.
        let mut connection = connect(settings)?;
        let empty = catalog::empty_columns(&mut connection, relation.oid)?;
        match new.iter().find(|column| !empty.contains(&column.name)) {
            Some(column) => Err(altered(format!(
                "the column `{}` was added to `{}.{}` with a value for the rows that were there, which is not \
                 sent; {RESET}",
                column.name, relation.schema, relation.name
            ))),
            None => {
                self.types = catalog::types(&mut connection)?;
                Ok(())
            }
        }
    }
}

const RESET: &str = "reset the source to copy its rows anew (`recovery: auto_reset` does so by itself)";

fn added(name: &str) -> SourceError {
    altered(format!("the table `{name}` was added to the publication; {RESET}"))
}

fn column(column: &RelationColumn) -> Column {
    Column { name: column.name.clone(), kind: column.kind, modifier: column.modifier }
}

/// Whether columns were added or moved; refuses what also changed rows that are not sent.
fn is_altered(table: &Table, relation: &Relation) -> Result<bool, SourceError> {
    let now: Vec<Column> = relation.columns.iter().map(column).collect();
    for before in &table.columns {
        let shown = table.shown();
        let name = &before.name;
        let Some(after) = now.iter().find(|column| column.name == *name) else {
            return Err(altered(format!("the column `{name}` of `{shown}` was dropped or renamed; {RESET}")));
        };
        if before.kind != after.kind || !keeps_values(before, after) {
            return Err(altered(format!("the column `{name}` of `{shown}` is of another type now; {RESET}")));
        }
    }
    Ok(now != table.columns)
}

/// Whether values stay what they are under another length or precision.
fn keeps_values(before: &Column, after: &Column) -> bool {
    const VARCHAR: u32 = 1043;
    const NUMERIC: u32 = 1700;
    let (old, new) = (before.modifier, after.modifier);
    match before.kind {
        _ if old == new => true,
        // A shorter one would have been refused by the server where a row is longer.
        VARCHAR => true,
        // The digits after the point are the lower half.
        NUMERIC => old >= 4 && new >= 4 && (old - 4) & 0x7ff == (new - 4) & 0x7ff,
        _ => false,
    }
}
