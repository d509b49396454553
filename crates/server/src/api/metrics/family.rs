//! A family of metrics with its samples, and its text.

use livewell_store::Histogram;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};
use std::fmt::{Error, Result};
use std::sync::Arc;

/// The names and values of labels; several families share those of a component.
pub(crate) type Labels = Arc<[(&'static str, String)]>;

/// Returns labels.
pub(crate) fn labels<const N: usize>(pairs: [(&'static str, &str); N]) -> Labels {
    pairs.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
}

/// A family: its name without the unit and without `_total`, its description, and its samples in their order.
#[derive(Debug)]
pub(crate) struct Family {
    name: &'static str,
    unit: Option<&'static str>,
    help: &'static str,
    kind: Kind,
    samples: Vec<(Labels, Sample)>,
}

/// What the values of a family mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// They only grow while the process lives.
    Counter,
    /// They come and go.
    Gauge,
    /// They count durations.
    Histogram,
}

/// The value of one series.
#[derive(Debug)]
pub(crate) enum Sample {
    /// Of a counter.
    Counter(f64),
    /// Of a gauge.
    Gauge(f64),
    /// Of a histogram.
    Histogram(Histogram),
}

impl Family {
    /// Creates a family of values that only grow while the process lives.
    pub(crate) fn counter(name: &'static str, help: &'static str) -> Self {
        Self::new(name, help, Kind::Counter)
    }

    /// Creates a family of values that come and go.
    pub(crate) fn gauge(name: &'static str, help: &'static str) -> Self {
        Self::new(name, help, Kind::Gauge)
    }

    /// Creates a family of durations in seconds.
    pub(crate) fn seconds(name: &'static str, help: &'static str) -> Self {
        Self::new(name, help, Kind::Histogram).unit("seconds")
    }

    fn new(name: &'static str, help: &'static str, kind: Kind) -> Self {
        Self { name, unit: None, help, kind, samples: Vec::new() }
    }

    /// Sets the unit, which the name ends in.
    #[must_use]
    pub(crate) fn unit(mut self, unit: &'static str) -> Self {
        self.unit = Some(unit);
        self
    }

    /// Adds the value of a series.
    pub(crate) fn add(&mut self, labels: Labels, value: f64) {
        let is_counter = self.kind == Kind::Counter;
        let sample = if is_counter { Sample::Counter(value) } else { Sample::Gauge(value) };
        self.samples.push((labels, sample));
    }

    /// Adds the durations of a series.
    pub(crate) fn add_histogram(&mut self, labels: Labels, durations: Histogram) {
        self.samples.push((labels, Sample::Histogram(durations)));
    }

    /// Sets the only value.
    #[must_use]
    pub(crate) fn of(self, value: impl Into<Option<f64>>) -> Self {
        self.with(value.into().map(|value| (labels([]), value)))
    }

    /// Adds values.
    #[must_use]
    pub(crate) fn with(mut self, values: impl IntoIterator<Item = (Labels, f64)>) -> Self {
        values.into_iter().for_each(|(labels, value)| self.add(labels, value));
        self
    }

    /// Sets the only durations.
    #[must_use]
    pub(crate) fn of_durations(mut self, durations: impl Into<Option<Histogram>>) -> Self {
        self.samples.extend(durations.into().map(|durations| (labels([]), Sample::Histogram(durations))));
        self
    }

    /// Returns the name with the unit.
    #[cfg(feature = "otel")]
    pub(crate) fn full_name(&self) -> String {
        self.unit.map_or_else(|| self.name.to_owned(), |unit| format!("{}_{unit}", self.name))
    }

    /// Returns what the values mean.
    #[cfg(feature = "otel")]
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the description.
    #[cfg(feature = "otel")]
    pub(crate) fn help(&self) -> &'static str {
        self.help
    }

    /// Returns the unit, if there is one.
    #[cfg(feature = "otel")]
    pub(crate) fn unit_name(&self) -> Option<&'static str> {
        self.unit
    }

    /// Returns the samples in their order.
    #[cfg(feature = "otel")]
    pub(crate) fn samples(&self) -> &[(Labels, Sample)] {
        &self.samples
    }

    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> Result {
        let unit = self.unit.map(|unit| Unit::Other(unit.to_owned()));
        let kind = match self.kind {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
            Kind::Histogram => MetricType::Histogram,
        };
        let mut family = encoder.encode_descriptor(self.name, self.help, unit.as_ref(), kind)?;
        for (labels, sample) in &self.samples {
            let pairs = &**labels;
            if pairs.is_empty() {
                write(&mut family, sample)?;
            } else {
                write(&mut family.encode_family(&pairs)?, sample)?;
            }
        }
        Ok(())
    }
}

fn write(encoder: &mut MetricEncoder<'_>, sample: &Sample) -> Result {
    match sample {
        // Most counters count whole things, and are shown so.
        Sample::Counter(value) if value.fract() == 0.0 && *value < 9e15 => {
            encoder.encode_counter::<NoLabelSet, _, f64>(&(*value as u64), None)
        }
        Sample::Counter(value) => encoder.encode_counter::<NoLabelSet, _, f64>(value, None),
        Sample::Gauge(value) => encoder.encode_gauge(value),
        Sample::Histogram(Histogram { seconds, buckets }) => {
            let count = buckets.iter().map(|(_, count)| count).sum();
            encoder.encode_histogram::<NoLabelSet>(*seconds, count, buckets, None)
        }
    }
}

/// Families in the order in which they are written.
#[derive(Debug)]
struct Families(Vec<Family>);

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result {
        self.0.iter().try_for_each(|family| family.encode(&mut encoder))
    }
}

/// Returns the text of families.
///
/// # Errors
/// Returns an error if a family cannot be written in the format.
pub(crate) fn text(families: Vec<Family>) -> std::result::Result<String, Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Families(families)));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_in_the_order_of_its_parts_and_names_end_in_units() {
        let ids = |id| labels([("kind", "query"), ("id", id)]);
        let families = vec![
            Family::counter("b", "Bytes").unit("bytes").with([(ids("z"), 2.0), (ids("a\"\\\n"), 1.5)]),
            Family::gauge("a", "A value").of(0.25),
            Family::gauge("none", "Nothing").of(None),
        ];
        let expected = r#"# HELP b_bytes Bytes
# TYPE b_bytes counter
# UNIT b_bytes bytes
b_bytes_total{kind="query",id="z"} 2
b_bytes_total{kind="query",id="a\"\\\n"} 1.5
# HELP a A value
# TYPE a gauge
a 0.25
# HELP none Nothing
# TYPE none gauge
# EOF
"#;
        assert_eq!(text(families).unwrap(), expected);
    }
}
