//! Traces and metrics for a collector of OpenTelemetry, by OTLP over HTTP. A feature (`otel`): without it this module does
//! nothing.

#[cfg(not(feature = "otel"))]
mod absent;
#[cfg(feature = "otel")]
mod exporter;
#[cfg(feature = "otel")]
mod metrics;
#[cfg(feature = "otel")]
mod place;
#[cfg(feature = "otel")]
mod present;

#[cfg(not(feature = "otel"))]
pub use absent::Telemetry;
#[cfg(feature = "otel")]
pub use present::Telemetry;

use axum::http::{HeaderMap, Method};
use std::time::Instant;

/// A call that was answered, for a span of its own.
#[cfg_attr(not(feature = "otel"), expect(dead_code, reason = "only spans are made of it"))]
pub struct Answered<'a> {
    /// When its head had come.
    pub began: Instant,
    /// Its method.
    pub method: &'a Method,
    /// The path of the API that it matches, with names instead of ids, if it matches one.
    pub route: Option<&'a str>,
    /// The headers that it came with, which may name the span of its caller.
    pub headers: &'a HeaderMap,
    /// The status of the answer.
    pub status: u16,
    /// The position of the last transaction that it has brought, if any.
    pub position: Option<u64>,
}
