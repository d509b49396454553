//! Bells: a producer rings one to tell a consumer that there may be something to do. A ring is only a hint; what there
//! is to do is in the store.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::task::Waker;
use std::time::Duration;
use tokio::sync::Notify;

/// One consumer's bell. It stays rung until it is heard, so a ring before the wait is not lost.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    hearer: Mutex<Hearer>,
    condition: Condvar,
    notify: Notify,
}

/// Who hears a bell: a thread that waits, or a task that is woken.
#[derive(Debug, Default)]
struct Hearer {
    is_rung: bool,
    waker: Option<Waker>,
}

impl Bell {
    pub(crate) fn ring(&self) {
        let mut hearer = lock(&self.hearer);
        hearer.is_rung = true;
        match &hearer.waker {
            Some(waker) => waker.wake_by_ref(),
            None => self.condition.notify_one(),
        }
        drop(hearer);
        self.notify.notify_one();
    }

    /// Wakes a task at each ring from now on, or none.
    pub(crate) fn wakes(&self, task: Option<Waker>) {
        lock(&self.hearer).waker = task;
    }

    /// Waits until the bell is rung or the time is up.
    pub(crate) fn wait(&self, timeout: Duration) {
        let guard = lock(&self.hearer);
        let waited = self.condition.wait_timeout_while(guard, timeout, |hearer| !hearer.is_rung);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_rung = false;
    }

    /// Waits until the bell is rung.
    pub(crate) async fn heard(&self) {
        self.notify.notified().await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which bells to ring when a feed has moved.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    by_feed: RwLock<HashMap<u32, Listeners>>,
    /// Rung at every commit, for callers that wait until everything is idle.
    everything: RwLock<Listeners>,
}

/// Bells that are rung together.
#[derive(Debug, Default)]
struct Listeners {
    /// By their addresses, so that each is there once and is found without a search.
    bells: HashMap<usize, Weak<Bell>>,
    /// From this number of bells on, those that are gone are dropped before another one is added.
    full: usize,
}

impl Listeners {
    const FEW: usize = 16;

    fn add(&mut self, bell: &Arc<Bell>) {
        if self.bells.len() >= self.full.max(Self::FEW) {
            self.bells.retain(|_, bell| bell.strong_count() > 0);
            self.full = 2 * self.bells.len();
        }
        self.bells.insert(address(bell), Arc::downgrade(bell));
    }

    fn ring(&self) {
        self.bells.values().filter_map(Weak::upgrade).for_each(|bell| bell.ring());
    }
}

fn address(bell: &Arc<Bell>) -> usize {
    Arc::as_ptr(bell).addr()
}

impl Bells {
    /// Rings `bell` whenever `feed` or a consumer of it advances.
    pub(crate) fn listen(&self, feed: u32, bell: &Arc<Bell>) {
        let mut by_feed = self.by_feed.write().unwrap_or_else(PoisonError::into_inner);
        by_feed.entry(feed).or_default().add(bell);
    }

    /// No longer rings `bell` for `feed`.
    pub(crate) fn unlisten(&self, feed: u32, bell: &Arc<Bell>) {
        let mut by_feed = self.by_feed.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(listeners) = by_feed.get_mut(&feed) {
            listeners.bells.remove(&address(bell));
        }
    }

    /// Drops a feed that is gone for good, and the bell of its component in the feeds that it followed.
    pub(crate) fn forget(&self, feed: u32, follows: &[u32], bell: &Arc<Bell>) {
        self.by_feed.write().unwrap_or_else(PoisonError::into_inner).remove(&feed);
        follows.iter().for_each(|feed| self.unlisten(*feed, bell));
    }

    /// Rings `bell` whenever any feed moves.
    pub(crate) fn listen_to_all(&self, bell: &Arc<Bell>) {
        self.everything.write().unwrap_or_else(PoisonError::into_inner).add(bell);
    }

    /// Tells all listeners that `feed` has moved.
    pub(crate) fn ring(&self, feed: u32) {
        if let Some(listeners) = self.by_feed.read().unwrap_or_else(PoisonError::into_inner).get(&feed) {
            listeners.ring();
        }
        self.everything.read().unwrap_or_else(PoisonError::into_inner).ring();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_of_a_feed_that_was_forgotten() {
        let (bells, source, query) = (Bells::default(), Arc::<Bell>::default(), Arc::<Bell>::default());
        bells.listen(1, &source);
        for feed in 2..1_000 {
            bells.listen(1, &query);
            bells.listen(feed, &query);
            bells.forget(feed, &[1], &query);
        }
        let by_feed = bells.by_feed.read().unwrap();
        assert_eq!(by_feed.len(), 1);
        assert_eq!(by_feed[&1].bells.len(), 1, "of the source itself");
    }

    #[test]
    fn bells_that_are_gone_are_dropped_on_the_way() {
        let (bells, kept) = (Bells::default(), Arc::<Bell>::default());
        bells.listen(1, &kept);
        for _ in 0..10_000 {
            bells.listen(1, &Arc::default());
        }
        assert!(bells.by_feed.read().unwrap()[&1].bells.len() <= 2 * Listeners::FEW);
        bells.ring(1);
        assert!(lock(&kept.hearer).is_rung, "it is there, and is rung");
    }
}
