//! The settings of `kind: nats`.

use crate::messenger::Each;
use crate::messenger::template::{Purpose, Template};
use crate::{Secret, SettingsError};
use livewell_model::period;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// The settings of `kind: nats`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatsSettings {
    /// `nats://host:4222`, or `tls://host:4222`; several with commas between; never shown.
    pub url: Secret,
    /// A minijinja template of the subject: `balances.{{ row.id }}`.
    pub subject: String,
    /// What a message contains.
    #[serde(default)]
    pub each: Each,
    /// A minijinja template of the message; without one it is the result in JSON.
    #[serde(default)]
    pub template: Option<String>,
    /// The user to log in as.
    #[serde(default)]
    pub user: Option<String>,
    /// The user's password.
    #[serde(default)]
    pub password: Option<Secret>,
    /// A token to log in with.
    #[serde(default)]
    pub token: Option<Secret>,
    /// A file of certificates in PEM to trust beside those of the system.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// How long connecting, and each acknowledgement, may take.
    #[serde(default = "timeout", with = "period")]
    pub timeout: Duration,
}

fn timeout() -> Duration {
    Duration::from_secs(10)
}

impl NatsSettings {
    /// Returns the settings of a reaction that publishes to `subject`, with every other setting at its default.
    pub fn to(url: &str, subject: &str) -> Self {
        Self {
            url: url.into(),
            subject: subject.to_owned(),
            each: Each::default(),
            template: None,
            user: None,
            password: None,
            token: None,
            ca: None,
            timeout: timeout(),
        }
    }

    /// Checks the settings by themselves.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let wrong = |field, message: String| Err(SettingsError::Field { field, message });
        let is_url = |url: &str| url.starts_with("nats://") || url.starts_with("tls://");
        if !self.url.reveal().split(',').all(|url| is_url(url.trim())) {
            return wrong("url", "`url` is `nats://host:4222`, or `tls://host:4222` for TLS".into());
        }
        if self.subject.is_empty() {
            return wrong("subject", "`subject` is empty; name what to publish to".into());
        }
        if let Err(cause) = Template::compile(&self.subject, Purpose::Address) {
            return wrong("subject", format!("this is not a valid template: {cause}"));
        }
        if let Some(Err(cause)) = self.template.as_deref().map(|text| Template::compile(text, Purpose::Body))
        {
            return wrong("template", format!("this is not a valid template: {cause}"));
        }
        if self.user.is_some() != self.password.is_some() {
            return wrong("user", "`user` and `password` go together".into());
        }
        if self.token.is_some() && self.user.is_some() {
            return wrong("token", "give either a `token` or `user` and `password`".into());
        }
        if self.timeout.is_zero() || self.timeout > Duration::from_secs(25) {
            return wrong("timeout", "a time-out is longer than 0s and at most 25s".into());
        }
        Ok(())
    }
}
