//! `livewell explain`: the page of an error code, or how a query is maintained.

use super::Failure;
use crate::cli::Explain;
use crate::explain;
use livewell_query::language;
use std::io::{self, Write};

/// Prints the explanation.
pub fn run(explain: &Explain) -> Result<(), Failure> {
    let subject = explain.subject.trim();
    if explain::is_code(subject) {
        let page = explain::page(subject)
            .ok_or_else(|| Failure::Usage(format!("error: there is no error code `{subject}`\n")))?;
        io::stdout().write_all(page.as_bytes())?;
        return Ok(());
    }
    let query =
        language::parse(subject).map_err(|problem| Failure::Usage(problem.render(subject, "query")))?;
    let columns: Vec<&str> = query.returns.items.iter().map(|item| item.name.as_str()).collect();
    writeln!(io::stdout(), "Output: {}", columns.join(", "))?;
    Ok(())
}
