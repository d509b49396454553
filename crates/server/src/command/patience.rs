//! Opens a store that a command may be reading just now.

use crate::control;
use livewell::Error;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long commands that read a store may keep others from opening it.
const READERS_MAX: Duration = Duration::from_secs(5);
/// How often to check whether they have ended.
const LOOK: Duration = Duration::from_millis(20);

/// Opens the store in the directory `path`. Waits for a command that reads it, but not for a run that owns it.
///
/// # Errors
/// Returns the error of `open`, at the end of the wait if another process has the store.
pub async fn patiently<T>(path: &Path, open: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
    let deadline = Instant::now() + READERS_MAX;
    loop {
        let opened = open();
        let is_taken = opened.as_ref().is_err_and(|error| error.code == "LW0301");
        let is_run = || !matches!(control::connect(path), Ok(None));
        if !is_taken || is_run() || Instant::now() >= deadline {
            return opened;
        }
        sleep(LOOK).await;
    }
}
