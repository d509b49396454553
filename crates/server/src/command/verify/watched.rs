//! How far a verification on the server is, asked beside the call that waits for it.

use crate::client::{Client, encoded};
use crate::progress::{Progress, Unit};
use serde_json::Value as Json;
use std::convert::Infallible;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the server is asked.
const EVERY: Duration = Duration::from_secs(1);

/// Progress that is shown until this is dropped.
pub struct Watched {
    /// Dropped to end the thread.
    over: Option<Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

/// Begins to show how far the verification of this query is.
pub fn watch(client: &Client, query: &str) -> Watched {
    let shown = Progress::of(format!("verifying `{query}` on the server"));
    let (path, another) = (format!("/api/v1/queries/{}/verify", encoded(query)), client.another());
    let (over, is_over) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        // What fails here is said by the call that waits.
        let Ok(client) = another() else { return };
        while is_over.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
            client.get(&path).iter().for_each(|running| show(&shown, running));
        }
    });
    Watched { over: Some(over), thread: Some(thread) }
}

/// Shows how far the verification is that began first.
fn show(shown: &Progress, running: &Json) {
    let first = &running["verifications"][0];
    let unit = Unit::Things(if first["what"] == "rows" { "rows" } else { "elements" });
    if let Some(done) = first["done"].as_u64() {
        shown.at(done, first["of"].as_u64(), unit);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.over.take();
        // So that nothing is drawn over what comes next.
        self.thread.take().map(JoinHandle::join);
    }
}
