//! Bodies that are sent while they are made: bounded in memory, in number, and in how long a reader may stall.

use super::context::Api;
use super::problem::Problem;
use super::until::until;
use axum::body::{Body, Bytes};
use futures::stream;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

/// How many results are sent at once, each with a snapshot of the store.
pub const STREAMS_MAX: usize = 256;
/// How many clients follow changes at once; between two results they hold nothing of the store.
pub const FOLLOWERS_MAX: usize = 10_000;
/// How many bytes are collected at most before they are sent.
const CHUNK_BYTES: usize = 64 << 10;
/// How many chunks wait for a reader at most.
const CHUNKS_MAX: usize = 4;
/// How long a reader may stall before its stream ends, since it holds a snapshot of the store.
const STALL: Duration = Duration::from_secs(30);

/// Returns a permit to be one of the streams that are sent at once.
pub fn permit(api: &Api) -> Result<OwnedSemaphorePermit, Problem> {
    one_of(&api.streams)
}

/// Returns a permit to be one of the followers of changes.
pub fn follower(api: &Api) -> Result<OwnedSemaphorePermit, Problem> {
    one_of(&api.followers)
}

fn one_of(permits: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
    permits.clone().try_acquire_owned().map_err(|_| {
        Problem::new(503, "LW0704", "as many streams as this server sends at once are open; try again")
            .retry_after(1)
    })
}

/// The sending end of a body.
pub struct Lane {
    /// How many bytes are collected before they are sent.
    pub chunk_bytes: usize,
    stall: Duration,
    chunks: mpsc::Sender<io::Result<Bytes>>,
    stop: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
}

/// Creates a lane and the body that it feeds.
pub fn lane(api: &Api, permit: OwnedSemaphorePermit) -> (Lane, Body) {
    let (chunks, receiver) = mpsc::channel(CHUNKS_MAX);
    let body = stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
    let chunk_bytes = (api.limits.stream_bytes.get() / CHUNKS_MAX).clamp(1, CHUNK_BYTES);
    let stall = STALL.min(api.limits.idle);
    (Lane { chunk_bytes, stall, chunks, stop: api.stop.clone(), _permit: permit }, Body::from_stream(body))
}

impl Lane {
    /// Sends bytes as soon as the reader has room.
    ///
    /// # Errors
    /// Returns an error if the reader is gone or stalls, or everything stops.
    pub async fn send(&self, bytes: Bytes) -> io::Result<()> {
        tokio::select! {
            sent = tokio::time::timeout(self.stall, self.chunks.send(Ok(bytes))) => match sent {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            },
            () = until(self.stop.clone()) => Err(io::ErrorKind::Interrupted.into()),
        }
    }

    /// Waits until nobody reads any more or everything stops.
    pub async fn closed(&self) {
        tokio::select! {
            () = self.chunks.closed() => {}
            () = until(self.stop.clone()) => {}
        }
    }
}

/// Creates a body that blocking `work` writes. If it fails, the body is cut off so that the reader notices.
pub fn written<W>(api: &Api, permit: OwnedSemaphorePermit, work: W) -> Body
where
    W: FnOnce(&mut Out) -> io::Result<()> + Send + 'static,
{
    let (lane, body) = lane(api, permit);
    let handle = Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut out = Out { lane, handle, buffer: Vec::new() };
        if let Err(error) = work(&mut out).and_then(|()| out.flush()) {
            let of_the_store = error.get_ref().and_then(|cause| cause.downcast_ref::<livewell::Error>());
            if let Some(livewell::Error { code, .. }) = of_the_store {
                tracing::error!(code, "a stream was cut off: {error}");
            } else {
                tracing::debug!("a stream was cut off: {error}");
            }
            // If there is no room for the failure, the reader has stalled, and the connection ends anyway.
            let _ = out.lane.chunks.try_send(Err(error));
        }
    });
    body
}

/// Collects what is written into chunks.
pub struct Out {
    lane: Lane,
    handle: Handle,
    buffer: Vec<u8>,
}

/// Who reads a body, to be asked by work that may write nothing for long.
pub struct Reader {
    chunks: mpsc::Sender<io::Result<Bytes>>,
    stop: watch::Receiver<bool>,
}

impl Out {
    pub fn reader(&self) -> Reader {
        Reader { chunks: self.lane.chunks.clone(), stop: self.lane.stop.clone() }
    }
}

impl Reader {
    /// Returns whether nobody reads any more, or everything stops.
    pub fn is_gone(&self) -> bool {
        self.chunks.is_closed() || *self.stop.borrow()
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= self.lane.chunk_bytes {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(self.lane.chunk_bytes));
        self.handle.block_on(self.lane.send(chunk.into()))
    }
}
