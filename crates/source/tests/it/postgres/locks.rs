//! Locks that other sessions hold, even sessions that wait for this source: if it is a synchronous standby, a
//! transaction keeps its locks until the source has acknowledged its commit.

use super::session::Session;
use super::{Follower, auto_reset, settings, started, wait_until};
use livewell_services::Postgres;
use livewell_source::settings::PostgresSettings;
use std::time::{Duration, Instant};

const TABLES: &str = "create table t (id int primary key, n int); insert into t values (1, 1); \
     create table u (id int primary key)";

/// Returns the settings of a source over a publication that is not its own.
fn published(postgres: &Postgres) -> PostgresSettings {
    PostgresSettings { publication: Some("p".into()), ..settings(postgres.url(), &["t", "u"]) }
}

/// Returns a source that every commit waits for from now on.
fn standby(postgres: &Postgres, settings: PostgresSettings) -> Follower {
    let mut follower = Follower::copied(settings).unwrap();
    synchronous(postgres, "\"livewell shop\"");
    wait_until("it is the standby", || {
        follower.step().unwrap();
        postgres.sql("select count(*) from pg_stat_replication where sync_state = 'sync'") == "1"
    });
    follower
}

/// Runs statements, each in a session of its own, while the source continues.
#[track_caller]
fn run(postgres: &Postgres, follower: &mut Follower, statements: &[&str]) {
    let began = Instant::now();
    let error = std::thread::scope(|scope| {
        let running = scope.spawn(|| statements.iter().for_each(|statement| drop(postgres.sql(statement))));
        while !running.is_finished() {
            let stepped = follower.step().map_err(|error| error.to_string());
            let is_late = began.elapsed() > Duration::from_secs(15);
            let late = || Err("a commit waits for the source, and the source for it".to_owned());
            if let Err(error) = stepped.and_then(|_| if is_late { late() } else { Ok(()) }) {
                // Else the statements would never end.
                synchronous(postgres, "");
                return Some(error);
            }
        }
        None
    });
    assert_eq!(error, None);
}

/// Makes every commit wait for the standby of this name, or for none.
fn synchronous(postgres: &Postgres, name: &str) {
    postgres.sql(&format!(
        "set synchronous_commit = local; alter system set synchronous_standby_names = '{name}'; \
         select pg_reload_conf()"
    ));
}

#[test]
fn a_lock_holds_up_the_publication_and_not_the_stream() {
    let postgres = started(TABLES);
    let mut follower = Follower::copied(settings(postgres.url(), &["u"])).unwrap();
    let mut session = Session::open(&postgres);
    session.run("begin; lock table t in access exclusive mode");
    follower.with(settings(postgres.url(), &["t", "u"]));
    for id in 1..=3 {
        postgres.sql(&format!("insert into u values ({id})"));
        follower.transaction().unwrap();
        let waits = follower.driver.report().waits_for.unwrap_or_default();
        assert!(waits.contains("the publication `livewell_shop` waits for a lock"), "{waits}");
    }
    session.run("update t set n = 2; commit");
    follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
    follower.agrees(&postgres, "u", &["id"]).unwrap();
    assert_eq!(follower.driver.report().waits_for, None);
}

#[test]
fn a_lock_on_one_table_does_not_hold_up_the_copy_of_another() {
    for postgres in Postgres::each_version() {
        postgres.sql(&format!("{TABLES}; create publication p for table t where (n > 0), u"));
        let mut follower = Follower::copied(published(&postgres)).unwrap();
        let mut session = Session::open(&postgres);
        session.run("begin; lock table u in access exclusive mode");
        postgres.sql("insert into t values (2, 2), (3, -3)");
        follower.driver.reset(Some("t")).unwrap();
        follower.until("the copy begins", |follower| follower.rows_read().is_some()).unwrap();
        follower.settle().unwrap();
        assert_eq!(follower.lines("t", &["id", "n"]), ["1 1", "2 2"]);
        session.run("commit");
    }
}

#[test]
fn a_table_made_again_and_again_does_not_wait_for_a_source_that_waits_for_it() {
    let postgres = started(TABLES);
    let settings = auto_reset(settings(postgres.url(), &["t"]));
    let settings = PostgresSettings { check_every: Duration::from_millis(20), ..settings };
    let mut follower = standby(&postgres, settings);
    let again = "begin; drop table t; create table t (id int primary key, n int); insert into t values (2, 2); commit";
    run(&postgres, &mut follower, &[again; 8]);
    follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
}

/// Restores the table's key, among commits that wait for the source: what was acknowledged has to be stored, though it
/// cannot be interpreted, and so has the correction.
fn mend_the_key(postgres: &Postgres, follower: &mut Follower) {
    let mended =
        ["insert into u values (1)", "insert into t values (2, 2)", "alter table t add primary key (id)"];
    run(postgres, follower, &mended);
    run(postgres, follower, &["insert into t values (3, 3)", "insert into u values (2)"]);
    follower.agrees(postgres, "t", &["id", "n"]).unwrap();
    follower.agrees(postgres, "u", &["id"]).unwrap();
}

#[test]
fn what_keeps_a_table_from_being_followed_at_a_new_connection_does_not_keep_commits_waiting() {
    for postgres in Postgres::each_version() {
        postgres.sql(TABLES);
        let mut follower = standby(&postgres, auto_reset(settings(postgres.url(), &["t", "u"])));
        run(&postgres, &mut follower, &["alter table t drop constraint t_pkey"]);
        follower.driver.kill();
        mend_the_key(&postgres, &mut follower);
    }
}

#[test]
fn what_came_while_a_copy_was_not_known_to_its_connection_is_copied() {
    for postgres in Postgres::each_version() {
        postgres.sql(&format!("{TABLES}; insert into t select g, g from generate_series(2, 3000) g"));
        let mut follower = Follower::copied(settings(postgres.url(), &["u"])).unwrap();
        follower.with(auto_reset(settings(postgres.url(), &["t", "u"])));
        follower.until("a range is read", |follower| follower.rows_read() > Some(0)).unwrap();
        follower.driver.kill();
        postgres.sql("alter table u drop constraint u_pkey; update t set n = -n where id % 2 = 0");
        follower.until("it is refused", |follower| follower.driver.report().refusal.is_some()).unwrap();
        postgres.sql("update t set n = 7 where id % 5 = 0; delete from t where id % 5 = 1");
        let behind = |follower: &Follower| follower.driver.report().behind_bytes > Some(0);
        follower.until("it has read that", |follower| !behind(follower)).unwrap();
        postgres.sql("alter table u add primary key (id)");
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
    }
}

#[test]
fn rows_of_a_form_that_was_announced_before_its_table_could_be_followed_are_taken_once_it_is() {
    for postgres in Postgres::each_version() {
        postgres.sql(&format!("{TABLES}; insert into u select generate_series(1, 3000)"));
        let mut follower = Follower::copied(auto_reset(settings(postgres.url(), &["t", "u"]))).unwrap();
        postgres.sql("alter table t drop constraint t_pkey");
        follower.driver.kill();
        follower.until("it is refused", |follower| follower.driver.report().refusal.is_some()).unwrap();
        postgres.sql("insert into u values (3001)");
        let behind = |follower: &Follower| follower.driver.report().behind_bytes > Some(0);
        follower.until("it has read that", |follower| !behind(follower)).unwrap();
        postgres.sql("alter table t add primary key (id)");
        follower.until("ranges are read", |follower| follower.rows_read() > Some(250)).unwrap();
        // No range brings this one.
        postgres.sql("insert into u values (-1)");
        follower.agrees(&postgres, "u", &["id"]).unwrap();
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
    }
}

#[test]
fn a_type_that_is_locked_at_a_new_connection_does_not_keep_commits_waiting() {
    for postgres in Postgres::each_version() {
        postgres.sql(&format!(
            "create type pair as (a int, b int); {TABLES}; alter table t add p pair default '(1,2)'"
        ));
        let mut follower = standby(&postgres, settings(postgres.url(), &["t", "u"]));
        let mut session = Session::open(&postgres);
        session.run("begin; set synchronous_commit = local; alter type pair add attribute c int");
        follower.driver.kill();
        run(&postgres, &mut follower, &["insert into u values (1)"]);
        session.run("rollback");
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
        follower.agrees(&postgres, "u", &["id"]).unwrap();
    }
}

#[test]
fn a_publication_that_cannot_be_made_yet_does_not_keep_commits_waiting() {
    for postgres in Postgres::each_version() {
        postgres.sql(&format!("{TABLES}; create publication p for table t, u"));
        let mut follower = standby(&postgres, auto_reset(published(&postgres)));
        let mut session = Session::open(&postgres);
        session.run("begin; lock table t in access exclusive mode");
        // Some servers refuse to send what comes while there is no publication, so that the source continues behind it.
        let gone = ["drop publication p", "insert into u values (1)", "insert into u values (2)"];
        run(&postgres, &mut follower, &gone);
        session.run("rollback");
        run(&postgres, &mut follower, &["update t set n = 2"]);
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
        follower.agrees(&postgres, "u", &["id"]).unwrap();
    }
}

#[test]
fn a_publication_that_is_mended_late_does_not_keep_commits_waiting() {
    for postgres in Postgres::each_version() {
        postgres.sql(&format!("{TABLES}; create publication p for table t, u"));
        let mut follower = standby(&postgres, auto_reset(published(&postgres)));
        let mut session = Session::open(&postgres);
        session.run("begin; lock table t in access exclusive mode");
        let narrow = ["drop publication p", "insert into u values (1)", "create publication p for table u"];
        run(&postgres, &mut follower, &narrow);
        session.run("rollback");
        let wide = ["insert into u values (2)", "update t set n = 2", "alter publication p add table t"];
        run(&postgres, &mut follower, &wide);
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
        follower.agrees(&postgres, "u", &["id"]).unwrap();
    }
}

#[test]
fn what_keeps_a_table_from_being_followed_at_a_new_place_does_not_keep_commits_waiting() {
    for postgres in Postgres::each_version() {
        postgres.sql(TABLES);
        let mut follower = standby(&postgres, auto_reset(settings(postgres.url(), &["t", "u"])));
        run(&postgres, &mut follower, &["alter table t drop constraint t_pkey"]);
        follower.driver.reset(None).unwrap();
        mend_the_key(&postgres, &mut follower);
    }
}

#[test]
fn a_type_that_is_locked_at_a_new_place_does_not_keep_commits_waiting() {
    for postgres in Postgres::each_version() {
        postgres.sql(&format!(
            "create type pair as (a int, b int); {TABLES}; alter table t add p pair default '(1,2)'"
        ));
        let mut follower = standby(&postgres, settings(postgres.url(), &["t", "u"]));
        let mut session = Session::open(&postgres);
        session.run("begin; set synchronous_commit = local; alter type pair add attribute c int");
        follower.driver.reset(None).unwrap();
        run(&postgres, &mut follower, &["insert into u values (1)"]);
        session.run("rollback");
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
        follower.agrees(&postgres, "u", &["id"]).unwrap();
    }
}

#[test]
fn what_came_before_a_new_place_is_copied_also_if_the_tables_are_seen_only_by_a_later_process() {
    for (postgres, is_copying) in Postgres::each_version().zip([true, false]) {
        postgres.sql(&format!("{TABLES}; insert into t select g, g from generate_series(2, 3000) g"));
        let mut follower = Follower::copied(auto_reset(settings(postgres.url(), &["t", "u"]))).unwrap();
        if is_copying {
            follower.driver.reset(Some("t")).unwrap();
            follower.until("a range is read", |follower| follower.rows_read() > Some(0)).unwrap();
        }
        follower.driver.reset(None).unwrap();
        postgres.sql(
            "update t set n = 0 where id % 7 = 0; delete from t where id % 7 = 1; insert into u values (1); \
             alter table u drop constraint u_pkey",
        );
        follower.until("it is refused", |follower| follower.driver.report().refusal.is_some()).unwrap();
        postgres.sql("delete from t where id % 7 = 2; insert into u values (2)");
        follower.driver.kill();
        follower.until("it is refused again", |follower| follower.driver.report().refusal.is_some()).unwrap();
        postgres.sql("alter table u add primary key (id); update t set n = 1 where id % 7 = 3");
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
        follower.agrees(&postgres, "u", &["id"]).unwrap();
        // Once all are copied, nothing more is asked for.
        let notes = follower.driver.memory.notes_kept();
        follower.driver.kill();
        follower.settle().unwrap();
        assert_eq!((follower.rows_read(), follower.driver.memory.notes_kept()), (None, notes));
    }
}
