//! A change of a query has a place: what a query puts out does not depend on how far its thread was when the change came,
//! nor on where the process ended meanwhile.

mod script;

use self::script::{Act, QUERIES, Step, acts};
use crate::fixture::*;
use livewell::{
    Change, InProcess, IntoSource, IntoTransaction, Livewell, Node, Query, ReactionSetup, Recovery,
    Relationship, Setup, Timestamp, Transaction,
};
use livewell_model::QueryResult;
use livewell_store::head::{EpochEnd, EpochRecord, Head};
use livewell_store::{Feed, Moment, Store, catalog, feed::entries_of};
use proptest::prelude::*;
use proptest::test_runner::Config;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All that a query has put out and has now.
#[derive(Debug, PartialEq)]
struct Out {
    epochs: Vec<Epoch>,
    rows: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Out {
    fn brief(&self) -> String {
        let Self { epochs, rows } = self;
        let epoch = |epoch: &Epoch| {
            let Epoch { number, begin, end, results } = epoch;
            let results =
                results.iter().map(|(sequence, bytes)| format!("{sequence}@{} {}", bytes[0], bytes.len()));
            let (begin, end) =
                (begin.map(|begin| (begin.position, begin.time.0)), end.as_ref().map(|end| end.sequence));
            format!("epoch {number} {begin:?}..{end:?} {:?}", results.collect::<Vec<_>>())
        };
        format!("{:?}, {} rows", epochs.iter().map(epoch).collect::<Vec<_>>(), rows.len())
    }
}

#[derive(Debug, PartialEq)]
struct Epoch {
    number: u64,
    begin: Option<Moment>,
    end: Option<EpochEnd>,
    /// By their sequences, as they are stored: with positions and times.
    results: Vec<(u64, Vec<u8>)>,
}

struct World {
    store: Arc<dyn Store>,
    livewell: Livewell,
    /// Whether everything is at rest between two acts, and nothing ends or lags.
    is_calm: bool,
    /// How many results an outbox holds, if few.
    capacity: Option<u64>,
    /// What a reaction has delivered of `large`.
    seen: Recorder,
    changed: [bool; QUERIES.len()],
    lags: [bool; QUERIES.len()],
    /// What was changed since everything was at rest.
    moving: [bool; QUERIES.len()],
    sent: i64,
}

impl World {
    async fn new(is_calm: bool, capacity: Option<u64>) -> Self {
        let store = memory();
        let (changed, lags, moving) = Default::default();
        let livewell = open(&store);
        let seen = Recorder::default();
        let world = Self { store, livewell, is_calm, capacity, seen, changed, lags, moving, sent: 0 };
        world.start().await.unwrap();
        world
    }

    fn query(&self, at: usize) -> Query {
        let (id, texts) = QUERIES[at];
        let (text, upstreams) = texts[usize::from(self.changed[at])];
        let mut query = Query::cypher(id, text);
        query.outbox.capacity = self.capacity.unwrap_or(query.outbox.capacity);
        upstreams.split(' ').fold(query, Query::from)
    }

    /// Adds everything; a reaction that does not run holds every epoch of each.
    async fn start(&self) -> Result<(), livewell::Error> {
        let queries = (0..QUERIES.len()).map(|at| self.query(at));
        let mut reactions: Vec<_> = QUERIES.map(|(id, _)| held(id)).into();
        reactions.push(reaction("sees", "large", Recovery::Strict, self.seen.clone()));
        let sources = ["s", "t"].map(|id| InProcess::new(id).into_source()).into();
        let setup = Setup { sources, queries: queries.collect(), reactions, ..Setup::default() };
        self.livewell.add(setup).await
    }

    /// Whether something that was changed since everything was at rest is one of these, or reads it, or is read by it.
    fn is_moving(&self, touched: &[usize]) -> bool {
        let reads = |at: usize, other: usize| {
            QUERIES[at].1.iter().any(|(_, upstreams)| upstreams.split(' ').any(|id| id == QUERIES[other].0))
        };
        let touches = |at: usize, other: usize| at == other || reads(at, other) || reads(other, at);
        let mut moving = (0..QUERIES.len()).filter(|at| self.moving[*at]);
        moving.any(|at| touched.iter().any(|other| touches(at, *other)))
    }

    /// Changes that touch one another are each made before the next one comes.
    async fn settle(&mut self, touched: &[usize]) {
        if self.is_calm || self.is_moving(touched) {
            self.rest().await;
        }
    }

    async fn rest(&mut self) {
        for at in 0..QUERIES.len() {
            self.go_on(at).await;
        }
        idle(&self.livewell).await;
        self.moving = Default::default();
    }

    async fn go_on(&mut self, at: usize) {
        if std::mem::take(&mut self.lags[at]) {
            self.livewell.add_query(self.query(at)).await.unwrap();
        }
    }

    /// What a query reads has to run, or it is taken as it is.
    async fn upstreams_go_on(&mut self, at: usize) {
        for (upstream, (id, _)) in QUERIES.iter().enumerate() {
            if QUERIES[at].1.iter().any(|(_, read)| read.split(' ').any(|read| read == *id)) {
                self.go_on(upstream).await;
            }
        }
    }

    async fn stop(&mut self, at: usize) {
        if !std::mem::take(&mut self.lags[at]) {
            self.livewell.stop(QUERIES[at].0).await.unwrap();
        }
    }

    async fn reopen(&mut self) {
        // What is at work ends between two commits, wherever that is.
        self.livewell.shutdown().await;
        self.livewell = open(&self.store);
        self.lags = Default::default();
        self.start().await.unwrap();
    }

    async fn act(&mut self, act: &Act) {
        match act {
            Act::Send(first, steps) => self.send(*first, steps).await,
            Act::Lag(at) if !self.is_calm && !self.lags[*at] && !self.is_moving(&[*at]) => {
                self.stop(*at).await;
                self.lags[*at] = true;
            }
            Act::Lag(_) => {}
            Act::Change(at) => self.change(&[*at], true).await,
            Act::ChangeSome(some) => {
                let some: Vec<usize> = (0..QUERIES.len()).filter(|at| some >> at & 1 == 1).collect();
                self.change(&some, true).await;
            }
            Act::Renew(at) => self.renew(*at).await,
            Act::Reset(at) => {
                // A reset builds where the upstreams are.
                self.rest().await;
                self.livewell.reset(QUERIES[*at].0).unwrap();
                self.rest().await;
            }
            Act::End if !self.is_calm => self.reopen().await,
            Act::End => {}
            Act::EndAndChange(at) => {
                self.change(&[*at], false).await;
                self.reopen().await;
            }
        }
        if self.is_calm {
            self.rest().await;
        }
    }

    async fn change(&mut self, some: &[usize], is_now: bool) {
        self.settle(some).await;
        for at in some {
            self.changed[*at] = !self.changed[*at];
            self.moving[*at] = true;
        }
        if is_now {
            for at in some {
                self.upstreams_go_on(*at).await;
            }
            for at in some {
                self.stop(*at).await;
            }
            let queries = some.iter().map(|at| self.query(*at)).collect();
            self.livewell.add(Setup { queries, ..Setup::default() }).await.unwrap();
        }
    }

    async fn renew(&mut self, at: usize) {
        let (id, _) = QUERIES[at];
        if matches!(id, "large" | "total") {
            return;
        }
        self.settle(&[at]).await;
        self.upstreams_go_on(at).await;
        self.stop(at).await;
        self.livewell.remove(&format!("held-{id}")).await.unwrap();
        self.livewell.remove(id).await.unwrap();
        let (queries, reactions) = (vec![self.query(at)], vec![held(id)]);
        self.livewell.add(Setup { queries, reactions, ..Setup::default() }).await.unwrap();
        self.moving[at] = true;
    }

    async fn send(&mut self, first: bool, steps: &[Step]) {
        let source = self.livewell.source(if first { "s" } else { "t" }).unwrap();
        for step in steps {
            self.sent += 10;
            let change = match step {
                Step::Insert(id, x) => node(&format!("n{id}"), *x),
                Step::Update(id, x) => Change::update(Node::new(format!("n{id}")).set("x", *x)),
                Step::Join(a, b) => {
                    let (from, to) = (format!("n{a}"), format!("n{b}"));
                    Change::insert(Relationship::new(format!("r{a}{b}"), "R", from, to))
                }
                Step::Delete(id) => Change::delete(format!("n{id}")),
            };
            let timestamp = Some(Timestamp(self.sent));
            source.send(Transaction { timestamp, ..change.into_transaction() }).await.unwrap();
        }
    }

    fn out(&self) -> BTreeMap<&'static str, Out> {
        let snapshot = self.store.snapshot().unwrap();
        let of = |(id, _): (&'static str, [(&str, &str); 2])| {
            let number = catalog::find(&*snapshot, id).unwrap().unwrap().number;
            let feed = Feed::open(snapshot.clone(), number).unwrap().unwrap();
            let epoch = |epoch: u64| {
                let EpochRecord { begin, end, .. } =
                    EpochRecord::read(&*snapshot, number, epoch).unwrap().unwrap();
                // Which results an outbox still has depends on who was slow.
                let end =
                    end.map(|end| EpochEnd { low: if self.capacity.is_some() { 0 } else { end.low }, ..end });
                let log = || feed.log(epoch, 0, usize::MAX, usize::MAX).unwrap();
                let results = if self.capacity.is_some() { Vec::new() } else { log() };
                let results = results.into_iter().map(|entry| (entry.sequence, entry.bytes));
                Epoch { number: epoch, begin, end, results: results.collect() }
            };
            let epochs = EpochRecord::epochs(&*snapshot, number).unwrap().into_iter().map(epoch).collect();
            let Head { generation, .. } = feed.head;
            let rows = entries_of(&*snapshot, number, generation, None).unwrap();
            (
                id,
                Out {
                    epochs,
                    rows: rows.map(|row| row.unwrap()).map(|(key, row)| (key, row.to_vec())).collect(),
                },
            )
        };
        QUERIES.map(of).into()
    }
}

/// All that is put out, and what a reaction has delivered, each result once.
type Played = (BTreeMap<&'static str, Out>, BTreeMap<(u64, u64), QueryResult>);

async fn played(acts: &[Act], is_calm: bool, capacity: Option<u64>) -> Played {
    let mut world = World::new(is_calm, capacity).await;
    for act in acts {
        world.act(act).await;
    }
    world.rest().await;
    for (id, _) in QUERIES {
        assert_verified(&world.livewell, id);
    }
    let out = world.out();
    world.livewell.shutdown().await;
    let seen = world.seen.seen.lock().unwrap();
    let seen = seen.iter().map(|(epoch, _, result)| ((*epoch, result.sequence), result.clone())).collect();
    (out, seen)
}

async fn same_however_it_went(acts: Vec<Act>, capacity: Option<u64>) {
    let (calm, calmly) = played(&acts, true, capacity).await;
    let (moved, seen) = played(&acts, false, capacity).await;
    for (id, calm) in &calm {
        let moved = &moved[id];
        assert!(moved == calm, "of `{id}`: {} and not {}", moved.brief(), calm.brief());
    }
    assert_eq!(seen, calmly);
}

fn held(query: &str) -> ReactionSetup {
    let held = reaction(&format!("held-{query}"), query, Recovery::Strict, Recorder::default());
    ReactionSetup { enabled: false, ..held }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn what_is_put_out_does_not_depend_on_when_a_change_met_whom(acts in acts()) {
        block_on(same_however_it_went(acts, None));
    }

    #[test]
    fn nobody_waits_for_ever_though_outboxes_hold_little(acts in acts()) {
        block_on(same_however_it_went(acts, Some(2)));
    }
}
