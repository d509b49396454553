//! Accepts connections: as many as the limits and the open files allow, each with its time limits.
//!
//! If there is no room, the connection that has been idle for longest is closed for the new one. So idle clients keep
//! nobody out, and the files that components and the store need stay free.

use super::connection::{Activity, Drained, Watched};
use super::traffic;
use super::until::until;
use crate::tls::Tls;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use livewell_config::settings::ServerLimits;
use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

/// How many bytes of a request's head, and of an answer, a connection holds.
const BUFFER_BYTES: usize = 64 << 10;
/// How long to accept nothing after a failure, such as the lack of a free file.
const PAUSE: Duration = Duration::from_millis(100);
/// The answer if every connection is busy.
const FULL: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\n\
                    connection: close\r\n\r\n{\"type\":\"/errors/LW0704\",\"title\":\"Too many requests at once\",\
                    \"status\":503,\"detail\":\"as many connections as this server takes are at work; try again\",\
                    \"code\":\"LW0704\"}";

/// Where connections come from.
pub trait Listen: Send {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Waits for the next connection. Returns it with the address that it comes from, if it has one.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, Option<SocketAddr>)>> + Send;

    /// Sends as many of `bytes` as the system takes at once.
    fn try_write(stream: &Self::Stream, bytes: &[u8]) -> io::Result<usize>;
}

impl Listen for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let (stream, peer) = Self::accept(self).await?;
        // The parts of a streamed answer would each wait for the receipt of the one before, which callers delay by 40 ms.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("answers to {peer} come in larger parts: {error}");
        }
        Ok((stream, Some(peer)))
    }

    fn try_write(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        stream.try_write(bytes)
    }
}

/// The control socket. Its file lets nobody else in; if its mode was changed, this check still refuses others.
impl Listen for UnixListener {
    type Stream = UnixStream;

    async fn accept(&self) -> io::Result<(UnixStream, Option<SocketAddr>)> {
        let own = rustix::process::geteuid().as_raw();
        loop {
            let (stream, _) = Self::accept(self).await?;
            let user = stream.peer_cred()?.uid();
            if user == own || user == 0 {
                return Ok((stream, None));
            }
            tracing::warn!(code = "LW0721", user, "another user was refused at the control socket");
        }
    }

    fn try_write(stream: &UnixStream, bytes: &[u8]) -> io::Result<usize> {
        stream.try_write(bytes)
    }
}

/// How a door is kept.
pub struct Door {
    /// The largest number of connections.
    pub max: usize,
    /// Where connections are counted.
    pub measured: Arc<traffic::Door>,
}

/// The connections that are open.
#[derive(Default)]
struct Open(Mutex<HashMap<u64, Arc<Activity>>>);

impl Open {
    fn with<T>(&self, work: impl FnOnce(&mut HashMap<u64, Arc<Activity>>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes room for one more connection. Returns false if all are busy.
    fn make_room(&self, max: usize) -> bool {
        self.with(|open| {
            if open.len() < max {
                return true;
            }
            let idle = open.iter().filter_map(|(number, one)| Some((one.idle_since()?, *number)));
            let Some((_, number)) = idle.min() else { return false };
            if let Some(idlest) = open.remove(&number) {
                idlest.give_up.notify_one();
            }
            true
        })
    }
}

/// What every connection of a listener is served.
#[derive(Clone)]
pub struct Served {
    /// The calls.
    pub router: Router,
    /// Limits of time.
    pub limits: ServerLimits,
    /// The certificate, if TLS is spoken.
    pub tls: Option<Arc<Tls>>,
}

/// Serves until `stop` is true, and then until the calls in progress have ended.
pub async fn serve<L: Listen>(listener: L, served: Served, door: Door, stop: watch::Receiver<bool>) {
    let Door { max, measured } = door;
    let (open, mut tasks, mut number) = (Arc::new(Open::default()), JoinSet::new(), 0_u64);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = tasks.join_next() => continue,
            () = until(stop.clone()) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!("a connection was not accepted: {error}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        if !open.make_room(max) {
            measured.refuse();
            if served.tls.is_none() {
                // It is closed whether it takes the answer or not.
                let _ = L::try_write(&stream, FULL.as_bytes());
            }
            continue;
        }
        // The connection that makes room has to be closed, with its file.
        while tasks.len() >= max && tasks.join_next().await.is_some() {}
        number += 1;
        let (activity, connected) = (Arc::new(Activity::new()), measured.accept());
        open.with(|open| open.insert(number, activity.clone()));
        let (served, stop, open) = (served.clone(), stop.clone(), open.clone());
        tasks.spawn(async move {
            let stream = Drained::new(stream, served.limits.idle);
            match &served.tls {
                None => connection(stream, peer, served, activity, stop).await,
                Some(tls) => {
                    if let Some(stream) = secured(tls, stream, &served.limits, &activity, stop.clone()).await
                    {
                        connection(stream, peer, served, activity, stop).await;
                    }
                }
            }
            open.with(|open| open.remove(&number));
            drop(connected);
        });
    }
    drop(listener);
    while tasks.join_next().await.is_some() {}
}

/// Shakes hands with a client, which may take as long as the head of a request. Returns `None` if that fails.
async fn secured<S: AsyncRead + AsyncWrite + Unpin>(
    tls: &Tls,
    stream: S,
    limits: &ServerLimits,
    activity: &Activity,
    stop: watch::Receiver<bool>,
) -> Option<TlsStream<S>> {
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(limits.header, tls.accept(stream)) => shaken,
        () = activity.give_up.notified() => return None,
        () = until(stop) => return None,
    };
    let stream = shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    stream.inspect_err(|error| tracing::debug!("a TLS handshake failed: {error}")).ok()
}

async fn connection<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    stream: S,
    peer: Option<SocketAddr>,
    served: Served,
    activity: Arc<Activity>,
    stop: watch::Receiver<bool>,
) {
    let Served { router, limits, .. } = served;
    let watched = Watched::new(stream, activity.clone(), limits.idle, limits.header);
    let service = service_fn(|mut request: Request<Incoming>| {
        if let Some(peer) = peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let counted = Counted::new(activity.clone());
        let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
        let answer = router.clone().oneshot(request);
        async move {
            let mut answer: Response<Body> = answer.await?;
            if is_chunked {
                // Such a request may also have had a `Content-Length`, which hyper removes. A proxy that used it would
                // take the rest of the body for another request; it must not become one here.
                answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(answer.map(|body| held(body, counted)))
        }
    });
    let serving =
        http1::Builder::new().max_buf_size(BUFFER_BYTES).serve_connection(TokioIo::new(watched), service);
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = activity.give_up.notified() => return,
        () = until(stop) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(peer = peer.map(|peer| peer.to_string()), "a connection ended: {error}");
    }
}

/// A request in progress.
struct Counted(Arc<Activity>);

impl Counted {
    fn new(activity: Arc<Activity>) -> Self {
        activity.begin();
        Self(activity)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Attaches a value to the body that is dropped once the body is sent.
pub fn held<T: Send + Unpin + 'static>(body: Body, held: T) -> Body {
    Body::new(Held { body, _held: held })
}

struct Held<T> {
    body: Body,
    _held: T,
}

impl<T: Unpin> HttpBody for Held<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
