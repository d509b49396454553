//! The clock: the only place where wall time enters, so that a test or a simulator can supply another clock.

use crate::Error;
use livewell_model::Timestamp;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The clock from which a transaction without a time of its own gets one.
pub trait Clock: Send + Sync + 'static {
    /// Returns the time now.
    fn now(&self) -> Timestamp;

    /// Returns how much time has passed since some fixed moment: this clock is never set. Functions of time use it
    /// while [`Clock::now`] is behind an earlier value.
    fn elapsed(&self) -> Duration {
        static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
        BEGINNING.elapsed()
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one home of wall time")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// Refuses a machine whose clock is before 1970, since it cannot be right.
///
/// # Errors
/// Returns LW0308 if the system's clock is before 1970.
#[expect(clippy::disallowed_methods, reason = "this is the one home of wall time")]
pub fn check_system() -> Result<(), Error> {
    let Err(before) = SystemTime::now().duration_since(UNIX_EPOCH) else { return Ok(()) };
    let days = before.duration().as_secs() / 86_400;
    let message = format!("the clock of this machine is {days} days before 1970; set it, then start again");
    Err(Error::invalid("LW0308", message))
}
