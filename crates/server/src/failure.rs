//! Why a command fails, and with which exit code.

use std::fmt;
use std::io;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// Wrong usage or configuration: exit code 2. The text is complete.
    Usage(String),
    /// Anything else: exit code 1.
    Failed(String),
    /// The reader of the output has closed it, which is not an error.
    Closed,
}

impl Failure {
    /// Creates a failure with this reason.
    pub fn failed(reason: impl fmt::Display) -> Self {
        Self::Failed(format!("error: {reason}\n"))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::failed(error),
        }
    }
}
