//! What changes in the settings of a source, and columns that PostgreSQL makes itself.

use super::clusters::each_version;
use super::compared::Table;
use super::database::Database;
use super::followed::Followed;
use crate::fixture::{reach, status};
use livewell::State;
use serde_json::json;

const SETUP: &str = "create table t (id int primary key, code text not null unique, a int); create table u \
     (id int primary key, t int); \
     insert into t values (1, 'x', 5), (2, 'y', 6); insert into u values (1, 1), (2, 2)";

fn t() -> Table {
    Table::new("t", &["id"])
}

fn u() -> Table {
    Table::new("u", &["id"])
}

/// Opens a source with other tables in its settings, while rows come, and waits for what SQL has.
async fn changed(name: &str, before: &[Table], after: &[Table], recovery: &str) {
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(SETUP);
        let extra = json!({ "recovery": recovery });
        let mut followed = Followed::started(&database, before, &extra).await.unwrap();
        followed.down().await;
        database.sql(
            "insert into t values (3, 'z', 7); insert into u values (3, 3); update t set a = 0 where id = 1",
        );
        followed.up_with(after, &extra).await;
        let outcome = followed.settled().await;
        let outcome = match outcome {
            Ok(()) => followed.follows("insert into t values (4, 'w', 8); insert into u values (4, 4)").await,
            error => error,
        };
        followed.close().await;
        outcome.unwrap_or_else(|error| panic!("{name} ({recovery}): {error}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_added_to_the_settings_is_copied_alone_and_followed() {
    for recovery in ["strict", "auto_reset"] {
        changed("added", &[t()], &[t(), u()], recovery).await;
        changed("added with relationships", &[t()], &[t(), u().tied("OF", "t", &["t"], &["id"])], recovery)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_taken_out_of_the_settings_takes_its_rows_along() {
    for recovery in ["strict", "auto_reset"] {
        changed("taken out", &[t(), u()], &[t()], recovery).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_label_type_or_relationship_is_taken_up_by_a_copy_of_its_table() {
    changed("a label", &[t(), u()], &[t().label("T"), u()], "auto_reset").await;
    changed("a relationship", &[t(), u()], &[t(), u().tied("OF", "t", &["t"], &["id"])], "auto_reset").await;
    changed("a relationship less", &[t(), u().tied("OF", "t", &["t"], &["id"])], &[t(), u()], "auto_reset")
        .await;
    changed("types", &[t(), u()], &[t().setting("types", json!({ "a": "string" })), u()], "auto_reset").await;
    changed("back to the default", &[t().keyed(), u()], &[t(), u()], "auto_reset").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_is_taken_up_by_a_copy_of_its_table() {
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(&format!("{SETUP}; alter table t replica identity full"));
        let extra = json!({ "recovery": "auto_reset" });
        let mut followed = Followed::started(&database, &[t()], &extra).await.unwrap();
        followed.up_with(&[Table::new("t", &["code"]).keyed()], &extra).await;
        followed.settled().await.unwrap();
        followed.follows("update t set code = code || '!', id = id + 10").await.unwrap();
        followed.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn generated_columns_that_a_publication_sends_are_no_reason_to_copy_again_and_again() {
    let setup = "create table t (id int primary key, a int, g int generated always as (a * 2) stored); \
         insert into t values (1, 5), (2, 6); create publication p for table t with \
         (publish_generated_columns = stored)";
    for postgres in each_version().filter(|postgres| postgres.version() >= 18) {
        for recovery in ["strict", "auto_reset"] {
            let database = Database::new(&postgres);
            database.sql(setup);
            let extra = json!({ "publication": "p", "recovery": recovery });
            let followed = Followed::started(&database, &[t().with_generated()], &extra).await.unwrap();
            for a in 10..13 {
                followed
                    .follows(&format!("update t set a = {a} where id = 1; insert into t values ({a}, {a})"))
                    .await
                    .unwrap();
            }
            reach(followed.livewell(), "s", State::CaughtUp).await;
            let seen = status(followed.livewell(), "s");
            assert_eq!((seen.error, seen.failures), (None, 0));
            followed.close().await;
        }
    }
}
