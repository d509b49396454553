//! A TCP proxy that cuts, stalls and refuses connections when a test asks it to.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A proxy before a server of this machine; dropping this ends it.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    target: Mutex<u16>,
    connections: Mutex<Vec<TcpStream>>,
    refusing: AtomicBool,
    held: AtomicBool,
    /// How many more bytes of the server pass before they are held back.
    free: AtomicI64,
    held_since: Mutex<Option<Instant>>,
    ended: AtomicBool,
    accepted: AtomicU64,
}

impl Proxy {
    /// Starts a proxy before the server at this port of 127.0.0.1.
    pub fn start(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine can be listened on");
        let port = listener.local_addr().expect("a listener has an address").port();
        let state = Arc::new(State {
            target: Mutex::new(target),
            connections: Mutex::default(),
            refusing: AtomicBool::new(false),
            held: AtomicBool::new(false),
            free: AtomicI64::new(i64::MAX),
            held_since: Mutex::default(),
            ended: AtomicBool::new(false),
            accepted: AtomicU64::new(0),
        });
        let own = state.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if own.ended.load(Ordering::Acquire) {
                    return;
                }
                if let Err(error) = own.connect(connection) {
                    // The client sees a connection that ends at once.
                    drop(error);
                }
            }
        });
        Self { port, state }
    }

    /// Returns the port it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends new connections to another port from now on.
    pub fn retarget(&self, target: u16) {
        *lock(&self.state.target) = target;
    }

    /// Cuts all connections; new ones are accepted.
    pub fn cut(&self) {
        for connection in lock(&self.state.connections).drain(..) {
            // A connection that has ended by itself cannot be shut down any more.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Sets whether new connections are ended at once.
    pub fn refuse(&self, refusing: bool) {
        self.state.refusing.store(refusing, Ordering::Release);
    }

    /// Sets whether bytes are held back in both directions, as on a network that has gone silent.
    pub fn hold(&self, held: bool) {
        self.state.held.store(held, Ordering::Release);
    }

    /// Holds bytes back like [`Proxy::hold`] once so many more have come from the server.
    pub fn hold_after(&self, bytes: u32) {
        self.state.free.store(i64::from(bytes), Ordering::Release);
    }

    /// Returns how long ago the bytes of [`Proxy::hold_after`] had come; `None` if they have not.
    pub fn held_for(&self) -> Option<Duration> {
        lock(&self.state.held_since).map(|since| since.elapsed())
    }

    /// Returns how many connections have been accepted so far.
    pub fn accepted(&self) -> u64 {
        self.state.accepted.load(Ordering::Acquire)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::Release);
        self.cut();
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl State {
    fn connect(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        let server = self.reach(&client);
        // A connection that is counted can be cut.
        self.accepted.fetch_add(1, Ordering::AcqRel);
        let Some(server) = server? else { return client.shutdown(Shutdown::Both) };
        let ways = [(client.try_clone()?, server.try_clone()?, false), (server, client, true)];
        for (from, to, is_answer) in ways {
            let state = self.clone();
            std::thread::spawn(move || state.carry(from, to, is_answer));
        }
        Ok(())
    }

    /// Connects a client to the server; returns `None` if the connection is to be refused.
    fn reach(&self, client: &TcpStream) -> io::Result<Option<TcpStream>> {
        if self.refusing.load(Ordering::Acquire) {
            return Ok(None);
        }
        let server = TcpStream::connect(("127.0.0.1", *lock(&self.target)))?;
        for stream in [client, &server] {
            stream.set_nodelay(true)?;
            lock(&self.connections).push(stream.try_clone()?);
        }
        Ok(Some(server))
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream, is_answer: bool) {
        let mut bytes = [0; 16 << 10];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let length = i64::try_from(count).unwrap_or(i64::MAX);
            if is_answer && self.free.fetch_sub(length, Ordering::AcqRel) < length {
                self.held.store(true, Ordering::Release);
                lock(&self.held_since).get_or_insert_with(Instant::now);
            }
            while self.held.load(Ordering::Acquire) && !self.ended.load(Ordering::Acquire) {
                crate::pause(Duration::from_millis(5));
            }
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
