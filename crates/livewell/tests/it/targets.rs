//! Reactions to a target that is away, refuses, or keeps the checkpoint itself.

use crate::fixture::{self, fold, idle, memory, node, open, query, reaction, rows, status, until};
use livewell::IntoSource;
use livewell::{InProcess, Livewell, Recovery, Setup, State};
use livewell_model::diff::Columns;
use livewell_reaction::{
    DeadLetter, Delivered, Outgoing, Reached, Reaction, ReactionError, Role, SnapshotOf, Start, Started,
    Style,
};
use livewell_store::Store;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A target elsewhere, which outlives the process that delivers to it.
#[derive(Debug, Default)]
struct Target {
    away: bool,
    /// How often something was asked of it in vain.
    in_vain: usize,
    /// Effects the next delivery, and then loses the answer.
    loses_the_answer: bool,
    refuses: bool,
    rows: BTreeMap<u64, Columns>,
    reached: Option<Reached>,
    sent: Vec<String>,
    snapshots: u32,
    /// What the last snapshot was not put in place for.
    dead: Vec<DeadLetter>,
}

type Shared = Arc<Mutex<Target>>;

fn away() -> ReactionError {
    let after = Some(Duration::from_millis(20));
    ReactionError::Away { target: "there".into(), cause: "no connection".into(), after }
}

/// A trigger that sends the sequence of each result.
struct Sender(Shared);

impl Reaction for Sender {
    fn role(&self) -> Role {
        Role::Trigger
    }

    fn style(&self) -> Style {
        Style::Results
    }

    fn start(&mut self, _: &Start<'_>) -> Result<Started, ReactionError> {
        Ok(Started { detail: vec![1], ..Started::default() })
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        let mut target = self.0.lock().unwrap();
        if target.away {
            target.in_vain += 1;
            return Err(away());
        }
        let key = format!("{}", results[0].result.sequence);
        let mut delivered = Delivered { results: 1, detail: vec![1], dead: Vec::new() };
        if target.refuses {
            let reason = "no".into();
            delivered.dead.push(DeadLetter { key, body: b"body".to_vec(), reason, origin: None });
        } else {
            target.sent.push(key);
        }
        Ok(delivered)
    }

    fn resend(&mut self, letter: &DeadLetter) -> Result<(), ReactionError> {
        let mut target = self.0.lock().unwrap();
        if target.refuses {
            return Err(ReactionError::Refused { target: "there".into(), cause: "no".into() });
        }
        target.sent.push(letter.key.clone());
        Ok(())
    }
}

/// A state-keeper with the checkpoint in its target.
struct Mirror(Shared);

impl Reaction for Mirror {
    fn role(&self) -> Role {
        Role::StateKeeper
    }

    fn style(&self) -> Style {
        Style::Results
    }

    fn start(&mut self, start: &Start<'_>) -> Result<Started, ReactionError> {
        let mut target = self.0.lock().unwrap();
        if start.detail.is_none() {
            target.reached = None;
        }
        let reached: Vec<Reached> = target.reached.iter().cloned().collect();
        Ok(Started { detail: vec![1], rebuild: reached.is_empty(), reached })
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        let mut target = self.0.lock().unwrap();
        if target.away {
            return Err(away());
        }
        for outgoing in results {
            fold(&mut target.rows, &outgoing.result.diffs);
            let (sequence, position) = (outgoing.result.sequence, outgoing.result.position);
            let query_id = outgoing.query_id.into();
            target.reached = Some(Reached { query_id, epoch: outgoing.epoch, sequence, position });
        }
        if std::mem::take(&mut target.loses_the_answer) {
            return Err(away());
        }
        Ok(Delivered::all(results, vec![1]))
    }

    fn replace(&mut self, snapshot: SnapshotOf<'_>) -> Result<Vec<u8>, ReactionError> {
        let mut target = self.0.lock().unwrap();
        if std::mem::take(&mut target.refuses) {
            let (key, reason) = ("k".into(), "no".into());
            target.dead.push(DeadLetter { key, body: b"row".to_vec(), reason, origin: None });
            return Ok(vec![2]);
        }
        target.rows = snapshot.rows.map(|row| row.unwrap()).collect();
        let (epoch, sequence, position) = (snapshot.epoch, snapshot.sequence, snapshot.position);
        target.reached = Some(Reached { query_id: snapshot.query_id.into(), epoch, sequence, position });
        target.snapshots += 1;
        Ok(vec![1])
    }

    fn dead(&mut self) -> Vec<DeadLetter> {
        std::mem::take(&mut self.0.lock().unwrap().dead)
    }
}

async fn running(store: &Arc<dyn Store>, reaction: livewell::ReactionSetup) -> Livewell {
    set_up(open(store), reaction).await
}

async fn set_up(livewell: Livewell, reaction: livewell::ReactionSetup) -> Livewell {
    let mut setup = Setup::default();
    setup.sources.push(InProcess::new("s").into_source());
    setup
        .queries
        .push(query("all", "MATCH (n:N) RETURN n.id AS id, n.x AS x").outbox(fixture::small_outbox()));
    setup.reactions.push(reaction);
    livewell.add(setup).await.unwrap();
    livewell
}

async fn send(livewell: &Livewell, range: std::ops::Range<i64>) {
    let source = livewell.source("s").unwrap();
    for x in range {
        source.send(node(&format!("n{}", x % 7), x)).await.unwrap();
    }
}

#[tokio::test]
async fn a_target_that_is_away_is_waited_for_with_the_reason_and_nothing_is_lost() {
    let target = Shared::default();
    target.lock().unwrap().away = true;
    let livewell = running(&memory(), reaction("r", "all", Recovery::Strict, Sender(target.clone()))).await;
    send(&livewell, 0..3).await;
    until(&livewell, "r", |status| status.state == State::Waiting && status.error.is_some()).await;
    let first = status(&livewell, "r");
    assert!(first.error.unwrap().contains("no connection"));
    let asked = target.lock().unwrap().in_vain;
    until(&livewell, "r", |_| target.lock().unwrap().in_vain > asked + 3).await;
    let later = status(&livewell, "r");
    assert_eq!((later.state, later.error_since), (State::Waiting, first.error_since), "since the first time");
    target.lock().unwrap().away = false;
    idle(&livewell).await;
    let after = status(&livewell, "r");
    assert_eq!((after.state, after.error, after.lag, after.failures), (State::CaughtUp, None, 0, 0));
    assert!(first.error_since.is_some() && after.error_since.is_none());
    assert_eq!(target.lock().unwrap().sent, ["1", "2", "3"]);
}

#[tokio::test]
async fn dead_letters_outlive_the_process_and_are_sent_again_or_dropped_when_asked() {
    let (store, target) = (memory(), Shared::default());
    let make = || reaction("r", "all", Recovery::Strict, Sender(target.clone()));
    let livewell = running(&store, make()).await;
    target.lock().unwrap().refuses = true;
    send(&livewell, 0..4).await;
    idle(&livewell).await;
    livewell.shutdown().await;
    drop(livewell);

    let livewell = running(&store, make()).await;
    let numbers = || -> Vec<u64> {
        livewell.dead_letters("r", 0, 100).unwrap().iter().map(|letter| letter.number).collect()
    };
    assert_eq!(numbers(), [1, 2, 3, 4]);
    assert_eq!(status(&livewell, "r").dead_letters, 4);
    let second = livewell.dead_letters("r", 1, 1).unwrap().remove(0);
    assert_eq!((second.letter.key.as_str(), second.letter.reason.as_str()), ("2", "no"));

    livewell.replay_dead_letters("r", None).unwrap();
    idle(&livewell).await;
    assert_eq!(numbers(), [1, 2, 3, 4], "what is refused again stays");
    livewell.discard_dead_letters("r", Some(vec![3])).unwrap();
    until(&livewell, "r", |status| status.dead_letters == 3).await;
    target.lock().unwrap().refuses = false;
    livewell.replay_dead_letters("r", Some(vec![4])).unwrap();
    until(&livewell, "r", |status| status.dead_letters == 2).await;
    livewell.replay_dead_letters("r", None).unwrap();
    until(&livewell, "r", |status| status.dead_letters == 0).await;
    assert_eq!(target.lock().unwrap().sent, ["4", "1", "2"]);
    assert_eq!(livewell.dead_letters("all", 0, 1).unwrap_err().code, "LW0501");
}

#[tokio::test]
async fn a_reaction_waits_before_more_dead_letters_than_it_may_have_and_resumes_once_there_is_room() {
    let (store, target) = (memory(), Shared::default());
    let limits = livewell::Limits { dead_letters_max: 2, ..livewell::Limits::default() };
    let livewell = Livewell::builder().shared_store(store.clone()).limits(limits).build().unwrap();
    let livewell = set_up(livewell, reaction("r", "all", Recovery::Strict, Sender(target.clone()))).await;
    target.lock().unwrap().refuses = true;
    send(&livewell, 0..5).await;
    until(&livewell, "r", |status| status.state == State::Waiting && status.error.is_some()).await;
    let waits = status(&livewell, "r");
    let said = waits.error.unwrap();
    assert!(said.contains("LW0415") && said.contains("2 dead letters"), "{said}");
    assert_eq!((waits.dead_letters, waits.sequence), (2, 2), "what comes next is not delivered");
    livewell.discard_dead_letters("r", Some(vec![1])).unwrap();
    until(&livewell, "r", |status| status.sequence == 3).await;
    target.lock().unwrap().refuses = false;
    livewell.replay_dead_letters("r", None).unwrap();
    idle(&livewell).await;
    assert_eq!(status(&livewell, "r").dead_letters, 0);
    assert_eq!(target.lock().unwrap().sent, ["2", "3", "4", "5"]);
}

#[tokio::test]
async fn where_the_target_stands_wins_over_the_stored_checkpoint() {
    let (store, target) = (memory(), Shared::default());
    let livewell = running(&store, reaction("r", "all", Recovery::Strict, Mirror(target.clone()))).await;
    send(&livewell, 0..3).await;
    idle(&livewell).await;
    // Each is effected and its answer lost: done again it would fold a row twice, which fails.
    for x in 3..10 {
        target.lock().unwrap().loses_the_answer = true;
        send(&livewell, x..x + 1).await;
        idle(&livewell).await;
    }
    let target = target.lock().unwrap();
    assert_eq!(target.rows, rows(&livewell, "all"));
    assert_eq!(target.snapshots, 1, "by results, not by snapshots");
}

#[tokio::test]
async fn a_mirror_that_falls_out_of_the_log_does_what_its_policy_says() {
    for (recovery, goes_on) in [(Recovery::Strict, false), (Recovery::AutoReset, true)] {
        let (store, target) = (memory(), Shared::default());
        let make = |recovery| reaction("r", "all", recovery, Mirror(target.clone()));
        let livewell = running(&store, make(recovery)).await;
        send(&livewell, 0..2).await;
        idle(&livewell).await;
        livewell.stop("r").await.unwrap();
        send(&livewell, 2..40).await;
        // The query, too, must have left it behind before it is back.
        until(&livewell, "all", |status| status.state == State::CaughtUp && status.lag == 0).await;
        livewell.add_reaction(make(recovery)).await.unwrap();
        idle(&livewell).await;
        let after = status(&livewell, "r");
        if !goes_on {
            assert_eq!(after.state, State::Error);
            assert!(after.error.unwrap().contains("LW0530"));
            assert_ne!(target.lock().unwrap().rows, rows(&livewell, "all"));
            livewell.reset("r").unwrap();
            until(&livewell, "r", |status| status.state == State::CaughtUp && status.lag == 0).await;
        }
        assert_eq!(target.lock().unwrap().rows, rows(&livewell, "all"), "{recovery:?}");
        assert_eq!(target.lock().unwrap().snapshots, 2);
        send(&livewell, 40..44).await;
        idle(&livewell).await;
        assert_eq!(target.lock().unwrap().rows, rows(&livewell, "all"), "and it follows on");
        assert_eq!(target.lock().unwrap().snapshots, 2);
    }
}

#[tokio::test]
async fn a_snapshot_is_given_again_once_the_letters_of_its_rows_are_stored() {
    let (store, target) = (memory(), Shared::default());
    target.lock().unwrap().refuses = true;
    let livewell = running(&store, reaction("r", "all", Recovery::Strict, Mirror(target.clone()))).await;
    send(&livewell, 0..3).await;
    idle(&livewell).await;
    assert_eq!(livewell.dead_letters("r", 0, 10).unwrap().len(), 1);
    assert_eq!(target.lock().unwrap().rows, rows(&livewell, "all"));
    assert_eq!(target.lock().unwrap().snapshots, 1);
}

#[tokio::test]
async fn a_mirror_that_is_given_another_query_is_brought_to_that_one() {
    let (store, target) = (memory(), Shared::default());
    let livewell = running(&store, reaction("r", "all", Recovery::Strict, Mirror(target.clone()))).await;
    livewell.add_query(query("few", "MATCH (n:N) WHERE n.x < 3 RETURN n.id AS id, n.x AS x")).await.unwrap();
    send(&livewell, 0..6).await;
    idle(&livewell).await;
    livewell.stop("r").await.unwrap();
    livewell.add_reaction(reaction("r", "few", Recovery::Strict, Mirror(target.clone()))).await.unwrap();
    idle(&livewell).await;
    assert_eq!(target.lock().unwrap().rows, rows(&livewell, "few"));
    send(&livewell, 6..9).await;
    idle(&livewell).await;
    assert_eq!(target.lock().unwrap().rows, rows(&livewell, "few"));
}

/// A trigger that notes how far its queries were when it was started.
struct Noting(Arc<Mutex<Vec<Vec<Reached>>>>);

impl Reaction for Noting {
    fn role(&self) -> Role {
        Role::Trigger
    }

    fn style(&self) -> Style {
        Style::Results
    }

    fn start(&mut self, start: &Start<'_>) -> Result<Started, ReactionError> {
        self.0.lock().unwrap().push(start.heads.to_vec());
        Ok(Started { detail: vec![1], ..Started::default() })
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        Ok(Delivered::all(results, vec![1]))
    }
}

#[tokio::test]
async fn a_reaction_is_told_which_results_were_there_when_it_was_started() {
    let (store, starts) = (memory(), Arc::new(Mutex::new(Vec::new())));
    let make = || reaction("r", "all", Recovery::Strict, Noting(starts.clone()));
    let livewell = running(&store, make()).await;
    send(&livewell, 0..3).await;
    idle(&livewell).await;
    livewell.shutdown().await;
    drop(livewell);
    let livewell = running(&store, make()).await;
    idle(&livewell).await;
    let starts = starts.lock().unwrap();
    let sequences = |start: &Vec<Reached>| {
        start.iter().map(|head| (head.query_id.to_string(), head.sequence)).collect::<Vec<_>>()
    };
    assert_eq!(sequences(starts.last().unwrap()), [("all".to_owned(), 3)]);
}
