//! The promises of state-keeping reactions that take snapshots.

use super::sample::row_lines;
use super::{Bench, sample_rows};
use crate::{Reaction, ReactionError, Role, SnapshotOf, SnapshotRow, Started, Style};

/// Runs every promise of a state-keeper that takes snapshots, each on a bench of its own.
///
/// # Panics
/// If a promise does not hold.
pub fn state_keepers<B: Bench>(mut bench: impl FnMut() -> B) {
    it_begins_with_a_rebuild(&bench());
    a_snapshot_replaces_what_was_kept(&bench());
    a_kill_between_effect_and_checkpoint_is_mended(&bench());
    half_a_snapshot_is_never_seen(&bench());
    a_snapshot_that_breaks_off_changes_nothing(&bench());
}

fn started(bench: &impl Bench, detail: Option<&[u8]>) -> (Box<dyn Reaction>, Started) {
    let mut reaction = bench.reaction();
    assert_eq!((reaction.role(), reaction.style()), (Role::StateKeeper, Style::Snapshots));
    let started = super::start(&mut *reaction, detail).expect("starts");
    (reaction, started)
}

fn it_begins_with_a_rebuild(bench: &impl Bench) {
    let (_, first) = started(bench, None);
    assert!(first.rebuild, "nothing is kept at first");
    let (mut reaction, second) = started(bench, Some(&first.detail));
    assert!(second.rebuild, "nothing is kept until the first snapshot");
    sample_rows(0, 0, |empty| reaction.replace(empty)).expect("replaces");
    assert!(bench.effects().is_empty(), "a query without rows is kept as such");
}

fn a_snapshot_replaces_what_was_kept(bench: &impl Bench) {
    let (mut reaction, _) = started(bench, None);
    for (sequence, count) in [(1, 3), (2, 500), (9, 1), (10, 0), (11, 2)] {
        let detail = sample_rows(sequence, count, |rows| reaction.replace(rows)).expect("replaces");
        assert_eq!(bench.effects(), row_lines(sequence, count), "the snapshot is what is kept");
        let (again, taken_up) = started(bench, Some(&detail));
        assert_eq!(taken_up, Started { detail, ..Started::default() }, "what is kept needs no rebuild");
        reaction = again;
    }
}

fn a_kill_between_effect_and_checkpoint_is_mended(bench: &impl Bench) {
    let (mut reaction, _) = started(bench, None);
    let checkpoint = sample_rows(1, 3, |rows| reaction.replace(rows)).expect("replaces");
    sample_rows(2, 4, |rows| reaction.replace(rows)).expect("replaces");
    drop(reaction);
    // The older checkpoint and the newer state: asking for a rebuild is right, and so is continuing.
    let (mut reaction, _) = started(bench, Some(&checkpoint));
    sample_rows(2, 4, |rows| reaction.replace(rows)).expect("replaces");
    assert_eq!(bench.effects(), row_lines(2, 4), "the repeated snapshot is what is kept");
}

fn half_a_snapshot_is_never_seen(bench: &impl Bench) {
    let (mut reaction, _) = started(bench, None);
    let checkpoint = sample_rows(1, 3, |rows| reaction.replace(rows)).expect("replaces");
    drop(reaction);
    bench.leave_half_an_effect();
    assert_eq!(bench.effects(), row_lines(1, 3), "half a snapshot is never seen");
    let (mut reaction, _) = started(bench, Some(&checkpoint));
    sample_rows(2, 2, |rows| reaction.replace(rows)).expect("replaces");
    assert_eq!(bench.effects(), row_lines(2, 2), "half a snapshot does not hinder the next");
}

fn a_snapshot_that_breaks_off_changes_nothing(bench: &impl Bench) {
    let (mut reaction, _) = started(bench, None);
    let checkpoint = sample_rows(1, 3, |rows| reaction.replace(rows)).expect("replaces");
    let broken = sample_rows(2, 4, |whole| {
        let failure = std::iter::once_with(|| -> SnapshotRow { Err("the pin has expired".into()) });
        let mut rows = whole.rows.take(2).chain(failure);
        reaction.replace(SnapshotOf { rows: &mut rows, ..whole })
    });
    assert!(matches!(broken, Err(ReactionError::Snapshot { .. })), "a broken snapshot is an error");
    assert_eq!(bench.effects(), row_lines(1, 3), "a broken snapshot changes nothing");
    let (_, taken_up) = started(bench, Some(&checkpoint));
    assert!(!taken_up.rebuild, "the checkpoint still holds");
}
