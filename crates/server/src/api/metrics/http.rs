//! The metrics of the API: calls, connections, streams and wrong tokens.

use super::family::{Family, labels};
use crate::api::context::{Api, Shared};
use crate::api::guesses::Counts;
use crate::api::stream::{FOLLOWERS_MAX, STREAMS_MAX};
use crate::api::traffic::Class;
use crate::telemetry::Answered;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;

/// The position of the last transaction that a call has brought, an extension of its answer.
#[derive(Debug, Clone, Copy)]
pub struct Brought(pub u64);

/// Counts a call and how long its answer took to begin.
pub async fn count(State(api): State<Shared>, request: Request, next: Next) -> Response {
    let (began, class) = (Instant::now(), Class::of(request.method(), request.uri().path()));
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let answer = next.run(request).await;
    api.traffic.add(class, answer.status(), began.elapsed());
    if !matches!(class, Class::Probe | Class::Metrics) {
        api.telemetry.answered(&Answered {
            began,
            method: &method,
            route: route.as_ref().map(MatchedPath::as_str),
            headers: &headers,
            status: answer.status().as_u16(),
            position: answer.extensions().get::<Brought>().map(|Brought(position)| *position),
        });
    }
    answer
}

/// Returns the metrics of the API.
pub(super) fn families(api: &Api) -> Vec<Family> {
    let traffic = &api.traffic;
    let Counts { wrong, held_off } = api.guesses.counts();
    let answered = traffic.answered().into_iter().map(|((class, code), count)| {
        (labels([("class", class.name()), ("code", &code.to_string())]), count as f64)
    });
    let calls = Family::counter("livewell_http_requests", "Calls that were answered").with(answered);
    let mut took =
        Family::seconds("livewell_http_request", "From the head of a call to the head of its answer");
    for class in Class::ALL {
        took.add_histogram(labels([("class", class.name())]), traffic.took(class));
    }
    let doors = [("address", traffic.address.counts()), ("control", traffic.owner.counts())];
    let doors = |which: usize| doors.map(|(name, counts)| (labels([("door", name)]), counts[which] as f64));
    let streams = [("snapshot", STREAMS_MAX, &api.streams), ("follower", FOLLOWERS_MAX, &api.followers)];
    let streams = streams.map(|(kind, most, permits)| {
        (labels([("kind", kind)]), most.saturating_sub(permits.available_permits()) as f64)
    });
    vec![
        calls,
        took,
        Family::gauge("livewell_http_connections", "Connections that are open").with(doors(0)),
        Family::counter("livewell_http_connections_accepted", "Connections that were accepted")
            .with(doors(1)),
        Family::counter(
            "livewell_http_connections_refused",
            "Connections that were closed since all were busy",
        )
        .with(doors(2)),
        Family::gauge("livewell_http_streams", "Streams of results that are open").with(streams),
        Family::counter("livewell_wrong_tokens", "Calls that were refused for a wrong token")
            .of(wrong as f64),
        Family::counter(
            "livewell_held_off_tokens",
            "Calls that were refused without a look at their token, for the wrong ones before",
        )
        .of(held_off as f64),
        Family::gauge("livewell_certificate_expires_timestamp", "When the certificate of the API expires")
            .unit("seconds")
            .of(api.tls.as_ref().and_then(|tls| tls.expires()).map(|at| at.as_secs_f64())),
    ]
}
