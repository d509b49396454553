//! Everything that is wrong with one configuration file, shown at its places.

use super::problem::code;
use super::secret::hidden;
use super::texts::Texts;
use livewell_query::language::Diagnostic;
use livewell_query::language::ast::Span;
use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};

/// Everything that is wrong with one configuration file.
#[derive(Debug)]
pub struct Problems {
    texts: Texts,
    found: Vec<Diagnostic>,
}

impl Problems {
    /// Creates the problems `found` in a text that is not one of a file, under this name.
    pub fn of_text(name: &str, text: &str, found: Vec<Diagnostic>) -> Self {
        Self::new(Texts::of(Path::new(name), text), found)
    }

    /// The problems `found` in the texts; shown in the order of these.
    pub(super) fn new(texts: Texts, mut found: Vec<Diagnostic>) -> Self {
        found.sort_by_key(|problem| problem.span.start);
        Self { texts: texts.map(hidden), found }
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
            let (file, line, column) = self.texts.place(found.span.start);
            let is_in_text = !is_without_text(found);
            Problem {
                code: found.code,
                message: found.message.clone(),
                help: found.help.clone(),
                file: file.to_owned(),
                line: is_in_text.then_some(line),
                column: is_in_text.then_some(column),
            }
        };
        self.found.iter().map(problem).collect()
    }
}

impl Display for Problems {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for problem in &self.found {
            if is_without_text(problem) {
                writeln!(f, "error[{}]: {}", problem.code, problem.message)?;
                continue;
            }
            let (file, part) = self.texts.part(problem.span.start);
            let span = Span {
                start: problem.span.start - part.start,
                end: problem.span.end.min(part.end).saturating_sub(part.start),
            };
            let own = Diagnostic { span, ..problem.clone() };
            f.write_str(&own.render(&self.texts.all()[part], &file.display().to_string()))?;
        }
        if self.found.len() > 1 {
            let (origin, _) = self.texts.part(0);
            writeln!(f, "{} problems in `{}`", self.found.len(), origin.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Returns whether the problem is that the file itself cannot be read, so that there is no place to show.
fn is_without_text(problem: &Diagnostic) -> bool {
    problem.code == code::UNREADABLE && problem.span == Span::default()
}
