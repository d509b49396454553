//! How much may be parked, and that a source without room waits and loses nothing.

use super::*;
use livewell::IntoSource;
use livewell::State;
use livewell_source::Limits;
use livewell_source::file::Files;

fn limited(path: &Path, parked_max: u64, parked_bytes: u64) -> FileSettings {
    FileSettings { limits: Limits { parked_max, parked_bytes, ..Limits::default() }, ..parking(path) }
}

async fn add(store: &Arc<dyn Store>, settings: FileSettings) -> Livewell {
    let livewell = Livewell::builder().shared_store(store.clone()).clock(Fixed).build().unwrap();
    let setup = Setup {
        sources: vec![Files::new(settings).into_source()],
        queries: vec![query("all", ROWS)],
        ..Setup::default()
    };
    livewell.add(setup).await.unwrap();
    livewell
}

async fn waits(livewell: &Livewell) -> String {
    until(livewell, "s", |status| status.state == State::Waiting && status.error.is_some()).await;
    status(livewell, "s").error.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_waits_before_what_it_has_no_room_to_park_and_continues_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ops.jsonl");
    append(&path, &[&insert("a", 1), "one", "two", &insert("b", 2), "three", &insert("c", 3), "four"]);
    append(&path, &[&insert("d", 4)]);
    let store = disk(&folder);
    let livewell = add(&store, limited(&path, 2, 1 << 20)).await;
    let said = waits(&livewell).await;
    for part in ["LW0222", "`s`", "2 pieces", "`limits.parked_max` is 2", "livewell parked s", "ops.jsonl:5"]
    {
        assert!(said.contains(part), "{part} is missing: {said}");
    }
    until(&livewell, "all", |status| status.rows == 2).await;
    assert_rows(&livewell, &[("a", 1), ("b", 2)]);
    livewell.discard_parked("s", Some(vec![1])).unwrap();
    until(&livewell, "all", |status| status.rows == 3).await;
    let said = waits(&livewell).await;
    assert!(said.contains("ops.jsonl:7"), "{said}");
    assert_eq!(parked(&livewell), [(2, "two".into()), (3, "three".into())]);

    // What waits is still there after a restart, and is counted as before.
    livewell.shutdown().await;
    drop((livewell, store));
    let livewell = add(&disk(&folder), limited(&path, 2, 1 << 20)).await;
    waits(&livewell).await;
    livewell.retry_parked_as("s", 2, insert("e", 5)).unwrap();
    idle(&livewell).await;
    assert_rows(&livewell, &[("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5)]);
    assert_eq!(parked(&livewell), [(3, "three".into()), (4, "four".into())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_counts_bytes_and_a_first_piece_of_any_length_is_parked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ops.jsonl");
    let long = "x".repeat(5_000);
    append(&path, &[&long, &insert("a", 1), &long, &insert("b", 2)]);
    let livewell = add(&memory(), limited(&path, 100, 2_000)).await;
    let said = waits(&livewell).await;
    assert!(said.contains("`limits.parked_bytes` is 2000"), "{said}");
    until(&livewell, "all", |status| status.rows == 1).await;
    // A longer reason or text in place of one counts too.
    livewell.retry_parked("s", None).unwrap();
    until(&livewell, "s", |status| status.error.is_some() && status.parked == 1).await;
    livewell.discard_parked("s", None).unwrap();
    idle(&livewell).await;
    assert_rows(&livewell, &[("a", 1), ("b", 2)]);
    assert_eq!(numbers(&livewell), [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_version_did_not_count_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ops.jsonl");
    append(&path, &["one", "two"]);
    let store = memory();
    let livewell = start(&store, parking(&path)).await;
    livewell.shutdown().await;
    park_as_before(&*store, &["one", &"x".repeat(250)]);
    append(&path, &["three", "four"]);
    let livewell = add(&store, limited(&path, 100, 300)).await;
    let said = waits(&livewell).await;
    assert!(said.contains("`limits.parked_bytes` is 300"), "{said}");
    assert_eq!(numbers(&livewell), [1, 2], "nothing fits beside what is there: {said}");
}
