//! Messengers: send every change as a message, in order and at least once.
//!
//! A [`Transport`] sends one message; the [`Messenger`] around it does everything else, in the same way for every kind.
//! A message goes out after the one before it was taken or set aside. Its key is derived from its content, so that a
//! message that is repeated after a crash has the same key. The checkpoint counts the messages inside a result, so that
//! a large one does not start over.

mod letter;
pub(crate) mod messages;
pub(crate) mod place;
pub mod preview;
pub(crate) mod retry;
#[cfg(feature = "webhook")]
mod stand_in;
pub(crate) mod template;
pub(crate) mod transport;
mod tries;

pub use messages::Each;
pub use retry::Retries;
pub use transport::{Answer, Message, Transport};

use crate::attempts::{Attempts, What};
use crate::slice::Slices;
use crate::{
    DeadLetter, Delivered, Now, OnRefusal, Outgoing, Reaction, ReactionError, Role, Start, Started, Style,
};
use letter::Letter;
use messages::Messages;
use place::Place;
use std::sync::Arc;
use template::{Purpose, Template};
use tries::{Begun, Sent, Tries};

/// What a messenger sends, and what it does about messages that are not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessengerSettings {
    /// What a message contains.
    pub each: Each,
    /// A minijinja template of the body; without one the body is the result in JSON.
    pub template: Option<String>,
    /// A minijinja template of the address: a subject, a topic. `None` if all messages go to one place.
    pub address: Option<String>,
    /// What becomes of messages that the templates cannot make or that [`Transport::check`] refuses.
    pub on_refusal: OnRefusal,
    /// How often a message that is refused is sent again.
    pub retries: Retries,
    /// How many messages are sent at most before the checkpoint follows, and so are repeated after a crash.
    pub slice_messages_max: usize,
}

impl Default for MessengerSettings {
    /// Returns settings for a message for each diff, in JSON; a message that cannot be made stops the reaction.
    fn default() -> Self {
        Self {
            each: Each::default(),
            template: None,
            address: None,
            on_refusal: OnRefusal::default(),
            retries: Retries::default(),
            slice_messages_max: 1_000,
        }
    }
}

/// Sends query results as messages through a [`Transport`].
///
/// ```
/// use livewell_model::{Diff, QueryResult, Timestamp, Value};
/// use livewell_reaction::messenger::{Answer, Message, Messenger, MessengerSettings, Transport};
/// use livewell_reaction::{Outgoing, Reaction, ReactionError, Start};
/// use std::sync::{Arc, mpsc};
///
/// /// Sends to a channel of this program.
/// struct Channel(mpsc::Sender<(String, String)>);
///
/// impl Transport for Channel {
///     fn target(&self) -> String {
///         "the channel".to_owned()
///     }
///
///     fn send(&mut self, message: &Message<'_>) -> Result<Answer, ReactionError> {
///         let body = String::from_utf8_lossy(message.body).into_owned();
///         let sent = self.0.send((message.key.to_owned(), body));
///         // It is tried again later, and nothing overtakes it.
///         let cause = "nobody receives".to_owned();
///         let away = |_| ReactionError::Away { target: self.target(), cause, after: None };
///         sent.map(|()| Answer::Taken("received".into())).map_err(away)
///     }
/// }
///
/// let (sender, received) = mpsc::channel();
/// let settings = MessengerSettings { template: Some("{{ row.flight }} is late".into()), ..Default::default() };
/// let mut messenger = Messenger::new(Channel(sender), settings);
///
/// // What a running Livewell does with it:
/// let now = Arc::new(|| Timestamp(0));
/// let attempts = Arc::default();
/// messenger.start(&Start { store: "5707e", reaction: "notes", detail: None, heads: &[], now, attempts })?;
/// let diffs = vec![Diff::Add { row_signature: 1, data: vec![Value::from("UA1")].into() }];
/// let result = QueryResult { sequence: 42, position: 977, timestamp: Timestamp(0), diffs };
/// let columns = ["flight".into()];
/// messenger.deliver(&[Outgoing { query_id: "late", epoch: 1, columns: &columns, result: &result }])?;
///
/// assert_eq!(received.recv()?, ("5707e:notes:late:1:42:0".to_owned(), "UA1 is late".to_owned()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Messenger<T> {
    transport: T,
    settings: MessengerSettings,
    running: Option<Running>,
    /// The key of the message that was tried last and is to be tried again, and how often it was.
    tried: Option<(String, Tries)>,
    slices: Slices,
}

/// The state between a start and the next.
struct Running {
    messages: Messages,
    address: Option<Template>,
    place: Place,
    attempts: Arc<Attempts>,
    now: Now,
}

/// The address and the body of a message.
type Made = (String, Vec<u8>);

impl<T: Transport> Messenger<T> {
    /// Creates a messenger that sends through `transport`. Does no I/O yet.
    pub fn new(transport: T, settings: MessengerSettings) -> Self {
        Self { transport, settings, running: None, tried: None, slices: Slices::default() }
    }

    /// Sets what becomes of messages that cannot be made.
    #[must_use]
    pub fn on_refusal(mut self, on_refusal: OnRefusal) -> Self {
        self.settings.on_refusal = on_refusal;
        self
    }

    /// Tries to send the message at the place, and notes it; returns a letter if it is given up.
    fn send(&mut self, outgoing: &Outgoing<'_>) -> Result<Option<DeadLetter>, ReactionError> {
        let running = self.running.as_ref().ok_or(ReactionError::NotStarted)?;
        let index = running.place.within(outgoing);
        let key = running.messages.key(outgoing, index, running.place.form(outgoing));
        let what = running.messages.what(outgoing, index, &key);
        let (begun, attempts) = (Begun::now(&running.now), running.attempts.clone());
        let before = self.tried.take().filter(|(tried, _)| *tried == key);
        let mut tries = before.map_or_else(|| begun.first(), |(_, tries)| tries);
        tries.made += 1;
        let sent = self.send_as(outgoing, index, &key, &mut tries);
        attempts.push(begun.over(what, tries.made, &sent));
        if sent.is_err() {
            self.tried = Some((key, tries));
        }
        sent.map(Sent::letter)
    }

    /// Sends message `index` under this key.
    fn send_as(
        &mut self,
        outgoing: &Outgoing<'_>,
        index: usize,
        key: &str,
        tries: &mut Tries,
    ) -> Result<Sent, ReactionError> {
        let running = self.running.as_ref().ok_or(ReactionError::NotStarted)?;
        let made = running.make(outgoing, index, key).and_then(|made| self.checked(key, made));
        let (address, body) = match made {
            Ok(made) => made,
            Err(error) if self.settings.on_refusal == OnRefusal::DeadLetter => {
                let key = Letter::Unfilled { key }.encode();
                let body = running.messages.unfilled(outgoing, index);
                let origin = Some(running.messages.origin(outgoing, index, *tries));
                return Ok(Sent::GivenUp(DeadLetter { key, body, reason: error.to_string(), origin }));
            }
            Err(error) => return Err(error),
        };
        let reason = match self.transport.send(&Message { key, address: &address, body: &body })? {
            Answer::Taken(said) => return Ok(Sent::Taken(said)),
            Answer::Unfit(reason) => reason,
            Answer::Refused { cause, patience } => {
                tries.refused += 1;
                if tries.refused <= self.settings.retries.count {
                    let pause = self.settings.retries.pause(key, tries.refused);
                    let after = Some(pause.max(patience.unwrap_or_default()));
                    return Err(ReactionError::Away { target: self.transport.target(), cause, after });
                }
                format!("{cause}; sent {} times", tries.refused)
            }
        };
        let running = self.running.as_ref().ok_or(ReactionError::NotStarted)?;
        let origin = Some(running.messages.origin(outgoing, index, *tries));
        let key = Letter::Made { key, address: &address }.encode();
        Ok(Sent::GivenUp(DeadLetter { key, body, reason, origin }))
    }

    /// Sends what was set aside, once.
    fn send_again(&mut self, letter: &Letter<'_>, stored: &DeadLetter) -> Result<Sent, ReactionError> {
        let running = self.running.as_ref().ok_or(ReactionError::NotStarted)?;
        let (key, (address, body)) = match *letter {
            Letter::Made { key, address } => (key, (address.to_owned(), stored.body.clone())),
            Letter::Unfilled { key } => (key, self.checked(key, running.make_again(&stored.body, key)?)?),
        };
        match self.transport.send(&Message { key, address: &address, body: &body })? {
            Answer::Taken(said) => Ok(Sent::Taken(said)),
            Answer::Refused { cause: reason, .. } | Answer::Unfit(reason) => {
                Ok(Sent::GivenUp(DeadLetter { reason, ..stored.clone() }))
            }
        }
    }

    /// Compiles the templates and reads the place, for a start from this checkpoint.
    fn begin(&self, start: &Start<'_>) -> Result<Running, ReactionError> {
        let place = Place::of(start, self.settings.slice_messages_max)?;
        let messages = Messages::new(start, self.settings.each, self.settings.template.as_deref())?;
        let address = self.settings.address.as_deref().map(|text| Template::compile(text, Purpose::Address));
        let address = address
            .transpose()
            .map_err(|cause| ReactionError::Template { key: "any address".into(), cause })?;
        let (attempts, now) = (start.attempts.clone(), start.now.clone());
        Ok(Running { messages, address, place, attempts, now })
    }

    fn checked(&self, key: &str, made: Made) -> Result<Made, ReactionError> {
        self.transport.check(&Message { key, address: &made.0, body: &made.1 })?;
        Ok(made)
    }

    /// Sends the next message of `results` and advances past it; returns whether there was one.
    fn advance(
        &mut self,
        results: &[Outgoing<'_>],
        delivered: &mut Delivered,
    ) -> Result<bool, ReactionError> {
        let Some(outgoing) = results.get(delivered.results) else { return Ok(false) };
        let count = self.running.as_ref().map_or(1, |running| running.messages.count(outgoing));
        if count > 0 {
            delivered.dead.extend(self.send(outgoing)?);
        }
        let running = self.running.as_mut().ok_or(ReactionError::NotStarted)?;
        delivered.results += usize::from(running.place.pass(outgoing, count));
        Ok(true)
    }
}

impl Running {
    fn make(&self, outgoing: &Outgoing<'_>, index: usize, key: &str) -> Result<Made, ReactionError> {
        let address = self.address.as_ref();
        let address =
            address.map(|template| self.messages.fill(template, outgoing, index, key)).transpose()?;
        Ok((address.unwrap_or_default(), self.messages.body(outgoing, index, key)?))
    }

    /// Makes a message from its context.
    fn make_again(&self, unfilled: &[u8], key: &str) -> Result<Made, ReactionError> {
        let address = self.address.as_ref();
        let address =
            address.map(|template| self.messages.fill_again(template, unfilled, key)).transpose()?;
        Ok((address.unwrap_or_default(), self.messages.body_again(unfilled, key)?))
    }
}

impl<T: Transport> Reaction for Messenger<T> {
    fn role(&self) -> Role {
        Role::Trigger
    }

    fn style(&self) -> Style {
        Style::Results
    }

    fn identity(&self) -> String {
        // Of all kinds of messengers: their detail is the same.
        "messages".to_owned()
    }

    fn start(&mut self, start: &Start<'_>) -> Result<Started, ReactionError> {
        let running = self.begin(start)?;
        let detail = running.place.encode();
        self.transport.start(start)?;
        self.running = Some(running);
        self.slices.restart();
        Ok(Started { detail, ..Started::default() })
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        let mut delivered = Delivered::default();
        let mut slices = std::mem::take(&mut self.slices);
        let ran = slices.run(self.settings.slice_messages_max, || self.advance(results, &mut delivered));
        self.slices = slices;
        ran?;
        delivered.detail = self.running.as_ref().ok_or(ReactionError::NotStarted)?.place.encode();
        Ok(delivered)
    }

    fn resend(&mut self, letter: &DeadLetter) -> Result<(), ReactionError> {
        let running = self.running.as_ref().ok_or(ReactionError::NotStarted)?;
        let (begun, attempts) = (Begun::now(&running.now), running.attempts.clone());
        let letter_of = Letter::decode(&letter.key, running.address.is_some());
        let sent = self.send_again(&letter_of, letter);
        attempts.push(begun.over(What::Letter(letter_of.key().to_owned()), 1, &sent));
        match sent? {
            Sent::Taken(_) => Ok(()),
            Sent::GivenUp(DeadLetter { reason, .. }) => {
                Err(ReactionError::Refused { target: self.transport.target(), cause: reason })
            }
        }
    }

    fn notes_attempts(&self) -> bool {
        true
    }
}
