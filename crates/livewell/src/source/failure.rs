//! Converts the error of a source to an error of its component.

use crate::Error;
use crate::error::with_id;
use livewell_source::{ErrorKind, SourceError};

/// Returns the source's own error.
pub(crate) fn source_error(error: &Error) -> Option<&SourceError> {
    error.source.as_deref().and_then(|source| source.downcast_ref())
}

/// Returns whether the source's error is that the other side is out of reach.
pub(crate) fn is_unreachable(error: &Error) -> bool {
    source_error(error).is_some_and(|error| error.kind == ErrorKind::Unreachable)
}

/// Returns what wraps the error of the source `id` as an error of its component.
pub(crate) fn wrap(id: &str) -> impl Fn(SourceError) -> Error + '_ {
    move |error| {
        let mut stopped = Error::stopped(error.code, with_id(&error.message, id));
        stopped.source = Some(error.into());
        stopped
    }
}
