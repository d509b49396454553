//! How often a message was tried, and the note of each attempt at one.

use super::messages::{Each, Messages};
use crate::attempts::{Attempt, Outcome, Place, What};
use crate::{DeadLetter, Now, Origin, Outgoing, ReactionError};
use livewell_model::{Diff, Timestamp};
use std::time::Instant;

/// How often the same message was tried, as far as this process knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tries {
    /// How often it was tried.
    pub made: u32,
    /// How often the target has refused it.
    pub refused: u32,
    /// When it was first tried.
    pub first_at: Timestamp,
}

/// What became of a message that did not end with an error.
pub(super) enum Sent {
    /// The target has it, and said this.
    Taken(String),
    /// It was given up.
    GivenUp(DeadLetter),
}

impl Sent {
    /// Returns the letter of a message that was given up.
    pub fn letter(self) -> Option<DeadLetter> {
        match self {
            Self::Taken(_) => None,
            Self::GivenUp(letter) => Some(letter),
        }
    }
}

/// When an attempt began.
pub(super) struct Begun {
    at: Timestamp,
    clock: Instant,
}

impl Begun {
    pub fn now(now: &Now) -> Self {
        Self { at: now(), clock: Instant::now() }
    }

    /// Returns how often a message was tried before, if it is tried for the first time.
    pub fn first(&self) -> Tries {
        Tries { made: 0, refused: 0, first_at: self.at }
    }

    /// Returns the attempt, over with this.
    pub fn over(&self, what: What, try_number: u32, sent: &Result<Sent, ReactionError>) -> Attempt {
        let taken = |said: &str| Attempt::taken(self.at, self.clock.elapsed(), what, try_number, said);
        match sent {
            Ok(Sent::Taken(said)) => taken(said),
            Ok(Sent::GivenUp(letter)) => taken("").ended(Outcome::SetAside, &letter.reason),
            Err(error) => taken("").failed(error),
        }
    }
}

impl Messages {
    /// Returns what a letter of message `index` is about.
    pub(super) fn origin(&self, outgoing: &Outgoing<'_>, index: usize, tries: Tries) -> Origin {
        let index = (self.each() == Each::Diff).then_some(index as u64);
        Origin { of: place(outgoing), index, tries: tries.made, first_at: tries.first_at }
    }

    /// Returns what an attempt at message `index` is to deliver.
    pub(super) fn what(&self, outgoing: &Outgoing<'_>, index: usize, key: &str) -> What {
        let (of, key, result) = (place(outgoing), key.to_owned(), outgoing.result);
        match self.each() {
            Each::Diff => {
                let change = result.diffs.get(index).map(|diff| match diff {
                    Diff::Add { .. } => "ADD",
                    Diff::Update { .. } => "UPDATE",
                    Diff::Delete { .. } => "DELETE",
                });
                What::Message { of, index: Some(index), diffs: 1, change, key }
            }
            Each::Result => What::Message { of, index: None, diffs: result.diffs.len(), change: None, key },
        }
    }
}

fn place(outgoing: &Outgoing<'_>) -> Place {
    let Outgoing { query_id, epoch, result, .. } = *outgoing;
    Place { query_id: query_id.into(), epoch, sequence: result.sequence }
}
