//! Copies while the stream continues: what is written meanwhile, and what holds a copy up.

use super::session::Session;
use super::{Follower, PATIENCE, auto_reset, settings, started};
use livewell_model::Value;
use livewell_services::{Options, Postgres};
use livewell_source::settings::PostgresSettings;
use std::time::{Duration, Instant};

const ROWS: &str = "create table t (id int primary key, n int); \
     insert into t select g, 0 from generate_series(1, 3000) g;";

#[test]
fn a_locked_table_holds_up_its_copy_and_not_the_stream() {
    let postgres = started(&format!("{ROWS} create table u (id int primary key)"));
    let mut follower = Follower::copied(settings(postgres.url(), &["t", "u"])).unwrap();
    let mut session = Session::open(&postgres);
    session.run("begin; lock table t in access exclusive mode");
    follower.driver.reset(Some("t")).unwrap();
    follower.until("the copy begins", |follower| follower.rows_read().is_some()).unwrap();
    let mut waits = Vec::new();
    for id in 1..=3 {
        postgres.sql(&format!("insert into u values ({id})"));
        follower.transaction().unwrap();
        assert_eq!(follower.property(&format!("public.u:{id}"), "id"), Value::Int(id));
        assert_eq!(follower.rows_read(), Some(0), "the lock is held");
        waits.append(&mut follower.driver.watcher.take());
    }
    follower
        .until("it says what it waits for", |follower| {
            waits.append(&mut follower.driver.watcher.take());
            waits.iter().any(|what| what.contains("`public.t` is locked"))
        })
        .unwrap();
    session.run("update t set n = 1; commit");
    follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
    assert_eq!(follower.driver.report().waits_for, None);
}

#[test]
fn a_locked_type_holds_up_the_copy_of_a_table_that_uses_it_and_not_the_stream() {
    let postgres = started(&format!(
        "create type pair as (a int, b int); {ROWS} alter table t add p pair; update t set p = (1, 2)::pair; \
         create table u (id int primary key)"
    ));
    let mut follower = Follower::copied(settings(postgres.url(), &["t", "u"])).unwrap();
    let mut session = Session::open(&postgres);
    session.run("begin; alter type pair add attribute c int");
    follower.driver.reset(Some("t")).unwrap();
    follower.until("the copy begins", |follower| follower.rows_read().is_some()).unwrap();
    for id in 1..=3 {
        postgres.sql(&format!("insert into u values ({id})"));
        follower.transaction().unwrap();
        assert_eq!(follower.rows_read(), Some(0), "the lock is held");
    }
    session.run("rollback");
    follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
}

#[test]
fn a_transaction_that_was_open_when_the_publication_was_made_is_waited_for_and_named() {
    let postgres = started(&format!("{ROWS} create table u (id int primary key)"));
    let mut follower = Follower::copied(settings(postgres.url(), &["u"])).unwrap();
    let mut session = Session::open(&postgres);
    session.run("begin; insert into t values (5000, 1)");
    // Nothing that this transaction wrote is ever sent of `t`.
    follower.with(settings(postgres.url(), &["t", "u"]));
    postgres.sql("insert into u values (1)");
    follower.transaction().unwrap();
    let mut waits = Vec::new();
    follower
        .until("it says what it waits for", |follower| {
            waits.append(&mut follower.driver.watcher.take());
            waits.iter().any(|what| what.contains("waits for transaction"))
        })
        .unwrap();
    session.run("commit");
    follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
}

#[test]
fn rows_written_while_the_first_copy_goes_on_are_taken_exactly() {
    let postgres = started(ROWS);
    let mut follower = Follower::new(settings(postgres.url(), &["t"]));
    follower
        .copy_with(|range| {
            postgres.sql(&format!(
                "update t set n = n + 1 where id % 5 = {range} % 5; delete from t where id % 50 = {range}; \
                 insert into t values (10000 + {range}, 1), (-{range}, 2)"
            ));
        })
        .unwrap();
    follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
}

#[test]
fn rows_written_while_a_table_is_copied_again_are_taken_exactly() {
    let postgres = started(ROWS);
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    follower.driver.reset(Some("public.t")).unwrap();
    let before = follower.driver.memory.log.len();
    follower
        .copy_with(|range| {
            postgres.sql(&format!("begin; update t set n = n + 1 where id % 5 = {range} % 5; commit"));
            postgres.sql(&format!("delete from t where id % 50 = {range}"));
        })
        .unwrap();
    follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
    let last = follower.driver.memory.log.last().unwrap();
    assert!(follower.driver.memory.log.len() > before);
    assert!(!last.transaction.changes.is_empty());
}

#[test]
fn a_table_that_is_to_be_copied_again_while_it_is_copied_begins_again() {
    for postgres in Postgres::each_version() {
        postgres.sql(ROWS);
        let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
        follower.driver.reset(Some("t")).unwrap();
        follower.until("ranges are read", |follower| follower.rows_read() > Some(250)).unwrap();
        follower.driver.reset(Some("t")).unwrap();
        follower.until("it begins again", |follower| follower.rows_read() == Some(0)).unwrap();
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
        let stages = follower.driver.memory.notes_kept();
        // Once it is copied, nothing more is asked for.
        postgres.sql("create table u (id int primary key)");
        follower.with(settings(postgres.url(), &["t", "u"]));
        follower
            .until("the other table is copied", |follower| follower.driver.memory.notes_kept() > stages)
            .unwrap();
        assert_eq!(follower.rows_read().unwrap_or(0), 0, "only the table without rows is copied");
    }
}

#[test]
fn a_right_that_is_taken_during_a_copy_is_named_and_the_copy_goes_on_once_it_is_given_back() {
    let ways = [(true, true), (true, false), (false, true), (false, false)];
    for (version, (has_base, may_copy)) in
        Postgres::versions().into_iter().flat_map(|one| ways.map(|way| (one, way)))
    {
        let postgres = Postgres::start_version(version);
        postgres.sql(&format!(
            "{ROWS} create role reader login replication password 'reader'; grant select on t to reader; \
             create publication p for table t"
        ));
        let url = postgres.url().replace("postgres:secret%20word@", "reader:reader@");
        assert!(url.contains("reader:"), "{url}");
        let settings = PostgresSettings { publication: Some("p".into()), ..settings(url, &["t"]) };
        let mut follower = Follower::new(if may_copy { auto_reset(settings) } else { settings });
        if has_base {
            follower.settle().unwrap();
            follower.driver.reset(Some("t")).unwrap();
        }
        follower.until("a range is read", |follower| follower.rows_read() > Some(0)).unwrap();
        postgres.sql("revoke select on t from reader");
        let error = follower.error();
        assert_eq!(error.code, "LW0211", "{error}");
        assert!(error.message.contains("GRANT SELECT ON \"public\".\"t\""), "{error}");
        postgres.sql("grant select on t to reader; update t set n = 1 where id = 7");
        if !(has_base && may_copy) {
            follower.driver.reset(None).unwrap();
        }
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
        assert_eq!(follower.driver.report().refusal, None);
    }
}

#[test]
fn a_copy_of_rows_that_are_as_they_should_be_changes_nothing() {
    let postgres = started(ROWS);
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    let notes = follower.driver.memory.notes_kept();
    follower.driver.reset(Some("t")).unwrap();
    follower.copy_with(|_| {}).unwrap();
    assert!(follower.driver.memory.log.is_empty());
    assert_eq!(follower.driver.memory.notes_kept(), notes, "nothing of the copy is left");
    assert_eq!(follower.driver.memory.staged(), None);
}

#[test]
fn large_values_that_are_not_sent_survive_updates_during_a_copy() {
    for identity in ["", "alter table t replica identity full;"] {
        let postgres = started(&format!(
            "create table t (id int primary key, n int, big text); alter table t alter big set storage external; \
             {identity} insert into t select g, 0, repeat(md5(g::text), 80) from generate_series(1, 1500) g;"
        ));
        let mut follower = Follower::new(settings(postgres.url(), &["t"]));
        follower
            .copy_with(|range| {
                postgres.sql(&format!(
                    "update t set n = n + 1 where id % 3 = 0 or id > 1400; \
                     update t set id = id + 10000, n = 7 where id % 100 = {range}; \
                     update t set id = -id where id % 100 = 50 + {range}; \
                     update t set big = repeat('y', 2500 + {range}) where id % 100 = 60"
                ));
            })
            .unwrap();
        follower.agrees(&postgres, "t", &["id", "n", "big"]).unwrap();
        follower.driver.reset(None).unwrap();
        follower
            .copy_with(|range| drop(postgres.sql(&format!("update t set n = n + {range} where id % 2 = 0"))))
            .unwrap();
        follower.agrees(&postgres, "t", &["id", "n", "big"]).unwrap();
    }
}

#[test]
fn a_table_that_is_emptied_during_its_copy_is_empty_until_new_rows_come() {
    for refill in ["", "insert into t select g, 9 from generate_series(1, 2000, 3) g;"] {
        let postgres = started(ROWS);
        let mut follower = Follower::new(settings(postgres.url(), &["t"]));
        let empty = format!("begin; insert into t values (9000, 1); truncate t; {refill} commit");
        let mut is_done = false;
        let began = Instant::now();
        while follower.driver.memory.base.is_none() {
            assert!(began.elapsed() < PATIENCE, "the copy ends");
            follower.step().unwrap();
            if !is_done && follower.rows_read() >= Some(1_000) {
                postgres.sql(&empty);
                is_done = true;
            }
        }
        assert!(is_done);
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
    }
}

#[test]
fn keys_that_move_and_change_places_during_a_copy_end_where_they_are() {
    let postgres = started(ROWS);
    let mut follower = Follower::new(settings(postgres.url(), &["t"]));
    follower
        .copy_with(|range| {
            postgres.sql(&format!(
                "update t set id = id + 100000, n = {range} where id % 20 = {range}; \
                 update t set id = -id, n = {range} where id > 2500 and id % 20 = 10 + {range}; \
                 begin; update t set id = 0 where id = 5; update t set id = 5 where id = 2405; \
                 update t set id = 2405 where id = 0; update t set n = n + 1 where id in (5, 2405); commit"
            ));
        })
        .unwrap();
    follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
}

#[test]
fn a_table_altered_during_its_copy_is_copied_as_it_is_then() {
    let postgres = started(ROWS);
    let mut follower = Follower::new(auto_reset(settings(postgres.url(), &["t"])));
    follower
        .copy_with(|range| {
            if range == 2 {
                postgres.sql("alter table t add m int default 4, alter n type bigint using n + 100");
            }
            postgres.sql(&format!("update t set n = n + 1 where id % 5 = {range} % 5"));
        })
        .unwrap();
    follower.agrees(&postgres, "t", &["id", "n", "m"]).unwrap();
}

#[test]
fn a_column_added_during_a_copy_is_in_what_is_read_later() {
    let postgres = started(ROWS);
    let mut follower = Follower::new(auto_reset(settings(postgres.url(), &["t"])));
    follower
        .copy_with(|range| {
            if range == 2 {
                postgres.sql("alter table t add m int; update t set m = id where id % 2 = 0");
            }
        })
        .unwrap();
    follower.agrees(&postgres, "t", &["id", "n", "m"]).unwrap();
}

#[test]
fn partitions_that_get_other_names_during_their_copy_keep_their_rows() {
    for renamed in [
        "alter table low rename to other",
        "alter table high rename to other",
        "alter table low rename to other; alter table high rename to low; alter table other rename to high",
    ] {
        let postgres = started(
            "create table t (id int primary key, n int) partition by range (id); \
             create table low partition of t for values from (0) to (1000); \
             create table high partition of t for values from (1000) to (3000); \
             insert into t select g, 0 from generate_series(1, 2999) g",
        );
        let mut follower = Follower::new(auto_reset(settings(postgres.url(), &["t"])));
        let rename = |range| {
            if range == 1 {
                postgres.sql(renamed);
            }
        };
        follower.copy_with(rename).unwrap();
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
        // The rows of a partition that goes are known.
        let names = "select min(tableoid::regclass::text) from t where id < 1000";
        postgres.sql(&format!("drop table {}", postgres.sql(names)));
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
    }
}

#[test]
fn rows_of_a_table_that_is_made_again_during_its_copy_are_not_those_of_the_new_one() {
    for is_first in [true, false] {
        for columns in ["id int primary key, n int", "id int primary key, n int, m int"] {
            let postgres = started(ROWS);
            let mut follower = Follower::new(auto_reset(settings(postgres.url(), &["t"])));
            if !is_first {
                follower.settle().unwrap();
                follower.driver.reset(Some("t")).unwrap();
            }
            let again = format!(
                "begin; drop table t; create table t ({columns}); insert into t select g, 9 from \
                 generate_series(1001, 6000) g; commit; insert into t values (-1, 1)"
            );
            follower
                .copy_with(|range| {
                    if range == 2 {
                        drop(postgres.sql(&again));
                    }
                })
                .unwrap();
            follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
        }
    }
}

/// Returns a follower of a table of which the server needs so long to find the rows of one range, and says nothing
/// meanwhile.
fn slow(postgres: &Postgres, time: Duration) -> (Follower, u32) {
    let slow = "md5(repeat(chr(64 + id % 10), 40000000)) <> ''";
    let (tries, began) = (10, Instant::now());
    postgres.sql(&format!("select count(*) from generate_series(1, {tries}) id where {slow}"));
    // All of them are in the first range.
    let rows = (time.as_secs_f64() / began.elapsed().as_secs_f64() * f64::from(tries)).min(240.0) as u32 + 5;
    postgres.sql(&format!(
        "create table t (id int primary key, n int); insert into t select g, g from generate_series(1, {rows}) g; \
         create publication p for table t where ({slow})"
    ));
    let settings = PostgresSettings { publication: Some("p".into()), ..settings(postgres.url(), &["t"]) };
    (Follower::new(settings), rows)
}

#[track_caller]
fn copy_slowly(postgres: &Postgres, time: Duration) {
    let (mut follower, rows) = slow(postgres, time);
    follower.until("the copy begins", |follower| follower.rows_read().is_some()).unwrap();
    let began = Instant::now();
    // A stream that the server has ended would be an error.
    follower.until("the copy ends", |follower| follower.driver.memory.base.is_some()).unwrap();
    assert!(began.elapsed() > time * 3 / 4, "{rows} rows were read in {:?}", began.elapsed());
    follower.agrees(postgres, "t", &["id", "n"]).unwrap();
}

#[test]
fn a_range_that_takes_longer_than_the_server_waits_for_the_stream_is_read_once() {
    let options = Options { settings: vec!["wal_sender_timeout=2s".into()], ..Options::default() };
    for postgres in Postgres::each_version_with(&options) {
        copy_slowly(&postgres, Duration::from_secs(6));
    }
}

#[test]
fn a_range_that_takes_longer_than_a_network_may_be_silent_is_read_once() {
    copy_slowly(&Postgres::start(), Duration::from_secs(28));
}

#[test]
fn a_range_that_takes_long_is_given_up_for_a_stop_and_read_by_the_next_run() {
    let postgres = Postgres::start();
    let (mut follower, _) = slow(&postgres, Duration::from_secs(8));
    follower.until("the copy begins", |follower| follower.rows_read().is_some()).unwrap();
    follower.driver.watcher.set_over(true);
    let began = Instant::now();
    while follower.driver.step(Duration::ZERO).is_ok() {
        assert!(began.elapsed() < PATIENCE, "a range is begun");
    }
    assert!(began.elapsed() < Duration::from_secs(4), "given up only after {:?}", began.elapsed());
    follower.driver.kill();
    follower.driver.watcher.set_over(false);
    follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
}
