//! Tokens that an identity provider signs (OpenID Connect), if this build has the feature.

#[cfg(not(feature = "oidc"))]
mod absent;
#[cfg(feature = "oidc")]
mod claims;
#[cfg(feature = "oidc")]
mod keys;
#[cfg(feature = "oidc")]
mod provider;
#[cfg(feature = "oidc")]
mod ring_verifier;

#[cfg(not(feature = "oidc"))]
pub use absent::Oidc;
#[cfg(feature = "oidc")]
pub use provider::Oidc;

use livewell_config::settings::{Only, Scope};
use std::time::Duration;

/// What a token says.
pub struct Identity {
    /// Who it was made for: `oidc:` and the subject.
    pub name: String,
    /// The scopes that it has.
    pub scopes: Vec<Scope>,
    /// All that it may read, if not everything.
    pub only: Option<Only>,
    /// How long it is valid.
    pub left: Duration,
}

/// Why a token is refused.
#[derive(Debug)]
#[cfg_attr(not(feature = "oidc"), expect(dead_code, reason = "no provider refuses anything in such a build"))]
pub enum Refused {
    /// It was not signed by the provider: a guess.
    Forged(&'static str),
    /// The provider has signed it, and it is not valid, or not here.
    Invalid(String),
}
