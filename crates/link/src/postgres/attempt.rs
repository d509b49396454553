//! Connects to a database: tries its hosts, their addresses and the ways of encryption, one after the other.

use super::address::Address;
use super::choice::{ChannelBinding, SslMode};
use super::failure::Failure;
use super::host::{Host, Place};
use super::role::Role;
use super::socket::Socket;
use super::wire::{Opened, Wire};
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

/// The encryption that the client asks for in one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    Off,
    /// TLS, or none if the server has none.
    Offered,
    Required,
}

/// One attempt to connect to one server.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// The URL.
    pub address: &'a Address,
    /// The host.
    pub host: &'a Host,
    /// The role that the server must have; the caller must check it after logging in.
    pub role: Role,
    place: &'a Place,
    encryption: Encryption,
    deadline: Instant,
}

/// Why an attempt has failed, sorted by what to try next.
#[derive(Debug)]
pub enum Missed<E> {
    /// This server is unreachable, or does not have the role that is wanted; another may.
    Away(String),
    /// The server does not accept this encryption; it may accept a connection with TLS, or without.
    OtherEncryption(E),
    /// No other attempt would help.
    Stop(E),
}

impl<E: From<Failure>> From<Failure> for Missed<E> {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Away(text) => Self::Away(text),
            refused @ Failure::Refused(_) => Self::Stop(refused.into()),
        }
    }
}

/// Tries the hosts of a URL in their order until `attempt` succeeds; each may take the time in the URL, or else
/// `limit`.
///
/// As in libpq, a host that refuses ends the search, and one that is unreachable or in another role does not.
///
/// # Errors
/// Returns [`Failure::Away`], with what each host said, if no host will do, or the error of the host that refused.
pub fn enter<T, E: From<Failure>>(
    address: &Address,
    limit: Duration,
    mut attempt: impl FnMut(&Attempt<'_>) -> Result<T, Missed<E>>,
) -> Result<T, E> {
    let limit = address.connect_timeout.unwrap_or(limit);
    let mut away = Vec::new();
    for role in address.target.passes() {
        away.clear();
        for host in &address.hosts {
            match enter_host(address, host, *role, limit, &mut attempt) {
                Ok(found) => return Ok(found),
                Err(Missed::Away(text)) => away.push(format!("{host}: {text}")),
                Err(Missed::OtherEncryption(error) | Missed::Stop(error)) => return Err(error),
            }
        }
    }
    Err(Failure::Away(away.join("; ")).into())
}

fn enter_host<T, E>(
    address: &Address,
    host: &Host,
    role: Role,
    limit: Duration,
    attempt: &mut impl FnMut(&Attempt<'_>) -> Result<T, Missed<E>>,
) -> Result<T, Missed<E>> {
    let mut away = String::new();
    for place in &host.places().map_err(Missed::Away)? {
        let mut refusal = None;
        for encryption in encryptions(address, host) {
            let deadline = Instant::now() + limit;
            let one = Attempt { address, host, role, place, encryption: *encryption, deadline };
            match attempt(&one) {
                Ok(found) => return Ok(found),
                Err(Missed::Away(text)) => away = text,
                // The refusal of the preferred encryption says more than that of the other.
                Err(Missed::OtherEncryption(error)) => {
                    refusal.get_or_insert(error);
                    continue;
                }
                stop => return stop,
            }
            break;
        }
        if let Some(refusal) = refusal {
            return Err(Missed::Stop(refusal));
        }
    }
    Err(Missed::Away(away))
}

fn encryptions(address: &Address, host: &Host) -> &'static [Encryption] {
    use Encryption::{Off, Offered, Required};
    match address.tls.mode {
        // As in libpq: nobody can eavesdrop there.
        _ if host.name().is_none() => &[Off],
        SslMode::Disable => &[Off],
        _ if address.channel_binding == ChannelBinding::Require => &[Required],
        SslMode::Allow => &[Off, Required],
        SslMode::Prefer => &[Offered, Off],
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => &[Required],
    }
}

impl Attempt<'_> {
    /// Connects, and agrees with the server whether TLS comes next.
    ///
    /// # Errors
    /// Returns [`Failure::Refused`] if the server has no TLS and the URL wants it, or if a certificate cannot be used.
    pub fn open(&self) -> Result<Opened, Failure> {
        let away = |error: io::Error| Failure::Away(error.to_string());
        let mut socket =
            Socket::connect(self.place, &self.address.keepalive, self.remaining()).map_err(away)?;
        let encrypted = self.encryption != Encryption::Off && self.negotiate(&mut socket)?;
        if !encrypted && self.address.channel_binding == ChannelBinding::Require {
            return Err(Failure::Refused(
                "`channel_binding=require` needs TLS, which a Unix socket does not have".into(),
            ));
        }
        let tls = if encrypted { Some(self.address.tls.config()?) } else { None };
        Ok(Opened { socket, tls })
    }

    /// Connects, and shakes hands if TLS was agreed on.
    ///
    /// # Errors
    /// Returns the errors of [`Attempt::open`], and [`Failure::Refused`] if the server's certificate is not trusted.
    pub fn wire(&self) -> Result<Wire, Failure> {
        Wire::new(self.open()?, self.host.name())
    }

    /// Returns how long the attempt may still take, at least a millisecond.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
    }

    /// Asks the server for TLS.
    fn negotiate(&self, socket: &mut Socket) -> Result<bool, Failure> {
        /// The number that this request has in place of a version.
        const REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
        let mut answer = [0];
        let asked = socket.write_all(&REQUEST).and_then(|()| socket.read_exact(&mut answer));
        asked.map_err(|error| Failure::Away(format!("no answer to the request for TLS: {error}")))?;
        match (&answer, self.encryption) {
            (b"S", _) => Ok(true),
            (b"N", Encryption::Offered) => Ok(false),
            (b"N", _) => Err(Failure::Refused(
                "the server has no TLS, but the URL requires it (`sslmode`, `channel_binding`)".into(),
            )),
            // The server cannot start a process for the connection, and says so before it reads the request.
            (b"E", _) => Err(Failure::Away("it answers the request for TLS with an error".into())),
            _ => Err(Failure::Refused("it does not answer as a PostgreSQL server does".into())),
        }
    }
}
