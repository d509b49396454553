//! Publications and tables that change under a connected source, and an application that goes on writing.

use super::cases::{Case, hold};
use super::clusters::each_version;
use super::compared::Table;
use super::database::Database;
use super::followed::Followed;
use serde_json::json;

const SETUP: &str = "create table t (id int primary key, a int, b text); \
     insert into t values (1, 5, 'x'), (2, 20, 'y'), (3, 30, 'z')";
const INSERT: &str = "insert into t values (9, 9, 'n')";

fn t() -> Vec<Table> {
    vec![Table::new("t", &["id"])]
}

/// A case over a publication that is not Livewell's.
fn foreign(name: &'static str, publication: &str, then: &str) -> Case {
    let setup = format!("{SETUP}; {publication}");
    let case = Case::new(name, &setup, &t(), then).extra(json!({ "publication": "p" })).after(INSERT);
    case.may_stop(&["public.t", "--table"])
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_a_publication_held_back_for_a_while_are_not_missing() {
    let publication = "create publication p for table t";
    hold(vec![
        foreign(
            "its table left and came back",
            publication,
            "alter publication p drop table t; update t set a = 2; \
             insert into t values (4, 4, 'w'); alter publication p add table t; insert into t values (5, 5, \
             'v')",
        ),
        foreign(
            "only inserts for a while",
            publication,
            "alter publication p set (publish = 'insert'); delete from t where id = 1; \
             alter publication p set (publish = 'insert, update, delete, truncate')",
        ),
        foreign(
            "no truncate for a while",
            publication,
            "alter publication p set (publish = 'insert, update, delete'); truncate t; \
             alter publication p set (publish = 'insert, update, delete, truncate')",
        ),
        foreign(
            "its table set again, within a transaction",
            publication,
            "begin; alter publication p set table t where (a > 100); \
             insert into t values (4, 4, 'w'); alter publication p set table t; commit",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wider_publication_brings_what_it_left_out() {
    let narrow = vec![Table::new("t", &["id"]).columns(&["id", "a"])];
    let few = vec![Table::new("t", &["id"]).rows_with("a > 10")];
    let columns = "create publication p for table t (id, a)";
    let rows = "alter table t replica identity full; create publication p for table t where (a > 10)";
    hold(vec![
        foreign("its columns", columns, "alter publication p set table t (id, a, b)").at_first(&narrow),
        foreign("all columns", columns, "alter publication p set table t").at_first(&narrow),
        foreign("its filter", rows, "alter publication p set table t where (a > 0)").at_first(&few),
        foreign("no filter", rows, "alter publication p set table t").at_first(&few),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publication_that_is_made_again_leaves_no_gap() {
    let again = "drop publication p; insert into t values (4, 4, 'w'); create publication p for table t; \
         insert into t values (5, 5, 'v')";
    let extra = json!({ "publication": "p" });
    let case = Case::new("made again", &format!("{SETUP}; create publication p for table t"), &t(), again);
    hold(vec![case.extra(extra.clone()).after(INSERT).may_stop(&["publication"])]).await;
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(&format!("{SETUP}; create publication p for table t"));
        let followed = Followed::started(&database, &t(), &extra).await.unwrap();
        database.sql(again);
        if followed.settled().await.is_err() {
            followed.livewell().reset("s").unwrap();
            super::eventually("the reset leads past it", || {
                crate::fixture::status(followed.livewell(), "s").error.is_none()
            })
            .await;
        }
        followed.settled().await.unwrap();
        followed.follows("insert into t values (6, 6, 'u')").await.unwrap();
        followed.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_takes_the_place_of_another_brings_its_rows() {
    let case = |name, then: &str| {
        Case::new(name, SETUP, &t(), then).after(INSERT).may_stop(&["public.t", "--table"])
    };
    hold(vec![
        case(
            "swapped by names",
            "begin; create table a_new (like t including all); insert into a_new select \
             id + 100, a, b from t; alter table t rename to a_old; alter table a_new rename to t; commit",
        ),
        case(
            "dropped and made",
            "drop table t; create table t (id int primary key, a int, b text); insert \
             into t values (7, 7, 'new')",
        ),
        case(
            "dropped and made in one transaction",
            "begin; drop table t; create table t (id int primary key, a int, b text); \
             insert into t values (7, 7, 'new'); commit",
        ),
        case(
            "renamed away and back",
            "alter table t rename to u; update u set a = 77; alter table u rename to t",
        ),
        case(
            "moved to another schema and back",
            "create schema o; alter table t set schema o; update o.t \
             set a = 77; alter table o.t set schema public",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_applications_writes_never_fail_because_of_a_publication() {
    let broken = |setup: &str, table: Table, write: &str| (setup.to_owned(), table, write.to_owned());
    let cases = [
        broken(
            "create table t (id int, a text, primary key (id) deferrable); insert into t values (1, 'x')",
            Table::new("t", &["id"]),
            "update t set a = 'y'; delete from t",
        ),
        broken(
            "create table t (id int primary key); create table child (x int) inherits (t); insert into child \
                 values (2, 3)",
            Table::new("t", &["id"]),
            "update child set x = 4; delete from child",
        ),
        broken(
            "create table t (id int, d int) partition by range (d); create table t1 partition of t for \
                 values from (0) to (10); alter table t replica identity full; insert into t values (1, 1)",
            Table::new("t", &["id"]).keyed(),
            "update t set id = 2; delete from t",
        ),
        broken(
            "create table t (id int primary key, d int) partition by list (id); create table t1 partition of \
                 t default",
            Table::new("t", &["id"]),
            "insert into t values (1, 1); update t set d = 2; create table t2 (like t including all); \
             alter table t attach partition t2 for values in (7); insert into t values (7, 1); update t set \
             d = 3; delete from t",
        ),
        broken(
            "create table t (id int primary key, g int generated always as (id * 2) stored, a int); alter \
                 table t replica identity full",
            Table::new("t", &["id"]),
            "insert into t values (1, default, 5); update t set a = 6; delete from t",
        ),
        broken(
            "create table t (id int primary key, a int) with (fillfactor = 50); alter table t replica \
                 identity nothing",
            Table::new("t", &["id"]),
            "insert into t values (1, 5); update t set a = 6; delete from t",
        ),
    ];
    for postgres in each_version() {
        for (setup, table, write) in &cases {
            let database = Database::new(&postgres);
            database.sql(setup);
            let followed = Followed::begun(&database, std::slice::from_ref(table), &json!({})).await;
            let outcome = followed.settled().await;
            let written = database.attempt(write);
            let after = followed.settled().await;
            followed.close().await;
            assert!(written.is_ok(), "{written:?} of `{write}` after `{setup}`; the source: {outcome:?}");
            assert!(outcome.is_err() || after.is_ok(), "{after:?} after `{setup}`");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_tables_of_a_publication_for_all_tables_are_followed_without_a_stop() {
    let both = || vec![Table::new("t", &["id"]), Table::new("u", &["id"])];
    for publication in
        ["create publication p for all tables", "create publication p for tables in schema public"]
    {
        for postgres in each_version() {
            let database = Database::new(&postgres);
            database.sql(&format!("{SETUP}; {publication}"));
            let extra = json!({ "publication": "p", "tables": null });
            let mut followed = Followed::started(&database, &t(), &extra).await.unwrap();
            database.sql("create table u (id int primary key, t text); insert into u values (1, 'first')");
            followed.tables = both();
            followed.settled().await.unwrap();
            followed.follows("insert into u values (2, 'second'); update t set a = 0").await.unwrap();
            database.sql("drop table u");
            followed.tables = t();
            followed.follows("insert into t values (8, 8, 'n')").await.unwrap();
            // A table without a key has no place here, and stops nobody.
            database.sql("create table keyless (x int); insert into keyless values (1)");
            followed.follows("insert into t values (10, 10, 'n')").await.unwrap();
            followed.close().await;
        }
    }
}
