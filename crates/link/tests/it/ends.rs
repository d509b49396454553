//! Both ends at one URL, and the outcomes.

use livewell_reaction::postgres::{Execute, PostgresSettings};
use livewell_reaction::testkit::{Sample, start};
use livewell_reaction::{Reaction, ReactionError};
use livewell_source::ErrorKind;
use livewell_source::settings::DatabaseUrl;
use std::time::Duration;

/// The outcome of an end's attempt to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It works.
    In,
    /// It will try again.
    Waits,
    /// It stops, and somebody has to change something.
    Refuses,
}

/// Connects a source.
pub fn source(url: &str) -> (Outcome, String) {
    let settings = serde_json::json!({ "id": "shop", "url": "" });
    let mut settings: livewell_source::settings::PostgresSettings =
        serde_json::from_value(settings).expect("the defaults are settings");
    settings.url = DatabaseUrl(url.to_owned());
    // It needs a session and changes nothing.
    let source = livewell_source::postgres::Database::new(settings);
    let there = livewell_source::Source::other_side(&source).expect("a database can be asked");
    match there.drop_there("store0", "livewell_shop_store0") {
        Ok(()) => (Outcome::In, String::new()),
        Err(error) if error.kind == ErrorKind::Unreachable => (Outcome::Waits, error.message),
        Err(error) => (Outcome::Refuses, error.message),
    }
}

/// Connects a reaction, which executes a statement once.
pub fn reaction(url: &str, statement: &str) -> (Outcome, String) {
    let settings = PostgresSettings::execute(url, statement, &[]);
    let mut execute = Execute::new(PostgresSettings { timeout: Duration::from_secs(5), ..settings });
    let done =
        start(&mut execute, None).and_then(|_| execute.deliver(&Sample::new(1).outgoing(1..=1)).map(drop));
    match done {
        Ok(()) => (Outcome::In, String::new()),
        Err(error @ ReactionError::Away { .. }) => (Outcome::Waits, error.to_string()),
        Err(error) => (Outcome::Refuses, error.to_string()),
    }
}

/// Connects both; returns their messages if both have the expected outcome.
pub fn both(url: &str, expected: Outcome) -> [String; 2] {
    let ends = [("source", source(url)), ("reaction", reaction(url, "SELECT 1"))];
    ends.map(|(end, (outcome, message))| {
        assert_eq!(outcome, expected, "{end} at {url}: {message}");
        assert!(!message.contains("secret"), "{end}: {message}");
        message
    })
}
