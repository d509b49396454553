//! Functions of Cypher that standing queries do not have, each with its reason.

use super::{Diagnostic, Span, code};

const RANDOM: &str = "its value would differ each time it is computed";
const CLOCK: &str = "between two changes its value would move without one; store the moment as a property";
const TEMPORAL: &str = "temporal values are not supported in a standing query yet";
const ENDS: &str =
    "a relationship knows its ends only by id; name the end in the pattern instead: `(a)-[r]->(b)`";
const TIMERS: &str = "the functions of time are not supported yet";

const REFUSED: &[(&str, &str)] = &[
    ("rand", RANDOM),
    ("randomuuid", RANDOM),
    ("timestamp", CLOCK),
    ("now", CLOCK),
    ("date", TEMPORAL),
    ("datetime", TEMPORAL),
    ("time", TEMPORAL),
    ("localtime", TEMPORAL),
    ("localdatetime", TEMPORAL),
    ("duration", TEMPORAL),
    ("startnode", ENDS),
    ("endnode", ENDS),
    ("livewell", TIMERS),
    ("drasi", TIMERS),
];

/// Why a function is refused, if it is one of Cypher's.
pub(super) fn reason(name: &str, arguments: usize, span: Span) -> Option<Diagnostic> {
    let family = name.split('.').next().unwrap_or(name);
    let (_, mut reason) = *REFUSED.iter().find(|(refused, _)| *refused == family)?;
    let named = ["realtime", "transaction", "statement"].iter().any(|clock| name.ends_with(clock));
    let reads_clock = named || (arguments == 0 && name == family);
    if reads_clock && reason == TEMPORAL {
        reason = CLOCK;
    }
    Some(Diagnostic::not_supported(code::FUNCTION, span, format!("`{name}` is refused: {reason}")))
}
