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
use tokio::sync::{Notify, watch};

/// What was seen and measured lately.
#[derive(Debug)]
pub struct Pulse {
    began: Instant,
    rings: Mutex<Rings>,
    /// `None` while nobody watches.
    beat: watch::Sender<Option<Arc<Beat>>>,
    /// Told when somebody begins to watch and there is nothing to see.
    watched: Notify,
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            rings: Mutex::default(),
            beat: watch::Sender::new(None),
            watched: Notify::new(),
        }
    }
}

impl Pulse {
    /// Adds what is counted now: of all together, and of components.
    pub fn measure(&self, at: Timestamp, all: Counted, components: Vec<(String, Counted)>) {
        self.rings().look(self.began.elapsed(), at, all, components);
    }

    /// Returns whether a stream compares what is seen with what it has sent. If none does, what was seen is forgotten, so
    /// that the next one does not begin with it.
    pub fn is_watched(&self) -> bool {
        let is_watched = self.beat.receiver_count() > 0;
        if !is_watched {
            self.beat.send_replace(None);
        }
        is_watched
    }

    /// Waits until somebody begins to watch and there is nothing to see.
    pub async fn watched(&self) {
        self.watched.notified().await;
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

    /// Returns a receiver of what is seen; it may miss what was seen in between. If nobody watched before, it is there
    /// after a look that is made at once.
    pub fn watch(&self) -> watch::Receiver<Option<Arc<Beat>>> {
        let seen = self.beat.subscribe();
        if seen.borrow().is_none() {
            self.watched.notify_one();
        }
        seen
    }

    fn rings(&self) -> MutexGuard<'_, Rings> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat() -> Beat {
        let (counts, shown) = ("[]".to_owned(), Vec::new());
        Beat { at: Timestamp(0), total: 0, is_whole: true, counts, shown, edges: 0, needs: 0 }
    }

    /// Whether somebody was told that there is something to look for.
    async fn is_told(pulse: &Pulse) -> bool {
        tokio::time::timeout(std::time::Duration::from_millis(50), pulse.watched()).await.is_ok()
    }

    #[tokio::test]
    async fn who_watches_after_nobody_did_gets_a_new_look_and_no_old_one() {
        let pulse = Pulse::default();
        assert!(!pulse.is_watched() && !is_told(&pulse).await);
        let first = pulse.watch();
        assert!(pulse.is_watched() && is_told(&pulse).await);
        pulse.show(beat());
        // Another one sees the same, without another look.
        let other = pulse.watch();
        assert!(first.borrow().is_some() && other.borrow().is_some() && !is_told(&pulse).await);
        drop((first, other));
        assert!(!pulse.is_watched());
        let later = pulse.watch();
        assert!(later.borrow().is_none() && is_told(&pulse).await);
        pulse.show(beat());
        assert!(later.borrow().is_some());
    }
}
