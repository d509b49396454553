//! What a program that embeds Livewell gets: streams, its own row types, clones, and what it is told.

use crate::fixture::{Recorder, eventually};
use futures::{StreamExt, TryStreamExt};
use livewell::{
    Change, ComponentKind, Error, Event, InProcess, Livewell, MemoryStore, Node, Observed, Observer, Query,
    ReactionSetup, Recovery, State,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ALL: &str = "MATCH (o:Order) RETURN o.id AS id, o.total AS total";

async fn started(observer: Arc<Told>) -> (Livewell, livewell::SourceHandle) {
    let livewell = Livewell::builder().store(MemoryStore::new()).observer(observer).build().unwrap();
    let orders = livewell.add_source(InProcess::new("orders")).await.unwrap();
    livewell.add_query(Query::cypher("all", ALL).from("orders")).await.unwrap();
    (livewell, orders)
}

fn order(number: i64) -> Change {
    let id = format!("o{number}");
    Change::insert(Node::new(id.clone()).label("Order").set("id", id).set("total", number))
}

/// What an observer was told.
#[derive(Default)]
struct Told {
    states: Mutex<Vec<(String, State)>>,
    committed: Mutex<Vec<(String, ComponentKind, u64)>>,
    failed: Mutex<Vec<(String, String)>>,
}

impl Told {
    fn entries(&self, id: &str) -> u64 {
        self.committed
            .lock()
            .unwrap()
            .iter()
            .filter(|(of, _, _)| of == id)
            .map(|(_, _, entries)| entries)
            .sum()
    }
}

impl Observer for Told {
    fn shows(&self, component: Observed<'_>, state: State) {
        self.states.lock().unwrap().push((component.id.to_owned(), state));
    }

    fn committed(&self, component: Observed<'_>, entries: u64) {
        self.committed.lock().unwrap().push((component.id.to_owned(), component.kind, entries));
    }

    fn failed(&self, component: Observed<'_>, error: &Error) {
        self.failed.lock().unwrap().push((component.id.to_owned(), error.code.to_owned()));
    }
}

#[tokio::test]
async fn a_subscription_is_a_stream_that_ends_with_everything() {
    let (livewell, orders) = started(Arc::default()).await;
    let events = livewell.subscribe("all").await.unwrap();
    let collected = tokio::spawn(events.try_collect::<Vec<Event>>());
    for number in 1..=300 {
        orders.send(order(number)).await.unwrap();
    }
    livewell.idle().await.unwrap();
    livewell.shutdown().await;
    let events = collected.await.unwrap().unwrap();
    let rows = events.iter().filter(|event| matches!(event, Event::Row { .. })).count();
    let results: Vec<u64> = events
        .iter()
        .filter_map(
            |event| if let Event::Result { result, .. } = event { Some(result.sequence) } else { None },
        )
        .collect();
    assert_eq!(rows + results.len(), 300, "each once, in the snapshot or after it");
    assert!(results.is_sorted());
}

#[tokio::test]
async fn a_stream_that_fails_says_so_once() {
    let (livewell, _) = started(Arc::default()).await;
    let mut events = livewell.subscribe("all").await.unwrap();
    assert!(events.next().await.unwrap().is_some());
    livewell.remove("all").await.unwrap();
    let left: Vec<_> = StreamExt::collect::<Vec<_>>(events).await;
    assert!(left.len() <= 1, "it ends");
}

#[tokio::test]
async fn rows_come_as_types_of_the_program_and_say_what_does_not_fit() {
    #[derive(serde::Deserialize)]
    struct Order {
        id: String,
        total: Option<i64>,
    }
    #[derive(serde::Deserialize, Debug)]
    struct Other {
        #[expect(dead_code, reason = "no row has it")]
        total: String,
    }
    let (livewell, orders) = started(Arc::default()).await;
    orders.send(order(5)).await.unwrap();
    orders.send(Change::insert(Node::new("none").label("Order").set("id", "none"))).await.unwrap();
    livewell.idle().await.unwrap();
    let results = livewell.results("all").unwrap();
    let mut all: Vec<Order> = results.rows_as().unwrap().collect::<Result<_, _>>().unwrap();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(all.iter().map(|order| order.total).collect::<Vec<_>>(), [None, Some(5)]);
    let error = results.rows_as::<Other>().unwrap().find_map(Result::err).unwrap();
    assert_eq!(error.code, "LW0507");
    let maps: Vec<livewell::Map> = results.maps().unwrap().collect::<Result<_, _>>().unwrap();
    assert!(maps.iter().all(|map| map.get("id").is_some()));
}

#[tokio::test]
async fn clones_are_one_livewell_until_the_last_is_dropped() {
    let (livewell, orders) = started(Arc::default()).await;
    let other = livewell.clone();
    drop(livewell);
    orders.send(order(1)).await.unwrap();
    other.idle().await.unwrap();
    let rows = other.unblock(|livewell| livewell.results("all").map(|results| results.row_count())).await;
    assert_eq!(rows.unwrap(), 1);
    drop(other);
    for _ in 0..400 {
        if orders.send(order(2)).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody has it and it still takes changes in");
}

#[tokio::test]
async fn an_observer_is_told_commits_states_and_failures() {
    let told = Arc::<Told>::default();
    let (livewell, orders) = started(told.clone()).await;
    let reaction = ReactionSetup {
        id: "recorder".into(),
        queries: vec!["all".into()],
        recovery: Recovery::Strict,
        enabled: true,
        reaction: Box::new(Recorder::default()),
    };
    livewell.add_reaction(reaction).await.unwrap();
    for number in 1..=20 {
        orders.send(order(number)).await.unwrap();
    }
    let division = "MATCH (o:Order) RETURN 1 / (o.total - 21) AS x";
    livewell.add_query(Query::cypher("fails", division).from("orders")).await.unwrap();
    orders.send(order(21)).await.unwrap();
    livewell.idle().await.unwrap();
    for id in ["orders", "all", "recorder"] {
        // Told once the commit that others have seen is over.
        eventually(id, || told.entries(id) >= 21).await;
        assert_eq!(told.entries(id), 21, "{id}");
    }
    assert!(told.states.lock().unwrap().contains(&("fails".into(), State::Error)));
    assert!(told.failed.lock().unwrap().iter().any(|(id, code)| id == "fails" && code.starts_with("LW")));
    livewell.shutdown().await;
    assert!(told.states.lock().unwrap().contains(&("all".into(), State::Stopped)));
}
