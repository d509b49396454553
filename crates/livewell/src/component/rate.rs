//! How many entries a component commits in a second, over the last minute.

use std::time::{Duration, Instant};

/// The time that one slot counts.
const SLOT: Duration = Duration::from_secs(5);
/// The slots of a minute, and the one that is being filled.
const SLOTS: usize = 13;

/// The entries of the last minute, counted by the clock of the machine's uptime.
#[derive(Debug)]
pub(crate) struct Rate {
    began: Instant,
    /// The number of the slot that was last added to, since `began`.
    slot: u64,
    counts: [u64; SLOTS],
}

impl Rate {
    pub(crate) fn new(now: Instant) -> Self {
        Self { began: now, slot: 0, counts: [0; SLOTS] }
    }

    /// Counts entries.
    pub(crate) fn add(&mut self, entries: u64, now: Instant) {
        self.advance(now);
        self.counts[(self.slot % SLOTS as u64) as usize] += entries;
    }

    /// Returns how many entries there were in a second on average: of the last minute, or since the start if that is
    /// later.
    pub(crate) fn per_second(&mut self, now: Instant) -> f64 {
        self.advance(now);
        let since = now.saturating_duration_since(self.began).as_secs_f64();
        let filled = since % SLOT.as_secs_f64();
        let covered = since.min(SLOT.as_secs_f64() * (SLOTS - 1) as f64 + filled);
        let entries: u64 = self.counts.iter().sum();
        // Right after the start, a few entries are not a rate yet.
        entries as f64 / covered.max(1.0)
    }

    /// Empties the slots of the time since the last call.
    fn advance(&mut self, now: Instant) {
        let slot = now.saturating_duration_since(self.began).as_secs() / SLOT.as_secs();
        for passed in (self.slot + 1..=slot).take(SLOTS) {
            self.counts[(passed % SLOTS as u64) as usize] = 0;
        }
        self.slot = slot.max(self.slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_the_last_minute() {
        let began = Instant::now();
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        let mut rate = Rate::new(began);
        assert_eq!(rate.per_second(at(0)), 0.0);
        for second in 0..120 {
            rate.add(7, at(second));
        }
        assert!((rate.per_second(at(120)) - 7.0).abs() < 0.2, "{}", rate.per_second(at(120)));
        assert!((rate.per_second(at(150)) - 3.5).abs() < 0.5, "half of the minute was idle");
        assert_eq!(rate.per_second(at(190)), 0.0);
        rate.add(60, at(1_000));
        assert!((rate.per_second(at(1_000)) - 1.0).abs() < 0.1);
        assert_eq!(rate.per_second(at(1_000_000)), 0.0);
    }

    #[test]
    fn soon_after_the_start_it_is_the_rate_since_then() {
        let began = Instant::now();
        let mut rate = Rate::new(began);
        rate.add(10, began + Duration::from_secs(2));
        assert_eq!(rate.per_second(began + Duration::from_secs(4)), 2.5);
        rate.add(10, began + Duration::from_secs(8));
        assert_eq!(rate.per_second(began + Duration::from_secs(10)), 2.0);
    }
}
