//! A source over a real PostgreSQL, without a pipeline: a driver runs it over a store in memory.

mod altered;
mod changes;
mod copying;
mod getting_in;
mod history;
mod killed;
mod laws;
mod locks;
mod partitions;
mod pending;
mod rules;
mod session;
mod stored;
mod types;

use livewell_model::{Element, ElementId, SmolStr, Transaction, Value};
use livewell_services::Postgres;
use livewell_source::SourceError;
use livewell_source::postgres::Database;
use livewell_source::settings::{DatabaseUrl, PostgresSettings, SourceSettings, TableSettings};
use livewell_source::source::Read;
use livewell_source::testkit::{Driver, Fault};
use std::time::{Duration, Instant};

/// How long something may take that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one read waits.
const WAIT: Duration = Duration::from_millis(100);
/// The slot of the source `shop` in the store of these tests.
const SLOT: &str = "livewell_shop_abc123";

/// Returns a source `shop` over these tables of a server.
fn settings(url: String, tables: &[&str]) -> PostgresSettings {
    let table = |name: &&str| TableSettings { table: (*name).into(), ..TableSettings::default() };
    let tables = tables.iter().map(table).collect();
    let defaults = serde_json::json!({ "id": "shop", "url": "" });
    let defaults: PostgresSettings = serde_json::from_value(defaults).expect("the defaults are settings");
    let settings = PostgresSettings { url: DatabaseUrl(url), tables, ..defaults };
    SourceSettings::Postgres(settings.clone()).validate().expect("the settings make sense");
    settings
}

/// Settings that copy by themselves what has to be copied.
fn auto_reset(settings: PostgresSettings) -> PostgresSettings {
    PostgresSettings { recovery: livewell_model::Recovery::AutoReset, ..settings }
}

/// A running source, and what a test has seen of its log.
struct Follower {
    driver: Driver<Database>,
    settings: PostgresSettings,
    /// How many transactions were returned.
    seen: usize,
}

impl Follower {
    /// Creates a source that has not begun.
    fn new(settings: PostgresSettings) -> Self {
        let own = settings.clone();
        let mut driver = Driver::new(move || Database::new(own.clone()));
        driver.limits.transactions = 1;
        Self { driver, settings, seen: 0 }
    }

    /// Returns a source that has copied the tables and caught up.
    fn copied(settings: PostgresSettings) -> Result<Self, SourceError> {
        let mut follower = Self::new(settings);
        follower.settle()?;
        Ok(follower)
    }

    /// Continues as a new process with other settings.
    fn with(&mut self, settings: PostgresSettings) {
        self.settings = settings.clone();
        self.driver.replace(move || Database::new(settings.clone()));
    }

    fn step(&mut self) -> Result<Read, SourceError> {
        self.driver.step(WAIT)
    }

    fn step_with(&mut self, fault: Fault) -> Result<Read, SourceError> {
        self.driver.step_with(WAIT, Some(fault))
    }

    /// Steps until it is so.
    #[track_caller]
    fn until(&mut self, what: &str, mut is_so: impl FnMut(&Self) -> bool) -> Result<(), SourceError> {
        let began = Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < PATIENCE, "{what}: {:?}", self.driver.report());
            self.step()?;
        }
        Ok(())
    }

    /// Steps until nothing more comes and everything is checked.
    #[track_caller]
    fn settle(&mut self) -> Result<(), SourceError> {
        let began = Instant::now();
        loop {
            let read = self.step()?;
            if read.caught_up {
                assert!(self.driver.memory.is_checked(), "what is caught up is checked");
                return Ok(());
            }
            assert!(began.elapsed() < PATIENCE, "it does not settle: {:?}", self.driver.report());
        }
    }

    /// Returns the next transaction, once it has come.
    #[track_caller]
    fn transaction(&mut self) -> Result<Transaction, SourceError> {
        let seen = self.seen;
        self.until("a transaction comes", |follower| follower.driver.memory.log.len() > seen)?;
        self.seen += 1;
        Ok(self.driver.memory.log[seen].transaction.clone())
    }

    /// Takes the next error; there is one.
    #[track_caller]
    fn error(&mut self) -> SourceError {
        let began = Instant::now();
        loop {
            if let Err(error) = self.step() {
                return error;
            }
            // One that passes once it is corrected does not end the stream.
            if let Some(refusal) = self.driver.report().refusal {
                return refusal;
            }
            assert!(began.elapsed() < PATIENCE, "no error has come: {:?}", self.driver.report());
        }
    }

    /// Steps until a table has exactly the rows that the database has, checks that it is checked then, and that it
    /// stays so. `columns`: of the types integer and text, first that of the key.
    #[track_caller]
    fn agrees(&mut self, postgres: &Postgres, table: &str, columns: &[&str]) -> Result<(), SourceError> {
        let printed: Vec<String> =
            columns.iter().map(|column| format!("coalesce({column}::text, '-')")).collect();
        let wanted = postgres.sql(&format!("select {} from {table}", printed.join(" || ' ' || ")));
        let mut wanted: Vec<&str> = wanted.lines().collect();
        wanted.sort_unstable();
        let began = Instant::now();
        loop {
            self.settle()?;
            let found = self.lines(table, columns);
            if found == wanted {
                return Ok(());
            }
            if began.elapsed() > Duration::from_secs(15) {
                let only = |one: &[String], other: &[String]| -> Vec<String> {
                    one.iter().filter(|line| !other.contains(line)).take(10).cloned().collect()
                };
                let wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
                panic!(
                    "`{table}` has {} rows and {} are here; missing: {:?}; too many: {:?}; it calls this checked",
                    wanted.len(),
                    found.len(),
                    only(&wanted, &found),
                    only(&found, &wanted)
                );
            }
        }
    }

    /// Returns the rows of a table that are here, as lines of the columns' values.
    fn lines(&self, table: &str, columns: &[&str]) -> Vec<String> {
        let prefix = format!("public.{table}:");
        let rows = self.driver.memory.live.iter().filter(|(id, _)| id.starts_with(&prefix));
        let text = |element: &Element, column: &&str| match element.properties().get(column) {
            None => "-".into(),
            Some(Value::Int(number)) => number.to_string(),
            Some(Value::String(text)) => text.to_string(),
            Some(other) => panic!("{column} is {other:?}"),
        };
        let line = |(_, element): (&SmolStr, &Element)| {
            let texts: Vec<String> = columns.iter().map(|column| text(element, column)).collect();
            texts.join(" ")
        };
        let mut lines: Vec<String> = rows.map(line).collect();
        lines.sort_unstable();
        lines
    }

    /// Returns a property of an element; null if it has none.
    #[track_caller]
    fn property(&self, id: &str, name: &str) -> Value {
        let element = self.driver.memory.live.get(id);
        let element = element.unwrap_or_else(|| panic!("no `{id}` among {:?}", self.ids()));
        assert_eq!(*element.id(), ElementId::new("shop", id));
        element.properties().get(name).cloned().unwrap_or_default()
    }

    fn ids(&self) -> Vec<SmolStr> {
        self.driver.memory.live.keys().cloned().collect()
    }

    /// Returns how many rows the copy in progress has read.
    fn rows_read(&self) -> Option<u64> {
        self.driver.report().copy.map(|copy| copy.rows)
    }

    /// Steps to the end of a copy, and calls `between` with the number of the range after each one that was read.
    fn copy_with(&mut self, mut between: impl FnMut(u64)) -> Result<(), SourceError> {
        let (mut rows, mut ranges) = (0, 0);
        let began = Instant::now();
        loop {
            let read = self.step()?;
            let now = self.rows_read();
            if let Some(now) = now.filter(|now| *now > rows) {
                (rows, ranges) = (now, ranges + 1);
                between(ranges);
            }
            if now.is_none() && self.driver.memory.base.is_some() && read.caught_up {
                assert!(ranges > 2, "the copy had {ranges} ranges");
                return Ok(());
            }
            assert!(began.elapsed() < PATIENCE, "the copy does not end: {:?}", self.driver.report());
        }
    }
}

/// Returns what an id is expected to be.
fn texts(ids: &[&str]) -> Vec<SmolStr> {
    ids.iter().map(|id| SmolStr::from(*id)).collect()
}

fn started(sql: &str) -> Postgres {
    let postgres = Postgres::start();
    postgres.sql(sql);
    postgres
}

/// Waits for something that is not the source's.
#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        livewell_services::pause(Duration::from_millis(20));
    }
}
