//! `kind: webhook`: every change as an HTTP request, in order and at least once.
//!
//! All messengers share one driver; this module sends one request and interprets its answer. The key of a message is
//! its `webhook-id`.

mod address;
mod patience;
mod send;
mod settings;
mod sign;

pub use crate::messenger::Each;
pub use settings::WebhookSettings;

use crate::kind::Kind;
use crate::messenger::preview::Previewed;
use crate::messenger::{Answer, Message, Messenger, MessengerSettings, Retries, Transport};
use crate::settings_error::SettingsError;
use crate::shared::{OnRefusal, Shared};
use crate::{Guarantee, Reaction, ReactionError, Role, Start};
use livewell_model::probe::Probed;
use send::Sender;
use serde::de::IgnoredAny;
use settings::NEEDS_JSON;

/// How many messages go out at most before a checkpoint.
const SLICE_MESSAGES_MAX: usize = 100;

/// Sends query results to a URL.
pub type Webhook = Messenger<Http>;

/// HTTP requests to one URL.
pub struct Http {
    settings: WebhookSettings,
    sender: Option<Sender>,
}

impl From<WebhookSettings> for Webhook {
    /// Creates a transport to the URL in the settings. Does no I/O yet.
    fn from(settings: WebhookSettings) -> Self {
        let messages = MessengerSettings {
            each: settings.each,
            template: settings.template.clone(),
            address: None,
            on_refusal: OnRefusal::default(),
            retries: Retries {
                count: settings.retries,
                first: settings.retry_first,
                max: settings.retry_max,
            },
            slice_messages_max: SLICE_MESSAGES_MAX,
        };
        Messenger::new(Http { settings, sender: None }, messages)
    }
}

impl Transport for Http {
    fn target(&self) -> String {
        self.sender.as_ref().map_or("the webhook", Sender::host).to_owned()
    }

    fn start(&mut self, start: &Start<'_>) -> Result<(), ReactionError> {
        if self.sender.is_none() {
            self.sender = Some(Sender::new(&self.settings, start.now.clone())?);
        }
        Ok(())
    }

    /// Refuses a body that is to be signed and is not JSON.
    fn check(&self, message: &Message<'_>) -> Result<(), ReactionError> {
        if self.settings.secret.is_some() && serde_json::from_slice::<IgnoredAny>(message.body).is_err() {
            let cause = format!("what comes out is not JSON, {NEEDS_JSON}");
            return Err(ReactionError::Template { key: message.key.to_owned(), cause });
        }
        Ok(())
    }

    fn send(&mut self, message: &Message<'_>) -> Result<Answer, ReactionError> {
        self.sender.as_ref().ok_or(ReactionError::NotStarted)?.send(message.key, message.body)
    }
}

impl Kind for WebhookSettings {
    fn role(&self) -> Role {
        Role::Trigger
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::AtLeastOnce
    }

    fn probe(&self) -> Option<Result<Probed, ReactionError>> {
        Some(send::probe(self))
    }

    fn validate(&self, _: usize) -> Result<(), SettingsError> {
        self.check()
    }

    fn build(&self, shared: &Shared) -> Box<dyn Reaction> {
        Box::new(Webhook::from(self.clone()).on_refusal(shared.on_refusal))
    }

    fn preview(&self, template: Option<String>) -> Option<Previewed> {
        let template = template.or_else(|| self.template.clone());
        Some(Previewed::of(Webhook::from(Self { template, ..self.clone() })))
    }

    fn can_refuse(&self) -> bool {
        true
    }
}
