//! A database of a test's own in a cluster that several tests share.

use super::clusters::Cluster;
use livewell_services::{Postgres, Session};
use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long statements may take.
const STATEMENT_MAX: Duration = Duration::from_secs(120);
/// What is said of statements that take longer.
pub const STUCK: &str = "the statements do not end";

/// One database of a cluster.
#[derive(Clone)]
pub struct Database {
    postgres: Arc<Cluster>,
    name: String,
    /// The session of [`Database::ask`], while there is one.
    session: Arc<Mutex<Option<Session>>>,
}

impl Database {
    /// Makes a database.
    pub fn new(postgres: &Arc<Cluster>) -> Self {
        Self::with(postgres, "")
    }

    /// Makes a database with these options of `CREATE DATABASE`.
    pub fn with(postgres: &Arc<Cluster>, options: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("d{}", COUNT.fetch_add(1, Ordering::Relaxed));
        postgres.sql(&format!("create database {name} {options}"));
        Self { postgres: postgres.clone(), name, session: Arc::default() }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn postgres(&self) -> &Postgres {
        &self.postgres
    }

    /// Where it is, as a user who may do everything.
    pub fn url(&self) -> String {
        let url = self.postgres.url();
        let (server, _) = url.rsplit_once('/').expect("a URL ends with its database");
        format!("{server}/{}", self.name)
    }

    /// Where it is, as the role `name` with the password `name`.
    pub fn url_of(&self, name: &str) -> String {
        format!("postgres://{name}:{name}@127.0.0.1:{}/{}", self.postgres.port(), self.name)
    }

    /// Runs statements in one session and returns what they print; panics if one fails.
    pub fn sql(&self, statements: &str) -> String {
        self.attempt(statements).unwrap_or_else(|error| panic!("{error}\nin: {statements}"))
    }

    /// Runs statements that only read, in a session that stays for the next ones, and returns what they print;
    /// panics if one fails. They cost a small part of what [`Database::sql`] costs.
    pub fn ask(&self, statements: &str) -> String {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = session.is_none();
        let answer = session.get_or_insert_with(|| self.postgres.session(&self.name)).sql(statements);
        if answer.is_err() {
            *session = None;
        }
        match answer {
            Ok(answer) => answer,
            // What cut the session may be over.
            Err(_) if !is_new => {
                drop(session);
                self.ask(statements)
            }
            Err(error) => panic!("{error}\nin: {statements}"),
        }
    }

    /// Runs statements in one session, up to the first that fails.
    ///
    /// # Errors
    /// What the server said; [`STUCK`] if it said nothing for long.
    pub fn attempt(&self, statements: &str) -> Result<String, String> {
        let mut psql = self.postgres.program("psql");
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1"]);
        psql.env("PGDATABASE", &self.name).env("PGOPTIONS", "--client-min-messages=warning");
        psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut psql = psql.spawn().expect("psql can be run");
        let mut input = psql.stdin.take().expect("its input is a pipe");
        let statements = statements.to_owned();
        let writer = std::thread::spawn(move || input.write_all(statements.as_bytes()));
        let output = std::thread::spawn(read(psql.stdout.take()));
        let errors = std::thread::spawn(read(psql.stderr.take()));
        let deadline = Instant::now() + STATEMENT_MAX;
        let status = loop {
            if let Some(status) = psql.try_wait().expect("psql can be asked") {
                break status;
            }
            if Instant::now() > deadline {
                psql.kill().expect("psql can be killed");
                psql.wait().expect("psql ends");
                return Err(STUCK.into());
            }
            livewell_services::pause(Duration::from_millis(1));
        };
        let _ = writer.join();
        let text = |output: std::thread::JoinHandle<String>| output.join().expect("a pipe can be read");
        if status.success() { Ok(text(output)) } else { Err(text(errors)) }
    }

    /// A session of another client, which may have a transaction open.
    pub fn session(&self) -> Session {
        self.postgres.session(&self.name)
    }

    /// The names of the replication slots of this database, sorted.
    pub fn slots(&self) -> Vec<String> {
        let slots =
            format!("select slot_name from pg_replication_slots where database = '{}' order by 1", self.name);
        self.ask(&slots).lines().map(str::to_owned).collect()
    }

    /// Takes the slots of this database away, once nobody uses them.
    pub fn drop_slots(&self) {
        let drop = format!(
            "select pg_terminate_backend(active_pid, 10000) from pg_replication_slots \
             where database = '{0}' and active; \
             select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = '{0}'",
            self.name
        );
        self.ask(&drop);
    }
}

/// Reads all of a pipe, without the end of its last line.
fn read(pipe: Option<impl Read + Send>) -> impl FnOnce() -> String + Send {
    let mut pipe = pipe.expect("the output is a pipe");
    move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).trim_end().to_owned()
    }
}
