//! What a kind of messenger adds to the driver: how one message is sent, and what came of it.

use crate::{ReactionError, Start};
use std::time::Duration;

/// A message as it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it is about: the same whenever it is sent, and different for every other message.
    pub key: &'a str,
    /// Where it goes, made by the template of addresses; empty if the messenger has none.
    pub address: &'a str,
    /// What it holds.
    pub body: &'a [u8],
}

/// What came of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The target has it, durably: it is not sent again.
    Taken,
    /// The target did not take it this time. It is sent again after a pause, and set aside as a dead letter after as
    /// many repetitions as [`super::Retries`] allows.
    Refused {
        /// What the target said, in words.
        cause: String,
        /// How long the target wants to be left alone at least.
        patience: Option<Duration>,
    },
    /// The target will never take it, for the reason given. It is set aside as a dead letter at once.
    Unfit(String),
}

/// How messages reach a target. A [`super::Messenger`] does everything else.
///
/// Calls come from one thread at a time and may block. Whatever a transport keeps (a connection, a client) it makes when
/// it is first needed and replaces after an error.
pub trait Transport: Send {
    /// The target in words, for messages that people see: a host, never with credentials.
    fn target(&self) -> String;

    /// Prepares for sending. Comes before the first message, and again after every error. Need not connect.
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
    /// Returns [`ReactionError::Away`] if the target cannot be reached or does not answer, which is waited for without
    /// end and without counting; any other error stops the reaction unless its kind says otherwise.
    fn send(&mut self, message: &Message<'_>) -> Result<Answer, ReactionError>;
}
