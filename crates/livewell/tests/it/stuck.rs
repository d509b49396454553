//! A source in error leaves nobody caught up: whatever is above it says what it waits for, and goes on with it.

use crate::fixture::*;
use livewell::IntoSource;
use livewell::{InProcess, Livewell, Page, Query, Recovery, Setup, State};
use livewell_source::file::Files;
use livewell_source::settings::FileSettings;

const LINE: &str =
    r#"{"operation":"insert","element":{"type":"node","id":"a","labels":["A"],"properties":{"x":1}}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_above_a_source_in_error_waits_for_it_and_goes_on_once_it_is_mended() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("ops.jsonl");
    let livewell = open(&memory());
    let file = |id: &str, path| {
        let mut file = FileSettings::new(id, path);
        file.follow = Some(false);
        file
    };
    let mut later = file("later", place.path().join("later.jsonl"));
    std::fs::write(place.path().join("later.jsonl"), "").unwrap();
    later.after = vec!["ops".into()];
    let text = "MATCH (n:A) RETURN n.x AS x";
    let queries = vec![
        Query::cypher("q", text).from("ops"),
        Query::cypher("both", text).from("ops").from("s"),
        Query::cypher("above", "MATCH (r:q) RETURN sum(r.x) AS x").from("q"),
        Query::cypher("after", text).from("later"),
        query("aside", text),
    ];
    let reactions = vec![
        reaction("r", "above", Recovery::Strict, Recorder::default()),
        reaction("other", "aside", Recovery::Strict, Recorder::default()),
    ];
    let ops = Files::new(file("ops", path.clone())).into_source();
    let sources = vec![ops, Files::new(later).into_source(), InProcess::new("s").into_source()];
    livewell.add(Setup { sources, queries, reactions, ..Setup::default() }).await.unwrap();
    idle(&livewell).await;

    let source = status(&livewell, "ops");
    assert_eq!(source.state, State::Error);
    for id in ["q", "both", "above", "later", "after", "r"] {
        until(&livewell, id, |one| one.state == State::Waiting).await;
        let one = status(&livewell, id);
        assert_eq!(one.error, Some(format!("`{id}` waits for `ops`, which is in error [LW0527]")));
        assert_eq!((one.error_since, one.failures), (source.error_since, 0), "{id}");
    }
    for id in ["s", "aside", "other"] {
        assert_eq!(
            (status(&livewell, id).state, status(&livewell, id).error),
            (State::CaughtUp, None),
            "{id}"
        );
    }
    pages_by_state_are_what_the_components_show(&livewell);
    // What stops is stopped, whatever is above it.
    livewell.stop("r").await.unwrap();
    assert_eq!((status(&livewell, "r").state, status(&livewell, "r").error), (State::Stopped, None));

    std::fs::write(&path, format!("{LINE}\n")).unwrap();
    livewell.reset("ops").unwrap();
    for id in ["ops", "q", "both", "above", "later", "after"] {
        until(&livewell, id, |one| one.state == State::CaughtUp && one.error.is_none()).await;
    }
    idle(&livewell).await;
    assert_eq!(values(&livewell, "above"), [[1i64.into()]]);
    pages_by_state_are_what_the_components_show(&livewell);
    livewell.shutdown().await;
}

fn pages_by_state_are_what_the_components_show(livewell: &Livewell) {
    let ids = |state| {
        let page = Page { kind: None, state, after: None, limit: 100 };
        livewell.statuses(&page).unwrap().into_iter().map(|one| (one.id, one.state)).collect::<Vec<_>>()
    };
    let all = ids(None);
    for state in State::ALL {
        let expected: Vec<_> = all.iter().filter(|(_, one)| *one == state).cloned().collect();
        assert_eq!(ids(Some(state)), expected);
    }
}

#[tokio::test]
async fn a_query_in_error_is_what_those_above_it_wait_for() {
    let livewell = open(&memory());
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    livewell.add_query(query("inverse", "MATCH (n:N) RETURN n.id AS id, 12 / n.x AS y")).await.unwrap();
    let above = Query::cypher("above", "MATCH (r:inverse) RETURN r.y AS y").from("inverse");
    livewell.add_query(above).await.unwrap();
    source.send(node("zero", 0)).await.unwrap();
    reach(&livewell, "inverse", State::Error).await;
    idle(&livewell).await;
    until(&livewell, "above", |one| one.state == State::Waiting).await;
    assert!(status(&livewell, "above").error.unwrap().contains("`above` waits for `inverse`"));
    source.send(node("zero", 3)).await.unwrap();
    livewell.reset("inverse").unwrap();
    idle(&livewell).await;
    assert_eq!(status(&livewell, "above").state, State::CaughtUp);
    assert_eq!(values(&livewell, "above"), [[4i64.into()]]);
    livewell.shutdown().await;
}
