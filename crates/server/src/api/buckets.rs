//! Limits how often each address may do something: a number of times at once, and once more after each pause.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// How many addresses are remembered.
pub const ADDRESSES_MAX: usize = 10_000;

/// A bucket for each address; a full one is not kept.
#[derive(Debug)]
pub struct Buckets {
    size: u32,
    pause: Duration,
    /// When the bucket of an address is full again.
    full_at: HashMap<IpAddr, Instant>,
}

impl Buckets {
    /// Creates buckets that hold `size` and get one back after each `pause`.
    pub fn new(size: u32, pause: Duration) -> Self {
        Self { size, pause, full_at: HashMap::new() }
    }

    /// Returns how long `address` has to wait; zero if it need not wait.
    pub fn wait(&self, address: IpAddr, now: Instant) -> Duration {
        let Some(full_at) = self.full_at.get(&client(address)) else { return Duration::ZERO };
        // A bucket with less than one takes longer than the others to become full.
        let room = self.pause * self.size.saturating_sub(1);
        full_at.saturating_duration_since(now).saturating_sub(room)
    }

    /// Counts one use by `address`, whether it is allowed or not.
    pub fn take(&mut self, address: IpAddr, now: Instant) {
        let client = client(address);
        if self.full_at.len() >= ADDRESSES_MAX && !self.full_at.contains_key(&client) {
            self.forget(now);
        }
        let full_at = self.full_at.entry(client).or_insert(now);
        *full_at = (*full_at).max(now) + self.pause;
    }

    /// Returns how many addresses are remembered.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.full_at.len()
    }

    /// Makes room for an address: drops addresses with a full bucket, or else the one whose bucket is full soonest.
    fn forget(&mut self, now: Instant) {
        self.full_at.retain(|_, full_at| *full_at > now);
        if self.full_at.len() >= ADDRESSES_MAX {
            let first = self.full_at.iter().min_by_key(|(_, full_at)| **full_at).map(|(client, _)| *client);
            first.and_then(|client| self.full_at.remove(&client));
        }
    }
}

/// One bucket: a number of uses at once, and one more after each pause.
#[derive(Debug)]
pub struct Bucket {
    size: u32,
    pause: Duration,
    full_at: Option<Instant>,
}

impl Bucket {
    /// Creates a bucket that holds `size` and gets one back after each `pause`.
    pub fn new(size: u32, pause: Duration) -> Self {
        Self { size, pause, full_at: None }
    }

    /// Takes one out. Returns false if it is empty.
    pub fn take(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.map_or(now, |full_at| full_at.max(now));
        let room = self.pause * self.size.saturating_sub(1);
        if full_at.saturating_duration_since(now) > room {
            return false;
        }
        self.full_at = Some(full_at + self.pause);
        true
    }
}

/// Returns what counts as one address: the owner of an IPv6 address has its whole network of 64 bits.
pub fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_what_it_holds_and_then_one_after_each_pause() {
        let (pause, start) = (Duration::from_millis(100), Instant::now());
        let mut bucket = Bucket::new(3, pause);
        let taken = |bucket: &mut Bucket, now| (0..10).filter(|_| bucket.take(now)).count();
        assert_eq!(taken(&mut bucket, start), 3);
        assert_eq!(taken(&mut bucket, start + pause / 2), 0);
        assert_eq!(taken(&mut bucket, start + pause), 1);
        assert_eq!(taken(&mut bucket, start + pause * 3), 2);
        assert_eq!(taken(&mut bucket, start + pause * 60), 3);
    }
}
