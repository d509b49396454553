//! What goes wrong with a database, by what has to be done about it.

use super::bytes::Fields;
use crate::error::code;
use crate::{ErrorKind, SourceError};
use std::io;

/// The network or the server is away; it is tried again.
pub(super) fn unreachable(text: impl std::fmt::Display) -> SourceError {
    SourceError::new(
        ErrorKind::Unreachable,
        code::UNREACHABLE,
        format!("the database is out of reach: {text}"),
    )
}

/// Something has to be mended in the settings or on the server.
pub(super) fn refused(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Refused, code::REFUSED, text)
}

/// The changes since the last position cannot be had.
pub(super) fn lost(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Changed, code::LOST, text)
}

/// A table is no longer what was read of it.
pub(super) fn altered(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Changed, code::ALTERED, text)
}

/// A value that cannot be taken exactly.
pub(super) fn inexact(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Input, code::VALUE, text)
}

/// The server says something that is no message of the protocol.
pub(super) fn not_understood(text: &str) -> SourceError {
    let message = format!("a message of the database is not understood: {text}");
    SourceError::new(ErrorKind::Input, code::PROTOCOL, message)
}

/// What is stored of the source cannot be read.
pub(super) fn damaged() -> SourceError {
    let message = "what is stored of this source cannot be read; restore the store or reset the source";
    SourceError::new(ErrorKind::Position, code::POSITION, message)
}

impl From<io::Error> for SourceError {
    fn from(error: io::Error) -> Self {
        unreachable(error)
    }
}

/// An error that the server sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ServerError {
    /// The code of the SQL standard, five characters.
    pub state: String,
    pub message: String,
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
                b'H' => fields.text()?.clone_into(&mut error.hint),
                _ => {
                    fields.text()?;
                }
            }
        }
    }

    /// What has to be done: wait where the server is overloaded, starts or stops, else mend.
    pub fn into_error(self, while_doing: &str) -> SourceError {
        let hint = if self.hint.is_empty() { String::new() } else { format!(" ({})", self.hint) };
        let text = format!("{while_doing}: {}{hint} [{}]", self.message, self.state);
        let waits = ["08", "53", "57P", "58", "XX"];
        // A slot that another session holds, most often our own of before, which the server has not missed yet.
        if self.state == "55006" || waits.iter().any(|class| self.state.starts_with(class)) {
            unreachable(text)
        } else {
            refused(format!("the database refuses {text}"))
        }
    }
}
