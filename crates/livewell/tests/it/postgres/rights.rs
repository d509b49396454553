//! What a role may see: a copy is never silently smaller than the stream, and children by inheritance stay apart.

use super::cases::{Case, hold};
use super::clusters::each_version;
use super::compared::Table;
use super::database::Database;
use super::followed::Followed;
use serde_json::json;

const SETUP: &str = "create table t (id int primary key, owner text); insert into t values (1, 'a'), (2, \
     'b'); create publication p for table t";
const POLICY: &str = "alter table t enable row level security; create policy own on t using (owner = 'a')";

/// Makes a role that may log in and replicate, with a password that is its name.
fn role(database: &Database, attributes: &str, grants: &str) -> String {
    let name = format!("role_{}", database.name());
    database.sql(&format!("create role {name} login replication {attributes} password '{name}'"));
    if !grants.is_empty() {
        database.sql(&format!("{grants} to {name}"));
    }
    name
}

fn t() -> Vec<Table> {
    vec![Table::new("t", &["id"])]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_policies_apply_to_is_refused_and_one_that_they_do_not_apply_to_has_all_rows() {
    for postgres in each_version() {
        for (attributes, is_refused) in [("", true), ("bypassrls", false)] {
            let database = Database::new(&postgres);
            database.sql(&format!("{SETUP}; {POLICY}"));
            let name = role(&database, attributes, "grant select on t");
            let extra = json!({ "publication": "p", "url": database.url_of(&name) });
            let followed = Followed::begun(&database, &t(), &extra).await;
            let outcome = followed.settled().await;
            let slots = database.slots();
            followed.close().await;
            if is_refused {
                let error = outcome.expect_err("a copy has fewer rows than the stream");
                for word in ["LW0211", "public.t", "BYPASSRLS"] {
                    assert!(error.contains(word), "no {word} in {error}");
                }
                assert_eq!(slots, [""; 0]);
            } else {
                outcome.unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_comes_later_never_takes_rows_away() {
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(SETUP);
        let name = role(&database, "", "grant select on t");
        let extra = json!({ "publication": "p", "url": database.url_of(&name), "recovery": "auto_reset" });
        let followed = Followed::started(&database, &t(), &extra).await.unwrap();
        database.sql(&format!("{POLICY}; insert into t values (3, 'b')"));
        if let Err(error) = followed.settled().await {
            assert!(error.contains("public.t") && error.contains("BYPASSRLS"), "{error}");
        }
        followed.livewell().reset("s").unwrap();
        if let Err(error) = followed.settled().await {
            assert!(error.contains("public.t") && error.contains("BYPASSRLS"), "{error}");
        }
        followed.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_may_not_be_read_is_named_before_a_slot_is_made() {
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database
            .sql(&format!("{SETUP}; create table u (id int primary key); alter publication p add table u"));
        let name = role(&database, "", "grant select on t");
        let tables = [Table::new("t", &["id"]), Table::new("u", &["id"])];
        let extra = json!({ "publication": "p", "url": database.url_of(&name) });
        let followed = Followed::begun(&database, &tables, &extra).await;
        let error = followed.settled().await.expect_err("a table cannot be read");
        let slots = database.slots();
        assert!(error.contains("LW0211") && error.contains("public.u"), "{error}");
        assert_eq!(slots, [""; 0], "a slot that holds the log for nobody");
        database.sql(&format!("grant select on u to {name}"));
        followed.livewell().reset("s").unwrap();
        super::eventually("the reset is taken up", || {
            crate::fixture::status(followed.livewell(), "s").error.is_none()
        })
        .await;
        followed.settled().await.unwrap();
        followed.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_children_by_inheritance_are_tables_of_their_own() {
    let setup = "create table t (id int primary key, a text); create table child (x int, primary key (id)) \
         inherits (t); insert into t values (1, 'a'); insert into child values (2, 'b', 3)";
    let only = [Table::new("t", &["id"])];
    let both = [Table::new("t", &["id"]), Table::new("child", &["id"])];
    let write = "insert into t values (3, 'c'); insert into child values (4, 'd', 5); update t set a = \
         'all'; delete from t where id in (1, 2)";
    let foreign = format!("{setup}; create publication p for table t");
    let published = json!({ "publication": "p" });
    hold(vec![
        Case::new("the parent alone", setup, &only, write),
        Case::new("parent and child", setup, &both, write),
        Case::new("the parent alone, in a publication with its children", &foreign, &only, write)
            .extra(published),
        Case::new(
            "a child that comes later",
            setup,
            &only,
            "create table later (primary key (id)) inherits (t); insert into later values (9, 'n')",
        )
        .after("update t set a = 'all'"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_the_role_do_not_get_in_the_way() {
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(SETUP);
        let name = role(&database, "", "grant select on t");
        let mut settings = vec![
            "statement_timeout = '50ms'",
            "lock_timeout = '50ms'",
            "idle_in_transaction_session_timeout = '50ms'",
            "datestyle = 'German, DMY'",
            "intervalstyle = 'sql_standard'",
            "extra_float_digits = -3",
            "bytea_output = 'escape'",
            "timezone = 'Asia/Kolkata'",
            "default_transaction_isolation = 'serializable'",
            "search_path = 'pg_catalog'",
        ];
        if postgres.version() >= 17 {
            settings.push("transaction_timeout = '200ms'");
        }
        settings.iter().for_each(|setting| {
            database.sql(&format!("alter role {name} set {setting}"));
        });
        database.sql(
            "alter table t add at timestamptz default '2024-02-29 12:00:00.5+02', add f double \
             precision default 0.1, add h bytea default '\\xff00', add d date default '2024-02-29'",
        );
        let extra = json!({ "publication": "p", "url": database.url_of(&name) });
        let followed = Followed::started(&database, &t(), &extra).await.unwrap();
        followed
            .follows("insert into t values (3, 'c'); update t set owner = 'x' where id = 1")
            .await
            .unwrap();
        followed.close().await;
    }
}
