//! Keys with NULL, unique values that rows exchange, and tables that stay where they were.

use super::Target;
use livewell_model::{Diff, QueryResult, SmolStr, Timestamp, Value};
use livewell_reaction::postgres::{Execute, PostgresSettings, Table};
use livewell_reaction::testkit::{Sample, start};
use livewell_reaction::{Delivered, Outgoing, Reaction, ReactionError, SnapshotOf, SnapshotRow};
use livewell_services::Postgres;

const COLUMNS: [&str; 2] = ["id", "v"];

fn row(id: &Value, v: &Value) -> Vec<Value> {
    vec![id.clone(), v.clone()]
}

fn columns() -> [SmolStr; 2] {
    COLUMNS.map(SmolStr::from)
}

fn deliver(table: &mut Table, sequence: u64, diffs: Vec<Diff>) -> Result<Delivered, ReactionError> {
    let result = QueryResult { sequence, position: sequence, timestamp: Timestamp(0), diffs };
    table.deliver(&[Outgoing { query_id: "q", epoch: 1, columns: &columns(), result: &result }])
}

fn add(signature: u64, id: impl Into<Value>, v: impl Into<Value>) -> Diff {
    Diff::Add { row_signature: signature, data: row(&id.into(), &v.into()).into() }
}

fn update(signature: u64, id: impl Into<Value>, v: impl Into<Value>, now: impl Into<Value>) -> Diff {
    let id = id.into();
    let (before, after) = (row(&id, &v.into()).into(), row(&id, &now.into()).into());
    Diff::Update { row_signature: signature, before, after }
}

fn snapshot(table: &mut Table, sequence: u64, rows: &[(i64, i64)]) -> Vec<u8> {
    let row = |(at, (id, v)): (usize, &(i64, i64))| -> SnapshotRow {
        Ok((at as u64 + 1, vec![Value::Int(*id), Value::Int(*v)].into()))
    };
    let mut rows = rows.iter().enumerate().map(row);
    let columns = columns();
    let (query_id, epoch, position) = ("q", 1, sequence);
    table
        .replace(SnapshotOf { query_id, epoch, sequence, position, columns: &columns, rows: &mut rows })
        .unwrap()
}

#[test]
fn rows_that_exchange_a_unique_value_in_one_result_pass_and_keep_what_others_wrote_beside_it() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    for (name, unique) in [
        ("at_once", "UNIQUE"),
        ("can_wait", "UNIQUE DEFERRABLE"),
        ("at_the_end", "UNIQUE DEFERRABLE INITIALLY DEFERRED"),
    ] {
        target.sql(&format!(
            "CREATE TABLE {name} (at bigint GENERATED ALWAYS AS IDENTITY, note text DEFAULT 'new', id int PRIMARY KEY, \
             twice int GENERATED ALWAYS AS (id * 2) STORED, v int {unique})"
        ));
        let mut table = Table::new(PostgresSettings::table(&target.url(), name, &["id"]));
        start(&mut table, None).unwrap();
        deliver(&mut table, 1, vec![add(1, 1, 1), add(2, 2, 2), add(3, 3, 3)]).unwrap();
        target.sql(&format!("UPDATE {name} SET note = 'kept' WHERE id < 3"));
        // Two exchange, and one chain in which each takes the value of the next; one goes and a new one takes its value.
        deliver(&mut table, 2, vec![update(1, 1, 1, 2), update(2, 2, 2, 1)]).unwrap();
        let gone = Diff::Delete { row_signature: 3, data: row(&3.into(), &3.into()).into() };
        deliver(&mut table, 3, vec![gone, update(1, 1, 2, 3), update(2, 2, 1, 2), add(4, 4, 1)]).unwrap();
        let rows = || {
            target.sql(&format!(
                "SELECT string_agg(concat_ws(' ', at, note, id, twice, v), ',' ORDER BY id) FROM {name}"
            ))
        };
        assert!(
            rows().starts_with("1 kept 1 2 3,2 kept 2 4 2,") && rows().ends_with("new 4 8 1"),
            "{name}: {}",
            rows()
        );
        // A snapshot does, too.
        snapshot(&mut table, 4, &[(1, 1), (2, 3), (4, 2), (5, 9)]);
        let rows = rows();
        assert!(
            rows.starts_with("1 kept 1 2 1,2 kept 2 4 3,") && rows.contains("new 4 8 2,"),
            "{name}: {rows}"
        );
        assert!(rows.ends_with("new 5 10 9"), "{name}: {rows}");
    }
}

#[test]
fn a_row_with_null_in_its_key_comes_changes_and_goes() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    target.sql("CREATE TABLE t (id text UNIQUE, v int); CREATE TABLE two (id text, v int, UNIQUE (id, v))");
    let mut table = Table::new(PostgresSettings::table(&target.url(), "t", &["id"]));
    start(&mut table, None).unwrap();
    let rows =
        || target.sql("SELECT string_agg(concat_ws('=', coalesce(id, 'null'), v), ',' ORDER BY v) FROM t");
    deliver(&mut table, 1, vec![add(1, Value::Null, 1), add(2, "a", 2)]).unwrap();
    deliver(&mut table, 2, vec![update(1, Value::Null, 1, 3)]).unwrap();
    assert_eq!(rows(), "a=2,null=3");
    let error = deliver(&mut table, 3, vec![add(3, Value::Null, 9)]).unwrap_err();
    assert_eq!(error.code(), "LW0413", "two rows of one key are named: {error}");
    let gone = Diff::Delete { row_signature: 1, data: row(&Value::Null, &3.into()).into() };
    deliver(&mut table, 3, vec![gone]).unwrap();
    assert_eq!(rows(), "a=2");
    // By difference to a snapshot, which has one and has none.
    target.sql("INSERT INTO t VALUES (NULL, 7)");
    let replace = |table: &mut Table, sequence, ids: &[Option<&str>]| {
        let row = |(at, id): (usize, &Option<&str>)| -> SnapshotRow {
            Ok((at as u64, vec![id.map_or(Value::Null, Value::string), Value::Int(at as i64)].into()))
        };
        let mut rows = ids.iter().enumerate().map(row);
        let (query_id, epoch, position, columns) = ("q", 1, sequence, columns());
        table
            .replace(SnapshotOf { query_id, epoch, sequence, position, columns: &columns, rows: &mut rows })
            .unwrap();
    };
    replace(&mut table, 5, &[Some("a"), None]);
    assert_eq!(rows(), "a=0,null=1");
    replace(&mut table, 6, &[Some("b")]);
    assert_eq!(rows(), "b=0");
    // Of two columns, one may be null.
    let mut table = Table::new(PostgresSettings::table(&target.url(), "two", &["id", "v"]));
    start(&mut table, None).unwrap();
    deliver(&mut table, 7, vec![add(1, Value::Null, 1), add(2, Value::Null, 2), add(3, "a", Value::Null)])
        .unwrap();
    let gone =
        |signature, id: Value, v: Value| Diff::Delete { row_signature: signature, data: row(&id, &v).into() };
    deliver(&mut table, 8, vec![gone(1, Value::Null, 1.into()), gone(3, "a".into(), Value::Null)]).unwrap();
    assert_eq!(target.sql("SELECT count(*), min(v) FROM two"), "1|2");
}

#[test]
fn keys_of_every_type_tell_rows_apart_as_their_columns_do() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    for (name, kind, one, other) in [
        ("chars", "char(3)", Value::string("abc"), Value::string("abd")),
        ("cents", "numeric(10,2)", Value::Float(1.25), Value::Float(1.26)),
        ("bits", "bit(3)", Value::string("101"), Value::string("100")),
        ("lists", "int[]", Value::list(vec![Value::Int(1)]), Value::list(vec![Value::Int(2)])),
        ("floats", "real", Value::Float(0.1), Value::Float(0.2)),
    ] {
        target.sql(&format!("CREATE TABLE {name} (id {kind} PRIMARY KEY, v int)"));
        let mut table = Table::new(PostgresSettings::table(&target.url(), name, &["id"]));
        start(&mut table, None).unwrap();
        deliver(&mut table, 1, vec![add(1, one.clone(), 1), add(2, other.clone(), 2)]).unwrap();
        let gone = Diff::Delete { row_signature: 2, data: row(&other, &2.into()).into() };
        deliver(&mut table, 2, vec![gone, update(1, one.clone(), 1, 3)]).unwrap();
        assert_eq!(target.sql(&format!("SELECT v FROM {name}")), "3", "{kind}");
    }
}

#[test]
fn a_search_path_that_changes_makes_no_second_tables() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    let path =
        |path: &str| target.sql(&format!("ALTER DATABASE {} SET search_path = {path}", target.database));
    path("shop");
    let settings = PostgresSettings::table(&target.url(), "mirror", &["id"]);
    let mut table = Table::new(settings.clone());
    let detail = start(&mut table, None).unwrap().detail;
    deliver(&mut table, 1, vec![add(1, 1, 1)]).unwrap();
    path("public, shop");
    for (sequence, stored) in [(2, detail.as_slice()), (3, &[1])] {
        // The detail of a version before says nothing of schemas: where the tables are now is where they stay.
        let mut table = Table::new(settings.clone());
        let started = start(&mut table, Some(stored)).unwrap();
        assert_eq!(started.reached.len(), 1, "the checkpoint is found");
        deliver(&mut table, sequence, vec![add(sequence, sequence as i64, 0)]).unwrap();
    }
    path("public");
    let mut table = Table::new(settings);
    start(&mut table, Some(&detail)).unwrap();
    deliver(&mut table, 4, vec![add(4, 4, 0)]).unwrap();
    let tables = "SELECT string_agg(concat(schemaname, '.', tablename), ',' ORDER BY 1) FROM pg_tables \
                  WHERE schemaname IN ('public', 'shop')";
    assert_eq!(target.sql(tables), "shop.livewell_checkpoint,shop.mirror");
    assert_eq!(target.sql("SELECT count(*) FROM shop.mirror"), "4");
    // A statement's checkpoint stays, too.
    let settings = PostgresSettings::execute(&target.url(), "SELECT $1::text", &["id"]);
    path("shop");
    let detail = start(&mut Execute::new(settings.clone()), None).unwrap().detail;
    path("public");
    let mut execute = Execute::new(settings);
    start(&mut execute, Some(&detail)).unwrap();
    execute.deliver(&Sample::new(1).outgoing(1..=1)).unwrap();
    assert_eq!(target.sql(tables), "shop.livewell_checkpoint,shop.mirror");
}
