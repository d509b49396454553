//! `kind: webhook`: every change as an HTTP request, in order and at least once.
//!
//! A message goes out after the one before it was taken (any 2xx) or set aside. Its id is made of what it is
//! about, so that one that is repeated after a crash has the id it had before; the checkpoint counts the messages
//! inside a result, so that a large one does not start over.

mod address;
mod retry;
mod send;
mod settings;
mod sign;

pub use crate::message::Each;
pub use settings::WebhookSettings;

use crate::message::Messages;
use crate::place::Place;
use crate::{
    DeadLetter, Delivered, OnRefusal, Outgoing, Reaction, ReactionError, Role, Start, Started, Style,
};
use send::{Answer, Sender};
use serde::de::IgnoredAny;
use settings::NEEDS_JSON;
use std::time::{Duration, Instant};

/// A delivery returns after this time or this many messages, so that the checkpoint follows soon.
const SLICE: Duration = Duration::from_millis(100);
const SLICE_MESSAGES_MAX: usize = 100;

/// The end of the key of a letter whose template could not be filled in; its body is what the message is about.
const UNFILLED: &str = " unfilled";

/// Sends query results to a URL.
pub struct Webhook {
    settings: WebhookSettings,
    on_refusal: OnRefusal,
    running: Option<Running>,
    /// The message that was not taken yet, and how often it was sent.
    attempts: Option<(String, u32)>,
    /// Why the message after those of the last delivery was not taken.
    failed: Option<ReactionError>,
}

/// What a start makes.
struct Running {
    messages: Messages,
    sender: Sender,
    place: Place,
}

impl Webhook {
    /// Sends to the URL in `settings`. Does no IO yet.
    pub fn new(settings: WebhookSettings) -> Self {
        let on_refusal = OnRefusal::Stop;
        Self { settings, on_refusal, running: None, attempts: None, failed: None }
    }

    /// What becomes of messages that its template cannot make.
    #[must_use]
    pub fn on_refusal(self, on_refusal: OnRefusal) -> Self {
        Self { on_refusal, ..self }
    }

    /// Refuses a body that is signed and not JSON.
    fn check(&self, key: &str, body: Vec<u8>) -> Result<Vec<u8>, ReactionError> {
        if self.settings.secret.is_some() && serde_json::from_slice::<IgnoredAny>(&body).is_err() {
            let cause = format!("what comes out is not JSON, {NEEDS_JSON}");
            return Err(ReactionError::Template { key: key.to_owned(), cause });
        }
        Ok(body)
    }

    /// Sends one message; a letter where it is given up.
    fn send(&mut self, outgoing: &Outgoing<'_>, index: usize) -> Result<Option<DeadLetter>, ReactionError> {
        let running = self.running.as_ref().ok_or(ReactionError::NotStarted)?;
        let key = running.messages.key(outgoing, index, running.place.form(outgoing));
        let body = running.messages.body(outgoing, index, &key);
        let body = match body.and_then(|body| self.check(&key, body)) {
            Ok(body) => body,
            Err(error) if self.on_refusal == OnRefusal::DeadLetter => {
                let (key, body) = (format!("{key}{UNFILLED}"), running.messages.unfilled(outgoing, index));
                return Ok(Some(DeadLetter { key, body, reason: error.to_string() }));
            }
            Err(error) => return Err(error),
        };
        let (cause, patience) = match running.sender.send(&key, &body)? {
            Answer::Taken => {
                self.attempts = None;
                return Ok(None);
            }
            Answer::Refused { cause, patience } => (cause, patience),
        };
        let before = self.attempts.take().filter(|(sent, _)| *sent == key).map_or(0, |(_, count)| count);
        let count = before + 1;
        if count > self.settings.retries {
            let reason = format!("{cause}; sent {count} times");
            return Ok(Some(DeadLetter { key, body, reason }));
        }
        let after = retry::pause(&self.settings, &key, count).max(patience.unwrap_or_default());
        self.attempts = Some((key, count));
        Err(ReactionError::Away { target: running.sender.host().to_owned(), cause, after: Some(after) })
    }

    /// Goes past the message at the place.
    fn pass(&mut self, outgoing: &Outgoing<'_>, delivered: &mut Delivered) {
        let Some(running) = &mut self.running else { return };
        delivered.results += usize::from(running.place.pass(outgoing, running.messages.count(outgoing)));
        delivered.detail = running.place.encode();
    }
}

impl Reaction for Webhook {
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
        let sender = match self.running.take() {
            Some(running) => running.sender,
            None => Sender::new(&self.settings, start.now.clone())?,
        };
        self.running = Some(Running { messages, sender, place });
        self.failed = None;
        Ok(Started { detail, ..Started::default() })
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let place = &self.running.as_ref().ok_or(ReactionError::NotStarted)?.place;
        let mut delivered = Delivered { detail: place.encode(), ..Delivered::default() };
        let (began, mut sent) = (Instant::now(), 0);
        while let Some(outgoing) = results.get(delivered.results) {
            let index = self.running.as_ref().map_or(0, |running| running.place.within(outgoing));
            match self.send(outgoing, index) {
                Ok(letter) => delivered.dead.extend(letter),
                Err(error) if sent == 0 => return Err(error),
                Err(error) => {
                    // What went out before it is checkpointed first.
                    self.failed = Some(error);
                    break;
                }
            }
            self.pass(outgoing, &mut delivered);
            sent += 1;
            if sent == SLICE_MESSAGES_MAX || began.elapsed() > SLICE {
                break;
            }
        }
        Ok(delivered)
    }

    fn resend(&mut self, letter: &DeadLetter) -> Result<(), ReactionError> {
        let Running { messages, sender, .. } = self.running.as_ref().ok_or(ReactionError::NotStarted)?;
        let (key, body) = match letter.key.strip_suffix(UNFILLED) {
            None => (letter.key.as_str(), letter.body.clone()),
            Some(key) => (key, self.check(key, messages.body_again(&letter.body, key)?)?),
        };
        match sender.send(key, &body)? {
            Answer::Taken => Ok(()),
            Answer::Refused { cause, .. } => {
                Err(ReactionError::Refused { target: sender.host().to_owned(), cause })
            }
        }
    }
}
