//! The interface of a kind of messenger: how to send one message, and its outcome.

use crate::{ReactionError, Start};
use std::time::Duration;

/// A message as it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// The key, derived from the content: the same whenever the message is sent, and different for every other message.
    pub key: &'a str,
    /// The address, made by its template; empty if the messenger has none.
    pub address: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// The outcome of sending a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The target has it, durably: it is not sent again. What it answered, in a few words, or an empty text.
    Taken(String),
    /// The target did not take it this time. It is sent again after a pause, and set aside as a dead letter after as
    /// many repetitions as [`super::Retries`] allows.
    Refused {
        /// The answer of the target, in words.
        cause: String,
        /// How long the target asks to wait at least.
        patience: Option<Duration>,
    },
    /// The target will never take it, for this reason. It is set aside as a dead letter at once.
    Unfit(String),
}

/// How messages reach a target. A [`super::Messenger`] does everything else.
///
/// Calls come from one thread at a time and may block. A transport creates what it keeps (a connection, a client) when
/// it is first needed and replaces it after an error.
pub trait Transport: Send {
    /// Returns the target in words, for messages that people see: a host, never with credentials.
    fn target(&self) -> String;

    /// Prepares for sending. Called before the first message, and again after every error. Need not connect.
    ///
    /// # Errors
    /// Returns why nothing can be sent with these settings.
    fn start(&mut self, start: &Start<'_>) -> Result<(), ReactionError> {
        let _ = start;
        Ok(())
    }

    /// Checks whether a message that the templates have made can be sent at all.
    ///
    /// # Errors
    /// Returns what is wrong with its address or body. The reaction stops with it, or sets the message aside if it is
    /// `on_refusal: dead_letter`.
    fn check(&self, message: &Message<'_>) -> Result<(), ReactionError> {
        let _ = message;
        Ok(())
    }

    /// Sends a message and waits until the target has it.
    ///
    /// # Errors
    /// Returns [`ReactionError::Away`] if the target cannot be reached or does not answer, which is retried without
    /// limit and is not counted; any other error stops the reaction unless its kind says otherwise.
    fn send(&mut self, message: &Message<'_>) -> Result<Answer, ReactionError>;
}
