//! What cannot be followed is refused, and the message says what and where.

use super::cases::{Case, says};
use super::clusters::each_version;
use super::compared::Table;
use super::database::Database;
use super::followed::Followed;
use crate::fixture::status;
use livewell::State;
use serde_json::json;

/// A source over these tables does not start; its error has all the words.
pub async fn at_the_start(name: &str, setup: &str, tables: &[Table], words: &[&str]) {
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(setup);
        let followed = Followed::begun(&database, tables, &json!({})).await;
        let outcome = followed.stopped().await;
        let slots = database.slots();
        followed.close().await;
        let error = outcome.unwrap_or_else(|| panic!("{name}: it is followed as if nothing were wrong"));
        let missing: Vec<&&str> = words.iter().filter(|word| !error.contains(**word)).collect();
        assert!(missing.is_empty(), "{name}: the message does not say {missing:?}: {error}");
        assert_eq!(slots, [""; 0], "{name}: a slot that holds the log for nobody");
    }
}

/// What happens stops a source under either policy; its error has all the words.
pub async fn stops(case: &Case, words: &[&str]) {
    for postgres in each_version() {
        for recovery in ["strict", "auto_reset"] {
            let database = Database::new(&postgres);
            database.sql(&case.setup);
            let mut extra = case.extra.clone();
            extra["recovery"] = recovery.into();
            let followed = Followed::started(&database, &case.tables, &extra).await.unwrap();
            database.sql(&case.then);
            let error = followed.error().await;
            let is_stopped = status(followed.livewell(), "s").state == State::Error;
            followed.close().await;
            assert!(is_stopped, "{}: {error}", case.name);
            let missing: Vec<&&str> = words.iter().filter(|word| !error.contains(**word)).collect();
            assert!(missing.is_empty(), "{}: the message does not say {missing:?}: {error}", case.name);
        }
    }
}

/// A value of a row is refused: the message names row, column and table, and what is mended goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_cannot_be_taken_names_its_row_and_mending_it_is_enough() {
    let setup = "create table t (id int primary key, d date, x numeric); create table u (id int primary \
         key); insert into t values (1, '2024-01-01', 1)";
    let tables = [Table::new("t", &["id"]), Table::new("u", &["id"])];
    for postgres in each_version() {
        for (value, column) in [("'infinity', 1", "d"), ("null, 'NaN'", "x"), ("null, 1e-1001", "x")] {
            let database = Database::new(&postgres);
            database.sql(setup);
            let followed = Followed::started(&database, &tables, &json!({})).await.unwrap();
            database.sql(&format!("insert into t values (2, {value})"));
            let error = followed.error().await;
            for word in ["LW0214", "public.t", "`2`", &format!("`{column}`")] {
                assert!(error.contains(word), "{value}: no {word} in {error}");
            }
            says(&error, &[]).unwrap_or_else(|error| panic!("{value}: {error}"));
            database.sql(&format!("update t set {column} = null where id = 2; insert into u values (1)"));
            followed.livewell().reset("s").unwrap();
            while status(followed.livewell(), "s").state == State::Error {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            followed.settled().await.unwrap();
            followed.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_exact_or_of_the_type_that_the_settings_name() {
    let setup = "create table t (id int primary key, a numeric, b numeric(20,6), c numeric(38,0), d numeric(20,6)); \
         insert into t values (1, 12345678901234567890.12345678901234567890, 12345678901.123450, \
         12345678901234567890123456789012345678, 0.5)";
    let tables = [Table::new("t", &["id"]).setting("types", json!({ "d": "float" }))];
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(setup);
        let followed = Followed::started(&database, &tables, &json!({})).await.unwrap();
        followed.follows("insert into t values (2, -0.1, 1, 7, 0.1)").await.unwrap();
        followed.follows("update t set a = a * 3, c = -c").await.unwrap();
        followed.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_beyond_numbers_and_days_are_taken_as_text_where_the_settings_say_so() {
    let setup = "create table t (id int primary key, d date, x numeric, big numeric(20,6)); \
         insert into t values (1, 'infinity', 'NaN', 12345678901.123450)";
    let types = json!({ "d": "string", "x": "string", "big": "text" });
    let tables = [Table::new("t", &["id"]).setting("types", types)];
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(setup);
        let followed = Followed::started(&database, &tables, &json!({})).await.unwrap();
        followed.follows("insert into t values (2, '-infinity', 'Infinity', 0.5)").await.unwrap();
        followed.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_off_copy_leaves_no_slot_behind() {
    let t = [Table::new("t", &["id"])];
    let setup = "create table t (id int primary key, d date); insert into t values (1, 'infinity')";
    at_the_start("a value that is refused", setup, &t, &["public.t", "`1`", "`d`"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_that_is_no_text_does_not_stand_in_the_way_once_its_row_is_mended() {
    let tables = [Table::new("t", &["id"])];
    for postgres in each_version() {
        for recovery in ["strict", "auto_reset"] {
            let database = Database::with(&postgres, "encoding 'SQL_ASCII' template template0");
            database.sql("create table t (id int primary key, a text); insert into t values (1, 'a')");
            let extra = json!({ "recovery": recovery });
            let followed = Followed::started(&database, &tables, &extra).await.unwrap();
            database.sql("insert into t values (2, E'\\xff')");
            let error = followed.error().await;
            let words = if recovery == "strict" { "`livewell reset s`" } else { "`public.t`" };
            for word in ["LW0211", "invalid byte sequence", words] {
                assert!(error.contains(word), "no {word} in {error}");
            }
            // The log still has that row.
            database.sql("update t set a = 'mended' where id = 2; insert into t values (3, 'c')");
            followed.livewell().reset("s").unwrap();
            super::eventually("the reset is taken up", || status(followed.livewell(), "s").error.is_none())
                .await;
            followed.settled().await.unwrap();
            followed.follows("update t set a = 'new' where id = 2").await.unwrap();
            followed.close().await;
        }
    }
}
