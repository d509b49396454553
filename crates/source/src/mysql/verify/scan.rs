//! Reads a table in a snapshot, and what is stored at its place in the log or behind it.

use super::super::catalog::Table;
use super::super::copy::select;
use super::super::failure::{not_understood, refused};
use super::super::kind::Column;
use super::super::live::place;
use super::super::mapping::{Mapping, Row};
use super::super::notes;
use super::super::position::{Place, Position};
use super::super::session::Session;
use super::super::value::Cell;
use super::buckets::{Buckets, bucket};
use super::suspects::Suspects;
use crate::SourceError;
use crate::pages::Elements;
use crate::source::{Here, POSITION, Side, Stored};
use crate::verified::TableVerified;
use livewell_model::{Element, ElementId, SmolStr};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

const WHAT: &str = "to compare a table";
/// How long to wait for the source to reach a place.
const REACH_MAX: Duration = Duration::from_secs(60);
/// How many elements may be suspect before the comparison of a table is given up.
const SUSPECTS_MAX: usize = 10_000;

/// A table that is compared.
pub(super) struct Scan<'a> {
    pub session: &'a mut Session,
    pub table: &'a Table,
    pub mapping: &'a Mapping,
    pub here: &'a Here<'a>,
    pub source: &'a str,
}

/// What ends the comparison of a table early.
pub(super) enum Halt {
    /// It cannot be compared now, with the reason.
    NotNow(String),
    Failed(SourceError),
}

impl From<SourceError> for Halt {
    fn from(error: SourceError) -> Self {
        Self::Failed(error)
    }
}

/// What one row becomes: an element for each id, `None` for a relationship that it does not have, or for all of a row
/// that cannot become one. The last is whether it cannot.
type Expected = (Vec<(ElementId, Option<Element>)>, Option<String>);

impl Scan<'_> {
    /// Takes a snapshot and waits until the source has stored its place; returns that place and what is stored then.
    pub fn begin(&mut self) -> Result<(Place, Box<dyn Stored>), Halt> {
        self.session.connection.query("ROLLBACK", WHAT)?;
        let (at, _) = self.session.snapshot()?;
        let began = Instant::now();
        loop {
            self.check_patience()?;
            let view = (self.here.stored)()?;
            if !view.has_base() || view.note(notes::OWED)?.is_some() {
                return Err(Halt::NotNow("it is being copied".into()));
            }
            if is_past(&*view, &at)? {
                return Ok((at, view));
            }
            if began.elapsed() > REACH_MAX {
                return Err(Halt::NotNow("the source did not catch up with the database in time".into()));
            }
            drop(view);
            self.session.connection.query("SELECT SLEEP(0.05)", WHAT)?;
        }
    }

    /// Compares every row, and finds what is stored and in no row.
    pub fn all(
        &mut self,
        view: &dyn Stored,
        found: &mut TableVerified,
        suspects: &mut Suspects,
    ) -> Result<(), Halt> {
        let (mut there, mut here) = (Buckets::default(), Buckets::default());
        let parked = (self.here.parked)()?;
        (found.rows, found.parked) = (0, 0);
        self.rows(|expected, bad| {
            found.rows += 1;
            found.parked += u64::from(bad.is_some_and(|place| parked.contains(&place)));
            for (id, element) in expected {
                if element.is_some() {
                    there.add(&id.id);
                }
                let stored = view.element(Side::Live, &id.id)?;
                if stored != element {
                    suspects.note(&id.id, element, stored);
                }
            }
            check_number(suspects)
        })?;
        self.stored(view, |element| {
            here.add(&element.id().id);
            Ok(())
        })?;
        let unlike = here.unlike(&there);
        if unlike.is_empty() {
            return Ok(());
        }
        let known = self.ids_in(&unlike)?;
        self.stored(view, |element| {
            let id = element.id().id.clone();
            if unlike.contains(&bucket(&id)) && !known.contains(&id) {
                suspects.note(&id, None, Some(element));
            }
            check_number(suspects)
        })
    }

    /// Compares the suspects again.
    pub fn again(&mut self, view: &dyn Stored, suspects: &mut Suspects) -> Result<(), Halt> {
        let mut there: HashMap<SmolStr, Element> = HashMap::new();
        self.rows(|expected, _| {
            for (id, element) in expected {
                if let Some(element) = element.filter(|_| suspects.contains(&id.id)) {
                    there.insert(id.id, element);
                }
            }
            Ok(())
        })?;
        let ids: Vec<SmolStr> = suspects.ids().cloned().collect();
        for id in ids {
            let stored = view.element(Side::Live, &id)?;
            suspects.note(&id, there.remove(&id), stored);
        }
        Ok(())
    }

    fn ids_in(&mut self, buckets: &HashSet<u64>) -> Result<BTreeSet<SmolStr>, Halt> {
        let mut ids = BTreeSet::new();
        self.rows(|expected, _| {
            let there = expected
                .into_iter()
                .filter(|(id, element)| element.is_some() && buckets.contains(&bucket(&id.id)));
            ids.extend(there.map(|(id, _)| id.id));
            Ok(())
        })?;
        Ok(ids)
    }

    /// Reads all rows; of one that cannot become elements also the place under which it is set aside.
    fn rows(
        &mut self,
        mut each: impl FnMut(Vec<(ElementId, Option<Element>)>, Option<String>) -> Result<(), Halt>,
    ) -> Result<(), Halt> {
        let columns = self.session.connection.start(&select(self.table), WHAT)?;
        let columns = columns.ok_or_else(|| not_understood("a table has no rows"))?;
        let mut result = Ok(());
        // All rows are read, also after an error: the connection is used again.
        while let Some(row) = self.session.connection.row(columns, WHAT)? {
            if result.is_ok() {
                self.check_patience()?;
                let cells = self.table.columns.iter().zip(&row);
                let cells: Result<Vec<Cell>, _> = cells
                    .map(|(column, value): (&Column, _)| Cell::selected(column, value.as_deref()))
                    .collect();
                let (expected, bad) = self.expected(&cells.map_err(not_understood)?)?;
                result = each(expected, bad);
            }
        }
        result
    }

    fn expected(&self, cells: &[Cell]) -> Result<Expected, SourceError> {
        Ok(match self.mapping.row(cells)? {
            Ok(Row { node, links, .. }) => {
                let links = links.into_iter().map(|(id, link)| (id, link.map(Element::from)));
                ([(node.id.clone(), Some(node.into()))].into_iter().chain(links).collect(), None)
            }
            Err(bad) => {
                let ids = self.mapping.ids(&bad.key)?.into_iter().map(|id| (id, None)).collect();
                (ids, Some(place(&bad)))
            }
        })
    }

    /// Reads the stored elements of the table.
    fn stored(
        &self,
        view: &dyn Stored,
        mut each: impl FnMut(Element) -> Result<(), Halt>,
    ) -> Result<(), Halt> {
        for prefix in self.mapping.prefixes() {
            let mut elements = Elements::of(Side::Live, prefix);
            while let Some(element) = elements.next(view)? {
                self.check_patience()?;
                each(element)?;
            }
        }
        Ok(())
    }

    fn check_patience(&self) -> Result<(), SourceError> {
        if self.here.patience.is_over() {
            let id = self.source;
            return Err(refused(format!(
                "the comparison of `{id}` was ended, since it is being stopped or nobody waits for it; verify it again \
                 once it has caught up"
            )));
        }
        Ok(())
    }
}

fn check_number(suspects: &Suspects) -> Result<(), Halt> {
    match suspects.len() > SUSPECTS_MAX {
        true => Err(Halt::NotNow(format!("more than {SUSPECTS_MAX} elements differ"))),
        false => Ok(()),
    }
}

/// Returns whether the source has stored everything up to a place.
fn is_past(view: &dyn Stored, at: &Place) -> Result<bool, SourceError> {
    let Some(bytes) = view.note(POSITION)?.filter(|bytes| !bytes.is_empty()) else { return Ok(false) };
    let now = Position::decode(&bytes)?.place;
    Ok((file_number(&now.file), now.offset) >= (file_number(&at.file), at.offset))
}

/// Returns the number at the end of a file's name.
fn file_number(name: &str) -> u64 {
    name.rsplit_once('.').and_then(|(_, number)| number.parse().ok()).unwrap_or(0)
}
