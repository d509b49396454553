//! The public keys of an identity provider (RFC 7517), read again when they may have changed.

use crate::stamp::{Stamp, stamp};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use livewell_config::settings::Jwks;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The largest set of keys that is read, in bytes.
const SET_BYTES_MAX: usize = 1 << 20;
/// How long reading a set from an address may take.
const FETCH_MAX: Duration = Duration::from_secs(10);
/// The shortest time between two readings because of an unknown key: anybody can send a token that names one.
const PAUSE: Duration = Duration::from_secs(10);
/// How old keys from an address may be. A key that the provider has withdrawn is accepted no longer than this, unless
/// the provider cannot be reached.
const AGE_MAX: Duration = Duration::from_secs(300);

/// A key, with the algorithm that it is for, if that is said.
#[derive(Clone)]
pub struct Key {
    id: Option<String>,
    pub algorithm: Option<Algorithm>,
    pub key: DecodingKey,
}

/// The keys as they were read last.
#[derive(Clone, Default)]
struct Known {
    keys: Arc<Vec<Key>>,
    /// When they were read, or reading them was tried.
    tried: Option<Instant>,
    file: Option<Stamp>,
}

/// The keys of a provider.
pub struct Keys {
    place: Jwks,
    known: Mutex<Known>,
    /// One reads them at a time.
    reading: tokio::sync::Mutex<()>,
    client: reqwest::Client,
}

impl Keys {
    /// Reads the keys in a file; those at an address are read when the first token comes.
    ///
    /// # Errors
    /// Returns what is wrong with the file.
    pub fn new(place: &Jwks) -> Result<Self, String> {
        // A redirection could lead anywhere.
        let client =
            reqwest::Client::builder().timeout(FETCH_MAX).redirect(reqwest::redirect::Policy::none());
        let client = client.build().map_err(|error| error.to_string())?;
        let keys = Self {
            place: place.clone(),
            known: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
            client,
        };
        if let Jwks::File(path) = place {
            keys.take_file(path)?;
        }
        Ok(keys)
    }

    /// Returns the key with this id; the only one if none is named. A set without it is read again first, unless that
    /// was just done.
    pub async fn find(&self, id: Option<&str>) -> Option<Key> {
        let known = self.known();
        let found = pick(&known.keys, id);
        let is_old = match &self.place {
            Jwks::File(path) => known.file != stamp(path),
            Jwks::Url(_) => known.tried.is_none_or(|tried| tried.elapsed() > AGE_MAX),
        };
        if found.is_some() && !is_old {
            return found;
        }
        let _one_at_a_time = match self.reading.try_lock() {
            Ok(one) => one,
            // A key that is known need not wait for a provider that is slow.
            Err(_) if found.is_some() => return found,
            Err(_) => self.reading.lock().await,
        };
        // Another call may have read them meanwhile.
        let now = self.known();
        let is_early = now.tried.is_some_and(|tried| tried.elapsed() < PAUSE);
        if now.tried != known.tried || (is_early && !is_old) {
            return pick(&now.keys, id);
        }
        if let Err(reason) = self.read().await {
            tracing::warn!(
                code = "LW0743",
                "the keys of `server.oidc` cannot be read, and those before stay: {reason} [LW0743]"
            );
        }
        pick(&self.known().keys, id)
    }

    /// Returns whether no keys have been read yet.
    pub fn is_empty(&self) -> bool {
        self.known().keys.is_empty()
    }

    async fn read(&self) -> Result<(), String> {
        match &self.place {
            Jwks::File(path) => {
                let file = stamp(path);
                self.take_file(path).inspect_err(|_| {
                    // One that cannot be used is not read again until it changes.
                    let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                    (known.tried, known.file) = (Some(Instant::now()), file);
                })
            }
            Jwks::Url(url) => {
                self.known.lock().unwrap_or_else(PoisonError::into_inner).tried = Some(Instant::now());
                let keys = Arc::new(parse(&self.fetch(url).await?)?);
                self.known.lock().unwrap_or_else(PoisonError::into_inner).keys = keys;
                Ok(())
            }
        }
    }

    async fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        let failed = |error: reqwest::Error| error.without_url().to_string();
        let mut answer = self
            .client
            .get(url)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(failed)?;
        let mut text = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            text.extend_from_slice(&piece);
            if text.len() > SET_BYTES_MAX {
                return Err(format!("the set has more than {SET_BYTES_MAX} bytes"));
            }
        }
        Ok(text)
    }

    fn take_file(&self, path: &Path) -> Result<(), String> {
        let file = stamp(path);
        let cannot = |why: String| format!("cannot read `{}` (`server.oidc.jwks`): {why}", path.display());
        let opened = File::open(path).map_err(|error| cannot(error.to_string()))?;
        let mut text = Vec::new();
        let read = opened.take(SET_BYTES_MAX as u64 + 1).read_to_end(&mut text);
        read.map_err(|error| cannot(error.to_string()))?;
        let keys = Arc::new(parse(&text).map_err(cannot)?);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) =
            Known { keys, tried: Some(Instant::now()), file };
        Ok(())
    }

    fn known(&self) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn pick(keys: &[Key], id: Option<&str>) -> Option<Key> {
    match (id, keys) {
        (Some(_), _) => keys.iter().find(|key| key.id.as_deref() == id).cloned(),
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    }
}

/// Parses a set. Keys that are not for signatures, and kinds that are not known here, are left out.
fn parse(text: &[u8]) -> Result<Vec<Key>, String> {
    let set: JwkSet =
        serde_json::from_slice(text).map_err(|error| format!("it is not a set of keys: {error}"))?;
    let keys: Vec<Key> = set.keys.iter().filter_map(key).collect();
    if keys.is_empty() {
        return Err("there is no public key for signatures in the set".into());
    }
    Ok(keys)
}

fn key(jwk: &Jwk) -> Option<Key> {
    let is_for_signatures = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let is_public =
        !matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_) | AlgorithmParameters::Other(_));
    if !is_for_signatures || !is_public {
        return None;
    }
    let algorithm = match jwk.common.key_algorithm {
        Some(algorithm) => Some(Algorithm::try_from(algorithm).ok()?),
        None => None,
    };
    Some(Key { id: jwk.common.key_id.clone(), algorithm, key: DecodingKey::from_jwk(jwk).ok()? })
}
