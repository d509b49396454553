//! Who may call, as the configuration says now: replaced as a whole when it is read again.

use super::tokens::Tokens;
use crate::oidc::Oidc;
use livewell_config::settings::ServerSettings;
use std::sync::Arc;

/// Who may call.
#[derive(Default)]
pub struct Guard {
    /// Whether calls need no token.
    is_open: bool,
    /// The tokens of the configuration.
    pub tokens: Tokens,
    /// The identity provider whose tokens are accepted as well.
    pub oidc: Option<Arc<Oidc>>,
    /// The origins whose pages may call.
    pub origins: Vec<String>,
}

impl Guard {
    /// Creates the guard of these settings, in the place of `before`.
    ///
    /// # Errors
    /// Returns why tokens of the identity provider cannot be checked.
    pub fn new(settings: &ServerSettings, before: &Self) -> Result<Self, String> {
        let same = |oidc: &Arc<Oidc>| settings.oidc.as_ref().is_some_and(|now| oidc.is(now));
        let oidc = match (before.oidc.as_ref().filter(|oidc| same(oidc)), &settings.oidc) {
            (Some(oidc), _) => Some(oidc.clone()),
            (None, Some(settings)) => Some(Arc::new(Oidc::new(settings)?)),
            (None, None) => None,
        };
        Ok(Self {
            is_open: settings.is_open(),
            tokens: Tokens::new(settings, &before.tokens),
            oidc,
            origins: settings.cors.clone(),
        })
    }

    /// Returns whether calls need no token.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Ends the streams of callers who may no longer call, now that there is another one.
    pub fn give_way_to(&self, next: &Self) {
        self.tokens.withdraw_all_but(&next.tokens);
        let stays = |oidc| next.oidc.as_ref().is_some_and(|next| Arc::ptr_eq(oidc, next));
        if let Some(oidc) = self.oidc.as_ref().filter(|oidc| !stays(oidc)) {
            oidc.withdrawn.send_replace(true);
        }
    }

    /// Returns whether pages of this origin may call.
    pub fn allows(&self, origin: &[u8]) -> bool {
        self.origins.iter().any(|known| known.as_bytes() == origin)
    }
}
