//! Who may call the API, what each caller may do, and by which certificate callers know it.

use serde::{Deserialize, Deserializer, de};
use sha2::{Digest, Sha256};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// A token with fewer characters can be guessed.
pub const TOKEN_CHARS_MIN: usize = 16;
/// The name of the token that `server.token` is.
pub const DEFAULT_TOKEN: &str = "default";
/// What precedes the digits of a hash.
const SHA256: &str = "sha256:";

/// A group of calls that a token may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Status, results, changes, elements, definitions, metrics.
    Read,
    /// Sending changes to `http` sources.
    Ingest,
    /// Starting, stopping, resetting and verifying components; what to do with parked input and dead letters.
    Operate,
    /// Creating, changing and removing components, and backups. Includes all other scopes.
    Administer,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 4] = [Self::Read, Self::Ingest, Self::Operate, Self::Administer];

    /// Returns its name in configurations and claims.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Ingest => "ingest",
            Self::Operate => "operate",
            Self::Administer => "administer",
        }
    }

    /// Returns whether a caller with these scopes may make the calls of this one.
    pub fn is_in(self, scopes: &[Self]) -> bool {
        scopes.contains(&self) || scopes.contains(&Self::Administer)
    }
}

/// The SHA-256 hash of a token. Tokens are random, so the hash of one is enough to recognise it and not to find it.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Returns the hash of a token.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Parses `sha256:` with 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(SHA256).filter(|digits| digits.len() == 64)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16);
            *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
        }
        Some(Self(bytes))
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

/// A token of the API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSettings {
    /// What logs call it.
    pub name: SmolStr,
    /// The hash of the token that is written out.
    #[serde(default, deserialize_with = "token")]
    pub token: Option<TokenHash>,
    /// The hash that is written in its place.
    #[serde(default, deserialize_with = "hash")]
    pub hash: Option<TokenHash>,
    /// What it may do.
    #[serde(default)]
    pub scopes: Vec<Scope>,
    /// How many calls a second may be made with it.
    pub requests_per_second: Option<NonZeroU32>,
    /// All that it may read, if not everything.
    pub only: Option<Only>,
}

impl TokenSettings {
    /// Creates the token `server.token`, which may do everything.
    pub fn default_of(token: TokenHash) -> Self {
        Self {
            name: SmolStr::new_static(DEFAULT_TOKEN),
            token: Some(token),
            hash: None,
            scopes: vec![Scope::Administer],
            requests_per_second: None,
            only: None,
        }
    }

    /// Returns the hash that it is recognised by.
    pub fn hash(&self) -> Option<TokenHash> {
        self.token.or(self.hash)
    }

    /// Returns what it may do: a token that is bound to a query reads.
    pub fn scopes(&self) -> &[Scope] {
        if self.scopes.is_empty() && self.only.is_some() { &[Scope::Read] } else { &self.scopes }
    }
}

/// The one query whose results and changes may be read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Only {
    /// The query.
    pub query: String,
    /// The values of its `for_each` that it may be read for, by parameter; none: all.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
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

fn hash<'de, D: Deserializer<'de>>(input: D) -> Result<Option<TokenHash>, D::Error> {
    let Some(text) = Option::<String>::deserialize(input)? else { return Ok(None) };
    let help = "a hash is `sha256:` and 64 hexadecimal digits; `livewell token` prints one";
    TokenHash::parse(&text).map(Some).ok_or_else(|| de::Error::custom(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_that_of_the_standard_and_survives_its_text() {
        let hash = TokenHash::of("abc");
        let text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_string(), text);
        assert_eq!(TokenHash::parse(text), Some(hash));
        assert_eq!(TokenHash::parse(&text.replace("ba78", "BA78")), Some(hash));
        for wrong in
            [&text[7..], &text[..70], "sha256:", "", &text.replace("ba", "bg"), &text.replace("ba7", "+a7")]
        {
            assert_eq!(TokenHash::parse(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{hash:?}"), "***");
    }

    #[test]
    fn administer_includes_every_scope_and_no_other_includes_one() {
        for scope in Scope::ALL {
            assert!(scope.is_in(&[Scope::Administer]));
            for other in Scope::ALL.into_iter().filter(|other| *other != Scope::Administer) {
                assert_eq!(scope.is_in(&[other]), scope == other);
            }
        }
    }
}
