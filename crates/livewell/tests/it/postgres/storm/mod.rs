//! A storm: random statements of every kind over a small schema, by a client and a second one whose transactions stay
//! open meanwhile, while Livewell is connected, away, a synchronous standby, or killed. At every position that it calls
//! checked its rows are those of SQL at that place in the server's log, and at every quiet moment those of now.
//!
//! `LIVEWELL_STORM_SEED` and `LIVEWELL_STORM_STATEMENTS` choose another storm; `LIVEWELL_STORM_MINUTES` makes it a
//! long one for each version, in which Livewell is killed, too.

mod generator;
mod history;
mod model;
mod random;
mod rows;
mod second;
mod shapes;
mod subject;
mod witness;

use super::clusters::each_version;
use super::database::{Database, STUCK};
use super::followed::Followed;
use crate::fixture::status;
use generator::{Generator, PUBLICATION, Scope, publication};
use history::{History, now, parse};
use livewell_services::pause;
use model::{Model, TABLES};
use random::Random;
use rows::LARGE;
use second::Second;
use serde_json::{Value as Json, json};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use witness::Witness;

/// The statements of a short storm, for each version.
const STATEMENTS: u64 = 300;
/// The statements between two quiet moments, about.
const PHASE: usize = 30;
/// How long the clients wait for everything to be checked.
const CALM_MAX: Duration = Duration::from_secs(2);
/// More statements than these are only written into a file.
const TOLD_MAX: usize = 400;

/// What Livewell is while statements run.
#[derive(Debug, Clone, Copy)]
enum Weather {
    Connected,
    Away,
    /// Every commit waits until Livewell has stored it.
    Synchronous,
    /// In another process that is killed again and again.
    Killed,
}

const SHORT: [Weather; 3] = [Weather::Connected, Weather::Away, Weather::Synchronous];
const LONG: [Weather; 4] = [Weather::Connected, Weather::Killed, Weather::Away, Weather::Synchronous];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("`{name}` is a number")))
}

#[tokio::test(flavor = "multi_thread")]
async fn random_statements_of_every_kind_come_to_the_same_rows() {
    let minutes = number("LIVEWELL_STORM_MINUTES");
    let statements = number("LIVEWELL_STORM_STATEMENTS").unwrap_or(STATEMENTS);
    let weathers = if minutes.is_some() { LONG.as_slice() } else { SHORT.as_slice() };
    for postgres in each_version() {
        // Half of it over a publication of Livewell's own, half over one that changes under it.
        for scope in [Scope::Tables, Scope::Publication] {
            let mut storm = Storm::new(Database::new(&postgres), scope);
            let deadline = minutes.map(|minutes| Instant::now() + Duration::from_secs(minutes * 30));
            let is_over = |storm: &Storm| match deadline {
                Some(deadline) => Instant::now() > deadline,
                None => storm.statements.len() as u64 >= statements / 2,
            };
            for weather in weathers.iter().cycle() {
                if is_over(&storm) {
                    break;
                }
                storm.phase(*weather).await;
            }
            storm.end(postgres.version());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_rows_come_to_the_same_rows_connected_away_killed_and_as_a_standby() {
    for postgres in each_version() {
        let mut storm = Storm::new(Database::new(&postgres), Scope::Rows);
        for weather in LONG {
            storm.phase(weather).await;
        }
        storm.end(postgres.version());
    }
}

#[test]
fn the_server_takes_most_statements_of_a_storm() {
    for postgres in each_version() {
        for scope in [Scope::Tables, Scope::Publication] {
            let mut storm = Storm::new(Database::new(&postgres), scope);
            while storm.statements.len() < 125 {
                storm.step();
            }
            storm.end(postgres.version());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_in_a_storm() {
    subject::be_the_child().await;
}

/// A client, a database and a store.
struct Storm {
    database: Database,
    place: tempfile::TempDir,
    extra: Json,
    seed: u64,
    generator: Generator,
    second: Second,
    /// Choices of moments to wait at, beside those of the clients.
    calms: Random,
    history: History,
    /// All that was run, with what the server refused.
    statements: Vec<String>,
    refused: usize,
    quiet: usize,
    /// The checked positions that were compared, and those that were not.
    checked: (usize, usize),
    kills: usize,
    is_synchronous: bool,
    is_large: bool,
}

impl Storm {
    fn new(database: Database, scope: Scope) -> Self {
        let seed = number("LIVEWELL_STORM_SEED").unwrap_or(1);
        database.sql(TABLES);
        if scope == Scope::Rows {
            database.sql(LARGE);
        }
        let mut extra = json!({ "recovery": "auto_reset" });
        if scope == Scope::Publication {
            database.sql(&publication());
            extra["publication"] = PUBLICATION.into();
        }
        let place = tempfile::tempdir().expect("a temporary directory");
        let history = History::default();
        history.add(&database, now(&database));
        Self {
            database,
            place,
            extra,
            seed,
            generator: Generator::new(seed, scope),
            second: Second::new(seed),
            calms: Random::new(seed ^ 0xca13),
            history,
            statements: Vec::new(),
            refused: 0,
            quiet: 0,
            checked: (0, 0),
            kills: 0,
            is_synchronous: false,
            is_large: scope == Scope::Rows,
        }
    }

    fn store(&self) -> PathBuf {
        self.place.path().join("data")
    }

    /// Statements in one kind of weather, then a quiet moment.
    async fn phase(&mut self, weather: Weather) {
        self.statements.push(format!("-- {weather:?}"));
        let end = self.statements.len() + PHASE;
        let open = async |storm: &Self| {
            let followed = subject::open(&storm.store(), &storm.database, &storm.extra).await;
            let witness = Witness::start(followed.store(), &storm.history);
            (followed, witness)
        };
        let (mut followed, witness) = match weather {
            Weather::Connected => {
                let (followed, witness) = open(self).await;
                // A source that has nothing yet does not wait until a publication sends what it should.
                if self.quiet == 0 && !self.extra["publication"].is_null() {
                    self.agree(subject::rows_are_those_of_sql(&followed).await);
                }
                while self.statements.len() < end {
                    self.step();
                    self.copy_again(&followed);
                    self.calm(&followed);
                }
                (followed, witness)
            }
            Weather::Away => {
                while self.statements.len() < end {
                    self.step();
                }
                open(self).await
            }
            Weather::Synchronous => {
                let (followed, witness) = open(self).await;
                self.agree(subject::rows_are_those_of_sql(&followed).await);
                self.synchronous("\"livewell s\"");
                while self.statements.len() < end {
                    self.step();
                    self.copy_again(&followed);
                    self.calm(&followed);
                }
                self.end_second();
                self.synchronous("");
                (followed, witness)
            }
            Weather::Killed => {
                while self.statements.len() < end {
                    self.killed();
                }
                open(self).await
            }
        };
        self.end_second();
        self.agree(subject::rows_are_those_of_sql(&followed).await);
        self.quiet += 1;
        let seen = witness.end();
        self.checked.0 += seen.compared;
        self.checked.1 += seen.left_out;
        self.agree(seen.wrong.map_or(Ok(()), Err));
        followed.down().await;
    }

    /// Now and then has a table copied again, so that the next statements change rows in the middle of it.
    fn copy_again(&mut self, followed: &Followed) {
        if !self.is_large || !self.generator.random().once_in(3) {
            return;
        }
        // The large one half of the time.
        let tables = ["item", "item", "item", "part", "place", "link"];
        let table = self.generator.random().of(&tables).copied().unwrap_or("item");
        followed.livewell().reset_table("s", table).expect("the source is there");
        self.statements.push(format!("-- `{table}` is copied again"));
    }

    /// Now and then waits until everything is checked, or for a while if it is not.
    fn calm(&mut self, followed: &Followed) {
        if !self.calms.once_in(4) {
            return;
        }
        let began = Instant::now();
        while status(followed.livewell(), "s").checked != Some(true) && began.elapsed() < CALM_MAX {
            pause(Duration::from_millis(2));
        }
    }

    /// One life of another process, with some statements in it.
    fn killed(&mut self) {
        let mut child = subject::child(&self.store(), &self.database, &self.extra);
        for _ in 0..self.generator.random().below(4) {
            self.step();
            pause(Duration::from_millis(self.generator.random().below(150)));
        }
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        self.kills += 1;
    }

    /// What the clients do next.
    fn step(&mut self) {
        let mut model = Model::read(&self.database);
        model.may_alter_pair = !self.is_synchronous;
        model.is_large = self.is_large;
        if self.second.is_about_to_end() {
            self.end_second();
        } else if let Some(text) = self.second.go_on(&self.database, &model) {
            self.statements.push(format!("-- the second client: {text}"));
        }
        for text in self.generator.next(&model) {
            self.run(&text);
        }
    }

    /// Runs what the first client does, which gives up what the second one has locked.
    fn run(&mut self, text: &str) {
        let gives_up = if self.second.is_open() { "set lock_timeout = '20ms'; " } else { "" };
        self.history.end(now(&self.database), text.starts_with("begin;") || !text.contains(';'));
        match self.database.attempt(&format!("{gives_up}{text}; select pg_current_wal_insert_lsn()")) {
            Ok(printed) => {
                self.statements.push(format!("{text};"));
                let end = printed.lines().last().and_then(parse).expect("a place in the log");
                self.history.add(&self.database, end);
            }
            Err(error) => {
                let line = error.lines().next().unwrap_or_default().to_owned();
                self.statements.push(format!("{text}; -- {line}"));
                self.refused += 1;
                if error == STUCK {
                    self.agree(Err("a commit waits for Livewell, and Livewell for it".into()));
                }
                self.history.add(&self.database, now(&self.database));
            }
        }
    }

    /// Ends the transaction of the second client, if it has one.
    fn end_second(&mut self) {
        if !self.second.is_open() {
            return;
        }
        self.history.end(now(&self.database), true);
        let (text, printed) = self.second.end(&self.database);
        self.statements.push(format!("-- the second client: {text}"));
        let end = parse(&printed).unwrap_or_else(|| now(&self.database));
        self.history.add(&self.database, end);
    }

    /// Makes every commit wait for the standby of this name, or for none.
    fn synchronous(&mut self, name: &str) {
        self.is_synchronous = !name.is_empty();
        let set = format!("alter system set synchronous_standby_names = '{name}'; select pg_reload_conf()");
        self.database.sql(&format!("set synchronous_commit = local; {set}"));
        while self.database.sql("show synchronous_standby_names") != name {
            pause(Duration::from_millis(5));
        }
    }

    /// Fails with all that is needed to see it again.
    fn agree(&self, outcome: Result<(), String>) {
        let Err(error) = outcome else { return };
        let name = format!("livewell-storm-{}-{}.sql", self.seed, self.database.postgres().version());
        let file = std::env::temp_dir().join(name);
        let text = self.statements.join("\n");
        std::fs::write(&file, format!("{TABLES}\n{text}\n")).expect("a temporary file can be written");
        let told = &self.statements[self.statements.len().saturating_sub(TOLD_MAX)..];
        panic!(
            "{error}\nwith LIVEWELL_STORM_SEED={} and the settings {}, after {} statements, all in {}:\n{}",
            self.seed,
            self.extra,
            self.statements.len(),
            file.display(),
            told.join("\n")
        );
    }

    /// Says how much there was of it, and leaves nothing on the server.
    fn end(mut self, version: u32) {
        self.end_second();
        self.database.drop_slots();
        let (all, refused) = (self.statements.len(), self.refused);
        assert!(refused * 2 < all, "the server refused {refused} of {all} statements");
        let (compared, left_out) = self.checked;
        assert!(self.quiet < 3 || compared > 5, "only {compared} checked positions were compared");
        let line = format!(
            "counted: PostgreSQL {version}{}: {all} statements, {refused} of them refused, {compared} checked \
             positions compared and {left_out} left out, {} quiet moments, {} kills\n",
            if self.extra["publication"].is_null() { "" } else { ", a changing publication" },
            self.quiet,
            self.kills
        );
        std::io::stdout().write_all(line.as_bytes()).expect("somebody listens");
    }
}
