//! What a source says went wrong, as an error of its component.

use crate::Error;
use livewell_source::{ErrorKind, SourceError};

/// What the source itself said.
pub(crate) fn source_error(error: &Error) -> Option<&SourceError> {
    error.source.as_deref().and_then(|source| source.downcast_ref())
}

/// Whether the source said that the other side is out of reach.
pub(crate) fn is_unreachable(error: &Error) -> bool {
    source_error(error).is_some_and(|error| error.kind == ErrorKind::Unreachable)
}

/// What a source says, as an error of its component.
pub(crate) fn wrap(error: SourceError) -> Error {
    let mut stopped = Error::stopped(error.code, error.message.clone());
    stopped.source = Some(error.into());
    stopped
}
