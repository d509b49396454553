//! `POST /api/v1/backup`: the data file of a backup, streamed to the caller. The server writes nothing to its disk: the
//! caller decides where the backup goes, with its own rights.

use super::problem::Problem;
use super::{Shared, stream};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use livewell_store::embedded::FORMAT_VERSION;
use std::io;

/// The header that says which store the backup is of, in hexadecimal digits.
pub const STORE: &str = "livewell-store";
/// The header that says in which format its data file is.
pub const FORMAT: &str = "livewell-store-format";

/// Streams the data file. One backup is taken at a time, since each holds a snapshot of the store.
pub async fn post(State(api): State<Shared>) -> Result<Response, Problem> {
    let store = api.livewell.store().clone();
    if store.is_volatile() {
        let message = "the store is in memory, and there is nothing of it to keep; a backup needs `store: { kind: embedded }`";
        return Err(Problem::new(409, "LW0312", message));
    }
    let permit = api.backups.clone().try_acquire_owned().map_err(|_| {
        Problem::new(503, "LW0704", "another backup is being taken; try again once it is done").retry_after(5)
    })?;
    let id = format!("{:032x}", store.id().0);
    let body = stream::written(&api, permit, move |out| {
        store.copy(out).map_err(|error| match error {
            livewell_store::IndexError::Io(cause) => io::Error::other(cause),
            error => io::Error::other(livewell::Error::from(error)),
        })
    });
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/octet-stream".to_owned()),
        (header::CACHE_CONTROL.as_str(), "no-store".to_owned()),
        (STORE, id),
        (FORMAT, FORMAT_VERSION.to_string()),
    ];
    Ok((headers, body).into_response())
}
