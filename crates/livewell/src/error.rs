//! Errors, by what the caller must do.

use livewell_query::language::Diagnostic;
use livewell_query::state::StepError;
use livewell_reaction::ReactionError;
use livewell_source::{ErrorKind as SourceErrorKind, SourceError};
use livewell_store::IndexError;

/// What the caller must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Change the request, the query or the settings.
    Invalid,
    /// There is no such component.
    NotFound,
    /// Try again later, or elsewhere: something is full, stopped or out of reach.
    Unavailable,
    /// The component has stopped and needs a person: the message says what to do.
    Stopped,
    /// Look at the store: its disk, its permissions, its health.
    Storage,
}

/// A failure, with a code that `docs/errors` explains.
#[derive(Debug, thiserror::Error)]
#[error("{message} [{code}]")]
pub struct Error {
    /// What the caller must do.
    pub kind: ErrorKind,
    /// `LW` and four digits.
    pub code: &'static str,
    /// What happened, where, and what to do.
    pub message: String,
    /// The cause, if there is one.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Returns the message of a source or reaction with its id in the commands that it names. They say `SOURCE` or `REACTION`
/// if they do not know it, and so they stay without an id. An id may begin with such a word, so only whole ones are replaced.
pub(crate) fn with_id(message: &str, id: &str) -> String {
    if id.is_empty() {
        return message.to_owned();
    }
    let mut text = message.to_owned();
    for word in ["SOURCE", "REACTION"] {
        for end in ["`", " "] {
            text =
                text.replace(&format!("`livewell reset {word}{end}"), &format!("`livewell reset {id}{end}"));
        }
    }
    text
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), source: None }
    }

    /// Returns the same for one more component that it is about, without the cause.
    pub(crate) fn to_all(&self) -> Self {
        Self::new(self.kind, self.code, self.message.clone())
    }

    pub(crate) fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, code, message)
    }

    pub(crate) fn stopped(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Stopped, code, message)
    }

    pub(crate) fn not_found(id: &str) -> Self {
        Self::new(ErrorKind::NotFound, "LW0501", format!("there is no `{id}` here"))
    }

    pub(crate) fn nothing_numbered(id: &str, number: u64) -> Self {
        Self::new(ErrorKind::NotFound, "LW0501", format!("`{id}` has nothing with the number {number}"))
    }

    pub(crate) fn is_read(id: &str, readers: &[String]) -> Self {
        const NAMED: usize = 10;
        let names: Vec<String> = readers.iter().take(NAMED).map(|reader| format!("`{reader}`")).collect();
        let mut names = names.join(", ");
        if let Some(more @ 1..) = readers.len().checked_sub(NAMED) {
            names = format!("{names} and {more} more");
        }
        Self::invalid("LW0535", format!("`{id}` is read by {names}; remove what reads it first"))
    }

    pub(crate) fn nothing_to_read(id: &str) -> Self {
        let message = format!(
            "`{id}` receives its changes from its callers, so there is nothing to read again; send a delete for each element that is to go"
        );
        Self::invalid("LW0528", message)
    }

    /// Returns the error of a component that waits because another one above it is in error.
    pub(crate) fn waits_for(id: &str, other: &str) -> Self {
        Self::stopped("LW0527", format!("`{id}` waits for `{other}`, which is in error"))
    }

    /// Returns whether starting again from the store may help: another commit interfered, or the store was unavailable.
    pub(crate) fn is_transient(&self) -> bool {
        let source = self.source.as_deref().and_then(|source| source.downcast_ref::<IndexError>());
        matches!(source, Some(IndexError::Fenced(_) | IndexError::Connection(_)))
    }

    /// Returns for how much input there is no room, if that is the error.
    pub(crate) fn no_room(&self) -> Option<&NoRoom> {
        self.source.as_deref()?.downcast_ref()
    }

    /// Returns whether it is about one piece of input, so that what comes before it can be taken in by itself.
    pub(crate) fn is_of_one_input(&self) -> bool {
        self.kind == ErrorKind::Invalid || self.no_room().is_some()
    }

    /// Returns which disk is full or fails, if that is what happened: writing may work again without anybody's help.
    pub(crate) fn disk(&self) -> Option<Disk> {
        if matches!(self.code, "LW0302" | "LW0305") {
            return Some(Disk::Store);
        }
        let source = self.source.as_deref()?;
        let of_source =
            source.downcast_ref::<SourceError>().is_some_and(|error| error.kind == SourceErrorKind::Disk);
        let of_reaction = source.downcast_ref::<ReactionError>().is_some_and(ReactionError::is_of_the_disk);
        (of_source || of_reaction).then_some(Disk::Other)
    }

    /// Returns whether retrying may succeed, sooner or later, without a person.
    pub(crate) fn passes_by_itself(&self) -> bool {
        self.disk().is_some() || self.is_transient()
    }

    /// Returns whether the work was cancelled on request.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.code == "LW0543"
    }

    /// Returns whether a step would have held more memory than it may.
    pub(crate) fn is_over_budget(&self) -> bool {
        self.code == "LW0540"
    }

    /// Returns whether stored bytes are not what was written.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self.code, "LW0303" | "LW0310")
    }

    /// Returns whether an expression had no value.
    pub(crate) fn is_of_a_value(&self) -> bool {
        let source = self.source.as_deref().and_then(|source| source.downcast_ref::<StepError>());
        matches!(source, Some(StepError::Evaluate(_)))
    }
}

impl From<IndexError> for Error {
    fn from(error: IndexError) -> Self {
        let kind = match error {
            IndexError::Connection(_) | IndexError::Fenced(_) => ErrorKind::Unavailable,
            _ => ErrorKind::Storage,
        };
        Self { kind, code: error.code(), message: error.to_string(), source: Some(error.into()) }
    }
}

impl From<StepError> for Error {
    fn from(error: StepError) -> Self {
        match error {
            StepError::State(cause) => match cause.downcast::<IndexError>() {
                Ok(error) => Self::from(*error),
                Err(cause) => Self {
                    kind: ErrorKind::Storage,
                    code: "LW0300",
                    message: cause.to_string(),
                    source: Some(cause),
                },
            },
            StepError::Damaged(_) => {
                Self { kind: ErrorKind::Storage, code: "LW0303", message: error.to_string(), source: None }
            }
            StepError::OverBudget(_) => Self::stopped("LW0540", error.to_string()),
            StepError::Cancelled => Self::new(ErrorKind::Unavailable, "LW0543", error.to_string()),
            error => Self {
                kind: ErrorKind::Stopped,
                code: "LW0510",
                message: error.to_string(),
                source: Some(error.into()),
            },
        }
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        let (code, message) = (diagnostic.code, diagnostic.to_string());
        Self { kind: ErrorKind::Invalid, code, message, source: Some(diagnostic.into()) }
    }
}

impl From<livewell_model::DecodeError> for Error {
    fn from(error: livewell_model::DecodeError) -> Self {
        IndexError::from(error).into()
    }
}

/// The disk that a component waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    /// The disk of the store.
    Store,
    /// The disk of files outside: files that a reaction writes, or that a source reads or needs temporarily.
    Other,
}

/// Why a piece cannot be parked.
#[derive(Debug, thiserror::Error)]
#[error("no room for {needed} bytes of parked input")]
pub(crate) struct NoRoom {
    pub(crate) needed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_the_id_in_place_of_the_word_and_of_nothing_longer() {
        let said = "`livewell reset SOURCE`, or `livewell reset SOURCE --table t`";
        assert_eq!(with_id(said, "shop"), "`livewell reset shop`, or `livewell reset shop --table t`");
        for (said, id) in [("`livewell reset SOURCE_DB`", "SOURCE_DB"), ("`livewell reset REACTION`", "")] {
            assert_eq!(with_id(said, id), said);
        }
    }
}
