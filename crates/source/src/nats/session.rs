//! One connection that follows a stream, until it fails.

use super::connection::{ANSWER_MAX, connect, lost, refused, unreachable};
use super::position::NatsPosition;
use super::subject::matches;
use crate::error::{ErrorKind, STRICT_STOPS};
use crate::json::Reader;
use crate::received::{Parked, Received, Taken};
use crate::settings::{NatsSettings, OnError};
use crate::{InputError, SourceError};
use async_nats::Client;
use async_nats::connection::State;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{Info, RetentionPolicy};
use async_nats::jetstream::{self, Context, ErrorCode, Message};
use futures::StreamExt;
use livewell_model::Timestamp;
use std::borrow::Cow;
use std::time::Duration;
use tokio::time::timeout;

/// After how many empty reads the stream is checked again.
const LOOK_READS: u32 = 20;
/// How long the server keeps a consumer that nobody uses.
const CONSUMER_IDLE: Duration = Duration::from_secs(300);
/// How many bytes are kept of a message that is too long to be a change.
const PARKED_BYTES_MAX: usize = 64 << 10;

pub(super) struct Session {
    settings: NatsSettings,
    reader: Reader,
    client: Client,
    jetstream: Context,
    consumer: PullConsumer,
    /// How many messages the consumer has handed out.
    delivered: u64,
    at: NatsPosition,
    /// The stream's last sequence as far as known.
    last: u64,
    empty_reads: u32,
    /// How many messages the stream held after the last one that was taken, when the server sent it.
    pending: u64,
    /// When the last message that was taken was published.
    last_published: Option<Timestamp>,
    /// The error that came after the messages of the last read.
    failed: Option<SourceError>,
}

impl Session {
    pub async fn open(settings: NatsSettings, position: Option<NatsPosition>) -> Result<Self, SourceError> {
        let reader = settings.reader()?;
        let client = connect(&settings).await?;
        let mut jetstream = jetstream::new(client.clone());
        jetstream.set_timeout(ANSWER_MAX);
        let stream = match (&settings.stream, &settings.subject) {
            (Some(stream), _) => stream.clone(),
            (None, subject) => {
                let subject = subject.clone().unwrap_or_default();
                let found = jetstream.stream_by_subject(subject.clone()).await;
                found.map_err(|error| {
                    unreachable(format!("no stream holds the subject `{subject}`: {error}"))
                })?
            }
        };
        let info = look(&jetstream, &stream).await?;
        if info.config.retention != RetentionPolicy::Limits {
            return Err(refused(format!(
                "the stream `{stream}` gives messages up once they are read; follow one with `retention: limits`"
            )));
        }
        let last = info.state.last_sequence;
        let at = position.unwrap_or_else(|| NatsPosition {
            stream: stream.clone(),
            created: created(&info),
            sequence: 0,
            settled: last,
        });
        reaches_back(&at, &stream, &info)?;
        let (consumer, sequence) = (consume(&jetstream, &at).await?, at.sequence);
        Ok(Self {
            settings,
            reader,
            client,
            jetstream,
            consumer,
            delivered: 0,
            at,
            last,
            empty_reads: 0,
            pending: last.saturating_sub(sequence),
            last_published: None,
            failed: None,
        })
    }

    pub async fn read(
        &mut self,
        messages_max: usize,
        bytes_max: usize,
        wait: Duration,
    ) -> Result<Received, SourceError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let messages = self.fetch(messages_max, bytes_max, wait).await?;
        if messages.is_empty() {
            return self.rest().await;
        }
        self.empty_reads = 0;
        let before = self.at.sequence;
        let mut received = Received::default();
        for message in messages {
            match self.take(&message, &mut received) {
                Ok(true) => {}
                Ok(false) => {
                    // A message got lost on its way here, with those after it.
                    self.renew().await?;
                    break;
                }
                Err(error) if self.at.sequence == before => return Err(error),
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
        }
        self.last = self.last.max(self.at.sequence);
        received.position = (self.at.sequence > before).then(|| self.at.encode());
        Ok(received)
    }

    /// Returns how many messages are left in the stream, as far as the server has said.
    pub fn behind(&self) -> u64 {
        self.pending
    }

    /// Returns when the last message that was taken was published.
    pub fn last_published(&self) -> Option<Timestamp> {
        self.last_published
    }

    /// Takes one message in, unless one before it got lost on the way.
    fn take(&mut self, message: &Message, received: &mut Received) -> Result<bool, SourceError> {
        let info =
            message.info().map_err(|error| unreachable(format!("a message without a place: {error}")))?;
        if info.consumer_sequence != self.delivered + 1 {
            return Ok(false);
        }
        let sequence = info.stream_sequence;
        if sequence > self.at.sequence + 1 && sequence - 1 > self.at.settled {
            let (stream, from) = (&self.at.stream, self.at.sequence + 1);
            return Err(gone(stream, from, sequence - 1));
        }
        let published = i64::try_from(info.published.unix_timestamp_nanos()).unwrap_or(i64::MAX);
        let (published, pending) = (Timestamp(published), info.pending);
        let wanted =
            self.settings.subject.as_deref().is_none_or(|subject| matches(subject, &message.subject));
        if wanted {
            let name = format!("stream `{}`, message {sequence} on `{}`", self.at.stream, message.subject);
            let parks = self.settings.on_error == OnError::Park;
            match self.reader.transaction(&message.payload) {
                Ok(mut transaction) => {
                    transaction.timestamp = transaction.timestamp.or(Some(published));
                    let text = parks.then(|| String::from_utf8_lossy(&message.payload).into_owned());
                    received.transactions.push(Taken {
                        name,
                        transaction,
                        text,
                        is_whole: true,
                        truncates: false,
                    });
                }
                Err(error) if parks => {
                    let beginning = &message.payload[..message.payload.len().min(PARKED_BYTES_MAX)];
                    let text = String::from_utf8_lossy(beginning);
                    let is_whole =
                        beginning.len() == message.payload.len() && matches!(text, Cow::Borrowed(_));
                    let (after, text) = (received.transactions.len(), text.into_owned());
                    received.parked.push(Parked { after, name, text, is_whole, error });
                }
                Err(error) => return Err(stopped_at(&name, &error)),
            }
        }
        self.delivered += 1;
        self.at.sequence = sequence;
        (self.pending, self.last_published) = (pending, Some(published));
        Ok(true)
    }

    /// Returns the messages that are there now, or else the first one that comes within `wait`.
    async fn fetch(
        &mut self,
        messages_max: usize,
        bytes_max: usize,
        wait: Duration,
    ) -> Result<Vec<Message>, SourceError> {
        let all = self.consumer.fetch().max_messages(messages_max).max_bytes(bytes_max);
        let (mut messages, cut) = collect(async { all.messages().await.map_err(unreachable) }).await?;
        if messages.is_empty() {
            // A message longer than the limit comes alone.
            let wait = if cut { ANSWER_MAX / 2 } else { wait };
            let one = self.consumer.batch().max_messages(1).expires(wait);
            (messages, _) = collect(async { one.messages().await.map_err(unreachable) }).await?;
        }
        Ok(messages)
    }

    /// Handles a read without messages: verifies now and then that there are none.
    async fn rest(&mut self) -> Result<Received, SourceError> {
        if self.client.connection_state() != State::Connected {
            return Err(unreachable("the connection was lost"));
        }
        self.empty_reads += 1;
        if self.empty_reads.is_multiple_of(LOOK_READS) || self.at.sequence < self.last {
            let info = look(&self.jetstream, &self.at.stream).await?;
            reaches_back(&self.at, &self.at.stream, &info)?;
            self.last = info.state.last_sequence;
            // What lay between was removed before the stream was first read.
            let nothing_left = info.state.messages == 0;
            if nothing_left && self.at.sequence < self.last && self.last <= self.at.settled {
                self.at.sequence = self.last;
            } else if self.at.sequence < self.last {
                self.renew().await?;
            }
        }
        let caught_up = self.at.sequence >= self.last;
        self.pending = if caught_up { 0 } else { self.pending };
        Ok(Received { caught_up, ..Received::default() })
    }

    /// Makes the server begin again after the last message that was taken.
    async fn renew(&mut self) -> Result<(), SourceError> {
        self.consumer = consume(&self.jetstream, &self.at).await?;
        self.delivered = 0;
        Ok(())
    }
}

/// Returns all messages of an answer, and whether the limit on bytes cut the answer short.
async fn collect(
    batch: impl Future<Output = Result<pull::Batch, SourceError>>,
) -> Result<(Vec<Message>, bool), SourceError> {
    let answer = async {
        let (mut batch, mut messages) = (batch.await?, Vec::new());
        while let Some(message) = batch.next().await {
            match message {
                Ok(message) => messages.push(message),
                Err(error) if error.to_string().contains("Exceeds MaxBytes") => return Ok((messages, true)),
                Err(error) if messages.is_empty() => return Err(unreachable(error)),
                // The next read gets the same error.
                Err(_) => break,
            }
        }
        Ok((messages, false))
    };
    timeout(ANSWER_MAX * 2, answer).await.map_err(|_| unreachable("no answer"))?
}

pub(super) async fn look(jetstream: &Context, stream: &str) -> Result<Info, SourceError> {
    match jetstream.get_stream(stream).await {
        Ok(found) => Ok(found.cached_info().clone()),
        Err(error) => Err(match error.kind() {
            GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                unreachable(format!("it has no stream `{stream}`; create it"))
            }
            GetStreamErrorKind::EmptyName | GetStreamErrorKind::InvalidStreamName => {
                refused(format!("`{stream}` is not a name that a stream can have"))
            }
            _ => unreachable(format!("JetStream does not answer: {error}")),
        }),
    }
}

async fn consume(jetstream: &Context, at: &NatsPosition) -> Result<PullConsumer, SourceError> {
    let config = pull::Config {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: at.sequence + 1 },
        ack_policy: AckPolicy::None,
        inactive_threshold: CONSUMER_IDLE,
        ..pull::Config::default()
    };
    let made = jetstream.create_consumer_on_stream(config, at.stream.as_str()).await;
    made.map_err(|error| unreachable(format!("no consumer could be made: {error}")))
}

/// Checks that the stream is the one that was read and still holds what comes next.
fn reaches_back(at: &NatsPosition, stream: &str, info: &Info) -> Result<(), SourceError> {
    let state = &info.state;
    if at.stream != stream {
        let was = &at.stream;
        return Err(lost(format!("the stream is `{stream}`, and `{was}` was read; {}", way_on())));
    }
    if at.created != created(info) {
        return Err(lost(format!("the stream `{stream}` was deleted and created again; {}", way_on())));
    }
    if state.last_sequence < at.sequence {
        let (last, sequence) = (state.last_sequence, at.sequence);
        return Err(lost(format!(
            "the stream `{stream}` ends at message {last}, and {sequence} was read: it was rolled back; {}",
            way_on()
        )));
    }
    let first = state.first_sequence;
    if first > at.sequence + 1 && first - 1 > at.settled {
        return Err(gone(stream, at.sequence + 1, first - 1));
    }
    Ok(())
}

fn gone(stream: &str, from: u64, to: u64) -> SourceError {
    lost(format!(
        "the stream `{stream}` no longer holds messages {from} to {to}, which were not read; {}",
        way_on()
    ))
}

fn way_on() -> String {
    format!(
        "`livewell reset SOURCE` reads what the stream holds from its beginning ({STRICT_STOPS}), and `recovery: auto_reset` \
         does so by itself"
    )
}

fn created(info: &Info) -> i64 {
    i64::try_from(info.created.unix_timestamp_nanos()).unwrap_or(i64::MAX)
}

fn stopped_at(name: &str, error: &InputError) -> SourceError {
    let message = format!(
        "{}\n  set `on_error: park` to set such messages aside and continue, and publish what was meant",
        error.about(name)
    );
    SourceError::new(ErrorKind::Input, error.code, message)
}
