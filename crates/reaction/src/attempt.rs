//! One attempt to deliver something, as it is remembered.

use crate::{ErrorKind, ReactionError};
use livewell_model::{SmolStr, Timestamp};
use std::time::Duration;

/// How much is kept of an answer, in bytes.
pub const ANSWER_BYTES_MAX: usize = 512;

/// One attempt to deliver something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Counted from 1 for each reaction since the process was started.
    pub number: u64,
    /// When it began.
    pub began: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What was to be delivered.
    pub what: What,
    /// Which attempt at this very message or batch it was, from 1, as far as this process knows.
    pub try_number: u32,
    /// What came of it.
    pub outcome: Outcome,
    /// The answer of the target or the error, shortened; empty if the target says nothing.
    pub answer: SmolStr,
    /// The code of the error, if it is one.
    pub code: Option<&'static str>,
    /// When it was to be tried again, if it failed.
    pub next_try: Option<Timestamp>,
}

/// What an attempt was to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A message.
    Message {
        /// The result that it is made of.
        of: Place,
        /// Which message of this result, if each diff makes one.
        index: Option<usize>,
        /// The diffs in it.
        diffs: usize,
        /// What became of the row, if the message has one diff: `ADD`, `UPDATE` or `DELETE`.
        change: Option<&'static str>,
        /// Its key outside.
        key: String,
    },
    /// Results, delivered together.
    Results {
        /// The last of them.
        last: Place,
        /// How many.
        results: usize,
        /// Their diffs.
        diffs: usize,
    },
    /// The live results as a whole, as of this result.
    Rows(Place),
    /// A dead letter, sent again under this key.
    Letter(String),
    /// Nothing yet: the reaction was to start.
    Start,
}

/// A result of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The query.
    pub query_id: SmolStr,
    /// The epoch the sequence counts in.
    pub epoch: u64,
    /// Its sequence.
    pub sequence: u64,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The target has it.
    Taken,
    /// It failed, and is tried again by itself.
    Failed,
    /// It was given up and set aside as a dead letter, or stays one.
    SetAside,
    /// It failed, and a person has to act.
    Stopped,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 4] = [Self::Taken, Self::Failed, Self::SetAside, Self::Stopped];

    /// Returns its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Failed => "failed",
            Self::SetAside => "set_aside",
            Self::Stopped => "stopped",
        }
    }

    /// Returns what an attempt that ended with this error came to.
    pub fn of(error: &ReactionError) -> Self {
        match error.kind() {
            ErrorKind::Stop => Self::Stopped,
            ErrorKind::Retry | ErrorKind::Wait => Self::Failed,
        }
    }
}

impl Attempt {
    /// Creates an attempt that the target has taken; [`Attempts::push`](crate::attempts::Attempts::push) numbers it.
    pub fn taken(began: Timestamp, took: Duration, what: What, try_number: u32, answer: &str) -> Self {
        let (outcome, answer) = (Outcome::Taken, shortened(answer).into());
        Self { number: 0, began, took, what, try_number, outcome, answer, code: None, next_try: None }
    }

    /// Makes it one that ended otherwise.
    #[must_use]
    pub fn ended(self, outcome: Outcome, answer: &str) -> Self {
        Self { outcome, answer: shortened(answer).into(), ..self }
    }

    /// Makes it one that ended with this error.
    #[must_use]
    pub fn failed(self, error: &ReactionError) -> Self {
        let code = Some(error.code());
        let failed = match error {
            // That it is tried again, and when, stands beside it.
            ReactionError::Away { cause, .. } => self.ended(Outcome::of(error), cause),
            _ => self.ended(Outcome::of(error), &error.to_string()),
        };
        Self { code, ..failed }
    }

    pub(crate) fn text_bytes(&self) -> usize {
        let of_what = match &self.what {
            What::Message { of, key, .. } => of.query_id.len() + key.len(),
            What::Results { last: of, .. } | What::Rows(of) => of.query_id.len(),
            What::Letter(key) => key.len(),
            What::Start => 0,
        };
        of_what + self.answer.len()
    }

    /// Returns how many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.text_bytes()
    }
}

/// Returns the beginning of an answer, as much as is kept of it.
fn shortened(answer: &str) -> &str {
    &answer[..answer.floor_char_boundary(ANSWER_BYTES_MAX)]
}
