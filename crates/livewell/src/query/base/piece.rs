//! A piece of a base.

use livewell_model::{Element, Timestamp};

/// What comes next of a base.
#[derive(Debug)]
pub(crate) enum Piece {
    /// Some elements, each with the time of its last change. For an element that has changed since the base, that time
    /// is no longer known; the base's time takes its place until the change is taken in.
    Elements(Vec<(Element, Timestamp)>),
    /// All elements have been read.
    End,
    /// This upstream began a new epoch, or its log no longer reaches back to the base: what is left of the base cannot
    /// be read.
    Lost(String),
}
