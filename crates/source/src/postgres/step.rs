//! What a transaction of the database did to one row that is followed, or to a table.

use super::rows::{BadRow, Row, Shape};
use std::sync::Arc;

/// What it did to one table or partition.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub unit: u32,
    pub shape: Arc<Shape>,
    pub what: What,
}

/// What it did to a row, or to all of them.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// A row is new or changed; `from`: its old key, if that was a different one.
    Put {
        row: Box<Row>,
        from: Option<String>,
    },
    /// A row is new or changed and cannot become an element.
    Bad {
        row: Box<BadRow>,
        from: Option<String>,
    },
    Delete {
        key: String,
    },
    Truncate,
    /// A row was changed, but what was sent does not identify it, or lacks a column that the settings name.
    Unclear,
}
