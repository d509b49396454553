//! What is removed goes with all it stored, and what comes under its id later is another one.

use crate::fixture::*;
use livewell::IntoSource;
use livewell::{InProcess, Recovery, Setup};
use livewell_store::keyspace::Space;
use livewell_store::{Direction, Store, catalog, sweep};
use std::ops::Bound;

/// How many keys of feed `number` the store holds.
fn keys(store: &dyn Store, number: u32) -> usize {
    let of_feeds = [
        Space::Version,
        Space::Epoch,
        Space::Head,
        Space::Snapshot,
        Space::ByValue,
        Space::Log,
        Space::State,
        Space::Checkpoint,
        Space::Upstream,
        Space::Idempotency,
        Space::Parked,
        Space::DeadLetter,
    ];
    let snapshot = store.snapshot().unwrap();
    let all = snapshot.scan(Bound::Unbounded, Bound::Unbounded, Direction::Forward).unwrap();
    let keys = all.map(|entry| entry.unwrap().0.into_owned());
    let is_of = |key: &Vec<u8>| {
        of_feeds.iter().any(|space| *space as u8 == key[0])
            && key.get(1..5) == Some(&number.to_be_bytes()[..])
    };
    keys.filter(is_of).count()
}

#[tokio::test]
async fn a_removed_component_leaves_nothing_and_its_id_begins_another_history() {
    let store = memory();
    let livewell = open(&store);
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    let text = "MATCH (n:N) RETURN n.x AS x, count(*) AS n";
    livewell.add_query(query("q", text)).await.unwrap();
    let recorder = Recorder::default();
    livewell.add_reaction(reaction("r", "q", Recovery::Strict, recorder.clone())).await.unwrap();
    for x in 0..20 {
        source.send(node(&format!("n{x}"), x % 3)).await.unwrap();
    }
    idle(&livewell).await;
    let number = |id: &str| catalog::find(&*store.snapshot().unwrap(), id).unwrap().unwrap().number;
    let numbers = ["r", "q", "s"].map(number);
    assert!(numbers.iter().all(|number| keys(&*store, *number) > 0));
    for (id, reader) in [("s", "`q`"), ("q", "`r`")] {
        let refused = livewell.remove(id).await.unwrap_err();
        assert!(refused.code == "LW0535" && refused.message.contains(reader), "{refused}");
    }
    let epoch = livewell.results("q").unwrap().epoch;
    for id in ["r", "q", "s"] {
        livewell.remove(id).await.unwrap();
        assert!(catalog::find(&*store.snapshot().unwrap(), id).unwrap().is_none());
        assert_eq!(livewell.remove(id).await.unwrap_err().code, "LW0501");
    }
    while sweep::sweep(&*store, 1_000, &|_| false).unwrap() {}
    assert_eq!(numbers.map(|number| keys(&*store, number)), [0, 0, 0]);

    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    livewell.add_query(query("q", text)).await.unwrap();
    source.send(node("a", 1)).await.unwrap();
    idle(&livewell).await;
    assert!(livewell.results("q").unwrap().epoch > epoch, "epochs never repeat");
    assert_eq!(rows(&livewell, "q").len(), 1);
    assert_verified(&livewell, "q");
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_query_that_a_reaction_followed_once_can_be_removed_and_no_longer_counts() {
    let (store, recorder) = (memory(), Recorder::default());
    let setup = |query_id: &str| {
        let mut setup = Setup::default();
        setup.sources.push(InProcess::new("s").into_source());
        setup.queries.push(query(query_id, "MATCH (n:N) RETURN n.id AS id"));
        setup.reactions.push(reaction("r", query_id, Recovery::Strict, recorder.clone()));
        setup
    };
    let livewell = open(&store);
    livewell.add(setup("before")).await.unwrap();
    let source = livewell.source("s").unwrap();
    for id in ["a", "b"] {
        source.send(node(id, 1)).await.unwrap();
    }
    idle(&livewell).await;
    livewell.shutdown().await;

    let livewell = open(&store);
    livewell.add(setup("after")).await.unwrap();
    idle(&livewell).await;
    livewell.source("s").unwrap().send(node("c", 1)).await.unwrap();
    idle(&livewell).await;
    let running = status(&livewell, "r");
    assert_eq!((running.sequence, running.lag), (1, 0), "of the query that it follows now");
    livewell.shutdown().await;
    let stored = livewell::stored_status(&*store).unwrap();
    let stored = stored.iter().find(|one| one.id == "r").unwrap();
    assert_eq!((stored.sequence, stored.lag), (1, 0), "also while nobody runs the store");

    let livewell = open(&store);
    livewell.add(setup("after")).await.unwrap();
    livewell.remove("before").await.unwrap();
    assert!(livewell.remove("after").await.is_err(), "this one is read");
    livewell.shutdown().await;
}

#[tokio::test]
async fn an_exchange_is_one_commit_and_nothing_of_it_is_done_if_something_would_be_left_without_what_it_reads()
 {
    let store = memory();
    let livewell = open(&store);
    livewell.add_source(InProcess::new("s")).await.unwrap();
    let old = livewell.add_source(InProcess::new("old")).await.unwrap();
    let text = "MATCH (n:N) RETURN n.id AS id";
    livewell.add_query(query("q", text).from("old")).await.unwrap();
    livewell.add_query(query("late", text).from("q")).await.unwrap();
    old.send(node("a", 1)).await.unwrap();
    idle(&livewell).await;
    let ids = |store: &dyn Store| -> Vec<String> {
        let all = catalog::all(&*store.snapshot().unwrap()).unwrap();
        all.into_iter().filter(|entry| entry.kind != catalog::Kind::Bare).map(|entry| entry.id).collect()
    };
    let before = ids(&*store);
    let setup = |queries: Vec<livewell::Query>| Setup { queries, ..Setup::default() };
    let gone = |ids: &[&str]| -> Vec<String> { ids.iter().map(ToString::to_string).collect() };
    for (removed, added, code) in [
        // It is read by what stays, and by what comes.
        (gone(&["old"]), setup(vec![query("new", text)]), "LW0535"),
        (gone(&["old", "q"]), setup(vec![]), "LW0535"),
        (gone(&["late"]), setup(vec![query("new", text).from("late")]), "LW0535"),
        (gone(&["late"]), setup(vec![query("late", text)]), "LW0503"),
        (gone(&["late", "none"]), setup(vec![]), "LW0501"),
        (gone(&["late"]), setup(vec![query("new", "MATCH (n")]), "LW1001"),
    ] {
        let refused = livewell.exchange(&removed, added).await.unwrap_err();
        assert_eq!(refused.code, code, "{removed:?}: {refused}");
        assert_eq!(ids(&*store), before);
    }
    livewell.stop("q").await.unwrap();
    livewell
        .exchange(&gone(&["late", "old"]), setup(vec![query("q", text), query("new", text)]))
        .await
        .unwrap();
    idle(&livewell).await;
    let mut after = ids(&*store);
    after.sort_unstable();
    assert_eq!(after, ["new", "q", "s"]);
    assert_eq!(rows(&livewell, "q").len(), 0, "what it read is gone");
    livewell.shutdown().await;
}
