//! The result of one read of a message broker, whichever its kind.

use crate::definition::Definition;
use crate::error::STRICT_STOPS;
use crate::pages::Elements;
use crate::source::{Commit, Input, POSITION, Side, Stored};
use crate::{InputError, SourceError};
use livewell_model::{Change, Transaction};
use serde::Serialize;
use serde_json::{Map, Value as Json};

/// The settings of a mapping, all of which decide what a message becomes.
const MAPPING: [&str; 9] = [
    "node",
    "relationships",
    "properties",
    "types",
    "operation",
    "record",
    "record_before",
    "timestamp",
    "unavailable_value",
];

/// Returns the settings that decide what a message becomes: those of the mapping, and `own`.
pub(crate) fn definition(kind: &str, settings: &impl Serialize, own: &str) -> Definition {
    let mut all = serde_json::to_value(settings).unwrap_or_default();
    let kept = MAPPING.into_iter().chain([own]).map(|field| (field.to_owned(), all[field].take()));
    Definition::new(kind, kept.collect::<Map<String, Json>>())
}

/// Refuses settings other than those that made what is stored of the source `id`, if it has read anything. `log`: what it
/// reads, as in "topic".
pub(crate) fn check_over(
    is: &Definition,
    id: &str,
    log: &str,
    stored: &dyn Stored,
) -> Result<(), SourceError> {
    let (Some(_), Some(was)) = (stored.note(POSITION)?, stored.definition()?) else { return Ok(()) };
    is.check(&was, id, &format!("reads its {log} from the beginning ({STRICT_STOPS})"))
}

/// The result of one read.
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// The transactions, in the order in which they are taken in.
    pub transactions: Vec<Taken>,
    /// The messages set aside among them under `on_error: park`.
    pub parked: Vec<Parked>,
    /// The position after them: in its stored form, to be stored in the same commit;
    /// `None` if it did not move.
    pub position: Option<Vec<u8>>,
    /// Whether the broker held nothing more.
    pub caught_up: bool,
}

/// A message as a transaction.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    /// The message in words, for errors: where it is.
    pub name: String,
    /// What it says. A transaction without a timestamp of its own has the time at which the broker stored the message.
    pub transaction: Transaction,
    /// Under `on_error: park`, the message as it came: to set aside if it is refused.
    pub text: Option<String>,
    /// Whether that is a whole message, which can be read again.
    pub is_whole: bool,
    /// Whether every element that the source has is deleted first.
    pub truncates: bool,
}

/// A message that is not a change, set aside.
#[derive(Debug, Clone)]
pub(crate) struct Parked {
    /// How many of the transactions that were read with it come before it.
    pub after: usize,
    /// The message in words: where it is.
    pub name: String,
    /// The message; of a long one that is not a change, the beginning.
    pub text: String,
    /// Whether that is the whole message, as it came: not cut, and no byte that was not text replaced.
    pub is_whole: bool,
    /// Why it is not a change.
    pub error: InputError,
}

impl Received {
    /// Writes what was read into a commit, with the position after it.
    pub fn take_in(self, commit: &mut dyn Commit) -> Result<(), SourceError> {
        let mut parked = self.parked.iter().peekable();
        for (at, taken) in self.transactions.into_iter().enumerate() {
            while let Some(parked) = parked.next_if(|parked| parked.after <= at) {
                park(commit, parked)?;
            }
            if taken.truncates {
                truncate(commit, taken.transaction)?;
                continue;
            }
            let Taken { name, transaction, text, is_whole, .. } = taken;
            let input = Input { place: &name, part: 0, text: text.as_deref(), is_whole };
            commit.add_read(transaction, &input)?;
        }
        parked.try_for_each(|parked| park(commit, parked))?;
        if let Some(position) = self.position {
            commit.put_note(POSITION, Some(position));
        }
        Ok(())
    }
}

/// Deletes every element, and applies the changes after that.
fn truncate(commit: &mut dyn Commit, transaction: Transaction) -> Result<(), SourceError> {
    commit.begin(transaction.timestamp)?;
    let mut all = Elements::of(Side::Live, String::new());
    while let Some(element) = all.next(commit)? {
        commit.change(Change::Delete(element.id().clone()))?;
    }
    transaction.changes.into_iter().try_for_each(|change| commit.change(change))?;
    commit.end().map(drop)
}

/// Sets aside a message that is not a change.
fn park(commit: &mut dyn Commit, parked: &Parked) -> Result<(), SourceError> {
    let Parked { name, text, is_whole, error, .. } = parked;
    let input = Input { place: name, part: 0, text: Some(text), is_whole: *is_whole };
    commit.park(&input, &error.about(name))
}
