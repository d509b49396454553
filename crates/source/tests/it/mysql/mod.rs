//! A source over a real MariaDB, without a pipeline: a driver runs it over a store in memory.

mod changes;
mod copying;
mod history;
mod killed;
mod laws;
mod refused;
mod storm;
mod types;
mod verified;
mod xa;

use livewell_model::{Change, Element, SmolStr, Transaction, Value};
use livewell_services::Mariadb;
use livewell_source::mysql::Database;
use livewell_source::settings::{DatabaseUrl, MysqlSettings, SourceSettings, TableSettings};
use livewell_source::source::Read;
use livewell_source::testkit::Driver;
use livewell_source::{ErrorKind, SourceError};
use std::time::{Duration, Instant};

/// How long something may take that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one read waits.
const WAIT: Duration = Duration::from_millis(100);

/// Returns a source `shop` over these tables of a server.
fn settings(url: String, tables: &[&str]) -> MysqlSettings {
    let table = |name: &&str| TableSettings { table: (*name).into(), ..TableSettings::default() };
    let tables = tables.iter().map(table).collect();
    let defaults = serde_json::json!({ "id": "shop", "url": "" });
    let defaults: MysqlSettings = serde_json::from_value(defaults).expect("the defaults are settings");
    let settings = MysqlSettings { url: DatabaseUrl(url), tables, ..defaults };
    SourceSettings::Mysql(settings.clone()).validate().expect("the settings make sense");
    settings
}

/// A running source, and what a test has seen of its log.
struct Follower {
    driver: Driver<Database>,
    /// How many transactions were returned.
    seen: usize,
}

impl Follower {
    /// Creates a source that has not begun.
    fn new(settings: MysqlSettings) -> Self {
        let mut driver = Driver::new(move || Database::new(settings.clone()));
        driver.limits.transactions = 1;
        Self { driver, seen: 0 }
    }

    /// Returns a source that has copied the tables and caught up.
    fn copied(settings: MysqlSettings) -> Result<Self, SourceError> {
        let mut follower = Self::new(settings);
        follower.settle()?;
        Ok(follower)
    }

    /// Continues as a new process with other settings.
    fn with(&mut self, settings: MysqlSettings) {
        self.driver.replace(move || Database::new(settings.clone()));
    }

    fn step(&mut self) -> Result<Read, SourceError> {
        self.driver.step(WAIT)
    }

    /// Steps until nothing more comes. A server that is out of reach is waited for.
    #[track_caller]
    fn settle(&mut self) -> Result<(), SourceError> {
        let began = Instant::now();
        loop {
            match self.step() {
                Ok(read) if read.caught_up && self.driver.memory.base.is_some() => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind == ErrorKind::Unreachable => {
                    livewell_services::pause(Duration::from_millis(20));
                }
                Err(error) => return Err(error),
            }
            assert!(began.elapsed() < PATIENCE, "it does not settle: {:?}", self.driver.report());
        }
    }

    /// Returns the transactions that have come since the last call.
    #[track_caller]
    fn transactions(&mut self) -> Vec<Transaction> {
        self.settle().expect("it follows");
        let new = &self.driver.memory.log[self.seen..];
        self.seen = self.driver.memory.log.len();
        new.iter().map(|logged| logged.transaction.clone()).collect()
    }

    /// Takes the next error; there is one.
    #[track_caller]
    fn error(&mut self) -> SourceError {
        let began = Instant::now();
        loop {
            match self.step() {
                Err(error) if error.kind != ErrorKind::Unreachable => return error,
                _ => assert!(began.elapsed() < PATIENCE, "no error has come: {:?}", self.driver.report()),
            }
        }
    }

    /// Settles, and checks that a table has exactly the rows that the database has. `columns`: of the types integer and
    /// text, first that of the key.
    #[track_caller]
    fn agrees(&mut self, mariadb: &Mariadb, table: &str, columns: &[&str]) {
        self.settle().expect("it follows");
        let printed: Vec<String> = columns.iter().map(|column| format!("coalesce({column}, '-')")).collect();
        let wanted = mariadb.sql(&format!("select concat_ws(' ', {}) from {table}", printed.join(", ")));
        let mut wanted: Vec<&str> = wanted.lines().collect();
        wanted.sort_unstable();
        assert_eq!(self.lines(table, columns), wanted, "`{table}`");
    }

    /// Returns the rows of a table that are here, as lines of the columns' values.
    fn lines(&self, table: &str, columns: &[&str]) -> Vec<String> {
        let prefix = format!("test.{table}:");
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

    fn ids(&self) -> Vec<String> {
        self.driver.memory.live.keys().map(ToString::to_string).collect()
    }
}

/// Returns the changes of a transaction as texts: `+` and the id of what was put there, `-` and that of what is gone.
fn changes(transaction: &Transaction) -> Vec<String> {
    let change = |change: &Change| match change {
        Change::Insert(element) => format!("+{}", element.id().id),
        Change::Delete(id) => format!("-{}", id.id),
        Change::Update(patch) => panic!("{patch:?}"),
    };
    transaction.changes.iter().map(change).collect()
}

fn started(sql: &str) -> Mariadb {
    let mariadb = Mariadb::start();
    mariadb.sql(sql);
    mariadb
}
