//! Functions of time: `livewell.trueFor(..)` and its kin, also under `drasi.`.

use super::super::ast::{Case, Expr, ExprKind, Span, TimeFunction};
use super::super::code;
use super::{Diagnostic, Parsed};
use livewell_model::Value;

/// The functions by their lower-case names, with the fewest and the most arguments they take.
const FUNCTIONS: &[(&str, TimeFunction, usize, usize)] = &[
    ("livewell.truefor", TimeFunction::TrueFor, 2, 2),
    ("livewell.truelater", TimeFunction::TrueLater, 2, 2),
    ("livewell.trueuntil", TimeFunction::TrueUntil, 2, 2),
    ("livewell.previousvalue", TimeFunction::PreviousValue, 1, 2),
    ("livewell.previousdistinctvalue", TimeFunction::PreviousValue, 1, 2),
];

const SLIDING_WINDOW: &str = "livewell.slidingwindow";

/// What a call means that is one of a function of time; `None` for any other.
pub(super) fn call(name: &str, arguments: &[Expr], span: Span) -> Option<Parsed<ExprKind>> {
    if name == SLIDING_WINDOW {
        return Some(sliding_window(arguments, span));
    }
    let (name, function, fewest, most) = FUNCTIONS.iter().find(|(have, ..)| *have == name)?;
    if (*fewest..=*most).contains(&arguments.len()) {
        return Some(Ok(ExprKind::OverTime(*function, arguments.to_vec())));
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
