//! Commits that are in the log and that nobody sees yet: a standby has to confirm them first. The stream says nothing of
//! those that change only the catalogs.

use super::session::Session;
use super::{Follower, auto_reset, settings, wait_until};
use livewell_services::Postgres;
use livewell_source::settings::PostgresSettings;
use std::time::{Duration, Instant};

const TABLES: &str = "create type mood as enum ('sad', 'happy'); \
     create table t (id int primary key, n int, m text, f mood); insert into t values (1, 1, 'a', 'sad'), (2, 1, 'a', 'sad'); \
     create table big (id int primary key); insert into big select generate_series(1, 2000); \
     create table p (id int primary key, n int) partition by range (id); \
     create table p1 partition of p for values from (0) to (10); \
     create table p2 partition of p for values from (10) to (20); insert into p values (1, 1), (11, 1); \
     create table p3 (id int primary key, n int); insert into p3 values (21, 1)";
/// How long what must not come is waited for: many times as long as a look takes.
const QUIET: Duration = Duration::from_millis(500);

/// A server, and a source that has copied its tables.
fn followed(postgres: &Postgres, publication: Option<&str>) -> Follower {
    postgres.sql(TABLES);
    if let Some(name) = publication {
        postgres.sql(&format!("create publication {name} for table t, big, p"));
    }
    let settings = auto_reset(settings(postgres.url(), &["t", "big", "p"]));
    let publication = publication.map(str::to_owned);
    let check_every = Duration::from_millis(20);
    Follower::copied(PostgresSettings { publication, check_every, ..settings }).unwrap()
}

/// Leaves nothing of a source and its tables on the server.
fn clean(postgres: &Postgres, follower: Follower) {
    drop(follower);
    let left = "select count(*) from pg_replication_slots";
    wait_until("the slot is dropped", || {
        postgres.sql("select pg_drop_replication_slot(slot_name) from pg_replication_slots where not active");
        postgres.sql(left) == "0"
    });
    postgres.sql("drop table t, big, p; drop table if exists p2, p3; drop type mood");
    postgres.sql("drop publication if exists livewell_shop, pub");
}

/// Calls `meanwhile` while the commit of a statement is in the log, and waits for a standby that is not there.
fn held(postgres: &Postgres, statement: &str, meanwhile: impl FnOnce()) {
    synchronous(postgres, "nobody");
    std::thread::scope(|scope| {
        let running = scope.spawn(|| postgres.sql(statement));
        let waits = "select count(*) from pg_stat_activity where wait_event = 'SyncRep'";
        wait_until("it waits for the standby", || postgres.sql(waits) == "1");
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(meanwhile));
        // Else the statement would never end.
        synchronous(postgres, "");
        running.join().expect("the statement is run");
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

fn synchronous(postgres: &Postgres, name: &str) {
    local(
        postgres,
        &format!("alter system set synchronous_standby_names = '{name}'; select pg_reload_conf()"),
    );
    wait_until("the setting holds", || postgres.sql("show synchronous_standby_names") == name);
}

/// Runs what waits for no standby.
fn local(postgres: &Postgres, statements: &str) {
    // Each is a transaction of its own, which a statement after `set` in one message would not be.
    postgres.sql(&format!("set synchronous_commit = local; {statements}"));
}

/// Steps for a while, in which no position after this one may be called checked.
#[track_caller]
fn stays_unchecked(follower: &mut Follower, after: u64) {
    let began = Instant::now();
    while began.elapsed() < QUIET {
        follower.step().unwrap();
        let memory = &follower.driver.memory;
        let is_after = memory.checked.is_some_and(|checked| checked > after);
        assert!(!is_after, "checked through {:?}, of {}", memory.checked, memory.position());
    }
}

/// Steps until everything in the log has been read.
#[track_caller]
fn reads_all(follower: &mut Follower) {
    // What is known of the log's end may be old.
    let began = Instant::now();
    let is_due = |_: &Follower| began.elapsed() > Duration::from_millis(300);
    follower.until("time passes", is_due).unwrap();
    let behind = |follower: &Follower| follower.driver.report().behind_bytes;
    follower.until("it has read everything", |follower| behind(follower) == Some(0)).unwrap();
}

#[test]
fn rows_with_a_label_that_nobody_sees_yet_are_not_checked_beside_those_with_the_old_one() {
    for postgres in Postgres::each_version() {
        let mut follower = followed(&postgres, None);
        let before = follower.driver.memory.position();
        held(&postgres, "alter type mood rename value 'sad' to 'blue'", || {
            local(&postgres, "update t set n = 2 where id = 1");
            follower.transaction().unwrap();
            assert_eq!(follower.lines("t", &["id", "n", "f"]), ["1 2 blue", "2 1 sad"]);
            stays_unchecked(&mut follower, before);
        });
        follower.agrees(&postgres, "t", &["id", "n", "f"]).unwrap();
    }
}

#[test]
fn a_table_or_partition_that_nobody_sees_yet_to_be_altered_is_waited_for() {
    let altered = [
        "drop table p2",
        "alter table p detach partition p2",
        "alter table p attach partition p3 for values from (20) to (30)",
        "begin; savepoint s; alter table p detach partition p2; release s; commit",
        "alter table p add column c int default 7",
        "alter table p drop column n; alter table p add column n int",
        "alter table p rename column n to c; alter table p add column n int",
        "alter table p alter column n type text using 'n' || n",
    ];
    for postgres in Postgres::each_version() {
        for statement in altered {
            let mut follower = followed(&postgres, None);
            let before = follower.driver.memory.position();
            held(&postgres, statement, || {
                local(&postgres, "update t set n = 2");
                follower.transaction().unwrap();
                stays_unchecked(&mut follower, before);
            });
            follower.agrees(&postgres, "p", &["id", "n"]).unwrap();
            clean(&postgres, follower);
        }
    }
}

#[test]
fn a_copy_that_ends_behind_a_drop_that_nobody_sees_yet_is_not_checked() {
    for postgres in Postgres::each_version() {
        let mut follower = followed(&postgres, None);
        // The copy of this table makes a position of its own.
        postgres.sql("alter table big add column n int default 7");
        follower.until("a range is read", |follower| follower.rows_read() > Some(0)).unwrap();
        let before = follower.driver.memory.position();
        held(&postgres, "drop table p2", || {
            reads_all(&mut follower);
            follower.until("the copy ends", |follower| follower.rows_read().is_none()).unwrap();
            assert!(follower.driver.memory.position() > before);
            stays_unchecked(&mut follower, before);
        });
        follower.agrees(&postgres, "p", &["id", "n"]).unwrap();
    }
}

#[test]
fn a_publication_that_nobody_sees_yet_to_send_less_is_waited_for() {
    let altered = [
        "alter publication pub set (publish = 'insert')",
        "begin; savepoint s; alter publication pub set (publish = 'insert'); release s; commit",
        "alter publication pub set table t where (id > 2), big, p",
    ];
    for postgres in Postgres::each_version() {
        for statement in altered {
            let mut follower = followed(&postgres, Some("pub"));
            let before = follower.driver.memory.position();
            held(&postgres, statement, || {
                local(&postgres, "delete from t where id = 1; insert into t values (3, 3, 'a', 'sad')");
                follower.transaction().unwrap();
                assert_eq!(follower.lines("t", &["id"]), ["1", "2", "3"]);
                stays_unchecked(&mut follower, before);
            });
            postgres.sql("alter publication pub set (publish = 'insert, update, delete, truncate')");
            postgres.sql("alter publication pub set table t, big, p");
            follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
            clean(&postgres, follower);
        }
    }
}

#[test]
fn one_transaction_after_another_that_could_alter_a_table_does_not_keep_everything_unchecked() {
    for postgres in Postgres::each_version() {
        let mut follower = followed(&postgres, None);
        let lock = |session: &mut Session| {
            session.run("begin; alter table p1 set (fillfactor = 90)");
        };
        let (mut one, mut other) = (Session::open(&postgres), Session::open(&postgres));
        lock(&mut one);
        let before = follower.driver.memory.position();
        postgres.sql("update t set n = 2");
        follower.transaction().unwrap();
        stays_unchecked(&mut follower, before);
        one.run("rollback");
        // Whatever this one does, it comes behind what was read while the other was there.
        lock(&mut other);
        follower.settle().unwrap();
        other.run("rollback");
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
    }
}
