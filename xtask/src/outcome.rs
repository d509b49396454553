//! What a chore comes to.

/// What goes wrong in a chore is told to a person and ends it.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;
