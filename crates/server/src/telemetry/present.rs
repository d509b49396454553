//! Spans of the work of components and of calls, and the delivery of metrics.
//!
//! Spans are made of work that is done: the library tells its observer when a batch began, when its changes were handed
//! to the store, and that they are durable. A trace is that of what a source took in at once: the steps of queries over
//! it and the deliveries of what came of it are children of its span, found by their position. The span of a call that
//! brought transactions continues its caller's trace, and is linked to the trace of what was taken in, which may be of
//! many calls.

use super::Answered;
use super::exporter::{Reporting, Trouble};
use super::metrics::{Span as Since, request};
use super::place::Place;
use crate::api::metrics::family::Family;
use livewell::clock::{Clock, SystemClock};
use livewell::{ComponentKind, Observed, Observer, Work};
use livewell_config::settings::TelemetrySettings;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{
    Link, Span, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, Span as OpenSpan};
use prost::Message;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Of so many batches that sources took in last, later work finds the trace.
const TRACES_KEPT: usize = 4096;
/// How long a delivery of metrics may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Delivers traces and metrics, or nothing if no collector is configured.
#[derive(Clone, Default)]
pub struct Telemetry(Option<Arc<Inner>>);

struct Inner {
    place: Place,
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    /// The last position of each batch that a source took in, with its span, ascending.
    taken: Mutex<VecDeque<(u64, SpanContext)>>,
    /// The span of the batch that each source is handing to the store, by the source's id.
    open: Mutex<HashMap<String, OpenSpan>>,
    /// Dropped to end the delivery of metrics.
    metrics: Mutex<Option<Sender<()>>>,
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry").finish_non_exhaustive()
    }
}

impl Telemetry {
    /// Starts to deliver to the collector that the configuration or the variables of OpenTelemetry name.
    ///
    /// # Errors
    /// Returns what is wrong with these.
    pub fn start(settings: Option<&TelemetrySettings>) -> Result<Self, String> {
        let refused = |error: &dyn fmt::Display| format!("telemetry: {error} [LW0604]");
        let Some(place) = Place::of(settings).map_err(|error| refused(&error))? else {
            return Ok(Self(None));
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(&place.traces)
            .with_headers(place.headers.clone())
            .build()
            .map_err(|error| refused(&error))?;
        let mut builder = SdkTracerProvider::builder()
            .with_batch_exporter(Reporting::new(exporter))
            .with_resource(place.resource.clone());
        if let Some(share) = place.share {
            builder = builder.with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share))));
        }
        let provider = builder.build();
        let tracer = provider.tracer("livewell");
        tracing::info!("delivering traces to {} and metrics to {}", place.traces, place.metrics);
        let (taken, open, metrics) = Default::default();
        Ok(Self(Some(Arc::new(Inner { place, provider, tracer, taken, open, metrics }))))
    }

    /// Makes a span of a call that was answered.
    pub fn answered(&self, call: &Answered<'_>) {
        let Some(inner) = &self.0 else { return };
        let parent = TraceContextPropagator::new().extract(&HeaderExtractor(call.headers));
        let method = call.method.as_str().to_owned();
        let name = call.route.map_or_else(|| method.clone(), |route| format!("{method} {route}"));
        let mut attributes = vec![
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.response.status_code", i64::from(call.status)),
        ];
        attributes.extend(call.route.map(|route| KeyValue::new("http.route", route.to_owned())));
        let taken = call.position.and_then(|position| inner.taken_at(position));
        let mut span = SpanBuilder::from_name(name)
            .with_kind(SpanKind::Server)
            .with_start_time(wall(call.began))
            .with_attributes(attributes)
            .with_links(taken.into_iter().map(|context| Link::new(context, Vec::new(), 0)).collect())
            .start_with_context(&inner.tracer, &parent);
        if call.status >= 500 {
            span.set_status(Status::error("the call failed"));
        }
        span.end();
    }

    /// Delivers what `families` returns now and then, on a thread of its own.
    pub fn deliver_metrics(&self, families: impl Fn() -> Option<Vec<Family>> + Send + 'static) {
        let Some(inner) = self.0.clone() else { return };
        let (end, ended) = channel();
        let (place, from) = (inner.place.clone(), nanoseconds());
        let deliver = move || deliver(&place, from, &families, &ended);
        if let Err(error) = std::thread::Builder::new().name("telemetry".into()).spawn(deliver) {
            tracing::warn!(code = "LW0502", "no thread to deliver metrics: {error}");
        }
        *inner.metrics.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
    }

    /// Delivers what is left, and ends.
    pub fn end(&self) {
        let Some(inner) = &self.0 else { return };
        inner.metrics.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A failure was logged by the exporter.
        let _ = inner.provider.shutdown();
    }
}

impl Inner {
    /// Returns the span of the batch that brought the transaction at this position.
    fn taken_at(&self, position: u64) -> Option<SpanContext> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.get(taken.partition_point(|(last, _)| *last < position)).map(|(_, context)| context.clone())
    }

    fn note_taken(&self, position: u64, context: SpanContext) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        // What did not become durable gives its positions to what comes after it.
        let at = taken.partition_point(|(last, _)| *last < position);
        taken.truncate(at);
        taken.push_back((position, context));
        if taken.len() > TRACES_KEPT {
            taken.pop_front();
        }
    }

    /// Returns the span of a batch of work: of a source, the one that is open.
    fn whole(&self, component: Observed<'_>, work: &Work) -> Option<OpenSpan> {
        let name = match component.kind {
            ComponentKind::Source => {
                return self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(component.id);
            }
            ComponentKind::Query => "step",
            ComponentKind::Reaction => "deliver",
        };
        let parent = self.taken_at(work.position).map_or_else(Context::new, under);
        let span = SpanBuilder::from_name(name).with_start_time(wall(work.began));
        Some(span.start_with_context(&self.tracer, &parent))
    }
}

impl Observer for Telemetry {
    /// Begins the span here, for a query may be done with the batch before [`Observer::worked`] tells of it.
    fn takes_in(&self, source: Observed<'_>, began: Instant, position: u64) {
        let Some(inner) = &self.0 else { return };
        let span = SpanBuilder::from_name("take in")
            .with_start_time(wall(began))
            .start_with_context(&inner.tracer, &Context::new());
        inner.note_taken(position, span.span_context().clone());
        let mut open = inner.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut failed) = open.insert(source.id.to_owned(), span) {
            failed.set_status(Status::error("the commit failed"));
        }
    }

    fn worked(&self, component: Observed<'_>, work: &Work) {
        let Some(inner) = &self.0 else { return };
        let Some(mut whole) = inner.whole(component, work) else { return };
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let id = KeyValue::new(format!("livewell.{}", component.kind.noun()), component.id.to_owned());
        whole.set_attributes([
            id,
            KeyValue::new("livewell.position", number(work.position)),
            KeyValue::new("livewell.entries", number(work.entries)),
        ]);
        let mut commit = SpanBuilder::from_name("commit")
            .with_start_time(wall(work.done))
            .start_with_context(&inner.tracer, &under(whole.span_context().clone()));
        let now = wall(Instant::now());
        commit.end_with_timestamp(now);
        whole.end_with_timestamp(now);
    }
}

/// Returns the context of what is done because of the work of this span.
fn under(parent: SpanContext) -> Context {
    Context::new().with_remote_span_context(parent)
}

/// Delivers metrics until the channel ends, and once more then.
fn deliver(place: &Place, from: u64, families: &dyn Fn() -> Option<Vec<Family>>, ended: &Receiver<()>) {
    let trouble = Trouble::default();
    let client = match reqwest::blocking::Client::builder().timeout(PATIENCE).build() {
        Ok(client) => client,
        Err(error) => return trouble.note("metrics", Some(error)),
    };
    loop {
        let is_last = ended.recv_timeout(place.metrics_every) != Err(RecvTimeoutError::Timeout);
        let Some(families) = families() else { return };
        let body = request(&place.resource, &families, Since { from, to: nanoseconds() }).encode_to_vec();
        let mut call =
            client.post(&place.metrics).header("content-type", "application/x-protobuf").body(body);
        for (name, value) in &place.headers {
            call = call.header(name, value);
        }
        let sent = call.send().and_then(reqwest::blocking::Response::error_for_status);
        trouble.note("metrics", sent.err());
        if is_last {
            return;
        }
    }
}

fn nanoseconds() -> u64 {
    u64::try_from(SystemClock.now().0).unwrap_or(0)
}

/// Returns a moment by the machine's clock.
fn wall(moment: Instant) -> SystemTime {
    let now = UNIX_EPOCH + Duration::from_nanos(nanoseconds());
    now - moment.elapsed()
}
