//! Who may call, as the configuration says now: replaced as a whole when it is read again.

use super::tokens::Tokens;
use livewell_config::settings::ServerSettings;

/// Who may call.
#[derive(Default)]
pub struct Guard {
    /// Whether calls need no token.
    is_open: bool,
    /// The tokens of the configuration.
    pub tokens: Tokens,
    /// The origins whose pages may call.
    pub origins: Vec<String>,
}

impl Guard {
    /// Creates the guard of these settings, in the place of `before`.
    pub fn new(settings: &ServerSettings, before: &Self) -> Self {
        Self {
            is_open: settings.is_open(),
            tokens: Tokens::new(settings, &before.tokens),
            origins: settings.cors.clone(),
        }
    }

    /// Returns whether calls need no token.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Ends the streams of callers who may no longer call, now that there is another one.
    pub fn give_way_to(&self, next: &Self) {
        self.tokens.withdraw_all_but(&next.tokens);
    }

    /// Returns whether pages of this origin may call.
    pub fn allows(&self, origin: &[u8]) -> bool {
        self.origins.iter().any(|known| known.as_bytes() == origin)
    }
}
