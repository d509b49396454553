//! Random functions of time, in clauses of their own: they stand where rows have an identity.

use super::choice::Choice;
use super::expressions::{self, Kind, Known};

/// A WITH that keeps everything known, with a function of time as its condition or as a new column, or an aggregate
/// over a sliding window.
pub fn clause(choice: &mut Choice, known: &mut Known) -> String {
    if known.variables.is_empty() {
        return String::new();
    }
    match choice.weighted(&[4, 3, 2]) {
        0 => format!("WITH * WHERE {}\n", condition(choice, known)),
        1 => {
            let (text, kind) = match choice.below(3) {
                0 => (condition(choice, known), Kind::Bool),
                1 => previous(choice, known),
                _ => recalled(choice, known),
            };
            let name = known.fresh("t");
            known.variables.push((name.clone(), kind));
            let order = if choice.one_in(4) {
                format!(" ORDER BY {name} LIMIT {}", choice.below(4))
            } else {
                String::new()
            };
            format!("WITH *, {text} AS {name}{order}\n")
        }
        _ => window(choice, known),
    }
}

fn condition(choice: &mut Choice, known: &Known) -> String {
    let condition = expressions::boolean(choice, known, 1);
    let call = match choice.below(3) {
        0 => format!("livewell.trueFor({condition}, {})", duration(choice, known)),
        1 => format!("livewell.trueLater({condition}, {})", millis(choice)),
        _ => format!("drasi.trueUntil({condition}, {})", millis(choice)),
    };
    match choice.weighted(&[4, 1, 1, 1]) {
        0 => call,
        1 => format!("NOT {call}"),
        2 => format!("{call} IS NULL"),
        _ => format!("({call} OR {})", expressions::boolean(choice, known, 1)),
    }
}

fn previous(choice: &mut Choice, known: &Known) -> (String, Kind) {
    let kind = *choice.of(&[Kind::Int, Kind::Any]);
    let value = expressions::of_kind(choice, known, kind, 1);
    let default = if choice.one_in(2) { ", 1" } else { "" };
    (format!("livewell.previousDistinctValue({value}{default})"), Kind::Any)
}

/// What has been of an element; null where none is known.
fn recalled(choice: &mut Choice, known: &Known) -> (String, Kind) {
    let Some(element) = known.of_kind(choice, &[Kind::Node, Kind::Relationship]) else {
        return ("livewell.changeDateTime(null)".into(), Kind::Any);
    };
    let (from, to) = (millis(choice), millis(choice));
    match choice.below(4) {
        0 => (format!("livewell.changeDateTime({element})"), Kind::Any),
        1 => (format!("livewell.getVersionByTimestamp({element}, {from}).a"), Kind::Any),
        2 => {
            let versions =
                format!("livewell.getVersionsByTimeRange({element}, {from}, {to}, {})", choice.one_in(2));
            (format!("[v IN {versions} | v.b]"), Kind::List)
        }
        // Of the past of what was: the element that a version is of may change while the version stays.
        _ => {
            let then = format!("livewell.getVersionByTimestamp({element}, {from})");
            (then, Kind::Node)
        }
    }
}

/// Groups by some variable, at times by none.
fn window(choice: &mut Choice, known: &mut Known) -> String {
    let length = duration(choice, known);
    let call = match choice.below(4) {
        0 => "count(*)".into(),
        1 => format!("sum({})", expressions::of_kind(choice, known, Kind::Int, 1)),
        2 => format!("max({})", expressions::of_kind(choice, known, Kind::Any, 1)),
        _ => format!("collect({})", expressions::of_kind(choice, known, Kind::Any, 1)),
    };
    let group = choice.one_in(2).then(|| choice.of(&known.variables).clone());
    let name = known.fresh("w");
    let grouping = group.iter().map(|(name, _)| format!("{name}, ")).collect::<String>();
    let kind = if call.starts_with("collect") { Kind::List } else { Kind::Any };
    known.variables = group.into_iter().chain([(name.clone(), kind)]).collect();
    format!("WITH {grouping}livewell.slidingWindow({length}, {call}) AS {name}\n")
}

/// Seldom null, seldom another one for each row.
fn duration(choice: &mut Choice, known: &Known) -> String {
    match choice.weighted(&[12, 1, 1]) {
        0 => format!("duration({{milliseconds: {}}})", 500 * choice.below(10)),
        1 => "null".into(),
        _ => match known.of_kind(choice, &[Kind::Node]) {
            Some(node) => format!("duration({{seconds: CASE WHEN {node}.c IS NULL THEN 1 ELSE 2 END}})"),
            None => "duration('PT1S')".into(),
        },
    }
}

/// A moment within the time that a stream takes, as milliseconds.
fn millis(choice: &mut Choice) -> String {
    (500 * choice.below(40)).to_string()
}
