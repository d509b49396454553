//! How often each address may do something: so many times at once, and one more after a pause.

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
    /// Buckets that hold `size` and get one back after each `pause`.
    pub fn new(size: u32, pause: Duration) -> Self {
        Self { size, pause, full_at: HashMap::new() }
    }

    /// How long it takes until `address` may do it; zero if it may now.
    pub fn wait(&self, address: IpAddr, now: Instant) -> Duration {
        let Some(full_at) = self.full_at.get(&client(address)) else { return Duration::ZERO };
        // A bucket with less than one takes more than the time for the others until it is full.
        let room = self.pause * self.size.saturating_sub(1);
        full_at.saturating_duration_since(now).saturating_sub(room)
    }

    /// Counts one of `address`, whether it may do it or not.
    pub fn take(&mut self, address: IpAddr, now: Instant) {
        let client = client(address);
        if self.full_at.len() >= ADDRESSES_MAX && !self.full_at.contains_key(&client) {
            self.forget(now);
        }
        let full_at = self.full_at.entry(client).or_insert(now);
        *full_at = (*full_at).max(now) + self.pause;
    }

    /// How many addresses are remembered.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.full_at.len()
    }

    /// Makes room for an address: forgets those with a full bucket, else the one that is full soonest.
    fn forget(&mut self, now: Instant) {
        self.full_at.retain(|_, full_at| *full_at > now);
        if self.full_at.len() >= ADDRESSES_MAX {
            let first = self.full_at.iter().min_by_key(|(_, full_at)| **full_at).map(|(client, _)| *client);
            first.and_then(|client| self.full_at.remove(&client));
        }
    }
}

/// What counts as one address: whoever has an IPv6 address has all of its network of 64 bits.
pub fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}
