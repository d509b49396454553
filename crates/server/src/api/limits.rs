//! Limits on callers: calls a second, streams at once, and the time of a call.

use super::accept::held;
use super::broken_off::broken_off;
use super::context::{Api, Shared};
use super::problem::{Problem, documented};
use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, Request as HttpRequest};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::{FutureExt, StreamExt, stream};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::task::Poll;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Returns the address that a request comes from; `None` for the owner of the store, at the control socket.
pub fn peer<B>(request: &HttpRequest<B>) -> Option<IpAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip())
}

/// Returns the address that counts for a request.
pub fn address<B>(request: &HttpRequest<B>) -> IpAddr {
    peer(request).unwrap_or(Ipv4Addr::UNSPECIFIED.into())
}

/// Counts calls before any other check.
pub async fn count(State(api): State<Shared>, request: Request, next: Next) -> Response {
    let is_probe = matches!(request.uri().path(), "/health" | "/ready");
    match api.rates.as_ref().filter(|_| !is_probe).map_or(Ok(()), |rates| rates.check(address(&request))) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Answers within the time of a call. Work that takes longer continues, since it may be half done.
pub async fn hold(State(api): State<Shared>, request: Request, next: Next) -> Response {
    answer(&api, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

async fn answer(api: &Api, request: Request, next: Next) -> Result<Response, Problem> {
    let path = request.uri().path();
    let is_stream = request.method() == Method::GET
        && (path.ends_with("/changes") || path.ends_with("/results") || path == "/api/v1/stream");
    let most = api.limits.streams_per_client.filter(|_| is_stream).zip(peer(&request));
    let stream = most.map(|(most, peer)| api.client_streams.begin(peer, most.get())).transpose()?;
    let long = ["/verify", "/compare", "/target", "/why", "/funnel", "/views", "/check", "/try"];
    // A component may have such a name, and what changes it is not broken off.
    let changes_one = matches!(*request.method(), Method::PUT | Method::DELETE);
    let is_long = !changes_one && long.iter().any(|end| path.ends_with(end));
    // Every component of a configuration takes its time, and what was begun is finished in any case.
    let is_limited = path != "/api/v1/apply";
    let (cut, request) = cuttable(request);
    let call = tokio::spawn(next.run(request));
    let answer = if is_long {
        // It changes nothing, so it ends with its caller.
        let mut ending = Ending(call);
        (&mut ending.0).await
    } else if !is_limited {
        call.await
    } else {
        let time = api.limits.request;
        tokio::time::timeout(time, call).await.map_err(|_| {
            // The rest of the body is not awaited.
            let _ = cut.send(());
            let message = format!(
                "the call was not answered within {time:?} (`server.limits.request`); it may still be carried out"
            );
            Problem::new(504, "LW0720", message)
        })?
    };
    let answer = answer.map_err(|error| broken_off(&error))?;
    Ok(documented(answer).await.map(|body| held(body, stream)))
}

/// A call that is cancelled when nobody waits for it.
struct Ending(JoinHandle<Response>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Returns the request with a body that fails, rather than ends, once something is sent through the channel.
fn cuttable(request: Request) -> (oneshot::Sender<()>, Request) {
    let (cut, is_cut) = oneshot::channel();
    if request.body().is_end_stream() {
        return (cut, request);
    }
    let request = request.map(|body| {
        let (mut pieces, mut is_cut) = (body.into_data_stream(), Some(is_cut));
        Body::from_stream(stream::poll_fn(move |context| {
            match is_cut.as_mut().map(|is_cut| is_cut.poll_unpin(context)) {
                Some(Poll::Ready(Ok(()))) => {
                    is_cut = None;
                    return Poll::Ready(Some(Err(axum::Error::new(io::Error::from(
                        io::ErrorKind::TimedOut,
                    )))));
                }
                // If nobody can cut it any more, the body continues unchanged.
                Some(Poll::Ready(Err(_))) => is_cut = None,
                Some(Poll::Pending) | None => {}
            }
            pieces.poll_next_unpin(context)
        }))
    });
    (cut, request)
}
