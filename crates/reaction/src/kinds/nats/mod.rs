//! `kind: nats`: every change as a message of a JetStream, in order and at least once.
//!
//! All messengers share one driver; this module sends one message and interprets its acknowledgement. The key of a
//! message is its `Nats-Msg-Id`, so that a stream recognises a message that is repeated after a crash.

mod publish;
mod settings;

pub use crate::messenger::Each;
pub use settings::NatsSettings;

use crate::kind::Kind;
use crate::messenger::preview::Previewed;
use crate::messenger::{Answer, Message, Messenger, MessengerSettings, Retries, Transport};
use crate::settings_error::SettingsError;
use crate::shared::{OnRefusal, Shared};
use crate::{Guarantee, Reaction, ReactionError, Role, Start};
use livewell_model::probe::Probed;
use publish::{Publisher, refused};
use std::path::{Path, PathBuf};

/// How many messages go out at most before a checkpoint.
const SLICE_MESSAGES_MAX: usize = 1_000;

/// Publishes query results to a NATS server.
pub type Nats = Messenger<JetStream>;

/// Messages to the streams of one server.
pub struct JetStream {
    settings: NatsSettings,
    publisher: Option<Publisher>,
}

impl From<NatsSettings> for Nats {
    /// Creates a transport to the server in the settings. Does no I/O yet.
    fn from(settings: NatsSettings) -> Self {
        let messages = MessengerSettings {
            each: settings.each,
            template: settings.template.clone(),
            address: Some(settings.subject.clone()),
            on_refusal: OnRefusal::default(),
            // A stream takes a message, never takes it, or is unavailable.
            retries: Retries::default(),
            slice_messages_max: SLICE_MESSAGES_MAX,
        };
        Messenger::new(JetStream { settings, publisher: None }, messages)
    }
}

impl Transport for JetStream {
    fn target(&self) -> String {
        "NATS".to_owned()
    }

    fn start(&mut self, _: &Start<'_>) -> Result<(), ReactionError> {
        if self.publisher.is_none() {
            self.publisher = Some(Publisher::new(&self.settings)?);
        }
        Ok(())
    }

    /// Refuses an address that is not a subject.
    fn check(&self, message: &Message<'_>) -> Result<(), ReactionError> {
        match is_subject(message.address) {
            true => Ok(()),
            false => Err(refused(format!(
                "`{}` is not a subject, so {} cannot be published to it; correct `subject`",
                message.address, message.key
            ))),
        }
    }

    fn send(&mut self, message: &Message<'_>) -> Result<Answer, ReactionError> {
        self.publisher.as_mut().ok_or(ReactionError::NotStarted)?.publish(message)
    }
}

/// Returns whether a message can be published to it.
fn is_subject(subject: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && !word.contains(['*', '>']) && !word.contains(char::is_whitespace);
    subject.split('.').all(is_word)
}

impl Kind for NatsSettings {
    fn role(&self) -> Role {
        Role::Trigger
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::AtLeastOnce
    }

    fn probe(&self) -> Option<Result<Probed, ReactionError>> {
        Some(publish::probe(self))
    }

    fn validate(&self, _: usize) -> Result<(), SettingsError> {
        self.check()
    }

    fn build(&self, shared: &Shared) -> Box<dyn Reaction> {
        Box::new(Nats::from(self.clone()).on_refusal(shared.on_refusal))
    }

    fn preview(&self, template: Option<String>) -> Option<Previewed> {
        let template = template.or_else(|| self.template.clone());
        Some(Previewed::of(Nats::from(Self { template, ..self.clone() })))
    }

    fn can_refuse(&self) -> bool {
        true
    }

    fn resolve(&mut self, folder: &Path) {
        self.ca = self.ca.take().map(|path| folder.join(path));
    }

    fn reads(&self) -> Vec<PathBuf> {
        self.ca.iter().cloned().collect()
    }
}
