//! A blocking stream to a server, encrypted if that was agreed on.

use super::binding;
use super::failure::Failure;
use super::socket::Socket;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::sync::Arc;

/// A socket on which client and server have agreed whether TLS comes next.
#[derive(Debug)]
pub struct Opened {
    /// The socket, blocking, with time-outs.
    pub socket: Socket,
    /// The TLS configuration, if TLS comes next.
    pub tls: Option<ClientConfig>,
}

/// A connection's bytes.
#[derive(Debug)]
pub enum Wire {
    /// As they are.
    Plain(Socket),
    /// Through TLS.
    Tls(Box<StreamOwned<ClientConnection, Socket>>),
}

impl Wire {
    /// Shakes hands if TLS was agreed on.
    pub(crate) fn new(opened: Opened, name: Option<&str>) -> Result<Self, Failure> {
        match (opened.tls, name) {
            (Some(config), Some(name)) => Self::encrypted(opened.socket, config, name),
            _ => Ok(Self::Plain(opened.socket)),
        }
    }

    fn encrypted(socket: Socket, config: ClientConfig, name: &str) -> Result<Self, Failure> {
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| Failure::Refused(format!("`{name}` is not a name that a certificate could have")))?;
        let connection =
            ClientConnection::new(Arc::new(config), name).map_err(|error| Failure::of_stream(&error))?;
        let mut stream = StreamOwned::new(connection, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).map_err(|error| Failure::of_stream(&error))?;
        }
        Ok(Self::Tls(Box::new(stream)))
    }

    /// Returns the socket below.
    pub fn socket(&self) -> &Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => &stream.sock,
        }
    }

    /// Returns what a login can be bound to; `None` without TLS, and if the server's certificate has no such hash.
    pub fn end_point(&self) -> Option<Vec<u8>> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(stream) => binding::end_point(stream.conn.peer_certificates()?.first()?),
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
