//! A source over a database of a test's own, and what becomes of it while SQL runs.

use super::compared::{NODES, TIES, Table, differences};
use super::database::Database;
use crate::fixture::{memory, open, query, reach, status};
use livewell::IntoSource;
use livewell::verify::SourceVerified;
use livewell::{Livewell, Setup, State};
use livewell_source::postgres::Database as Upstream;
use livewell_source::settings::PostgresSettings;
use livewell_store::Store;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the rows may take to become those of SQL.
const SETTLED_MAX: Duration = Duration::from_secs(15);

/// What is said of rows that are not SQL's though nothing is in error.
pub const WRONG: &str = "the rows are not those of SQL";
const NOT_COMPARED: &str = "a table is not compared";

/// The settings of the source `s` over these tables of a database.
pub fn settings(database: &Database, tables: &[Table], extra: &Json) -> PostgresSettings {
    from_json(&settings_as_json(database, tables, extra))
}

/// Returns the settings as a configuration has them. What is null in `extra` is left out.
pub fn settings_as_json(database: &Database, tables: &[Table], extra: &Json) -> Json {
    let tables: Vec<Json> = tables.iter().map(Table::settings).collect();
    let slot = format!("slot_{}", database.name());
    // What happens beside the stream is noticed sooner than by default, so that tests are quick.
    let mut settings = json!({
        "id": "s", "url": database.url(), "slot": slot, "tables": tables, "check_every": "200ms",
    });
    for (name, value) in extra.as_object().expect("settings are a map") {
        settings[name] = value.clone();
    }
    settings.as_object_mut().expect("settings are a map").retain(|_, value| !value.is_null());
    settings
}

pub fn from_json(settings: &Json) -> PostgresSettings {
    serde_json::from_value(settings.clone()).unwrap_or_else(|error| panic!("{error}: {settings}"))
}

/// A Livewell over `store` with the source `s` and the queries that show all of its elements.
pub async fn run(store: &Arc<dyn Store>, settings: PostgresSettings) -> Livewell {
    let livewell = open(store);
    let queries = vec![query("nodes", NODES), query("ties", TIES)];
    livewell
        .add(Setup { sources: vec![Upstream::new(settings).into_source()], queries, ..Setup::default() })
        .await
        .unwrap();
    livewell
}

/// A Livewell with the source `s`, and the tables that its rows are compared with.
pub struct Followed {
    pub database: Database,
    pub tables: Vec<Table>,
    settings: PostgresSettings,
    store: Arc<dyn Store>,
    livewell: Option<Livewell>,
}

impl Followed {
    /// Starts the source and does not wait for anything.
    pub async fn begun(database: &Database, tables: &[Table], extra: &Json) -> Self {
        Self::begun_in(memory(), database, tables, extra).await
    }

    /// Like [`Followed::begun`], in a store that may have the source already.
    pub async fn begun_in(
        store: Arc<dyn Store>,
        database: &Database,
        tables: &[Table],
        extra: &Json,
    ) -> Self {
        let (database, tables) = (database.clone(), tables.to_vec());
        let settings = settings(&database, &tables, extra);
        let mut followed = Self { database, tables, settings, store, livewell: None };
        followed.up().await;
        followed
    }

    /// Starts the source and waits until its rows are those of SQL.
    pub async fn started(database: &Database, tables: &[Table], extra: &Json) -> Result<Self, String> {
        let followed = Self::begun(database, tables, extra).await;
        match followed.settled().await {
            Ok(()) => Ok(followed),
            Err(error) => {
                followed.close().await;
                Err(format!("at the start: {error}"))
            }
        }
    }

    pub fn livewell(&self) -> &Livewell {
        self.livewell.as_ref().expect("it is up")
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Shuts it down; its store stays.
    pub async fn down(&mut self) {
        if let Some(livewell) = self.livewell.take() {
            livewell.shutdown().await;
        }
    }

    /// Opens it again.
    pub async fn up(&mut self) {
        let livewell = run(&self.store, self.settings.clone()).await;
        self.livewell = Some(livewell);
    }

    /// Opens it again with other settings.
    pub async fn up_with(&mut self, tables: &[Table], extra: &Json) {
        self.down().await;
        self.tables = tables.to_vec();
        self.settings = settings(&self.database, tables, extra);
        self.up().await;
    }

    /// Waits until source and queries are caught up with the rows of SQL.
    ///
    /// # Errors
    /// The source's error; the differences that are left after a while.
    pub async fn settled(&self) -> Result<(), String> {
        let began = Instant::now();
        loop {
            let livewell = self.livewell();
            let source = status(livewell, "s");
            // Of what a person has to mend an `auto_reset` source takes note by itself once it is mended.
            let is_late = began.elapsed() > SETTLED_MAX;
            let is_final = is_late || self.settings.recovery == livewell::Recovery::Strict;
            if source.state == State::Error
                && is_final
                && let Some(error) = source.error
                && !error.contains("LW0210")
            {
                return Err(error);
            }
            let at_rest =
                ["s", "nodes", "ties"].iter().all(|id| status(livewell, id).state == State::CaughtUp);
            if at_rest || is_late {
                let differences = differences(livewell, &self.database, &self.tables);
                if at_rest && differences.is_empty() {
                    match self.verified() {
                        // What was altered last, and no text shows, may not be taken up yet.
                        Err(_) if !is_late => {}
                        verified => return verified,
                    }
                }
                if is_late {
                    let differences = differences.join("\n    ");
                    let state = status(livewell, "s").state;
                    return Err(format!("{WRONG}, while the source is {state:?}: {differences}"));
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the source has either stopped or followed its tables for the first time; returns its error.
    pub async fn stopped(&self) -> Option<String> {
        let began = Instant::now();
        while began.elapsed() < SETTLED_MAX {
            let source = status(self.livewell(), "s");
            match source.state {
                State::Error => return source.error,
                State::CaughtUp => return None,
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        panic!("it neither stops nor catches up: {:?}", status(self.livewell(), "s"));
    }

    /// Holds the queries to the elements, and the elements to the database.
    ///
    /// # Errors
    /// What differs.
    pub fn verified(&self) -> Result<(), String> {
        for query in ["nodes", "ties"] {
            let differences = self.livewell().verify(query).map_err(|error| error.to_string())?.differences;
            if !differences.is_empty() {
                return Err(format!("`{query}` is not what its elements say: {differences:?}"));
            }
        }
        let verified = match self.verify(None) {
            // A policy that came later hides rows from it, and from nobody else.
            Err(error) if error.to_string().contains("row-level security") => return Ok(()),
            verified => verified.map_err(|error| format!("it cannot be verified: {error}"))?,
        };
        if let Some(why) = verified.tables.iter().find_map(|table| table.not_compared.as_ref()) {
            return Err(format!("{NOT_COMPARED}: {why}"));
        }
        if verified.is_equal() {
            Ok(())
        } else {
            Err(format!("{WRONG}, by its own comparison: {verified:?}"))
        }
    }

    /// Compares what is stored with the database, as `livewell verify` does.
    pub fn verify(&self, table: Option<&str>) -> Result<SourceVerified, livewell::Error> {
        tokio::task::block_in_place(|| self.livewell().verify_source("s", table))
    }

    /// Runs SQL and waits for its rows.
    ///
    /// # Errors
    /// Returns the errors of [`Followed::settled`].
    pub async fn follows(&self, sql: &str) -> Result<(), String> {
        self.database.sql(sql);
        self.settled().await.map_err(|error| format!("after `{sql}`: {error}"))
    }

    /// Waits until the source is in error, and returns why.
    pub async fn error(&self) -> String {
        reach(self.livewell(), "s", State::Error).await;
        status(self.livewell(), "s").error.expect("an error has a reason")
    }

    /// Ends it, and leaves no slot behind.
    pub async fn close(mut self) {
        self.down().await;
        self.database.drop_slots();
    }
}
