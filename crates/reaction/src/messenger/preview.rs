//! Messages as a reaction would send them, for people who write templates. Nothing is sent, and no target is asked.

use super::{Each, Message, Messenger, Transport};
use crate::{Outgoing, ReactionError, Start};

/// A message as it would be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Which message of its result, if each diff makes one.
    pub index: Option<usize>,
    /// Its key.
    pub key: String,
    /// Its address, if its messenger has addresses; and its body. Or why it would not be sent.
    pub made: Result<(Option<String>, Vec<u8>), String>,
}

/// Shows messages as a reaction would send them.
pub trait Previewer: Send {
    /// Prepares for results, at the place where the reaction of this checkpoint is.
    ///
    /// # Errors
    /// Returns what is wrong with a template, or with the checkpoint.
    fn prepare(&mut self, start: &Start<'_>) -> Result<(), ReactionError>;

    /// Returns how many messages a result makes.
    ///
    /// # Errors
    /// Returns [`ReactionError::NotStarted`] before [`Previewer::prepare`].
    fn count(&self, outgoing: &Outgoing<'_>) -> Result<usize, ReactionError>;

    /// Returns which message of a result is the next one to send.
    ///
    /// # Errors
    /// Returns the error of [`Previewer::count`].
    fn next(&self, outgoing: &Outgoing<'_>) -> Result<usize, ReactionError>;

    /// Returns message `index` of a result.
    ///
    /// # Errors
    /// Returns the error of [`Previewer::count`].
    fn preview(&self, outgoing: &Outgoing<'_>, index: usize) -> Result<Preview, ReactionError>;
}

impl<T: Transport> Previewer for Messenger<T> {
    fn prepare(&mut self, start: &Start<'_>) -> Result<(), ReactionError> {
        self.running = Some(self.begin(start)?);
        Ok(())
    }

    fn count(&self, outgoing: &Outgoing<'_>) -> Result<usize, ReactionError> {
        Ok(self.running.as_ref().ok_or(ReactionError::NotStarted)?.messages.count(outgoing))
    }

    fn next(&self, outgoing: &Outgoing<'_>) -> Result<usize, ReactionError> {
        Ok(self.running.as_ref().ok_or(ReactionError::NotStarted)?.place.within(outgoing))
    }

    fn preview(&self, outgoing: &Outgoing<'_>, index: usize) -> Result<Preview, ReactionError> {
        let running = self.running.as_ref().ok_or(ReactionError::NotStarted)?;
        let key = running.messages.key(outgoing, index, running.place.form(outgoing));
        let made = running.make(outgoing, index, &key).and_then(|(address, body)| {
            self.transport.check(&Message { key: &key, address: &address, body: &body })?;
            Ok((running.address.is_some().then_some(address), body))
        });
        let made = made.map_err(|error| match error {
            // The key and what to do about a reaction that has stopped say nothing here.
            ReactionError::Template { cause, .. } | ReactionError::Refused { cause, .. } => cause,
            error => error.to_string(),
        });
        let index = (running.messages.each() == Each::Diff).then_some(index);
        Ok(Preview { index, key, made })
    }
}

/// What a reaction of these settings would send, and how.
pub struct Previewed {
    /// Makes the messages.
    pub previewer: Box<dyn Previewer>,
    /// What a message contains.
    pub each: Each,
    /// The template of the body; without one the body is the result in JSON.
    pub template: Option<String>,
}

#[cfg(any(feature = "webhook", feature = "nats"))]
impl Previewed {
    pub(crate) fn of<T: Transport + 'static>(messenger: Messenger<T>) -> Self {
        let (each, template) = (messenger.settings.each, messenger.settings.template.clone());
        Self { previewer: Box::new(messenger), each, template }
    }
}
