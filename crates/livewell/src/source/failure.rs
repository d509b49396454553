//! What a source says went wrong, as an error of its component.

use crate::Error;
use livewell_source::SourceError;

/// What the source itself said.
pub(crate) fn source_error(error: &Error) -> Option<&SourceError> {
    error.source.as_deref().and_then(|source| source.downcast_ref())
}

/// What a source says, as an error of its component.
pub(crate) fn wrap(error: SourceError) -> Error {
    let mut stopped = Error::stopped(error.code, error.message.clone());
    stopped.source = Some(error.into());
    stopped
}
