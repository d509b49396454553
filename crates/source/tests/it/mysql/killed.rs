//! Servers and readers that are killed while money moves between accounts.

use super::{Follower, PATIENCE, WAIT, settings, started};
use livewell_model::Value;
use livewell_source::ErrorKind;
use livewell_source::testkit::Fault;
use std::time::Instant;

const ACCOUNTS: i64 = 20;
const EACH: i64 = 100;

fn bank() -> livewell_services::Mariadb {
    started(&format!(
        "create table t (id int primary key, n int) ; insert into t select seq, {EACH} from seq_1_to_{ACCOUNTS}"
    ))
}

/// Returns statements that move money around, in transactions of two rows.
fn transfers(seed: &mut u64, count: usize) -> String {
    let mut next = |below: u64| {
        // Numbers that look random and are the same in every run.
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) % below
    };
    let transfer = |_| {
        let (from, to, amount) = (next(20) + 1, next(20) + 1, next(50));
        let end = if next(5) == 0 { "rollback" } else { "commit" };
        format!(
            "begin; update t set n = n - {amount} where id = {from}; update t set n = n + {amount} where id = {to}; {end};"
        )
    };
    (0..count).map(transfer).collect()
}

/// Checks that no money is made or lost after any transaction of the log.
fn check_sums(follower: &Follower) {
    let sum: i64 = follower
        .driver
        .memory
        .live
        .values()
        .map(|element| match element.properties().get("n") {
            Some(Value::Int(amount)) => *amount,
            other => panic!("{other:?}"),
        })
        .sum();
    assert_eq!(sum, ACCOUNTS * EACH);
}

#[test]
fn a_reader_that_is_killed_at_any_moment_takes_every_transfer_once_and_whole() {
    let mariadb = bank();
    let mut follower = Follower::copied(settings(mariadb.url(), &["t"])).unwrap();
    let mut seed = 7;
    let faults = [Fault::AfterRead, Fault::AfterTakeIn, Fault::CommitLost, Fault::BeforeDurable];
    let mut hits = 0;
    for round in 0..25 {
        mariadb.sql(&transfers(&mut seed, 8));
        if round % 6 == 5 {
            mariadb.sql("flush logs");
        }
        let (fault, began, mut is_hit) = (faults[round % 4], Instant::now(), false);
        follower.driver.limits.transactions = 1 + round % 4;
        for steps in 0..3 {
            assert!(began.elapsed() < PATIENCE);
            let fault = (steps == seed as usize % 3).then_some(fault);
            match follower.driver.step_with(WAIT, fault) {
                Ok(read) => is_hit |= read.has_work && fault.is_some(),
                Err(error) if error.kind == ErrorKind::Unreachable => {}
                Err(error) => panic!("{error}"),
            }
            check_sums(&follower);
        }
        hits += usize::from(is_hit);
    }
    assert!(hits > 10, "{hits} of the faults hit");
    follower.agrees(&mariadb, "t", &["id", "n"]);
}

#[test]
fn a_server_that_is_killed_and_comes_back_is_followed_on() {
    let mut mariadb = bank();
    let mut follower = Follower::copied(settings(mariadb.url(), &["t"])).unwrap();
    let mut seed = 3;
    for round in 0..4 {
        mariadb.sql(&transfers(&mut seed, 20));
        for _ in 0..round {
            follower.step().unwrap();
        }
        if round % 2 == 0 {
            mariadb.kill();
        } else {
            mariadb.stop();
        }
        let began = Instant::now();
        loop {
            match follower.step() {
                Err(error) if error.kind == ErrorKind::Unreachable => break,
                Err(error) => panic!("{error}"),
                Ok(_) => assert!(began.elapsed() < PATIENCE, "nobody misses the server"),
            }
        }
        mariadb.up();
        mariadb.sql(&transfers(&mut seed, 5));
        follower.agrees(&mariadb, "t", &["id", "n"]);
        check_sums(&follower);
    }
}
