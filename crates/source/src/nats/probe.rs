//! Looks at a stream as a source would, without making anything there.

use super::connection::{ANSWER_MAX, connect, refused, unreachable};
use super::session::look;
use crate::SourceError;
use crate::settings::NatsSettings;
use async_nats::jetstream;
use async_nats::jetstream::stream::RetentionPolicy;
use livewell_model::probe::Probed;

/// Connects, and looks for a stream that can be followed.
///
/// # Errors
/// Returns what would keep the source from following the stream.
pub(crate) fn probe(settings: &NatsSettings) -> Result<Probed, SourceError> {
    // The client needs a thread of its own to answer while this one waits.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| refused(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let mut jetstream = jetstream::new(connect(settings).await?);
        jetstream.set_timeout(ANSWER_MAX);
        let stream = match (&settings.stream, &settings.subject) {
            (Some(stream), _) => stream.clone(),
            (None, subject) => {
                let subject = subject.clone().unwrap_or_default();
                let found = jetstream.stream_by_subject(subject.clone()).await;
                found.map_err(|error| unreachable(format!("no stream holds the subject `{subject}`: {error}")))?
            }
        };
        let info = look(&jetstream, &stream).await?;
        if info.config.retention != RetentionPolicy::Limits {
            return Err(refused(format!(
                "the stream `{stream}` gives messages up once they are read; follow one with `retention: limits`"
            )));
        }
        Ok(Probed::new(format!("NATS, stream `{stream}` with {} messages", info.state.messages)))
    })
}
