//! The form in which an answer has rows: a document, lines of JSON, or CSV.

use crate::render::{Formulas, Numbers, Row, csv_rows, json_rows};
use axum::http::{HeaderMap, header};
use livewell_model::SmolStr;
use std::io::{self, Write};

pub const NDJSON: &str = "application/x-ndjson";
pub const CSV: &str = "text/csv";

/// What carries the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// One JSON document.
    Document,
    /// A row a line.
    Lines,
    /// A record a row, below the names of the columns.
    Csv,
}

/// The form of rows.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    pub media: Media,
    pub numbers: Numbers,
    pub formulas: Formulas,
}

impl Media {
    /// Returns the one that a request accepts: the first of these that it names, else a document.
    pub fn accepted(headers: &HeaderMap) -> Self {
        let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut named = accepts.flat_map(|value| value.split(',')).filter_map(|kind| {
            match kind.split(';').next()?.trim().to_ascii_lowercase().as_str() {
                NDJSON => Some(Self::Lines),
                CSV => Some(Self::Csv),
                "application/json" => Some(Self::Document),
                _ => None,
            }
        });
        named.next().unwrap_or(Self::Document)
    }

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Document => "application/json",
            Self::Lines => NDJSON,
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

impl Form {
    /// Writes the rows. Those of a document are an array, its last member, which `before` begins.
    ///
    /// # Errors
    /// Returns the error of `rows` or of the output.
    pub fn write(
        self,
        out: &mut dyn Write,
        before: impl FnOnce() -> io::Result<String>,
        names: &[SmolStr],
        rows: impl Iterator<Item = io::Result<Row>>,
    ) -> io::Result<()> {
        match self.media {
            Media::Lines => json_rows::lines(out, self.numbers, names, rows),
            Media::Csv => csv_rows::write(out, self.formulas, names, rows),
            Media::Document => {
                out.write_all(before()?.as_bytes())?;
                json_rows::array(out, self.numbers, names, rows)?;
                out.write_all(b"}\n")
            }
        }
    }
}
