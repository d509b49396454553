//! Messengers and callbacks that a program brings itself.

use livewell_model::{QueryResult, Timestamp};
use livewell_reaction::messenger::{Answer, Message, MessengerSettings};
use livewell_reaction::testkit::{Behaviour, Messaged, Sample, messengers, start};
use livewell_reaction::{
    Callback, ErrorKind, Messenger, Outgoing, Reaction, ReactionError, Role, Style, Transport,
};
use std::sync::{Arc, Mutex};

/// A message: its key and body.
type Sent = (String, String);

/// What a target does, and what it has taken.
#[derive(Clone)]
struct Target(Arc<Mutex<(Behaviour, Vec<Sent>)>>);

impl Target {
    fn new() -> Self {
        Self(Arc::new(Mutex::new((Behaviour::Serve, Vec::new()))))
    }

    fn take(&self, key: &str, body: &str) -> Result<(), String> {
        let (how, taken) = &mut *self.0.lock().unwrap();
        if *how != Behaviour::Serve {
            return Err(format!("{how:?}"));
        }
        taken.push((key.to_owned(), body.to_owned()));
        Ok(())
    }

    fn taken(&self) -> Vec<(String, String)> {
        self.0.lock().unwrap().1.clone()
    }

    fn behave(&self, how: Behaviour) {
        self.0.lock().unwrap().0 = how;
    }
}

/// Refuses now and then, by an answer.
struct Answering(Target);

impl Transport for Answering {
    fn target(&self) -> String {
        "the list".to_owned()
    }

    fn send(&mut self, message: &Message<'_>) -> Result<Answer, ReactionError> {
        let taken = self.0.take(message.key, std::str::from_utf8(message.body).unwrap());
        Ok(taken.map_or_else(
            |cause| Answer::Refused { cause, patience: None },
            |()| Answer::Taken("received".into()),
        ))
    }
}

impl Messaged for Answering {
    fn reaction(&self) -> Box<dyn Reaction> {
        Box::new(Messenger::new(Answering(self.0.clone()), MessengerSettings::default()))
    }

    fn taken(&self) -> Vec<(String, String)> {
        self.0.taken()
    }

    fn behave(&self, how: Behaviour) {
        self.0.behave(how);
    }
}

/// A closure that pushes to the list.
struct Closure(Target);

impl Messaged for Closure {
    fn reaction(&self) -> Box<dyn Reaction> {
        let target = self.0.clone();
        Box::new(Callback::new(move |outgoing: &Outgoing<'_>| {
            let key = format!("{}:{}:{}", outgoing.query_id, outgoing.epoch, outgoing.result.sequence);
            target.take(&key, &serde_json::to_string(&outgoing.shape()).unwrap())
        }))
    }

    fn taken(&self) -> Vec<(String, String)> {
        self.0.taken()
    }

    fn behave(&self, how: Behaviour) {
        self.0.behave(how);
    }
}

#[test]
fn a_transport_of_a_program_passes_the_suite_of_messengers() {
    messengers(|| Answering(Target::new()));
}

#[test]
fn a_closure_passes_the_suite_of_messengers() {
    messengers(|| Closure(Target::new()));
}

#[test]
fn a_closure_says_itself_what_stops_it() {
    let mut reaction = Callback::new(|outgoing: &Outgoing<'_>| match outgoing.result.sequence {
        2 => Err(ReactionError::Refused { target: "the list".into(), cause: "full for good".into() }),
        _ => Ok(()),
    });
    assert_eq!((reaction.role(), reaction.style()), (Role::Trigger, Style::Results));
    start(&mut reaction, None).unwrap();
    let sample = Sample::new(3);
    assert_eq!(reaction.deliver(&sample.outgoing(1..=3)).unwrap().results, 1, "what was done counts");
    let error = reaction.deliver(&sample.outgoing(2..=3)).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Stop, "LW0410"));
}

#[test]
fn a_result_without_diffs_makes_no_message_for_each_diff() {
    let target = Target::new();
    let mut reaction = Answering(target.clone()).reaction();
    start(&mut *reaction, None).unwrap();
    let result = QueryResult { sequence: 1, position: 3, timestamp: Timestamp(0), diffs: Vec::new() };
    let outgoing = Outgoing { query_id: "q", epoch: 1, columns: &[], result: &result };
    assert_eq!(reaction.deliver(&[outgoing]).unwrap().results, 1);
    assert!(target.taken().is_empty());
}
