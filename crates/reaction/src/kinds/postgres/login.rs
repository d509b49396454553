//! Logs in to the target: tries its hosts in turn and takes the first suitable one.

use super::failure::Failure;
use livewell_link::postgres::{self as link, Address, Attempt, ChannelBinding, Missed, Opened, Role, Socket};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_postgres::config::{self, SslMode, SslNegotiation};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, Error, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A connection, which the runtime drives while it runs.
pub(super) struct Connected {
    pub client: Client,
    /// The major version of the server.
    pub major: u32,
    driver: JoinHandle<()>,
}

/// The bytes of a connection.
trait Bytes: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Bytes for T {}

impl Connected {
    /// Connects to the first suitable host of the address and logs in.
    pub fn open(address: &Address, runtime: &Runtime, timeout: Duration) -> Result<Self, Failure> {
        // One host that does not answer leaves time for the others.
        let hosts = u32::try_from(address.hosts.len()).unwrap_or(u32::MAX).max(1);
        link::enter(address, timeout / hosts, |attempt| {
            let opened = attempt.open()?;
            runtime.block_on(async {
                let late = |_| Missed::Away("it does not answer in time".into());
                tokio::time::timeout(attempt.remaining(), get_in(attempt, opened)).await.map_err(late)?
            })
        })
    }

    /// Ends the connection now.
    pub fn close(self, runtime: &Runtime) {
        self.driver.abort();
        // It was either aborted or over already.
        let _ = runtime.block_on(self.driver);
    }

    fn drive<T>((client, connection): (Client, Connection<Box<dyn Bytes>, T>)) -> Self
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let major = link::session::major(connection.parameter("server_version").unwrap_or_default());
        // Its errors reach the user of the client.
        Self { client, major, driver: tokio::spawn(async move { drop(connection.await) }) }
    }
}

async fn get_in(attempt: &Attempt<'_>, opened: Opened) -> Result<Connected, Missed<Failure>> {
    let away = |error: io::Error| Missed::Away(error.to_string());
    let config = config(attempt.address, opened.tls.is_some());
    let bytes = bytes(opened.socket).map_err(away)?;
    let connected = match opened.tls {
        None => config.connect_raw(bytes, NoTls).await.map(Connected::drive),
        Some(tls) => {
            let name = attempt.host.name().unwrap_or_default();
            let mut tls = MakeRustlsConnect::new(tls);
            let Ok(tls) = MakeTlsConnect::<Box<dyn Bytes>>::make_tls_connect(&mut tls, name);
            config.connect_raw(bytes, tls).await.map(Connected::drive)
        }
    };
    let connected = connected.map_err(missed)?;
    if attempt.role != Role::Any {
        let answer = connected.client.simple_query(Role::QUERY).await.map_err(missed)?;
        let row = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let text = |at: usize| row.and_then(|row| row.try_get(at).ok()?);
        attempt.role.check(text(0), text(1)).map_err(Missed::Away)?;
    }
    Ok(connected)
}

fn config(address: &Address, encrypted: bool) -> Config {
    let mut config = Config::new();
    config.user(&address.user).dbname(&address.database);
    config.application_name(address.application_name.as_deref().unwrap_or("livewell"));
    if let Some(password) = &address.password {
        config.password(password);
    }
    if let Some(options) = &address.options {
        config.options(options);
    }
    config.channel_binding(match address.channel_binding {
        ChannelBinding::Disable => config::ChannelBinding::Disable,
        ChannelBinding::Prefer => config::ChannelBinding::Prefer,
        ChannelBinding::Require => config::ChannelBinding::Require,
    });
    // The server has agreed to TLS already, so the handshake is next.
    match encrypted {
        true => config.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct),
        false => config.ssl_mode(SslMode::Disable),
    };
    config
}

fn bytes(socket: Socket) -> io::Result<Box<dyn Bytes>> {
    Ok(match socket {
        Socket::Tcp(socket) => {
            socket.set_nonblocking(true)?;
            Box::new(TcpStream::from_std(socket)?)
        }
        Socket::Unix(socket) => {
            socket.set_nonblocking(true)?;
            Box::new(UnixStream::from_std(socket)?)
        }
    })
}

fn missed(error: Error) -> Missed<Failure> {
    // The server has no rule for a connection with TLS, or none for one without.
    let is_other_way = error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION);
    match Failure::from(error) {
        failure if is_other_way => Missed::OtherEncryption(failure),
        Failure::Away(text) => Missed::Away(text),
        failure => Missed::Stop(failure),
    }
}
