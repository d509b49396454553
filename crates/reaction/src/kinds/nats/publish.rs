//! Publishes one message and returns its outcome.

use super::settings::NatsSettings;
use crate::ReactionError;
use crate::messenger::{Answer, Message};
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, Context, ErrorCode};
use async_nats::{ConnectErrorKind, ConnectOptions};
use futures::StreamExt;
use livewell_model::probe::Probed;
use std::error::Error;
use tokio::runtime::{Builder, Runtime};

/// A connection that is given up at the first error.
pub(super) struct Publisher {
    settings: NatsSettings,
    // Dropped before the runtime that it lives on.
    jetstream: Option<Context>,
    runtime: Runtime,
}

impl Publisher {
    /// Creates a publisher that is not connected yet.
    pub fn new(settings: &NatsSettings) -> Result<Self, ReactionError> {
        crate::tls::install();
        // A thread of its own answers the server's pings while nothing is published.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| refused(format!("no runtime: {error}")))?;
        Ok(Self { settings: settings.clone(), jetstream: None, runtime })
    }

    /// Publishes one message and waits until the stream has it.
    ///
    /// # Errors
    /// Returns [`ReactionError::Away`] if there is no server, no stream or no answer; [`ReactionError::Refused`] if the
    /// server does not let us in.
    pub fn publish(&mut self, message: &Message<'_>) -> Result<Answer, ReactionError> {
        let jetstream = match self.jetstream.take() {
            Some(jetstream) => jetstream,
            None => self.runtime.block_on(connect(&self.settings))?,
        };
        let subject = message.address;
        let message = PublishMessage::build().payload(message.body.to_owned().into()).message_id(message.key);
        let published =
            self.runtime.block_on(async { jetstream.send_publish(subject.to_owned(), message).await?.await });
        let answer = match published {
            Ok(stored) => Answer::Taken(format!("`{}` has it as {}", stored.stream, stored.sequence)),
            Err(error) => Answer::Unfit(unfit(&error).ok_or_else(|| self.in_words(&error, subject))?),
        };
        self.jetstream = Some(jetstream);
        Ok(answer)
    }

    fn in_words(&self, error: &PublishError, subject: &str) -> ReactionError {
        away(match error.kind() {
            PublishErrorKind::StreamNotFound => {
                format!("no stream takes the subject `{subject}`; create one that does")
            }
            PublishErrorKind::TimedOut => {
                format!("no acknowledgement within {:?}", self.settings.timeout)
            }
            _ => error.to_string(),
        })
    }
}

/// Returns why the message can never be taken, if that is the case.
fn unfit(error: &PublishError) -> Option<String> {
    let code = error.source().and_then(|source| source.downcast_ref::<jetstream::Error>());
    let too_large = code.is_some_and(|error| {
        let codes = [ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM, ErrorCode::STREAM_HEADER_EXCEEDS_MAXIMUM];
        codes.contains(&error.error_code())
    });
    (too_large || error.kind() == PublishErrorKind::MaxPayloadExceeded).then(|| error.to_string())
}

/// Connects, and looks for a stream that takes the subject. A template names no subject yet, so any stream will do.
pub(super) fn probe(settings: &NatsSettings) -> Result<Probed, ReactionError> {
    let publisher = Publisher::new(settings)?;
    publisher.runtime.block_on(async {
        let jetstream = connect(settings).await?;
        let subject = &settings.subject;
        if !subject.contains('{') {
            let stream = jetstream.stream_by_subject(subject.as_str()).await;
            let stream =
                stream.map_err(|error| away(format!("no stream takes the subject `{subject}`: {error}")))?;
            return Ok(Probed::new(format!("NATS, whose stream `{stream}` takes `{subject}`")));
        }
        match jetstream.stream_names().next().await {
            Some(Ok(_)) => Ok(Probed::new("NATS with JetStream")),
            Some(Err(error)) => Err(away(format!("JetStream does not answer: {error}"))),
            None => Err(away("it has no stream at all; create one that takes the subjects".to_owned())),
        }
    })
}

async fn connect(settings: &NatsSettings) -> Result<Context, ReactionError> {
    let mut options = ConnectOptions::new()
        .name("livewell")
        .connection_timeout(settings.timeout)
        .request_timeout(Some(settings.timeout))
        .require_tls(settings.url.reveal().contains("tls://"));
    if let (Some(user), Some(password)) = (&settings.user, &settings.password) {
        options = options.user_and_password(user.clone(), password.reveal().to_owned());
    }
    if let Some(token) = &settings.token {
        options = options.token(token.reveal().to_owned());
    }
    if let Some(ca) = &settings.ca {
        options = options.add_root_certificates(ca.clone());
    }
    let servers: Vec<&str> = settings.url.reveal().split(',').map(str::trim).collect();
    let client = options.connect(servers).await.map_err(|error| match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => refused(
            "it does not let us in (authorization violation); check `user` and `password`, or `token`".into(),
        ),
        // The parser's message may quote the URL with its secrets.
        ConnectErrorKind::ServerParse => refused("`url` cannot be read".into()),
        ConnectErrorKind::Tls => refused(format!("TLS: {error}; check `ca`")),
        _ => away(error.to_string()),
    })?;
    let mut jetstream = jetstream::new(client);
    jetstream.set_timeout(settings.timeout);
    Ok(jetstream)
}

fn away(cause: String) -> ReactionError {
    ReactionError::Away { target: "NATS".into(), cause, after: None }
}

pub(super) fn refused(cause: String) -> ReactionError {
    ReactionError::Refused { target: "NATS".into(), cause }
}
