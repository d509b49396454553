//! Slots on the server: none is left behind, none is taken from another, and waiting for one is told.

use super::clusters::each_version;
use super::compared::Table;
use super::database::Database;
use super::followed::Followed;
use crate::fixture::{memory, open, query, status, values};
use livewell::IntoSource;
use livewell::{Livewell, Setup, State};
use livewell_model::Value;
use livewell_source::postgres::Database as Upstream;
use serde_json::json;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const SETUP: &str = "create table t (id int primary key, a text); insert into t values (1, 'a'), (2, 'b')";

fn t() -> [Table; 1] {
    [Table::new("t", &["id"])]
}

/// A session that stays in a transaction until it is killed.
fn open_transaction(database: &Database) -> Child {
    let mut psql = database.postgres().program("psql");
    psql.env("PGDATABASE", database.name()).env("PGAPPNAME", "forgotten");
    psql.args(["-c", "begin", "-c", "insert into t values (99, 'open')", "-c", "select pg_sleep(600)"]);
    let child = psql.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("psql can be run");
    let writes = "select count(*) > 0 from pg_stat_activity where application_name = 'forgotten' and \
         backend_xid is not null";
    while database.sql(writes) != "t" {
        livewell_services::pause(Duration::from_millis(20));
    }
    child
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_an_old_transaction_names_its_session_and_can_be_ended_at_once() {
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(SETUP);
        let mut session = open_transaction(&database);
        let pid = database.sql("select pid from pg_stat_activity where application_name = 'forgotten'");
        let mut followed = Followed::begun(&database, &t(), &json!({})).await;
        let says = || status(followed.livewell(), "s").error.is_some_and(|error| error.contains(&pid));
        super::eventually("the status names the session", says).await;
        let began = Instant::now();
        followed.down().await;
        assert!(began.elapsed() < Duration::from_secs(5), "it ends while it waits: {:?}", began.elapsed());
        database.sql(&format!("select pg_terminate_backend({pid}, 10000)"));
        session.wait().expect("psql ends");
        followed.up().await;
        followed.settled().await.unwrap();
        followed.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_prepared_transaction_names_it() {
    let settings = vec!["max_prepared_transactions=5".into()];
    let options = livewell_services::Options { settings, ..livewell_services::Options::default() };
    for postgres in livewell_services::Postgres::each_version_with(&options) {
        let database = Database::new(&std::sync::Arc::new(postgres.into()));
        database.sql(SETUP);
        database.sql("begin; insert into t values (99, 'open'); prepare transaction 'left by somebody'");
        let followed = Followed::begun(&database, &t(), &json!({})).await;
        let says =
            || status(followed.livewell(), "s").error.is_some_and(|error| error.contains("left by somebody"));
        super::eventually("the status names it", says).await;
        database.sql("commit prepared 'left by somebody'");
        followed.settled().await.unwrap();
        followed.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stores_with_one_source_id_do_not_take_the_slot_of_each_other() {
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(SETUP);
        let begun = async || -> Livewell {
            let livewell = open(&memory());
            let extra = json!({ "slot": null, "recovery": "auto_reset" });
            let sources =
                vec![Upstream::new(super::followed::settings(&database, &t(), &extra)).into_source()];
            let queries = vec![query("count", "MATCH (n:t) RETURN count(n) AS n")];
            livewell.add(Setup { sources, queries, ..Setup::default() }).await.unwrap();
            livewell
        };
        let both = [begun().await, begun().await];
        let all_have = |n: i64| both.iter().all(|one| values(one, "count") == [[Value::Int(n)]]);
        super::eventually("both have the base", || all_have(2)).await;
        let slots = database.slots();
        assert_eq!(slots.len(), 2, "{slots:?}");
        assert!(slots.iter().all(|slot| slot.starts_with("livewell_s")), "{slots:?}");
        database.sql("insert into t values (3, 'c')");
        super::eventually("both follow", || all_have(3)).await;
        assert_eq!(database.slots(), slots);
        for livewell in &both {
            livewell.shutdown().await;
        }
        database.drop_slots();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_slot_in_the_settings_leaves_none_behind() {
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(SETUP);
        let extra =
            |slot: &str| json!({ "slot": format!("{slot}_{}", database.name()), "recovery": "auto_reset" });
        let mut followed = Followed::started(&database, &t(), &extra("first")).await.unwrap();
        followed.up_with(&t(), &extra("second")).await;
        followed.settled().await.unwrap();
        followed.follows("insert into t values (3, 'c')").await.unwrap();
        let is_one = || database.slots() == [format!("second_{}", database.name())];
        super::eventually("the first slot is gone", is_one).await;
        followed.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_source_takes_its_slot_and_its_publication_along_and_no_foreign_one() {
    for postgres in each_version() {
        for publication in ["livewell_s", "p"] {
            let database = Database::new(&postgres);
            database.sql(SETUP);
            let mut extra = json!({});
            if publication == "p" {
                database.sql("create publication p for table t");
                extra["publication"] = "p".into();
            }
            let followed = Followed::started(&database, &t(), &extra).await.unwrap();
            assert_eq!(database.sql("select pubname from pg_publication"), publication);
            for id in ["nodes", "ties", "s"] {
                followed.livewell().remove(id).await.unwrap();
            }
            super::eventually("its slot is gone", || database.slots().is_empty()).await;
            let left = if publication == "p" { "p" } else { "" };
            super::eventually("so is its publication", || {
                database.sql("select pubname from pg_publication") == left
            })
            .await;
            followed.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_for_failover_is_one_after_every_reset() {
    for postgres in each_version().filter(|postgres| postgres.version() >= 17) {
        let database = Database::new(&postgres);
        database.sql(SETUP);
        let followed = Followed::started(&database, &t(), &json!({ "failover": true })).await.unwrap();
        let failover = "select bool_and(failover) from pg_replication_slots where slot_type = 'logical'";
        assert_eq!(database.sql(failover), "t");
        followed.livewell().reset("s").unwrap();
        followed.follows("insert into t values (3, 'c')").await.unwrap();
        assert_eq!(database.sql(failover), "t");
        followed.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_slot_is_an_error_that_a_reset_leads_out_of() {
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(SETUP);
        let mut followed = Followed::started(&database, &t(), &json!({})).await.unwrap();
        followed.down().await;
        database.drop_slots();
        database.sql("insert into t values (3, 'c'); delete from t where id = 1");
        followed.up().await;
        let error = followed.error().await;
        assert!(error.contains("LW0212"), "{error}");
        followed.livewell().reset("s").unwrap();
        super::eventually("the reset is taken up", || status(followed.livewell(), "s").state != State::Error)
            .await;
        followed.follows("insert into t values (4, 'd')").await.unwrap();
        followed.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_wait_for_the_source_are_acknowledged_at_once_whatever_they_touch() {
    for postgres in each_version() {
        let database = Database::new(&postgres);
        database.sql(&format!("{SETUP}; create table other (id int)"));
        let followed = Followed::started(&database, &t(), &json!({})).await.unwrap();
        let standby =
            "alter system set synchronous_standby_names = '\"livewell s\"'; select pg_reload_conf()";
        database.sql(&format!("set synchronous_commit = local; {standby}"));
        let is_one = "select count(*) = 1 from pg_stat_replication where sync_state = 'sync'";
        super::eventually("the source is the standby", || database.sql(is_one) == "t").await;
        // The server asks for an answer where a transaction has nothing that is sent.
        for sql in
            ["insert into t values (3, 'c')", "insert into other values (1)", "create table more (id int)"]
        {
            let began = Instant::now();
            database.sql(sql);
            assert!(began.elapsed() < Duration::from_secs(2), "`{sql}` waits {:?}", began.elapsed());
        }
        followed.settled().await.unwrap();
        followed.close().await;
    }
}
