//! The second client of a storm: its transactions stay open while the first one goes on.

use super::model::Model;
use super::random::Random;
use super::rows;
use crate::postgres::database::Database;
use livewell_services::Session;

/// A client with a session of its own.
pub struct Second {
    /// Choices of its own, so that those of the first client are what they are without it.
    random: Random,
    session: Option<Session>,
    is_open: bool,
}

impl Second {
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed ^ 0x5ec0_4d00), session: None, is_open: false }
    }

    /// Whether a transaction of it is open, so that others may wait for its locks.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether it ends its transaction next.
    pub fn is_about_to_end(&mut self) -> bool {
        self.is_open && self.random.once_in(3)
    }

    /// Begins a transaction, or goes on with it, or does nothing.
    pub fn go_on(&mut self, database: &Database, model: &Model) -> Option<String> {
        if !self.is_open && !self.random.once_in(3) {
            return None;
        }
        // Nobody could read a table that is emptied until that is committed.
        let row = loop {
            let row = rows::statement(&mut self.random, model);
            if !row.contains("truncate") {
                break row;
            }
        };
        let text = if self.is_open { row } else { format!("begin; {row}") };
        Some(self.run(database, &text).0)
    }

    /// Ends the transaction, if one is open; returns what it ran and what that printed.
    pub fn end(&mut self, database: &Database) -> (String, String) {
        let end = if self.random.once_in(4) { "rollback" } else { "commit" };
        let (text, printed) = self.run(database, &format!("{end}; select pg_current_wal_insert_lsn()"));
        self.is_open = false;
        (text, printed)
    }

    fn run(&mut self, database: &Database, text: &str) -> (String, String) {
        let session = self.session.get_or_insert_with(|| database.session());
        match session.sql(text) {
            Ok(printed) => {
                self.is_open = true;
                (format!("{text};"), printed)
            }
            Err(error) => {
                // The session has ended, and its transaction with it.
                (self.session, self.is_open) = (None, false);
                let line = error.lines().next().unwrap_or_default().to_owned();
                (format!("{text}; -- {line}"), String::new())
            }
        }
    }
}
