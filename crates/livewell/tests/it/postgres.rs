//! A PostgreSQL database as a source of a running Livewell: its rows are the base, its transactions stay whole,
//! and what cannot be followed is noticed.

mod altered;
mod cases;
mod clusters;
mod compared;
mod copies;
mod database;
mod followed;
mod keys;
mod large;
mod partitions;
mod published;
mod refused;
mod restored;
mod rights;
mod slots;
mod stalled;
mod storm;
mod tables;
mod vast;
mod verified;

use crate::fixture::*;
use livewell::IntoSource;
use livewell::{Livewell, Query, Recovery, Setup, State};
use livewell_model::{Decimal, Diff, Value};
use livewell_reaction::file::Table;
use livewell_services::{Postgres, Proxy};
use livewell_source::postgres::Database as Upstream;
use livewell_source::settings::PostgresSettings;
use livewell_store::Store;
use serde_json::json;
use std::sync::Arc;

const TABLE: &str =
    "create table t (id int primary key, x int); insert into t values (1, 10), (2, 20), (3, 30);";
const ROWS: &str = "MATCH (n:t) RETURN n.id AS id, n.x AS x";

fn settings(url: &str) -> PostgresSettings {
    serde_json::from_value(json!({ "id": "s", "url": url, "tables": [{ "table": "public.t" }] })).unwrap()
}

fn resetting(url: &str) -> PostgresSettings {
    PostgresSettings { recovery: Recovery::AutoReset, ..settings(url) }
}

async fn start(store: &Arc<dyn Store>, settings: PostgresSettings, recorder: &Recorder) -> Livewell {
    let livewell = open(store);
    let reactions = vec![reaction("r", "all", Recovery::Strict, recorder.clone())];
    let queries = vec![query("all", ROWS)];
    let sources = vec![Upstream::new(settings).into_source()];
    livewell.add(Setup { sources, queries, reactions, ..Setup::default() }).await.unwrap();
    livewell
}

/// The rows of `all` are those of the table `t`.
async fn same_as_the_table(livewell: &Livewell, postgres: &Postgres) {
    let truth = postgres.sql("select id, coalesce(x::text, 'Null') from t order by id");
    eventually("the rows are the table's", || shown(livewell) == truth).await;
    assert_verified(livewell, "all");
}

fn shown(livewell: &Livewell) -> String {
    let mut rows: Vec<(i64, String)> = values(livewell, "all")
        .into_iter()
        .map(|row| match (&row[0], &row[1]) {
            (Value::Int(id), Value::Int(x)) => (*id, x.to_string()),
            (Value::Int(id), x) => (*id, format!("{x:?}")),
            other => panic!("a row of {other:?}"),
        })
        .collect();
    rows.sort_unstable();
    rows.iter().map(|(id, x)| format!("{id}|{x}")).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_there_are_the_base_and_never_reach_a_trigger() {
    let postgres = Postgres::start();
    postgres.sql(TABLE);
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::default();
    let livewell = start(&disk(&folder), settings(&postgres.url()), &recorder).await;
    let path = folder.path().join("now.jsonl");
    livewell.add_reaction(reaction("table", "all", Recovery::Strict, Table::new(&path))).await.unwrap();
    same_as_the_table(&livewell, &postgres).await;
    idle(&livewell).await;
    assert_eq!((status(&livewell, "s").sequence, status(&livewell, "s").rows), (0, 3));
    assert_eq!(status(&livewell, "all").sequence, 0);
    assert_eq!(recorder.sequences(), [0u64; 0]);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3, "state-keepers have the base");
    postgres.sql("insert into t values (4, 40)");
    same_as_the_table(&livewell, &postgres).await;
    idle(&livewell).await;
    assert_eq!(recorder.sequences(), [1]);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 4);
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_query_begins_with_the_stored_rows_without_the_database() {
    let mut postgres = Postgres::start();
    postgres.sql(TABLE);
    let livewell = start(&memory(), settings(&postgres.url()), &Recorder::default()).await;
    postgres.sql("update t set x = 11 where id = 1");
    same_as_the_table(&livewell, &postgres).await;
    postgres.stop();
    livewell.add_query(query("sum", "MATCH (n:t) RETURN sum(n.x) AS x")).await.unwrap();
    eventually("the sum is there", || values(&livewell, "sum") == [[Value::Int(61)]]).await;
    reach(&livewell, "s", State::Waiting).await;
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_transaction_is_one_result_also_over_tables_and_with_truncate_and_moved_keys() {
    let postgres = Postgres::start();
    postgres.sql(TABLE);
    postgres
        .sql("create table u (id int primary key, big text); alter table u alter big set storage external");
    postgres.sql("insert into u values (1, repeat('x', 50000)), (2, 'b')");
    let mut both = settings(&postgres.url());
    both.tables.push(serde_json::from_value(json!({ "table": "u" })).unwrap());
    let recorder = Recorder::default();
    let livewell = start(&memory(), both, &recorder).await;
    let lengths = "MATCH (n:u) RETURN n.id AS id, size(n.big) AS length";
    livewell.add_query(query("lengths", lengths)).await.unwrap();
    let pair = |id, length| vec![Value::Int(id), Value::Int(length)];
    eventually("the base is there", || values(&livewell, "lengths") == [pair(1, 50_000), pair(2, 1)]).await;
    postgres.sql(
        "begin; insert into t values (9, 90); update u set id = 7 where id = 1; truncate t; \
         insert into t values (5, 50); update u set id = 8 where id = 7; delete from u where id = 2; commit",
    );
    same_as_the_table(&livewell, &postgres).await;
    eventually("the key moved", || values(&livewell, "lengths") == [pair(8, 50_000)]).await;
    idle(&livewell).await;
    assert_eq!(status(&livewell, "s").sequence, 1);
    assert_eq!(recorder.sequences(), [1]);
    assert_verified(&livewell, "lengths");
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_transaction_is_taken_in_once_over_restarts_of_both_sides_and_cut_connections() {
    let mut postgres = Postgres::start();
    postgres.sql(TABLE);
    let proxy = Proxy::start(postgres.port());
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::default();
    let url = postgres.url_at(proxy.port());
    let mut count = 0;
    for round in 0..4 {
        let livewell = start(&disk(&folder), settings(&url), &recorder).await;
        same_as_the_table(&livewell, &postgres).await;
        for _ in 0..5 {
            postgres.sql("update t set x = x + 1");
            count += 1;
            match round {
                1 => proxy.cut(),
                2 if count == 12 => postgres.restart(),
                _ => {}
            }
        }
        if round == 3 {
            livewell.shutdown().await;
            postgres.sql("update t set x = x + 1");
            count += 1;
            continue;
        }
        same_as_the_table(&livewell, &postgres).await;
        livewell.shutdown().await;
    }
    let livewell = start(&disk(&folder), settings(&url), &recorder).await;
    same_as_the_table(&livewell, &postgres).await;
    idle(&livewell).await;
    assert_eq!(recorder.sequences(), (1..=count).collect::<Vec<u64>>());
    assert_eq!(status(&livewell, "s").sequence, count);
    livewell.shutdown().await;
}

/// Drops the slot while the source is stopped, and changes rows that it never hears of.
async fn lose_slot(livewell: Livewell, postgres: &Postgres) {
    livewell.shutdown().await;
    drop(livewell);
    eventually("the slot is free", || postgres.sql("select active from pg_replication_slots") == "f").await;
    postgres.sql("select pg_drop_replication_slot(slot_name) from pg_replication_slots");
    postgres
        .sql("insert into t values (4, 40); delete from t where id = 1; update t set x = 21 where id = 2");
}

fn changed_ids(recorder: &Recorder) -> Vec<(&'static str, Value)> {
    let seen = recorder.seen.lock().unwrap();
    assert_eq!(seen.len(), 1, "the difference is one result: {seen:?}");
    let mut changed: Vec<(&str, Value)> = seen[0]
        .2
        .diffs
        .iter()
        .map(|diff| match diff {
            Diff::Add { data, .. } => ("add", data[0].clone()),
            Diff::Update { after, .. } => ("update", after[0].clone()),
            Diff::Delete { data, .. } => ("delete", data[0].clone()),
        })
        .collect();
    changed.sort_by_key(|(what, _)| *what);
    changed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_slot_stops_a_strict_source_and_a_reset_emits_only_what_differs() {
    let postgres = Postgres::start();
    postgres.sql(TABLE);
    let (store, recorder) = (memory(), Recorder::default());
    let livewell = start(&store, settings(&postgres.url()), &recorder).await;
    same_as_the_table(&livewell, &postgres).await;
    lose_slot(livewell, &postgres).await;
    let livewell = start(&store, settings(&postgres.url()), &recorder).await;
    reach(&livewell, "s", State::Error).await;
    let error = status(&livewell, "s").error.unwrap();
    assert!(error.contains("LW0212") && error.contains("is gone"), "{error}");
    assert_eq!(recorder.sequences(), [0u64; 0]);
    livewell.reset("s").unwrap();
    same_as_the_table(&livewell, &postgres).await;
    idle(&livewell).await;
    let expected = [("add", Value::Int(4)), ("delete", Value::Int(1)), ("update", Value::Int(2))];
    assert_eq!(changed_ids(&recorder), expected);
    postgres.sql("insert into t values (5, 50)");
    same_as_the_table(&livewell, &postgres).await;
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_reset_takes_a_new_copy_by_itself() {
    let postgres = Postgres::start();
    postgres.sql(TABLE);
    let (store, recorder) = (memory(), Recorder::default());
    let livewell = start(&store, resetting(&postgres.url()), &recorder).await;
    same_as_the_table(&livewell, &postgres).await;
    lose_slot(livewell, &postgres).await;
    let livewell = start(&store, resetting(&postgres.url()), &recorder).await;
    same_as_the_table(&livewell, &postgres).await;
    idle(&livewell).await;
    assert_eq!(changed_ids(&recorder).len(), 3);
    // A column that is dropped is gone from rows that nobody sends.
    postgres.sql("alter table t drop x; insert into t values (9)");
    let gone = |livewell: &Livewell| values(livewell, "all").iter().all(|row| row[1].is_null());
    eventually("the column is gone", || gone(&livewell) && values(&livewell, "all").len() == 4).await;
    assert_verified(&livewell, "all");
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_waits_for_its_database_and_shows_it() {
    let mut postgres = Postgres::start();
    postgres.sql(TABLE);
    postgres.stop();
    let livewell = start(&memory(), settings(&postgres.url()), &Recorder::default()).await;
    reach(&livewell, "s", State::Waiting).await;
    postgres.up();
    same_as_the_table(&livewell, &postgres).await;
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_source_leaves_no_slot_behind() {
    let postgres = Postgres::start();
    postgres.sql(TABLE);
    let livewell = open(&memory());
    let sources = vec![Upstream::new(settings(&postgres.url())).into_source()];
    livewell.add(Setup { sources, ..Setup::default() }).await.unwrap();
    eventually("it is copied", || status(&livewell, "s").rows == 3).await;
    livewell.remove("s").await.unwrap();
    let slots = "select count(*) from pg_replication_slots";
    eventually("the slot is gone", || postgres.sql(slots) == "0").await;
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_fire_while_the_database_is_quiet() {
    let postgres = Postgres::start();
    postgres.sql(TABLE);
    let livewell = start(&memory(), settings(&postgres.url()), &Recorder::default()).await;
    let text = "MATCH (n:t) WHERE livewell.trueFor(n.x > 25, duration('PT1S')) RETURN n.id AS id";
    livewell.add_query(query("long", text)).await.unwrap();
    same_as_the_table(&livewell, &postgres).await;
    postgres.sql("insert into t values (4, 40)");
    let ids = |ids: &[i64]| ids.iter().map(|id| vec![Value::Int(*id)]).collect::<Vec<_>>();
    eventually("both have been so for a second", || values(&livewell, "long") == ids(&[3, 4])).await;
    assert_verified(&livewell, "long");
    livewell.shutdown().await;
}

/// A client at random: what it does is repeated from its seed.
struct Client(u64);

impl Client {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn statement(&mut self) -> String {
        let (id, other, x) = (self.next(40), self.next(40), self.next(1_000));
        let free = |id| format!("not exists (select from t where id = {id})");
        match self.next(20) {
            0..8 => format!("insert into t values ({id}, {x}) on conflict (id) do update set x = excluded.x"),
            8..12 => format!("update t set x = nullif(x + {x}, 500) where id between {id} and {id} + 5"),
            12..15 => format!("update t set id = {other} where id = {id} and {}", free(other)),
            15..19 => format!("delete from t where id = {id}"),
            _ => "truncate t".into(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_transactions_come_to_the_same_rows_with_cuts_and_restarts_in_between() {
    let postgres = Postgres::start();
    postgres.sql(TABLE);
    let proxy = Proxy::start(postgres.port());
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client(7);
    for round in 0..6 {
        let livewell =
            start(&disk(&folder), settings(&postgres.url_at(proxy.port())), &Recorder::default()).await;
        for _ in 0..25 {
            let body: Vec<String> = (0..=client.next(6)).map(|_| client.statement()).collect();
            let end = if client.next(5) == 0 { "rollback" } else { "commit" };
            postgres.sql(&format!("begin; {}; {end}", body.join("; ")));
            if client.next(12) == 0 {
                proxy.cut();
            }
        }
        if round % 2 == 0 {
            same_as_the_table(&livewell, &postgres).await;
        }
        livewell.shutdown().await;
    }
    let livewell = start(&disk(&folder), settings(&postgres.url()), &Recorder::default()).await;
    same_as_the_table(&livewell, &postgres).await;
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_joins_tables_sees_foreign_keys_as_relationships() {
    let postgres = Postgres::start();
    postgres.sql(
        "create table customer (id int primary key, name text); \
         create table orders (id int primary key, customer_id int references customer, total numeric(10,2)); \
         insert into customer values (1, 'Ann'), (2, 'Bo'); insert into orders values (1, 1, 10.5), (2, 2, \
         20)",
    );
    let shop = json!({ "id": "s", "url": postgres.url(), "tables": [
        { "table": "public.customer", "label": "Customer", "key": ["id"] },
        { "table": "public.orders", "label": "Order", "key": ["id"], "relationships":
            [{ "type": "PLACED_BY", "table": "public.customer", "columns": ["customer_id"] }] },
    ]});
    let livewell = open(&memory());
    let sources = vec![Upstream::new(serde_json::from_value(shop).unwrap()).into_source()];
    let text = "MATCH (o:Order)-[:PLACED_BY]->(c:Customer) RETURN c.name AS name, sum(o.total) AS total";
    let queries = vec![Query::cypher("totals", text).from("s")];
    livewell.add(Setup { sources, queries, ..Setup::default() }).await.unwrap();
    let decimal = |text: &str| Value::from(Decimal::parse(text).unwrap());
    let row = |name: &str, total: &str| vec![Value::string(name), decimal(total)];
    let is = |expected: &[Vec<Value>]| values(&livewell, "totals") == expected;
    eventually("the base", || is(&[row("Ann", "10.5"), row("Bo", "20")])).await;
    postgres.sql("update orders set customer_id = 1 where id = 2");
    eventually("moved", || is(&[row("Ann", "30.5")])).await;
    postgres
        .sql("begin; delete from orders where customer_id = 1; delete from customer where id = 1; commit");
    eventually("gone", || is(&[])).await;
    assert_verified(&livewell, "totals");
    livewell.shutdown().await;
}
