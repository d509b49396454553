//! The result of a chore.

/// An error of a chore is shown to a person and ends the chore.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;
