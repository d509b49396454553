//! One thing that is wrong with a configuration.

use livewell_query::language::Diagnostic;
use livewell_query::language::ast::Span;
use livewell_source::suggest::near;
use std::path::Path;

/// The codes of configurations; each has a page under `docs/errors/`.
pub mod code {
    /// The file cannot be read.
    pub const UNREADABLE: &str = "LW0601";
    /// The text is not YAML.
    pub const YAML: &str = "LW0602";
    /// A field that does not exist.
    pub const UNKNOWN_FIELD: &str = "LW0603";
    /// A field that is missing or does not hold what it should.
    pub const VALUE: &str = "LW0604";
    /// An id that is not one, or is taken.
    pub const ID: &str = "LW0605";
    /// A reference to something that is not there, or in a circle.
    pub const REFERENCE: &str = "LW0606";
    /// An environment variable or secret that is not there.
    pub const ENVIRONMENT: &str = "LW0607";
    /// Something this version does not have.
    pub const NOT_HERE: &str = "LW0608";
    /// Settings that are refused together.
    pub const REFUSED: &str = "LW0609";
    /// A file that a component may not use.
    pub const FILE: &str = "LW0610";
    /// A table over a file that is not one.
    pub const FOREIGN_TABLE: &str = "LW0404";
}

/// A problem at a place of the text.
pub fn at(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::semantic(code, span, message)
}

/// That the configuration file cannot be read, for this reason.
pub fn unreadable(path: &Path, reason: &str) -> Diagnostic {
    let advice = if path.exists() { "" } else { "; name the configuration's file" };
    at(code::UNREADABLE, Span::default(), format!("cannot read `{}`: {reason}{advice}", path.display()))
}

/// A problem about the name at its place: what was probably meant, with the change that makes it so, or what there is to
/// choose from.
pub fn misnamed<'n>(
    found: Diagnostic,
    given: &str,
    names: impl IntoIterator<Item = &'n str> + Clone,
    of_what: &str,
) -> Diagnostic {
    let (span, meant) = (found.span, near(given, names.clone()).map(ToOwned::to_owned));
    let found = found.with_help(advice(given, names, of_what));
    match meant {
        Some(meant) => found.with_edit(span, meant),
        None => found,
    }
}

/// How many names an advice lists.
const NAMED_MAX: usize = 40;

/// `did you mean`, or what there is to choose from.
pub fn advice<'n>(given: &str, names: impl IntoIterator<Item = &'n str> + Clone, of_what: &str) -> String {
    if let Some(name) = near(given, names.clone()) {
        return format!("did you mean `{name}`?");
    }
    let mut names: Vec<String> =
        names.into_iter().take(NAMED_MAX + 1).map(|name| format!("`{name}`")).collect();
    if names.len() > NAMED_MAX {
        names[NAMED_MAX] = "...".into();
    }
    if names.is_empty() {
        "there is none at all".into()
    } else {
        format!("{of_what} are {}", names.join(", "))
    }
}
