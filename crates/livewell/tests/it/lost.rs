//! A store that lost entries: those that are left are right, and nobody takes them for all there are.

use crate::fixture::*;
use livewell::{ErrorKind, Event, InProcess, Livewell, State};
use livewell_store::keyspace::snapshot_key;
use livewell_store::{Feed, Store, WriteSet, catalog, compare};

/// Deletes an entry of the feed's snapshot behind the back of its head, as a damaged page of the store may.
fn lose(store: &dyn Store, id: &str) {
    let snapshot = store.snapshot().unwrap();
    let number = catalog::find(&*snapshot, id).unwrap().unwrap().number;
    let feed = Feed::open(snapshot.clone(), number).unwrap().unwrap();
    let (key, _) = feed.entries(None).unwrap().nth(7).unwrap().unwrap();
    let expected = compare::read_version(&*snapshot, number).unwrap();
    let mut set = WriteSet { feed: number, expected, next: expected.after(), ..WriteSet::default() };
    set.delete(snapshot_key(number, feed.head.generation, &key));
    assert!(store.commit(&[set]).unwrap().iter().all(Result::is_ok));
}

const PLAIN: &str = "MATCH (n:N) RETURN n.id AS id, n.x AS x";
const ORDERED: &str = "MATCH (n:N) RETURN n.id AS id, n.x AS x ORDER BY x";

/// More rows than a subscription reads at once.
async fn running(store: &std::sync::Arc<dyn Store>) -> Livewell {
    let livewell = open(store);
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    livewell.add_query(query("plain", PLAIN)).await.unwrap();
    livewell.add_query(query("ordered", ORDERED)).await.unwrap();
    source.send((0..1_500).map(|x| node(&format!("n{x}"), x)).collect::<Vec<_>>()).await.unwrap();
    idle(&livewell).await;
    livewell
}

#[tokio::test]
async fn rows_that_are_not_all_are_no_result() {
    let store = memory();
    let livewell = running(&store).await;
    for id in ["plain", "ordered"] {
        let whole = livewell.results(id).unwrap();
        lose(&*store, id);
        let results = livewell.results(id).unwrap();
        let read = results.rows().and_then(|rows| rows.collect::<Result<Vec<_>, _>>());
        let error = read.unwrap_err();
        assert_eq!((error.kind, error.code), (ErrorKind::Storage, "LW0303"), "{id}: {error}");
        assert!(error.message.contains("1499 of 1500"), "{error}");
        assert_eq!(results.check_count(1_499).unwrap_err().code, "LW0303");
        assert_eq!(livewell.verify(id).unwrap_err().code, "LW0303");
        assert_eq!(whole.rows().unwrap().filter_map(Result::ok).count(), 1_500, "a snapshot from before");
    }
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_subscription_to_them_fails_again_and_again_and_ends_no_snapshot() {
    let store = memory();
    let livewell = running(&store).await;
    for (id, before) in [("plain", 1_000), ("ordered", 0)] {
        lose(&*store, id);
        let mut subscription = livewell.subscribe(id).await.unwrap();
        let mut given = 0;
        let error = loop {
            match subscription.try_next() {
                Ok(Some(Event::Row { .. })) => given += 1,
                Ok(other) => panic!("{id}: {other:?}"),
                Err(error) => break error,
            }
        };
        assert_eq!((error.code, given), ("LW0303", before), "{id}");
        assert_eq!(subscription.try_next().unwrap_err().code, "LW0303", "{id}");
    }
    livewell.shutdown().await;
}

#[tokio::test]
async fn a_query_is_not_built_from_elements_that_are_not_all() {
    let store = memory();
    let livewell = running(&store).await;
    lose(&*store, "s");
    livewell.add_query(query("late", PLAIN)).await.unwrap();
    reach(&livewell, "late", State::Error).await;
    let error = status(&livewell, "late").error.unwrap();
    assert!(error.contains("1499 of 1500") && error.contains("[LW0303]"), "{error}");
    assert!(livewell.results("late").unwrap().is_to_come());
    livewell.shutdown().await;
}
