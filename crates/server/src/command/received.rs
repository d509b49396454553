//! Rows as a server sends them.

use crate::client::{self, Lines};
use crate::failure::Failure;
use crate::render;
use std::io::{self, Write};

/// Returns the rows that a server sends, a line each; an error if fewer come than it has announced, since the end of a
/// connection can look like the end of an answer.
pub fn rows(mut lines: Lines) -> impl Iterator<Item = io::Result<render::Row>> {
    let announced: Option<u64> = lines.header("livewell-rows").and_then(|rows| rows.parse().ok());
    let mut come = 0;
    std::iter::from_fn(move || match lines.next() {
        Ok(Some(line)) => {
            come += 1;
            Some(row(&line))
        }
        Ok(None) => {
            let missing = announced.filter(|announced| *announced > come)?;
            come = missing;
            Some(Err(other(lines.broke_off("not all of its rows have come"))))
        }
        Err(failure) => Some(Err(other(failure))),
    })
}

fn row(line: &str) -> io::Result<render::Row> {
    let row = client::row(&serde_json::from_str(line)?).map(|(row, _)| row);
    row.ok_or_else(|| io::Error::other("the server sent no row [LW0710]"))
}

/// Returns the failure within an I/O error.
fn other(failure: Failure) -> io::Error {
    match failure {
        Failure::Usage(text) | Failure::Failed(text) => {
            io::Error::other(text.trim_start_matches("error: ").trim_end().to_owned())
        }
        Failure::Closed => io::ErrorKind::BrokenPipe.into(),
    }
}

/// Warns that the rows may not be what the upstream has.
pub fn say_unchecked(query: &str) -> Result<(), Failure> {
    Ok(writeln!(
        io::stderr(),
        "note: the rows of `{query}` are not checked yet: they may differ from what its source's database holds while \
         the source copies and compares; `livewell status` shows how far it is"
    )?)
}
