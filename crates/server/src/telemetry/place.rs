//! Where telemetry goes: what the configuration says, else what the variables of OpenTelemetry say.

use livewell_config::settings::TelemetrySettings;
use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use std::collections::HashMap;
use std::time::Duration;

/// How often metrics are delivered.
const METRICS_EVERY: Duration = Duration::from_secs(60);

/// Where telemetry goes.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The URL for spans.
    pub(super) traces: String,
    /// The URL for metrics.
    pub(super) metrics: String,
    /// Headers of each delivery, such as a key.
    pub(super) headers: HashMap<String, String>,
    /// How often metrics are delivered.
    pub(super) metrics_every: Duration,
    /// The share of traces that are kept; `None`: as `OTEL_TRACES_SAMPLER` says.
    pub(super) share: Option<f64>,
    /// What delivers.
    pub(super) resource: Resource,
}

impl Place {
    /// Returns where telemetry goes, if anywhere.
    ///
    /// # Errors
    /// Returns what is wrong with the settings or the variables.
    pub(super) fn of(settings: Option<&TelemetrySettings>) -> Result<Option<Self>, String> {
        Self::with(settings, &|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn with(
        settings: Option<&TelemetrySettings>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, String> {
        if variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        let said = settings.and_then(|settings| settings.endpoint.clone());
        let base = said.clone().or_else(|| variable("OTEL_EXPORTER_OTLP_ENDPOINT"));
        let of = |signal: &str, path: &str| {
            let own = variable(&format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")).filter(|_| said.is_none());
            own.or_else(|| base.as_ref().map(|base| format!("{}/v1/{path}", base.trim_end_matches('/'))))
        };
        let (Some(traces), Some(metrics)) = (of("TRACES", "traces"), of("METRICS", "metrics")) else {
            return match settings {
                None => Ok(None),
                Some(_) => {
                    Err("give `server.telemetry.endpoint`, or the variable OTEL_EXPORTER_OTLP_ENDPOINT"
                        .to_owned())
                }
            };
        };
        for url in [&traces, &metrics] {
            if !url.starts_with("http://") && !url.starts_with("https://") {
                return Err(format!(
                    "`{url}` is not the URL of a collector; it begins with `http://` or `https://`"
                ));
            }
        }
        let mut headers = pairs(&variable("OTEL_EXPORTER_OTLP_HEADERS").unwrap_or_default());
        headers.extend(settings.into_iter().flat_map(|settings| settings.headers.clone()));
        let name = settings.and_then(|settings| settings.service_name.clone());
        let name = name.or_else(|| variable("OTEL_SERVICE_NAME")).unwrap_or_else(|| "livewell".to_owned());
        let millis = variable("OTEL_METRIC_EXPORT_INTERVAL").and_then(|value| value.parse().ok());
        let every =
            settings.and_then(|settings| settings.metrics_every).or(millis.map(Duration::from_millis));
        Ok(Some(Self {
            traces,
            metrics,
            headers,
            metrics_every: every.unwrap_or(METRICS_EVERY).max(Duration::from_millis(100)),
            share: settings.and_then(|settings| settings.traces_share),
            resource: Resource::builder()
                .with_service_name(name)
                .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
                .build(),
        }))
    }
}

/// Returns the pairs of a list such as `a=1,b=2`.
fn pairs(list: &str) -> HashMap<String, String> {
    let pairs = list.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(settings: Option<&str>, variables: &[(&str, &str)]) -> Result<Option<Place>, String> {
        let settings = settings.map(|text| serde_json::from_str(text).unwrap());
        let variable = |name: &str| {
            variables.iter().find(|(found, _)| *found == name).map(|(_, value)| (*value).to_owned())
        };
        Place::with(settings.as_ref(), &variable)
    }

    #[test]
    fn the_configuration_comes_before_the_variables() {
        assert!(place(None, &[]).unwrap().is_none());
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318/");
        let by_variables =
            place(None, &[endpoint, ("OTEL_EXPORTER_OTLP_HEADERS", "k=v, x = y")]).unwrap().unwrap();
        assert_eq!(by_variables.traces, "http://a:4318/v1/traces");
        assert_eq!(by_variables.headers["x"], "y");
        let own = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://b/metrics");
        assert_eq!(place(None, &[endpoint, own]).unwrap().unwrap().metrics, "http://b/metrics");
        let said = r#"{"endpoint":"https://c","headers":{"k":"w"},"metrics_every":"5s"}"#;
        let by_settings = place(Some(said), &[endpoint, own]).unwrap().unwrap();
        assert_eq!(
            (by_settings.metrics.as_str(), by_settings.headers["k"].as_str()),
            ("https://c/v1/metrics", "w")
        );
        assert_eq!(by_settings.metrics_every, Duration::from_secs(5));
        assert!(place(Some(said), &[("OTEL_SDK_DISABLED", "true")]).unwrap().is_none());
    }

    #[test]
    fn what_is_not_a_collector_is_refused() {
        assert!(place(Some("{}"), &[]).unwrap_err().contains("endpoint"));
        assert!(place(Some(r#"{"endpoint":"localhost:4317"}"#), &[]).unwrap_err().contains("http://"));
    }
}
