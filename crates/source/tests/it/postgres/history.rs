//! Where a source stands: what it acknowledges, and how it notices that it cannot go on.

use super::{Follower, settings, started, texts};
use livewell_services::{Proxy, pause};
use livewell_source::ErrorKind;
use livewell_source::postgres::{Prepared, Stream};
use std::time::{Duration, Instant};

const TABLE: &str = "create table t (id int primary key); insert into t values (1)";
const CONFIRMED: &str =
    "select confirmed_flush_lsn from pg_replication_slots where slot_name = 'livewell_shop'";

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        pause(Duration::from_millis(20));
    }
}

#[test]
fn the_copy_and_the_stream_leave_nothing_out_and_take_nothing_twice() {
    let postgres = started(TABLE);
    let url = postgres.url();
    let mut snapshot = Prepared::new(&settings(url.clone(), &["t"]), false).unwrap().begin().unwrap();
    // After the slot was made, and before any row was read.
    postgres.sql("insert into t values (2); delete from t where id = 1");
    let rows = snapshot.read(100, usize::MAX).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].id().id, "public.t:1");
    assert!(snapshot.read(100, usize::MAX).unwrap().is_empty());
    let position = snapshot.finish().unwrap();
    let elements = rows.into_iter().map(|element| (element.id().clone(), element)).collect();
    let mut follower = Follower { settings: settings(url, &["t"]), elements, position, stream: None };
    assert_eq!(follower.transaction().unwrap().steps.len(), 1);
    assert_eq!(follower.transaction().unwrap().steps.len(), 1);
    assert_eq!(follower.ids(), texts(&["public.t:2"]));
}

#[test]
fn only_what_is_durable_is_acknowledged_and_a_new_stream_goes_on_after_it() {
    let postgres = started(TABLE);
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    let before = postgres.sql(CONFIRMED);
    postgres.sql("insert into t values (2); insert into t values (3)");
    let mut stream = Stream::open(&follower.settings, &follower.position).unwrap();
    let mut seen = 0;
    wait_until("both transactions come", || {
        seen += stream.read(10, 1_000_000, Duration::from_millis(50)).unwrap().transactions.len();
        seen == 2
    });
    for _ in 0..10 {
        stream.read(10, 1_000_000, Duration::from_millis(100)).unwrap();
    }
    assert_eq!(postgres.sql(CONFIRMED), before, "nothing was said to be durable");
    drop(stream);
    follower.transaction().unwrap();
    follower.transaction().unwrap();
    // What was acknowledged does not come again.
    follower.stream = None;
    wait_until("the server has heard of it", || postgres.sql(CONFIRMED) != before);
    postgres.sql("insert into t values (4)");
    follower.transaction().unwrap();
    assert_eq!(follower.ids(), texts(&["public.t:1", "public.t:2", "public.t:3", "public.t:4"]));
}

#[test]
fn an_idle_source_lets_the_server_forget_what_others_write() {
    let mut postgres = started(&format!("{TABLE}; create table other (id int)"));
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    let mut stream = Stream::open(&follower.settings, &follower.position).unwrap();
    postgres.sql("insert into other select generate_series(1, 100000)");
    let goal = postgres.sql("select pg_current_wal_lsn()");
    let reached = format!("select confirmed_flush_lsn >= '{goal}' from pg_replication_slots");
    wait_until("the slot moves on", || {
        let received = stream.read(10, 1_000_000, Duration::from_millis(200)).unwrap();
        assert!(received.transactions.is_empty());
        if let Some(position) = received.position {
            follower.position = position;
            stream.acknowledge().unwrap();
        }
        postgres.sql(&reached) == "t"
    });
    // A server that stops is told at once.
    postgres.sql("insert into other values (1)");
    let began = Instant::now();
    let reading = std::thread::spawn(move || {
        while let Ok(received) = stream.read(10, 1_000_000, Duration::from_millis(50)) {
            if let Some(position) = received.position {
                follower.position = position;
                let _ = stream.acknowledge();
            }
        }
        follower
    });
    postgres.restart();
    let mut follower = reading.join().unwrap();
    assert!(began.elapsed() < Duration::from_secs(8), "it waited for {:?}", began.elapsed());
    postgres.sql("insert into t values (2)");
    follower.transaction().unwrap();
    assert_eq!(follower.ids(), texts(&["public.t:1", "public.t:2"]));
}

#[test]
fn a_slot_that_is_gone_or_made_anew_is_noticed() {
    let postgres = started(TABLE);
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    postgres.sql("insert into t values (2)");
    follower.transaction().unwrap();
    follower.stream = None;
    let drop = "select pg_drop_replication_slot('livewell_shop')";
    wait_until("the slot is free", || postgres.sql("select active from pg_replication_slots") == "f");
    postgres.sql(drop);
    let error = follower.error();
    assert_eq!((error.kind, error.code), (ErrorKind::Changed, "LW0212"), "{error}");
    assert!(error.message.contains("gone"), "{error}");
    // Nothing happened in between but that the slot was made anew.
    postgres.sql("select pg_create_logical_replication_slot('livewell_shop', 'pgoutput')");
    let error = follower.error();
    assert!(error.message.contains("made anew"), "{error}");
    postgres.sql(drop);
    postgres.sql("select pg_create_logical_replication_slot('livewell_shop', 'test_decoding')");
    assert_eq!(follower.error().code, "LW0212");
}

#[test]
fn another_database_cluster_is_noticed() {
    let postgres = started(TABLE);
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    let other = started(TABLE);
    Follower::copied(settings(other.url(), &["t"])).unwrap();
    follower.settings = settings(other.url(), &["t"]);
    let error = follower.error();
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
    let error = loop {
        let error = follower.error();
        if error.kind != ErrorKind::Unreachable {
            break error;
        }
    };
    assert_eq!(error.code, "LW0212");
    assert!(error.message.contains("gone"), "{error}");
    standby.sql("select pg_create_logical_replication_slot('livewell_shop', 'pgoutput')");
    assert!(follower.error().message.contains("made anew"));
}

#[test]
fn a_changed_mapping_is_noticed() {
    let postgres = started(TABLE);
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    follower.settings.tables[0].label = Some("T".into());
    let error = follower.error();
    assert_eq!((error.kind, error.code), (ErrorKind::Changed, "LW0216"), "{error}");
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
    wait_until("the stream goes on", || match follower.transaction() {
        Ok(_) => true,
        // The server may not have missed the old connection yet.
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
            follower.stream = None;
            false
        }
    });
    assert_eq!(follower.ids(), texts(&["public.t:1", "public.t:2", "public.t:3"]));
}

#[test]
fn a_network_that_has_gone_silent_is_noticed() {
    let postgres = started(TABLE);
    let proxy = Proxy::start(postgres.port());
    let mut follower = Follower::copied(settings(postgres.url_at(proxy.port()), &["t"])).unwrap();
    let mut stream = Stream::open(&follower.settings, &follower.position).unwrap();
    let began = Instant::now();
    // A quiet one is none: the server answers when it is asked.
    while began.elapsed() < Duration::from_secs(22) {
        stream.read(10, 1_000_000, Duration::from_millis(500)).unwrap();
    }
    proxy.hold(true);
    let error = loop {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing was noticed");
        if let Err(error) = stream.read(10, 1_000_000, Duration::from_millis(500)) {
            break error;
        }
    };
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
    drop(stream);
    proxy.hold(false);
    proxy.cut();
    postgres.sql("insert into t values (2)");
    follower.settings = settings(postgres.url(), &["t"]);
    wait_until("the stream goes on", || {
        follower.stream = None;
        follower.transaction().is_ok()
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
    follower.settings = settings(restored.url(), &["t"]);
    follower.stream = None;
    let error = follower.error();
    assert_eq!(error.code, "LW0212");
    assert!(error.message.contains("another history since before"), "{error}");
}
