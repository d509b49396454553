//! The pulse of a server: what was measured lately, and what was seen last, which streams compare with what they have sent.

mod beat;
mod quantile;
mod rings;

pub use beat::{Beat, Shown};
pub use rings::{Counted, Measured, Series};

use livewell::Timestamp;
use rings::Rings;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::watch;

/// What was seen and measured lately.
#[derive(Debug)]
pub struct Pulse {
    began: Instant,
    rings: Mutex<Rings>,
    beat: watch::Sender<Option<Arc<Beat>>>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { began: Instant::now(), rings: Mutex::default(), beat: watch::Sender::new(None) }
    }
}

impl Pulse {
    /// Adds what is counted now: of all together, and of components.
    pub fn measure(&self, at: Timestamp, all: Counted, components: Vec<(String, Counted)>) {
        self.rings().look(self.began.elapsed(), at, all, components);
    }

    /// Shows streams what is seen now.
    pub fn show(&self, beat: Beat) {
        let before = self.beat.borrow().clone();
        self.beat.send_replace(Some(Arc::new(beat.after(before.as_deref()))));
    }

    /// Returns these series of the last minutes: of a component, or of all; `None` for one without rings.
    pub fn measured(&self, id: Option<&str>, minutes: u64, series: &[Series]) -> Option<Measured> {
        self.rings().read(id, minutes, series)
    }

    /// Returns by how much the lag of a component has grown, if it has all through the last minute.
    pub fn growth(&self, id: &str) -> Option<u64> {
        self.rings().growth(id)
    }

    /// Returns a receiver of what is seen; it may miss what was seen in between.
    pub fn watch(&self) -> watch::Receiver<Option<Arc<Beat>>> {
        self.beat.subscribe()
    }

    fn rings(&self) -> MutexGuard<'_, Rings> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
