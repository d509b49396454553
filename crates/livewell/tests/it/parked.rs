//! Parked input: shown as it came, tried again exactly once, or dropped, by the source's own thread.

mod exactly_once;
mod limits;

use crate::fixture::*;
use livewell::IntoSource;
use livewell::clock::Clock;
use livewell::{Livewell, Setup};
use livewell_model::codec::Writer;
use livewell_model::{Timestamp, Value};
use livewell_source::file::Files;
use livewell_source::settings::{FileEntry, FileSettings, NodeMapping, OnError};
use livewell_source::unwind::{Part, Unwind};
use livewell_store::keyspace::{Key, Space};
use livewell_store::{Store, WriteSet, catalog, compare};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

const ROWS: &str = "MATCH (n:N) RETURN n.id AS id, n.x AS x";
const NOW: Timestamp = Timestamp(1_700_000_000_000_000_000);

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        NOW
    }
}

fn insert(id: &str, x: i64) -> String {
    format!(
        r#"{{"operation":"insert","element":{{"type":"node","id":"{id}","labels":["N"],"properties":{{"id":"{id}","x":{x}}}}}}}"#
    )
}

fn relationship(id: &str) -> String {
    format!(
        r#"{{"operation":"insert","element":{{"type":"relation","id":"{id}","labels":["R"],"from":"a","to":"b"}}}}"#
    )
}

fn delete(id: &str) -> String {
    format!(r#"{{"operation":"delete","id":"{id}"}}"#)
}

fn parking(path: &Path) -> FileSettings {
    FileSettings { on_error: OnError::Park, ..FileSettings::new("s", path) }
}

fn append(path: &Path, lines: &[&str]) {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    file.write_all(text.as_bytes()).unwrap();
}

async fn start(store: &Arc<dyn Store>, settings: FileSettings) -> Livewell {
    let livewell = Livewell::builder().shared_store(store.clone()).clock(Fixed).build().unwrap();
    let setup = Setup {
        sources: vec![Files::new(settings).into_source()],
        queries: vec![query("all", ROWS)],
        ..Setup::default()
    };
    livewell.add(setup).await.unwrap();
    idle(&livewell).await;
    livewell
}

/// Number and text of what is parked.
fn parked(livewell: &Livewell) -> Vec<(u64, String)> {
    livewell.parked("s", 0, 1_000).unwrap().into_iter().map(|one| (one.number, one.text)).collect()
}

fn numbers(livewell: &Livewell) -> Vec<u64> {
    assert_eq!(status(livewell, "s").parked, parked(livewell).len() as u64, "the count is of what is there");
    parked(livewell).into_iter().map(|(number, _)| number).collect()
}

fn reason(livewell: &Livewell, number: u64) -> String {
    livewell.parked("s", number - 1, 1).unwrap().remove(0).reason
}

/// The rows are those of these nodes, and what an evaluation from scratch gives.
fn assert_rows(livewell: &Livewell, expected: &[(&str, i64)]) {
    let mut expected: Vec<Vec<Value>> =
        expected.iter().map(|(id, x)| vec![Value::string(*id), Value::Int(*x)]).collect();
    expected.sort_by_key(|row| format!("{row:?}"));
    assert_eq!(values(livewell, "all"), expected);
    assert_verified(livewell, "all");
}

#[tokio::test(flavor = "multi_thread")]
async fn parked_input_is_shown_as_it_came_and_in_the_order_of_the_input_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ops.jsonl");
    let refused = relationship("a");
    append(&path, &["nonsense", &insert("a", 1), &refused, "{}", &insert("b", 2)]);
    let store = disk(&folder);
    let livewell = start(&store, parking(&path)).await;
    livewell.shutdown().await;
    drop((livewell, store));
    let livewell = start(&disk(&folder), parking(&path)).await;
    assert_rows(&livewell, &[("a", 1), ("b", 2)]);
    assert_eq!(parked(&livewell), [(1, "nonsense".into()), (2, refused), (3, "{}".into())]);
    let at = |line: usize, rest: &str| format!("{}:{line}{rest}", path.display());
    for (number, begins) in [(1, at(1, ":2: not JSON")), (2, at(3, ": `s/a` is a node")), (3, at(4, ":1: "))]
    {
        let reason = reason(&livewell, number);
        assert!(reason.starts_with(&begins), "{reason}");
    }
    assert!(
        livewell.parked("s", 0, 9).unwrap().iter().all(|one| one.timestamp == Some(NOW) && one.is_whole())
    );
    assert_eq!(livewell.parked("s", 1, 1).unwrap().remove(0).number, 2, "pages begin after a number");
    for none in ["all", "nothing"] {
        assert_eq!(livewell.parked(none, 0, 1).unwrap_err().code, "LW0501");
        assert_eq!(livewell.retry_parked(none, None).unwrap_err().code, "LW0501");
    }
    livewell.shutdown().await;
    assert_eq!(livewell.retry_parked("s", None).unwrap_err().code, "LW0525", "nobody would do it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_tried_again_comes_in_at_the_head_in_its_order_and_what_is_refused_again_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ops.jsonl");
    let lines =
        [insert("a", 1), insert("b", 1), insert("r", 0), relationship("r"), "{".into(), insert("r", 5)];
    append(&path, &lines.each_ref().map(String::as_str));
    let livewell = start(&memory(), parking(&path)).await;
    assert_eq!(parked(&livewell), [(1, relationship("r")), (2, "{".into())]);
    livewell.retry_parked("s", None).unwrap();
    idle(&livewell).await;
    assert_eq!(numbers(&livewell), [1, 2], "what is refused again stays");
    assert_eq!(status(&livewell, "s").sequence, 4);
    append(&path, &[&delete("r")]);
    until(&livewell, "s", |status| status.sequence == 5).await;
    livewell.retry_parked("s", None).unwrap();
    idle(&livewell).await;
    assert_eq!((numbers(&livewell), status(&livewell, "s").sequence), (vec![2], 6));
    livewell.retry_parked("s", None).unwrap();
    idle(&livewell).await;
    assert_eq!(status(&livewell, "s").sequence, 6, "what was taken in is not taken in again");
    // Now it is the node that cannot be.
    append(&path, &[&insert("r", 9), "}"]);
    until(&livewell, "s", |status| status.parked == 3).await;
    assert_eq!(numbers(&livewell), [2, 3, 4], "numbers are never used twice");
    append(&path, &[&delete("r")]);
    until(&livewell, "s", |status| status.sequence == 7).await;
    livewell.retry_parked("s", Some(vec![4, 3])).unwrap();
    idle(&livewell).await;
    assert_eq!(numbers(&livewell), [2, 4]);
    assert_rows(&livewell, &[("a", 1), ("b", 1), ("r", 9)]);
    let refused = livewell.discard_parked("s", Some(vec![2, 77])).unwrap_err();
    assert_eq!(refused.to_string(), "`s` has nothing with the number 77 [LW0501]");
    livewell.discard_parked("s", Some(vec![2])).unwrap();
    until(&livewell, "s", |status| status.parked == 1).await;
    livewell.discard_parked("s", None).unwrap();
    until(&livewell, "s", |status| status.parked == 0).await;
    idle(&livewell).await;
    assert_eq!((numbers(&livewell), status(&livewell, "s").sequence), (vec![], 8));
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_may_give_the_text_that_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ops.jsonl");
    append(&path, &["nonsense"]);
    let livewell = start(&memory(), parking(&path)).await;
    livewell.retry_parked_as("s", 1, "still nonsense").unwrap();
    idle(&livewell).await;
    assert_eq!(parked(&livewell), [(1, "nonsense".into())], "what came is kept as it came");
    let place = format!("{}:1, as corrected, column 1: not JSON", path.display());
    assert!(reason(&livewell, 1).starts_with(&place), "{}", reason(&livewell, 1));
    livewell.retry_parked_as("s", 1, insert("a", 7)).unwrap();
    livewell.retry_parked_as("s", 1, insert("b", 8)).unwrap();
    idle(&livewell).await;
    assert_eq!(numbers(&livewell), [0; 0]);
    // What is gone cannot be mended a second time.
    assert_rows(&livewell, &[("a", 7)]);
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_tried_again_with_the_mapping_of_its_table() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first.csv"), folder.path().join("second.csv"));
    append(&first, &["id,x", "a,1"]);
    append(&second, &["x,id", "1,b,2", "5,a", "\"3\n\",c"]);
    let entry = |path: &Path, label: &str, id: &str| FileEntry {
        path: path.to_owned(),
        node: Some(NodeMapping { label: label.into(), id: id.into() }),
        types: [("x".to_owned(), livewell_source::settings::PropertyType::Integer)].into(),
        ..FileEntry::default()
    };
    let settings = FileSettings {
        id: "s".into(),
        files: vec![entry(&first, "N", "{id}"), entry(&second, "N", "second:{id}")],
        on_error: OnError::Park,
        ..FileSettings::default()
    };
    let livewell = start(&memory(), settings).await;
    assert_rows(&livewell, &[("a", 1), ("a", 5)]);
    assert_eq!(parked(&livewell), [(1, "1,b,2".into()), (2, "\"3\n\",c".into())]);
    livewell.retry_parked("s", None).unwrap();
    idle(&livewell).await;
    assert!(reason(&livewell, 1).contains("second.csv:2, column 5: 3 fields"), "{}", reason(&livewell, 1));
    livewell.retry_parked_as("s", 1, "1,b\n4,d").unwrap();
    idle(&livewell).await;
    assert!(reason(&livewell, 1).contains("several rows"), "{}", reason(&livewell, 1));
    livewell.retry_parked_as("s", 1, "2,b\n").unwrap();
    livewell.retry_parked_as("s", 2, "3,\"a\"").unwrap();
    idle(&livewell).await;
    assert_eq!(numbers(&livewell), [0; 0]);
    assert_rows(&livewell, &[("a", 1), ("a", 3), ("b", 2)]);
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_unwound_when_its_node_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ops.jsonl");
    let whole = |parts: &str| {
        format!(
            r#"{{"operation":"insert","element":{{"type":"node","id":"w","labels":["W"],"properties":{{"parts":{parts}}}}}}}"#
        )
    };
    append(&path, &[&whole(r#"[{"id":1,"x":1},{"id":1,"x":2}]"#)]);
    let into = Part { label: "N".into(), id: Some("id".into()) };
    let rule = Unwind { label: "W".into(), path: "parts".into(), relationship: "HAS".into(), into };
    let livewell = start(&memory(), FileSettings { unwind: vec![rule], ..parking(&path) }).await;
    for parts in [r#"[{"x":1}]"#, "7"] {
        livewell.retry_parked_as("s", 1, whole(parts)).unwrap();
        idle(&livewell).await;
        assert!(reason(&livewell, 1).contains("LW0537"), "{}", reason(&livewell, 1));
    }
    livewell.retry_parked_as("s", 1, whole(r#"[{"id":1,"x":1},{"id":2,"x":2}]"#)).unwrap();
    idle(&livewell).await;
    assert_eq!(values(&livewell, "all"), [1, 2].map(|x| vec![Value::Int(x), Value::Int(x)]));
    assert_eq!((numbers(&livewell), status(&livewell, "s").sequence), (vec![], 1));
    assert_verified(&livewell, "all");
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_kept_as_it_came_needs_a_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ops.jsonl");
    // The beginning of the first line alone would be a change, and so would the second with its bytes replaced.
    let long = format!("{}{}x", insert("a", 1), " ".repeat(9_000));
    let mut bytes = format!("{long}\n{}\n", insert("b?", 1)).into_bytes();
    bytes.iter_mut().filter(|byte| **byte == b'?').for_each(|byte| *byte = 0xff);
    std::fs::write(&path, bytes).unwrap();
    let mut settings = parking(&path);
    settings.limits.line_bytes_max = 8_000;
    let livewell = start(&memory(), settings).await;
    assert!(livewell.parked("s", 0, 9).unwrap().iter().all(|one| !one.is_whole()));
    livewell.retry_parked("s", None).unwrap();
    idle(&livewell).await;
    assert_eq!(numbers(&livewell), [1, 2]);
    assert!(reason(&livewell, 1).contains("give the text"), "{}", reason(&livewell, 1));
    assert_rows(&livewell, &[]);
    livewell.retry_parked_as("s", 2, insert("b", 2)).unwrap();
    idle(&livewell).await;
    assert_eq!(numbers(&livewell), [1]);
    assert_rows(&livewell, &[("b", 2)]);
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_source_begins_without_parked_input_and_a_removed_one_leaves_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ops.jsonl");
    append(&path, &["nonsense", &insert("a", 1), "more"]);
    let store = memory();
    let livewell = start(&store, parking(&path)).await;
    livewell.discard_parked("s", Some(vec![1])).unwrap();
    idle(&livewell).await;
    assert_eq!(numbers(&livewell), [2]);
    livewell.reset("s").unwrap();
    until(&livewell, "s", |status| status.epoch == 2 && status.parked == 2).await;
    assert_eq!(parked(&livewell), [(3, "nonsense".into()), (4, "more".into())], "as it is read again, once");
    let number = catalog::find(&*store.snapshot().unwrap(), "s").unwrap().unwrap().number;
    livewell.remove("all").await.unwrap();
    livewell.remove("s").await.unwrap();
    while livewell_store::sweep::sweep(&*store, 1_000, &|_| false).unwrap() {}
    assert_eq!(livewell::parked::count(&*store.snapshot().unwrap(), number).unwrap(), 0);
    assert!(livewell::parked::list(&*store.snapshot().unwrap(), number, 0, 9).unwrap().is_empty());
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_source_that_is_sent_to_parks_nothing_and_is_asked_in_vain() {
    let livewell = open(&memory());
    let source = livewell.add_source(livewell::InProcess::new("s")).await.unwrap();
    source.send(node("a", 1)).await.unwrap();
    let refused = livewell::Change::insert(livewell::Relationship::new("a", "R", "a", "a"));
    assert_eq!(source.send(refused).await.unwrap_err().code, "LW0521");
    assert_eq!(numbers(&livewell), [0; 0]);
    livewell.retry_parked("s", None).unwrap();
    assert_eq!(livewell.retry_parked_as("s", 1, insert("b", 1)).unwrap_err().code, "LW0501");
    livewell.discard_parked("s", None).unwrap();
    idle(&livewell).await;
    assert_eq!(status(&livewell, "s").sequence, 1);
    livewell.shutdown().await;
}

/// Writes parked input as it was written before it had a time: text and reason, and the count of all.
fn park_as_before(store: &dyn Store, texts: &[&str]) {
    let snapshot = store.snapshot().unwrap();
    let number = catalog::find(&*snapshot, "s").unwrap().unwrap().number;
    let expected = compare::read_version(&*snapshot, number).unwrap();
    let mut set = WriteSet { feed: number, expected, next: expected.after(), ..WriteSet::default() };
    for (at, text) in texts.iter().enumerate() {
        let mut out = Writer::new();
        out.string(text).string("why");
        set.put(Key::new(Space::Parked).number(number).long(at as u64 + 1).done(), out.bytes);
    }
    set.put(Key::new(Space::Parked).number(number).done(), (texts.len() as u64).to_be_bytes().to_vec());
    assert_eq!(store.commit(&[set]).unwrap(), [Ok(())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn input_that_an_earlier_version_parked_is_shown_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ops.jsonl");
    append(&path, &[]);
    let store = memory();
    start(&store, parking(&path)).await.shutdown().await;
    let cut = format!("{}{}", insert("c", 3), " ".repeat(5_000));
    park_as_before(&*store, &["nonsense", &insert("a", 1), &cut[..4_096], &insert("\u{fffd}", 1)]);
    let livewell = start(&store, parking(&path)).await;
    assert_eq!(numbers(&livewell), [1, 2, 3, 4]);
    let first = livewell.parked("s", 0, 1).unwrap().remove(0);
    assert_eq!((first.timestamp, first.text.as_str(), first.reason.as_str()), (None, "nonsense", "why"));
    livewell.retry_parked("s", None).unwrap();
    idle(&livewell).await;
    assert_eq!(numbers(&livewell), [1, 3, 4]);
    assert!(
        reason(&livewell, 1).starts_with("parked input 1, column 2: not JSON"),
        "{}",
        reason(&livewell, 1)
    );
    livewell.retry_parked_as("s", 3, insert("c", 3)).unwrap();
    append(&path, &["{"]);
    until(&livewell, "s", |status| status.parked == 3).await;
    idle(&livewell).await;
    assert_eq!(numbers(&livewell), [1, 4, 5], "numbers go on");
    assert_rows(&livewell, &[("a", 1), ("c", 3)]);
    livewell.shutdown().await;
}
