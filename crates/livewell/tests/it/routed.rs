//! One router for many queries, and one pass for many builds, change nothing: the same rows and results as when each query
//! reads alone, byte for byte, whatever is sent, dropped, reset, changed, refused and held up, and whoever comes and goes.

use crate::fixture::*;
use livewell::{
    Change, ComponentKind, InProcess, IntoSource, IntoTransaction, Limits, Livewell, Node, Position, Query,
    Recovery, Relationship, Setup, State, Timestamp, Transaction,
};
use livewell_model::codec::Writer;
use livewell_model::diff::Columns;
use livewell_source::settings::Clock as Follows;
use livewell_store::Store;
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Clone)]
enum Act {
    /// Changes of a node or a relationship, each a transaction, to one of two sources.
    Send(bool, Vec<Step>),
    Reopen,
    /// Dropped without a word; what was at work may still finish its step.
    Drop,
    Reset(usize),
    /// Stopped, and added again with another text.
    Change(usize),
    /// All are stopped, and added again with another text at once.
    ChangeAll,
    /// Removed while changes flow, or added again while the others still read.
    ComeOrGo(usize),
    /// The reaction stands still until the next check, so that the outbox that it reads fills up.
    Hold,
    Check,
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u8, i64, i64),
    Update(u8, i64),
    Join(u8, u8),
    Delete(u8),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let step = prop_oneof![
        4 => (0..7_u8, 0..6_i64, -3..4_i64).prop_map(|(id, x, time)| Step::Insert(id, x, time)),
        2 => (0..7_u8, 0..6_i64).prop_map(|(id, x)| Step::Update(id, x)),
        2 => (0..7_u8, 0..7_u8).prop_map(|(a, b)| Step::Join(a, b)),
        1 => (0..7_u8).prop_map(Step::Delete),
    ];
    let act = prop_oneof![
        12 => (any::<bool>(), prop::collection::vec(step, 1..12)).prop_map(|(first, steps)| Act::Send(first, steps)),
        1 => Just(Act::Reopen),
        1 => Just(Act::Drop),
        1 => (0..QUERIES.len()).prop_map(Act::Reset),
        1 => (0..QUERIES.len()).prop_map(Act::Change),
        1 => Just(Act::ChangeAll),
        3 => (0..QUERIES.len()).prop_map(Act::ComeOrGo),
        2 => Just(Act::Hold),
        2 => Just(Act::Check),
    ];
    prop::collection::vec(act, 1..25)
}

/// Transactions in the order of their sequence, whose times go forth and back.
fn transactions(steps: &[Step], sent: &mut i64) -> Vec<Transaction> {
    let transaction = |step: &Step| {
        *sent += 10;
        let (time, change) = match step {
            Step::Insert(id, x, back) => (*sent + 10 * back, node(&format!("n{id}"), *x)),
            Step::Update(id, x) => (*sent, Change::update(Node::new(format!("n{id}")).set("x", *x))),
            Step::Join(a, b) => {
                let (from, to) = (format!("n{a}"), format!("n{b}"));
                (*sent, Change::insert(Relationship::new(format!("r{a}{b}"), "R", from, to)))
            }
            Step::Delete(id) => (*sent, Change::delete(format!("n{id}"))),
        };
        Transaction { timestamp: Some(Timestamp(time)), ..change.into_transaction() }
    };
    steps.iter().map(transaction).collect()
}

/// Queries of every kind of guard; one may have no value, some read two sources, some tell time.
const QUERIES: [(&str, &str, &str); 15] = [
    ("one", "MATCH (n:N) WHERE n.x = 1 RETURN n.id AS id", "s"),
    ("one-of", "MATCH (n:N) WHERE n.x IN [2, 3] AND n.id = 'n1' RETURN n.id AS id, n.x AS x", "s"),
    ("large", "MATCH (n:N) WHERE n.x > 3 RETURN n.id AS id, n.x AS x", "s"),
    ("named", "MATCH (n:N {id: 'n2'}) RETURN n.x AS x", "s"),
    ("nothing", "MATCH (n:Absent) RETURN n.x AS x", "s"),
    ("any", "MATCH (n) RETURN count(*) AS n", "s"),
    ("join", "MATCH (a:N)-[:R]->(b:N) WHERE a.x = 1 RETURN a.id AS a, b.id AS b, b.x AS x", "s"),
    (
        "optional",
        "MATCH (a:N) WHERE a.id = 'n1' OPTIONAL MATCH (a)-[:R]->(b:N {x: 2}) RETURN a.id AS a, b.id AS b",
        "s",
    ),
    ("fails", "MATCH (n:N) WHERE n.id = 'n3' RETURN 100 / n.x AS x", "s"),
    (
        "both",
        "MATCH (a:N), (b:N) WHERE a.x = 5 AND b.x = 5 AND a.id <> b.id RETURN id(a) AS a, id(b) AS b",
        "s t",
    ),
    (
        "timed",
        "MATCH (n:N) WHERE livewell.trueFor(n.x = 1, duration('PT0.00000003S')) RETURN n.id AS id",
        "s",
    ),
    (
        "timed-one",
        "MATCH (n:N) WHERE n.id = 'n1' AND livewell.trueFor(n.x > 1, duration('PT0.0000002S')) RETURN n.x AS x",
        "s",
    ),
    (
        "timed-both",
        "MATCH (a:N {x: 4}), (b:N {x: 4}) WHERE a.id < b.id AND livewell.trueFor(a.x = b.x, duration('PT0.00000005S')) \
         RETURN id(a) AS a, id(b) AS b",
        "s t",
    ),
    (
        "previous",
        "MATCH (n:N) WHERE n.id IN ['n1', 'n4'] RETURN n.id AS id, n.x AS x, livewell.previousValue(n.x) AS before",
        "s",
    ),
    (
        "windowed",
        "MATCH (n:N) WHERE n.id IN ['n2', 'n3'] \
         RETURN livewell.slidingWindow(duration('PT0.0000001S'), sum(n.x)) AS x",
        "s",
    ),
];

/// The query whose results a reaction reads, out of an outbox that holds few: it has one for each change of their number.
const READ: &str = "any";

/// What a query shows: its id, state, epoch, position and rows.
type Seen = (String, State, u64, u64, BTreeMap<u64, Columns>);

struct World {
    store: Arc<dyn Store>,
    livewell: Livewell,
    /// From how many queries on one reads for all.
    routed_from: usize,
    /// Which queries have their other text.
    changed: [bool; QUERIES.len()],
    /// Which queries are there.
    there: [bool; QUERIES.len()],
    recorder: Recorder,
    sent: i64,
    /// All that each query has put out, as bytes, by its id and place.
    results: BTreeMap<(String, u64, u64), Vec<u8>>,
    at: BTreeMap<String, Position>,
}

impl World {
    async fn new(store: Arc<dyn Store>, routed_from: usize) -> Self {
        let (changed, there) = ([false; QUERIES.len()], [true; QUERIES.len()]);
        let recorder = Recorder::default();
        let livewell = start(&store, routed_from, all(&changed, &there), &recorder).await;
        let (results, at) = (BTreeMap::new(), BTreeMap::new());
        Self { store, livewell, routed_from, changed, there, recorder, sent: 0, results, at }
    }

    async fn act(&mut self, act: &Act) {
        match act {
            Act::Send(first, steps) => {
                let transactions = transactions(steps, &mut self.sent);
                let source = self.livewell.source(if *first { "s" } else { "t" }).unwrap();
                source.send_all(transactions).await.unwrap();
            }
            Act::Reopen => {
                self.recorder.hold(false);
                self.livewell.shutdown().await;
                self.livewell = self.started().await;
            }
            Act::Drop => {
                self.recorder.hold(false);
                self.livewell = self.started().await;
            }
            Act::Hold => self.recorder.hold(true),
            Act::ComeOrGo(at) if QUERIES[*at].0 == READ => {}
            Act::ComeOrGo(at) => self.come_or_go(*at).await,
            Act::Reset(at) | Act::Change(at) if !self.there[*at] => {}
            Act::Reset(query) => {
                // What a rebuild puts out says where it began.
                self.check().await;
                self.livewell.reset(QUERIES[*query].0).unwrap();
                self.check().await;
            }
            Act::Change(at) => {
                self.check().await;
                self.livewell.stop(QUERIES[*at].0).await.unwrap();
                self.changed[*at] ^= true;
                self.livewell.add_query(of(*at, self.changed[*at])).await.unwrap();
                self.check().await;
            }
            Act::ChangeAll => {
                self.check().await;
                for query in self.queries() {
                    self.livewell.stop(query).await.unwrap();
                }
                self.changed.iter_mut().for_each(|changed| *changed ^= true);
                let queries = all(&self.changed, &self.there);
                self.livewell.add(Setup { queries, ..Setup::default() }).await.unwrap();
                self.check().await;
            }
            Act::Check => self.check().await,
        }
    }

    async fn started(&self) -> Livewell {
        start(&self.store, self.routed_from, all(&self.changed, &self.there), &self.recorder).await
    }

    fn queries(&self) -> Vec<&'static str> {
        let there = QUERIES.iter().zip(self.there).filter(|(_, is_there)| *is_there);
        there.map(|((query, ..), _)| *query).collect()
    }

    /// Removes a query, or adds it again and waits until it has its rows; the others go on with what they have to read.
    async fn come_or_go(&mut self, at: usize) {
        let query = QUERIES[at].0;
        self.there[at] ^= true;
        if !self.there[at] {
            self.livewell.remove(query).await.unwrap();
            return;
        }
        self.livewell.add_query(of(at, self.changed[at])).await.unwrap();
        // The base says where it began.
        until(&self.livewell, query, |status| {
            status.state == State::Error || self.livewell.has_caught_up(query).unwrap()
        })
        .await;
        let results = self.livewell.results(query).unwrap();
        self.at.insert(query.into(), Position { epoch: results.epoch, sequence: results.sequence });
    }

    /// Waits until all is at rest, and takes up what has been put out.
    async fn check(&mut self) {
        self.recorder.hold(false);
        idle(&self.livewell).await;
        for (epoch, _, result) in self.recorder.seen.lock().unwrap().drain(..) {
            let mut bytes = Writer::new();
            bytes.result(&result);
            let known = self.results.insert((READ.into(), epoch, result.sequence), bytes.bytes.clone());
            assert!(known.is_none_or(|known| known == bytes.bytes), "another result of one sequence");
        }
        for query in self.queries().into_iter().filter(|query| *query != READ) {
            let at = *self.at.entry(query.into()).or_insert(Position { epoch: 1, sequence: 0 });
            let mut subscription = self.livewell.subscribe_after(query, at).await.unwrap();
            while let Some(event) = subscription.try_next().unwrap() {
                if let livewell::Event::Result { epoch, result } = &event {
                    let mut bytes = Writer::new();
                    bytes.result(result);
                    self.results.insert((query.into(), *epoch, result.sequence), bytes.bytes);
                }
            }
            let results = self.livewell.results(query).unwrap();
            self.at.insert(query.into(), Position { epoch: results.epoch, sequence: results.sequence });
        }
    }

    /// Everything that can be seen of each query.
    fn seen(&self) -> Vec<Seen> {
        let seen = |query: &str| {
            let (status, rows) = (status(&self.livewell, query), rows(&self.livewell, query));
            // What is behind an error is not read, however far the others are.
            let position = if status.state == State::Error { 0 } else { status.position };
            (query.to_owned(), status.state, status.epoch, position, rows)
        };
        self.queries().into_iter().map(seen).collect()
    }
}

async fn start(
    store: &Arc<dyn Store>,
    routed_from: usize,
    queries: Vec<Query>,
    recorder: &Recorder,
) -> Livewell {
    let limits = Limits { routed_from, rebuild_elements_max: 3, ..Limits::default() };
    let livewell = Livewell::builder().shared_store(store.clone()).limits(limits).build().unwrap();
    // No tick comes from a clock that differs between two runs.
    let sources = ["s", "t"].map(|id| InProcess::new(id).clock(Follows::Input).into_source()).into();
    let reactions = vec![reaction("reads", READ, Recovery::Strict, recorder.clone())];
    livewell.add(Setup { sources, queries, reactions, ..Setup::default() }).await.unwrap();
    livewell
}

/// Returns the queries that are there, each with one of its texts.
fn all(changed: &[bool; QUERIES.len()], there: &[bool; QUERIES.len()]) -> Vec<Query> {
    (0..QUERIES.len()).filter(|at| there[*at]).map(|at| of(at, changed[at])).collect()
}

fn of(at: usize, is_changed: bool) -> Query {
    let (id, text, sources) = QUERIES[at];
    let text = if is_changed { text.replace(" AS ", " AS other_") } else { text.to_owned() };
    let mut query = Query::cypher(id, text);
    if id == READ {
        query.outbox.capacity = 2;
    }
    sources.split(' ').fold(query, |query, source| query.from(source))
}

/// Runs both ways, and compares what has come of it.
async fn run(stores: [Arc<dyn Store>; 2], acts: &[Act]) {
    let [one, other] = stores;
    let mut together = World::new(one, 1).await;
    let mut alone = World::new(other, usize::MAX).await;
    for act in acts.iter().chain([&Act::Check]) {
        together.act(act).await;
        alone.act(act).await;
        if matches!(act, Act::Check) {
            assert_eq!(together.seen(), alone.seen());
            assert_eq!(together.results, alone.results);
        }
    }
    together.livewell.shutdown().await;
    alone.livewell.shutdown().await;
}

fn block_on(future: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(future);
}

proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn queries_that_one_reads_for_show_what_they_show_alone_in_memory(acts in acts()) {
        block_on(run([memory(), memory()], &acts));
    }

    #[test]
    fn queries_that_one_reads_for_show_what_they_show_alone_on_disk(acts in acts()) {
        let [one, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        block_on(run([disk(&one), disk(&other)], &acts));
    }
}

/// A thousand changes of which one concerns a query reach it, and it is at the position of the last.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_nothing_concerns_is_as_far_as_its_source_and_stores_that_when_it_stops() {
    let store = memory();
    let every = all(&[false; QUERIES.len()], &[true; QUERIES.len()]);
    let livewell = start(&store, 1, every, &Recorder::default()).await;
    idle(&livewell).await;
    let source = livewell.source("s").unwrap();
    let mut sent = 0;
    for x in 0..50 {
        source.send_all(transactions(&[Step::Insert(5, x, 0)], &mut sent)).await.unwrap();
    }
    idle(&livewell).await;
    let (shown, stored) = (status(&livewell, "nothing"), livewell::stored_status(&*store).unwrap());
    assert_eq!((shown.lag, shown.position), (0, status(&livewell, "s").position));
    let stored = stored.into_iter().find(|status| status.id == "nothing").unwrap();
    assert!(stored.lag > 0, "what does not concern it is not stored at once: {stored:?}");
    livewell.shutdown().await;
    let stored = livewell::stored_status(&*store).unwrap();
    assert_eq!(stored.iter().map(|status| status.lag).sum::<u64>(), 0, "{stored:?}");
    let mut queries = stored.iter().filter(|status| status.kind == ComponentKind::Query);
    assert!(queries.all(|status| status.position == shown.position), "{stored:?}");
}

/// A reaction that follows one query, while another one is behind, is not handed what the second may still change.
#[tokio::test(flavor = "multi_thread")]
async fn what_follows_two_queries_sees_them_at_one_position() {
    let store = memory();
    let limits = Limits { routed_from: 1, ..Limits::default() };
    let livewell = Livewell::builder().shared_store(store.clone()).limits(limits).build().unwrap();
    let source = livewell.add_source(InProcess::new("s")).await.unwrap();
    let queries = vec![
        query("ones", "MATCH (n:N) WHERE n.x = 1 RETURN n.id AS id"),
        query("twos", "MATCH (n:N) WHERE n.x = 2 RETURN n.id AS id"),
        Query::cypher("pairs", "MATCH (a:ones), (b:twos) WHERE a.id = b.id RETURN a.id AS id")
            .from("ones")
            .from("twos"),
    ];
    livewell.add(Setup { queries, ..Setup::default() }).await.unwrap();
    idle(&livewell).await;
    let pairs = livewell.subscribe("pairs").await.unwrap();
    for round in 0..300 {
        // It leaves one query and enters the other in one transaction, so no pair is ever there.
        source.send(node("n", 1 + round % 2)).await.unwrap();
    }
    idle(&livewell).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let (mut pairs, mut rows) = (pairs, BTreeMap::new());
    assert_eq!(drain(&mut pairs, &mut rows), (Some(Position { epoch: 1, sequence: 0 }), 0));
    assert_eq!(status(&livewell, "pairs").position, status(&livewell, "s").position);
    livewell.shutdown().await;
}
