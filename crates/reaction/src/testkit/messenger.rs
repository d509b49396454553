//! The promises of triggers that send messages under ids and cannot take one back: at least once, in order.

use super::{Behaviour, Sample};
use crate::{Delivered, ErrorKind, Outgoing, Reaction, Role};
use std::collections::HashSet;
use std::time::Duration;

/// How long a target is away in the longest promise.
const AWAY: Duration = Duration::from_secs(3600);
/// The longest pause between two attempts if the reaction requests none; the driver's own pauses grow up to it.
const PAUSE: Duration = Duration::from_secs(10);

/// A target of messages and a reaction to it, seen by a test. A message holds one result of the sample.
pub trait Messaged {
    /// Returns a reaction to that target, as a new process would make it.
    fn reaction(&self) -> Box<dyn Reaction>;

    /// Returns every message that the target has taken, in the order in which they came: its id and its body. A
    /// repeated message may be there twice.
    fn taken(&self) -> Vec<(String, String)>;

    /// Makes the target do this from now on.
    fn behave(&self, how: Behaviour);
}

/// Runs every promise, each on a target of its own.
///
/// # Panics
/// If a promise does not hold.
pub fn messengers<M: Messaged>(mut target: impl FnMut() -> M) {
    messages_go_out_in_order_each_under_an_id_of_its_own(&target());
    a_kill_between_effect_and_checkpoint_repeats_the_same_under_the_same_ids(&target());
    nothing_overtakes_what_a_target_does_not_take(&target());
    a_target_that_comes_back_after_an_hour_gets_everything(&target());
    a_start_without_a_checkpoint_sends_nothing_by_itself(&target());
}

fn started(target: &impl Messaged, detail: Option<&[u8]>) -> (Box<dyn Reaction>, Vec<u8>) {
    let mut reaction = target.reaction();
    assert_eq!(reaction.role(), Role::Trigger);
    let started = super::start(&mut *reaction, detail).expect("starts");
    assert!(!started.rebuild && started.reached.is_empty(), "it keeps nothing and knows of nothing");
    (reaction, started.detail)
}

/// Delivers until all is delivered, as the driver does, without its pauses.
fn deliver_all(reaction: &mut dyn Reaction, results: &[Outgoing<'_>]) -> Vec<u8> {
    let (mut done, mut last) = (0, Vec::new());
    while done < results.len() {
        match reaction.deliver(&results[done..]) {
            Ok(Delivered { results, detail, dead }) => {
                assert!(dead.is_empty(), "a message that the target takes is not a dead letter");
                (done, last) = (done + results, detail);
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Wait, "{error}"),
        }
    }
    last
}

/// Returns the messages that a target handles if it remembers the ids it has seen.
fn handled(target: &impl Messaged) -> Vec<String> {
    let mut seen = HashSet::new();
    target.taken().into_iter().filter(|(id, _)| seen.insert(id.clone())).map(|(_, body)| body).collect()
}

fn messages_go_out_in_order_each_under_an_id_of_its_own(target: &impl Messaged) {
    let sample = Sample::new(120);
    let (mut reaction, _) = started(target, None);
    for range in [1..=1, 2..=20, 21..=120] {
        deliver_all(&mut *reaction, &sample.outgoing(range));
    }
    let bodies: Vec<String> = target.taken().into_iter().map(|(_, body)| body).collect();
    assert_eq!(bodies, sample.lines(1..=120), "in order, once each, as nothing failed");
    assert_eq!(handled(target), bodies, "each has an id of its own");
}

fn a_kill_between_effect_and_checkpoint_repeats_the_same_under_the_same_ids(target: &impl Messaged) {
    let sample = Sample::new(9);
    let (mut reaction, _) = started(target, None);
    let checkpoint = deliver_all(&mut *reaction, &sample.outgoing(1..=3));
    for _ in 0..3 {
        deliver_all(&mut *reaction, &sample.outgoing(4..=6));
        drop(reaction);
        let (again, detail) = started(target, Some(&checkpoint));
        assert_eq!(detail, checkpoint, "a start goes back to its checkpoint");
        reaction = again;
    }
    deliver_all(&mut *reaction, &sample.outgoing(4..=9));
    assert_eq!(handled(target), sample.lines(1..=9), "whoever remembers ids handles each once, in order");
    let mut bodies = std::collections::HashMap::new();
    for (id, body) in target.taken() {
        let first = bodies.entry(id).or_insert_with(|| body.clone());
        assert_eq!(*first, body, "what comes again is the same, byte for byte");
    }
}

fn nothing_overtakes_what_a_target_does_not_take(target: &impl Messaged) {
    let sample = Sample::new(8);
    let (mut reaction, _) = started(target, None);
    for (at, how) in (1..).zip([Behaviour::Refuse, Behaviour::Hang, Behaviour::Refuse, Behaviour::Hang]) {
        deliver_all(&mut *reaction, &sample.outgoing(at * 2 - 1..=at * 2 - 1));
        target.behave(how);
        let error = reaction.deliver(&sample.outgoing(at * 2..=8)).expect_err("the target takes nothing");
        assert_eq!(error.kind(), ErrorKind::Wait, "{how:?}: {error}");
        target.behave(Behaviour::Serve);
        deliver_all(&mut *reaction, &sample.outgoing(at * 2..=at * 2));
        assert_eq!(handled(target), sample.lines(1..=at * 2), "after {how:?}");
    }
}

fn a_target_that_comes_back_after_an_hour_gets_everything(target: &impl Messaged) {
    let sample = Sample::new(3);
    let (mut reaction, _) = started(target, None);
    deliver_all(&mut *reaction, &sample.outgoing(1..=1));
    target.behave(Behaviour::Refuse);
    let mut away = Duration::ZERO;
    while away < AWAY {
        let error = reaction.deliver(&sample.outgoing(2..=3)).expect_err("the target is away");
        assert_eq!(error.kind(), ErrorKind::Wait, "after {away:?}: {error}");
        away += error.after().unwrap_or(PAUSE);
    }
    target.behave(Behaviour::Serve);
    deliver_all(&mut *reaction, &sample.outgoing(2..=3));
    assert_eq!(handled(target), sample.lines(1..=3));
}

fn a_start_without_a_checkpoint_sends_nothing_by_itself(target: &impl Messaged) {
    let sample = Sample::new(2);
    let (mut reaction, _) = started(target, None);
    assert!(target.taken().is_empty(), "a start has no effect");
    let checkpoint = deliver_all(&mut *reaction, &sample.outgoing(1..=1));
    assert_eq!(
        reaction.deliver(&[]).expect("delivers").detail,
        checkpoint,
        "nothing delivered changes nothing"
    );
    assert_eq!(target.taken().len(), 1);
}
