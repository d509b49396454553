//! A base that is read while its upstream changes, against the elements that were there.

use super::upstream::UpstreamBase;
use super::*;
use crate::feed::elements::Lens;
use crate::query::pipeline::lens;
use crate::{Change, InProcess, Livewell, Node, Query};
use livewell_model::Element;
use livewell_store::keyspace::snapshot_key;
use livewell_store::{MemoryStore, WriteSet, catalog, compare};
use proptest::prelude::*;
use proptest::test_runner::Config;

const ROWS: &str = "MATCH (n:N) RETURN n.id AS id, n.x AS x";

/// A source `s`, its rows `q`, and a paused query that holds the logs of both from their beginning.
struct World {
    store: Arc<dyn Store>,
    livewell: Livewell,
}

#[derive(Debug, Clone)]
enum Act {
    Insert(u8, i64),
    Update(u8, i64),
    Delete(u8),
    /// The rows are built again, so that they are in another generation.
    Rebuild,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0..12_u8, 0..4_i64).prop_map(|(id, x)| Act::Insert(id, x)),
        3 => (0..12_u8, 4..8_i64).prop_map(|(id, x)| Act::Update(id, x)),
        3 => (0..12_u8).prop_map(Act::Delete),
        1 => Just(Act::Rebuild),
    ];
    prop::collection::vec(act, 0..6)
}

impl World {
    async fn new() -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let livewell = Livewell::builder().shared_store(store.clone()).build().unwrap();
        livewell.add_source(InProcess::new("s")).await.unwrap();
        livewell.add_query(Query::cypher("q", ROWS).from("s")).await.unwrap();
        let held = Query::cypher("held", "MATCH (n) RETURN count(*) AS n").from("s").from("q");
        livewell.add_query(Query { enabled: false, ..held }).await.unwrap();
        Self { store, livewell }
    }

    /// Takes in the acts, each in a transaction of its own.
    async fn act(&self, acts: &[Act]) {
        let source = self.livewell.source("s").unwrap();
        let node = |id: &u8, x: &i64| Node::new(format!("n{id}")).set("id", format!("n{id}")).set("x", *x);
        for act in acts {
            let change = match act {
                Act::Insert(id, x) => Change::insert(node(id, x).label("N")),
                Act::Update(id, x) => Change::update(node(id, x)),
                Act::Delete(id) => Change::delete(format!("n{id}")),
                Act::Rebuild => {
                    self.livewell.reset("q").unwrap();
                    self.livewell.idle().await.unwrap();
                    continue;
                }
            };
            source.send(change).await.unwrap();
        }
        self.livewell.idle().await.unwrap();
    }

    fn feed(&self, id: &str) -> (Feed, Upstream, Lens) {
        let snapshot = self.store.snapshot().unwrap();
        let number = catalog::find(&*snapshot, id).unwrap().unwrap().number;
        let upstream = Upstream { id: id.into(), number, is_query: id == "q", label: id.into() };
        let lens = lens(&snapshot, &upstream, None).unwrap();
        (Feed::open(snapshot, number).unwrap().unwrap(), upstream, lens)
    }

    /// All elements of a feed as they are now, in the order of their keys, with the sequence.
    fn now(&self, id: &str) -> (u64, Vec<Element>) {
        let (feed, _, lens) = self.feed(id);
        let element = |(key, bytes): (Vec<u8>, Vec<u8>)| lens.element(&key, &bytes).unwrap().0;
        (feed.head.sequence, feed.whole().unwrap().map(|entry| element(entry.unwrap())).collect())
    }

    /// The base of a feed after entry `sequence`.
    fn base(&self, id: &str, sequence: u64) -> UpstreamBase {
        let (feed, upstream, _) = self.feed(id);
        UpstreamBase::at(&feed, &upstream, sequence, 0).unwrap()
    }

    fn piece(&self, base: &mut UpstreamBase, most: usize) -> Result<Vec<Element>, Error> {
        match base.piece(&*self.store, most, Timestamp(0), &Meter::unlimited())? {
            Piece::Elements(elements) => Ok(elements.into_iter().map(|(element, _)| element).collect()),
            other => panic!("{other:?}"),
        }
    }

    /// Deletes an entry of the source behind the back of its head, as a damaged page may.
    fn lose(&self, key: &[u8]) {
        let (feed, upstream, _) = self.feed("s");
        let expected = compare::read_version(&**feed.snapshot(), upstream.number).unwrap();
        let mut set = WriteSet::from_version(upstream.number, expected);
        set.delete(snapshot_key(upstream.number, feed.head.generation, key));
        assert!(self.store.commit(&[set]).unwrap().iter().all(Result::is_ok));
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Five elements, of which a base is taken.
const FIVE: [Act; 5] =
    [Act::Insert(0, 0), Act::Insert(2, 0), Act::Insert(4, 0), Act::Insert(6, 0), Act::Insert(8, 0)];

async fn read_while_it_changes(first: Vec<Act>, later: Vec<Vec<Act>>, most: usize) {
    let world = World::new().await;
    world.act(&first).await;
    let expected = ["s", "q"].map(|id| world.now(id));
    // The upstream is ahead of the base from the start.
    let mut later = later.into_iter();
    world.act(&later.next().unwrap_or_default()).await;
    let mut bases = [world.base("s", expected[0].0), world.base("q", expected[1].0)];
    let mut found = [Vec::new(), Vec::new()];
    while bases.iter().any(|base| !base.is_read()) {
        for (base, found) in bases.iter_mut().zip(&mut found).filter(|(base, _)| !base.is_read()) {
            found.extend(world.piece(base, most).unwrap());
        }
        world.act(&later.next().unwrap_or_default()).await;
    }
    let [(_, elements), (_, rows)] = expected;
    assert_eq!(found, [elements, rows]);
    world.livewell.shutdown().await;
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_elements_are_those_of_the_base_whatever_changes_between_the_pieces(
        first in prop::collection::vec(acts(), 1..4),
        later in prop::collection::vec(acts(), 0..8),
        most in 1..4_usize,
    ) {
        block_on(read_while_it_changes(first.concat(), later, most));
    }
}

#[test]
fn every_kind_of_change_before_and_behind_the_read_place_is_undone() {
    // With two elements a piece, n0 and n2 are read when the second list comes, and n4 and n6 when the third comes.
    let later = [
        vec![Act::Update(0, 5), Act::Delete(4), Act::Insert(1, 5)],
        vec![Act::Delete(0), Act::Insert(0, 6), Act::Insert(4, 6), Act::Update(6, 6), Act::Insert(5, 6)],
        vec![Act::Update(6, 7), Act::Delete(8), Act::Insert(9, 7), Act::Rebuild, Act::Delete(2)],
        vec![Act::Insert(8, 5), Act::Insert(2, 5), Act::Delete(9)],
    ];
    block_on(read_while_it_changes(FIVE.to_vec(), later.to_vec(), 2));
}

#[test]
fn nothing_is_kept_of_what_has_been_read() {
    block_on(async {
        let world = World::new().await;
        world.act(&FIVE).await;
        let mut base = world.base("s", 5);
        assert_eq!(world.piece(&mut base, 3).unwrap().len(), 3);
        world.act(&[Act::Update(0, 5), Act::Delete(4), Act::Update(2, 5), Act::Update(8, 5)]).await;
        assert_eq!(world.piece(&mut base, 1).unwrap().len(), 1);
        assert_eq!(base.kept(), 1, "n8 alone is still to be read");
        world.livewell.shutdown().await;
    });
}

#[test]
fn elements_that_are_not_all_are_no_base_also_if_others_have_changed() {
    block_on(async {
        for changes in [&[][..], &[Act::Update(8, 5), Act::Insert(9, 5), Act::Delete(2)]] {
            let world = World::new().await;
            world.act(&FIVE).await;
            let mut base = world.base("s", 5);
            world.piece(&mut base, 2).unwrap();
            world.act(changes).await;
            world.lose(b"n6");
            let error = world.piece(&mut base, 10).unwrap_err();
            assert!(error.code == "LW0303" && error.message.contains("4 of 5"), "{error}");
            world.livewell.shutdown().await;
        }
    });
}

#[test]
fn a_base_ends_where_its_upstream_begins_again_or_has_dropped_its_log() {
    block_on(async {
        let world = World::new().await;
        world.act(&FIVE).await;
        let mut dropped = world.base("s", 5);
        let mut held = world.base("s", 5);
        world.piece(&mut dropped, 1).unwrap();
        world.livewell.remove("held").await.unwrap();
        // Nobody holds the log any more.
        for x in 0..3 {
            world.act(&[Act::Insert(0, x + 1)]).await;
        }
        for base in [&mut dropped, &mut held] {
            let piece = base.piece(&*world.store, 1, Timestamp(0), &Meter::unlimited()).unwrap();
            assert!(matches!(piece, Piece::Lost(upstream) if upstream == "s"));
        }
        world.livewell.shutdown().await;
    });
}
