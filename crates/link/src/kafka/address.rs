//! The URL of a cluster: where its brokers are, and how to log in.

use crate::postgres::address::{client, mode};
use crate::postgres::host::Host;
use crate::postgres::keyword::Draft;
use crate::postgres::url::pairs_of;
use crate::postgres::{Failure, Keepalive, Opened, Socket, SslMode, TlsSettings, Wire};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

const FORM: &str = "kafka://user:password@host:9092,host:9092?sslmode=verify-full&sasl=scram-sha-512";
const PORT: u16 = 9092;
/// How long a broker may take to connect, unless the URL says so.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long a broker may take to answer, beyond what it was asked to wait.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// All keywords, in the order in which messages list them.
const KNOWN: [&str; 14] = [
    "host",
    "port",
    "user",
    "password",
    "sasl",
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

/// How a user proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// The password is sent as it is.
    Plain,
    /// Both sides prove that they know the password, by SHA-256.
    ScramSha256,
    /// Like `ScramSha256`, but by SHA-512.
    ScramSha512,
}

impl Mechanism {
    const WORDS: [(&'static str, Self); 3] =
        [("plain", Self::Plain), ("scram-sha-256", Self::ScramSha256), ("scram-sha-512", Self::ScramSha512)];

    fn parse(word: &str) -> Result<Self, String> {
        let found = Self::WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
        found.map(|(_, mechanism)| *mechanism).ok_or_else(|| {
            "`sasl` is not valid: it is one of `plain`, `scram-sha-256`, `scram-sha-512`".into()
        })
    }

    /// Returns its name in the protocol.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// The contents of the URL of a cluster.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Address {
    /// The brokers to ask first; they name the others.
    pub hosts: Vec<Host>,
    /// User, password and how they are proved; `None` if nobody logs in.
    pub login: Option<(String, String, Mechanism)>,
    /// How TLS is set up, the same for every broker.
    pub tls: TlsSettings,
    /// How long an answer may take, beyond what a broker was asked to wait.
    pub(super) answer_timeout: Duration,
    connect_timeout: Duration,
    keepalive: Keepalive,
}

impl Address {
    /// Reads a URL: `kafka://user:password@host:9092,host:9092?sslmode=verify-full&sasl=scram-sha-512`.
    ///
    /// # Errors
    /// Returns what is wrong with it, without a password, if it is not such a URL, or if a keyword is unknown or has a
    /// value that is not valid.
    pub fn parse(url: &str) -> Result<Self, String> {
        let (mut draft, mut mechanism) = (Draft::default(), None);
        for (name, value) in pairs_of(url, &["kafka://"], FORM)? {
            match name.as_str() {
                "sasl" => mechanism = Some(Mechanism::parse(&value)?),
                name if KNOWN.contains(&name) => draft.set(name, value)?,
                "dbname" => {
                    return Err(format!("nothing stands after the host but `?`: write it as `{FORM}`"));
                }
                _ => return Err(format!("it has an unknown keyword; known are {}", KNOWN.join(", "))),
            }
        }
        let hosts = draft.hosts.ok_or_else(|| format!("it names no host: write it as `{FORM}`"))?;
        let hosts = Host::list(&hosts, &draft.ports.unwrap_or_default(), PORT)?;
        if hosts.iter().any(|host| host.name().is_none()) {
            return Err("it names hosts, not sockets".into());
        }
        // A port of a broker has TLS or has none; there is nothing to agree on.
        let mode = match (draft.mode, &draft.root) {
            (None, None) => SslMode::Disable,
            (Some(SslMode::Allow | SslMode::Prefer), _) => {
                return Err("`sslmode` is `disable`, `require`, `verify-ca` or `verify-full`: a port of a broker has \
                     TLS or has none"
                    .into());
            }
            (None, Some(_)) => mode(Some(SslMode::VerifyFull), draft.root.as_ref())?,
            (said, root) => mode(said, root.as_ref())?,
        };
        let login = match (draft.user, draft.password, mechanism) {
            (None, None, None) => None,
            (Some(user), Some(password), Some(mechanism)) => Some((user, password, mechanism)),
            _ => return Err("user, password and `sasl` go together".into()),
        };
        Ok(Self {
            hosts,
            login,
            tls: TlsSettings { mode, root: draft.root, client: client(draft.certificate, draft.key)? },
            answer_timeout: ANSWER_MAX,
            connect_timeout: draft.connect_timeout.unwrap_or(CONNECT_MAX),
            keepalive: draft.keepalive,
        })
    }

    /// Limits how long connecting, and each answer, may take.
    pub fn limit(&mut self, timeout: Duration) {
        self.answer_timeout = timeout;
        self.connect_timeout = self.connect_timeout.min(timeout);
    }

    /// Returns the files that the URL names: certificates and keys.
    pub fn files(&self) -> Vec<PathBuf> {
        self.tls.files()
    }

    /// Connects to a broker, and shakes hands.
    pub(super) fn connect(&self, host: &Host) -> Result<Wire, Failure> {
        let mut last = String::new();
        for place in host.places().map_err(Failure::Away)? {
            match Socket::connect(&place, &self.keepalive, self.connect_timeout) {
                Ok(socket) => {
                    let encrypts = self.tls.mode != SslMode::Disable;
                    let tls = if encrypts { Some(self.tls.config()?) } else { None };
                    return Wire::new(Opened { socket, tls }, host.name());
                }
                Err(error) => last = error.to_string(),
            }
        }
        Err(Failure::Away(format!("{host}: {last}")))
    }
}

impl fmt::Debug for Address {
    /// Writes the hosts, without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<String> = self.hosts.iter().map(ToString::to_string).collect();
        write!(f, "Address({})", hosts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_how() {
        let address =
            Address::parse("kafka://anna:p%40ss@a:9093,[::1]?sslmode=verify-full&sasl=SCRAM-SHA-256")
                .unwrap();
        assert_eq!(address.hosts, [Host::Tcp("a".into(), 9093), Host::Tcp("::1".into(), 9092)]);
        assert_eq!(address.login, Some(("anna".into(), "p@ss".into(), Mechanism::ScramSha256)));
        assert_eq!(address.tls.mode, SslMode::VerifyFull);
        assert!(!format!("{address:?}").contains("p@ss"));
        let plain = Address::parse("kafka://broker").unwrap();
        assert_eq!((plain.login, plain.tls.mode), (None, SslMode::Disable));
        let root = Address::parse("kafka://broker?sslrootcert=ca.pem").unwrap();
        assert_eq!(root.tls.mode, SslMode::VerifyFull, "who names certificates wants them checked");
    }

    #[test]
    fn what_is_not_such_a_url_is_refused_without_its_secrets() {
        for url in [
            "nats://a:secret@broker",
            "kafka://a:secret@",
            "kafka://a:secret@broker",
            "kafka://broker?sasl=plain",
            "kafka://a:secret@broker?sasl=gssapi",
            "kafka://a:secret@broker/topic?sasl=plain",
            "kafka://a:secret@broker?sasl=plain&sslmode=prefer",
            "kafka://a:secret@broker?sasl=plain&acks=all",
        ] {
            let error = Address::parse(url).unwrap_err();
            assert!(!error.contains("secret"), "{url}: {error}");
        }
    }
}
