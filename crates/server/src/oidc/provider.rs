//! An identity provider whose tokens are accepted: each is checked by its public keys, without asking it.

use super::claims::Claims;
use super::keys::Keys;
use super::ring_verifier::{self, ALGORITHMS};
use super::{Identity, Refused};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};
use livewell_config::settings::{OidcSettings, Scope};
use std::time::Duration;
use tokio::sync::watch;

/// How far clocks may differ, in seconds.
const LEEWAY: u64 = 30;
/// The longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 16 << 10;

/// An identity provider whose tokens are accepted.
pub struct Oidc {
    settings: OidcSettings,
    keys: Keys,
    validation: Validation,
    /// True once its tokens are no longer accepted.
    pub withdrawn: watch::Sender<bool>,
}

impl Oidc {
    /// Prepares to check tokens.
    ///
    /// # Errors
    /// Returns what is wrong with the file of the keys.
    pub fn new(settings: &OidcSettings) -> Result<Self, String> {
        ring_verifier::install();
        let mut validation = Validation::new(ALGORITHMS[0]);
        validation.set_issuer(&[&settings.issuer]);
        validation.set_audience(&[&settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY;
        let keys = Keys::new(&settings.jwks)?;
        Ok(Self { settings: settings.clone(), keys, validation, withdrawn: watch::Sender::new(false) })
    }

    /// Returns whether it is the provider of these settings.
    pub fn is(&self, settings: &OidcSettings) -> bool {
        self.settings == *settings
    }

    /// Returns whether the text has the form of a signed token.
    pub fn is_token(text: &str) -> bool {
        text.split('.').count() == 3
    }

    /// Checks a token: its signature, then its time, its issuer and its audience.
    ///
    /// # Errors
    /// Returns why it is refused.
    pub async fn check(&self, token: &str) -> Result<Identity, Refused> {
        const MALFORMED: &str = "it is not a token of this kind";
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Refused::Forged(MALFORMED));
        }
        let header = decode_header(token).map_err(|_| Refused::Forged(MALFORMED))?;
        if header.crit.is_some() {
            return Err(Refused::Forged("it has extensions that are not understood here"));
        }
        if !ALGORITHMS.contains(&header.alg) {
            return Err(Refused::Forged("its algorithm is not one with a public key"));
        }
        let key = self.keys.find(header.kid.as_deref()).await;
        let key = key.ok_or_else(|| {
            if self.keys.is_empty() {
                return Refused::Invalid("the keys of its provider could not be read yet".to_owned());
            }
            Refused::Forged("its key is not one of the provider's")
        })?;
        if key.algorithm.is_some_and(|algorithm| algorithm != header.alg) {
            return Err(Refused::Forged("its algorithm is not the one of its key"));
        }
        // All that it compares has to be of one family of algorithms, so it is told the token's own.
        let validation = Validation { algorithms: vec![header.alg], ..self.validation.clone() };
        let decoded = decode::<Claims>(token, &key.key, &validation);
        let claims = decoded.map_err(|error| self.refused(error.kind()))?.claims;
        self.identity(&claims)
    }

    fn identity(&self, claims: &Claims) -> Result<Identity, Refused> {
        let only = self.settings.only.as_ref().map(|only| claims.bound(only)).transpose();
        let only = only.map_err(Refused::Invalid)?;
        // One that is bound to a query reads, whatever its claims say.
        let scopes =
            if only.is_some() { vec![Scope::Read] } else { claims.scopes(&self.settings.scopes_claim) };
        let left = claims.exp.saturating_add(LEEWAY).saturating_sub(jsonwebtoken::get_current_timestamp());
        Ok(Identity { name: claims.name(), scopes, only, left: Duration::from_secs(left) })
    }

    /// Says why a token is refused. Claims are only looked at once the signature was right.
    fn refused(&self, kind: &ErrorKind) -> Refused {
        let invalid = |text: &str| Refused::Invalid(text.to_owned());
        match kind {
            ErrorKind::ExpiredSignature => invalid("it has expired"),
            ErrorKind::ImmatureSignature => invalid("it is not valid yet"),
            ErrorKind::InvalidIssuer => {
                Refused::Invalid(format!("its issuer is not `{}`", self.settings.issuer))
            }
            ErrorKind::InvalidAudience => {
                Refused::Invalid(format!("its audience is not `{}`", self.settings.audience))
            }
            ErrorKind::MissingRequiredClaim(claim) => Refused::Invalid(format!("it has no claim `{claim}`")),
            _ => Refused::Forged("its signature is not right"),
        }
    }
}
