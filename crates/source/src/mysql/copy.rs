//! A copy of all tables in one snapshot, which equals a place in the log.
//!
//! It ends with its session, so one that is interrupted begins again. The log is asked for from that place at once: the
//! server keeps what a reader has before it.

use super::catalog::Table;
use super::failure::{not_understood, refused, unreachable};
use super::live::{park, place};
use super::log::{Groups, Received, Stream};
use super::mapping::{BadRow, Mapping, Row, mappings};
use super::notes;
use super::position::Position;
use super::session::{Session, address};
use super::value::Cell;
use crate::SourceError;
use crate::difference::compare;
use crate::settings::{MysqlSettings, OnError};
use crate::source::{Commit, CopyReport, POSITION, Patience, Read, ReadLimits, Report};
use livewell_model::{Element, Timestamp};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const WHAT: &str = "to read a table";

/// A copy in progress.
pub(super) struct Copying {
    pub session: Session,
    pub stream: Stream,
    pub groups: Groups,
    pub mappings: Vec<Mapping>,
    parks: bool,
    /// When the snapshot was taken.
    taken: Timestamp,
    /// The table that is being read, and how many columns its rows have once it has begun.
    table: usize,
    columns: Option<usize>,
    stage: Stage,
    page: Vec<Result<Row, BadRow>>,
    rows: u64,
    begun: Instant,
}

/// How far the copy is in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Begun,
    /// All rows are staged.
    Read,
    Ended,
}

impl Copying {
    /// Takes a snapshot and reads the catalogs, in this order: what alters a table in between is behind the snapshot's
    /// place in the log, and is noticed there.
    pub fn begin(settings: &MysqlSettings, reader: u32) -> Result<Self, SourceError> {
        let mut session = Session::open(settings)?;
        session.check_log()?;
        let (place, taken) = session.snapshot()?;
        let (tables, mappings) = look(settings, &mut session)?;
        let transactions = session.transactions_at(&place)?;
        let transactions =
            transactions.ok_or_else(|| not_understood("a snapshot has no place in the log"))?;
        let stream = Stream::open(settings, reader, &place)?;
        let position = Position { place, server: session.server, transactions, ..Position::default() };
        let groups = Groups::new(position, tables, settings.limits);
        Ok(Self {
            session,
            stream,
            groups,
            mappings,
            parks: settings.on_error == OnError::Park,
            taken,
            table: 0,
            columns: None,
            stage: Stage::New,
            page: Vec::new(),
            rows: 0,
            begun: Instant::now(),
        })
    }

    /// Returns whether the copy is what queries see.
    pub fn is_ended(&self) -> bool {
        self.stage == Stage::Ended
    }

    /// Reads the next rows.
    pub fn read(
        &mut self,
        limits: ReadLimits,
        wait: Duration,
        patience: &dyn Patience,
    ) -> Result<Read, SourceError> {
        if self.stage == Stage::Begun {
            self.page(limits, wait, patience)?;
            if self.page.is_empty() && self.table == self.mappings.len() {
                self.prove(patience)?;
                self.stage = Stage::Read;
            }
        }
        let has_work = self.stage != Stage::Begun || !self.page.is_empty();
        Ok(Read { has_work, is_busy: true, caught_up: false, rest: None })
    }

    fn page(
        &mut self,
        limits: ReadLimits,
        wait: Duration,
        patience: &dyn Patience,
    ) -> Result<(), SourceError> {
        let (began, mut bytes) = (Instant::now(), 0);
        while self.table < self.mappings.len() && self.page.len() < limits.elements && bytes < limits.bytes {
            if patience.is_over() || began.elapsed() > wait {
                break;
            }
            let (table, mapping) = (&self.groups.tables()[self.table], &self.mappings[self.table]);
            let columns = match self.columns {
                Some(columns) => columns,
                None => {
                    self.session.connection.query("SAVEPOINT livewell", WHAT)?;
                    let columns = self.session.connection.start(&select(table), WHAT)?;
                    *self.columns.insert(columns.ok_or_else(|| not_understood("a table has no rows"))?)
                }
            };
            let Some(row) = self.session.connection.row(columns, WHAT)? else {
                (self.table, self.columns) = (self.table + 1, None);
                // Nobody has to wait any longer to alter the table.
                self.session.connection.query("ROLLBACK TO SAVEPOINT livewell", WHAT)?;
                continue;
            };
            let cells = table.columns.iter().zip(&row).map(|(column, value)| {
                bytes += value.as_ref().map_or(0, |value| value.len());
                Cell::selected(column, value.as_deref()).map_err(not_understood)
            });
            let cells = cells.collect::<Result<Vec<_>, _>>()?;
            self.page.push(mapping.row(&cells)?);
        }
        Ok(())
    }

    /// Waits until the server has said when it began the file of the snapshot's place.
    fn prove(&mut self, patience: &dyn Patience) -> Result<(), SourceError> {
        const LONGEST: Duration = Duration::from_secs(20);
        let began = Instant::now();
        while !self.groups.is_proved() {
            if patience.is_over() || began.elapsed() > LONGEST {
                return Err(unreachable("it does not send its log"));
            }
            if let Received::Event(event) = self.stream.next(Duration::from_millis(100))?
                && self.groups.take(&event)?.is_some()
            {
                return Err(not_understood("its log begins without its format"));
            }
        }
        Ok(())
    }

    /// Writes what was read: first that a copy begins, then its rows, at last that it has ended.
    pub fn take_in(&mut self, commit: &mut dyn Commit) -> Result<(), SourceError> {
        match self.stage {
            Stage::New => {
                commit.begin_stage()?;
                commit.put_note(notes::OWED, Some(vec![1]));
                self.stage = Stage::Begun;
            }
            Stage::Begun => {
                for row in std::mem::take(&mut self.page) {
                    self.rows += 1;
                    self.stage_row(commit, row)?;
                }
            }
            Stage::Read => self.end(commit)?,
            Stage::Ended => {}
        }
        Ok(())
    }

    fn stage_row(&self, commit: &mut dyn Commit, row: Result<Row, BadRow>) -> Result<(), SourceError> {
        match row {
            Ok(Row { node, links, .. }) => {
                let node = Element::from(node);
                commit.stage(&node.id().id.clone(), Some(&node), self.taken)?;
                for (id, link) in links {
                    if let Some(link) = link {
                        commit.stage(&id.id, Some(&link.into()), self.taken)?;
                    }
                }
                Ok(())
            }
            Err(bad) if self.parks => park(commit, &place(&bad), &bad.text, &bad.error.message),
            Err(bad) => Err(bad.error),
        }
    }

    fn end(&mut self, commit: &mut dyn Commit) -> Result<(), SourceError> {
        if commit.has_base() {
            commit.begin(Some(self.taken))?;
            // Also what is of a table that is no longer followed.
            let changes = compare(commit, "")?;
            commit.end()?;
            commit.end_stage(false, self.taken)?;
            tracing::info!(changes, "the copy is compared");
        } else {
            commit.end_stage(true, self.taken)?;
        }
        let (key, tables) = notes::tables(self.groups.tables());
        commit.put_note(key, Some(tables));
        commit.put_note(notes::OWED, None);
        commit.put_note(POSITION, Some(self.groups.position.encode()));
        self.stage = Stage::Ended;
        tracing::info!(rows = self.rows, "copied");
        Ok(())
    }

    /// Returns the progress.
    pub fn report(&self) -> Report {
        let tables = self.groups.tables();
        let expected: Option<u64> = tables.iter().map(|table| table.rows).sum();
        let rate = self.rows as f64 / self.begun.elapsed().as_secs_f64().max(0.001);
        let tables = tables.iter().map(Table::shown).collect();
        let copy = CopyReport { tables, rows: self.rows, rows_expected: expected, rate };
        Report { copy: Some(copy), ..Report::default() }
    }
}

/// Reads the tables of the settings from the catalogs, with their mappings.
pub(super) fn look(
    settings: &MysqlSettings,
    session: &mut Session,
) -> Result<(Vec<Table>, Vec<Mapping>), SourceError> {
    let database = address(settings)?.database;
    let table = |of: &crate::settings::TableSettings| {
        let (schema, name) = MysqlSettings::names(&of.table, &database);
        Table::read(&mut session.connection, schema, name, &of.key)
    };
    let tables = settings.tables.iter().map(table).collect::<Result<Vec<_>, _>>()?;
    // Names that differ in the settings may be one table.
    let mut names = BTreeSet::new();
    if let Some(table) = tables.iter().find(|table| !names.insert(table.shown())) {
        return Err(refused(format!("`{}` is twice in `tables`", table.shown())));
    }
    let mappings = mappings(settings, &database, &tables)?;
    Ok((tables, mappings))
}

/// Returns the statement that reads a table.
pub(super) fn select(table: &Table) -> String {
    use super::connection::quoted;
    let columns: Vec<String> = table.columns.iter().map(super::kind::Column::selected).collect();
    format!("SELECT {} FROM {}.{}", columns.join(", "), quoted(&table.schema), quoted(&table.name))
}
