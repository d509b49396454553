//! The tokens of the configuration: who has which, and streams that end when one is withdrawn.

use super::buckets::Bucket;
use super::caller::Caller;
use super::grant::{Ends, Grant};
use livewell_config::settings::{ServerSettings, TokenHash, TokenSettings};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// All tokens.
#[derive(Default)]
pub struct Tokens(Vec<Arc<Token>>);

/// A token that is accepted.
pub struct Token {
    settings: TokenSettings,
    bucket: Option<Mutex<Bucket>>,
    /// True once it is no longer accepted.
    withdrawn: watch::Sender<bool>,
}

impl Tokens {
    /// Creates the tokens of these settings. Those of `before` that are as they were stay what they are, with their
    /// limits and their streams.
    pub fn new(settings: &ServerSettings, before: &Self) -> Self {
        let short = settings.token.map(TokenSettings::default_of);
        let all = short.iter().chain(&settings.tokens);
        let same = |token: &TokenSettings| before.0.iter().find(|old| old.settings == *token).cloned();
        Self(all.map(|token| same(token).unwrap_or_else(|| Arc::new(Token::new(token)))).collect())
    }

    /// Ends the streams of those tokens that are not among `others`.
    pub fn withdraw_all_but(&self, others: &Self) {
        for token in &self.0 {
            if !others.0.iter().any(|other| Arc::ptr_eq(token, other)) {
                token.withdrawn.send_replace(true);
            }
        }
    }

    /// Returns the token that was given. The hash of each is compared in constant time.
    pub fn find(&self, given: &str) -> Option<&Arc<Token>> {
        let given = TokenHash::of(given);
        self.0
            .iter()
            .fold(None, |found, token| if token.settings.hash() == Some(given) { Some(token) } else { found })
    }

    /// Returns their names.
    pub fn names(&self) -> Vec<&str> {
        self.0.iter().map(|token| token.settings.name.as_str()).collect()
    }
}

impl Token {
    fn new(settings: &TokenSettings) -> Self {
        let bucket = |rate: std::num::NonZeroU32| {
            Mutex::new(Bucket::new(rate.get(), Duration::from_secs(1) / rate.get()))
        };
        let bucket = settings.requests_per_second.map(bucket);
        Self { settings: settings.clone(), bucket, withdrawn: watch::Sender::new(false) }
    }

    /// Returns what the token allows.
    pub fn grant(&self) -> Grant {
        Grant {
            caller: Caller::new(self.settings.name.clone(), self.settings.scopes()),
            only: self.settings.only.clone(),
            ends: Ends { withdrawn: Some(self.withdrawn.subscribe()), at: None },
        }
    }

    /// Counts a call. Returns false if there are more in a second than it may make.
    pub fn count(&self) -> bool {
        let bucket = self.bucket.as_ref();
        bucket.is_none_or(|bucket| bucket.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_config::settings::Scope;

    fn settings(tokens: &[(&'static str, &str)]) -> ServerSettings {
        let token = |(name, token): &(&'static str, &str)| {
            let hash = TokenHash::of(token);
            TokenSettings {
                name: (*name).into(),
                scopes: vec![Scope::Read],
                ..TokenSettings::default_of(hash)
            }
        };
        ServerSettings { tokens: tokens.iter().map(token).collect(), ..ServerSettings::default() }
    }

    #[test]
    fn only_the_whole_token_is_the_token() {
        let tokens = Tokens::new(&settings(&[("a", "first"), ("b", "second")]), &Tokens::default());
        let name = |given: &str| tokens.find(given).map(|token| token.settings.name.to_string());
        assert_eq!((name("first").as_deref(), name("second").as_deref()), (Some("a"), Some("b")));
        for wrong in ["", "firs", "first ", "First", "firstsecond"] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_token_that_stays_keeps_its_streams_and_one_that_goes_ends_them() {
        let before = Tokens::new(&settings(&[("a", "first"), ("b", "second")]), &Tokens::default());
        let ends: Vec<_> = ["first", "second"]
            .map(|token| before.find(token).unwrap().grant().ends.withdrawn.unwrap())
            .into();
        let after = Tokens::new(&settings(&[("a", "first"), ("b", "third")]), &before);
        before.withdraw_all_but(&after);
        assert_eq!(ends.iter().map(|end| *end.borrow()).collect::<Vec<_>>(), [false, true]);
        assert!(after.find("second").is_none() && after.find("third").is_some());
    }
}
