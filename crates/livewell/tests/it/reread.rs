//! A file that is no longer what was read stops its source; a reset reads it again, and each query over it does what
//! its recovery policy says.

use livewell::IntoSource;
use livewell::{Livewell, MemoryStore, Query, Recovery, Setup, State};
use livewell_source::file::Files;
use livewell_source::settings::{FileSettings, NodeMapping};
use livewell_store::Store;
use std::path::Path;
use std::sync::Arc;

const TEXT: &str = "MATCH (n:A) RETURN n.x AS x";

fn line(id: &str, x: i64) -> String {
    format!(
        "{{\"operation\":\"insert\",\"element\":{{\"type\":\"node\",\"id\":\"{id}\",\"labels\":[\"A\"],\"properties\":{{\"x\":{x}}}}}}}\n"
    )
}

async fn start(store: &Arc<dyn Store>, path: &Path) -> Livewell {
    let livewell = Livewell::builder().shared_store(store.clone()).build().unwrap();
    let mut file = FileSettings::new("ops", path);
    file.follow = Some(false);
    let healing = Query::cypher("healing", TEXT).from("ops").recovery(Recovery::AutoReset);
    let queries = vec![Query::cypher("strict", TEXT).from("ops"), healing];
    livewell
        .add(Setup { sources: vec![Files::new(file).into_source()], queries, ..Setup::default() })
        .await
        .unwrap();
    livewell.idle().await.unwrap();
    livewell
}

fn state(livewell: &Livewell, id: &str) -> State {
    livewell.status().unwrap().into_iter().find(|one| one.id == id).unwrap().state
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_file_stops_its_source_and_a_reset_reads_it_anew() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("ops.jsonl");
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    std::fs::write(&path, line("a", 1) + &line("b", 2)).unwrap();
    start(&store, &path).await.shutdown().await;

    std::fs::write(&path, line("a", 7)).unwrap();
    let livewell = start(&store, &path).await;
    assert_eq!(state(&livewell, "ops"), State::Error);
    assert_eq!(livewell.results("healing").unwrap().row_count(), 2, "what was read still serves");

    livewell.reset("ops").unwrap();
    while state(&livewell, "strict") != State::Error || livewell.results("healing").unwrap().row_count() != 1
    {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(livewell.verify("healing").unwrap().differences, Vec::<String>::new());

    livewell.reset("strict").unwrap();
    while livewell.results("strict").unwrap().row_count() != 1 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    livewell.idle().await.unwrap();
    assert_eq!(livewell.verify("strict").unwrap().differences, Vec::<String>::new());
    let results = livewell.results("strict").unwrap();
    let row = results.rows().unwrap().next().unwrap().unwrap();
    assert_eq!(row.1.as_ref(), [7i64.into()]);
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_reads_a_file_anew_by_the_mapping_that_was_changed() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("ops.jsonl");
    std::fs::write(&path, "{\"x\":1}\n").unwrap();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let begin = async |label: &str| {
        let livewell = Livewell::builder().shared_store(store.clone()).build().unwrap();
        let mut file = FileSettings::new("ops", &path);
        file.follow = Some(false);
        file.node = Some(NodeMapping { label: label.into(), id: "{x}".into() });
        let query = Query::cypher("healing", TEXT).from("ops").recovery(Recovery::AutoReset);
        livewell
            .add(Setup {
                sources: vec![Files::new(file).into_source()],
                queries: vec![query],
                ..Setup::default()
            })
            .await
            .unwrap();
        livewell.idle().await.unwrap();
        livewell
    };
    begin("B").await.shutdown().await;
    let livewell = begin("A").await;
    let status = livewell.status().unwrap().into_iter().find(|one| one.id == "ops").unwrap();
    assert!(status.error.as_deref().is_some_and(|error| error.contains("LW0216")), "{status:?}");
    livewell.reset("ops").unwrap();
    while livewell.results("healing").unwrap().row_count() != 1 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    livewell.shutdown().await;
    let livewell = begin("A").await;
    assert_eq!(state(&livewell, "ops"), State::CaughtUp);
    livewell.shutdown().await;
}
