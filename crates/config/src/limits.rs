//! What callers of the API may take up: connections, time, memory.

use livewell_model::period;
use serde::{Deserialize, Deserializer};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

/// The limits of the API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerLimits {
    /// How many connections are open at once.
    pub connections: NonZeroUsize,
    /// How long a connection may do nothing: send no request, or take nothing of what is sent to it.
    #[serde(deserialize_with = "longer_than_zero")]
    pub idle: Duration,
    /// How long the head of a request may take.
    #[serde(deserialize_with = "longer_than_zero")]
    pub header: Duration,
    /// How long a call may take until its answer begins; verifying may take longer.
    #[serde(deserialize_with = "longer_than_zero")]
    pub request: Duration,
    /// How large a body may be, whatever the source says.
    pub body_bytes: Option<NonZeroUsize>,
    /// How much of a stream waits for its reader.
    pub stream_bytes: NonZeroUsize,
    /// How many streams one address may have open at once.
    pub streams_per_client: Option<NonZeroUsize>,
    /// How many bytes of memory verifying a query, or comparing a target, may take.
    pub verify_bytes: NonZeroUsize,
    /// How many calls one address may make in a second.
    pub requests_per_second: Option<NonZeroU32>,
}

impl Default for ServerLimits {
    fn default() -> Self {
        let size = |size| NonZeroUsize::new(size).expect("it is not 0");
        Self {
            connections: size(20_000),
            idle: Duration::from_secs(60),
            header: Duration::from_secs(10),
            request: Duration::from_secs(60),
            body_bytes: None,
            stream_bytes: size(4 << 20),
            streams_per_client: None,
            verify_bytes: size(1 << 30),
            requests_per_second: None,
        }
    }
}

fn longer_than_zero<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    let duration = period::deserialize(input)?;
    if duration.is_zero() {
        return Err(serde::de::Error::custom(
            "a limit of no time at all lets nobody do anything; write `1s` or more",
        ));
    }
    Ok(duration)
}
