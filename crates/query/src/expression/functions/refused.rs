//! Functions of Cypher, of its libraries and of other languages that standing queries do not have, each with its
//! reason or with what to write instead.

use crate::language::ast::Span;
use crate::language::{Diagnostic, code};

const RANDOM: &str = "its value would differ each time it is computed";
const CLOCK: &str = "between two changes its value would move without one; store the moment as a property";

/// Functions whose value would move without a change.
const MOVING: &[(&str, &str)] =
    &[("rand", RANDOM), ("randomuuid", RANDOM), ("timestamp", CLOCK), ("now", CLOCK)];

const SPATIAL: &str = "there are no spatial values; keep the coordinates as numbers and compute with them";
const VECTOR: &str = "there are no vectors; keep what is computed from them as a property";
const LISTS: &str = "write a comprehension `[x IN list WHERE condition | result]` or `reduce`";
const PADDED: &str = "write `right('000' + text, 3)` or `left(text + '   ', 3)`";
const CHOSEN: &str = "write `CASE WHEN condition THEN a ELSE b END`";
const COALESCE: &str = "write `coalesce(a, b)`";
const COLLECT: &str = "write `collect(x)`";

/// Functions of Cypher, its libraries and GQL, by their whole name or the name before the point.
const REFUSED: &[(&str, &str)] = &[
    ("valuetype", "test for a type: `x IS :: INTEGER`"),
    ("normalize", "store the text normalised"),
    ("point", SPATIAL),
    ("distance", SPATIAL),
    ("withinbbox", SPATIAL),
    ("vector", VECTOR),
    ("vector_distance", VECTOR),
    ("vector_norm", VECTOR),
    ("vector_dimension_count", VECTOR),
    ("apoc", "functions of APOC are not part of Cypher, and many have a counterpart among Cypher's own"),
    ("gds", "functions of the Graph Data Science library are not part of Cypher"),
    ("coll", LISTS),
    ("graph", "a query reads one graph, that of its sources"),
    ("db", "functions about a database have no meaning here"),
    ("genai", "a value from outside would move without a change; keep it as a property"),
    ("ai", "a value from outside would move without a change; keep it as a property"),
    (
        "format",
        "write `toString(x)`, or put components together: `toString(d.year) + '-' + toString(d.month)`",
    ),
    ("file", "what is read from a file stands in a source"),
    ("linenumber", "what is read from a file stands in a source"),
    ("rels", "write `relationships(path)`"),
    ("all_different", "compare each two: `a <> b AND b <> c`"),
    ("same", "write `a = b`"),
    ("property_exists", "write `n.key IS NOT NULL`"),
    ("current_date", CLOCK),
    ("current_time", CLOCK),
    ("current_timestamp", CLOCK),
    ("local_timestamp", CLOCK),
];

/// Functions of SQL and other languages.
const FOREIGN: &[(&str, &str)] = &[
    ("lpad", PADDED),
    ("rpad", PADDED),
    ("concat", "write `a + b` or `a || b`"),
    ("ifnull", COALESCE),
    ("nvl", COALESCE),
    ("isnull", "write `x IS NULL`"),
    ("if", CHOSEN),
    ("iif", CHOSEN),
    ("len", "write `size(x)`"),
    ("substr", "write `substring(text, start, length)`, which counts from 0"),
    ("power", "write `a ^ b`"),
    ("pow", "write `a ^ b`"),
    ("mod", "write `a % b`"),
    ("greatest", "write `livewell.listMax([a, b])`"),
    ("least", "write `livewell.listMin([a, b])`"),
    ("date_trunc", "write `datetime.truncate('day', x)`"),
    ("group_concat", COLLECT),
    ("string_agg", COLLECT),
    ("array_agg", COLLECT),
    ("median", "write `percentileCont(x, 0.5)`"),
    ("stddev", "write `stDev(x)`"),
    ("row_number", "number rows with `UNWIND range(..)` over a collected list"),
];

/// The families whose functions read a clock: without an argument, or by a clock's name.
const CLOCKS: &[&str] = &["date", "datetime", "time", "localtime", "localdatetime"];

/// Why a call without arguments is refused, if it would read a clock.
pub(super) fn clock(name: &str, arguments: usize, span: Span) -> Option<Diagnostic> {
    let family = name.split('.').next().unwrap_or(name);
    (arguments == 0 && CLOCKS.contains(&family)).then(|| moving(name, CLOCK, span))
}

/// Why a call by a clock's name is refused whose argument is not always null.
pub(super) fn clock_with_argument(name: &str, span: Span) -> Diagnostic {
    moving(name, CLOCK, span)
}

/// Why a function is refused, if it is a known one.
pub(super) fn reason(name: &str, span: Span) -> Option<Diagnostic> {
    let family = name.split('.').next().unwrap_or(name);
    let of = |table: &[(&str, &'static str)], name: &str| {
        table.iter().find(|(refused, _)| *refused == name).map(|(_, reason)| *reason)
    };
    if let Some(reason) = of(MOVING, family) {
        return Some(moving(name, reason, span));
    }
    if let Some(help) = of(REFUSED, family) {
        let message = format!("the function `{name}` is not supported in a standing query");
        return Some(Diagnostic::not_supported(code::CONSTRUCT, span, message).with_help(help));
    }
    let help = of(FOREIGN, name)?;
    let message = format!("there is no function `{name}` in Cypher");
    Some(Diagnostic::semantic(code::CALL, span, message).with_help(help))
}

fn moving(name: &str, reason: &str, span: Span) -> Diagnostic {
    Diagnostic::not_supported(code::FUNCTION, span, format!("`{name}` is refused: {reason}"))
}
