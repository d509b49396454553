//! Functions of time: `livewell.trueFor(..)` and its kin, also under `drasi.`.

use super::super::ast::{BinaryOp, Case, Expr, ExprKind, RecallFunction, Span, TimeFunction};
use super::super::code;
use super::{Diagnostic, Parsed};
use livewell_model::Value;

/// The functions by their names, with the fewest and the most arguments they take.
const FUNCTIONS: &[(&str, Function, usize, usize)] = &[
    ("livewell.trueFor", Function::OverTime(TimeFunction::TrueFor), 2, 2),
    ("livewell.trueLater", Function::OverTime(TimeFunction::TrueLater), 2, 2),
    ("livewell.trueUntil", Function::OverTime(TimeFunction::TrueUntil), 2, 2),
    ("livewell.previousValue", Function::OverTime(TimeFunction::PreviousValue), 1, 2),
    ("livewell.previousDistinctValue", Function::OverTime(TimeFunction::PreviousValue), 1, 2),
    ("livewell.changeDateTime", Function::Recall(RecallFunction::ChangeTime), 1, 1),
    ("livewell.getVersionByTimestamp", Function::Recall(RecallFunction::VersionAt), 2, 2),
    ("livewell.getVersionsByTimeRange", Function::Recall(RecallFunction::VersionsIn), 3, 4),
];

#[derive(Clone, Copy, PartialEq)]
enum Function {
    OverTime(TimeFunction),
    Recall(RecallFunction),
}

const SLIDING_WINDOW: &str = "livewell.slidingWindow";

/// What a call means that is one of a function of time; `None` for any other.
pub(super) fn call(name: &str, arguments: &[Expr], span: Span) -> Option<Parsed<ExprKind>> {
    if name.eq_ignore_ascii_case(SLIDING_WINDOW) {
        return Some(sliding_window(arguments, span));
    }
    let (name, function, fewest, most) =
        FUNCTIONS.iter().find(|(have, ..)| have.eq_ignore_ascii_case(name))?;
    if (*fewest..=*most).contains(&arguments.len()) {
        return Some(Ok(match function {
            Function::OverTime(function) => ExprKind::OverTime(*function, arguments.to_vec()),
            Function::Recall(function) => ExprKind::Recall(*function, arguments.to_vec()),
        }));
    }
    let wanted = if fewest == most { format!("{fewest}") } else { format!("{fewest} or {most}") };
    let message = format!("`{name}` takes {wanted} arguments, got {}", arguments.len());
    Some(Err(Diagnostic::semantic(code::CALL, span, message)))
}

/// `slidingWindow(duration, sum(value))` is `sum(CASE WHEN fresh(value, duration) THEN value END)`: aggregates
/// leave null out.
fn sliding_window(arguments: &[Expr], span: Span) -> Parsed<ExprKind> {
    let [duration, Expr { kind: ExprKind::Aggregate(op, values, distinct), .. }] = arguments else {
        let message = "`livewell.slidingWindow` takes a duration and an aggregate";
        return Err(Diagnostic::semantic(code::CALL, span, message)
            .with_help("as in `livewell.slidingWindow(duration('PT10S'), avg(p.value))`"));
    };
    let spanned = |kind| Expr { kind, span };
    let value = values.first().cloned().unwrap_or_else(|| spanned(ExprKind::Literal(Value::Bool(true))));
    let fresh = spanned(ExprKind::OverTime(TimeFunction::Fresh, vec![value.clone(), duration.clone()]));
    let within = Case { subject: None, branches: vec![(fresh, value)], otherwise: None };
    let others = values.iter().skip(1).cloned();
    let values = [spanned(ExprKind::Case(Box::new(within)))].into_iter().chain(others).collect();
    Ok(ExprKind::Aggregate(*op, values, *distinct))
}

/// `[x, y]`, or null where one of them is.
pub(super) fn point(coordinates: &[Expr], span: Span) -> Expr {
    let spanned = |kind| Expr { kind, span };
    let known = coordinates.iter().map(|part| spanned(ExprKind::IsNull(Box::new(part.clone()), true)));
    let both = known.reduce(|one, other| spanned(ExprKind::Binary(BinaryOp::And, one.into(), other.into())));
    let branches =
        both.into_iter().map(|both| (both, spanned(ExprKind::List(coordinates.to_vec())))).collect();
    spanned(ExprKind::Case(Box::new(Case { subject: None, branches, otherwise: None })))
}

/// The names of all of them, for "did you mean".
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, ..)| *name).chain([SLIDING_WINDOW])
}

/// The name of a function of time, as the documentation writes it; `fresh` is what `slidingWindow` is made of.
pub(crate) fn name_of_time(function: TimeFunction) -> &'static str {
    // The one that no query calls by a name of its own.
    name_of(Function::OverTime(function)).unwrap_or("fresh")
}

/// The name of a function of an element's past, as the documentation writes it.
pub(crate) fn name_of_recall(function: RecallFunction) -> &'static str {
    name_of(Function::Recall(function)).unwrap_or_default()
}

fn name_of(function: Function) -> Option<&'static str> {
    FUNCTIONS.iter().find(|(_, have, ..)| *have == function).map(|(name, ..)| *name)
}
