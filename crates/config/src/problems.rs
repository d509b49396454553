//! Everything that is wrong with one configuration file, shown at its places.

use super::problem::code;
use super::secret::hidden;
use livewell_query::language::Diagnostic;
use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;

/// Everything that is wrong with one configuration file.
#[derive(Debug)]
pub struct Problems {
    origin: PathBuf,
    text: String,
    found: Vec<Diagnostic>,
}

impl Problems {
    /// The problems `found` in `text`, which the file `origin` holds; shown in the order of the text.
    pub fn new(origin: PathBuf, text: &str, mut found: Vec<Diagnostic>) -> Self {
        found.sort_by_key(|problem| problem.span.start);
        Self { origin, text: hidden(text), found }
    }
}

impl Display for Problems {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let origin = self.origin.display().to_string();
        for problem in &self.found {
            if problem.code == code::UNREADABLE {
                writeln!(f, "error[{}]: {}", problem.code, problem.message)?;
                continue;
            }
            f.write_str(&problem.render(&self.text, &origin))?;
        }
        if self.found.len() > 1 {
            writeln!(f, "{} problems in `{origin}`", self.found.len())?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
