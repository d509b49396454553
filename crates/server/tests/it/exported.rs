//! `livewell export`: what other programs read is what the query has.

use super::running::{Running, orders};
use super::{livewell, text};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value as Json, json};
use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};

const QUERIES: &str = "  - id: typed\n    sources: [orders]\n    cypher: |\n      \
    MATCH (t:Typed) RETURN t.id AS id, t.flag AS flag, t.whole AS whole, t.part AS part, t.mixed AS mixed, t.list AS list, t AS node\n";

fn running() -> Running {
    let running = Running::start_with("", "", QUERIES);
    let typed = |id: &str, properties: Json| {
        json!({"operation": "insert", "element": {"type": "node", "id": id, "labels": ["Typed"], "properties": properties}}).to_string()
    };
    let rows = [
        typed("a", json!({"id": "a", "flag": true, "whole": 1, "part": 1.5, "mixed": 1, "list": [1, "x"]})),
        typed(
            "b",
            json!({"id": "b,\"é\"", "flag": false, "whole": 9_007_199_254_740_993_i64, "part": 2, "mixed": "one"}),
        ),
        typed("c", json!({"id": "c"})),
    ];
    assert_eq!(running.post(&rows.join("\n")).status, 200);
    running.get("/api/v1/queries/typed/results?position=3&wait=20s");
    running
}

fn export(running: &Running, more: &[&str]) -> Output {
    running.command(&[&["export", "typed"], more].concat())
}

#[test]
fn lines_and_csv_have_the_rows_on_stdout_and_in_a_file() {
    let mut running = running();
    let results = running.command(&["results", "typed", "--format", "ndjson"]);
    let exported = export(&running, &["--format", "ndjson"]);
    assert!(exported.status.success() && exported.stdout == results.stdout, "{exported:?}");
    let file = running.folder.path().join("typed.csv");
    let exported = export(&running, &["--format", "csv", "--output", file.to_str().unwrap()]);
    assert!(exported.status.success() && exported.stdout.is_empty(), "{exported:?}");
    assert!(text(&exported.stderr).contains("3 rows"), "{exported:?}");
    let csv = std::fs::read_to_string(&file).unwrap();
    assert!(csv.starts_with("id,flag,whole,part,mixed,list,node\n"), "{csv}");
    assert!(csv.contains("\"b,\"\"é\"\"\",false,9007199254740993,2,one,,"), "{csv}");
    running.stop();
    let store = running.store();
    let offline = livewell(&["export", "typed", "--format", "csv", "--store", store.to_str().unwrap()]);
    assert_eq!(text(&offline.stdout), csv);
}

#[test]
fn parquet_has_typed_columns_that_other_readers_read() {
    let running = running();
    let file = running.folder.path().join("typed.parquet");
    let exported = export(&running, &["--format", "parquet", "--output", file.to_str().unwrap()]);
    assert!(exported.status.success(), "{exported:?}");
    let reader = SerializedFileReader::new(File::open(&file).unwrap()).unwrap();
    let mut rows: Vec<Vec<Field>> = reader
        .get_row_iter(None)
        .unwrap()
        .map(|row| row.unwrap().get_column_iter().map(|(_, field)| field.clone()).collect())
        .collect();
    rows.sort_by_key(|row| row[0].to_string());
    let text = |text: &str| Field::Str(text.into());
    assert_eq!(
        rows[0][..6],
        [text("a"), Field::Bool(true), Field::Long(1), Field::Double(1.5), text("1"), text("[1,\"x\"]")]
    );
    let second =
        [text("b,\"é\""), Field::Bool(false), Field::Long((1 << 53) + 1), Field::Double(2.0), text("one")];
    assert_eq!(rows[1][..5], second);
    assert_eq!(rows[2][1..6], vec![Field::Null; 5]);
    let Field::Str(node) = &rows[2][6] else { panic!("{rows:?}") };
    let node: Json = serde_json::from_str(node).unwrap();
    assert_eq!(node, json!({"id": "c", "labels": ["Typed"], "properties": {"id": "c"}}));
    by_another_reader(&file);
}

/// Reads the file with pyarrow, if Python has it here.
fn by_another_reader(file: &Path) {
    let script = "import sys, json, pyarrow.parquet as p; t = p.read_table(sys.argv[1]); \
                  print(json.dumps([[str(f.type) for f in t.schema], sorted(t.select(['id', 'whole', 'part']).to_pylist(), key=str)]))";
    let python = Command::new("python3").args(["-c", script]).arg(file).output();
    match python {
        Ok(python) if python.status.success() => {
            let read: Json = serde_json::from_slice(&python.stdout).unwrap();
            assert_eq!(read[0], json!(["string", "bool", "int64", "double", "string", "string", "string"]));
            assert_eq!(read[1][0], json!({"id": "a", "whole": 1, "part": 1.5}));
            assert_eq!(read[1][2], json!({"id": "c", "whole": null, "part": null}));
        }
        other => {
            let why = format!("{other:?}");
            assert!(why.contains("pyarrow") || other.is_err(), "{why}");
        }
    }
}

#[test]
fn an_export_that_fails_leaves_no_file_and_does_not_touch_the_one_that_is_there() {
    let running = running();
    let file = running.folder.path().join("x.csv");
    std::fs::write(&file, "mine").unwrap();
    let failed = running.command(&["export", "typd", "--format", "csv", "--output", file.to_str().unwrap()]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(text(&failed.stderr).contains("did you mean `typed`?"), "{failed:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    let before = std::fs::read_dir(running.folder.path()).unwrap().count();
    let failed = export(&running, &["--format", "csv", "--output", "no-such-folder/x.csv"]);
    assert!(failed.status.code() == Some(1) && text(&failed.stderr).contains("no-such-folder"), "{failed:?}");
    assert_eq!(std::fs::read_dir(running.folder.path()).unwrap().count(), before, "nothing is left behind");
}

#[test]
fn more_rows_than_a_page_or_a_group_has_are_exported_once_each() {
    let running = Running::start();
    let totals: Vec<i64> = (0..70_000).map(|n| 101 + n).collect();
    for part in totals.chunks(10_000) {
        let first = part[0] - 101;
        let part: String = orders(part)
            .lines()
            .enumerate()
            .map(|(at, line)| {
                line.replace(&format!("\"o{}\"", at + 1), &format!("\"o{}\"", first + at as i64 + 1)) + "\n"
            })
            .collect();
        let posted = running.post(&part);
        assert_eq!(posted.status, 200, "{}", posted.body);
    }
    running.get("/api/v1/queries/big/results?position=70000&wait=60s&limit=1");
    let file = running.folder.path().join("big.parquet");
    let exported =
        running.command(&["export", "big", "--format", "parquet", "--output", file.to_str().unwrap()]);
    assert!(exported.status.success(), "{exported:?}");
    let reader = SerializedFileReader::new(File::open(&file).unwrap()).unwrap();
    assert_eq!(
        (reader.metadata().num_row_groups(), reader.metadata().file_metadata().num_rows()),
        (2, 70_000)
    );
    let mut ids: Vec<String> = reader
        .get_row_iter(None)
        .unwrap()
        .map(|row| row.unwrap().get_column_iter().next().unwrap().1.to_string())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 70_000);
}
