//! Builds whose upstreams change while they run: the rows are those of one position, and the file does not grow.

use crate::fixture::*;
use livewell::{Change, InProcess, Limits, Livewell, Node, Query, Recovery, Relationship, Setup, State};
use livewell_store::commit::{Conflict, StoreId};
use livewell_store::keyspace::snapshot_key;
use livewell_store::{Feed, Head, IndexError, MemoryStore, Snapshot, Store, WriteSet, catalog, compare};
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread::ThreadId;
use std::time::Duration;

const ROWS: &str = "MATCH (n:N) RETURN n.id AS id, n.x AS x";
const JOIN: &str = "MATCH (a:N)-[:R]->(b:N) RETURN a.id AS a, b.id AS b, a.x + b.x AS sum";

/// A store that stops the building query `late` before each of its snapshots until it is let go.
struct Gate {
    inner: MemoryStore,
    is_open: AtomicBool,
    /// The thread that builds `late`: the first builder that takes a snapshot while it is built.
    builder: OnceLock<ThreadId>,
    stops: tokio::sync::mpsc::UnboundedSender<()>,
    go: Mutex<mpsc::Receiver<()>>,
}

/// The other side of a gate.
struct Keeper {
    stopped: tokio::sync::mpsc::UnboundedReceiver<()>,
    go: mpsc::Sender<()>,
}

impl Gate {
    fn new() -> (Arc<Self>, Keeper) {
        let (stops, stopped) = tokio::sync::mpsc::unbounded_channel();
        let (let_go, go) = mpsc::channel();
        let inner = MemoryStore::new();
        let (is_open, builder) = (AtomicBool::new(false), OnceLock::new());
        let gate = Self { inner, is_open, builder, stops, go: Mutex::new(go) };
        (Arc::new(gate), Keeper { stopped, go: let_go })
    }

    /// Whether `late` has begun to build, so that it holds no lock while it takes a snapshot.
    fn is_building(&self) -> Result<bool, IndexError> {
        let snapshot = self.inner.snapshot()?;
        let Some(late) = catalog::find(&*snapshot, "late")? else { return Ok(false) };
        let head = Head::read(&*snapshot, late.number)?.unwrap_or_default();
        Ok(head.building.is_some() && head.last_generation > head.generation)
    }
}

impl Store for Gate {
    fn id(&self) -> StoreId {
        self.inner.id()
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, IndexError> {
        let this = std::thread::current();
        let is_builder = this.name() == Some("builder");
        if is_builder
            && !self.is_open.load(Ordering::SeqCst)
            && self.is_building()?
            && *self.builder.get_or_init(|| this.id()) == this.id()
        {
            let _ = self.stops.send(());
            let _ = self.go.lock().unwrap().recv_timeout(Duration::from_secs(20));
        }
        self.inner.snapshot()
    }

    fn commit(&self, sets: &[WriteSet]) -> Result<Vec<Result<(), Conflict>>, IndexError> {
        self.inner.commit(sets)
    }

    fn is_volatile(&self) -> bool {
        true
    }

    fn scratch(&self) -> Result<Box<dyn Store>, IndexError> {
        self.inner.scratch()
    }
}

#[derive(Debug, Clone)]
enum Act {
    Insert(u8, i64),
    Update(u8, i64),
    Delete(u8),
    Join(u8, u8),
    Part(u8, u8),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0..9_u8, 0..4_i64).prop_map(|(id, x)| Act::Insert(id, x)),
        3 => (0..9_u8, 4..8_i64).prop_map(|(id, x)| Act::Update(id, x)),
        2 => (0..9_u8).prop_map(Act::Delete),
        3 => (0..9_u8, 0..9_u8).prop_map(|(a, b)| Act::Join(a, b)),
        1 => (0..9_u8, 0..9_u8).prop_map(|(a, b)| Act::Part(a, b)),
    ];
    prop::collection::vec(act, 0..8)
}

fn change(act: &Act) -> Change {
    match act {
        Act::Insert(id, x) => node(&format!("n{id}"), *x),
        Act::Update(id, x) => Change::update(Node::new(format!("n{id}")).set("x", *x)),
        Act::Delete(id) => Change::delete(format!("n{id}")),
        Act::Join(a, b) => {
            let (from, to) = (format!("n{a}"), format!("n{b}"));
            Change::insert(Relationship::new(format!("m{a}{b}"), "R", from, to))
        }
        Act::Part(a, b) => Change::delete(format!("m{a}{b}")),
    }
}

async fn send(livewell: &Livewell, acts: &[Act]) {
    let changes: Vec<Change> = acts.iter().map(change).collect();
    livewell.source("s").unwrap().send(changes).await.unwrap();
}

/// Opens a store whose builds read two elements at once.
fn open_small(store: Arc<dyn Store>) -> Livewell {
    let limits = Limits { rebuild_elements_max: 2, ..Limits::default() };
    Livewell::builder().shared_store(store).limits(limits).build().unwrap()
}

/// Builds a query while the acts are taken in, one list at each stop.
async fn build_while_it_changes(text: &str, first: &[Act], meanwhile: &[Vec<Act>]) {
    let (gate, mut keeper) = Gate::new();
    let livewell = open_small(gate.clone());
    livewell.add_source(InProcess::new("s")).await.unwrap();
    send(&livewell, first).await;
    livewell.add_query(query("now", text)).await.unwrap();
    idle(&livewell).await;
    let base = values(&livewell, "now");
    let recorder = Recorder::default();
    let reactions = vec![reaction("r", "late", Recovery::Strict, recorder.clone())];
    let queries = vec![query("late", text)];
    livewell.add(Setup { queries, reactions, ..Setup::default() }).await.unwrap();
    for acts in meanwhile {
        let stop = tokio::time::timeout(Duration::from_millis(200), keeper.stopped.recv()).await;
        send(&livewell, acts).await;
        if stop.is_ok() {
            keeper.go.send(()).unwrap();
        }
    }
    gate.is_open.store(true, Ordering::SeqCst);
    keeper.go.send(()).unwrap();
    idle(&livewell).await;
    assert_eq!(status(&livewell, "late").error, None);
    assert_verified(&livewell, "late");
    assert_eq!(values(&livewell, "late"), values(&livewell, "now"));
    // What the results lead from is what was there when the build began.
    let mut rows: BTreeMap<_, _> = rows(&livewell, "late");
    let seen = recorder.seen.lock().unwrap().clone();
    for (_, _, result) in seen.iter().rev() {
        let back: Vec<_> = result.diffs.iter().rev().map(inverse).collect();
        fold(&mut rows, &back);
    }
    let mut before: Vec<_> = rows.into_values().map(|row| row.to_vec()).collect();
    before.sort_by_key(|row| format!("{row:?}"));
    assert_eq!(before, base);
    livewell.shutdown().await;
}

/// The diff that takes back another.
fn inverse(diff: &livewell_model::Diff) -> livewell_model::Diff {
    use livewell_model::Diff::{Add, Delete, Update};
    match diff.clone() {
        Add { row_signature, data } => Delete { row_signature, data },
        Delete { row_signature, data } => Add { row_signature, data },
        Update { row_signature, before, after } => Update { row_signature, before: after, after: before },
    }
}

fn block_on(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.unwrap().block_on(future);
}

proptest! {
    #![proptest_config(Config { cases: 12, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_build_has_the_rows_of_its_base_whatever_changes_while_it_runs(
        first in prop::collection::vec(acts(), 1..5),
        meanwhile in prop::collection::vec(acts(), 1..7),
        is_join in any::<bool>(),
    ) {
        let text = if is_join { JOIN } else { ROWS };
        block_on(build_while_it_changes(text, &first.concat(), &meanwhile));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_build_begins_again_where_an_upstream_begins_a_new_epoch() {
    let (gate, mut keeper) = Gate::new();
    let livewell = open_small(gate.clone());
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    livewell.add_query(query("up", ROWS)).await.unwrap();
    source.send((0..20).map(|x| node(&format!("n{x}"), x)).collect::<Vec<_>>()).await.unwrap();
    idle(&livewell).await;
    let late = Query::cypher("late", "MATCH (u:up) RETURN u.id AS id, u.x AS x").from("up");
    livewell.add_query(late).await.unwrap();
    keeper.stopped.recv().await.unwrap();
    keeper.go.send(()).unwrap();
    keeper.stopped.recv().await.unwrap();
    assert!(!livewell.has_caught_up("late").unwrap(), "it is being built, though it has nothing to read");
    assert_eq!(livewell.not_caught_up(9).unwrap(), ["late"]);
    // Rows that are damaged have no difference to others: they begin an epoch.
    let snapshot = gate.inner.snapshot().unwrap();
    let number = catalog::find(&*snapshot, "up").unwrap().unwrap().number;
    let feed = Feed::open(snapshot.clone(), number).unwrap().unwrap();
    let (key, _) = feed.entries(None).unwrap().nth(15).unwrap().unwrap();
    let expected = compare::read_version(&*snapshot, number).unwrap();
    let mut set = WriteSet::from_version(number, expected);
    set.delete(snapshot_key(number, feed.head.generation, &key));
    assert!(gate.inner.commit(&[set]).unwrap().iter().all(Result::is_ok));
    livewell.reset("up").unwrap();
    let epoch = |store: &Gate| Head::read(&*store.inner.snapshot().unwrap(), number).unwrap().unwrap().epoch;
    for _ in 0..1_000 {
        if epoch(&gate) != feed.head.epoch {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_ne!(epoch(&gate), feed.head.epoch);
    source.send(node("n3", 1_000)).await.unwrap();
    gate.is_open.store(true, Ordering::SeqCst);
    keeper.go.send(()).unwrap();
    reach(&livewell, "late", State::CaughtUp).await;
    idle(&livewell).await;
    assert!(livewell.has_caught_up("late").unwrap());
    assert_eq!(values(&livewell, "late"), values(&livewell, "up"));
    assert_verified(&livewell, "late");
    livewell.shutdown().await;
}

/// The room that a store takes on its disk, in bytes.
fn room(directory: &tempfile::TempDir) -> u64 {
    std::fs::metadata(directory.path().join("data/data.mdb")).unwrap().blocks() * 512
}

#[tokio::test]
async fn a_build_takes_little_more_room_than_what_it_builds() {
    let directory = tempfile::tempdir().unwrap();
    let store = disk(&directory);
    let limits = Limits { rebuild_elements_max: 200, ..Limits::default() };
    let livewell = Livewell::builder().shared_store(store.clone()).limits(limits).build().unwrap();
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    for first in (0..20_000).step_by(2_000) {
        let nodes: Vec<_> =
            (first..first + 2_000).map(|x| node(&format!("n{x:05}"), x * 7_919 % 20_000)).collect();
        source.send(nodes).await.unwrap();
    }
    let before = room(&directory);
    // Each commit of the build is small, and touches pages all over what is built.
    livewell.add_query(query("sorted", "MATCH (n:N) RETURN n.x AS x, count(*) AS n")).await.unwrap();
    idle(&livewell).await;
    assert_eq!(livewell.results("sorted").unwrap().row_count(), 20_000);
    // What is built takes about 4 MiB; held, the snapshot of the base would keep each copied page.
    let grown = room(&directory) - before;
    livewell.shutdown().await;
    assert!(grown < 16 << 20, "{grown} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_build_shows_how_many_elements_it_has_read_of_how_many() {
    let (gate, mut keeper) = Gate::new();
    let livewell = open_small(gate.clone());
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    source.send((0..20).map(|x| node(&format!("n{x}"), x)).collect::<Vec<_>>()).await.unwrap();
    livewell.add_query(query("late", ROWS)).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..9 {
        keeper.stopped.recv().await.unwrap();
        let build = status(&livewell, "late").build.expect("it is being built");
        assert_eq!(build.elements_expected, 20);
        seen.push(build.elements);
        keeper.go.send(()).unwrap();
    }
    assert!(seen.is_sorted() && seen[0] == 0 && (2..20).contains(&seen[8]), "{seen:?}");
    gate.is_open.store(true, Ordering::SeqCst);
    let _ = keeper.go.send(());
    idle(&livewell).await;
    assert_eq!(status(&livewell, "late").build, None);
    livewell.shutdown().await;
}
