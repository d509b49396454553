//! Wrong tokens: how many an address may try, counted and logged.
//!
//! An address has a bucket of ten attempts, of which a wrong token takes one and each second returns one. While the
//! bucket is empty, tokens from there are not checked, right or wrong: an answer would reveal which it was.

use super::buckets::Buckets;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many wrong tokens an address may send at once.
const ATTEMPTS_MAX: u32 = 10;
/// How long it takes until it may send one more.
const PAUSE: Duration = Duration::from_secs(1);
/// The shortest time between two lines in the log.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// The wrong tokens of all addresses.
#[derive(Debug, Default)]
pub struct Guesses(Mutex<Book>);

#[derive(Debug)]
struct Book {
    attempts: Buckets,
    counts: Counts,
    /// The counts in the last line of the log, and when it was written.
    logged: Option<(Instant, Counts)>,
    last: Option<IpAddr>,
}

impl Default for Book {
    fn default() -> Self {
        let attempts = Buckets::new(ATTEMPTS_MAX, PAUSE);
        Self { attempts, counts: Counts::default(), logged: None, last: None }
    }
}

/// How many calls were refused since the start.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// For a wrong token.
    pub wrong: u64,
    /// Without checking the token, because of earlier wrong ones.
    pub held_off: u64,
}

impl Guesses {
    /// Checks that a token from `address` may be tried.
    ///
    /// # Errors
    /// Returns after how much time it may.
    pub fn check(&self, address: IpAddr) -> Result<(), Duration> {
        self.check_at(address, Instant::now())
    }

    fn check_at(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut book = self.book();
        let wait = book.attempts.wait(address, now);
        if wait.is_zero() {
            return Ok(());
        }
        book.counts.held_off += 1;
        Err(wait)
    }

    /// Counts a wrong token from `address`.
    pub fn note(&self, address: IpAddr) {
        self.note_at(address, Instant::now());
    }

    fn note_at(&self, address: IpAddr, now: Instant) {
        let mut book = self.book();
        book.attempts.take(address, now);
        book.counts.wrong += 1;
        book.last = Some(address);
        book.report(now);
    }

    /// Returns how many calls were refused since the start.
    pub fn counts(&self) -> Counts {
        self.book().counts
    }

    /// Logs counts that have not been logged yet, at most once in a while.
    pub fn report(&self) {
        self.book().report(Instant::now());
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn report(&mut self, now: Instant) {
        let (at, said) = self.logged.unwrap_or((now, Counts::default()));
        let is_early = self.logged.is_some() && now.saturating_duration_since(at) < LOG_EVERY;
        if is_early || said == self.counts {
            return;
        }
        let (wrong, held_off) = (self.counts.wrong - said.wrong, self.counts.held_off - said.held_off);
        let address = self.last.map(|address| address.to_string()).unwrap_or_default();
        tracing::warn!(code = "LW0707", %address, wrong, held_off, "calls with a wrong token were refused; the address is the last one's");
        self.logged = Some((now, self.counts));
    }
}

#[cfg(test)]
mod tests {
    use super::super::buckets::ADDRESSES_MAX;
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn ten_wrong_tokens_are_looked_at_and_then_one_a_second_of_that_address_alone() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        let (bad, other) = (address("10.0.0.1"), address("10.0.0.2"));
        for _ in 0..10 {
            assert_eq!(guesses.check_at(bad, start), Ok(()));
            guesses.note_at(bad, start);
        }
        assert_eq!(guesses.check_at(bad, start), Err(PAUSE));
        assert_eq!(guesses.check_at(address("::ffff:10.0.0.1"), start), Err(PAUSE));
        assert_eq!(guesses.check_at(other, start), Ok(()));
        let mut looked_at = 0;
        for tenth in 1..=100 {
            let now = start + PAUSE / 10 * tenth;
            if guesses.check_at(bad, now).is_ok() {
                guesses.note_at(bad, now);
                looked_at += 1;
            }
        }
        assert_eq!(looked_at, 10);
        assert_eq!(guesses.counts(), Counts { wrong: 20, held_off: 92 });
        assert_eq!(guesses.check_at(bad, start + PAUSE * 60), Ok(()));
    }

    #[test]
    fn an_ipv6_network_is_one_address_and_memory_has_an_end() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        for at in 0..10 {
            guesses.note_at(address(&format!("2001:db8::{at}")), start);
        }
        assert_eq!(guesses.check_at(address("2001:db8::ffff"), start), Err(PAUSE));
        assert_eq!(guesses.check_at(address("2001:db8:0:1::1"), start), Ok(()));
        for at in 0..ADDRESSES_MAX as u32 + 5 {
            guesses.note_at(std::net::Ipv4Addr::from_bits(at).into(), start);
        }
        assert_eq!(guesses.book().attempts.len(), ADDRESSES_MAX);
        assert_eq!(guesses.check_at(address("2001:db8::ffff"), start), Err(PAUSE), "the worst is kept");
    }
}
