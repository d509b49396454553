//! Says when telemetry cannot be delivered: once, until it works again.

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Whether deliveries fail at the moment.
#[derive(Debug, Default)]
pub(super) struct Trouble(AtomicBool);

impl Trouble {
    /// Notes a delivery of `what`, which may have failed, and logs it if it is news.
    pub(super) fn note<E: Display>(&self, what: &str, failure: Option<E>) {
        match failure {
            None => {
                if self.0.swap(false, Ordering::Relaxed) {
                    tracing::info!("{what} are delivered to the collector again");
                }
            }
            Some(error) => {
                if !self.0.swap(true, Ordering::Relaxed) {
                    tracing::warn!(code = "LW0762", "{what} cannot be delivered to the collector: {error}");
                }
            }
        }
    }
}

/// Delivers spans by another exporter, and says when that fails.
#[derive(Debug)]
pub(super) struct Reporting<E> {
    inner: E,
    trouble: Trouble,
}

impl<E> Reporting<E> {
    pub(super) fn new(inner: E) -> Self {
        Self { inner, trouble: Trouble::default() }
    }
}

impl<E: SpanExporter> SpanExporter for Reporting<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let outcome = self.inner.export(batch).await;
        self.trouble.note("traces", outcome.as_ref().err());
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
