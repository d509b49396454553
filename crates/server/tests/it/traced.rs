//! Traces and metrics for a collector of OpenTelemetry: a tiny one, which decodes what comes.

use super::running::{Running, orders};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{HistogramDataPoint, Metric};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What came: the path, the headers, the body.
type Delivery = (String, Vec<String>, Vec<u8>);

/// A collector that takes what comes, or refuses it.
struct Collector {
    address: String,
    came: Arc<Mutex<Vec<Delivery>>>,
}

impl Collector {
    fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, came) = (listener.local_addr().unwrap().to_string(), Arc::<Mutex<Vec<_>>>::default());
        let all = came.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let all = all.clone();
                std::thread::spawn(move || while receive(&stream, status, &all).is_some() {});
            }
        });
        Self { address, came }
    }

    fn deliveries(&self, path: &str) -> Vec<Vec<u8>> {
        let came = self.came.lock().unwrap();
        came.iter().filter(|(at, ..)| at == path).map(|(.., body)| body.clone()).collect()
    }

    /// All spans that came, each with the name of its service.
    fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        for body in self.deliveries("/v1/traces") {
            for resource in ExportTraceServiceRequest::decode(&*body).unwrap().resource_spans {
                let attributes = resource.resource.unwrap().attributes;
                assert_eq!(text(&attributes, "service.name").as_deref(), Some("shop"));
                assert_eq!(text(&attributes, "service.version").as_deref(), Some(env!("CARGO_PKG_VERSION")));
                spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
            }
        }
        spans
    }

    /// The metrics of the last delivery.
    fn metrics(&self) -> Vec<Metric> {
        let Some(last) = self.deliveries("/v1/metrics").pop() else { return Vec::new() };
        let all = ExportMetricsServiceRequest::decode(&*last).unwrap().resource_metrics;
        all.into_iter().flat_map(|one| one.scope_metrics).flat_map(|scope| scope.metrics).collect()
    }
}

fn receive(mut stream: &TcpStream, status: u16, came: &Mutex<Vec<Delivery>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let path = head[0].split(' ').nth(1)?.to_owned();
    let length =
        head.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length?];
    reader.read_exact(&mut body).ok()?;
    came.lock().unwrap().push((path, head, body));
    write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n").ok()
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.clone()?.value? {
        Value::StringValue(text) => Some(text),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{key}: {other:?}"),
    }
}

fn start(collector: &Collector) -> Running {
    let telemetry = format!(
        "  telemetry: {{ endpoint: 'http://{}', service_name: shop, headers: {{ x-key: s3cret }}, metrics_every: 1s }}\n",
        collector.address
    );
    let reaction = "reactions:\n  - { id: seen, kind: file, queries: [big], path: out.jsonl }\n";
    Running::start_with(&telemetry, "", reaction)
}

fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn a_trace_leads_from_what_was_taken_in_to_its_effect_and_from_the_callers_to_it() {
    let collector = Collector::start(200);
    let mut running = start(&collector);
    let caller = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    running.ask("POST", "/api/v1/sources/orders/changes", caller, &orders(&[250]));
    wait_for("delivered", || (running.get("/api/v1/reactions/seen").json()["sequence"] == 1).then_some(()));
    // The reaction shows its checkpoint a moment before it tells of its work; a stop comes after that.
    running.stop();
    let spans = collector.spans();
    let named = |name: &str| -> Vec<&Span> { spans.iter().filter(|span| span.name == name).collect() };
    let [taken] = named("take in")[..] else { panic!("{spans:?}") };
    let [step] = named("step")[..] else { panic!("{spans:?}") };
    let [delivery] = named("deliver")[..] else { panic!("{spans:?}") };
    assert_eq!(text(&taken.attributes, "livewell.source").as_deref(), Some("orders"));
    assert_eq!(text(&step.attributes, "livewell.query").as_deref(), Some("big"));
    assert_eq!(text(&delivery.attributes, "livewell.reaction").as_deref(), Some("seen"));
    assert!(taken.parent_span_id.is_empty());
    for (span, before) in [(step, taken), (delivery, step)] {
        assert_eq!(
            (&span.trace_id, &span.parent_span_id),
            (&taken.trace_id, &taken.span_id),
            "{}",
            span.name
        );
        assert_eq!(text(&span.attributes, "livewell.position").as_deref(), Some("1"));
        assert!(span.start_time_unix_nano >= before.start_time_unix_nano, "{}", span.name);
    }
    let commits = named("commit");
    for span in [taken, step, delivery] {
        let commit = commits.iter().find(|commit| commit.parent_span_id == span.span_id).unwrap();
        assert!(commit.start_time_unix_nano >= span.start_time_unix_nano);
        assert_eq!(commit.end_time_unix_nano, span.end_time_unix_nano);
    }
    let [call] = named("POST /api/v1/sources/{id}/changes")[..] else { panic!("{spans:?}") };
    assert_eq!(call.kind, SpanKind::Server as i32);
    let hexadecimal = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hexadecimal(&call.trace_id), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(hexadecimal(&call.parent_span_id), "b7ad6b7169203331");
    assert_eq!(text(&call.attributes, "http.response.status_code").as_deref(), Some("200"));
    assert_eq!((&call.links[0].trace_id, &call.links[0].span_id), (&taken.trace_id, &taken.span_id));
    let came = collector.came.lock().unwrap();
    assert!(came.iter().all(|(_, head, _)| head.iter().any(|line| line == "x-key: s3cret")));
}

#[test]
fn metrics_come_with_their_units_and_buckets() {
    let collector = Collector::start(200);
    let mut running = start(&collector);
    running.post(&orders(&[250, 300]));
    wait_for("delivered", || (running.get("/api/v1/reactions/seen").json()["sequence"] == 2).then_some(()));
    wait_for("metrics", || (!collector.metrics().is_empty()).then_some(()));
    running.stop();
    let metrics = collector.metrics();
    let metric =
        |name: &str| metrics.iter().find(|metric| metric.name == name).unwrap_or_else(|| panic!("{name}"));
    assert!(metrics.len() > 40, "{}", metrics.len());
    let Some(Data::Sum(results)) = &metric("livewell_query_results").data else { panic!("a counter") };
    assert!(results.is_monotonic && results.data_points.len() == 1);
    assert_eq!(text(&results.data_points[0].attributes, "id").as_deref(), Some("big"));
    assert!(results.data_points[0].start_time_unix_nano < results.data_points[0].time_unix_nano);
    let effects = metric("livewell_source_to_effect_seconds");
    let Some(Data::Histogram(durations)) = &effects.data else { panic!("a histogram") };
    let HistogramDataPoint { count, bucket_counts, explicit_bounds, .. } = &durations.data_points[0];
    assert_eq!((effects.unit.as_str(), *count), ("s", 2));
    assert_eq!(bucket_counts.len(), explicit_bounds.len() + 1);
    assert_eq!(bucket_counts.iter().sum::<u64>(), 2);
    assert_eq!(metric("livewell_store_data_bytes").unit, "By");
}

#[test]
fn a_collector_that_is_not_there_costs_one_line_of_the_log_each() {
    let collector = Collector::start(503);
    let mut running = start(&collector);
    running.post(&orders(&[250]));
    wait_for("metrics", || (collector.deliveries("/v1/metrics").len() > 2).then_some(()));
    let log = running.stop();
    assert_eq!(log.matches("LW0762").count(), 2, "{log}");
    assert!(!log.contains("s3cret"), "{log}");
}
