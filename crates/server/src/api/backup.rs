//! `POST /api/v1/backup`: the data file of a backup, streamed to the caller. The server writes nothing to its disk: the
//! caller decides where the backup goes, with its own rights.

use super::call::{Call, call};
use super::context::Shared;
use super::description::written;
use super::problem::Problem;
use super::stream;
use super::wire::Binary;
use axum::extract::State;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use livewell_store::embedded::FORMAT_VERSION;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// The header with the identity of the store, in hexadecimal digits.
pub const STORE: &str = "livewell-store";
/// The header with the format of the data file.
pub const FORMAT: &str = "livewell-store-format";
/// The header with about how many bytes the data file has.
pub const BYTES: &str = "livewell-store-bytes";

/// How long a caller may take at any rate.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many bytes a second the caller has to take on average after that.
const RATE_MIN: f64 = (1 << 20) as f64;

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let summary = "The data file of a backup: the store as it is after one commit, checked while it is sent; \
                   `livewell backup` makes a backup of it. One at a time";
    let post = call(Method::POST, "/api/v1/backup", post, summary)
        .answers(200, "The file. One that is cut off is not whole")
        .content(200, "application/octet-stream", written::<Binary>)
        .shows(200, STORE, written::<String>, "The store that it is of, in hexadecimal digits")
        .shows(200, FORMAT, written::<u32>, "The format of the store")
        .shows(200, BYTES, written::<u64>, "About how many bytes the file has")
        .refuses(&[409, 503]);
    vec![post]
}

/// Streams the data file. One backup is taken at a time, since each holds a snapshot of the store.
async fn post(State(api): State<Shared>) -> Result<Response, Problem> {
    let store = api.livewell.store().clone();
    if store.is_volatile() {
        let message = "the store is in memory, and there is nothing of it to keep; a backup needs `store: { kind: embedded }`";
        return Err(Problem::new(409, "LW0312", message));
    }
    let permit = api.backups.clone().try_acquire_owned().map_err(|_| {
        Problem::new(503, "LW0704", "another backup is being taken; try again once it is done").retry_after(5)
    })?;
    let id = format!("{:032x}", store.id().0);
    let bytes = store.usage().data_bytes.map(|bytes| [(BYTES, bytes.to_string())]);
    let body = stream::written(&api, permit, move |out| {
        let mut paced =
            Paced { out, began: Instant::now(), bytes: 0, patience: PATIENCE, rate_min: RATE_MIN };
        store.copy(&mut paced).map_err(|error| match error {
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
    Ok((headers, bytes, body).into_response())
}

/// Ends a backup whose reader is too slow: the store holds a snapshot for it, and its file grows.
struct Paced<'a> {
    out: &'a mut dyn Write,
    began: Instant,
    bytes: u64,
    patience: Duration,
    rate_min: f64,
}

impl Write for Paced<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        let took = self.began.elapsed();
        if took > self.patience && (self.bytes as f64) < took.as_secs_f64() * self.rate_min {
            let seconds = took.as_secs();
            tracing::warn!(
                code = "LW0311",
                "a backup was given up after {seconds} s: its caller took only {} bytes",
                self.bytes
            );
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_that_takes_a_backup_too_slowly_is_given_up_once_it_had_its_time() {
        let taken = |patience, rate_min| {
            let mut out = Vec::new();
            let began = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
            let mut paced = Paced { out: &mut out, began, bytes: 0, patience, rate_min };
            paced.write_all(&[0; 1_000]).map_err(|error| error.kind())
        };
        assert_eq!(taken(Duration::from_secs(60), 1e9), Ok(()), "it has time left");
        assert_eq!(taken(Duration::from_secs(5), 50.0), Ok(()), "it is fast enough");
        assert_eq!(taken(Duration::from_secs(5), 200.0), Err(io::ErrorKind::TimedOut));
    }
}
