//! Targets against live results that a test makes up: what moves meanwhile, and what only the database can compare.

use livewell_model::diff::Columns;
use livewell_model::{SmolStr, Value};
use livewell_reaction::postgres::{PostgresSettings, Table};
use livewell_reaction::redis::{Redis, RedisSettings};
use livewell_reaction::target::{Compared, Kept, Live, Stored, Target};
use livewell_reaction::testkit::{STORE, start};
use livewell_reaction::{ErrorKind, OnRefusal, Reached, Reaction, ReactionError, SnapshotOf, SnapshotRow};
use livewell_services::{Postgres, Redis as Server};

const QUERY: &str = "q";

fn at(sequence: u64) -> Reached {
    Reached { query_id: QUERY.into(), epoch: 1, sequence, position: sequence }
}

/// Rows that are the same at each place.
struct Rows<'a> {
    names: Vec<SmolStr>,
    rows: Vec<Columns>,
    next: usize,
    /// Called with how often it was begun.
    on_begin: &'a mut dyn FnMut(u32),
    begun: u32,
}

impl Live for Rows<'_> {
    fn begin(&mut self, at: &Reached) -> Result<Vec<SmolStr>, ReactionError> {
        assert_eq!(at.query_id, QUERY);
        (self.next, self.begun) = (0, self.begun + 1);
        (self.on_begin)(self.begun);
        Ok(self.names.clone())
    }

    fn next(&mut self) -> Result<Option<(u64, Columns)>, ReactionError> {
        self.next += 1;
        Ok(self.rows.get(self.next - 1).map(|row| (self.next as u64, row.clone())))
    }

    fn row(&mut self, signature: u64) -> Result<Option<Columns>, ReactionError> {
        Ok(self.rows.get(usize::try_from(signature).unwrap() - 1).cloned())
    }

    fn hold(&self, _: usize) -> Result<(), ReactionError> {
        Ok(())
    }
}

fn compare(
    target: &dyn Target,
    names: &[&str],
    rows: &[Columns],
    on_begin: &mut dyn FnMut(u32),
) -> Result<Compared, ReactionError> {
    let stored = || Ok(Stored { reached: at(1), detail: Vec::new() });
    let kept =
        Kept { store: STORE, reaction: "sample", query_id: QUERY, stored: &stored, is_over: &|| false };
    let names = names.iter().map(|name| SmolStr::from(*name)).collect();
    target.compare(&kept, &mut Rows { names, rows: rows.to_vec(), next: 0, on_begin, begun: 0 })
}

fn replace(reaction: &mut dyn Reaction, names: &[&str], rows: &[Columns], sequence: u64) {
    let columns: Vec<SmolStr> = names.iter().map(|name| SmolStr::from(*name)).collect();
    let mut rows =
        rows.iter().enumerate().map(|(at, row)| -> SnapshotRow { Ok((at as u64 + 1, row.clone())) });
    let (epoch, position) = (1, sequence);
    let snapshot =
        SnapshotOf { query_id: QUERY, epoch, sequence, position, columns: &columns, rows: &mut rows };
    reaction.replace(snapshot).unwrap();
}

fn row(values: impl IntoIterator<Item = Value>) -> Columns {
    values.into_iter().collect::<Vec<_>>().into()
}

fn counts(found: &Compared) -> [u64; 5] {
    [found.there, found.live, found.missing.count, found.changed.count, found.extra.count]
}

#[test]
fn keys_are_read_again_if_the_checkpoint_moves_and_given_up_if_it_never_stays() {
    let server = Server::start();
    let settings = RedisSettings::to(&server.url(), "row:", &["id"]);
    let (mut redis, names) = (Redis::new(settings), ["id"]);
    let rows: Vec<Columns> = (0..2_500).map(|id| row([Value::Int(id)])).collect();
    let target = redis.target().unwrap();
    start(&mut redis, None).unwrap();
    let unsettled = |compared: Result<Compared, ReactionError>| match compared {
        Err(error @ ReactionError::Unsettled { .. }) => {
            assert_eq!((error.code(), error.kind()), ("LW0417", ErrorKind::Wait));
            error.to_string()
        }
        other => panic!("{other:?}"),
    };
    let said = unsettled(compare(&*target, &names, &rows, &mut |_| ()));
    assert!(said.contains("the keys `row:*`: it holds no checkpoint"), "{said}");
    replace(&mut redis, &names, &rows, 1);
    let found = compare(&*target, &names, &rows, &mut |begun| {
        if begun == 1 {
            replace(&mut redis, &names, &rows[..2_400], 2);
            replace(&mut redis, &names, &rows, 3);
        }
    });
    let found = found.unwrap();
    assert_eq!(
        (counts(&found), found.reached.sequence),
        ([2_500, 2_500, 0, 0, 0], 3),
        "compared once it stays"
    );
    let said = unsettled(compare(&*target, &names, &rows, &mut |begun| {
        replace(&mut redis, &names, &rows, 10 + u64::from(begun));
    }));
    assert!(
        said.contains("it moved from 1-12 to 1-13 while it was read; nothing was compared, try again"),
        "{said}"
    );
}

#[test]
fn foreign_values_and_hundreds_of_differences_are_counted_and_the_first_are_shown() {
    let server = Server::start();
    let settings = RedisSettings::to(&server.url(), "row:", &["id"]);
    let (mut redis, names) = (Redis::new(settings), ["id", "note"]);
    let long = Value::string("x".repeat(5_000));
    let rows: Vec<Columns> = (0..300).map(|id| row([Value::Int(id), long.clone()])).collect();
    let target = redis.target().unwrap();
    start(&mut redis, None).unwrap();
    replace(&mut redis, &names, &rows, 1);
    let client = ::redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_connection().unwrap();
    let mut run = |command: &str, arguments: &[&[u8]]| {
        ::redis::cmd(command).arg(arguments).exec(&mut connection).unwrap();
    };
    for id in 0..100 {
        run("DEL", &[format!("row:{id}").as_bytes()]);
        run("SET", &[format!("row:extra{id}").as_bytes(), b"\xff\xfe"]);
    }
    run("DEL", &[b"row:100"]);
    run("RPUSH", &[b"row:100", b"a list"]);
    run("SET", &[b"row:\xff", b"a key that is not a text"]);
    let found = compare(&*target, &names, &rows, &mut |_| ()).unwrap();
    assert_eq!(counts(&found), [301, 300, 100, 1, 101]);
    assert_eq!([found.missing.first.len(), found.changed.first.len(), found.extra.first.len()], [20, 1, 20]);
    assert_eq!(found.changed.first[0].found.as_deref(), Some("a value that is not a text"));
    let shown = found.missing.first[0].expected.as_ref().unwrap();
    assert!(shown.ends_with('…') && shown.chars().count() == 1_001, "{shown}");
}

#[test]
fn a_table_is_compared_by_the_types_of_its_columns_also_keys_with_null() {
    let postgres = Postgres::start();
    postgres.sql(
        "CREATE TABLE shop (id text, part int, price real, data json, at timestamptz, kept int DEFAULT 1, \
         UNIQUE (id, part))",
    );
    let settings = PostgresSettings::table(&postgres.url(), "shop", &["id", "part"]);
    let mut table = Table::new(settings).on_refusal(OnRefusal::DeadLetter);
    let target = table.target().unwrap();
    let names = ["id", "part", "price", "data", "at"];
    let line = |id: &str, part: Value, price: f64| {
        let data = Value::list(vec![Value::Int(1), Value::string("a \"b\"")]);
        row([Value::string(id), part, Value::Float(price), data, Value::string("2026-01-01T10:00:00+02:00")])
    };
    let mut rows = vec![
        line("a", Value::Int(1), 0.5),
        line("b", Value::Null, 0.1),
        line("c", Value::Int(1), 3.0),
        line("refused", Value::string("not an int"), 0.5),
    ];
    start(&mut table, None).unwrap();
    replace(&mut table, &names, &rows, 1);
    assert_eq!(table.dead().len(), 1, "its letter comes first");
    replace(&mut table, &names, &rows, 1);
    let found = compare(&*target, &names, &rows, &mut |_| ()).unwrap();
    assert_eq!(counts(&found), [3, 4, 1, 0, 0], "{found:#?}");
    assert!(found.missing.first[0].key.contains("refused"), "{found:#?}");
    rows.pop();
    // What the query does not return is not compared, and a key with NULL may be there twice.
    postgres.sql("UPDATE shop SET kept = 2; INSERT INTO shop SELECT * FROM shop WHERE id = 'b'");
    let found = compare(&*target, &names, &rows, &mut |_| ()).unwrap();
    assert_eq!(counts(&found), [4, 3, 0, 0, 1], "{found:#?}");
    assert_eq!(found.extra.first[0].key, r#"["b", null]"#);
    postgres.sql("DROP TABLE shop");
    let found = compare(&*target, &names, &rows, &mut |_| ()).unwrap();
    assert_eq!(counts(&found), [0, 3, 3, 0, 0], "{found:#?}");
}
