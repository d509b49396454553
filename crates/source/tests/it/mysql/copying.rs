//! Copies: the first one, and later ones, which are compared with what is stored.

use super::{Follower, WAIT, changes, settings, started};
use livewell_source::testkit::Fault;

const ROWS: &str =
    "create table t (id int primary key, n int); insert into t select seq, 0 from seq_1_to_2500;";

#[test]
fn a_copy_equals_one_place_in_the_log_whatever_is_written_meanwhile() {
    let mariadb = started(ROWS);
    let mut follower = Follower::new(settings(mariadb.url(), &["t"]));
    follower.driver.limits.elements = 100;
    let mut steps = 0usize;
    while follower.driver.memory.base.is_none() {
        follower.step().unwrap();
        steps += 1;
        mariadb.sql(&format!(
            "update t set n = n + 1 where id % 7 = {}; delete from t where id = {}; insert into t values ({}, 1)",
            steps % 7,
            steps * 3,
            10_000 + steps
        ));
    }
    assert!(steps > 20, "{steps}");
    follower.agrees(&mariadb, "t", &["id", "n"]);
    // Every transaction is in the copy or comes after it, not both.
    assert_eq!(follower.driver.memory.log.len(), 3 * steps);
}

#[test]
fn a_later_copy_emits_what_differs_as_one_transaction() {
    let mariadb = started(ROWS);
    let mut follower = Follower::copied(settings(mariadb.url(), &["t"])).unwrap();
    mariadb.sql("set sql_log_bin = 0; update t set n = 5 where id = 7; delete from t where id = 8; insert into t values (0, 0)");
    follower.settle().unwrap();
    assert!(follower.driver.memory.log.is_empty(), "a log without them has them");
    for lost in [false, true] {
        follower.driver.reset(Some("t")).unwrap();
        if lost {
            follower.driver.step_with(WAIT, Some(Fault::CommitLost)).unwrap();
        }
        let found: Vec<Vec<String>> = follower.transactions().iter().map(changes).collect();
        let wanted = vec!["+test.t:0", "+test.t:7", "-test.t:8"];
        assert_eq!(found, if lost { Vec::new() } else { vec![wanted] }.to_vec(), "{lost}");
        follower.agrees(&mariadb, "t", &["id", "n"]);
    }
    assert_eq!(follower.driver.reset(Some("x")).unwrap_err().code, "LW0205");
}

#[test]
fn a_copy_that_is_killed_at_every_step_begins_again_and_ends() {
    let mariadb = started(ROWS);
    for fault in [Fault::AfterRead, Fault::AfterTakeIn, Fault::CommitLost, Fault::BeforeDurable] {
        let mut follower = Follower::new(settings(mariadb.url(), &["t"]));
        for steps in 0..5 {
            for _ in 0..steps {
                follower.step().unwrap();
            }
            follower.driver.step_with(WAIT, Some(fault)).unwrap();
        }
        follower.agrees(&mariadb, "t", &["id", "n"]);
        // A later copy that is killed is owed by the next process.
        mariadb.sql("set sql_log_bin = 0; update t set n = n + 1 where id = 1");
        follower.driver.reset(None).unwrap();
        follower.step().unwrap();
        follower.step().unwrap();
        follower.driver.kill();
        follower.agrees(&mariadb, "t", &["id", "n"]);
    }
}
