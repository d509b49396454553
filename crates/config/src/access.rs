//! Who may call the API, and by which certificate callers know it.

use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::{Path, PathBuf};

/// The name of the token that `server.token` is.
pub const DEFAULT_TOKEN: &str = "default";
/// What precedes the digits of a hash.
const SHA256: &str = "sha256:";

/// The SHA-256 hash of a token. Tokens are random, so the hash of one is enough to recognise it and not to find it.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Returns the hash of a token.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

/// In constant time, so that the time of a comparison reveals nothing.
impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq::constant_time_eq_32(&self.0, &other.0)
    }
}

impl Eq for TokenHash {}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SHA256)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A short token can be found from its hash, so a hash is not shown either.
impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The certificate that the API shows, and its key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// The PEM file of the certificate, with those that lead to an authority.
    pub certificate: PathBuf,
    /// The PEM file of its private key.
    pub key: PathBuf,
}

impl TlsSettings {
    /// Makes relative paths relative to `folder`.
    pub(super) fn resolve(&mut self, folder: &Path) {
        self.certificate = folder.join(&self.certificate);
        self.key = folder.join(&self.key);
    }
}

/// Reads a token that is written out, of which only the hash is kept.
pub(super) fn token<'de, D: Deserializer<'de>>(input: D) -> Result<Option<TokenHash>, D::Error> {
    Ok(Option::<String>::deserialize(input)?.map(|token| TokenHash::of(&token)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_that_of_the_standard_and_survives_its_text() {
        let hash = TokenHash::of("abc");
        let text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_string(), text);
        assert_eq!(format!("{hash:?}"), "***");
    }
}
