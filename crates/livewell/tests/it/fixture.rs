//! What the tests share: stores, rows, and a reaction that remembers.

use livewell::{
    Change, EmbeddedStore, Event, Limits, Livewell, MemoryStore, Node, OutboxSettings, Query, ReactionSetup,
    Recovery, State, Subscription,
};
use livewell_model::diff::Columns;
use livewell_model::{Diff, QueryResult, Value};
use livewell_reaction::{Delivered, Outgoing, Reaction, ReactionError, Role, Start, Started, Style};
use livewell_store::Store;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

pub fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

pub fn disk(directory: &tempfile::TempDir) -> Arc<dyn Store> {
    let path = directory.path().join("data");
    Arc::new(EmbeddedStore::open(path, livewell::Durability::Os).unwrap())
}

/// With a router even for one query: what it cannot do, a query does alone.
pub fn open(store: &Arc<dyn Store>) -> Livewell {
    let limits = Limits { routed_from: 1, ..Limits::default() };
    Livewell::builder().shared_store(store.clone()).limits(limits).build().unwrap()
}

/// Waits until everything is at rest; a test that never comes there fails instead of hanging.
pub async fn idle(livewell: &Livewell) {
    let waited = tokio::time::timeout(Duration::from_secs(15), livewell.idle()).await;
    waited.unwrap_or_else(|_| panic!("not at rest: {:#?}", livewell.status().unwrap())).unwrap();
}

/// Waits until `id` is in `state`.
pub async fn reach(livewell: &Livewell, id: &str, state: State) {
    until(livewell, id, |status| status.state == state).await;
}

/// Waits until the status of `id` is as it should be.
pub async fn until(livewell: &Livewell, id: &str, is: impl Fn(&livewell::Status) -> bool) {
    for _ in 0..6_000 {
        if is(&status(livewell, id)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("`{id}` does not come there: {:#?}", livewell.status().unwrap());
}

/// Waits until it is so, where nobody says when it will be: a database with its changes, an observer with what it was told.
pub async fn eventually(what: &str, is: impl Fn() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}: not within 30 s");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub fn status(livewell: &Livewell, id: &str) -> livewell::Status {
    livewell.status().unwrap().into_iter().find(|status| status.id == id).unwrap()
}

/// A node labelled `N` with a number.
pub fn node(id: &str, x: i64) -> Change {
    Change::insert(Node::new(id).label("N").set("id", id).set("x", x))
}

pub fn query(id: &str, text: &str) -> Query {
    Query::cypher(id, text).from("s")
}

pub fn small_outbox() -> OutboxSettings {
    OutboxSettings { capacity: 5, ..OutboxSettings::default() }
}

/// A query's rows by signature.
pub fn rows(livewell: &Livewell, query: &str) -> BTreeMap<u64, Columns> {
    livewell.results(query).unwrap().rows().unwrap().collect::<Result<_, _>>().unwrap()
}

/// The values of a query's rows, sorted by their text.
pub fn values(livewell: &Livewell, query: &str) -> Vec<Vec<Value>> {
    let mut values: Vec<Vec<Value>> = rows(livewell, query).into_values().map(|row| row.to_vec()).collect();
    values.sort_by_key(|row| format!("{row:?}"));
    values
}

/// The rows are what an evaluation from scratch gives.
pub fn assert_verified(livewell: &Livewell, query: &str) {
    assert_eq!(livewell.verify(query).unwrap().differences, Vec::<String>::new(), "of `{query}`");
}

/// Puts a result on top of rows; a diff that does not fit them fails.
pub fn fold(rows: &mut BTreeMap<u64, Columns>, diffs: &[Diff]) {
    for diff in diffs {
        match diff.clone() {
            Diff::Delete { row_signature, data } => {
                assert_eq!(rows.remove(&row_signature), Some(data), "a row goes only where it was");
            }
            Diff::Update { row_signature, before, after } => {
                assert_eq!(rows.insert(row_signature, after), Some(before), "a row changes from what it was");
            }
            Diff::Add { row_signature, data } => {
                assert_eq!(rows.insert(row_signature, data), None, "a row comes only where none was");
            }
        }
    }
}

/// Everything a subscription has, on top of `rows`; where it stands then, and how often it was reset.
pub fn drain(
    subscription: &mut Subscription,
    rows: &mut BTreeMap<u64, Columns>,
) -> (Option<livewell::Position>, u32) {
    let (mut at, mut resets) = (None, 0);
    while let Some(event) = subscription.try_next().unwrap() {
        match event {
            Event::Reset { .. } => {
                resets += 1;
                rows.clear();
            }
            Event::Row { row_signature, data } => assert_eq!(rows.insert(row_signature, data), None),
            Event::SnapshotEnd { at: end, .. } => at = Some(end),
            Event::Result { epoch, result } => {
                fold(rows, &result.diffs);
                at = Some(livewell::Position { epoch, sequence: result.sequence });
            }
        }
    }
    (at, resets)
}

/// What a [`Recorder`] was given: epoch, columns and result.
pub type Recorded = (u64, Vec<String>, QueryResult);

/// A trigger that remembers everything and can be held up.
#[derive(Clone, Default)]
pub struct Recorder {
    pub seen: Arc<Mutex<Vec<Recorded>>>,
    held: Arc<(Mutex<bool>, Condvar)>,
}

impl Recorder {
    pub fn sequences(&self) -> Vec<u64> {
        self.seen.lock().unwrap().iter().map(|(_, _, result)| result.sequence).collect()
    }

    pub fn hold(&self, held: bool) {
        *self.held.0.lock().unwrap() = held;
        self.held.1.notify_all();
    }
}

impl Reaction for Recorder {
    fn role(&self) -> Role {
        Role::Trigger
    }

    fn style(&self) -> Style {
        Style::Results
    }

    fn start(&mut self, start: &Start<'_>) -> Result<Started, ReactionError> {
        Ok(Started { detail: start.detail.unwrap_or_default().to_vec(), ..Started::default() })
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        let held = self.held.0.lock().unwrap();
        drop(self.held.1.wait_while(held, |held| *held).unwrap());
        let mut seen = self.seen.lock().unwrap();
        for out in results {
            let columns = out.columns.iter().map(ToString::to_string).collect();
            seen.push((out.epoch, columns, out.result.clone()));
        }
        Ok(Delivered::all(results, Vec::new()))
    }
}

pub fn reaction(
    id: &str,
    query: &str,
    recovery: Recovery,
    reaction: impl Reaction + 'static,
) -> ReactionSetup {
    let (id, queries) = (id.to_owned(), vec![query.to_owned()]);
    ReactionSetup { id, queries, recovery, enabled: true, reaction: Box::new(reaction) }
}
