//! The families of `/metrics` in the form of OTLP.

use crate::api::metrics::family::{Family, Kind, Labels, Sample};
use livewell_store::Histogram;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram as Buckets, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

/// The span of time that values are about: from the start of the process until now, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) from: u64,
    pub(super) to: u64,
}

/// Returns a delivery of families.
pub(super) fn request(
    resource: &opentelemetry_sdk::Resource,
    families: &[Family],
    span: Span,
) -> ExportMetricsServiceRequest {
    let attributes = resource.iter().map(|(key, value)| pair(key.as_str(), value.as_str().as_ref()));
    let resource = Resource { attributes: attributes.collect(), ..Resource::default() };
    let scope = InstrumentationScope {
        name: "livewell".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    };
    let full = families.iter().filter(|family| !family.samples().is_empty());
    let metrics = full.map(|family| metric(family, span)).collect();
    let scope_metrics = vec![ScopeMetrics { scope: Some(scope), metrics, schema_url: String::new() }];
    let all = ResourceMetrics { resource: Some(resource), scope_metrics, schema_url: String::new() };
    ExportMetricsServiceRequest { resource_metrics: vec![all] }
}

fn metric(family: &Family, span: Span) -> Metric {
    let numbers = || {
        let point = |(labels, sample): &(Labels, Sample)| match sample {
            Sample::Counter(value) | Sample::Gauge(value) => Some(number(labels, *value, span)),
            Sample::Histogram(_) => None,
        };
        family.samples().iter().filter_map(point).collect()
    };
    let cumulative = AggregationTemporality::Cumulative as i32;
    let data = match family.kind() {
        Kind::Gauge => Data::Gauge(Gauge { data_points: numbers() }),
        Kind::Counter => {
            Data::Sum(Sum { data_points: numbers(), aggregation_temporality: cumulative, is_monotonic: true })
        }
        Kind::Histogram => {
            let point = |(labels, sample): &(Labels, Sample)| match sample {
                Sample::Histogram(durations) => Some(histogram(labels, durations, span)),
                _ => None,
            };
            let data_points = family.samples().iter().filter_map(point).collect();
            Data::Histogram(Buckets { data_points, aggregation_temporality: cumulative })
        }
    };
    Metric {
        name: family.full_name(),
        description: family.help().to_owned(),
        unit: unit(family.unit_name()).to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

/// Returns a unit by its sign in the UCUM.
fn unit(name: Option<&'static str>) -> &'static str {
    match name {
        Some("seconds") => "s",
        Some("bytes") => "By",
        Some("ratio") => "1",
        Some(other) => other,
        None => "",
    }
}

fn number(labels: &Labels, value: f64, span: Span) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(labels),
        start_time_unix_nano: span.from,
        time_unix_nano: span.to,
        value: Some(Number::AsDouble(value)),
        ..NumberDataPoint::default()
    }
}

fn histogram(labels: &Labels, durations: &Histogram, span: Span) -> HistogramDataPoint {
    let bounds = durations.buckets.iter().map(|(bound, _)| *bound).filter(|bound| bound.is_finite());
    HistogramDataPoint {
        attributes: attributes(labels),
        start_time_unix_nano: span.from,
        time_unix_nano: span.to,
        count: durations.count(),
        sum: Some(durations.seconds),
        bucket_counts: durations.buckets.iter().map(|(_, count)| *count).collect(),
        explicit_bounds: bounds.collect(),
        ..HistogramDataPoint::default()
    }
}

fn attributes(labels: &Labels) -> Vec<KeyValue> {
    labels.iter().map(|(name, value)| pair(name, value)).collect()
}

fn pair(key: &str, value: &str) -> KeyValue {
    let value = AnyValue { value: Some(Value::StringValue(value.to_owned())) };
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}
