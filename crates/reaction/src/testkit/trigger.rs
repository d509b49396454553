//! The promises of triggers with effects outside.

use super::{Bench, Sample};
use crate::{Reaction, Role};

/// Runs every promise of a trigger that effects its input exactly once, each on a bench of its own.
///
/// # Panics
/// If a promise does not hold.
pub fn triggers<B: Bench>(mut bench: impl FnMut() -> B) {
    results_are_effected_in_order(&bench());
    a_kill_between_effect_and_checkpoint_effects_once(&bench());
    a_kill_before_the_first_checkpoint_of_a_delivery_effects_once(&bench());
    half_an_effect_is_taken_back(&bench());
    nothing_to_deliver_changes_nothing(&bench());
}

fn started(bench: &impl Bench, detail: Option<&[u8]>) -> (Box<dyn Reaction>, Vec<u8>) {
    let mut reaction = bench.reaction();
    assert_eq!(reaction.role(), Role::Trigger);
    let started = super::start(&mut *reaction, detail).expect("starts");
    assert!(!started.rebuild, "a trigger keeps nothing that could be rebuilt");
    (reaction, started.detail)
}

fn results_are_effected_in_order(bench: &impl Bench) {
    let sample = Sample::new(5);
    let (mut reaction, _) = started(bench, None);
    for range in [1..=1, 2..=4, 5..=5] {
        reaction.deliver(&sample.outgoing(range)).expect("delivers");
    }
    assert_eq!(bench.effects(), sample.lines(1..=5), "results are effected in order");
}

fn a_kill_between_effect_and_checkpoint_effects_once(bench: &impl Bench) {
    let sample = Sample::new(6);
    let (mut reaction, _) = started(bench, None);
    let checkpoint = reaction.deliver(&sample.outgoing(1..=2)).expect("delivers").detail;
    for _ in 0..3 {
        reaction.deliver(&sample.outgoing(3..=4)).expect("delivers");
        drop(reaction);
        let (again, detail) = started(bench, Some(&checkpoint));
        assert_eq!(detail, checkpoint, "a start goes back to its checkpoint");
        reaction = again;
    }
    reaction.deliver(&sample.outgoing(3..=6)).expect("delivers");
    assert_eq!(bench.effects(), sample.lines(1..=6), "an effect without its checkpoint is there once");
}

fn a_kill_before_the_first_checkpoint_of_a_delivery_effects_once(bench: &impl Bench) {
    let sample = Sample::new(2);
    let (_, _) = started(bench, None);
    let (mut reaction, first) = started(bench, None);
    reaction.deliver(&sample.outgoing(1..=1)).expect("delivers");
    drop(reaction);
    let (mut reaction, _) = started(bench, Some(&first));
    reaction.deliver(&sample.outgoing(1..=2)).expect("delivers");
    assert_eq!(
        bench.effects(),
        sample.lines(1..=2),
        "the detail of the start is a checkpoint like any other"
    );
}

fn half_an_effect_is_taken_back(bench: &impl Bench) {
    let sample = Sample::new(3);
    let (mut reaction, _) = started(bench, None);
    let checkpoint = reaction.deliver(&sample.outgoing(1..=1)).expect("delivers").detail;
    drop(reaction);
    bench.leave_half_an_effect();
    let (mut reaction, _) = started(bench, Some(&checkpoint));
    assert_eq!(bench.effects(), sample.lines(1..=1), "half an effect is taken back at the start");
    reaction.deliver(&sample.outgoing(2..=2)).expect("delivers");
    bench.leave_half_an_effect();
    reaction.deliver(&sample.outgoing(3..=3)).expect("delivers");
    assert_eq!(bench.effects(), sample.lines(1..=3), "half an effect is taken back before the next");
}

fn nothing_to_deliver_changes_nothing(bench: &impl Bench) {
    let (mut reaction, detail) = started(bench, None);
    assert_eq!(
        reaction.deliver(&[]).expect("delivers").detail,
        detail,
        "nothing delivered leaves the detail"
    );
    assert!(bench.effects().is_empty(), "nothing delivered has no effect");
}
