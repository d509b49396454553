//! Limits for one client: calls in a second, and streams at once.

use super::buckets::{Buckets, client};
use super::problem::Problem;
use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The calls of each address.
#[derive(Debug)]
pub struct Rates(Mutex<Buckets>);

impl Rates {
    /// Allows this many calls a second, and as many at once.
    pub fn new(per_second: NonZeroU32) -> Self {
        Self(Mutex::new(Buckets::new(per_second.get(), Duration::from_secs(1) / per_second.get())))
    }

    pub(super) fn check(&self, address: IpAddr) -> Result<(), Problem> {
        let now = Instant::now();
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.wait(address, now).is_zero() {
            buckets.take(address, now);
            return Ok(());
        }
        let message = "more calls a second came from this address than `server.limits.requests_per_second` allows; \
                       try again";
        Err(Problem::new(429, "LW0704", message).retry_after(1))
    }
}

/// How many streams each address has open.
#[derive(Debug, Default)]
pub struct Streams(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One of the streams of an address.
pub(super) struct Stream {
    all: Arc<Mutex<HashMap<IpAddr, usize>>>,
    client: IpAddr,
}

impl Streams {
    pub(super) fn begin(&self, address: IpAddr, max: usize) -> Result<Stream, Problem> {
        let client = client(address);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = all.entry(client).or_default();
        if *open >= max {
            let message = format!(
                "{max} streams of this address are open, as many as `server.limits.streams_per_client` allows; close \
                 one first"
            );
            return Err(Problem::new(429, "LW0704", message).retry_after(1));
        }
        *open += 1;
        Ok(Stream { all: self.0.clone(), client })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = all.get_mut(&self.client) {
            *open -= 1;
            if *open == 0 {
                all.remove(&self.client);
            }
        }
    }
}
