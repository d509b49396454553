//! The identity provider of a build without the feature: there is none.

use super::{Identity, Refused};
use livewell_config::settings::OidcSettings;
use std::convert::Infallible;
use tokio::sync::watch;

/// An identity provider, of which there is none in this build.
pub struct Oidc {
    /// True once its tokens are no longer accepted.
    pub withdrawn: watch::Sender<bool>,
    never: Infallible,
}

impl Oidc {
    /// Refuses the settings.
    ///
    /// # Errors
    /// Always.
    pub fn new(_: &OidcSettings) -> Result<Self, String> {
        Err("this build has no OpenID Connect; build it with `--features oidc`".into())
    }

    /// Returns whether it is the provider of these settings.
    pub fn is(&self, _: &OidcSettings) -> bool {
        match self.never {}
    }

    /// Returns whether the text has the form of a signed token.
    pub fn is_token(_: &str) -> bool {
        false
    }

    /// Checks a token.
    ///
    /// # Errors
    /// None: there is no provider.
    pub async fn check(&self, _: &str) -> Result<Identity, Refused> {
        match self.never {}
    }
}
