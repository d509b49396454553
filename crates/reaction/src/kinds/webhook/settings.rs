//! The settings of `kind: webhook`.

use super::address::is_public;
use super::sign;
use crate::messenger::Each;
use crate::messenger::template::{Purpose, Template};
use crate::{Secret, SettingsError};
use livewell_model::period;
use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// Why a signed message has to be JSON, and what to do.
pub(super) const NEEDS_JSON: &str = "and the libraries of Standard Webhooks parse what they verify; write JSON, as in \
    `{\"text\": {{ row.name | tojson }}}`, or take `secret` away";

/// The settings of `kind: webhook`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Where to send to: `https://` or `http://`.
    pub url: Secret,
    /// The key for signatures: `whsec_` and 24 to 64 bytes in base64; without it messages are not signed.
    #[serde(default)]
    pub secret: Option<Secret>,
    /// What a message contains.
    #[serde(default)]
    pub each: Each,
    /// A minijinja template of the body; without one the body is the result in JSON.
    #[serde(default)]
    pub template: Option<String>,
    /// The body's media type.
    #[serde(default = "json")]
    pub content_type: String,
    /// Further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// How long connecting and answering may take together.
    #[serde(default = "seconds::<10>", with = "period")]
    pub timeout: Duration,
    /// How often a message that was not taken is sent again before it becomes a dead letter.
    #[serde(default = "retries")]
    pub retries: u32,
    /// The pause before the first repetition; each further one is twice as long.
    #[serde(default = "seconds::<1>", with = "period")]
    pub retry_first: Duration,
    /// The longest pause.
    #[serde(default = "seconds::<600>", with = "period")]
    pub retry_max: Duration,
    /// Whether addresses of this machine and of private networks may be connected to.
    #[serde(default)]
    pub allow_private: bool,
}

fn json() -> String {
    "application/json".into()
}

fn retries() -> u32 {
    16
}

fn seconds<const N: u64>() -> Duration {
    Duration::from_secs(N)
}

impl WebhookSettings {
    /// Returns the settings of a reaction that sends to `url`, with every other setting at its default.
    pub fn to(url: &str) -> Self {
        Self {
            url: url.into(),
            secret: None,
            each: Each::default(),
            template: None,
            content_type: json(),
            headers: BTreeMap::new(),
            timeout: seconds::<10>(),
            retries: retries(),
            retry_first: seconds::<1>(),
            retry_max: seconds::<600>(),
            allow_private: false,
        }
    }

    /// Checks the settings by themselves.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let wrong = |field, message: String| Err(SettingsError::Field { field, message });
        let url = match self.parsed_url() {
            Ok(url) => url,
            Err(message) => return wrong("url", message),
        };
        if let Some(address) = literal(&url)
            && !self.allow_private
            && !is_public(address)
        {
            let message = format!(
                "{address} is an address of this machine or its own network; say `allow_private: true` if that is meant"
            );
            return wrong("url", message);
        }
        if let Some(Err(message)) = self.secret.as_ref().map(|secret| sign::Key::of(secret.reveal())) {
            return wrong("secret", message.to_owned());
        }
        match self.template.as_deref().map(|text| Template::compile(text, Purpose::Body)) {
            Some(Err(cause)) => return wrong("template", format!("this is not a valid template: {cause}")),
            Some(Ok(template)) if self.secret.is_some() && template.cannot_give_json() => {
                return wrong("template", format!("this does not give JSON, {NEEDS_JSON}"));
            }
            _ => {}
        }
        if HeaderValue::from_str(&self.content_type).is_err() {
            return wrong("content_type", "this is not a media type".into());
        }
        for (name, value) in &self.headers {
            let fits = HeaderName::from_bytes(name.as_bytes()).is_ok()
                && HeaderValue::from_str(value.reveal()).is_ok();
            if !fits || name.to_ascii_lowercase().starts_with("webhook-") {
                return wrong("headers", format!("`{name}` cannot be sent as a header with this value"));
            }
        }
        if self.timeout.is_zero() || self.timeout > Duration::from_secs(25) {
            return wrong("timeout", "a time-out is longer than 0s and at most 25s".into());
        }
        Ok(())
    }

    pub(super) fn parsed_url(&self) -> Result<Url, String> {
        match Url::parse(self.url.reveal()) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
            Ok(_) => Err("a webhook is sent to an `https://` or `http://` URL".into()),
            Err(error) => Err(format!("this is not a URL: {error}")),
        }
    }
}

/// Returns the address that a URL names instead of a host.
pub(super) fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}
