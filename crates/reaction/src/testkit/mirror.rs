//! The promises of state-keeping reactions that take results and keep their checkpoint in the target.

use super::History;
use crate::{ErrorKind, Outgoing, Reaction, ReactionError, Role, SnapshotOf, SnapshotRow, Started, Style};
use livewell_model::{Diff, QueryResult, Timestamp, Value};
use std::collections::BTreeSet;

/// A target elsewhere and a reaction to it, seen by a test. Rows have the columns `id` (the key) and `note`.
pub trait Mirrored {
    /// Returns a reaction to that target, as a new process would make it.
    fn reaction(&self) -> Box<dyn Reaction>;

    /// Returns the rows in the target as JSON arrays `[id,note]`.
    fn rows(&self) -> BTreeSet<String>;

    /// Inserts a row that the reaction knows nothing about.
    fn put_foreign(&self, id: i64, note: &str);

    /// Deletes a row behind the reaction's back.
    fn take_away(&self, id: i64);

    /// Makes the target do this from now on.
    fn behave(&self, how: Behaviour);
}

/// How a target treats its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Works normally.
    Serve,
    /// Refuses every connection and closes the existing ones.
    Refuse,
    /// Accepts connections and never answers.
    Hang,
}

/// Runs every promise, each on a target of its own.
///
/// # Panics
/// If a promise does not hold.
pub fn mirrors<B: Mirrored>(mut target: impl FnMut() -> B) {
    it_begins_with_a_rebuild_and_follows_on(&target());
    a_kill_between_effect_and_checkpoint_effects_once(&target());
    a_snapshot_comes_in_by_difference_whatever_was_there(&target());
    a_snapshot_that_breaks_off_changes_nothing(&target());
    two_live_rows_of_one_key_stop_it_and_are_named(&target());
    a_target_that_someone_else_changed_is_not_built_upon(&target());
    a_target_that_was_away_goes_on_where_it_stood(&target());
    another_store_s_checkpoint_is_not_its_own(&target());
}

fn started(target: &impl Mirrored, detail: Option<&[u8]>) -> (Box<dyn Reaction>, Started) {
    let mut reaction = target.reaction();
    assert_eq!((reaction.role(), reaction.style()), (Role::StateKeeper, Style::Results));
    let started = super::start(&mut *reaction, detail).expect("starts");
    (reaction, started)
}

/// Returns a reaction that has taken the snapshot at `sequence`, with its detail.
fn kept(target: &impl Mirrored, history: &History, sequence: u64) -> (Box<dyn Reaction>, Vec<u8>) {
    let (mut reaction, started) = started(target, None);
    assert!(started.rebuild, "nothing is kept at first");
    let detail = history.snapshot(sequence, |snapshot| reaction.replace(snapshot)).expect("replaces");
    (reaction, detail)
}

fn deliver(reaction: &mut dyn Reaction, results: &[Outgoing<'_>]) -> Vec<u8> {
    let delivered = reaction.deliver(results).expect("delivers");
    assert_eq!(delivered.results, results.len());
    delivered.detail
}

fn reached(started: &Started) -> u64 {
    let [reached] = &started.reached[..] else { panic!("one query: {started:?}") };
    assert_eq!((reached.query_id.as_str(), reached.epoch), ("sample", 1));
    assert_eq!(reached.position, reached.sequence * 3);
    reached.sequence
}

fn it_begins_with_a_rebuild_and_follows_on(target: &impl Mirrored) {
    let history = History::new(1, 60);
    let (mut reaction, _) = kept(target, &history, 0);
    assert_eq!(target.rows(), history.rows(0), "a query without rows is kept as such");
    let mut at = 0;
    for step in [1, 1, 2, 5, 1, 10, 40] {
        deliver(&mut *reaction, &history.outgoing(at + 1..=at + step));
        at += step;
        assert_eq!(target.rows(), history.rows(at), "after sequence {at} of steps of {step}");
    }
    let (_, begun) = started(target, None);
    assert!(begun.rebuild && begun.reached.is_empty(), "a new start knows nothing");
}

fn a_kill_between_effect_and_checkpoint_effects_once(target: &impl Mirrored) {
    let history = History::new(2, 40);
    let (mut reaction, first) = kept(target, &history, 3);
    for at in 4..=40 {
        deliver(&mut *reaction, &history.outgoing(at..=at));
        drop(reaction);
        // The detail is as old as possible.
        let (again, taken_up) = started(target, Some(&first));
        assert_eq!(reached(&taken_up), at, "where the target stands wins");
        assert!(!taken_up.rebuild);
        reaction = again;
    }
    assert_eq!(target.rows(), history.rows(40));
}

fn a_snapshot_comes_in_by_difference_whatever_was_there(target: &impl Mirrored) {
    let history = History::new(3, 30);
    let (mut reaction, _) = kept(target, &history, 5);
    assert_eq!(target.rows(), history.rows(5));
    target.put_foreign(777, "foreign");
    history.snapshot(29, |snapshot| reaction.replace(snapshot)).expect("replaces");
    assert_eq!(target.rows(), history.rows(29), "what does not belong there is gone");
    deliver(&mut *reaction, &history.outgoing(30..=30));
    assert_eq!(target.rows(), history.rows(30), "and it follows on from the snapshot");
}

fn a_snapshot_that_breaks_off_changes_nothing(target: &impl Mirrored) {
    let history = History::new(4, 30);
    let (mut reaction, detail) = kept(target, &history, 20);
    let broken = history.snapshot(30, |whole| {
        let failure = std::iter::once_with(|| -> SnapshotRow { Err("the pin has expired".into()) });
        let mut rows = whole.rows.take(2).chain(failure);
        reaction.replace(SnapshotOf { rows: &mut rows, ..whole })
    });
    assert!(matches!(broken, Err(ReactionError::Snapshot { .. })), "a broken snapshot is an error");
    assert_eq!(target.rows(), history.rows(20), "a broken snapshot changes nothing");
    let (_, taken_up) = started(target, Some(&detail));
    assert_eq!(reached(&taken_up), 20);
}

fn two_live_rows_of_one_key_stop_it_and_are_named(target: &impl Mirrored) {
    let history = History::new(5, 20);
    let (mut reaction, _) = kept(target, &history, 19);
    let before = target.rows();
    let add = |row_signature, id: i64, note: &str| Diff::Add {
        row_signature,
        data: vec![Value::Int(id), Value::string(note)].into(),
    };
    let result = |diffs| QueryResult { sequence: 20, position: 60, timestamp: Timestamp(0), diffs };
    let twice = result(vec![add(900, 555, "the one"), add(901, 555, "the other")]);
    let taken = result(vec![add(902, 0, "the other")]);
    for (result, one) in [(&twice, "the one"), (&taken, "0")] {
        let error = reaction.deliver(&[history.outgoing_of(result)]).expect_err("two rows have one key");
        assert!(matches!(error, ReactionError::SameKey { .. }), "{error}");
        assert_eq!(error.kind(), ErrorKind::Stop);
        assert!(error.to_string().contains(one) && error.to_string().contains("the other"), "{error}");
        assert_eq!(target.rows(), before, "nothing of it is there");
    }
    let columns = super::columns();
    let row = |signature, note: &str| -> SnapshotRow {
        Ok((signature, vec![Value::Int(7), Value::string(note)].into()))
    };
    let mut rows = [row(1, "the one"), row(2, "the other")].into_iter();
    let (query_id, columns, rows) = ("sample", &columns, &mut rows);
    let error =
        reaction.replace(SnapshotOf { query_id, epoch: 1, sequence: 20, position: 60, columns, rows });
    let error = error.expect_err("two rows of the snapshot have one key").to_string();
    assert!(error.contains("the one") && error.contains("the other"), "{error}");
    assert_eq!(target.rows(), before, "nothing of it is there");
}

fn a_target_that_someone_else_changed_is_not_built_upon(target: &impl Mirrored) {
    let history = History::new(6, 20);
    let (mut reaction, _) = kept(target, &history, 20);
    let row = vec![Value::Int(0), Value::Null].into();
    let note = vec![Value::Int(0), Value::string("new")].into();
    target.take_away(0);
    let diffs = vec![Diff::Update { row_signature: 1, before: row, after: note }];
    let result = QueryResult { sequence: 21, position: 63, timestamp: Timestamp(0), diffs };
    let error = reaction.deliver(&[history.outgoing_of(&result)]).expect_err("the row is gone");
    assert!(matches!(error, ReactionError::Altered { .. }), "{error}");
    let (mut reaction, _) = started(target, None);
    history.snapshot(20, |snapshot| reaction.replace(snapshot)).expect("replaces");
    assert_eq!(target.rows(), history.rows(20), "a reset brings it back");
}

fn a_target_that_was_away_goes_on_where_it_stood(target: &impl Mirrored) {
    let history = History::new(7, 30);
    let (mut reaction, mut detail) = kept(target, &history, 0);
    for (at, how) in [(1, Behaviour::Refuse), (2, Behaviour::Hang), (3, Behaviour::Refuse)] {
        detail = deliver(&mut *reaction, &history.outgoing(at * 2 - 1..=at * 2 - 1));
        target.behave(how);
        let error = reaction.deliver(&history.outgoing(at * 2..=at * 2)).expect_err("the target is away");
        assert_eq!(error.kind(), ErrorKind::Wait, "{how:?}: {error}");
        let again = super::start(&mut *reaction, Some(&detail)).expect_err("it is still away");
        assert_eq!(again.kind(), ErrorKind::Wait, "{how:?}: {again}");
        target.behave(Behaviour::Serve);
        let (back, taken_up) = started(target, Some(&detail));
        reaction = back;
        // What was requested before it stopped may have been done.
        let stands = reached(&taken_up);
        assert!((at * 2 - 1..=at * 2).contains(&stands), "{stands}");
        if stands < at * 2 {
            deliver(&mut *reaction, &history.outgoing(at * 2..=at * 2));
        }
        assert_eq!(target.rows(), history.rows(at * 2), "{how:?}");
    }
    drop(detail);
}

fn another_store_s_checkpoint_is_not_its_own(target: &impl Mirrored) {
    let history = History::new(8, 20);
    let (mut reaction, detail) = kept(target, &history, 20);
    let now: crate::Now = std::sync::Arc::new(|| Timestamp(0));
    let store = "ffffffffffffffffffffffffffffffff";
    let (detail, attempts) = (Some(detail.as_slice()), std::sync::Arc::default());
    let start = crate::Start { store, reaction: "sample", detail, heads: &[], now, attempts };
    let other = reaction.start(&start).expect("starts");
    assert!(other.rebuild && other.reached.is_empty(), "another store's history is another one");
}
