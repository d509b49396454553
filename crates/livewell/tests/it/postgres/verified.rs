//! A source compared with its database: nothing is found where all is well, whatever goes on beside it, and everything
//! where it is not.

use super::clusters::each_version;
use super::compared::Table;
use super::database::Database;
use super::followed::Followed;
use crate::fixture::{memory, open, status};
use livewell::verify::{Difference, TableVerified};
use livewell::{InProcess, State};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const SETUP: &str = "create table customer (id int primary key, name text); \
     create table orders (id int, line text, customer int, total int, primary key (id, line)); \
     create table p (id int, d int, a text, primary key (id, d)) partition by range (d); \
     create table p1 partition of p for values from (0) to (10); \
     create table p2 partition of p default; \
     insert into customer select g, 'c' || g from generate_series(1, 700) g; \
     insert into orders select g, 'a,' || g, 1 + g % 700, g from generate_series(1, 900) g; \
     insert into p select g, g % 20, 'x' from generate_series(1, 500) g";

fn tables() -> Vec<Table> {
    vec![
        Table::new("customer", &["id"]),
        Table::new("orders", &["id", "line"]).tied("OF", "customer", &["customer"], &["id"]),
        Table::new("p", &["id", "d"]),
    ]
}

fn rows(tables: &[TableVerified]) -> Vec<(&str, u64)> {
    tables.iter().map(|table| (table.name.as_str(), table.rows)).collect()
}

/// A difference as (id, stored, database).
fn told(differences: &[Difference]) -> Vec<(&str, &str, &str)> {
    let mut told: Vec<_> = differences
        .iter()
        .map(|one| {
            (one.id.as_str(), one.stored.as_deref().unwrap_or("-"), one.database.as_deref().unwrap_or("-"))
        })
        .collect();
    told.sort_unstable();
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_follows_is_equal_to_its_database_as_a_whole_and_table_by_table() {
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(SETUP);
        let followed = Followed::started(&database, &tables(), &json!({})).await.unwrap();
        let sql = "update orders set total = total + 1, customer = 5 where id % 3 = 0; \
             delete from orders where id % 7 = 0; insert into customer values (1000, null); \
             update p set d = d + 5; delete from p where id < 100";
        followed.follows(sql).await.unwrap();
        let verified = followed.verify(None).unwrap();
        assert!(verified.is_equal() && verified.differences.is_empty(), "{verified:?}");
        let all = [("public.customer", 701), ("public.orders", 772), ("public.p", 401)];
        assert_eq!(rows(&verified.tables), all);
        assert!(verified.position.contains('/') && verified.snapshot.contains(':'), "{verified:?}");
        for (table, count) in all {
            let one = followed.verify(Some(table)).unwrap();
            assert!(one.is_equal());
            assert_eq!(rows(&one.tables), [(table, count)]);
        }
        let error = followed.verify(Some("custome")).unwrap_err();
        assert!(error.code == "LW0539" && error.message.contains("public.customer"), "{error}");
        followed.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_behind_the_back_of_a_source_is_found_and_nothing_else() {
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(&format!("{SETUP}; create publication p for table customer, orders, p"));
        // It does not look at the catalogs before it has been compared.
        let extra = json!({ "publication": "p", "check_every": "1h" });
        let followed = Followed::started(&database, &tables(), &extra).await.unwrap();
        database.sql(
            "alter publication p drop table orders, p; \
             update orders set total = 7 where id = 1; \
             update orders set customer = 9 where id = 2; \
             update orders set customer = null where id = 3; \
             delete from orders where id = 4; \
             insert into orders values (5000, 'n', 2, 0); \
             update p set a = 'y' where id = 7; delete from p where id = 8; insert into p values (600, 3, 'n')",
        );
        let verified = followed.verify(None).unwrap();
        let tie = |id: &str, to: &str| {
            let (at, from) = (format!("public.orders.OF.customer:{id}"), format!("public.orders:{id}"));
            let to = format!("public.customer:{to}");
            format!(r#"{{"id":"{at}","type":"OF","from":"{from}","to":"{to}","properties":{{}}}}"#)
        };
        let escaped = |text: &str| text.replace('\\', "\\\\");
        let (gone, new) = (r"4,a\,4", "5000,n");
        let differences = told(&verified.differences);
        let found = |id: &str| {
            let one = differences.iter().find(|(own, _, _)| *own == id);
            one.map(|(_, stored, database)| (*stored, *database))
                .unwrap_or_else(|| panic!("{id}: {verified:?}"))
        };
        assert_eq!(found(r"public.orders:1,a\,1"), (r#"{"total":1}"#, r#"{"total":7}"#));
        let moved = found(r"public.orders.OF.customer:2,a\,2");
        assert_eq!(moved, (escaped(&tie(r"2,a\,2", "3")).as_str(), escaped(&tie(r"2,a\,2", "9")).as_str()));
        assert_eq!(found(r"public.orders:2,a\,2"), (r#"{"customer":3}"#, r#"{"customer":9}"#));
        assert_eq!(found(r"public.orders.OF.customer:3,a\,3").1, "-");
        assert_eq!(found(r"public.orders:3,a\,3"), (r#"{"customer":4}"#, "{}"));
        assert_eq!(found(&format!("public.orders:{gone}")).1, "-");
        assert_eq!(found(&format!("public.orders.OF.customer:{gone}")).1, "-");
        assert_eq!(found(&format!("public.orders:{new}")).0, "-");
        assert_eq!(found(&format!("public.orders.OF.customer:{new}")), ("-", tie(new, "2").as_str()));
        assert_eq!(found("public.p:7,7"), (r#"{"a":"x"}"#, r#"{"a":"y"}"#));
        assert_eq!(found("public.p:8,8").1, "-");
        let added = r#"{"id":"public.p:600,3","labels":["p"],"properties":{"a":"n","d":3,"id":600}}"#;
        assert_eq!(found("public.p:600,3"), ("-", added));
        assert_eq!((verified.count(), differences.len()), (12, 12), "{verified:?}");
        let counts: Vec<u64> = verified.tables.iter().map(|table| table.differences).collect();
        assert_eq!(counts, [0, 9, 3]);
        followed.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_found_beside_a_writer() {
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(SETUP);
        let followed = Followed::started(&database, &tables(), &json!({})).await.unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let (writing, ends) = (database.clone(), is_over.clone());
        let writer = tokio::task::spawn_blocking(move || {
            let mut rounds = 0;
            while !ends.load(Ordering::Acquire) {
                let round = rounds % 50;
                writing.sql(&format!(
                    "update orders set total = total + 1, customer = 1 + (customer + 3) % 700 where id % 50 = {round}; \
                     begin; delete from orders where id % 50 = {round}; insert into orders \
                     select g, 'r' || {rounds}, 1, 0 from generate_series(1, 900) g where g % 50 = {round}; commit; \
                     update p set d = (d + 7) % 20 where id % 50 = {round}; \
                     delete from customer where id > 1000; \
                     insert into customer select g, 'n' from generate_series(1001, 1100) g; \
                     update customer set name = name || 'x' where id = 1"
                ));
                rounds += 1;
            }
            rounds
        });
        for _ in 0..8 {
            let verified = followed.verify(None).unwrap();
            assert!(verified.is_equal() && verified.differences.is_empty(), "{verified:?}");
        }
        is_over.store(true, Ordering::Release);
        assert!(writer.await.unwrap() > 5);
        followed.settled().await.unwrap();
        followed.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_cannot_be_compared_says_so() {
    let livewell = open(&memory());
    livewell.add_source(InProcess::new("sent")).await.unwrap();
    let error = livewell.verify_source("sent", None).unwrap_err();
    assert!(error.code == "LW0539" && error.message.contains("`postgres`"), "{error}");
    assert_eq!(livewell.verify_source("nope", None).unwrap_err().code, "LW0501");
    livewell.shutdown().await;
    let postgres = each_version().next().expect("there is a version");
    let database = Database::new(&postgres);
    database.sql("create table t (id int primary key, x numeric); insert into t values (1, 1), (2, 'NaN')");
    let tables = [Table::new("t", &["id"])];
    let followed = Followed::begun(&database, &tables, &json!({})).await;
    super::reach(followed.livewell(), "s", State::Error).await;
    let verified = followed.verify(None).unwrap();
    assert!(!verified.is_equal());
    assert_eq!(verified.tables[0].not_compared.as_deref(), Some("it is being copied"));
    followed.close().await;
    let followed = Followed::begun(&database, &tables, &json!({ "on_error": "park" })).await;
    super::reach(followed.livewell(), "s", State::CaughtUp).await;
    assert_eq!(status(followed.livewell(), "s").parked, 1);
    let verified = followed.verify(None).unwrap();
    assert!(verified.is_equal(), "{verified:?}");
    assert_eq!((verified.tables[0].rows, verified.tables[0].parked), (2, 1));
    followed.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_set_aside_though_it_is_mended_is_parked_and_no_difference() {
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(
            "create table t (id int primary key, d date, big text); alter table t alter big set storage external; \
             insert into t values (1, 'infinity', repeat('x', 3000)), (2, null, 'y')",
        );
        let tables = [Table::new("t", &["id"])];
        let followed = Followed::begun(&database, &tables, &json!({ "on_error": "park" })).await;
        super::reach(followed.livewell(), "s", State::CaughtUp).await;
        // What is sent of the row lacks the large value, which nobody has here.
        database.sql("update t set d = '2024-01-01' where id = 1");
        super::until(followed.livewell(), "s", |source| source.parked == 2).await;
        let verified = followed.verify(None).unwrap();
        assert!(verified.is_equal(), "{verified:?}");
        assert_eq!((verified.tables[0].rows, verified.tables[0].parked), (2, 1));
        // A row that is absent for no such reason is a difference.
        followed.livewell().reset_table("s", "t").unwrap();
        followed.settled().await.unwrap();
        followed.close().await;
    }
}
