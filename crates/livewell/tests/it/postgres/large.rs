//! Large transactions: they are followed whatever their size, whole, also where the server sends them in parts.

use super::cases::{Case, hold};
use super::clusters::each_version;
use super::compared::Table;
use super::database::Database;
use crate::fixture::{memory, open, query, status, values};
use livewell::IntoSource;
use livewell::{Livewell, Setup};
use livewell_model::Value;
use livewell_source::postgres::Database as Upstream;
use serde_json::json;
use std::time::{Duration, Instant};

/// More changes than one transaction of the queries had room for.
const MANY: usize = 110_000;
/// How long so many rows may take, in a build for tests.
const PATIENCE: Duration = Duration::from_secs(180);

/// Waits until the query has these rows. An error of the source is one of the test; so are rows that `is_torn`.
async fn reach_rows(livewell: &Livewell, expected: &[Vec<Value>], is_torn: impl Fn(&[Value]) -> bool) {
    let began = Instant::now();
    loop {
        let seen = values(livewell, "q");
        assert_eq!(status(livewell, "s").error, None, "with the rows {seen:?}");
        if seen == expected {
            return;
        }
        let torn = seen.iter().find(|row| is_torn(row));
        assert_eq!(torn, None, "half of a transaction");
        assert!(began.elapsed() < PATIENCE, "{seen:?} are not {expected:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A Livewell with the source over these tables and the one query `q`.
async fn begun(database: &Database, tables: &[Table], text: &str) -> Livewell {
    let livewell = open(&memory());
    let sources = vec![Upstream::new(super::followed::settings(database, tables, &json!({}))).into_source()];
    livewell.add(Setup { sources, queries: vec![query("q", text)], ..Setup::default() }).await.unwrap();
    livewell
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_and_a_purge_of_many_rows_are_followed_and_seen_whole() {
    let rows = "insert into t select g, 0 from generate_series";
    let setup = format!("create table t (id int primary key, a int); {rows}(1, {MANY}) g");
    let count = i64::try_from(MANY).unwrap();
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(&setup);
        let text = "MATCH (n:t) RETURN count(n) AS n, sum(n.a) AS a";
        let livewell = begun(&database, &[Table::new("t", &["id"])], text).await;
        // Each row is changed by one: a sum between the two is half of a transaction.
        let is_torn = |row: &[Value]| row[1] != Value::Int(0) && row[1] != Value::Int(count);
        let row = |n: i64, a: i64| [vec![Value::Int(n), Value::Int(a)]];
        reach_rows(&livewell, &row(count, 0), is_torn).await;
        database.sql("update t set a = a + 1");
        reach_rows(&livewell, &row(count, count), is_torn).await;
        database.sql("truncate t");
        reach_rows(&livewell, &row(0, 0), is_torn).await;
        livewell.shutdown().await;
        database.drop_slots();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_of_rows_with_relationships_is_followed() {
    let half = MANY / 2;
    let setup = format!(
        "create table c (id int primary key); create table o (id int primary key, c int references c); \
         insert into c values (1), (2); insert into o select g, 1 from generate_series(1, {half}) g",
    );
    let o = Table::new("o", &["id"]).tied("OF", "c", &["c"], &["id"]);
    let all = Value::Int(i64::try_from(half).unwrap());
    // What differs between versions is how they send it, which the test above shows.
    let postgres = each_version().last().expect("there is a version");
    let database = Database::new(&postgres);
    database.sql(&setup);
    let text = "MATCH (:o)-[:OF]->(c:c) RETURN c.id AS id, count(*) AS n";
    let livewell = begun(&database, &[Table::new("c", &["id"]), o.clone()], text).await;
    let is_torn = |row: &[Value]| row[1] != all;
    reach_rows(&livewell, &[vec![Value::Int(1), all.clone()]], is_torn).await;
    database.sql("update o set c = 2");
    reach_rows(&livewell, &[vec![Value::Int(2), all.clone()]], is_torn).await;
    database.sql("delete from o");
    reach_rows(&livewell, &[], is_torn).await;
    livewell.shutdown().await;
    database.drop_slots();
}

#[tokio::test(flavor = "multi_thread")]
async fn ddl_that_is_rolled_back_within_a_transaction_sent_in_parts_is_passed() {
    let setup = "create table t (id int primary key, a text)";
    let rows = |letter: char, from: u32, to: u32| {
        format!(
            "insert into t (id, a) select g, repeat('{letter}', 200) from generate_series({from}, {to}) g;"
        )
    };
    let t = [Table::new("t", &["id"])];
    let within = |ddl: &str| {
        format!(
            "begin; {} savepoint c; {ddl} {} rollback to c; {} commit",
            rows('a', 1, 3_000),
            rows('c', 9_001, 12_000),
            rows('d', 12_001, 15_000)
        )
    };
    let filled = "alter table t add extra int; \
         insert into t select g, repeat('e', 200), g from generate_series(30001, 33000) g;";
    let after = "insert into t (id) values (20000)";
    hold(vec![
        Case::new("a column", setup, &t, &within("alter table t add extra int;")).after(after),
        Case::new("a column with a value", setup, &t, &within("alter table t add extra int default 5;"))
            .after(after),
        Case::new("a column that gets values", setup, &t, &within(filled)).after(after),
        Case::new("a truncate", setup, &t, &within("truncate t;")).after(after),
        Case::new("nothing", setup, &t, &within("")).after(after),
        Case::new("a committed savepoint", setup, &t, &within("").replace("rollback to c", "release c"))
            .after(after),
        Case::new("all of it", setup, &t, &within("").replace("commit", "rollback")).after(after),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_values_that_are_not_sent_stay_what_they_were() {
    let setup = "create table t (id int primary key, a text, b text); alter table t alter a set storage \
         external, alter b set storage external; \
         insert into t select g, repeat('x', 30000 + g), repeat('y', 30000) from generate_series(1, 5) g";
    let t = [Table::new("t", &["id"])];
    hold(vec![
        Case::new(
            "another column",
            setup,
            &t,
            "update t set b = 'z' where id = 1; update t set id = 10 where id = 2",
        ),
        Case::new(
            "moved and moved again",
            setup,
            &t,
            "begin; update t set id = 10 where id = 1; update t set id = 11 where id = 10; \
             update t set b = 'w' where id = 11; commit; update t set id = 1 where id = 11",
        ),
        Case::new(
            "renamed meanwhile",
            setup,
            &t,
            "alter table t rename a to c; update t set b = 'z' where \
             id = 1; update t set id = 10 where id = 2",
        ),
        Case::new(
            "swapped names meanwhile",
            setup,
            &t,
            "begin; alter table t rename a to c; alter table t \
             rename b to a; alter table t rename c to b; commit; update t set id = id + 10",
        ),
        Case::new(
            "dropped and added meanwhile",
            setup,
            &t,
            "begin; alter table t drop a; alter table t add a text; commit; update t set id = id + 10",
        ),
    ])
    .await;
}
