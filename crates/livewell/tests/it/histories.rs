//! A consumer whose place is in no history that there is: behind what is kept, beyond the end, or of another epoch.
//! Each kind of consumer under each policy, at its start and while it runs.

use crate::fixture::*;
use livewell::IntoSource;
use livewell::{InProcess, Limits, Livewell, Query, Recovery, Setup, State};
use livewell_model::Value;
use livewell_reaction::file::Table;
use livewell_store::checkpoint::Checkpoint;
use livewell_store::{Store, WriteSet, catalog, compare};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// What has become of the place.
#[derive(Debug, Clone, Copy)]
enum Lost {
    Gap,
    Ahead,
    OtherEpoch,
}

impl Lost {
    fn code(self) -> &'static str {
        match self {
            Self::Gap => "LW0530",
            Self::Ahead => "LW0531",
            Self::OtherEpoch => "LW0532",
        }
    }

    fn befall(self, checkpoint: &mut Checkpoint) {
        match self {
            Self::Gap => checkpoint.sequence = 1,
            Self::Ahead => checkpoint.sequence += 100,
            Self::OtherEpoch => checkpoint.epoch += 70,
        }
    }
}

/// Who follows the query `all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Trigger,
    Keeper,
    Query,
}

impl Who {
    fn id(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Keeper => "keeper",
            Self::Query => "above",
        }
    }

    /// The policy that goes on by itself.
    fn lenient(self) -> Recovery {
        if self == Self::Trigger { Recovery::AutoSkipGap } else { Recovery::AutoReset }
    }
}

struct World {
    store: Arc<dyn Store>,
    place: TempDir,
    who: Who,
    recovery: Recovery,
    seen: Recorder,
    /// Another reaction to the same query, whose place is as it should be.
    bystander: Recorder,
    sent: i64,
}

impl World {
    fn new(who: Who, recovery: Recovery) -> Self {
        let (place, seen, bystander) =
            (tempfile::tempdir().unwrap(), Recorder::default(), Recorder::default());
        Self { store: memory(), place, who, recovery, seen, bystander, sent: 0 }
    }

    fn table(&self) -> PathBuf {
        self.place.path().join("table.jsonl")
    }

    async fn start(&self) -> Livewell {
        // A query in error holds what it follows for as long as that, ten minutes where nothing is said.
        let limits = Limits { error_hold: Duration::from_millis(100), ..Limits::default() };
        let livewell = Livewell::builder().shared_store(self.store.clone()).limits(limits).build().unwrap();
        let mut all = query("all", "MATCH (n:N) RETURN n.id AS id, n.x AS x").outbox(small_outbox());
        all.label = Some("Row".into());
        let mut setup = Setup {
            sources: vec![InProcess::new("s").into_source()],
            queries: vec![all],
            ..Setup::default()
        };
        setup.reactions.push(reaction("bystander", "all", Recovery::Strict, self.bystander.clone()));
        match self.who {
            Who::Trigger => {
                setup.reactions.push(reaction("trigger", "all", self.recovery, self.seen.clone()));
            }
            Who::Keeper => {
                setup.reactions.push(reaction("keeper", "all", self.recovery, Table::new(self.table())));
            }
            Who::Query => {
                let above = Query::cypher("above", "MATCH (r:Row) RETURN r.id AS id, r.x AS x");
                setup.queries.push(above.from("all").recovery(self.recovery));
            }
        }
        livewell.add(setup).await.unwrap();
        livewell
    }

    async fn send(&mut self, livewell: &Livewell, count: i64) {
        let source = livewell.source("s").unwrap();
        for x in self.sent..self.sent + count {
            source.send(node(&format!("n{}", x % 9), x)).await.unwrap();
        }
        self.sent += count;
    }

    /// Moves the stored place, as only another version of the store could have it. Whoever commits at the same time has
    /// its conflict.
    fn misplace(&self, lost: Lost) {
        loop {
            let snapshot = self.store.snapshot().unwrap();
            let number = |id: &str| catalog::find(&*snapshot, id).unwrap().unwrap().number;
            let (consumer, feed) = (number(self.who.id()), number("all"));
            let expected = compare::read_version(&*snapshot, consumer).unwrap();
            let mut set =
                WriteSet { feed: consumer, expected, next: expected.after(), ..WriteSet::default() };
            let mut checkpoint = Checkpoint::read(&*snapshot, consumer, feed).unwrap().unwrap();
            lost.befall(&mut checkpoint);
            set.put(Checkpoint::key(consumer, feed), checkpoint.encode());
            if self.store.commit(&[set]).unwrap()[0].is_ok() {
                return;
            }
        }
    }

    /// The stored place is where the feed ends.
    fn has_its_place(&self, livewell: &Livewell) -> bool {
        let snapshot = self.store.snapshot().unwrap();
        let number = |id: &str| catalog::find(&*snapshot, id).unwrap().unwrap().number;
        let place = Checkpoint::read(&*snapshot, number(self.who.id()), number("all")).unwrap().unwrap();
        let all = livewell.results("all").unwrap();
        (place.epoch, place.sequence) == (all.epoch, all.sequence)
    }

    /// Everything that has come gets to where it should be.
    async fn comes_right(&self, livewell: &Livewell) {
        until(livewell, self.who.id(), |status| {
            (status.state, status.lag, &status.error) == (State::CaughtUp, 0, &None)
                && self.is_right(livewell)
        })
        .await;
    }

    fn is_right(&self, livewell: &Livewell) -> bool {
        let all = live(livewell, "all");
        if all.iter().map(|(_, x)| *x).max() != Some(self.sent - 1) {
            return false;
        }
        match self.who {
            Who::Trigger => {
                self.seen.sequences().last().copied() == Some(livewell.results("all").unwrap().sequence)
            }
            Who::Keeper => kept(&self.table()) == all,
            Who::Query => {
                let verified = livewell.verify("above").is_ok_and(|verified| verified.differences.is_empty());
                verified && live(livewell, "above") == all
            }
        }
    }
}

/// The rows in the file, as id and number.
fn kept(table: &Path) -> BTreeSet<(String, i64)> {
    let row = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        (row["data"]["id"].as_str().unwrap().to_owned(), row["data"]["x"].as_i64().unwrap())
    };
    std::fs::read_to_string(table).unwrap().lines().map(row).collect()
}

fn live(livewell: &Livewell, query: &str) -> BTreeSet<(String, i64)> {
    let pair = |row: Vec<Value>| match row.as_slice() {
        [Value::String(id), Value::Int(x)] => (id.to_string(), *x),
        other => panic!("{other:?}"),
    };
    values(livewell, query).into_iter().map(pair).collect()
}

/// Loses the place at the start, or while the consumer runs. Returns the Livewell with one more result to take in.
async fn lose(world: &mut World, lost: Lost, while_it_runs: bool) -> Livewell {
    let livewell = world.start().await;
    world.send(&livewell, 20).await;
    world.comes_right(&livewell).await;
    if while_it_runs {
        world.misplace(lost);
        world.send(&livewell, 1).await;
        return livewell;
    }
    livewell.shutdown().await;
    drop(livewell);
    world.misplace(lost);
    let livewell = world.start().await;
    world.send(&livewell, 1).await;
    livewell
}

async fn each(case: impl AsyncFn(Who, Lost, bool)) {
    for who in [Who::Trigger, Who::Keeper, Who::Query] {
        for lost in [Lost::Gap, Lost::Ahead, Lost::OtherEpoch] {
            for while_it_runs in [false, true] {
                case(who, lost, while_it_runs).await;
            }
        }
    }
}

#[tokio::test]
async fn strict_stops_with_the_reason_and_the_time_delays_nobody_and_a_reset_heals() {
    each(async |who, lost, while_it_runs| {
        let case = format!("{who:?} {lost:?}, while it runs: {while_it_runs}");
        let mut world = World::new(who, Recovery::Strict);
        let livewell = lose(&mut world, lost, while_it_runs).await;
        reach(&livewell, who.id(), State::Error).await;
        let stopped = status(&livewell, who.id());
        assert!(stopped.error.unwrap().contains(lost.code()), "{case}");
        assert!(stopped.error_since.is_some(), "{case}");
        world.send(&livewell, 3).await;
        until(&livewell, "bystander", |status| status.sequence == 24).await;
        assert_eq!(world.bystander.sequences(), (1..=24).collect::<Vec<_>>(), "{case}: the other goes on");

        livewell.reset(who.id()).unwrap();
        reach(&livewell, who.id(), State::CaughtUp).await;
        world.send(&livewell, 2).await;
        world.comes_right(&livewell).await;
        livewell.shutdown().await;
    })
    .await;
}

#[tokio::test]
async fn the_lenient_policy_goes_on_by_itself() {
    each(async |who, lost, while_it_runs| {
        let mut world = World::new(who, who.lenient());
        let livewell = lose(&mut world, lost, while_it_runs).await;
        // A trigger that was beyond the end goes on at the end as it is then.
        until(&livewell, who.id(), |_| world.has_its_place(&livewell)).await;
        world.send(&livewell, 3).await;
        world.comes_right(&livewell).await;
        assert_eq!(
            status(&livewell, who.id()).failures,
            0,
            "{who:?} {lost:?}, while it runs: {while_it_runs}"
        );
        livewell.shutdown().await;
    })
    .await;
}
