//! The URL of a database: where it is and how to log in.

use super::choice::{ChannelBinding, SslMode, TargetSession};
use super::host::{Host, PORT};
use super::keyword::Draft;
use super::socket::Keepalive;
use super::tls::{RootCertificates, TlsSettings};
use super::url;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The contents of a database URL.
///
/// The parser is our own: that of `tokio-postgres` (0.7.18) does not know `sslrootcert`, the client's certificate,
/// `verify-ca` and `verify-full`, nor `primary`, `standby` and `prefer-standby`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Address {
    /// The hosts, to be tried in this order; at least one.
    pub hosts: Vec<Host>,
    /// Which of them is acceptable.
    pub target: TargetSession,
    /// The user, which is also the default of the database.
    pub user: String,
    /// The password, if there is one.
    pub password: Option<String>,
    /// The database.
    pub database: String,
    /// How TLS is set up.
    pub tls: TlsSettings,
    /// Whether the login is bound to the TLS connection.
    pub channel_binding: ChannelBinding,
    /// The time limit for reaching one host; `None` if the URL does not set it.
    pub connect_timeout: Option<Duration>,
    /// The name that the server shows for our sessions; `None` if the URL does not set it.
    pub application_name: Option<String>,
    /// Settings for the session in the form of the server's command line, `-c name=value`.
    pub options: Option<String>,
    /// How a connection that has gone silent is noticed.
    pub keepalive: Keepalive,
}

/// What is wrong with a URL, and what to write instead. It never contains a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(String);

impl Address {
    /// Reads a URL: `postgres://user:password@host:5432/database?sslmode=verify-full`.
    ///
    /// # Errors
    /// Returns what is wrong with it if it is not such a URL, or if a keyword is unknown or has a value that is not
    /// valid.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        Self::read(url).map_err(AddressError)
    }

    /// Returns the files that the URL names: certificates and keys.
    pub fn files(&self) -> Vec<PathBuf> {
        self.tls.files()
    }

    fn read(url: &str) -> Result<Self, String> {
        let mut draft = Draft::default();
        for (name, value) in url::pairs(url)? {
            draft.set(&name, value)?;
        }
        // As in libpq, the default is the user of this process.
        let user = draft.user.or_else(|| whoami::username().ok());
        let user = user.ok_or_else(|| format!("it names no user: write it as `{}`", url::FORM))?;
        let hosts = draft.hosts.ok_or_else(|| format!("it names no host: write it as `{}`", url::FORM))?;
        let (root, client) = (draft.root, client(draft.certificate, draft.key)?);
        let mode = mode(draft.mode, root.as_ref())?;
        if draft.channel_binding == ChannelBinding::Require && mode == SslMode::Disable {
            return Err("`channel_binding=require` needs TLS, which `sslmode=disable` turns off".into());
        }
        Ok(Self {
            hosts: Host::list(&hosts, &draft.ports.unwrap_or_default(), PORT)?,
            target: draft.target,
            database: draft.database.unwrap_or_else(|| user.clone()),
            user,
            password: draft.password,
            tls: TlsSettings { mode, root, client },
            channel_binding: draft.channel_binding,
            connect_timeout: draft.connect_timeout,
            application_name: draft.application_name,
            options: draft.options,
            keepalive: draft.keepalive,
        })
    }
}

pub(crate) fn client<T>(certificate: Option<T>, key: Option<T>) -> Result<Option<(T, T)>, String> {
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
        (None, None) => Ok(None),
        _ => Err("`sslcert` and `sslkey` are needed together".into()),
    }
}

/// Returns the mode. With certificates that anybody can get, only a verified name means anything, so libpq accepts no
/// weaker mode with them.
pub(crate) fn mode(said: Option<SslMode>, root: Option<&RootCertificates>) -> Result<SslMode, String> {
    match (said, root) {
        (None | Some(SslMode::VerifyFull), Some(RootCertificates::System)) => Ok(SslMode::VerifyFull),
        (Some(_), Some(RootCertificates::System)) => {
            Err("`sslrootcert=system` needs `sslmode=verify-full`".into())
        }
        (said, _) => Ok(said.unwrap_or_default()),
    }
}

impl fmt::Display for Address {
    /// Writes the hosts and the database, without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, host) in self.hosts.iter().enumerate() {
            write!(f, "{}{host}", if at == 0 { "" } else { "," })?;
        }
        write!(f, "/{}", self.database)
    }
}

impl fmt::Debug for Address {
    /// Like [`fmt::Display`]: `options` may hold secrets, too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}
