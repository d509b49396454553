//! Measures how fast changes come from a real PostgreSQL or MariaDB, or from Kafka, into the result of a join:
//! `rate [--from postgres] [--transactions 10000] [--rows 100] [--durability sync]`.
//!
//! The same changes are written three times: alone, which is the server's own limit, and then read by the server's own
//! reader of its log; while Livewell follows; and while it is away.

mod database;
mod kafka;
mod livewell;
mod mariadb;
mod postgres;

use crate::outcome::Outcome;
use database::Database;
use kafka::KafkaOrders;
use livewell::Server;
use mariadb::MariadbOrders;
use postgres::PostgresOrders;
use std::path::Path;
use std::time::{Duration, Instant};

const USAGE: &str = "usage: cargo run -p xtask -- rate [--from postgres|mariadb|kafka] [--transactions N] [--rows N] \
     [--durability sync|os]";

/// Where changes come from.
#[derive(Debug, Clone, Copy)]
enum From {
    Kafka,
    Mariadb,
    Postgres,
}

/// What is measured.
#[derive(Debug, Clone)]
struct Settings {
    from: From,
    transactions: u64,
    /// How many rows each transaction changes.
    rows: u64,
    durability: String,
}

impl Settings {
    fn read(arguments: &[String]) -> Outcome<Self> {
        let mut settings =
            Self { from: From::Postgres, transactions: 10_000, rows: 100, durability: "sync".into() };
        for pair in arguments.chunks(2) {
            match pair {
                [name, from] if name == "--from" => {
                    settings.from = match from.as_str() {
                        "kafka" => From::Kafka,
                        "mariadb" => From::Mariadb,
                        "postgres" => From::Postgres,
                        _ => return Err(USAGE.into()),
                    };
                }
                [name, number] if name == "--transactions" => {
                    settings.transactions = number.parse().map_err(|_| USAGE)?;
                }
                [name, number] if name == "--rows" => settings.rows = number.parse().map_err(|_| USAGE)?,
                [name, level] if name == "--durability" => settings.durability.clone_from(level),
                _ => return Err(USAGE.into()),
            }
        }
        Ok(settings)
    }

    /// Prints a line of the table; `processor` is Livewell's processor time, if it took part.
    fn print(&self, what: &str, took: Duration, processor: Option<f64>) {
        let rate = (self.transactions * self.rows) as f64 / took.as_secs_f64();
        let processor = processor.map_or(String::new(), |seconds| format!("{seconds:.1}"));
        say(&format!("| {what} | {:.1} | {rate:.0} | {processor} |", took.as_secs_f64()));
    }
}

/// Runs the measurement and prints a table.
///
/// # Errors
/// Returns an error if a server does not start or fails, or if the result is not that of SQL.
pub fn run(root: &Path, arguments: &[String]) -> Outcome<()> {
    let settings = Settings::read(arguments)?;
    livewell::build(root)?;
    let folder = tempfile::tempdir()?;
    let database: Box<dyn Database> = match settings.from {
        From::Kafka => Box::new(KafkaOrders::start()),
        From::Mariadb => Box::new(MariadbOrders::start()),
        From::Postgres => Box::new(PostgresOrders::start()),
    };
    let database = &*database;
    let write = || database.write(settings.transactions, settings.rows);
    say("| | s | row changes/s | Livewell's processor time, s |\n|---|---:|---:|---:|");
    let (wrote, read) = database.write_and_read(settings.transactions, settings.rows)?;
    settings.print("the server writes, and nobody reads", wrote, None);
    settings.print(&format!("`{}` reads them into `/dev/null`", database.reader()), read, None);

    livewell::configure(folder.path(), database, &settings.durability)?;
    let server = Server::start(root, folder.path())?;
    server.reach(database.sequence(0, 0))?;
    let (began, before) = (Instant::now(), server.processor_time()?);
    let all = std::thread::scope(|scope| {
        let writing = scope.spawn(write);
        server.reach(database.sequence(settings.transactions, settings.rows))?;
        let all = began.elapsed();
        let written = writing.join().map_err(|_| "the writer failed")?;
        settings.print("the server writes, and Livewell follows", written, None);
        Outcome::Ok(all)
    })?;
    settings.print("the same, until the query has caught up", all, Some(server.processor_time()? - before));
    server.stop()?;

    write();
    let began = Instant::now();
    let server = Server::start(root, folder.path())?;
    server.reach(database.sequence(2 * settings.transactions, settings.rows))?;
    settings.print(
        "Livewell starts and reads what came meanwhile",
        began.elapsed(),
        Some(server.processor_time()?),
    );
    let (rows, truth) = (server.count_and_sum(root)?, database.count_and_sum());
    server.stop()?;
    if rows == truth { Ok(()) } else { Err(format!("the result is {rows}, and {truth} in SQL").into()) }
}

#[expect(clippy::print_stdout, reason = "a chore speaks to the person who runs it")]
fn say(line: &str) {
    println!("{line}");
}
