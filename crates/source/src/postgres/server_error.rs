//! Errors from the server, by what has to be done about them.

use super::bytes::Fields;
use super::failure::{AWAY, missed, refused, unreachable};
use crate::SourceError;
use livewell_link::postgres::{Missed, server_message};

/// What the error of a pooler mentions if it cannot start a replication.
const POOLERS: [&str; 2] = ["startup parameter", "replication"];

/// An error that the server sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ServerError {
    /// The SQLSTATE, five characters.
    pub state: String,
    pub message: String,
    pub detail: String,
    pub hint: String,
}

impl ServerError {
    pub fn parse(mut fields: Fields<'_>) -> Result<Self, SourceError> {
        let mut error = Self::default();
        loop {
            match fields.u8()? {
                0 => return Ok(error),
                b'C' => fields.text()?.clone_into(&mut error.state),
                b'M' => fields.text()?.clone_into(&mut error.message),
                b'D' => fields.text()?.clone_into(&mut error.detail),
                b'H' => fields.text()?.clone_into(&mut error.hint),
                _ => {
                    fields.text()?;
                }
            }
        }
    }

    /// Classifies the error by what has to be done: wait if the server is overloaded, starts or stops, otherwise change
    /// something.
    pub fn into_error(self, while_doing: &str) -> SourceError {
        let server = server_message(&self.message, &self.detail, &self.hint, &self.state);
        let text = format!("{while_doing}: {server}");
        let waits = ["08", "53", "57P", "58", "XX"];
        match self.state.as_str() {
            // A limit that is used up permanently, such as that of slots.
            "53400" => refused(format!(
                "the database refuses {text}; drop a replication slot that nobody uses, or raise the limit \
                 (`max_replication_slots`) and restart the server"
            )),
            "53300" => unreachable(format!(
                "{text}; this passes once another connection ends, else raise `max_connections` or `max_wal_senders`"
            )),
            // A slot that another session holds, usually our own previous one, whose end the server has not noticed
            // yet.
            "55006" => unreachable(text),
            state if waits.iter().any(|class| state.starts_with(class)) => unreachable(text),
            // Servers before 16 word it differently.
            "42501" if self.message.contains("replication") || self.message.contains("walsender") => {
                refused(format!(
                    "the database refuses {text}; let the role of the `url` replicate: ALTER ROLE ... REPLICATION \
                     (on managed services the provider's role for that)"
                ))
            }
            _ => refused(format!("the database refuses {text}")),
        }
    }

    /// Classifies an error in answer to the start of a connection.
    pub fn into_missed(self) -> Missed<SourceError> {
        let is_pooler = self.state == "08P01" && POOLERS.iter().any(|word| self.message.contains(word));
        let (state, error) = (self.state.clone(), self.into_error("to let this source in"));
        match state.as_str() {
            _ if is_pooler => Missed::Stop(refused(format!(
                "{}; this comes from a pooler, and poolers do not pass replication on: let the `url` lead straight to \
                 the server",
                error.message.strip_prefix(AWAY).unwrap_or(&error.message)
            ))),
            // The server has no rule for a connection with TLS, or none for one without.
            "28000" => Missed::OtherEncryption(error),
            _ => missed(error),
        }
    }
}
