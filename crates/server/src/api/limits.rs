//! What a caller may take up: calls a second, streams at once, and the time of a call.

use super::accept::held;
use super::broken_off::broken_off;
use super::buckets::{Buckets, client};
use super::context::{Api, Shared};
use super::problem::{Problem, documented};
use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, Request as HttpRequest};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::{FutureExt, StreamExt, stream};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The calls of each address.
#[derive(Debug)]
pub struct Rates(Mutex<Buckets>);

impl Rates {
    /// So many calls a second, and as many at once.
    pub fn new(per_second: NonZeroU32) -> Self {
        Self(Mutex::new(Buckets::new(per_second.get(), Duration::from_secs(1) / per_second.get())))
    }

    fn check(&self, address: IpAddr) -> Result<(), Problem> {
        let now = Instant::now();
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.wait(address, now).is_zero() {
            buckets.take(address, now);
            return Ok(());
        }
        let message = "more calls a second came from this address than `server.limits.requests_per_second` allows; \
                       try again";
        Err(Problem::new(429, "LW0704", message).retry_after(1))
    }
}

/// How many streams each address has open.
#[derive(Debug, Default)]
pub struct Streams(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One of the streams of an address.
struct Stream {
    all: Arc<Mutex<HashMap<IpAddr, usize>>>,
    client: IpAddr,
}

impl Streams {
    fn begin(&self, address: IpAddr, max: usize) -> Result<Stream, Problem> {
        let client = client(address);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = all.entry(client).or_default();
        if *open >= max {
            let message = format!(
                "{max} streams of this address are open, as many as `server.limits.streams_per_client` allows; close \
                 one first"
            );
            return Err(Problem::new(429, "LW0704", message).retry_after(1));
        }
        *open += 1;
        Ok(Stream { all: self.0.clone(), client })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = all.get_mut(&self.client) {
            *open -= 1;
            if *open == 0 {
                all.remove(&self.client);
            }
        }
    }
}

/// The address that a request comes from; the owner of the store, at the control socket, has none.
fn peer<B>(request: &HttpRequest<B>) -> Option<IpAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip())
}

/// The address that counts for a request.
pub fn address<B>(request: &HttpRequest<B>) -> IpAddr {
    peer(request).unwrap_or(Ipv4Addr::UNSPECIFIED.into())
}

/// Counts calls before anything else is looked at.
pub async fn count(State(api): State<Shared>, request: Request, next: Next) -> Response {
    let is_probe = matches!(request.uri().path(), "/health" | "/ready");
    match api.rates.as_ref().filter(|_| !is_probe).map_or(Ok(()), |rates| rates.check(address(&request))) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Answers within the time of a call. What takes longer goes on, since it may be half done.
pub async fn hold(State(api): State<Shared>, request: Request, next: Next) -> Response {
    answer(&api, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

async fn answer(api: &Api, request: Request, next: Next) -> Result<Response, Problem> {
    let path = request.uri().path();
    let is_stream =
        request.method() == Method::GET && (path.ends_with("/changes") || path.ends_with("/results"));
    let most = api.limits.streams_per_client.filter(|_| is_stream).zip(peer(&request));
    let stream = most.map(|(most, peer)| api.client_streams.begin(peer, most.get())).transpose()?;
    let is_long = path.ends_with("/verify");
    let (cut, request) = cuttable(request);
    let call = tokio::spawn(next.run(request));
    let answer = if is_long {
        // It changes nothing, so it ends with its caller.
        let mut ending = Ending(call);
        (&mut ending.0).await
    } else {
        let time = api.limits.request;
        tokio::time::timeout(time, call).await.map_err(|_| {
            // A body that is still to come is not waited for.
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

/// A call that is ended when nobody waits for it.
struct Ending(JoinHandle<Response>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The request with a body that fails, and does not merely end, as soon as something is sent.
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
                // Without anybody who could cut it, it goes on as it is.
                Some(Poll::Ready(Err(_))) => is_cut = None,
                Some(Poll::Pending) | None => {}
            }
            pieces.poll_next_unpin(context)
        }))
    });
    (cut, request)
}
