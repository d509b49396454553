//! Whether a component is there.

use super::context::Api;
use super::problem::Problem;
use livewell::{ErrorKind, Status};

/// Returns whether the component was added, of whatever kind.
///
/// # Errors
/// Returns an error if the store cannot be read.
pub fn added(api: &Api, id: &str) -> Result<Option<Status>, Problem> {
    match api.livewell.status_of(id) {
        Ok(status) => Ok(Some(status)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
