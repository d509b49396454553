//! `kind: postgres` against a real PostgreSQL behind a proxy that cuts and holds up.

mod keys;
mod killed;
mod refusals;
mod values;
mod waits;

use livewell_model::{Diff, QueryResult, SmolStr, Timestamp, Value, json::value_from_json};
use livewell_reaction::postgres::{Execute, PostgresSettings, Table};
use livewell_reaction::testkit::{Behaviour, History, Mirrored, Sample, mirrors, start};
use livewell_reaction::{ErrorKind, Outgoing, Reaction, SnapshotOf, SnapshotRow};
use livewell_services::{Postgres, Proxy};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

/// A database of one server, behind a proxy.
struct Target<'a> {
    server: &'a Postgres,
    proxy: Proxy,
    database: String,
}

impl<'a> Target<'a> {
    fn new(server: &'a Postgres, number: u32) -> Self {
        let database = format!("target{number}");
        server.sql(&format!("CREATE DATABASE {database}"));
        let target = Self { server, proxy: Proxy::start(server.port()), database };
        target.sql("CREATE SCHEMA shop");
        target
    }

    fn url(&self) -> String {
        let url = self.server.url_at(self.proxy.port());
        let (front, _) = url.rsplit_once('/').unwrap();
        format!("{front}/{}", self.database)
    }

    fn settings(&self) -> PostgresSettings {
        let table = PostgresSettings::table(&self.url(), "shop.the \"mirror\"", &["id"]);
        PostgresSettings { timeout: Duration::from_millis(1500), ..table }
    }

    fn sql(&self, statements: &str) -> String {
        let mut psql = self.server.program("psql");
        psql.args(["-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", &self.database, "-c", statements]);
        let output = psql.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }
}

const TABLE: &str = "shop.\"the \"\"mirror\"\"\"";

impl Mirrored for Target<'_> {
    fn reaction(&self) -> Box<dyn Reaction> {
        Box::new(Table::new(self.settings()))
    }

    fn rows(&self) -> BTreeSet<String> {
        if self.sql(&format!("SELECT to_regclass('{TABLE}')")).is_empty() {
            return BTreeSet::new();
        }
        let rows = self.sql(&format!("SELECT json_build_array(id, note) FROM {TABLE}"));
        let line = |line: &str| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            row.to_string()
        };
        rows.lines().map(line).collect()
    }

    fn put_foreign(&self, id: i64, note: &str) {
        self.sql(&format!("INSERT INTO {TABLE} VALUES ({id}, '{note}')"));
    }

    fn take_away(&self, id: i64) {
        self.sql(&format!("DELETE FROM {TABLE} WHERE id = {id}"));
    }

    fn behave(&self, how: Behaviour) {
        self.proxy.hold(how == Behaviour::Hang);
        self.proxy.refuse(how == Behaviour::Refuse);
        if how != Behaviour::Hang {
            self.proxy.cut();
        }
    }
}

#[test]
fn a_table_passes_the_suite_of_mirrors() {
    let server = Postgres::start();
    let count = Cell::new(0);
    mirrors(|| {
        count.set(count.get() + 1);
        Target::new(&server, count.get())
    });
}

fn value(json: &str) -> Value {
    value_from_json(&serde_json::from_str(json).unwrap()).unwrap()
}

fn replace(
    table: &mut Table,
    names: &[&str],
    rows: &[Vec<Value>],
) -> Result<Vec<u8>, livewell_reaction::ReactionError> {
    let columns: Vec<SmolStr> = names.iter().map(|name| SmolStr::from(*name)).collect();
    let mut rows =
        rows.iter().enumerate().map(|(at, row)| -> SnapshotRow { Ok((at as u64, row.clone().into())) });
    let (epoch, sequence, position) = (1, 5, 15);
    table.replace(SnapshotOf {
        query_id: "sample",
        epoch,
        sequence,
        position,
        columns: &columns,
        rows: &mut rows,
    })
}

#[test]
fn the_table_is_made_or_checked_and_only_what_differs_is_written() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    let settings = PostgresSettings {
        columns: [("rate".to_owned(), "numeric(6,2)".to_owned())].into(),
        ..target.settings()
    };
    let mut table = Table::new(settings.clone());
    start(&mut table, None).unwrap();
    let names = ["id", "rate", "share", "is", "list", "name", "none"];
    let row = |id: i64, name: &str| {
        vec![
            Value::Int(id),
            value("12.5"),
            value("0.1"),
            value("true"),
            value("[1,\"a\"]"),
            Value::string(name),
            Value::Null,
        ]
    };
    replace(&mut table, &names, &[row(1, "one"), row(2, "two"), row(3, "it's")]).unwrap();
    let types = "SELECT string_agg(format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute \
                 WHERE attrelid = 'shop.\"the \"\"mirror\"\"\"'::regclass AND attnum > 0";
    assert_eq!(target.sql(types), "numeric, numeric(6,2), double precision, boolean, jsonb, text, text");
    let comment = format!("SELECT obj_description('{TABLE}'::regclass)");
    assert_eq!(target.sql(&comment), "kept by Livewell for its reaction `sample`");
    let written = || target.sql(&format!("SELECT id, xmin FROM {TABLE} ORDER BY id"));
    let before = written();
    replace(&mut table, &names, &[row(1, "one"), row(2, "TWO"), row(4, "four")]).unwrap();
    let after = written();
    assert_eq!(after.lines().next(), before.lines().next(), "a row that is as it was is not written");
    assert_eq!(target.sql(&format!("SELECT name FROM {TABLE} ORDER BY id")), "one\nTWO\nfour");

    let error = replace(&mut table, &names, &[row(1, "one").into_iter().rev().collect()]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stop, "{error}");
    target.sql(&format!("ALTER TABLE {TABLE} DROP COLUMN share"));
    let error = replace(&mut table, &names, &[row(1, "one")]).unwrap_err();
    assert!(error.to_string().contains("ALTER TABLE") && error.to_string().contains("share"), "{error}");
    target.sql(&format!("DROP TABLE {TABLE}; CREATE TABLE {TABLE} (id bigint, note text)"));
    let error = replace(&mut table, &["id", "note"], &[vec![Value::Int(1), Value::Null]]).unwrap_err();
    assert!(error.to_string().contains("ADD PRIMARY KEY"), "{error}");
    assert_eq!(target.sql(&comment), "", "a table that somebody else made is left as it is");
    for error in [error.to_string(), format!("{error:?}"), format!("{settings:?}")] {
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn a_statement_is_executed_for_each_diff_exactly_once() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    target.sql("CREATE TABLE audit (at bigint GENERATED ALWAYS AS IDENTITY, kind text, id text, sequence int, diff jsonb)");
    let statement = "INSERT INTO audit (kind, id, sequence, diff) VALUES ($1, $2, $3, $4)";
    let settings =
        PostgresSettings::execute(&target.url(), statement, &["@type", "id", "@sequence", "@diff"]);
    let settings = PostgresSettings { timeout: Duration::from_millis(1500), ..settings };
    let sample = Sample::new(9);
    let mut execute = Execute::new(settings.clone());
    let detail = start(&mut execute, None).unwrap().detail;
    for at in [1, 4, 7] {
        execute.deliver(&sample.outgoing(at..=at + 1)).unwrap();
        // Killed before the checkpoint: where the target stands wins.
        execute = Execute::new(settings.clone());
        let reached = start(&mut execute, Some(&detail)).unwrap().reached;
        assert_eq!(reached[0].sequence, at + 1);
        target.proxy.refuse(true);
        target.proxy.cut();
        assert_eq!(execute.deliver(&sample.outgoing(at + 2..=at + 2)).unwrap_err().kind(), ErrorKind::Wait);
        target.proxy.refuse(false);
        start(&mut execute, Some(&detail)).unwrap();
        execute.deliver(&sample.outgoing(at + 2..=at + 2)).unwrap();
    }
    let expected: Vec<String> = (1..=9).map(|at| format!("{at}|ADD|o{at}|{at}|o{at}")).collect();
    let found = target.sql("SELECT sequence, kind, id, sequence, diff->'data'->>'id' FROM audit ORDER BY at");
    assert_eq!(found.lines().collect::<Vec<_>>(), expected);

    let diffs = vec![Diff::Add { row_signature: 1, data: vec![Value::Int(1), Value::Null].into() }];
    let result = QueryResult { sequence: 10, position: 30, timestamp: Timestamp(0), diffs };
    let columns = ["no".into(), "id".into()];
    let outgoing = [Outgoing { query_id: "sample", epoch: 1, columns: &columns, result: &result }];
    let mut wrong = Execute::new(PostgresSettings { parameters: vec!["id".into()], ..settings });
    start(&mut wrong, Some(&detail)).unwrap();
    let error = wrong.deliver(&outgoing).unwrap_err();
    assert!(error.to_string().contains("4 parameters"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Stop);
    assert_eq!(target.sql("SELECT count(*) FROM audit"), "9");
}

#[test]
fn a_table_of_another_query_is_brought_to_this_one_and_forgets_the_other() {
    let server = Postgres::start();
    let target = Target::new(&server, 0);
    let history = History::new(1, 10);
    let mut table = Table::new(target.settings());
    start(&mut table, None).unwrap();
    let detail = history.snapshot(9, |snapshot| table.replace(snapshot)).unwrap();
    let mut table = Table::new(target.settings());
    start(&mut table, Some(&detail)).unwrap();
    let detail =
        history.snapshot(3, |snapshot| table.replace(SnapshotOf { query_id: "other", ..snapshot })).unwrap();
    assert_eq!(target.rows(), history.rows(3));
    let reached = start(&mut table, Some(&detail)).unwrap().reached;
    assert_eq!(reached.iter().map(|one| one.query_id.as_str()).collect::<Vec<_>>(), ["other"]);
}
