//! Comparing what is stored of a source with its database, without holding all of it in memory.
//!
//! Each table is read in ranges of its key, as a copy reads it, and each row is compared with the stored elements at
//! once (`compare`). A row that differs may only have changed in between, so it is a *suspect*: it is read again until
//! it is the same, or is known to be wrong (`suspects`). For the other direction, stored elements that the database
//! does not have, a count and a sum per bucket of ids say where to look (`buckets`). `reader` has the two sides.

mod buckets;
mod compare;
mod reader;
mod suspects;

use super::catalog::facts::UnitFacts;
use super::catalog::watch::Watch;
use super::copy::range::What;
use super::live::table_prefixes;
use super::notes;
use super::rows::{BadRow, Row, Shape};
use crate::SourceError;
use crate::settings::{PostgresSettings, table_name};
use crate::source::{Patience, Side, Stored};
use buckets::{Buckets, key_of};
use compare::{Expected, differing};
use reader::Reader;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use suspects::Suspect;

/// How many differences are kept in words; all are counted.
const DIFFERENCES_KEPT: usize = 20;
/// How many suspects are gathered before they are read again.
const SUSPECTS_MAX: usize = 10_000;
/// How often a table is begun again because its catalogs changed meanwhile.
const ATTEMPTS_MAX: usize = 5;
/// How many stored elements are read at once.
const PAGE: usize = 1_000;
/// How many rows are read by their keys at once.
const KEYS_MAX: usize = 100;

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// The tables in the order of their names.
    pub tables: Vec<TableVerified>,
    /// The first differences.
    pub differences: Vec<Difference>,
    /// Up to where in the log of the database the source was stored at the end.
    pub position: String,
    /// The last snapshot of the database that was compared with, as `pg_current_snapshot()` prints it.
    pub snapshot: String,
}

/// What the comparison of one table found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableVerified {
    /// Schema and name.
    pub name: String,
    /// How many rows the database has.
    pub rows: u64,
    /// How many of them were set aside, and so are not stored: they have values that cannot be taken exactly, or had when
    /// those that are good now were sent.
    pub parked: u64,
    /// How many elements differ.
    pub differences: u64,
    /// How many rows changed each time they were read, so that they could not be compared.
    pub kept_changing: u64,
    /// How many rows differ and may still come: the source did not get as far as the database while it was waited for.
    pub behind: u64,
    /// Why the table was not compared.
    pub not_compared: Option<String>,
}

/// An element that is not what the database says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Schema and name of its table.
    pub table: String,
    /// Its id.
    pub id: String,
    /// What is stored, as JSON; `None` if nothing is. Of a node that is on both sides, the properties that differ.
    pub stored: Option<String>,
    /// What the database has, in the same way.
    pub database: Option<String>,
}

impl Verified {
    /// How many elements differ in all tables.
    pub fn count(&self) -> u64 {
        self.tables.iter().map(|table| table.differences).sum()
    }

    /// Whether all tables were compared and nothing differs.
    pub fn is_equal(&self) -> bool {
        self.tables
            .iter()
            .all(|table| table.not_compared.is_none() && table.differences == 0 && table.behind == 0)
    }
}

/// Compares what is stored with the database: all followed tables, or the one with this name. `store`: as in
/// [`Database::new`](super::Database::new). `stored` returns what is stored now, so that the source can go on meanwhile,
/// and `parked` the places of all input that is set aside.
///
/// # Errors
/// If the database is out of reach or refuses; if a table is not there or not followed; if the store cannot be read; if
/// patience is over.
pub fn verify(
    settings: &PostgresSettings,
    store: &str,
    table: Option<&str>,
    stored: &dyn Fn() -> Result<Box<dyn Stored>, SourceError>,
    parked: &dyn Fn() -> Result<BTreeSet<String>, SourceError>,
    patience: &dyn Patience,
) -> Result<Verified, SourceError> {
    let known = known(settings, &*stored()?)?;
    let mut watch = Watch::open(settings, store, known)?;
    watch.check_names()?;
    let mut names = watch.names().to_vec();
    if let Some(table) = table {
        let (schema, name) = table_name(table);
        names.retain(|(of, other)| of == schema && other == name);
        if names.is_empty() {
            let names: Vec<String> =
                watch.names().iter().map(|(schema, name)| format!("{schema}.{name}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let advice = crate::suggest::advice(table, &names);
            let text = format!("the source `{}` follows no table `{table}`; {advice}", settings.id);
            return Err(SourceError::settings(text));
        }
    }
    if table.is_none() && settings.tables.is_empty() {
        // New tables of a publication may be left out.
        let is_followed = |(schema, name): &(String, String)| {
            watch.facts.find(schema, name).is_some_and(|(oid, _)| watch.shapes.contains_key(&oid))
        };
        names.retain(is_followed);
    }
    names.sort();
    let mut reader = Reader::new(watch, settings, (stored, parked), patience)?;
    let mut verified = Verified::default();
    for name in names {
        let (table, differences) = verify_table(&mut reader, &name)?;
        verified.tables.push(table);
        let free = DIFFERENCES_KEPT - verified.differences.len();
        verified.differences.extend(differences.into_iter().take(free));
    }
    verified.position = reader.position()?.lsn.to_string();
    verified.snapshot = reader.snapshot.to_string();
    Ok(verified)
}

/// The tables that are followed, if the settings name none.
fn known(
    settings: &PostgresSettings,
    stored: &dyn Stored,
) -> Result<Option<Vec<(String, String)>>, SourceError> {
    let mut names = BTreeSet::new();
    notes::each(stored, notes::FACTS, |_, bytes| {
        names.insert(notes::decode::<UnitFacts>(bytes)?.root_name);
        Ok(())
    })?;
    let is_open = settings.tables.is_empty();
    Ok((is_open && !names.is_empty()).then(|| names.into_iter().collect()))
}

/// What ends the comparison of a table early.
enum Halt {
    /// The catalogs are not what they were: the table is begun again.
    Changed,
    /// It cannot be compared now, and why.
    NotNow(String),
    Failed(SourceError),
}

impl From<SourceError> for Halt {
    fn from(error: SourceError) -> Self {
        Self::Failed(error)
    }
}

fn verify_table(
    reader: &mut Reader<'_>,
    (schema, name): &(String, String),
) -> Result<(TableVerified, Vec<Difference>), SourceError> {
    let shown = format!("{schema}.{name}");
    let not_compared = |why: String| {
        let name = shown.clone();
        Ok((TableVerified { name, not_compared: Some(why), ..TableVerified::default() }, Vec::new()))
    };
    for _ in 0..ATTEMPTS_MAX {
        let root = reader.watch.facts.find(schema, name).map(|(oid, _)| oid);
        let shape = root.and_then(|root| Some((root, reader.watch.shapes.get(&root)?.clone())));
        let Some((root, shape)) = shape else { return not_compared("it is not followed".into()) };
        let mut check = TableCheck::new(reader, root, shape);
        match check.run() {
            Ok(()) => return Ok((check.table, check.differences)),
            Err(Halt::NotNow(why)) => return not_compared(why),
            Err(Halt::Failed(error)) => return Err(error),
            Err(Halt::Changed) => drop(reader.watch.look()?),
        }
    }
    not_compared("its catalogs changed each time it was read".into())
}

/// The comparison of one table.
struct TableCheck<'a, 'b> {
    reader: &'a mut Reader<'b>,
    root: u32,
    shape: Arc<Shape>,
    units: Vec<u32>,
    /// The ids of the elements that the database has.
    met: Buckets,
    /// Rows that differed when they were last compared.
    suspects: BTreeMap<String, Suspect>,
    /// Keys that the database does not have, and whose elements were counted as differences.
    counted: BTreeSet<String>,
    table: TableVerified,
    differences: Vec<Difference>,
}

impl<'a, 'b> TableCheck<'a, 'b> {
    fn new(reader: &'a mut Reader<'b>, root: u32, shape: Arc<Shape>) -> Self {
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

    fn run(&mut self) -> Result<(), Halt> {
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

    /// The elements that a row makes, and those that it could make and does not.
    fn expected(&self, row: &Result<Row, BadRow>) -> Result<Expected, Halt> {
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

    /// Calls `each` with the ids of the table's stored elements, page by page, each as they are then.
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

    fn add_difference(&mut self, difference: Difference) {
        self.table.differences += 1;
        if self.differences.len() < DIFFERENCES_KEPT {
            self.differences.push(difference);
        }
    }
}

/// The key of a row, as text and as the texts of its columns.
fn key_and_cells(row: &Result<Row, BadRow>) -> (&str, &[String]) {
    match row {
        Ok(row) => (&row.key, &row.cells),
        Err(bad) => (&bad.key, &bad.cells),
    }
}
