//! How far a verification or a comparison on the server is, asked beside the call that waits for it.

use crate::client::Client;
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

/// Begins to show how far the first is of those that run: the answer at this path has them in the list of this name.
pub fn watch(client: &Client, title: String, path: String, list: &'static str) -> Watched {
    let shown = Progress::of(title);
    let another = client.another();
    let (over, is_over) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        // What fails here is said by the call that waits.
        let Ok(client) = another() else { return };
        while is_over.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
            client.get(&path).iter().for_each(|running| show(&shown, &running[list][0]));
        }
    });
    Watched { over: Some(over), thread: Some(thread) }
}

fn show(shown: &Progress, first: &Json) {
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
