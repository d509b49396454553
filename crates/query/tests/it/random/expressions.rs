//! Random scalar expressions over the variables a query knows, by kind, so that few of them err.

use super::choice::Choice;
use super::elements::{LABELS, PROPERTIES};
use super::subqueries;

/// What a variable holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Node,
    Relationship,
    /// A path.
    Path,
    /// A list of nodes.
    Nodes,
    /// A list of relationships.
    Relationships,
    Int,
    Number,
    Text,
    Bool,
    List,
    Any,
}

/// The variables in scope, and a count for fresh names.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub variables: Vec<(String, Kind)>,
    pub fresh: usize,
    /// How many subqueries are around.
    pub depth: usize,
    /// How many of the variables, the first ones, come from around the subquery.
    pub around: usize,
}

impl Known {
    /// A name that is not taken.
    pub fn fresh(&mut self, prefix: &str) -> String {
        self.fresh += 1;
        format!("{prefix}{}", self.fresh)
    }

    /// One of the variables of these kinds, if there is one.
    pub fn of_kind(&self, choice: &mut Choice, kinds: &[Kind]) -> Option<String> {
        let fitting: Vec<_> = self.variables.iter().filter(|(_, kind)| kinds.contains(kind)).collect();
        (!fitting.is_empty()).then(|| choice.of(&fitting).0.clone())
    }
}

/// A property of some element in scope; a literal where there is no element.
fn property(choice: &mut Choice, known: &Known, name: &str) -> String {
    match known.of_kind(choice, &[Kind::Node, Kind::Relationship]) {
        Some(element) => format!("{element}.{name}"),
        None if name == "c" => "'x'".into(),
        None => choice.below(4).to_string(),
    }
}

/// An expression of the kind, nested at most `depth` deep.
pub fn of_kind(choice: &mut Choice, known: &Known, kind: Kind, depth: usize) -> String {
    if !choice.one_in(3)
        && let Some(variable) = known.of_kind(choice, &[kind])
    {
        return variable;
    }
    match kind {
        Kind::Int => int(choice, known, depth),
        Kind::Number => number(choice, known, depth),
        Kind::Text => text(choice, known),
        Kind::Bool => boolean(choice, known, depth),
        Kind::List => list(choice, known, depth),
        Kind::Nodes => parts(choice, known, "nodes").unwrap_or("null".into()),
        Kind::Relationships => parts(choice, known, "relationships").unwrap_or("null".into()),
        Kind::Any | Kind::Node | Kind::Relationship | Kind::Path => any(choice, known, depth),
    }
}

/// The nodes or relationships of a path in scope.
fn parts(choice: &mut Choice, known: &Known, function: &str) -> Option<String> {
    known.of_kind(choice, &[Kind::Path]).map(|path| format!("{function}({path})"))
}

fn int(choice: &mut Choice, known: &Known, depth: usize) -> String {
    if choice.one_in(6)
        && let Some(path) = known.of_kind(choice, &[Kind::Path])
    {
        return format!("length({path})");
    }
    if choice.one_in(40)
        && let Some(total) = subqueries::over_items(choice, known, Kind::Int)
    {
        return total;
    }
    if choice.one_in(12)
        && let Some(count) = subqueries::int(choice, known)
    {
        return count;
    }
    if depth == 0 || choice.one_in(2) {
        return match choice.weighted(&[4, 1]) {
            0 => property(choice, known, "a"),
            _ => choice.of(&["0", "1", "2", "-1", "null"]).to_string(),
        };
    }
    let inner = |choice: &mut Choice| of_kind(choice, known, Kind::Int, depth - 1);
    match choice.weighted(&[3, 2, 1, 1, 1, 2, 1]) {
        0 => format!("{} + {}", inner(choice), choice.below(3)),
        1 => format!("({} - {})", inner(choice), inner(choice)),
        2 => format!("{} * 2", inner(choice)),
        3 => format!("({} / 2)", inner(choice)),
        4 => format!("({}) % 3", inner(choice)),
        5 => format!("coalesce({}, {})", inner(choice), inner(choice)),
        _ => case(choice, known, Kind::Int, depth - 1),
    }
}

fn number(choice: &mut Choice, known: &Known, depth: usize) -> String {
    if depth == 0 || choice.one_in(2) {
        return match choice.weighted(&[5, 2, 1]) {
            0 => property(choice, known, "b"),
            1 => int(choice, known, depth),
            _ => choice.of(&["0.5", "1.0", "-0.0", "0.1", "1e16", "livewell.toDecimal('0.1')"]).to_string(),
        };
    }
    let inner = |choice: &mut Choice| of_kind(choice, known, Kind::Number, depth - 1);
    match choice.weighted(&[3, 2, 1, 2, 2, 1]) {
        0 => format!("{} + 0.1", inner(choice)),
        1 => format!("({} - {})", inner(choice), inner(choice)),
        2 => format!("coalesce({}, 0)", inner(choice)),
        3 => format!("{} / livewell.toDecimal({})", inner(choice), choice.of(&["3", "'0.7'", "0.25"])),
        4 => format!("livewell.toDecimal({})", inner(choice)),
        _ => case(choice, known, Kind::Number, depth - 1),
    }
}

fn text(choice: &mut Choice, known: &Known) -> String {
    match choice.weighted(&[3, 1, 1]) {
        0 => choice.of(&["'x'", "'y'", "''", "'xy'", "'xyz'"]).to_string(),
        1 => known.of_kind(choice, &[Kind::Relationship]).map_or("'z'".into(), |r| format!("type({r})")),
        _ if choice.one_in(4) => "trim(LEADING 'x' FROM 'xy') || nullIf('x', 'x')".into(),
        _ => {
            let element = known.of_kind(choice, &[Kind::Node, Kind::Relationship]);
            element.map_or("null".into(), |element| format!("elementId({element})"))
        }
    }
}

fn list(choice: &mut Choice, known: &Known, depth: usize) -> String {
    if choice.one_in(6)
        && let Some(list) = subqueries::over_items(choice, known, Kind::List)
    {
        return list;
    }
    if choice.one_in(3)
        && let Some(list) = subqueries::list(choice, known)
    {
        return list;
    }
    if choice.one_in(3)
        && let Some(list) = known.of_kind(choice, &[Kind::Nodes, Kind::Relationships])
    {
        return format!("[x IN {list} | x.{}]", choice.of(&PROPERTIES));
    }
    match choice.weighted(&[2, 1]) {
        0 => format!("[{}, {}]", any(choice, known, depth), any(choice, known, depth)),
        _ => known.of_kind(choice, &[Kind::Node]).map_or("[]".into(), |node| format!("labels({node})")),
    }
}

/// Anything that can be compared or projected, and does not err.
pub fn any(choice: &mut Choice, known: &Known, depth: usize) -> String {
    match choice.weighted(&[4, 2, 2, 2, 1, 1]) {
        0 => property(choice, known, "c"),
        1 => property(choice, known, "b"),
        2 => property(choice, known, "a"),
        3 if !known.variables.is_empty() => choice.of(&known.variables).0.clone(),
        4 => text(choice, known),
        5 if choice.one_in(3) => match known.of_kind(choice, &[Kind::Node, Kind::Relationship]) {
            Some(element) => format!("{element} {}", choice.of(&["{.a, b: 1}", "{.*}", "{.*, a: 2, .c}"])),
            None => "null".into(),
        },
        _ if depth > 0 => case(choice, known, Kind::Any, depth - 1),
        _ => choice.of(&["null", "true", "1", "1.0", "'x'"]).to_string(),
    }
}

fn case(choice: &mut Choice, known: &Known, kind: Kind, depth: usize) -> String {
    let then = of_kind(choice, known, kind, depth);
    let otherwise = match choice.one_in(3) {
        true => String::new(),
        false => format!(" ELSE {}", of_kind(choice, known, kind, depth)),
    };
    if choice.one_in(2) {
        let subject = of_kind(choice, known, Kind::Any, 0);
        let mut when = of_kind(choice, known, Kind::Any, 0);
        if choice.one_in(3) {
            let more = *choice.of(&["IS NULL", "< 2", "<> 'x'", "STARTS WITH 'x'", "2.0"]);
            when = format!("{when}, {more}");
        }
        return format!("CASE {subject} WHEN {when} THEN {then}{otherwise} END");
    }
    format!("CASE WHEN {} THEN {then}{otherwise} END", boolean(choice, known, depth))
}

/// The condition of a WHERE, in which patterns can stand.
pub fn condition(choice: &mut Choice, known: &Known, depth: usize) -> String {
    let pattern = if choice.one_in(7) { subqueries::pattern(choice, known) } else { None };
    match pattern {
        None => boolean(choice, known, depth),
        Some(pattern) if choice.one_in(2) => pattern,
        Some(pattern) => {
            format!("{pattern} {} {}", choice.of(&["AND", "OR"]), boolean(choice, known, depth))
        }
    }
}

/// A condition, in three-valued logic.
pub fn boolean(choice: &mut Choice, known: &Known, depth: usize) -> String {
    if choice.one_in(30)
        && let Some(condition) = subqueries::over_items(choice, known, Kind::Bool)
    {
        return condition;
    }
    if choice.one_in(9)
        && let Some(condition) = subqueries::boolean(choice, known)
    {
        return condition;
    }
    if depth > 0 && choice.one_in(2) {
        let inner = |choice: &mut Choice| boolean(choice, known, depth - 1);
        return match choice.weighted(&[4, 4, 1, 3]) {
            0 => format!("{} AND {}", inner(choice), inner(choice)),
            1 => format!("({} OR {})", inner(choice), inner(choice)),
            2 => format!("({} XOR {})", inner(choice), inner(choice)),
            _ => format!("NOT ({})", inner(choice)),
        };
    }
    let depth = depth.saturating_sub(1);
    match choice.weighted(&[6, 4, 3, 3, 2, 3, 2, 1]) {
        0 => comparison(choice, known, Kind::Int, depth),
        1 => comparison(choice, known, Kind::Number, depth),
        2 => format!("{} = {}", any(choice, known, depth), any(choice, known, depth)),
        3 => {
            let check =
                *choice.of(&["IS NULL", "IS NOT NULL", "IS :: INTEGER NOT NULL", "IS NOT TYPED STRING"]);
            let name = *choice.of(&PROPERTIES);
            format!("{} {check}", property(choice, known, name))
        }
        4 => format!("{} IN {}", any(choice, known, depth), members(choice, known)),
        5 => {
            let predicate = *choice.of(&["STARTS WITH", "ENDS WITH", "CONTAINS"]);
            format!("{} {predicate} {}", property(choice, known, "c"), text(choice, known))
        }
        6 => match known.of_kind(choice, &[Kind::Node]) {
            Some(node) if choice.one_in(3) => {
                format!("({node}{})", choice.of(&[":!A", ":A|B", " IS %", ":!(A&C)"]))
            }
            Some(node) => format!("{node}:{}", choice.of(&LABELS)),
            None => comparison(choice, known, Kind::Any, depth),
        },
        _ => match known.of_kind(choice, &[Kind::Bool]) {
            Some(variable) => variable,
            None => choice.of(&["true", "null", "false"]).to_string(),
        },
    }
}

fn comparison(choice: &mut Choice, known: &Known, kind: Kind, depth: usize) -> String {
    let operator = *choice.of(&["=", "<>", "<", "<=", ">", ">="]);
    let left = of_kind(choice, known, kind, depth);
    format!("{left} {operator} {}", of_kind(choice, known, kind, depth))
}

fn members(choice: &mut Choice, known: &Known) -> String {
    let literal = choice.of(&["[1, 2.0, null]", "['x', 'xy']", "[]", "[0, 1, 'x', true]"]).to_string();
    match choice.one_in(3) {
        true => format!("[{}, {}]", property(choice, known, "a"), property(choice, known, "b")),
        false => literal,
    }
}
