//! The last attempts to deliver: a ring in memory, for people who want to know what became of a message.
//!
//! One push under a lock for each attempt, and nothing without one. What is kept is bounded by count and by bytes, and
//! is gone with the process: what has to outlive it is the checkpoint, and dead letters.

pub use crate::attempt::{ANSWER_BYTES_MAX, Attempt, Outcome, Place, What};
use livewell_model::Timestamp;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many attempts are kept.
pub const ATTEMPTS_MAX: usize = 512;
/// How many bytes the texts of the attempts have that are kept: ids, keys and answers.
pub const TEXT_BYTES_MAX: usize = 64 << 10;
/// How many bytes the attempts of all reactions of a process take before each reaction keeps fewer.
pub const PROCESS_BYTES_MAX: usize = 32 << 20;
/// How many attempts a reaction keeps however many reactions there are.
pub const ATTEMPTS_MIN: usize = 8;

/// The room that the rings of a process share. Each may take an equal share of it.
#[derive(Debug)]
struct Room {
    bytes_max: usize,
    /// How many bytes all rings hold.
    bytes: AtomicUsize,
    /// How many rings hold something.
    rings: AtomicUsize,
}

static PROCESS: Room = Room::of(PROCESS_BYTES_MAX);

impl Room {
    const fn of(bytes_max: usize) -> Self {
        Self { bytes_max, bytes: AtomicUsize::new(0), rings: AtomicUsize::new(0) }
    }

    /// Returns whether a ring that holds this many bytes has to give some back.
    fn is_short(&self, held: usize) -> bool {
        let share = self.bytes_max / self.rings.load(Ordering::Relaxed).max(1);
        held > share || self.bytes.load(Ordering::Relaxed) > self.bytes_max
    }
}

/// The last attempts of a reaction, and whether it waits before the next one.
#[derive(Debug)]
pub struct Attempts {
    ring: Mutex<Ring>,
    room: &'static Room,
}

#[derive(Debug, Default)]
struct Ring {
    kept: VecDeque<Attempt>,
    text_bytes: usize,
    made: u64,
    failed: u64,
    waits_until: Option<Timestamp>,
    is_hurried: bool,
}

/// What is known of a reaction's attempts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// The last attempts, the newest first.
    pub last: Vec<Attempt>,
    /// How many there were since the process was started.
    pub made: u64,
    /// How many of those the target has not taken.
    pub failed: u64,
    /// How many of those are kept.
    pub kept: usize,
    /// Until when the reaction waits before it tries again.
    pub waits_until: Option<Timestamp>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self::within(&PROCESS)
    }
}

impl Drop for Attempts {
    fn drop(&mut self) {
        let ring = self.ring.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !ring.kept.is_empty() {
            self.room.bytes.fetch_sub(ring.bytes(), Ordering::Relaxed);
            self.room.rings.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Ring {
    fn bytes(&self) -> usize {
        self.kept.len() * size_of::<Attempt>() + self.text_bytes
    }
}

impl Attempts {
    fn within(room: &'static Room) -> Self {
        Self { ring: Mutex::default(), room }
    }

    /// Keeps an attempt, in place of the oldest ones if there are too many, or if all reactions of the process together
    /// keep too much.
    pub fn push(&self, attempt: Attempt) {
        let mut ring = self.lock();
        ring.made += 1;
        ring.failed += u64::from(attempt.outcome != Outcome::Taken);
        let attempt = Attempt { number: ring.made, ..attempt };
        if ring.kept.is_empty() {
            self.room.rings.fetch_add(1, Ordering::Relaxed);
        }
        ring.text_bytes += attempt.text_bytes();
        self.room.bytes.fetch_add(attempt.bytes(), Ordering::Relaxed);
        // The newest one is kept whatever its size, which its ids and `ANSWER_BYTES_MAX` bound.
        while ring.kept.len() == ATTEMPTS_MAX
            || ring.text_bytes > TEXT_BYTES_MAX
            || ring.kept.len() >= ATTEMPTS_MIN && self.room.is_short(ring.bytes() + size_of::<Attempt>())
        {
            let Some(oldest) = ring.kept.pop_front() else { break };
            ring.text_bytes -= oldest.text_bytes();
            self.room.bytes.fetch_sub(oldest.bytes(), Ordering::Relaxed);
        }
        if 4 * ring.kept.len() < ring.kept.capacity() {
            let most = 2 * ring.kept.len();
            ring.kept.shrink_to(most);
        }
        ring.kept.push_back(attempt);
    }

    /// Returns the last `limit` attempts, or only those that the target has not taken.
    pub fn made(&self, limit: usize, only_failed: bool) -> Made {
        let ring = self.lock();
        let is_meant = |attempt: &&Attempt| !only_failed || attempt.outcome != Outcome::Taken;
        Made {
            last: ring.kept.iter().rev().filter(is_meant).take(limit).cloned().collect(),
            made: ring.made,
            failed: ring.failed,
            kept: ring.kept.len(),
            waits_until: ring.waits_until,
        }
    }

    /// Notes that the reaction waits from now on before it tries again what has failed last.
    pub fn wait(&self, now: Timestamp, pause: Duration) {
        let nanoseconds = i64::try_from(pause.as_nanos()).unwrap_or(i64::MAX);
        let time = Timestamp(now.0.saturating_add(nanoseconds));
        let mut ring = self.lock();
        (ring.waits_until, ring.is_hurried) = (Some(time), false);
        // A dead letter that was sent again in between is not what is waited for.
        let is_it = |attempt: &&mut Attempt| !matches!(attempt.what, What::Letter(_));
        if let Some(last) = ring.kept.iter_mut().rev().find(is_it)
            && last.outcome == Outcome::Failed
        {
            last.next_try = Some(time);
        }
    }

    /// Notes that the wait is over.
    pub fn go_on(&self) {
        let mut ring = self.lock();
        (ring.waits_until, ring.is_hurried) = (None, false);
    }

    /// Asks to end the wait before the next attempt; returns whether there is one.
    pub fn hurry(&self) -> bool {
        let mut ring = self.lock();
        ring.is_hurried = ring.waits_until.is_some();
        ring.is_hurried
    }

    /// Returns whether the reaction waits before it tries again.
    pub fn is_waiting(&self) -> bool {
        self.lock().waits_until.is_some()
    }

    /// Returns whether the wait was asked to end.
    pub fn is_hurried(&self) -> bool {
        self.lock().is_hurried
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        // Nothing panics while it is locked.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(sequence: u64) -> Attempt {
        let of = Place { query_id: "late".into(), epoch: 1, sequence };
        let key = format!("s:r:late:1:{sequence}:0");
        let what = What::Message { of, index: Some(0), diffs: 1, change: Some("ADD"), key };
        Attempt::taken(Timestamp(0), Duration::ZERO, what, 1, "answered 204 No Content")
    }

    fn numbers(made: &Made) -> Vec<u64> {
        made.last.iter().map(|attempt| attempt.number).collect()
    }

    #[test]
    fn the_newest_attempts_are_kept_and_all_are_counted() {
        let attempts = Attempts::default();
        for sequence in 1..=600 {
            let attempt = message(sequence);
            attempts.push(if sequence % 100 == 0 { attempt.ended(Outcome::Failed, "no") } else { attempt });
        }
        let made = attempts.made(3, false);
        assert_eq!((made.made, made.failed, made.kept), (600, 6, ATTEMPTS_MAX));
        assert_eq!(numbers(&made), [600, 599, 598]);
        assert_eq!(numbers(&attempts.made(ATTEMPTS_MAX, true)), [600, 500, 400, 300, 200, 100]);
    }

    #[test]
    fn what_is_kept_has_a_bound_in_bytes() {
        let attempts = Attempts::default();
        for sequence in 1..=1_000 {
            let long = "\u{20ac}".repeat(1_000_000 / 3);
            attempts.push(
                message(sequence)
                    .ended(Outcome::Failed, &long[..if sequence % 50 == 0 { 999_999 } else { 3 }]),
            );
        }
        let answers = attempts.made(ATTEMPTS_MAX, false).last;
        assert!(answers.iter().all(|attempt| attempt.answer.len() <= ANSWER_BYTES_MAX));
        assert_eq!(answers[0].answer.len(), ANSWER_BYTES_MAX - ANSWER_BYTES_MAX % 3, "no half character");
        for sequence in 1..=1_000 {
            attempts.push(message(sequence).ended(Outcome::Failed, &"a".repeat(1_000)));
        }
        let kept = attempts.made(ATTEMPTS_MAX, false).last;
        assert!(kept.iter().map(Attempt::text_bytes).sum::<usize>() <= TEXT_BYTES_MAX);
        assert!(kept.len() > 100, "{}", kept.len());
        // What the documents state: 192 KiB for each reaction.
        assert!(ATTEMPTS_MAX * size_of::<Attempt>() + TEXT_BYTES_MAX <= 192 << 10);
    }

    #[test]
    fn the_reactions_of_a_process_share_what_they_may_keep() {
        const MOST: usize = 1 << 20;
        let room: &'static Room = Box::leak(Box::new(Room::of(MOST)));
        let rings: Vec<Attempts> = (0..40).map(|_| Attempts::within(room)).collect();
        let held = || rings.iter().map(|attempts| attempts.lock().bytes()).sum::<usize>();
        let fill = |attempts: &Attempts| (1..=600).for_each(|sequence| attempts.push(message(sequence)));
        // A few have all the room that each may have.
        rings[..3].iter().for_each(fill);
        assert!(rings[..3].iter().all(|attempts| attempts.made(1, false).kept == ATTEMPTS_MAX));
        // Many share it equally, once each has made an attempt again, and are never beyond it but for their least.
        for round in 0..3 {
            rings.iter().for_each(fill);
            assert_eq!(room.bytes.load(Ordering::Relaxed), held(), "round {round}");
            assert!(held() <= MOST + rings.len() * ATTEMPTS_MIN * message(600).bytes(), "{}", held());
        }
        let kept: Vec<usize> = rings.iter().map(|attempts| attempts.made(1, false).kept).collect();
        let share = MOST / rings.len() / message(600).bytes();
        assert!(kept.iter().all(|kept| (share / 2..=share + 1).contains(kept)), "{share}: {kept:?}");
        assert!(
            rings
                .iter()
                .all(|attempts| attempts.made(1, false).last[0].number == attempts.made(1, false).made)
        );
        // There is always room for the last few.
        let other = Attempts::within(Box::leak(Box::new(Room::of(0))));
        fill(&other);
        assert_eq!(other.made(1, false).kept, ATTEMPTS_MIN);
        drop(rings);
        assert_eq!((room.bytes.load(Ordering::Relaxed), room.rings.load(Ordering::Relaxed)), (0, 0));
    }

    #[test]
    fn a_wait_is_noted_with_what_has_failed_and_ends_when_asked() {
        let attempts = Attempts::default();
        assert!(!attempts.hurry(), "there is nothing to skip");
        attempts.push(message(7).ended(Outcome::Failed, "answered 503"));
        let letter = Attempt { what: What::Letter("k".into()), ..message(8) };
        attempts.push(letter.ended(Outcome::SetAside, "answered 422"));
        attempts.wait(Timestamp(4), Duration::from_nanos(5));
        let made = attempts.made(9, false);
        assert_eq!(made.waits_until, Some(Timestamp(9)));
        assert_eq!(made.last.iter().map(|one| one.next_try).collect::<Vec<_>>(), [None, Some(Timestamp(9))]);
        assert!(!attempts.is_hurried() && attempts.hurry() && attempts.is_hurried());
        attempts.go_on();
        assert!(!attempts.is_hurried() && attempts.made(1, false).waits_until.is_none());
    }
}
