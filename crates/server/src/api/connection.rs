//! A connection that is closed if its client does nothing: sends no request, does not finish a head, or takes no data.

use futures::task::AtomicWaker;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep_until};

/// What a connection is doing.
#[derive(Debug)]
pub struct Activity {
    /// Requests whose answers are not sent yet.
    calls: AtomicUsize,
    /// Since when there are no such requests.
    idle_since: Mutex<Instant>,
    /// Asks the connection to close.
    pub give_up: Notify,
    /// The task that waits for the next request, once there are no calls.
    reader: AtomicWaker,
}

impl Activity {
    /// Creates the activity of a new connection.
    pub fn new() -> Self {
        Self {
            calls: AtomicUsize::new(0),
            idle_since: Mutex::new(Instant::now()),
            give_up: Notify::new(),
            reader: AtomicWaker::new(),
        }
    }

    /// Counts a request.
    pub fn begin(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts its answer.
    pub fn end(&self) {
        *self.idle_since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.calls.fetch_sub(1, Ordering::Release);
        self.reader.wake();
    }

    /// Returns since when the connection is idle; `None` if it is not.
    pub fn idle_since(&self) -> Option<Instant> {
        let is_idle = self.calls.load(Ordering::Acquire) == 0;
        is_idle.then(|| *self.idle_since.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The stream of a connection, with limits on the time in which a client has to send something.
pub struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
    idle: Duration,
    header: Duration,
    /// When the first byte of an unfinished head came.
    head_since: Option<Instant>,
    reading: Pin<Box<Sleep>>,
}

impl<S> Watched<S> {
    /// Watches `stream`.
    pub fn new(stream: S, activity: Arc<Activity>, idle: Duration, header: Duration) -> Self {
        let reading = Box::pin(sleep_until(Instant::now()));
        Self { stream, activity, idle, header, head_since: None, reading }
    }

    /// Returns until when the client has to send something; `None` while a call is in progress.
    fn read_deadline(&mut self) -> Option<Instant> {
        let Some(idle_since) = self.activity.idle_since() else {
            self.head_since = None;
            return None;
        };
        match self.head_since {
            Some(since) if since >= idle_since => Some(since + self.header),
            _ => Some(idle_since + self.idle),
        }
    }
}

/// Waits for the deadline; returns an error once it has passed.
fn expired(
    timer: &mut Pin<Box<Sleep>>,
    deadline: Instant,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    timer.as_mut().reset(deadline);
    match timer.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
        Poll::Pending => Poll::Pending,
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, buffer) {
            let idle_since = self.activity.idle_since();
            if idle_since.is_some_and(|idle| self.head_since.is_none_or(|since| since < idle)) {
                self.head_since = Some(Instant::now());
            }
            // Bytes that arrive slowly do not extend the time for a head.
            let is_late = self.read_deadline().is_some_and(|deadline| deadline < Instant::now());
            return Poll::Ready(if is_late { Err(io::ErrorKind::TimedOut.into()) } else { read });
        }
        self.activity.reader.register(context.waker());
        match self.read_deadline() {
            Some(deadline) => expired(&mut self.reading, deadline, context),
            None => Poll::Pending,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The socket of a connection, with a limit on the time in which a client takes nothing. It is below TLS, which takes
/// more than the client has taken.
pub struct Drained<S> {
    stream: S,
    idle: Duration,
    /// Since when the client takes nothing.
    full_since: Option<Instant>,
    writing: Pin<Box<Sleep>>,
}

impl<S> Drained<S> {
    /// Watches `stream`.
    pub fn new(stream: S, idle: Duration) -> Self {
        Self { stream, idle, full_since: None, writing: Box::pin(sleep_until(Instant::now())) }
    }

    fn wrote(&mut self, context: &mut Context<'_>, is_pending: bool) -> Poll<io::Result<()>> {
        if !is_pending {
            self.full_since = None;
            return Poll::Ready(Ok(()));
        }
        let since = *self.full_since.get_or_insert_with(Instant::now);
        expired(&mut self.writing, since + self.idle, context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Drained<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Drained<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        match self.wrote(context, written.is_pending()) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => written,
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        match self.wrote(context, written.is_pending()) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => written,
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
