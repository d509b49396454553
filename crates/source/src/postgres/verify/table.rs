//! Compares one table: its rows with what is stored, then what is stored with its rows.

use super::buckets::{self, Buckets, key_of};
use super::compare::{self, Expected, differing};
use super::halt::Halt;
use super::reader::Reader;
use super::suspect::Suspect;
use crate::postgres::copy::range::What;
use crate::postgres::live::table_prefixes;
use crate::postgres::rows::{BadRow, Row, Shape};
use crate::source::Side;
use crate::verified::{Difference, TableVerified};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many differences are described; all are counted.
pub(super) const DIFFERENCES_KEPT: usize = 20;
/// How many suspects are gathered before they are read again.
const SUSPECTS_MAX: usize = 10_000;
/// How many stored elements are read at once.
const PAGE: usize = 1_000;
/// How many rows are read by their keys at once.
pub(super) const KEYS_MAX: usize = 100;

/// The comparison of one table.
pub(super) struct TableCheck<'a, 'b> {
    pub reader: &'a mut Reader<'b>,
    pub root: u32,
    pub shape: Arc<Shape>,
    pub units: Vec<u32>,
    /// The ids of the elements that the database has.
    pub met: Buckets,
    /// Rows that differed when they were last compared.
    pub suspects: BTreeMap<String, Suspect>,
    /// Keys that the database does not have, and whose elements were counted as differences.
    pub counted: BTreeSet<String>,
    pub table: TableVerified,
    pub differences: Vec<Difference>,
}

impl<'a, 'b> TableCheck<'a, 'b> {
    pub fn new(reader: &'a mut Reader<'b>, root: u32, shape: Arc<Shape>) -> Self {
        let units = reader.watch.facts.units(root);
        let table = TableVerified { name: shape.name.clone(), ..TableVerified::default() };
        Self {
            reader,
            root,
            shape,
            units,
            met: Buckets::default(),
            suspects: BTreeMap::new(),
            counted: BTreeSet::new(),
            table,
            differences: Vec::new(),
        }
    }

    pub fn run(&mut self) -> Result<(), Halt> {
        let view = self.reader.view()?;
        self.reader.check_rest(&*view, self.root, &self.units)?;
        drop(view);
        for unit in self.units.clone() {
            self.rows_of(unit)?;
        }
        self.resolve()?;
        self.stored_without_a_row()?;
        self.resolve()?;
        let view = self.reader.view()?;
        self.reader.check_rest(&*view, self.root, &self.units).map(drop)
    }

    /// Compares the rows of a unit with what is stored.
    fn rows_of(&mut self, unit: u32) -> Result<(), Halt> {
        self.reader.begin_unit();
        let mut after: Option<Vec<String>> = None;
        loop {
            let range = self.reader.range(unit, Vec::new(), after.as_deref())?;
            let view = self.reader.view()?;
            for row in &range.rows {
                let expected = self.expected(row)?;
                self.table.rows += 1;
                self.table.parked += u64::from(row.is_err());
                let present = expected.iter().filter(|(_, element)| element.is_some());
                present.for_each(|(id, _)| self.met.add(&id.id));
                if !differing(&*view, &expected)?.is_empty() {
                    let (key, cells) = key_and_cells(row);
                    self.suspects.insert(key.to_owned(), Suspect::new(cells.to_vec()));
                }
            }
            drop(view);
            if self.suspects.len() >= SUSPECTS_MAX {
                self.resolve()?;
            }
            match range.what {
                What::After { last: Some(last), is_last: false } => after = Some(last),
                What::After { .. } | What::Again(_) => return Ok(()),
            }
        }
    }

    /// Returns the elements that a row becomes, and those that it could become and does not.
    pub fn expected(&self, row: &Result<Row, BadRow>) -> Result<Expected, Halt> {
        Ok(match row {
            Ok(row) => compare::expected(row),
            Err(bad) => compare::nothing(&self.shape, &bad.key)?,
        })
    }

    /// Finds stored elements whose rows the database does not have.
    fn stored_without_a_row(&mut self) -> Result<(), Halt> {
        let mut held = Buckets::default();
        self.each_page(|_, ids| {
            ids.iter().for_each(|id| held.add(id));
            Ok(())
        })?;
        let different = self.met.different(&held);
        if different.is_empty() {
            return Ok(());
        }
        self.each_page(|check, ids| {
            let mut keys = BTreeMap::new();
            for id in ids.into_iter().filter(|id| different.contains(&buckets::of(id))) {
                match key_of(&check.shape, &id) {
                    Some((key, cells)) => drop(keys.insert(key, cells)),
                    // No row of the table has such an element.
                    None => check.add_difference(Difference {
                        table: check.shape.name.clone(),
                        stored: Some("an element that no row of the table has".into()),
                        database: None,
                        id,
                    }),
                }
            }
            keys.retain(|key, _| !check.counted.contains(key));
            let keys: Vec<(String, Vec<String>)> = keys.into_iter().collect();
            for keys in keys.chunks(KEYS_MAX) {
                let rows = check.rows_with(keys)?.rows;
                let gone = keys.iter().filter(|(key, _)| !rows.contains_key(key));
                let gone = gone.map(|(key, cells)| (key.clone(), Suspect::new(cells.clone())));
                check.suspects.extend(gone);
            }
            if check.suspects.len() >= SUSPECTS_MAX { check.resolve() } else { Ok(()) }
        })
    }

    /// Calls `each` with the ids of the table's stored elements, page by page, each page as it is then.
    fn each_page(
        &mut self,
        mut each: impl FnMut(&mut Self, Vec<String>) -> Result<(), Halt>,
    ) -> Result<(), Halt> {
        for prefix in table_prefixes(&self.shape) {
            let mut after: Option<String> = None;
            loop {
                self.reader.check_patience()?;
                let page = self.reader.view()?.elements(Side::Live, &prefix, after.as_deref(), PAGE)?;
                let Some(last) = page.last() else { break };
                after = Some(last.id().id.to_string());
                each(self, page.iter().map(|element| element.id().id.to_string()).collect())?;
            }
        }
        Ok(())
    }

    pub fn add_difference(&mut self, difference: Difference) {
        self.table.differences += 1;
        if self.differences.len() < DIFFERENCES_KEPT {
            self.differences.push(difference);
        }
    }
}

/// Returns the key of a row, as text and as the texts of its columns.
pub(super) fn key_and_cells(row: &Result<Row, BadRow>) -> (&str, &[String]) {
    match row {
        Ok(row) => (&row.key, &row.cells),
        Err(bad) => (&bad.key, &bad.cells),
    }
}
