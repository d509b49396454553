//! A blocking socket to a server, over TCP or in the file system.

use super::host::Place;
use socket2::{SockRef, TcpKeepalive};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How a silent TCP connection is noticed; the system's defaults apply to what the URL does not set.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Keepalive {
    /// Whether the system asks a silent server for a sign of life.
    pub is_on: bool,
    /// How long the server must be silent before it is asked.
    pub idle: Option<Duration>,
    /// How long before it is asked again.
    pub interval: Option<Duration>,
    /// How often it is asked before the connection is given up.
    pub count: Option<u32>,
    /// How long sent data may remain unacknowledged; only on Linux.
    pub user_timeout: Option<Duration>,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self { is_on: true, idle: None, interval: None, count: None, user_timeout: None }
    }
}

impl Keepalive {
    fn set(&self, socket: &TcpStream) -> io::Result<()> {
        let socket = SockRef::from(socket);
        #[cfg(target_os = "linux")]
        if let Some(timeout) = self.user_timeout {
            socket.set_tcp_user_timeout(Some(timeout))?;
        }
        if !self.is_on {
            return Ok(());
        }
        let mut keepalive = TcpKeepalive::new();
        if let Some(idle) = self.idle {
            keepalive = keepalive.with_time(idle);
        }
        if let Some(interval) = self.interval {
            keepalive = keepalive.with_interval(interval);
        }
        if let Some(count) = self.count {
            keepalive = keepalive.with_retries(count);
        }
        socket.set_keepalive(true)?;
        socket.set_tcp_keepalive(&keepalive)
    }
}

/// A socket that is connected to a server.
#[derive(Debug)]
pub enum Socket {
    /// Over TCP.
    Tcp(TcpStream),
    /// In the file system.
    Unix(UnixStream),
}

impl Socket {
    /// Connects, and limits each later read and write.
    pub(crate) fn connect(place: &Place, keepalive: &Keepalive, limit: Duration) -> io::Result<Self> {
        let socket = match place {
            Place::Tcp(address) => {
                let socket = TcpStream::connect_timeout(address, limit)?;
                socket.set_nodelay(true)?;
                keepalive.set(&socket)?;
                Self::Tcp(socket)
            }
            Place::Unix(path) => Self::Unix(UnixStream::connect(path)?),
        };
        socket.set_read_timeout(limit)?;
        socket.set_write_timeout(limit)?;
        Ok(socket)
    }

    /// Limits how long a read waits.
    ///
    /// # Errors
    /// Returns the system's error, also if the limit is zero.
    pub fn set_read_timeout(&self, limit: Duration) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => socket.set_read_timeout(Some(limit)),
            Self::Unix(socket) => socket.set_read_timeout(Some(limit)),
        }
    }

    /// Limits how long a write waits.
    ///
    /// # Errors
    /// Returns the system's error, also if the limit is zero.
    pub fn set_write_timeout(&self, limit: Duration) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => socket.set_write_timeout(Some(limit)),
            Self::Unix(socket) => socket.set_write_timeout(Some(limit)),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.read(buffer),
            Self::Unix(socket) => socket.read(buffer),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.write(bytes),
            Self::Unix(socket) => socket.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
