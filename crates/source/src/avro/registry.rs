//! A registry of schemas, asked over HTTP. What it has said once is kept: a number means one schema for ever.

use super::frame::Number;
use super::schema::Schema;
use crate::error::code;
use crate::settings::{RegistryApi, RegistrySettings};
use crate::{ErrorKind, SourceError};
use livewell_model::Secret;
use reqwest::{Certificate, Client, StatusCode, Url, redirect};
use serde::Deserialize;
use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// How long connecting and an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer may be.
const ANSWER_BYTES_MAX: usize = 8 << 20;
/// How many schemas are kept.
const KEPT_MAX: usize = 10_000;
/// How many other schemas one may refer to, with what these refer to.
const OTHERS_MAX: usize = 64;

/// What values of a number are.
#[derive(Debug)]
pub(crate) enum Kept {
    /// Avro with this schema.
    Avro(Schema),
    /// JSON, whose schema does not matter.
    Json,
}

/// A registry.
pub(crate) struct Registry {
    settings: RegistrySettings,
    url: Url,
    client: Client,
    runtime: Runtime,
    kept: HashMap<Number, Arc<Kept>>,
}

/// An answer of a registry with the interface of Confluent.
#[derive(Deserialize)]
struct Answer {
    schema: String,
    #[serde(default, rename = "schemaType")]
    kind: Option<String>,
    #[serde(default)]
    references: Vec<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    subject: String,
    version: u64,
}

impl Registry {
    /// Creates the client of a registry. Does no I/O yet, but for reading the file of certificates.
    ///
    /// # Errors
    /// Returns an error if the settings cannot be used.
    pub fn new(settings: RegistrySettings) -> Result<Self, SourceError> {
        let url = settings.parsed_url().map_err(refused)?;
        let client = client(&settings).map_err(refused)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| refused(format!("no runtime: {error}")))?;
        Ok(Self { settings, url, client, runtime, kept: HashMap::new() })
    }

    /// Returns what values of a number are.
    ///
    /// # Errors
    /// Returns an error of the kind `Unreachable` if the registry does not answer, and of the kind `Refused` if what it
    /// answers cannot be used.
    pub fn get(&mut self, number: Number) -> Result<Arc<Kept>, SourceError> {
        if let Some(kept) = self.kept.get(&number) {
            return Ok(kept.clone());
        }
        let kept = Arc::new(match self.settings.api {
            RegistryApi::Confluent => self.of_confluent(number)?,
            RegistryApi::Apicurio => self.of_apicurio(number)?,
        });
        if self.kept.len() >= KEPT_MAX {
            self.kept.clear();
        }
        self.kept.insert(number, kept.clone());
        Ok(kept)
    }

    fn of_confluent(&self, number: Number) -> Result<Kept, SourceError> {
        let about = format!("schema {}", number.value());
        let answer: Answer = self.json(&about, &["schemas", "ids", &number.value().to_string()])?;
        match answer.kind.as_deref().unwrap_or("AVRO") {
            "AVRO" => {}
            "JSON" => return Ok(Kept::Json),
            other => return Err(self.unusable(&about, &format!("it is {other}, which is not read"))),
        }
        let mut others = Vec::new();
        self.others(&answer.references, &mut HashMap::new(), &mut others)?;
        self.parsed(&about, &answer.schema, &others)
    }

    /// Reads what a schema refers to, each after what it needs itself.
    fn others(
        &self,
        references: &[Reference],
        seen: &mut HashMap<(String, u64), ()>,
        others: &mut Vec<String>,
    ) -> Result<(), SourceError> {
        for Reference { subject, version } in references {
            if seen.insert((subject.clone(), *version), ()).is_some() {
                continue;
            }
            let about = format!("version {version} of `{subject}`");
            if seen.len() > OTHERS_MAX {
                return Err(
                    self.unusable(&about, &format!("there are more than {OTHERS_MAX} that one refers to"))
                );
            }
            let path = ["subjects", subject, "versions", &version.to_string()];
            let answer: Answer = self.json(&about, &path)?;
            self.others(&answer.references, seen, others)?;
            others.push(answer.schema);
        }
        Ok(())
    }

    fn of_apicurio(&self, number: Number) -> Result<Kept, SourceError> {
        let (kind, about) = match number {
            Number::Content(number) => ("contentIds", format!("content {number}")),
            Number::Global(number) => ("globalIds", format!("schema {number}")),
        };
        let body = self.ask(&about, &["ids", kind, &number.value().to_string()])?;
        let text = String::from_utf8(body).map_err(|_| self.unusable(&about, "it is not UTF-8 text"))?;
        // It is the schema alone. One of JSON is an object that Avro would not know.
        let is_json_schema = serde_json::from_str::<serde_json::Value>(&text)
            .is_ok_and(|json| json.get("$schema").is_some() || json.get("properties").is_some());
        if is_json_schema { Ok(Kept::Json) } else { self.parsed(&about, &text, &[]) }
    }

    fn parsed(&self, about: &str, text: &str, others: &[String]) -> Result<Kept, SourceError> {
        Schema::parse(text, others).map(Kept::Avro).map_err(|error| self.unusable(about, &error))
    }

    fn json<T: for<'de> Deserialize<'de>>(&self, about: &str, path: &[&str]) -> Result<T, SourceError> {
        let body = self.ask(about, path)?;
        serde_json::from_slice(&body).map_err(|error| {
            self.unusable(about, &format!("the answer is not what a registry says: {error}"))
        })
    }

    /// Asks for a path below the registry's.
    fn ask(&self, about: &str, path: &[&str]) -> Result<Vec<u8>, SourceError> {
        let mut url = self.url.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(path);
        }
        let mut request = self.client.get(url);
        let (user, password) = (self.url.username(), self.url.password());
        if let Some(token) = &self.settings.token {
            request = request.bearer_auth(Secret::reveal(token));
        } else if !user.is_empty() || password.is_some() {
            request = request.basic_auth(decoded(user), password.map(decoded));
        }
        let answer = self.runtime.block_on(async {
            let mut response = request.send().await?;
            let (status, mut body) = (response.status(), Vec::new());
            while let Some(part) = response.chunk().await? {
                body.extend_from_slice(&part);
                if body.len() > ANSWER_BYTES_MAX {
                    break;
                }
            }
            Ok::<_, reqwest::Error>((status, body))
        });
        let (status, body) = answer.map_err(|error| self.failed(about, &error))?;
        let place = self.place();
        match status {
            StatusCode::OK if body.len() > ANSWER_BYTES_MAX => {
                Err(self.unusable(about, &format!("it is longer than {ANSWER_BYTES_MAX} bytes")))
            }
            StatusCode::OK => Ok(body),
            StatusCode::NOT_FOUND => Err(refused(format!(
                "the schema registry {place} has no {about} (404), with which a record was written; is it the one that \
                 the producer uses?"
            ))),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                Err(away(&place, &format!("answered {status}")))
            }
            _ if status.is_server_error() => Err(away(&place, &format!("answered {status}"))),
            _ => Err(refused(format!(
                "the schema registry {place} answered {status} to the question for {about}"
            ))),
        }
    }

    fn failed(&self, about: &str, error: &reqwest::Error) -> SourceError {
        let place = self.place();
        if error.is_timeout() {
            return away(&place, &format!("did not answer within {TIMEOUT:?}"));
        }
        let mut deepest: &dyn Error = error;
        let mut is_certificate = false;
        while let Some(source) = deepest.source() {
            deepest = source;
            is_certificate |= deepest.downcast_ref::<rustls::Error>().is_some_and(is_about_trust);
        }
        match is_certificate {
            true => refused(format!("the schema registry {place} was not asked for {about}: {deepest}")),
            false => away(&place, &deepest.to_string()),
        }
    }

    fn unusable(&self, about: &str, why: &str) -> SourceError {
        refused(format!("{about} of the schema registry {} cannot be used: {why}", self.place()))
    }

    /// Returns where the registry is, without secrets.
    fn place(&self) -> String {
        let port = self.url.port().map_or(String::new(), |port| format!(":{port}"));
        format!("`{}{port}`", self.url.host_str().unwrap_or_default())
    }
}

fn is_about_trust(error: &rustls::Error) -> bool {
    matches!(error, rustls::Error::InvalidCertificate(_))
}

fn client(settings: &RegistrySettings) -> Result<Client, String> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error means that another thread was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let mut client = Client::builder()
        .user_agent(concat!("livewell/", env!("CARGO_PKG_VERSION")))
        .timeout(TIMEOUT)
        .redirect(redirect::Policy::none())
        .no_proxy();
    if let Some(file) = &settings.ca {
        let cannot = |error: &dyn std::fmt::Display| format!("`registry.ca`: {}: {error}", file.display());
        let bytes = std::fs::read(file).map_err(|error| cannot(&error))?;
        let certificates = Certificate::from_pem_bundle(&bytes).map_err(|error| cannot(&error))?;
        client = client.tls_certs_merge(certificates);
    }
    client.build().map_err(|error| error.without_url().to_string())
}

/// Returns a part of a URL without its escapes.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = (*first == b'%').then(|| after.get(..2)).flatten().and_then(|hex| str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn away(place: &str, why: &str) -> SourceError {
    let message = format!("the schema registry {place} is out of reach: {why}");
    SourceError::new(ErrorKind::Unreachable, code::REGISTRY_AWAY, message)
}

fn refused(text: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::Refused, code::REGISTRY_REFUSED, text)
}
