//! Kills between the target's commit and the one that stores dead letters: no letter is lost or there twice, and no
//! effect is doubled.

use super::Target;
use livewell_model::{Diff, QueryResult, SmolStr, Timestamp, Value};
use livewell_reaction::postgres::{Execute, PostgresSettings, Table};
use livewell_reaction::testkit::{Killed, start};
use livewell_reaction::{OnRefusal, Outgoing, Reaction, SnapshotOf, SnapshotRow};
use livewell_services::Postgres;

/// After which calls the driver is killed.
const KILLS: [&[usize]; 7] = [&[], &[1], &[2], &[3], &[1, 2], &[1, 3, 5], &[2, 3, 4]];

fn columns() -> [SmolStr; 2] {
    ["id".into(), "v".into()]
}

fn row(id: i64) -> Vec<Value> {
    let v = if id % 3 == 0 { "much too long".to_owned() } else { format!("v{id}") };
    vec![Value::Int(id), Value::string(v)]
}

/// Three results with four rows each, of which the target refuses those whose number is divisible by three.
fn results() -> Vec<QueryResult> {
    let add = |id: i64| Diff::Add { row_signature: id as u64, data: row(id).into() };
    let result = |sequence: u64| QueryResult {
        sequence,
        position: sequence,
        timestamp: Timestamp(0),
        diffs: (sequence as i64 * 4 - 3..=sequence as i64 * 4).map(add).collect(),
    };
    (1..=3).map(result).collect()
}

fn with_results(results: &[QueryResult], with: impl FnOnce(&[Outgoing<'_>])) {
    let columns = columns();
    let outgoing = |result| Outgoing { query_id: "q", epoch: 1, columns: &columns, result };
    with(&results.iter().map(outgoing).collect::<Vec<_>>());
}

#[test]
fn a_statement_that_fails_leaves_one_letter_and_is_executed_once_again_whatever_is_killed() {
    let server = Postgres::start();
    for (number, kills) in (0..).zip(KILLS) {
        let target = Target::new(&server, number);
        target.sql("CREATE TABLE audit (id int, v varchar(5), sequence int)");
        let settings = PostgresSettings::execute(
            &target.url(),
            "INSERT INTO audit VALUES ($1, $2, $3)",
            &["id", "v", "@sequence"],
        );
        let execute = || -> Box<dyn Reaction> {
            Box::new(Execute::new(settings.clone()).on_refusal(OnRefusal::DeadLetter))
        };
        let mut driver = Killed::after(kills);
        with_results(&results(), |outgoing| driver.deliver(execute, outgoing));
        let mut keys: Vec<&str> = driver.letters.iter().map(|letter| &letter.key[40..]).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["q:1:1:2", "q:1:2:1", "q:1:3:0", "q:1:3:3"], "killed after {kills:?}");
        let ids = || target.sql("SELECT string_agg(id::text, ',' ORDER BY id) FROM audit");
        assert_eq!(ids(), "1,2,4,5,7,8,10,11", "killed after {kills:?}");
        target.sql("ALTER TABLE audit ALTER COLUMN v TYPE text");
        driver.killed_again(kills).resend(execute);
        assert_eq!(ids(), "1,2,3,4,5,6,7,8,9,10,11,12", "killed after {kills:?}");
    }
}

#[test]
fn what_is_noted_of_a_letter_that_was_sent_again_is_removed_with_the_next_delivery() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    target.sql("CREATE TABLE audit (id int, v text)");
    let settings =
        PostgresSettings::execute(&target.url(), "INSERT INTO audit VALUES ($1, $2)", &["id", "v"]);
    let mut execute = Execute::new(settings).on_refusal(OnRefusal::DeadLetter);
    start(&mut execute, None).unwrap();
    let results = results();
    let letter = |key: &str| livewell_reaction::DeadLetter {
        key: key.into(),
        body: br#"{"query_id":"q","sequence":1,"results":[{"type":"ADD","data":{"id":1,"v":"a"}}]}"#.to_vec(),
        reason: String::new(),
        origin: None,
    };
    execute.resend(&letter("one")).unwrap();
    execute.resend(&letter("one")).unwrap();
    execute.resend(&letter("two")).unwrap();
    let noted = || target.sql("SELECT string_agg(query, ',' ORDER BY query) FROM livewell_checkpoint");
    assert_eq!(noted(), "letter two");
    with_results(&results[..1], |outgoing| {
        execute.deliver(outgoing).unwrap();
    });
    assert_eq!(noted(), "q");
    assert_eq!(target.sql("SELECT count(*) FROM audit WHERE v = 'a'"), "2");
}

#[test]
fn a_row_that_a_table_refuses_leaves_one_letter_whatever_is_killed() {
    let server = Postgres::start();
    for (number, kills) in (0..).zip(KILLS) {
        let target = Target::new(&server, number);
        target.sql("CREATE TABLE t (id int PRIMARY KEY, v varchar(5))");
        let settings = PostgresSettings::table(&target.url(), "t", &["id"]);
        let table = || -> Box<dyn Reaction> {
            Box::new(Table::new(settings.clone()).on_refusal(OnRefusal::DeadLetter))
        };
        let mut driver = Killed::after(kills);
        with_results(&results(), |outgoing| driver.deliver(table, outgoing));
        let mut keys: Vec<String> =
            driver.letters.iter().map(|letter| letter.key.replace(['"', '[', ']'], "")).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["12", "3", "6", "9"], "killed after {kills:?}");
        let ids = target.sql("SELECT string_agg(id::text, ',' ORDER BY id) FROM t");
        assert_eq!(ids, "1,2,4,5,7,8,10,11", "killed after {kills:?}");
    }
}

#[test]
fn a_snapshot_with_rows_that_are_refused_leaves_a_letter_each_whatever_is_killed() {
    let server = Postgres::start();
    for (number, kill) in (0..).zip([None, Some(1), Some(2)]) {
        let target = Target::new(&server, number);
        target.sql("CREATE TABLE t (id int PRIMARY KEY, v varchar(5)); INSERT INTO t VALUES (99, 'old')");
        let settings = PostgresSettings::table(&target.url(), "t", &["id"]);
        let (mut detail, mut letters, mut calls, mut is_done) = (None::<Vec<u8>>, Vec::new(), 0, false);
        'process: while !is_done {
            let mut table = Table::new(settings.clone()).on_refusal(OnRefusal::DeadLetter);
            let started = start(&mut table, detail.as_deref()).unwrap();
            detail = Some(started.detail);
            let mut is_rebuilt = !started.rebuild;
            while !is_rebuilt {
                let mut rows = (1..=12).map(|id| -> SnapshotRow { Ok((id, row(id as i64).into())) });
                let (query_id, epoch, sequence, columns) = ("q", 1, 7, &columns());
                let snapshot =
                    SnapshotOf { query_id, epoch, sequence, position: 7, columns, rows: &mut rows };
                let replaced = table.replace(snapshot).unwrap();
                let dead = table.dead();
                calls += 1;
                if kill == Some(calls) {
                    continue 'process;
                }
                detail = Some(replaced);
                is_rebuilt = dead.is_empty();
                letters.extend(dead.into_iter().map(|letter| letter.key));
            }
            is_done = true;
        }
        letters.sort_unstable();
        assert_eq!(letters, ["[\"12\"]", "[\"3\"]", "[\"6\"]", "[\"9\"]"], "killed after {kill:?}");
        let ids = target.sql("SELECT string_agg(id::text, ',' ORDER BY id) FROM t");
        assert_eq!(ids, "1,2,4,5,7,8,10,11", "killed after {kill:?}");
    }
}
