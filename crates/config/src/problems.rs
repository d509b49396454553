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

/// One thing that is wrong, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The code of the reason.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The file in which it is.
    pub file: PathBuf,
    /// The line, from 1; `None` if the file cannot be read.
    pub line: Option<usize>,
    /// The column in characters, from 1.
    pub column: Option<usize>,
}

impl Problems {
    /// Returns each problem with its place, in the order of the text.
    pub fn list(&self) -> Vec<Problem> {
        let problem = |found: &Diagnostic| {
            let before = self.text.get(..found.span.start).filter(|_| found.code != code::UNREADABLE);
            let line_start = |before: &str| before.rfind('\n').map_or(0, |at| at + 1);
            Problem {
                code: found.code,
                message: found.message.clone(),
                help: found.help.clone(),
                file: self.origin.clone(),
                line: before.map(|before| before.matches('\n').count() + 1),
                column: before.map(|before| before[line_start(before)..].chars().count() + 1),
            }
        };
        self.found.iter().map(problem).collect()
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
