//! Functions of Cypher that standing queries do not have, each with its reason.

use super::{Diagnostic, Span, code};

const RANDOM: &str = "its value would differ each time it is computed";
const CLOCK: &str = "between two changes its value would move without one; store the moment as a property";
const ENDS: &str =
    "it takes the variable of one relationship; name the end in the pattern instead: `(a)-[r]->(b)`";

const REFUSED: &[(&str, &str)] = &[
    ("rand", RANDOM),
    ("randomuuid", RANDOM),
    ("timestamp", CLOCK),
    ("now", CLOCK),
    ("startnode", ENDS),
    ("endnode", ENDS),
];

/// The families whose functions read a clock: without an argument, or by a clock's name.
const CLOCKS: &[&str] = &["date", "datetime", "time", "localtime", "localdatetime"];

/// Why a call without arguments is refused, if it would read a clock.
pub(super) fn clock(name: &str, arguments: usize, span: Span) -> Option<Diagnostic> {
    let family = name.split('.').next().unwrap_or(name);
    (arguments == 0 && CLOCKS.contains(&family)).then(|| refusal(name, CLOCK, span))
}

/// Why a call by a clock's name is refused whose argument is not always null.
pub(super) fn clock_with_argument(name: &str, span: Span) -> Diagnostic {
    refusal(name, CLOCK, span)
}

/// Why a function is refused, if it is one of Cypher's.
pub(super) fn reason(name: &str, span: Span) -> Option<Diagnostic> {
    let family = name.split('.').next().unwrap_or(name);
    let (_, reason) = *REFUSED.iter().find(|(refused, _)| *refused == family)?;
    Some(refusal(name, reason, span))
}

fn refusal(name: &str, reason: &str, span: Span) -> Diagnostic {
    Diagnostic::not_supported(code::FUNCTION, span, format!("`{name}` is refused: {reason}"))
}
