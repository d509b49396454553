//! Livewell in a storm: in this process, or in another one that is killed.

use super::model::followed;
use crate::postgres::compared::differences;
use crate::postgres::database::Database;
use crate::postgres::followed::{Followed, from_json, run, settings_as_json};
use livewell::{Durability, EmbeddedStore};
use livewell_store::Store;
use serde_json::{Value as Json, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What tells a child where its store is and what its settings are.
const CHILD: &str = "LIVEWELL_STORM_CHILD";
/// How long the rows may take to become those of SQL: long enough for several copies of all tables.
const SETTLED_MAX: Duration = Duration::from_secs(45);

fn store(place: &Path) -> Arc<dyn Store> {
    Arc::new(EmbeddedStore::open(place, Durability::Os).expect("the store opens"))
}

/// Opens Livewell over the store at `place`.
pub async fn open(place: &Path, database: &Database, extra: &Json) -> Followed {
    Followed::begun_in(store(place), database, &followed(), extra).await
}

/// Waits until all live rows are those of SQL. This is the one place where a storm looks; Livewell's own comparison of a
/// source with its database, which is a part of [`Followed::settled`], has to come to the same answer.
pub async fn rows_are_those_of_sql(followed: &Followed) -> Result<(), String> {
    let began = Instant::now();
    loop {
        match followed.settled().await {
            Ok(()) => return Ok(()),
            // A policy that helps itself may pass through an error.
            Err(error) if began.elapsed() > SETTLED_MAX => {
                let differences = differences(followed.livewell(), &followed.database, &followed.tables);
                let is_told = differences.iter().all(|difference| error.contains(difference));
                let differences = if is_told { String::new() } else { differences.join("\n    ") };
                return Err(format!("{error}\n    {differences}"));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Starts another process that runs Livewell over the store at `place` until it is killed.
pub fn child(place: &Path, database: &Database, extra: &Json) -> Child {
    let settings = settings_as_json(database, &followed(), extra);
    let mut command = Command::new(std::env::current_exe().expect("the test binary has a path"));
    command.args(["--exact", "postgres::storm::a_process_that_is_killed_in_a_storm", "--nocapture"]);
    command.env(CHILD, json!({ "place": place, "settings": settings }).to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the test binary starts")
}

/// The part of the child; nothing in an ordinary run.
pub async fn be_the_child() {
    let Ok(told) = std::env::var(CHILD) else { return };
    let told: Json = serde_json::from_str(&told).expect("it is told in JSON");
    let place = told["place"].as_str().expect("a place").to_owned();
    let _livewell = run(&store(Path::new(&place)), from_json(&told["settings"])).await;
    // The parent's end of the pipe closes with the parent.
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))
        .await
        .expect("it can wait")
        .expect("standard input can be read");
}
