//! MariaDB and MySQL: the URL of a database, and connecting to it.
//!
//! The keywords are those of a URL of PostgreSQL with the same meaning, as far as they apply, so that nobody has to
//! learn two sets of words for one thing.

use crate::postgres::address::{client, mode};
use crate::postgres::host::Host;
use crate::postgres::keyword::Draft;
use crate::postgres::url::pairs_of;
use crate::postgres::{Failure, Keepalive, Opened, Socket, SslMode, TlsSettings, Wire};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

const FORM: &str = "mysql://user:password@host:3306/database";
const PORT: u16 = 3306;
/// How long a host may take to answer, unless the URL says so.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// All keywords, in the order in which messages list them.
const KNOWN: [&str; 14] = [
    "host",
    "port",
    "user",
    "password",
    "dbname",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
];

/// The contents of a database URL.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Address {
    /// The host.
    pub host: Host,
    /// The user.
    pub user: String,
    /// The password, if there is one.
    pub password: Option<String>,
    /// The database, in which a table is looked for whose name has no database.
    pub database: String,
    /// How TLS is set up.
    pub tls: TlsSettings,
    connect_timeout: Duration,
    keepalive: Keepalive,
}

impl Address {
    /// Reads a URL: `mysql://user:password@host:3306/database?sslmode=verify-full`.
    ///
    /// # Errors
    /// Returns what is wrong with it, without a password, if it is not such a URL, or if a keyword is unknown or has a
    /// value that is not valid.
    pub fn parse(url: &str) -> Result<Self, String> {
        let mut draft = Draft::default();
        for (name, value) in pairs_of(url, &["mysql://", "mariadb://"], FORM)? {
            if !KNOWN.contains(&name.as_str()) {
                return Err(format!("it has an unknown keyword; known are {}", KNOWN.join(", ")));
            }
            draft.set(&name, value)?;
        }
        let missing = |what| format!("it names no {what}: write it as `{FORM}`");
        let hosts = draft.hosts.ok_or_else(|| missing("host"))?;
        let mut hosts = Host::list(&hosts, &draft.ports.unwrap_or_default(), PORT)?;
        let host = hosts.pop().filter(|host| hosts.is_empty() && host.name().is_some());
        Ok(Self {
            host: host.ok_or("it names one host, not a socket and not several")?,
            user: draft.user.ok_or_else(|| missing("user"))?,
            password: draft.password,
            database: draft.database.ok_or_else(|| missing("database"))?,
            tls: TlsSettings {
                mode: mode(draft.mode, draft.root.as_ref())?,
                root: draft.root,
                client: client(draft.certificate, draft.key)?,
            },
            connect_timeout: draft.connect_timeout.unwrap_or(CONNECT_MAX),
            keepalive: draft.keepalive,
        })
    }

    /// Returns the files that the URL names: certificates and keys.
    pub fn files(&self) -> Vec<PathBuf> {
        self.tls.files()
    }

    /// Connects, without encryption: that begins after the first message of the server.
    ///
    /// # Errors
    /// Returns [`Failure::Away`] if no address of the host answers in time.
    pub fn connect(&self) -> Result<Socket, Failure> {
        let mut last = String::new();
        for place in self.host.places().map_err(Failure::Away)? {
            match Socket::connect(&place, &self.keepalive, self.connect_timeout) {
                Ok(socket) => return Ok(socket),
                Err(error) => last = error.to_string(),
            }
        }
        Err(Failure::Away(format!("{}: {last}", self.host)))
    }

    /// Returns whether TLS comes next, for a server that has it or not.
    ///
    /// # Errors
    /// Returns [`Failure::Refused`] if the server has no TLS and the URL requires it.
    pub fn encrypts(&self, server_can: bool) -> Result<bool, Failure> {
        match self.tls.mode {
            SslMode::Disable | SslMode::Allow => Ok(false),
            SslMode::Prefer => Ok(server_can),
            _ if server_can => Ok(true),
            _ => Err(Failure::Refused("the server has no TLS, but the URL requires it (`sslmode`)".into())),
        }
    }

    /// Shakes hands, if TLS was agreed on.
    ///
    /// # Errors
    /// Returns [`Failure::Refused`] if a certificate cannot be used, or the server's is not trusted.
    pub fn wire(&self, socket: Socket, encrypted: bool) -> Result<Wire, Failure> {
        let tls = if encrypted { Some(self.tls.config()?) } else { None };
        Wire::new(Opened { socket, tls }, self.host.name())
    }
}

impl fmt::Debug for Address {
    /// Writes the host and the database, without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({}/{})", self.host, self.database)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_how() {
        let address = Address::parse("mysql://anna:p%40ss@[::1]:3307/shop?sslmode=require").unwrap();
        assert_eq!(address.host, Host::Tcp("::1".into(), 3307));
        assert_eq!((address.user.as_str(), address.password.as_deref()), ("anna", Some("p@ss")));
        assert_eq!((address.database.as_str(), address.tls.mode), ("shop", SslMode::Require));
        assert!(!format!("{address:?}").contains("p@ss"));
        let plain = Address::parse("mariadb://root@db/shop").unwrap();
        assert_eq!((plain.host, plain.password), (Host::Tcp("db".into(), 3306), None));
        assert_eq!(plain.tls.mode, SslMode::Prefer);
    }

    #[test]
    fn what_is_not_such_a_url_is_refused_without_its_secrets() {
        for url in [
            "postgres://root@db/shop",
            "mysql://root:secret@db",
            "mysql://root:secret@a,b/shop",
            "mysql://:secret@db/shop",
            "mysql://root:secret@db/shop?target_session_attrs=any",
            "mysql://root:secret@db/shop?sslmode=off",
            "mysql://root:secret@db:0/shop",
        ] {
            let error = Address::parse(url).unwrap_err();
            assert!(!error.contains("secret"), "{url}: {error}");
        }
    }
}
