//! Sends one request and returns its outcome.

use super::address::{Private, PublicOnly, is_public};
use super::patience::patience;
use super::settings::{WebhookSettings, literal};
use super::sign::Key;
use crate::messenger::Answer;
use crate::{Now, ReactionError, Secret};
use livewell_model::Timestamp;
use livewell_model::probe::Probed;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, Url, redirect};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tokio::runtime::Runtime;

/// How much of an answer is read, and how much of that is shown.
const ANSWER_BYTES_MAX: usize = 64 << 10;
const SHOWN_CHARS_MAX: usize = 200;
/// The length from which a part of the settings is taken for a secret that a target may send back.
const SECRET_BYTES_MIN: usize = 6;

/// Looks at the host that the settings name.
pub(super) fn probe(settings: &WebhookSettings) -> Result<Probed, ReactionError> {
    // Nothing is signed.
    Sender::new(settings, Arc::new(Timestamp::default))?.probe()
}

/// Sends messages, one after another, on the calling thread.
pub(super) struct Sender {
    runtime: Runtime,
    client: Client,
    url: Url,
    key: Option<Key>,
    timeout: Duration,
    allow_private: bool,
    now: Now,
    /// What a target may send back and nobody may see.
    secrets: Vec<String>,
}

impl Sender {
    pub fn new(settings: &WebhookSettings, now: Now) -> Result<Self, ReactionError> {
        let refused = |cause| ReactionError::Refused { target: "the webhook".into(), cause };
        let url = settings.parsed_url().map_err(refused)?;
        let key = settings.secret.as_ref().map(|secret| Key::of(secret.reveal())).transpose();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self {
            runtime: runtime.map_err(|error| refused(format!("no runtime: {error}")))?,
            client: client(settings).map_err(refused)?,
            url,
            key: key.map_err(|cause| refused(cause.to_owned()))?,
            timeout: settings.timeout,
            allow_private: settings.allow_private,
            now,
            secrets: secrets(settings),
        })
    }

    /// Returns the host that is sent to.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Sends one message and waits for the answer.
    ///
    /// # Errors
    /// Returns [`ReactionError::Private`] if the host is not at a public address; nothing was sent then.
    pub fn send(&self, key: &str, body: &[u8]) -> Result<Answer, ReactionError> {
        self.check_literal()?;
        let request =
            self.client.post(self.url.clone()).headers(self.headers(key, body)).body(body.to_owned());
        match self.runtime.block_on(async {
            let response = request.send().await?;
            Ok(self.read(response).await)
        }) {
            Ok(answer) => Ok(answer),
            Err(error) => match private_address(&error) {
                Some(address) => Err(self.private(address)),
                None => Ok(Answer::Refused { cause: self.in_words(&error), patience: None }),
            },
        }
    }

    /// Asks for the head of the page, which changes nothing there; any answer shows that messages would arrive.
    fn probe(&self) -> Result<Probed, ReactionError> {
        self.check_literal()?;
        match self.runtime.block_on(async { self.client.head(self.url.clone()).send().await }) {
            Ok(answer) => {
                Ok(Probed::new(format!("{} answers (HTTP {})", self.host(), answer.status().as_u16())))
            }
            Err(error) => Err(match private_address(&error) {
                Some(address) => self.private(address),
                None => ReactionError::Away {
                    target: self.host().to_owned(),
                    cause: self.in_words(&error),
                    after: None,
                },
            }),
        }
    }

    /// Refuses an address in place of a host name, which is not resolved.
    fn check_literal(&self) -> Result<(), ReactionError> {
        let address = literal(&self.url).filter(|address| !self.allow_private && !is_public(*address));
        address.map_or(Ok(()), |address| Err(self.private(address)))
    }

    fn private(&self, address: std::net::IpAddr) -> ReactionError {
        ReactionError::Private { host: self.host().to_owned(), address }
    }

    fn headers(&self, id: &str, body: &[u8]) -> HeaderMap {
        let timestamp = (self.now)().0.div_euclid(1_000_000_000);
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: String| {
            // Ids, numbers and base64 are visible ASCII.
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        };
        put("webhook-id", id.to_owned());
        put("webhook-timestamp", timestamp.to_string());
        if let Some(key) = &self.key {
            put("webhook-signature", key.sign(id, timestamp, body));
        }
        headers
    }

    async fn read(&self, mut response: Response) -> Answer {
        let status = response.status();
        let patience = response.headers().get(RETRY_AFTER).and_then(|header| {
            let now = UNIX_EPOCH + Duration::from_nanos(u64::try_from((self.now)().0).unwrap_or(0));
            patience(header.to_str().ok()?, now)
        });
        let mut body = Vec::new();
        // The status decides: an answer that ends early changes nothing.
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_BYTES_MAX {
                break;
            }
        }
        if status.is_success() {
            return Answer::Taken(format!("answered {status}"));
        }
        let cause = match status.is_redirection() {
            true => format!("answered {status}, and redirects are not followed; set `url` to where it leads"),
            false => format!("answered {status}{}", excerpt(&body, &self.secrets)),
        };
        Answer::Refused { cause, patience }
    }

    fn in_words(&self, error: &reqwest::Error) -> String {
        if error.is_timeout() {
            return format!("did not answer within {:?}", self.timeout);
        }
        let mut deepest: &dyn Error = error;
        while let Some(source) = deepest.source() {
            deepest = source;
        }
        format!("could not be reached: {deepest}")
    }
}

fn client(settings: &WebhookSettings) -> Result<Client, String> {
    crate::tls::install();
    let mut headers = HeaderMap::new();
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| "a header cannot be sent".to_owned());
    headers.insert(CONTENT_TYPE, value(&settings.content_type)?);
    for (name, secret) in &settings.headers {
        let name =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is not a header name"))?;
        let mut value = value(Secret::reveal(secret))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    let mut client = Client::builder()
        .user_agent(concat!("livewell/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .timeout(settings.timeout)
        .redirect(redirect::Policy::none())
        // With a proxy, the connection would go to the proxy, which resolves names itself.
        .no_proxy()
        .pool_max_idle_per_host(1);
    if !settings.allow_private {
        client = client.dns_resolver(Arc::new(PublicOnly));
    }
    client.build().map_err(|error| error.without_url().to_string())
}

/// Returns the secrets in settings, the longest first: the address, what it holds behind its host, values of headers.
fn secrets(settings: &WebhookSettings) -> Vec<String> {
    let mut secrets = vec![settings.url.reveal().to_owned()];
    if let Ok(url) = settings.parsed_url() {
        secrets.extend(url.password().map(ToOwned::to_owned));
        secrets.push(match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        });
        secrets.extend(url.query().map(ToOwned::to_owned));
        secrets.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
    }
    secrets.extend(settings.headers.values().map(|value| Secret::reveal(value).to_owned()));
    // `Bearer TOKEN`: the token alone, too.
    let words = settings.headers.values().filter_map(|value| Secret::reveal(value).split_once(' '));
    secrets.extend(words.map(|(_, token)| token.to_owned()));
    secrets.extend(settings.secret.as_ref().map(|secret| secret.reveal().to_owned()));
    // What is shorter is a part of words that say something.
    secrets.retain(|secret| secret.len() >= SECRET_BYTES_MIN);
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets
}

fn private_address(error: &reqwest::Error) -> Option<std::net::IpAddr> {
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(at) = cause {
        if let Some(Private(address)) = at.downcast_ref() {
            return Some(*address);
        }
        cause = at.source();
    }
    None
}

/// Returns the beginning of an answer in a form that fits on one line.
fn excerpt(body: &[u8], secrets: &[String]) -> String {
    let text = String::from_utf8_lossy(body);
    // Before it is cut, which could leave the beginning of a secret.
    let text = secrets.iter().fold(text, |text, secret| match text.contains(secret.as_str()) {
        true => text.replace(secret.as_str(), "[secret]").into(),
        false => text,
    });
    let mut shown: String = text.trim().chars().take(SHOWN_CHARS_MAX).collect();
    if shown.is_empty() {
        return shown;
    }
    shown = shown.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!(": {shown}")
}
