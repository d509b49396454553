//! Sources that are killed, or lose a commit, at every point of a first copy.

use super::{Follower, PATIENCE, SLOT, settings, started};
use livewell_source::testkit::Fault;
use std::time::Instant;

const ROWS: &str = "create table t (id int primary key, n int); \
     insert into t select g, 0 from generate_series(1, 1600) g;";

/// Returns how many rows have been read and stored, if the source is open.
fn known_rows(follower: &Follower) -> Option<usize> {
    follower.driver.memory.staged()
}

/// Copies a table while every step that has something to write fails in each of these ways, one after the other.
fn copied_with_faults(faults: &[Fault]) {
    let postgres = started(ROWS);
    let mut follower = Follower::new(settings(postgres.url(), &["t"]));
    let (mut rows, mut written, mut hits) = (0, 0, 0);
    let began = Instant::now();
    let mut due = faults.iter().cycle();
    let mut fault = *due.next().unwrap();
    while follower.driver.memory.base.is_none() {
        assert!(began.elapsed() < PATIENCE, "it goes on: {hits} steps, {rows} rows");
        let before = known_rows(&follower);
        let read = match follower.step_with(fault) {
            Ok(read) => read,
            // The server may not have missed the process of before yet.
            Err(error) if error.kind == livewell_source::ErrorKind::Unreachable => continue,
            Err(error) => panic!("{fault:?}: {error}"),
        };
        if let Some(now) = before.max(known_rows(&follower)) {
            assert!(now >= rows, "{fault:?}: {now} rows are read after {rows} were");
            rows = now;
        }
        if read.has_work {
            hits += 1;
            fault = *due.next().unwrap();
        }
        // Not at every step: each process takes in what it meets first, and that is the stream.
        if rows > written {
            written = rows;
            postgres.sql(&format!("update t set n = n + 1 where id % 100 = {}", hits % 100));
        }
    }
    assert!(hits > 10, "{hits} steps had something to write");
    assert!(rows >= 1_000, "the copy went on from {rows} rows");
    follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
    assert_eq!(postgres.sql("select slot_name from pg_replication_slots"), SLOT, "no slot is left over");
    postgres.sql("update t set n = -1 where id = 7; delete from t where id = 8");
    follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
}

#[test]
fn a_first_copy_that_is_killed_at_every_step_goes_on_where_it_was() {
    copied_with_faults(&[Fault::AfterRead, Fault::AfterTakeIn, Fault::BeforeDurable]);
}

#[test]
fn a_first_copy_that_is_killed_after_every_commit_goes_on_where_it_was() {
    copied_with_faults(&[Fault::BeforeDurable]);
}

#[test]
fn a_first_copy_of_which_every_second_commit_is_lost_goes_on_where_it_was() {
    copied_with_faults(&[Fault::CommitLost, Fault::BeforeDurable]);
}

#[test]
fn a_reset_of_which_a_commit_is_lost_still_copies() {
    let postgres = started(ROWS);
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    for table in [Some("t"), None] {
        follower.driver.reset(table).unwrap();
        let began = Instant::now();
        while !follower.step_with(Fault::CommitLost).unwrap().has_work {
            assert!(began.elapsed() < PATIENCE, "a reset has something to write");
        }
        let is_copying = |follower: &Follower| follower.driver.memory.staged().is_some();
        follower.until("the copy begins", is_copying).unwrap();
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
        assert!(!is_copying(&follower));
    }
}

#[test]
fn transactions_after_the_copy_are_taken_once_whenever_it_is_killed() {
    let postgres = started(ROWS);
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    for fault in [Fault::AfterRead, Fault::AfterTakeIn, Fault::CommitLost, Fault::BeforeDurable] {
        let before = follower.driver.memory.log.len();
        postgres.sql("update t set n = n + 1 where id = 1; insert into t select max(id) + 1, 5 from t");
        let mut is_hit = false;
        let began = Instant::now();
        while !is_hit {
            assert!(began.elapsed() < PATIENCE, "{fault:?} has something to fail");
            is_hit = follower.step_with(fault).is_ok_and(|read| read.has_work);
        }
        let added = |follower: &Follower| follower.driver.memory.log.len() - before;
        while added(&follower) < 2 {
            assert!(began.elapsed() < PATIENCE, "{fault:?}: both transactions come");
            let _ = follower.step();
        }
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
        assert_eq!(added(&follower), 2, "{fault:?}");
    }
}
