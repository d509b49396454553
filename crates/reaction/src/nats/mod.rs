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
use crate::{
    DeadLetter, Delivered, OnRefusal, Outgoing, Reaction, ReactionError, Role, Start, Started, Style,
};
use publish::{Answer, Publisher, refused};
use std::time::{Duration, Instant};

/// A delivery returns after this time or this many messages, so that the checkpoint follows soon.
const SLICE: Duration = Duration::from_millis(100);
const SLICE_MESSAGES_MAX: usize = 1_000;

/// Publishes query results to a NATS server.
pub struct Nats {
    settings: NatsSettings,
    on_refusal: OnRefusal,
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
        Self { settings, on_refusal: OnRefusal::Stop, running: None }
    }

    /// What becomes of messages that its templates cannot make.
    #[must_use]
    pub fn on_refusal(self, on_refusal: OnRefusal) -> Self {
        Self { on_refusal, ..self }
    }
}

impl Running {
    /// Publishes one message; a letter where no stream will ever take it.
    fn publish(
        &mut self,
        outgoing: &Outgoing<'_>,
        index: usize,
        on_refusal: OnRefusal,
    ) -> Result<Option<DeadLetter>, ReactionError> {
        let key = self.messages.key(outgoing, index, self.place.form(outgoing));
        let filled = self.messages.fill(&self.subject, outgoing, index, &key);
        let filled = filled
            .and_then(|subject| checked(subject, &key))
            .and_then(|subject| Ok((subject, self.messages.body(outgoing, index, &key)?)));
        let (subject, body) = match filled {
            Ok(filled) => filled,
            Err(error) if on_refusal == OnRefusal::DeadLetter => {
                let (body, reason) = (self.messages.unfilled(outgoing, index), error.to_string());
                return Ok(Some(DeadLetter { key, body, reason }));
            }
            Err(error) => return Err(error),
        };
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

/// The subject of a message, if one can be published to it.
fn checked(subject: String, key: &str) -> Result<String, ReactionError> {
    match is_subject(&subject) {
        true => Ok(subject),
        false => Err(refused(format!(
            "`{subject}` is not a subject, so {key} cannot be published to it; correct `subject`"
        ))),
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
            match running.publish(outgoing, running.place.within(outgoing), self.on_refusal) {
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
        let Running { messages, subject, publisher, .. } =
            self.running.as_mut().ok_or(ReactionError::NotStarted)?;
        let answer = match letter.key.split_once(' ') {
            Some((key, subject)) => publisher.publish(subject, key, &letter.body)?,
            // It was set aside before it had a subject.
            None => {
                let key = &letter.key;
                let subject = checked(messages.fill_again(subject, &letter.body, key)?, key)?;
                publisher.publish(&subject, key, &messages.body_again(&letter.body, key)?)?
            }
        };
        match answer {
            Answer::Taken => Ok(()),
            Answer::Unfit(cause) => Err(refused(cause)),
        }
    }
}
