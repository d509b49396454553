//! Connects to the server, and sorts errors by what has to be done about them.

use crate::error::code;
use crate::settings::NatsSettings;
use crate::{ErrorKind, SourceError};
use async_nats::{Client, ConnectErrorKind, ConnectOptions};
use std::fmt::Display;
use std::time::Duration;

/// How long the server may take to answer.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Returns the error that the network, the server or the stream is unavailable; the source retries.
pub(super) fn unreachable(text: impl Display) -> SourceError {
    let message = format!("the NATS server is out of reach: {text}");
    SourceError::new(ErrorKind::Unreachable, code::BROKER_AWAY, message)
}

/// Returns the error that something has to be corrected in the settings or on the server.
pub(super) fn refused(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Refused, code::BROKER_REFUSED, text)
}

/// Returns the error that the messages after the last position are gone.
pub(super) fn lost(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Changed, code::MESSAGES_LOST, text)
}

pub(super) async fn connect(settings: &NatsSettings) -> Result<Client, SourceError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error means that another thread was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let mut options = ConnectOptions::new()
        .name(format!("livewell {}", settings.id))
        .connection_timeout(ANSWER_MAX)
        .request_timeout(Some(ANSWER_MAX))
        .require_tls(settings.url.0.contains("tls://"));
    if let (Some(user), Some(password)) = (&settings.user, &settings.password) {
        options = options.user_and_password(user.clone(), password.reveal().to_owned());
    }
    if let Some(token) = &settings.token {
        options = options.token(token.reveal().to_owned());
    }
    if let Some(ca) = &settings.ca {
        options = options.add_root_certificates(ca.clone());
    }
    let servers: Vec<&str> = settings.url.0.split(',').map(str::trim).collect();
    options.connect(servers).await.map_err(|error| match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => refused(
            "the NATS server does not let us in (authorization violation); check `user` and `password`, or `token`",
        ),
        // The parser's message may quote the URL with its secrets.
        ConnectErrorKind::ServerParse => refused("the `url` of the NATS server cannot be read"),
        ConnectErrorKind::Tls => refused(format!("TLS with the NATS server: {error}; check `ca`")),
        _ => unreachable(error),
    })
}
