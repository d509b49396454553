//! Where a source is: what it acknowledges, and how it notices that it cannot continue.

use super::{Follower, SLOT, auto_reset, settings, started, texts, wait_until};
use livewell_services::{Options, Postgres, Proxy};
use livewell_source::settings::PostgresSettings;
use livewell_source::testkit::Fault;
use livewell_source::{ErrorKind, SourceError};
use std::time::{Duration, Instant};

const TABLE: &str = "create table t (id int primary key); insert into t values (1)";

/// Returns the position up to which the server knows that everything is safe here.
fn confirmed(postgres: &Postgres) -> String {
    postgres.sql(&format!("select confirmed_flush_lsn from pg_replication_slots where slot_name = '{SLOT}'"))
}

fn is_free(postgres: &Postgres) -> bool {
    postgres.sql("select 1 from pg_replication_slots where active").is_empty()
}

/// Returns the next error other than that the other side is out of reach.
fn lasting_error(follower: &mut Follower) -> SourceError {
    let began = Instant::now();
    loop {
        let error = follower.error();
        if error.kind != ErrorKind::Unreachable {
            return error;
        }
        assert!(began.elapsed() < super::PATIENCE, "it stays out of reach: {error}");
    }
}

#[test]
fn the_copy_and_the_stream_leave_nothing_out_and_take_nothing_twice() {
    let postgres = started(TABLE);
    let mut follower = Follower::new(settings(postgres.url(), &["t"]));
    follower.until("the copy begins", |follower| follower.driver.report().copy.is_some()).unwrap();
    // After the slot was made, and before any row was read.
    postgres.sql("insert into t values (2); delete from t where id = 1");
    follower.agrees(&postgres, "t", &["id"]).unwrap();
    assert!(follower.driver.memory.log.is_empty(), "it was all in the copy");
    postgres.sql("insert into t values (3)");
    assert_eq!(follower.transaction().unwrap().changes.len(), 1);
    assert_eq!(follower.ids(), texts(&["public.t:2", "public.t:3"]));
}

#[test]
fn only_what_is_durable_is_acknowledged_and_a_new_process_goes_on_after_it() {
    let postgres = started(TABLE);
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    follower.driver.kill();
    wait_until("the slot is free", || is_free(&postgres));
    let before = confirmed(&postgres);
    postgres.sql("insert into t values (2); insert into t values (3)");
    let goal = postgres.sql("select pg_current_wal_lsn()");
    let is_behind = format!("select confirmed_flush_lsn < '{goal}' from pg_replication_slots");
    for fault in [Fault::AfterRead, Fault::AfterTakeIn, Fault::CommitLost] {
        for _ in 0..5 {
            let _ = follower.step_with(fault);
        }
        assert_eq!(postgres.sql(&is_behind), "t", "{fault:?}: nothing was durable");
    }
    follower.driver.kill();
    wait_until("both transactions come", || {
        let _ = follower.step();
        follower.ids().len() == 3
    });
    // What was acknowledged does not come again.
    follower.driver.kill();
    wait_until("the server has heard of it", || confirmed(&postgres) != before);
    postgres.sql("insert into t values (4)");
    follower.agrees(&postgres, "t", &["id"]).unwrap();
    assert_eq!(follower.driver.memory.log.len(), 3);
}

#[test]
fn an_idle_source_lets_the_server_forget_what_others_write() {
    let mut postgres = started(&format!("{TABLE}; create table other (id int)"));
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    postgres.sql("insert into other select generate_series(1, 100000)");
    let goal = postgres.sql("select pg_current_wal_lsn()");
    let reached = format!("select confirmed_flush_lsn >= '{goal}' from pg_replication_slots");
    wait_until("the slot moves on", || {
        follower.step().unwrap();
        postgres.sql(&reached) == "t"
    });
    assert!(follower.driver.memory.log.is_empty());
    // A server that stops gets its acknowledgement at once.
    postgres.sql("insert into other values (1)");
    let began = Instant::now();
    let reading = std::thread::scope(|scope| {
        let restarting = scope.spawn(|| postgres.stop());
        while follower.step().is_ok() {
            assert!(began.elapsed() < super::PATIENCE, "the server stops");
        }
        restarting.join()
    });
    reading.unwrap();
    assert!(began.elapsed() < Duration::from_secs(8), "it waited for {:?}", began.elapsed());
    postgres.up();
    postgres.sql("insert into t values (2)");
    follower.agrees(&postgres, "t", &["id"]).unwrap();
}

#[test]
fn a_slot_that_is_gone_or_made_again_is_noticed() {
    let postgres = started(TABLE);
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    postgres.sql("insert into t values (2)");
    follower.transaction().unwrap();
    follower.driver.kill();
    let drop = format!("select pg_drop_replication_slot('{SLOT}')");
    wait_until("the slot is free", || is_free(&postgres));
    postgres.sql(&drop);
    let error = follower.error();
    assert_eq!((error.kind, error.code), (ErrorKind::Changed, "LW0212"), "{error}");
    assert!(error.message.contains("gone"), "{error}");
    // Nothing happened in between but that the slot was made again.
    postgres.sql(&format!("select pg_create_logical_replication_slot('{SLOT}', 'pgoutput')"));
    let error = follower.error();
    assert!(error.message.contains("created again"), "{error}");
    postgres.sql(&drop);
    postgres.sql(&format!("select pg_create_logical_replication_slot('{SLOT}', 'test_decoding')"));
    assert_eq!(follower.error().code, "LW0212");
    postgres.sql(&drop);
    postgres.sql("insert into t values (3)");
    let auto_reset = auto_reset(follower.settings.clone());
    follower.with(auto_reset);
    follower.agrees(&postgres, "t", &["id"]).unwrap();
    assert_eq!(follower.driver.memory.log.len(), 2, "only what differs comes");
}

#[test]
fn a_slot_that_is_there_already_survives_a_failover_once_that_is_asked_for() {
    for postgres in Postgres::each_version() {
        postgres.sql(TABLE);
        let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
        let asked = PostgresSettings { failover: true, ..follower.settings.clone() };
        follower.with(asked);
        postgres.sql("insert into t values (2)");
        wait_until("it goes on", || {
            // The server may not have missed the old connection yet.
            let _ = follower.step();
            follower.ids().len() == 2
        });
        if postgres.version() >= 17 {
            assert_eq!(postgres.sql("select failover from pg_replication_slots"), "t");
        }
    }
}

#[test]
fn another_database_cluster_is_noticed() {
    let postgres = started(TABLE);
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    let other = started(TABLE);
    Follower::copied(settings(other.url(), &["t"])).unwrap();
    follower.with(settings(other.url(), &["t"]));
    let error = lasting_error(&mut follower);
    assert_eq!(error.code, "LW0212");
    assert!(error.message.contains("another database"), "{error}");
}

#[test]
fn a_failover_to_a_server_without_the_slot_is_noticed() {
    let mut postgres = started(TABLE);
    let proxy = Proxy::start(postgres.port());
    let mut follower = Follower::copied(settings(postgres.url_at(proxy.port()), &["t"])).unwrap();
    let standby = postgres.standby();
    postgres.sql("insert into t values (2)");
    follower.transaction().unwrap();
    wait_until("the standby has it", || standby.sql("select count(*) from t") == "2");
    postgres.kill();
    proxy.retarget(standby.port());
    standby.sql("select pg_promote()");
    standby.sql("insert into t values (3)");
    let error = lasting_error(&mut follower);
    assert_eq!(error.code, "LW0212");
    assert!(error.message.contains("gone"), "{error}");
    standby.sql(&format!("select pg_create_logical_replication_slot('{SLOT}', 'pgoutput')"));
    assert!(lasting_error(&mut follower).message.contains("created again"));
}

#[test]
fn a_changed_mapping_is_noticed_and_copied_when_asked() {
    let postgres = started(TABLE);
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    let mut other = settings(postgres.url(), &["t"]);
    other.tables[0].label = Some("T".into());
    follower.with(other);
    let error = lasting_error(&mut follower);
    assert_eq!((error.kind, error.code), (ErrorKind::Changed, "LW0216"), "{error}");
    follower.driver.reset(Some("t")).unwrap();
    follower.settle().unwrap();
    let row = follower.driver.memory.live["public.t:1"].as_node().unwrap().labels.clone();
    assert_eq!(row, texts(&["T"]));
}

#[test]
fn a_cut_connection_is_out_of_reach_and_the_next_one_goes_on() {
    let postgres = started(TABLE);
    let proxy = Proxy::start(postgres.port());
    let mut follower = Follower::copied(settings(postgres.url_at(proxy.port()), &["t"])).unwrap();
    postgres.sql("insert into t values (2)");
    follower.transaction().unwrap();
    proxy.cut();
    assert_eq!(follower.error().kind, ErrorKind::Unreachable);
    proxy.refuse(true);
    assert_eq!(follower.error().kind, ErrorKind::Unreachable);
    proxy.refuse(false);
    postgres.sql("insert into t values (3)");
    wait_until("the stream goes on", || {
        // The server may not have missed the old connection yet.
        if let Err(error) = follower.step() {
            assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
        }
        follower.ids().len() == 3
    });
    assert_eq!(follower.ids(), texts(&["public.t:1", "public.t:2", "public.t:3"]));
}

#[test]
fn a_network_that_has_gone_silent_is_noticed() {
    let postgres = started(TABLE);
    let proxy = Proxy::start(postgres.port());
    let mut follower = Follower::copied(settings(postgres.url_at(proxy.port()), &["t"])).unwrap();
    let began = Instant::now();
    // A quiet one is none: the server answers when it is asked.
    while began.elapsed() < Duration::from_secs(22) {
        follower.step().unwrap();
    }
    proxy.hold(true);
    let (silent, mut longest) = (Instant::now(), Duration::ZERO);
    let error = loop {
        let began = Instant::now();
        let step = follower.step();
        longest = longest.max(began.elapsed());
        if let Err(error) = step {
            break error;
        }
        // One step that takes long is another fault than many that find nothing.
        assert!(silent.elapsed() < super::PATIENCE, "no error has come; a step took {longest:?}");
    };
    assert_eq!(error.kind, ErrorKind::Unreachable);
    let took = silent.elapsed();
    assert!(took < super::PATIENCE, "noticed only after {took:?} ({error}); a step took {longest:?}");
    proxy.hold(false);
    proxy.cut();
    postgres.sql("insert into t values (2)");
    follower.with(settings(postgres.url(), &["t"]));
    wait_until("the stream goes on", || {
        let _ = follower.step();
        follower.ids().len() == 2
    });
}

#[test]
fn a_network_that_goes_silent_at_any_moment_is_noticed() {
    let wide = ["max_wal_senders=80", "max_replication_slots=40", "max_connections=200"];
    let options = Options { settings: wide.map(str::to_owned).to_vec(), ..Options::default() };
    let postgres = Postgres::start_with(&options);
    postgres.sql(
        "create table t (id int primary key, n int); insert into t select g, g from generate_series(1, 20000) g; \
         create publication p for table t",
    );
    // From before it is let in, over the slot and the catalogs, to the middle of the copy and the stream.
    let moments =
        [50, 300, 700, 900, 1_200, 1_600, 2_000, 2_600, 4_000, 8_000, 14_000, 25_000, 90_000, 200_000];
    std::thread::scope(|scope| {
        for (number, bytes) in moments.into_iter().enumerate() {
            let postgres = &postgres;
            scope.spawn(move || {
                let proxy = Proxy::start(postgres.port());
                proxy.hold_after(bytes);
                let settings = PostgresSettings {
                    publication: Some("p".into()),
                    slot: Some(format!("slot_{number}")),
                    ..settings(postgres.url_at(proxy.port()), &["t"])
                };
                let mut follower = Follower::new(settings);
                let error = loop {
                    match follower.step() {
                        Err(error) => break error,
                        Ok(_) => assert!(proxy.held_for() < Some(super::PATIENCE), "{bytes}: not noticed"),
                    }
                };
                let silent = proxy.held_for().unwrap_or_default();
                assert_eq!(error.kind, ErrorKind::Unreachable, "{bytes}: {error}");
                assert!(silent < super::PATIENCE, "{bytes}: it was noticed only after {silent:?}: {error}");
                assert!(silent > Duration::ZERO, "{bytes}: {error}");
            });
        }
    });
}

#[test]
fn a_server_that_was_put_back_to_an_earlier_state_is_noticed() {
    let postgres = started(TABLE);
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    let restored = postgres.standby();
    restored.sql("select pg_promote()");
    postgres.sql("insert into t select generate_series(2, 5000)");
    follower.transaction().unwrap();
    follower.with(settings(restored.url(), &["t"]));
    let error = lasting_error(&mut follower);
    assert_eq!(error.code, "LW0212");
    assert!(error.message.contains("another history since before"), "{error}");
}

#[test]
fn moving_a_slot_on_ends_at_once_if_the_source_is_stopped() {
    for postgres in Postgres::each_version() {
        postgres.sql(TABLE);
        let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
        // As if there were so much to read.
        postgres.sql(
            "alter function pg_catalog.pg_replication_slot_advance(name, pg_lsn) rename to advance_now; \
             create function pg_catalog.pg_replication_slot_advance(name, pg_lsn, out end_lsn pg_lsn) language sql as \
             'select (pg_catalog.advance_now($1, $2)).end_lsn from pg_catalog.pg_sleep(600)'",
        );
        follower.driver.reset(None).unwrap();
        follower.driver.watcher.set_over(true);
        let began = Instant::now();
        follower.step().unwrap();
        assert!(began.elapsed() < Duration::from_secs(5), "it takes {:?}", began.elapsed());
        let moving =
            "select count(*) from pg_stat_activity where query like 'SELECT end_lsn%' and state = 'active'";
        wait_until("the server has stopped, too", || postgres.sql(moving) == "0");
        postgres.sql(
            "drop function pg_catalog.pg_replication_slot_advance(name, pg_lsn); \
             alter function pg_catalog.advance_now(name, pg_lsn) rename to pg_replication_slot_advance; \
             insert into t values (2)",
        );
        follower.driver.watcher.set_over(false);
        follower.agrees(&postgres, "t", &["id"]).unwrap();
    }
}
