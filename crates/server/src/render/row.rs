//! A row to show to a person or a program.

use livewell_model::diff::Columns;

/// A row: its signature and its values, in the order of the columns.
pub type Row = (u64, Columns);
