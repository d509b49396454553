//! Transactions that are taken in part by part: whatever is asked, they are one, and they are exact.

use super::clusters::each_version;
use super::compared::Table;
use super::database::Database;
use super::followed::settings;
use crate::fixture::*;
use livewell::IntoSource;
use livewell::{Livewell, Query, Recovery, Setup, State};
use livewell_source::postgres::Database as Upstream;
use livewell_store::Store;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// As many rows as make several parts of what the server sends, of the log, and of the results.
const ROWS: usize = 3_000;

fn queries() -> Vec<Query> {
    vec![
        query("nodes", "MATCH (n:t) RETURN n"),
        query("ties", "MATCH (n:t)-[:OF]->(c:c) RETURN c.id AS id, count(*) AS n"),
        query("sums", "MATCH (n:t) RETURN count(n) AS n, sum(n.a) AS a"),
        query("top", "MATCH (n:t) RETURN n.id AS id, n.a AS a ORDER BY a DESC, id LIMIT 10"),
        // It fails for each number of rows that is only there in between.
        query(
            "whole",
            "MATCH (n:t) WITH count(n) AS n RETURN n, CASE WHEN n % 1000 = 0 THEN 1 ELSE 1 / 0 END AS one",
        ),
        query(
            "before",
            "MATCH (n:t) WITH n.g AS g, sum(n.a) AS a RETURN g, livewell.previousValue(a) AS was",
        ),
        query("flat", "MATCH (n:t) RETURN n.id AS id, n.a AS a, n.note AS note"),
        Query::cypher("above", "MATCH (r:flat) RETURN count(r) AS n, sum(r.a) AS a").from("flat"),
    ]
}

/// The queries whose rows can be evaluated from what is stored.
const VERIFIED: [&str; 7] = ["nodes", "ties", "sums", "top", "whole", "above", "flat"];

async fn start(store: &Arc<dyn Store>, database: &Database, recorder: &Recorder) -> Livewell {
    let c = Table::new("c", &["id"]);
    let t = Table::new("t", &["id"]).tied("OF", "c", &["c"], &["id"]);
    let livewell = open(store);
    let sources = vec![Upstream::new(settings(database, &[c, t], &json!({}))).into_source()];
    let reactions = vec![reaction("seen", "flat", Recovery::Strict, recorder.clone())];
    livewell.add(Setup { sources, queries: queries(), reactions, ..Setup::default() }).await.unwrap();
    livewell
}

/// Waits until all is at rest and the sums are these; then everything is what it says.
async fn settle(livewell: &Livewell, database: &Database) {
    let expected = database.ask("select count(*), sum(a) from t");
    let (n, a) = expected.split_once('|').expect("two columns");
    let expected = vec![vec![value(n), value(a)]];
    for _ in 0..3_000 {
        let all = livewell.status().unwrap();
        let wrong = all.iter().find(|status| status.error.is_some());
        assert!(wrong.is_none(), "{wrong:?}");
        if all.iter().all(|status| status.state == State::CaughtUp)
            && ["sums", "above"].iter().all(|query| values(livewell, query) == expected)
        {
            VERIFIED.iter().for_each(|query| assert_verified(livewell, query));
            let verified = tokio::task::block_in_place(|| livewell.verify_source("s", None)).unwrap();
            assert!(verified.is_equal(), "{verified:?}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the sums are not {expected:?}: {:#?}", livewell.status().unwrap());
}

fn value(text: &str) -> livewell_model::Value {
    livewell_model::Value::Int(text.parse().unwrap_or(0))
}

fn transactions() -> Vec<String> {
    let note = "repeat(md5(g::text), 50)";
    vec![
        format!("insert into t select g, g % 7, g % 3, 1 + g % 2, {note} from generate_series(1, {ROWS}) g"),
        // Each row once more, then half of them under other keys, some gone, some new.
        format!(
            "begin; update t set a = a + 1, note = note || 'x'; update t set id = id + {ROWS} where id % 2 = 0; \
             delete from t where id % 2 = 1 and id <= 1000; insert into t select g, 5, 1, 2, {note} from \
             generate_series(1, 1000) g where g % 2 = 1; commit"
        ),
        // What is as it was at the end.
        "begin; update t set a = a + 1, note = note || 'x'; update t set a = a - 1, note = left(note, -1); commit"
            .into(),
        // The rows that come after it stay.
        format!(
            "begin; update t set note = note || 'y'; truncate t; insert into t select g, 9, 1, 1, {note} from \
             generate_series(1, 2000) g; commit"
        ),
        "delete from t".into(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_in_parts_is_one_result_of_each_query() {
    let postgres = each_version().last().expect("there is a version");
    let (database, place) = (Database::new(&postgres), tempfile::TempDir::new().unwrap());
    database.sql(
        "create table c (id int primary key); insert into c values (1), (2); create table t (id int primary \
         key, a int, g int, c int, note text)",
    );
    let (store, recorder) = (disk(&place), Recorder::default());
    let mut livewell = start(&store, &database, &recorder).await;
    settle(&livewell, &database).await;
    for sql in transactions() {
        let results = recorder.seen.lock().unwrap().len();
        database.sql(&sql);
        settle(&livewell, &database).await;
        idle(&livewell).await;
        let seen = recorder.seen.lock().unwrap().len() - results;
        let is_without_effect = sql.contains("a - 1");
        assert_eq!(seen, usize::from(!is_without_effect), "results after `{sql}`");
        // What was delivered comes to what is live.
        let mut folded = BTreeMap::new();
        for (_, _, result) in recorder.seen.lock().unwrap().iter() {
            fold(&mut folded, &result.diffs);
        }
        assert_eq!(folded, rows(&livewell, "flat"), "after `{sql}`");
        livewell.shutdown().await;
        livewell = start(&store, &database, &recorder).await;
        settle(&livewell, &database).await;
    }
    livewell.shutdown().await;
    database.drop_slots();
}
