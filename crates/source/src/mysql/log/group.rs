//! Collects what belongs together: a group is a transaction, and ends in one of several ways.

use super::event::{self, Event};
use super::rows::{self, Act, Cells};
use super::statement::{Meaning, meaning};
use super::table_map::Named;
use crate::SourceError;
use crate::error::code;
use crate::mysql::catalog::Table;
use crate::mysql::failure::{altered, lost, not_understood, unlogged, unsaid};
use crate::mysql::fields::{Fields, text};
use crate::mysql::position::Position;
use crate::settings::MysqlLimits;
use livewell_model::Timestamp;
use std::collections::BTreeMap;

// What the first event of a group says about it.
const STANDALONE: u8 = 1;
const HAS_COMMIT_ID: u8 = 2;
const PREPARES: u8 = 64;
const COMPLETES: u8 = 128;

/// What a transaction did to a table that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::mysql) enum Step {
    /// A row is new or changed.
    Put {
        table: usize,
        before: Option<Cells>,
        after: Cells,
    },
    Delete {
        table: usize,
        before: Cells,
    },
    /// All rows are gone.
    Truncate {
        table: usize,
    },
}

/// A group that has ended.
#[derive(Debug)]
pub(in crate::mysql) struct Ended {
    pub steps: Vec<Step>,
    pub timestamp: Timestamp,
    pub bytes: usize,
}

/// Reads groups out of events.
pub(in crate::mysql) struct Groups {
    /// Where the last group ended.
    pub position: Position,
    tables: Vec<Table>,
    limits: MysqlLimits,
    /// Which of the tables the rows of a number are of, if any.
    numbers: BTreeMap<u64, Option<usize>>,
    open: Option<Group>,
    /// The file that comes next.
    next_file: Option<String>,
    /// A file that has begun, and when, while the list of transactions at its head has not come: no place before that
    /// can be proved later.
    entered: Option<(String, u32)>,
    /// Whether the file has been found to be the one that was read.
    is_proved: bool,
}

/// A group that has not ended.
struct Group {
    id: (u32, u32, u64),
    flags: u8,
    /// The XA transaction that it prepares or ends.
    xa: Option<String>,
    time: u32,
    steps: Vec<Step>,
    savepoints: Vec<(String, usize)>,
    bytes: usize,
}

impl Groups {
    /// Begins at a position; if that has no time at which its file began, the first file tells it.
    pub fn new(position: Position, tables: Vec<Table>, limits: MysqlLimits) -> Self {
        Self {
            position,
            tables,
            limits,
            numbers: BTreeMap::new(),
            open: None,
            next_file: None,
            entered: None,
            is_proved: false,
        }
    }

    /// Returns the tables that are followed.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Returns whether the file has been found to be the one that was read.
    pub fn is_proved(&self) -> bool {
        self.is_proved
    }

    /// Takes in the next event. Returns the group that it ends.
    pub fn take(&mut self, event: &Event) -> Result<Option<Ended>, SourceError> {
        let ended = self.step(event)?;
        if matches!(event.number, event::TRANSACTIONS | event::GROUP)
            && let Some((file, began)) = self.entered.take()
        {
            (self.position.place.file, self.position.began) = (file, began);
        }
        if self.open.is_none()
            && self.entered.is_none()
            && let Some(end) = event.end
        {
            self.position.place.offset = end.into();
        }
        Ok(ended)
    }

    fn step(&mut self, event: &Event) -> Result<Option<Ended>, SourceError> {
        match event.number {
            event::ROTATE => {
                self.next_file = Some(text(event.body.get(8..).unwrap_or_default())?);
                Ok(None)
            }
            event::FORMAT => self.file(event).map(|()| None),
            event::GROUP => self.begin(event).map(|()| None),
            event::QUERY => self.query(event),
            event::COMMIT => self.commit(),
            event::PREPARED => self.prepared(event),
            event::TABLE_MAP => self.table(event).map(|()| None),
            event::STOP
            | event::HEARTBEAT
            | event::ANNOTATION
            | event::CHECKPOINT
            | event::TRANSACTIONS
            | event::ENCRYPTION => Ok(None),
            event::INCIDENT => Err(lost("the server says that its log lacks something (an incident)")),
            5 | 13 | 14 => Err(statement_logged("")),
            165..=171 => Err(unlogged("the log has compressed events; set `log_bin_compress = 0`")),
            number => match rows::act(number) {
                Some(act) => self.rows(event, act).map(|()| None),
                None if event.is_ignorable => Ok(None),
                None => Err(not_understood(format!("an event of number {number} in its log"))),
            },
        }
    }

    /// A file begins, or the stream in it.
    fn file(&mut self, event: &Event) -> Result<(), SourceError> {
        let position = &mut self.position;
        self.numbers.clear();
        let next = self.next_file.take().unwrap_or_else(|| position.place.file.clone());
        if next != position.place.file {
            // A group that no event has ended is one of a server that crashed.
            self.open = None;
            self.entered = Some((next, event.time));
        } else if position.began == 0 {
            position.began = event.time;
        } else if position.began != event.time {
            let place = &position.place;
            return Err(lost(format!(
                "the server has another file of the name `{}` than the one that was read up to {place}: its log began \
                 again, or it is another server",
                place.file
            )));
        }
        self.is_proved = true;
        Ok(())
    }

    fn begin(&mut self, event: &Event) -> Result<(), SourceError> {
        let mut fields = Fields(&event.body);
        let (number, domain, flags) = (fields.u64()?, fields.u32()?, fields.u8()?);
        if flags & HAS_COMMIT_ID != 0 {
            fields.take(8)?;
        }
        let mut xa = None;
        if flags & (PREPARES | COMPLETES) != 0 {
            let (format, first, second) = (fields.u32()?, fields.u8()?, fields.u8()?);
            let name = fields.take(usize::from(first) + usize::from(second))?;
            xa = Some(format!("{format}:{first}:{}", String::from_utf8_lossy(name)));
        }
        let id = (domain, event.server, number);
        // A table comes again before the rows of each statement.
        self.numbers.clear();
        let (steps, savepoints) = (Vec::new(), Vec::new());
        self.open = Some(Group { id, flags, xa, time: event.time, steps, savepoints, bytes: 0 });
        Ok(())
    }

    fn query(&mut self, event: &Event) -> Result<Option<Ended>, SourceError> {
        let mut fields = Fields(&event.body);
        fields.take(8)?;
        let schema = usize::from(fields.u8()?);
        fields.take(2)?;
        let variables = usize::from(fields.u16()?);
        fields.take(variables)?;
        let schema = String::from_utf8_lossy(fields.take(schema)?).into_owned();
        fields.take(1)?;
        let statement = String::from_utf8_lossy(fields.0);
        let names: Vec<(&str, &str)> =
            self.tables.iter().map(|table| (table.schema.as_str(), table.name.as_str())).collect();
        let meaning = meaning(&statement, &schema, &names);
        let Some(group) = &mut self.open else {
            return Err(not_understood("a statement in its log belongs to no transaction"));
        };
        match meaning {
            Meaning::Begin | Meaning::Nothing => {}
            Meaning::Commit => return self.commit(),
            Meaning::Rollback => {
                group.steps.clear();
                return self.commit();
            }
            Meaning::Savepoint(name) => {
                group.savepoints.retain(|(known, _)| *known != name);
                group.savepoints.push((name, group.steps.len()));
            }
            Meaning::RollbackTo(name) => {
                let steps =
                    group.savepoints.iter().find(|(known, _)| *known == name).map(|(_, steps)| *steps);
                group
                    .steps
                    .truncate(steps.ok_or_else(|| not_understood("it returns to an unknown savepoint"))?);
            }
            Meaning::EndOfXa => return self.end_of_xa(),
            Meaning::Truncate(table) => group.steps.push(Step::Truncate { table }),
            Meaning::Alters(table) => {
                let shown = self.tables[table].shown();
                return Err(altered(format!("`{shown}` was altered: {}", shortened(&statement))));
            }
            Meaning::Unclear => return Err(statement_logged(&statement)),
        }
        if group.flags & STANDALONE != 0 { self.commit() } else { Ok(None) }
    }

    /// Ends the group, whose rows are in effect.
    fn commit(&mut self) -> Result<Option<Ended>, SourceError> {
        let group = self.open.take().ok_or_else(|| not_understood("an end in its log has no beginning"))?;
        let (domain, server, number) = group.id;
        self.position.transactions.insert(domain, (server, number));
        let timestamp = Timestamp(i64::from(group.time) * 1_000_000_000);
        Ok(Some(Ended { steps: group.steps, timestamp, bytes: group.bytes }))
    }

    /// Ends a group that prepares an XA transaction: nobody knows yet whether its rows come into effect.
    fn prepared(&mut self, event: &Event) -> Result<Option<Ended>, SourceError> {
        let is_one_phase = event.body.first() == Some(&1);
        let group = self.open.as_mut().ok_or_else(|| not_understood("an end in its log has no beginning"))?;
        if is_one_phase {
            return self.commit();
        }
        if !group.steps.is_empty() {
            return Err(unsaid(
                "an XA transaction was prepared that changes rows of the tables, and the log does not say with its end \
                 which rows it changed; end it, and use plain transactions for these tables",
            ));
        }
        let xa = group.xa.take().ok_or_else(|| not_understood("an XA transaction has no name"))?;
        self.position.prepared.insert(xa);
        self.commit()
    }

    fn end_of_xa(&mut self) -> Result<Option<Ended>, SourceError> {
        let xa = self.open.as_mut().and_then(|group| group.xa.take());
        let xa = xa.ok_or_else(|| not_understood("an XA transaction has no name"))?;
        if !self.position.prepared.remove(&xa) {
            return Err(unsaid(
                "an XA transaction has ended that was prepared before the rows were copied, and the log does not say which \
                 rows it changed",
            ));
        }
        self.commit()
    }

    fn table(&mut self, event: &Event) -> Result<(), SourceError> {
        let named = Named::read(&event.body)?;
        let is = |table: &Table| table.schema == named.schema && table.name == named.name;
        let table = self.tables.iter().position(is);
        self.numbers.insert(named.id, table);
        table.map_or(Ok(()), |table| named.check(&self.tables[table]))
    }

    fn rows(&mut self, event: &Event, act: (Act, bool)) -> Result<(), SourceError> {
        let number = rows::table_of(&event.body)?;
        let table = self.numbers.get(&number);
        let Some(table) = *table.ok_or_else(|| not_understood("rows in its log are of no table"))? else {
            return Ok(());
        };
        let group =
            self.open.as_mut().ok_or_else(|| not_understood("rows in its log belong to no transaction"))?;
        group.bytes += event.body.len();
        let steps = &mut group.steps;
        rows::each(&event.body, act, &self.tables[table], |before, after| {
            steps.push(match (before, after) {
                (before, Some(after)) => Step::Put { table, before, after },
                (Some(before), None) => Step::Delete { table, before },
                (None, None) => return Ok(()),
            });
            Ok(())
        })?;
        let limits = &self.limits;
        let (rows, bytes) = (steps.len(), group.bytes);
        let over = match () {
            () if rows > limits.changes_max => format!("{} rows (`limits.changes_max`)", limits.changes_max),
            () if bytes > limits.transaction_bytes_max => {
                format!("{} bytes (`limits.transaction_bytes_max`)", limits.transaction_bytes_max)
            }
            () => return Ok(()),
        };
        let message = format!(
            "a transaction of the database has more than the {over} that are allowed; raise that limit"
        );
        Err(SourceError::new(crate::ErrorKind::Input, code::LIMIT, message))
    }
}

fn statement_logged(statement: &str) -> SourceError {
    unsaid(format!(
        "the log has a statement in the place of the rows that it changed ({}): a session has set `binlog_format` to \
         another value than ROW",
        shortened(statement)
    ))
}

/// Returns a statement shortened for a message.
fn shortened(statement: &str) -> String {
    const SHOWN: usize = 100;
    let text: String = statement.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.len() < statement.len() { format!("{text}...") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mysql::position::Place;
    use bytes::Bytes;

    #[test]
    fn a_file_of_the_same_name_that_began_at_another_time_is_another_one() {
        let place = Place { file: "binlog.000001".into(), offset: 400 };
        let position = Position { place, began: 7, ..Position::default() };
        let begins = |time| {
            let (number, body) = (event::FORMAT, Bytes::new());
            let event = Event { number, time, server: 1, end: None, is_ignorable: false, body };
            let mut groups = Groups::new(position.clone(), Vec::new(), MysqlLimits::default());
            groups.take(&event).map(|_| groups.is_proved())
        };
        assert_eq!(begins(7), Ok(true));
        let error = begins(8).unwrap_err();
        assert!(error.code == code::LOST && error.message.contains("another file of the name"), "{error}");
    }
}
