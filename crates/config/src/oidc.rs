//! `server.oidc`: bearer tokens that an identity provider signs (OpenID Connect).

use super::problem::{self, code};
use super::tree::Node;
use livewell_query::language::Diagnostic;
use serde::{Deserialize, Deserializer, de};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Whose tokens are accepted, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// The issuer that a token has to name (`iss`).
    pub issuer: String,
    /// The audience that a token has to be for (`aud`).
    pub audience: String,
    /// Where the keys are that tokens are signed with.
    pub jwks: Jwks,
    /// The claim with the scopes: a text with spaces between them, or a list.
    #[serde(default = "scope")]
    pub scopes_claim: String,
    /// All that these tokens may read, if not everything.
    pub only: Option<OnlyOfClaims>,
}

/// Where a set of keys is (RFC 7517).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Jwks {
    /// In a file.
    File(PathBuf),
    /// At an address.
    Url(String),
}

/// The one query that these tokens may read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnlyOfClaims {
    /// The query.
    pub query: String,
    /// The values of its `for_each` that it may be read for, by parameter; none: all.
    #[serde(default)]
    pub values: BTreeMap<String, ClaimOrText>,
}

/// A value that a token brings, or one that is the same for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimOrText {
    /// The value of this claim.
    Claim(String),
    /// This text.
    Text(String),
}

impl<'de> Deserialize<'de> for ClaimOrText {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> de::Visitor<'de> for Either {
            type Value = ClaimOrText;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`{claim: NAME}` or a value")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ClaimOrText, E> {
                Ok(ClaimOrText::Text(text.to_owned()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<ClaimOrText, E> {
                Ok(ClaimOrText::Text(number.to_string()))
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<ClaimOrText, E> {
                Ok(ClaimOrText::Text(value.to_string()))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<ClaimOrText, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Named {
                    claim: String,
                }
                let named = Named::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(ClaimOrText::Claim(named.claim))
            }
        }
        input.deserialize_any(Either)
    }
}

impl OidcSettings {
    /// Makes a relative path relative to `folder`.
    pub(super) fn resolve(&mut self, folder: &Path) {
        if let Jwks::File(path) = &mut self.jwks {
            *path = folder.join(&path);
        }
    }
}

/// Adds what is wrong with the section.
pub fn check(node: &Node, settings: &OidcSettings, problems: &mut Vec<Diagnostic>) {
    let mut refuse = |field: &str, message: &str, help: &str| {
        let span = node.get(field).unwrap_or(node).span;
        problems.push(problem::at(code::REFUSED, span, message).with_help(help));
    };
    for (field, value) in [("issuer", &settings.issuer), ("audience", &settings.audience)] {
        if value.trim().is_empty() {
            refuse(
                field,
                &format!("`{field}` is empty"),
                "without it any token of that provider would be accepted",
            );
        }
    }
    if let Jwks::Url(url) = &settings.jwks
        && !url.starts_with("https://")
        && !is_loopback(url)
    {
        let help = "keys that somebody can change on their way let anybody in; use `https://`, or a `file`";
        refuse("jwks", "the keys are at an address without TLS", help);
    }
}

fn is_loopback(url: &str) -> bool {
    let host = url.strip_prefix("http://").and_then(|rest| rest.split(['/', ':', '?', '#', '\\']).next());
    host.is_some_and(|host| matches!(host, "localhost" | "127.0.0.1"))
}

fn scope() -> String {
    "scope".to_owned()
}
