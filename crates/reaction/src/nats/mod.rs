//! `kind: nats`: every change as a message of a JetStream, in order and at least once.
//!
//! A message goes out after the stream has acknowledged the one before it. Its `Nats-Msg-Id` is made of what it is
//! about, so that a stream recognises one that is repeated after a crash; the checkpoint counts the messages inside a
//! result, so that a large one does not start over.

mod publish;
mod settings;

pub use crate::message::Each;
pub use settings::NatsSettings;

use crate::message::Messages;
use crate::place::Place;
use crate::template::{Purpose, Template};
use crate::{DeadLetter, Delivered, Outgoing, Reaction, ReactionError, Role, Start, Started, Style};
use publish::{Answer, Publisher, refused};
use std::time::{Duration, Instant};

/// A delivery returns after this time or this many messages, so that the checkpoint follows soon.
const SLICE: Duration = Duration::from_millis(100);
const SLICE_MESSAGES_MAX: usize = 1_000;

/// Publishes query results to a NATS server.
pub struct Nats {
    settings: NatsSettings,
    running: Option<Running>,
}

/// What a start makes.
struct Running {
    messages: Messages,
    subject: Template,
    publisher: Publisher,
    place: Place,
}

impl Nats {
    /// Publishes to the server in `settings`. Does no IO yet.
    pub fn new(settings: NatsSettings) -> Self {
        Self { settings, running: None }
    }
}

impl Running {
    /// Publishes one message; a letter where no stream will ever take it.
    fn publish(
        &mut self,
        outgoing: &Outgoing<'_>,
        index: usize,
    ) -> Result<Option<DeadLetter>, ReactionError> {
        let key = self.messages.key(outgoing, index, self.place.form(outgoing));
        let subject = self.messages.fill(&self.subject, outgoing, index, &key)?;
        if !is_subject(&subject) {
            let cause = format!("`{subject}` is no subject to publish {key} to; mend `subject`");
            return Err(refused(cause));
        }
        let body = self.messages.body(outgoing, index, &key)?;
        Ok(match self.publisher.publish(&subject, &key, &body)? {
            Answer::Taken => None,
            Answer::Unfit(reason) => Some(DeadLetter { key: format!("{key} {subject}"), body, reason }),
        })
    }

    /// Goes past the message at the place.
    fn pass(&mut self, outgoing: &Outgoing<'_>, delivered: &mut Delivered) {
        delivered.results += usize::from(self.place.pass(outgoing, self.messages.count(outgoing)));
        delivered.detail = self.place.encode();
    }
}

/// Whether a message can be published to it.
fn is_subject(subject: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && !word.contains(['*', '>']) && !word.contains(char::is_whitespace);
    subject.split('.').all(is_word)
}

impl Reaction for Nats {
    fn role(&self) -> Role {
        Role::Trigger
    }

    fn style(&self) -> Style {
        Style::Results
    }

    fn start(&mut self, start: &Start<'_>) -> Result<Started, ReactionError> {
        let place = Place::of(start, SLICE_MESSAGES_MAX)?;
        let detail = place.encode();
        let messages = Messages::new(start, self.settings.each, self.settings.template.as_deref())?;
        let subject = Template::compile(&self.settings.subject, Purpose::Subject)
            .map_err(|cause| ReactionError::Template { key: "any subject".into(), cause })?;
        let publisher = match self.running.take() {
            Some(running) => running.publisher,
            None => Publisher::new(&self.settings)?,
        };
        self.running = Some(Running { messages, subject, publisher, place });
        Ok(Started { detail, ..Started::default() })
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        let running = self.running.as_mut().ok_or(ReactionError::NotStarted)?;
        let mut delivered = Delivered { detail: running.place.encode(), ..Delivered::default() };
        let (began, mut sent) = (Instant::now(), 0);
        while let Some(outgoing) = results.get(delivered.results) {
            match running.publish(outgoing, running.place.within(outgoing)) {
                Ok(letter) => delivered.dead.extend(letter),
                Err(error) if sent == 0 => return Err(error),
                // What went out before it is checkpointed first; the next delivery meets it again.
                Err(_) => break,
            }
            running.pass(outgoing, &mut delivered);
            sent += 1;
            if sent == SLICE_MESSAGES_MAX || began.elapsed() > SLICE {
                break;
            }
        }
        Ok(delivered)
    }

    fn resend(&mut self, letter: &DeadLetter) -> Result<(), ReactionError> {
        let publisher = &mut self.running.as_mut().ok_or(ReactionError::NotStarted)?.publisher;
        let (key, subject) = letter.key.split_once(' ').unwrap_or((&letter.key, ""));
        match publisher.publish(subject, key, &letter.body)? {
            Answer::Taken => Ok(()),
            Answer::Unfit(cause) => Err(refused(cause)),
        }
    }
}
