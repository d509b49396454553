//! Inserts, updates, deletes and truncates, in transactions that stay whole.

use super::{Follower, SLOT, settings, started, texts, wait_until};
use livewell_model::{Element, Value};
use livewell_source::settings::ForeignKey;

#[test]
fn a_row_is_a_node_of_its_table_and_key() {
    let postgres = started(
        "create schema \"my.s\"; create table \"my.s\".\"a:b\" (k text primary key); \
         create table two (a int, b text, v int, primary key (b, a)); \
         insert into \"my.s\".\"a:b\" values ('x:y'); insert into two values (1, 'p,q', 9);",
    );
    let refused = Follower::copied(settings(postgres.url(), &[])).err().unwrap();
    assert!(refused.message.contains("no tables"), "{refused}");
    postgres.sql("create publication livewell_shop for all tables");
    let mut follower = Follower::copied(settings(postgres.url(), &[])).unwrap();
    assert_eq!(follower.ids(), texts(&["my\\.s.a\\:b:x:y", "public.two:p\\,q,1"]));
    let Element::Node(node) = &follower.driver.memory.live["public.two:p\\,q,1"] else {
        panic!("a row is a node")
    };
    assert_eq!(node.labels, texts(&["two"]));
    postgres.sql("update two set v = 10");
    let transaction = follower.transaction().unwrap();
    assert_eq!(follower.property("public.two:p\\,q,1", "v"), Value::Int(10));
    let micros = postgres.sql("select (extract(epoch from now()) * 1000000)::bigint").parse::<i64>().unwrap();
    let timestamp = transaction.timestamp.unwrap().0;
    assert!((micros * 1_000 - timestamp).abs() < 60_000_000_000, "{timestamp}");
}

#[test]
fn foreign_keys_are_relationships_that_move_with_their_rows() {
    let postgres = started(
        "create table customer (id int primary key); \
         create table orders (id int primary key, customer_id int references customer on update cascade, \
         gift_to int references customer on update cascade); \
         insert into customer values (1), (2); insert into orders values (7, 1, 2), (8, null, null);",
    );
    let mut settings = settings(postgres.url(), &["customer", "orders"]);
    settings.tables[0].label = Some("Customer".into());
    settings.tables[1].relationships = ["customer_id", "gift_to"]
        .map(|column| ForeignKey {
            kind: "FOR".into(),
            table: "public.customer".into(),
            columns: vec![column.into()],
        })
        .into();
    let mut follower = Follower::copied(settings).unwrap();
    let edges = |follower: &Follower| -> Vec<String> {
        let relationships = follower.driver.memory.live.values().filter_map(Element::as_relationship);
        relationships.map(|edge| format!("{} {}->{}", edge.kind, edge.from.id, edge.to.id)).collect()
    };
    let one = "FOR public.orders:7->public.customer:1";
    let two = "FOR public.orders:7->public.customer:2";
    assert_eq!(edges(&follower), [one, two]);
    postgres.sql("update orders set customer_id = null where id = 7");
    follower.transaction().unwrap();
    assert_eq!(edges(&follower), [two]);
    postgres.sql("update orders set customer_id = 2, gift_to = 1 where id = 7");
    follower.transaction().unwrap();
    assert_eq!(edges(&follower), [two, one]);
    // One transaction over two tables, by the server's own cascade.
    postgres.sql("update customer set id = 3 where id = 1");
    let transaction = follower.transaction().unwrap();
    let kinds = ["public.customer:", "public.orders:"];
    let is_of = |kind: &str| transaction.changes.iter().any(|change| change.id().id.starts_with(kind));
    assert!(kinds.into_iter().all(is_of), "{transaction:?}");
    assert_eq!(edges(&follower), [two, "FOR public.orders:7->public.customer:3"]);
    postgres.sql("update orders set id = 9 where id = 7");
    follower.transaction().unwrap();
    assert_eq!(edges(&follower)[0], "FOR public.orders:9->public.customer:2");
    postgres.sql("delete from orders where id = 9");
    follower.transaction().unwrap();
    assert_eq!(edges(&follower), [""; 0]);
    assert_eq!(follower.ids(), texts(&["public.customer:2", "public.customer:3", "public.orders:8"]));
}

#[test]
fn large_values_that_were_not_touched_stay_also_under_a_new_key() {
    for identity in ["", "alter table t replica identity full"] {
        let postgres = started(&format!(
            "create table t (id int primary key, big text, n int); alter table t alter big set storage external; \
             {identity}; insert into t values (1, repeat('x', 100000), 1);",
        ));
        let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
        let big = Value::string("x".repeat(100_000));
        for (statement, id, n) in [
            ("update t set n = 2", "public.t:1", 2),
            ("update t set id = 5, n = 3", "public.t:5", 3),
            ("update t set id = id", "public.t:5", 3),
        ] {
            postgres.sql(statement);
            follower.transaction().unwrap();
            assert_eq!(follower.property(id, "n"), Value::Int(n), "{statement}");
            assert_eq!(follower.property(id, "big"), big, "{statement}");
            assert_eq!(follower.driver.memory.live.len(), 1, "{statement}");
        }
        postgres.sql("update t set big = 'small', n = null");
        follower.transaction().unwrap();
        assert_eq!(follower.property("public.t:5", "big"), Value::string("small"));
        assert_eq!(follower.property("public.t:5", "n"), Value::Null);
    }
}

#[test]
fn keys_can_change_places_in_one_transaction() {
    let postgres =
        started("create table t (id int primary key, v text); insert into t values (1, 'a'), (2, 'b')");
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    postgres.sql(
        "begin; update t set id = 0 where id = 1; update t set id = 1 where id = 2; \
         update t set id = 2 where id = 0; commit",
    );
    follower.transaction().unwrap();
    assert_eq!(follower.property("public.t:1", "v"), Value::string("b"));
    assert_eq!(follower.property("public.t:2", "v"), Value::string("a"));
    assert_eq!(follower.driver.memory.live.len(), 2);
}

#[test]
fn truncate_clears_the_tables_and_what_came_before_in_its_transaction() {
    let postgres = started(
        "create table t (id int primary key); create table t2 (id int primary key); \
         insert into t values (1), (2); insert into t2 values (1)",
    );
    let mut follower = Follower::copied(settings(postgres.url(), &["t", "t2"])).unwrap();
    postgres.sql("begin; insert into t values (3); truncate t; insert into t values (4); commit");
    follower.transaction().unwrap();
    assert_eq!(follower.ids(), texts(&["public.t2:1", "public.t:4"]));
    postgres.sql("truncate t, t2");
    follower.transaction().unwrap();
    assert!(follower.driver.memory.live.is_empty());
}

#[test]
fn a_large_transaction_comes_in_parts_and_as_one() {
    let options = livewell_services::Options {
        settings: vec!["logical_decoding_work_mem=64kB".into()],
        ..livewell_services::Options::default()
    };
    let postgres = livewell_services::Postgres::start_with(&options);
    postgres.sql("create table t (id int primary key, v text); insert into t values (0, 'first')");
    for streaming in [true, false] {
        let mut settings = settings(postgres.url(), &["t"]);
        settings.streaming = streaming;
        settings.limits.memory_bytes_max = 100_000;
        let mut follower = Follower::copied(settings).unwrap();
        postgres.sql(
            "begin; insert into t select g, repeat('y', 100) from generate_series(1, 20000) g; \
             savepoint s; insert into t select g, 'gone' from generate_series(20001, 30000) g; rollback to s; \
             update t set v = 'last' where id = 20000; insert into t values (30001, 'end'); commit",
        );
        let transaction = follower.transaction().unwrap();
        assert_eq!(transaction.changes.len(), 20_002, "streaming: {streaming}");
        assert_eq!(follower.driver.memory.live.len(), 20_002);
        assert_eq!(follower.property("public.t:20000", "v"), Value::string("last"));
        // One that is rolled back after parts of it came leaves nothing.
        postgres.sql("begin; update t set v = 'never'; rollback; insert into t values (40000, 'next')");
        assert_eq!(follower.transaction().unwrap().changes.len(), 1);
        drop(follower);
        let streamed =
            format!("select (stream_count > 0) from pg_stat_replication_slots where slot_name = '{SLOT}'");
        wait_until("the server says whether it streamed", || (postgres.sql(&streamed) == "t") == streaming);
        wait_until("the slot is free", || {
            postgres.sql("select 1 from pg_replication_slots where active").is_empty()
        });
        postgres.sql(&format!("select pg_drop_replication_slot('{SLOT}'); delete from t where id > 0"));
    }
}

#[test]
fn a_transaction_beyond_the_limit_is_refused_by_name() {
    let postgres = started("create table t (id int primary key)");
    let mut settings = settings(postgres.url(), &["t"]);
    settings.limits.changes_max = 10;
    let mut follower = Follower::copied(settings).unwrap();
    postgres.sql("insert into t select generate_series(1, 11)");
    let error = follower.error();
    assert_eq!(error.code, "LW0203");
    assert!(error.message.contains("changes_max: ..."), "{error}");
}
