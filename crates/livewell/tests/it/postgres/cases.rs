//! Many cases of one promise: SQL that runs beside a source, connected and away, under each policy, against each
//! version of PostgreSQL; what does not hold is told all together.

use super::clusters::shared;
use super::compared::Table;
use super::database::Database;
use super::followed::{Followed, WRONG};
use livewell_services::Postgres;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many run at once; they mostly wait.
const AT_ONCE: usize = 12;

/// What a `strict` source may do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Strict {
    /// Only follow: what happened can be computed.
    Follows,
    /// Follow, or stop with a message that has all these words and the command that helps.
    MayStop(&'static [&'static str]),
}

/// SQL that runs while a source follows tables.
#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    /// What makes the tables, before the source starts.
    pub setup: String,
    pub tables: Vec<Table>,
    /// What is expected at the start, if it is not what `tables` say.
    pub at_first: Option<Vec<Table>>,
    /// Settings of the source, beside those of its tables.
    pub extra: Json,
    /// What happens.
    pub then: String,
    /// A statement that is followed afterwards as ever.
    pub after: String,
    pub strict: Strict,
    /// The first version that it runs against.
    pub since: u32,
}

impl Case {
    pub fn new(name: &'static str, setup: &str, tables: &[Table], then: &str) -> Self {
        Self {
            name,
            setup: setup.into(),
            tables: tables.to_vec(),
            at_first: None,
            extra: json!({}),
            then: then.into(),
            after: String::new(),
            strict: Strict::Follows,
            since: 0,
        }
    }

    pub fn may_stop(mut self, words: &'static [&'static str]) -> Self {
        self.strict = Strict::MayStop(words);
        self
    }

    pub fn after(mut self, statement: &str) -> Self {
        self.after = statement.into();
        self
    }

    pub fn since(mut self, version: u32) -> Self {
        self.since = version;
        self
    }

    pub fn extra(mut self, extra: Json) -> Self {
        self.extra = extra;
        self
    }

    pub fn at_first(mut self, tables: &[Table]) -> Self {
        self.at_first = Some(tables.to_vec());
        self
    }
}

/// How a case runs.
#[derive(Clone, Copy, PartialEq)]
struct Way {
    recovery: &'static str,
    /// Whether Livewell is down while the SQL runs.
    is_away: bool,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.recovery, if self.is_away { "away" } else { "connected" })
    }
}

const WAYS: [Way; 3] = [
    Way { recovery: "strict", is_away: false },
    Way { recovery: "auto_reset", is_away: false },
    Way { recovery: "auto_reset", is_away: true },
];

/// The cases that run against one of these versions, and in which ways.
///
/// Each case meets every version that it is for, and each way too; all of them together only where `LIVEWELL_CASES`
/// is `all`, for it takes twice as long.
fn chosen(cases: &[Case], version: u32, versions: &[u32]) -> Vec<(Case, Way)> {
    let is_all = std::env::var("LIVEWELL_CASES").is_ok_and(|which| which == "all");
    let mut chosen = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let meets: Vec<u32> = versions.iter().copied().filter(|version| case.since <= *version).collect();
        for (turn, way) in WAYS.into_iter().enumerate() {
            let is_its_turn = |meets: &[u32]| meets[(number + turn) % meets.len()] == version;
            if meets.contains(&version) && (is_all || is_its_turn(&meets)) {
                chosen.push((case.clone(), way));
            }
        }
    }
    chosen
}

/// Runs the cases; panics with all that does not hold.
pub async fn hold(cases: Vec<Case>) {
    let mut failures: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let versions = Postgres::versions();
    for version in &versions {
        let postgres = shared(*version);
        let at_once = Arc::new(Semaphore::new(AT_ONCE));
        let mut running = JoinSet::new();
        for (case, way) in chosen(&cases, *version, &versions) {
            let (database, at_once) = (Database::new(&postgres), at_once.clone());
            running.spawn(async move {
                let _turn = at_once.acquire().await;
                let outcome = run(&case, &database, way).await;
                outcome.map_err(|error| (format!("{}: {error}", case.name), way))
            });
        }
        for (error, way) in running.join_all().await.into_iter().filter_map(Result::err) {
            failures.entry(error).or_default().push(format!("{version} {way}"));
        }
    }
    let told = |(error, ways): (&String, &Vec<String>)| format!("{error}\n    [{}]", ways.join("; "));
    let told: Vec<String> = failures.iter().map(told).collect();
    assert!(told.is_empty(), "{} things do not hold:\n{}", told.len(), told.join("\n"));
}

async fn run(case: &Case, database: &Database, way: Way) -> Result<(), String> {
    database.sql(&case.setup);
    let mut extra = case.extra.clone();
    extra["recovery"] = way.recovery.into();
    let at_first = case.at_first.as_ref().unwrap_or(&case.tables);
    let mut followed = Followed::started(database, at_first, &extra).await?;
    followed.tables.clone_from(&case.tables);
    let outcome = happens(case, &mut followed, way).await;
    followed.close().await;
    outcome
}

async fn happens(case: &Case, followed: &mut Followed, way: Way) -> Result<(), String> {
    if way.is_away {
        followed.down().await;
    }
    let then = followed.database.attempt(&case.then).map_err(|error| format!("SQL fails: {error}"));
    if way.is_away {
        followed.up().await;
    }
    then?;
    let mut outcome = followed.settled().await;
    if outcome.is_ok() && !case.after.is_empty() {
        outcome = followed.follows(&case.after).await;
    }
    match (outcome, case.strict) {
        (Err(error), Strict::MayStop(words)) if way.recovery == "strict" => says(&error, words),
        (outcome, _) => outcome,
    }
}

/// The message names what it has to, and the way out.
pub fn says(error: &str, words: &[&str]) -> Result<(), String> {
    if error.contains(WRONG) {
        return Err(error.to_owned());
    }
    let mut wanted: Vec<&str> = words.to_vec();
    wanted.push("livewell reset s");
    match wanted.iter().find(|word| !error.contains(**word)) {
        None => Ok(()),
        Some(word) => Err(format!("the message does not say `{word}`: {error}")),
    }
}
