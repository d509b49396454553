//! What a check of `livewell doctor` finds.

use crate::explain;
use anstyle::AnsiColor;
use serde::{Deserialize, Serialize};
use std::fmt::Display;

/// How a check comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing to do.
    Ok,
    /// It works, and may not for long, or not as meant.
    Warn,
    /// It does not work.
    Fail,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    pub fn colour(self) -> AnsiColor {
        match self {
            Self::Ok => AnsiColor::Green,
            Self::Warn => AnsiColor::Yellow,
            Self::Fail => AnsiColor::Red,
        }
    }
}

/// What a check finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was checked: `configuration`, `store`, `address`, `server`, `file`, `clock` or `open files`.
    pub check: String,
    /// The component, file or directory that it is about.
    pub about: String,
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do; `None` if nothing has to be done.
    pub fix: Option<String>,
}

impl Finding {
    pub fn ok(check: &str, about: impl Display, found: impl Into<String>) -> Self {
        let (check, about) = (check.to_owned(), about.to_string());
        Self { check, about, verdict: Verdict::Ok, found: found.into(), fix: None }
    }

    pub fn warn(check: &str, about: impl Display, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warn, fix: Some(fix.into()), ..Self::ok(check, about, found) }
    }

    pub fn fail(check: &str, about: impl Display, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, ..Self::warn(check, about, found, fix) }
    }

    /// Creates the finding of an error that ends with its code, whose page says what to do.
    pub fn error(check: &str, about: &str, error: &str) -> Self {
        let fix = explain::fix(error, about).unwrap_or_else(|| "do what the message says".to_owned());
        Self::fail(check, about, error, fix)
    }
}
