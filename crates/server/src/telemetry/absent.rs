//! What is there of telemetry without the feature: a refusal to be configured.

use super::Answered;
use crate::api::metrics::family::Family;
use livewell::Observer;
use livewell_config::settings::TelemetrySettings;

/// Delivers nothing.
#[derive(Debug, Clone, Default)]
pub struct Telemetry;

impl Telemetry {
    /// Returns one that does nothing.
    ///
    /// # Errors
    /// Returns an error if the configuration asks for more.
    pub fn start(settings: Option<&TelemetrySettings>) -> Result<Self, String> {
        match settings {
            None => Ok(Self),
            Some(_) => Err("this binary was built without the feature `otel`; build it with `--features otel`, or leave \
                            `server.telemetry` out [LW0608]"
                .to_owned()),
        }
    }

    /// Does nothing.
    pub fn answered(&self, _: &Answered<'_>) {}

    /// Does nothing.
    pub fn deliver_metrics(&self, _families: impl Fn() -> Option<Vec<Family>> + Send + 'static) {}

    /// Does nothing.
    pub fn end(&self) {}
}

impl Observer for Telemetry {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_configured_and_not_built_is_refused() {
        assert!(Telemetry::start(None).is_ok());
        let refused = Telemetry::start(Some(&TelemetrySettings::default())).unwrap_err();
        assert!(refused.contains("otel") && refused.ends_with("[LW0608]"), "{refused}");
    }
}
