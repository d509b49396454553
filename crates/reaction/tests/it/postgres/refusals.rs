//! Rows that a target refuses: they stop the reaction by name, or are set aside while the others continue.

use super::Target;
use livewell_model::{Diff, QueryResult, SmolStr, Timestamp, Value};
use livewell_reaction::postgres::{Execute, PostgresSettings, Table};
use livewell_reaction::testkit::start;
use livewell_reaction::{
    Delivered, ErrorKind, OnRefusal, Outgoing, Reaction, ReactionError, SnapshotOf, SnapshotRow,
};
use livewell_services::Postgres;
use serde_json::{Value as Json, json};

fn columns() -> [SmolStr; 2] {
    ["id".into(), "v".into()]
}

fn add(id: i64, v: &str) -> Diff {
    Diff::Add { row_signature: id as u64, data: vec![Value::Int(id), Value::string(v)].into() }
}

/// Delivers a result as the driver does: again, once its letters are stored.
fn deliver(reaction: &mut dyn Reaction, sequence: u64, diffs: Vec<Diff>) -> Result<Delivered, ReactionError> {
    let result = QueryResult { sequence, position: sequence, timestamp: Timestamp(0), diffs };
    let outgoing = [Outgoing { query_id: "q", epoch: 1, columns: &columns(), result: &result }];
    let mut dead = Vec::new();
    loop {
        let delivered = reaction.deliver(&outgoing)?;
        dead.extend(delivered.dead);
        if delivered.results == 1 {
            return Ok(Delivered { dead, ..delivered });
        }
    }
}

const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, v varchar(5) NOT NULL UNIQUE CHECK (v <> 'bad'))";

fn table(target: &Target<'_>, policy: OnRefusal) -> Table {
    let mut table = Table::new(PostgresSettings::table(&target.url(), "t", &["id"])).on_refusal(policy);
    start(&mut table, None).unwrap();
    table
}

fn rows(target: &Target<'_>) -> String {
    target.sql("SELECT string_agg(concat(id, v), ',' ORDER BY id) FROM t")
}

#[test]
fn a_row_that_a_constraint_does_not_allow_stops_it_by_name_with_a_statement_that_mends_it() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    for (diff, named, mend) in [
        (add(2, "bad"), "[\"2\"]", "ALTER TABLE \"t\" DROP CONSTRAINT \"t_v_check\""),
        (add(3, "taken"), "[\"3\"]", "ALTER TABLE \"t\" DROP CONSTRAINT \"t_v_key\""),
        (
            Diff::Add { row_signature: 4, data: vec![Value::Int(4), Value::Null].into() },
            "[\"4\"]",
            "ALTER TABLE \"t\" ALTER COLUMN \"v\" DROP NOT NULL",
        ),
    ] {
        target.sql(&format!("DROP TABLE IF EXISTS t; {TABLE}"));
        let mut table = table(&target, OnRefusal::Stop);
        deliver(&mut table, 1, vec![add(1, "taken")]).unwrap();
        let error = deliver(&mut table, 2, vec![add(7, "fine"), diff.clone()]).unwrap_err();
        assert_eq!((error.code(), error.kind()), ("LW0410", ErrorKind::Stop));
        let message = error.to_string();
        assert!(message.contains(named), "{message}");
        let at = message.find("ALTER TABLE").expect(&message);
        let statement = &message[at..at + message[at..].find('`').unwrap()];
        assert!(statement.replace("\"public\".", "").starts_with(mend), "{statement}");
        assert_eq!(rows(&target), "1taken", "nothing of the result is seen");
        target.sql(statement);
        deliver(&mut table, 2, vec![add(7, "fine"), diff]).unwrap();
        assert_eq!(target.sql("SELECT count(*) FROM t"), "3");
    }
}

#[test]
fn rows_that_are_refused_are_set_aside_with_their_reasons_and_the_others_go_on() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    target.sql(TABLE);
    let mut table = table(&target, OnRefusal::DeadLetter);
    let dead = deliver(
        &mut table,
        1,
        (1..=40)
            .map(|id| match id {
                7 => add(id, "much too long"),
                12 => add(id, "bad"),
                30 => add(id, "v1"),
                _ => add(id, &format!("v{id}")),
            })
            .collect(),
    )
    .unwrap()
    .dead;
    assert_eq!(target.sql("SELECT count(*) FROM t"), "37");
    let letters: Vec<(&str, Json)> = dead
        .iter()
        .map(|letter| (letter.key.as_str(), serde_json::from_slice(&letter.body).unwrap()))
        .collect();
    let body = |id: i64, v: &str| json!({"row_signature": format!("{id:016x}"), "data": {"id": id, "v": v}});
    assert_eq!(letters[0], ("[\"7\"]", body(7, "much too long")));
    for (id, v, reason) in [(7, "much too long", "varchar"), (12, "bad", "t_v_check"), (30, "v1", "t_v_key")]
    {
        let letter = dead.iter().find(|letter| letter.key == format!("[\"{id}\"]")).unwrap();
        assert_eq!(serde_json::from_slice::<Json>(&letter.body).unwrap(), body(id, v));
        let reason = if reason == "varchar" { "character varying(5)" } else { reason };
        assert!(letter.reason.contains(reason), "{}", letter.reason);
    }
    // A row that was set aside changes and goes like any other; one that is refused now is no longer there.
    let update = |id: i64, v: &str, now: &str| Diff::Update {
        row_signature: id as u64,
        before: vec![Value::Int(id), Value::string(v)].into(),
        after: vec![Value::Int(id), Value::string(now)].into(),
    };
    let gone = Diff::Delete { row_signature: 12, data: vec![Value::Int(12), Value::string("bad")].into() };
    let dead = deliver(&mut table, 2, vec![gone, update(7, "much too long", "fits"), update(8, "v8", "bad")])
        .unwrap()
        .dead;
    assert_eq!((dead.len(), dead[0].key.as_str()), (1, "[\"8\"]"));
    assert_eq!(
        target.sql("SELECT count(*) FILTER (WHERE id = 8), count(*) FILTER (WHERE v = 'fits') FROM t"),
        "0|1"
    );
    // What is sent again is the row as it is: an update of it to itself.
    assert_eq!(deliver(&mut table, 2, vec![update(8, "ok", "ok")]).unwrap().dead, []);
    assert_eq!(target.sql("SELECT v FROM t WHERE id = 8"), "ok");
}

#[test]
fn a_table_that_is_altered_while_it_is_kept_is_known_as_it_is_then() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    target.sql("CREATE TABLE t (id int PRIMARY KEY, v text)");
    let mut table = table(&target, OnRefusal::DeadLetter);
    deliver(&mut table, 1, vec![add(1, "abcd")]).unwrap();
    target.sql("DELETE FROM t; ALTER TABLE t ALTER COLUMN v TYPE varchar(3)");
    let dead = deliver(&mut table, 2, vec![add(2, "abcd"), add(3, "abc")]).unwrap().dead;
    assert_eq!((dead.len(), rows(&target)), (1, "3abc".into()));
    target.sql("ALTER TABLE t ALTER COLUMN v TYPE text");
    assert_eq!(deliver(&mut table, 3, vec![add(4, "abcd")]).unwrap().dead, []);
    assert_eq!(rows(&target), "3abc,4abcd");
}

#[test]
fn rows_of_a_snapshot_that_are_refused_are_set_aside_too() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    target.sql(&format!("{TABLE}; INSERT INTO t VALUES (1, 'old'), (90, 'gone')"));
    let snapshot = |table: &mut Table, sequence| {
        let row = |id: u64| -> SnapshotRow {
            let v = match id {
                3 => "much too long".into(),
                5 => "bad".into(),
                9 => "v1".into(),
                _ => format!("v{id}"),
            };
            Ok((id, vec![Value::Int(id as i64), Value::from(v)].into()))
        };
        let mut rows = (1..=20).map(row);
        let (query_id, epoch, position) = ("q", 1, sequence);
        table.replace(SnapshotOf {
            query_id,
            epoch,
            sequence,
            position,
            columns: &columns(),
            rows: &mut rows,
        })
    };
    let error = snapshot(&mut table(&target, OnRefusal::Stop), 1).unwrap_err();
    assert!(error.to_string().contains("[\"3\"]"), "{error}");
    assert_eq!(rows(&target), "1old,90gone");
    let mut table = table(&target, OnRefusal::DeadLetter);
    snapshot(&mut table, 1).unwrap();
    let mut keys: Vec<String> = table.dead().into_iter().map(|letter| letter.key.replace('"', "")).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["[3]", "[5]", "[9]"]);
    assert_eq!(rows(&target), "1old,90gone", "the letters are stored first");
    snapshot(&mut table, 1).unwrap();
    assert!(table.dead().is_empty(), "each is set aside once");
    assert_eq!(target.sql("SELECT count(*), max(id) FROM t"), "17|20");
}

#[test]
fn a_statement_that_fails_for_a_diff_sets_it_aside_and_can_be_executed_again() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    target.sql("CREATE TABLE audit (kind text, id int, v varchar(5), sequence int)");
    let settings = PostgresSettings::execute(
        &target.url(),
        "INSERT INTO audit VALUES ($1, $2, $3, $4)",
        &["@type", "id", "v", "@sequence"],
    );
    let mut execute = Execute::new(settings.clone());
    start(&mut execute, None).unwrap();
    let diffs = || vec![add(1, "a"), add(2, "much too long"), add(3, "c")];
    let error = deliver(&mut execute, 1, diffs()).unwrap_err();
    assert_eq!((error.code(), error.kind()), ("LW0410", ErrorKind::Stop));
    assert!(error.to_string().contains(":sample:q:1:1:1: "), "{error}");
    let mut execute = Execute::new(settings).on_refusal(OnRefusal::DeadLetter);
    start(&mut execute, None).unwrap();
    let dead = deliver(&mut execute, 1, diffs()).unwrap().dead;
    assert_eq!(target.sql("SELECT string_agg(id::text, ',') FROM audit"), "1,3");
    assert!(
        dead.len() == 1 && dead[0].key.ends_with(":sample:q:1:1:1") && dead[0].reason.contains("22001"),
        "{dead:?}"
    );
    assert_eq!(execute.resend(&dead[0]).unwrap_err().code(), "LW0410");
    target.sql("ALTER TABLE audit ALTER COLUMN v TYPE text");
    execute.resend(&dead[0]).unwrap();
    assert_eq!(target.sql("SELECT * FROM audit WHERE id = 2"), "ADD|2|much too long|1");
}
