//! Random statements of every kind, while the source is connected, away, killed or loses a commit. At each quiet moment
//! the elements are the rows that the database has.

use super::{Follower, PATIENCE, WAIT, settings, started};
use livewell_services::Mariadb;
use livewell_source::ErrorKind;
use livewell_source::testkit::Fault;
use std::time::Instant;

/// How many rounds there are; `LIVEWELL_STORM` says otherwise.
const ROUNDS: usize = 60;
const TABLES: [&str; 2] = ["t", "u"];

/// Numbers that look random and are the same in every run with one seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len() as u64) as usize]
    }
}

/// Returns a statement that changes rows.
fn change(dice: &mut Dice) -> String {
    let (table, id, n) = (dice.of(&TABLES), dice.below(60), dice.below(1_000));
    match dice.below(10) {
        0..=3 => {
            format!("insert into {table} (id, n) values ({id}, {n}) on duplicate key update n = {n} + 1")
        }
        4 => format!("replace into {table} (id, n) values ({id}, {n})"),
        5 => format!("update {table} set n = n + 1 where id between {id} and {id} + 9"),
        6 => format!("delete from {table} where id between {id} and {id} + 2"),
        7 => format!("update ignore {table} set id = id + 1 where id >= {id} order by id desc"),
        8 => format!("insert ignore into t (id, n) select id, n from u where n % 7 = {}", n % 7),
        _ => format!("insert into m values ({n})"),
    }
}

/// Returns statements that are run in one session.
fn statements(dice: &mut Dice) -> String {
    let mut some = |count: u64| (0..=dice.below(count)).map(|_| change(dice)).collect::<Vec<_>>().join("; ");
    let (first, second, third) = (some(4), some(3), some(3));
    let table = dice.of(&TABLES);
    match dice.below(40) {
        0..=15 => format!("begin; {first}; commit"),
        16..=18 => format!("begin; {first}; rollback"),
        19..=22 => format!("begin; {first}; savepoint s; {second}; rollback to s; {third}; commit"),
        23 => format!("truncate table {table}"),
        24 => format!("alter table {table} add column if not exists extra int default 3"),
        25 => format!("alter table {table} drop column if exists extra"),
        26 => format!("alter table {table} modify n {}", dice.of(&["int", "bigint", "int unsigned", "mediumint"])),
        27 => format!("create or replace table spare like {table}; insert into spare select * from {table}; drop table {table}; rename table spare to {table}"),
        28 => "flush logs".into(),
        29 => "create table if not exists x (id int); insert into x values (1); alter table x add y int; drop table x".into(),
        30 => format!("set binlog_row_image = minimal; update {table} set n = n + 1"),
        31 => "set binlog_format = statement; delete from x where 1 = 0; insert into m values (1)".into(),
        32 => format!("xa start 'a'; {first}; xa end 'a'; xa prepare 'a'; xa {} 'a'", dice.of(&["commit", "rollback"])),
        33 => format!("set sql_log_bin = 0; alter table {table} modify n bigint; set sql_log_bin = 1; {first}"),
        _ => first,
    }
}

/// Takes one step, in which something may go wrong. A copy follows what the log does not say.
fn step(follower: &mut Follower, fault: Option<Fault>) -> bool {
    match follower.driver.step_with(WAIT, fault) {
        Ok(read) => return read.caught_up,
        Err(error) if error.kind == ErrorKind::Changed => follower.driver.reset(None).unwrap(),
        Err(error) if error.kind == ErrorKind::Unreachable => {}
        Err(error) => panic!("{error}"),
    }
    false
}

fn check(follower: &mut Follower, mariadb: &Mariadb) {
    let began = Instant::now();
    while !step(follower, None) || follower.driver.memory.base.is_none() {
        assert!(began.elapsed() < PATIENCE, "it does not settle: {:?}", follower.driver.report());
    }
    TABLES.iter().for_each(|table| follower.agrees(mariadb, table, &["id", "n"]));
}

#[test]
fn random_statements_of_every_kind_come_to_the_same_rows() {
    let mariadb = started(
        "create table t (id int primary key, n int); create table u like t; create table m (n int) engine=MyISAM",
    );
    let rounds = std::env::var("LIVEWELL_STORM").map_or(ROUNDS, |text| text.parse().expect("a number"));
    let seed = std::env::var("LIVEWELL_SEED").map_or(1, |text| text.parse().expect("a number"));
    let mut dice = Dice(seed);
    let mut follower = Follower::new(settings(mariadb.url(), &TABLES));
    follower.driver.limits.elements = 7;
    let faults = [Fault::AfterRead, Fault::AfterTakeIn, Fault::CommitLost, Fault::BeforeDurable];
    for _ in 0..rounds {
        for _ in 0..dice.below(8) {
            // Some fail, such as one that alters what is being copied; the statements before it were run.
            let _ = mariadb.try_sql(&format!("set lock_wait_timeout = 1; {}", statements(&mut dice)));
        }
        follower.driver.limits.transactions = 1 + dice.below(5) as usize;
        for _ in 0..dice.below(4) {
            let fault = (dice.below(2) == 0).then(|| faults[dice.below(4) as usize]);
            step(&mut follower, fault);
        }
        if dice.below(3) == 0 {
            check(&mut follower, &mariadb);
        }
    }
    check(&mut follower, &mariadb);
}
