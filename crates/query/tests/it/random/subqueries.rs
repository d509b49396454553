//! Random subqueries over the nodes a query knows: patterns as conditions, EXISTS, COUNT, COLLECT, pattern
//! comprehensions.

use super::choice::Choice;
use super::expressions::{self, Kind, Known};
use super::patterns;

/// A pattern as a condition, which stands in WHERE alone; none where no node is known or subqueries stand around it
/// already.
pub fn pattern(choice: &mut Choice, known: &Known) -> Option<String> {
    let (start, mut inner) = within(choice, known)?;
    let pattern = patterns::from_known(choice, &mut inner, &start, false);
    Some(if choice.one_in(3) { format!("NOT {pattern}") } else { pattern })
}

/// A condition that can stand anywhere; none as for [`pattern`].
pub fn boolean(choice: &mut Choice, known: &Known) -> Option<String> {
    let (start, mut inner) = within(choice, known)?;
    Some(match choice.weighted(&[3, 1]) {
        0 => format!("EXISTS {{ {} }}", counted(choice, &mut inner, &start)),
        _ => format!("{} > {}", int(choice, known)?, choice.below(3)),
    })
}

/// How many rows there are.
pub fn int(choice: &mut Choice, known: &Known) -> Option<String> {
    let (start, mut inner) = within(choice, known)?;
    Some(match choice.weighted(&[3, 1]) {
        0 => format!("COUNT {{ {} }}", counted(choice, &mut inner, &start)),
        _ => format!("size({})", list(choice, known)?),
    })
}

/// A list of what is found.
pub fn list(choice: &mut Choice, known: &Known) -> Option<String> {
    let (start, mut inner) = within(choice, known)?;
    if choice.one_in(3) {
        let rows = rows(choice, &mut inner, &start);
        let rows = if rows.starts_with('(') { format!("MATCH {rows}") } else { rows };
        if choice.one_in(4) {
            return Some(format!("COLLECT {{ {rows} RETURN {} AS x }}", aggregate(choice, &inner)));
        }
        let distinct = if choice.one_in(3) { "DISTINCT " } else { "" };
        let result = result(choice, &inner);
        return Some(format!("COLLECT {{ {rows} RETURN {distinct}{result} AS x{} }}", window(choice, "x")));
    }
    let path = choice.one_in(3).then(|| inner.fresh("p"));
    let pattern = patterns::from_known(choice, &mut inner, &start, true);
    let named = path.as_ref().map(|name| format!("{name} = ")).unwrap_or_default();
    inner.variables.extend(path.map(|name| (name, Kind::Path)));
    let condition = condition(choice, &inner);
    Some(format!("[{named}{pattern}{condition} | {}]", result(choice, &inner)))
}

/// The nodes of a list as items of which something is asked for each: as a list, a truth or a number; none where no list
/// of nodes is known.
pub fn over_items(choice: &mut Choice, known: &Known, kind: Kind) -> Option<String> {
    let list = match known.of_kind(choice, &[Kind::Nodes]) {
        Some(nodes) => nodes,
        None => match known.of_kind(choice, &[Kind::Path]) {
            Some(path) => format!("nodes({path})"),
            None => format!("[{}, null]", known.of_kind(choice, &[Kind::Node])?),
        },
    };
    let mut inner = known.clone();
    let item = inner.fresh("i");
    let around = std::mem::take(&mut inner.variables);
    // First of all the item is asked for something.
    inner.variables.push((item.clone(), Kind::Node));
    let truth = boolean(choice, &inner)?;
    let number = int(choice, &inner)?;
    inner.variables.extend(around);
    Some(match kind {
        Kind::Bool => {
            let quantifier = *choice.of(&["all", "any", "none", "single"]);
            let condition = if choice.one_in(2) { truth } else { expressions::boolean(choice, &inner, 1) };
            format!("{quantifier}({item} IN {list} WHERE {condition})")
        }
        Kind::Int => format!("reduce(t = 0, {item} IN {list} | t * 2 + {number} + size(toString({truth})))"),
        _ => {
            let condition = if choice.one_in(2) { format!(" WHERE {truth}") } else { String::new() };
            let result =
                if choice.one_in(2) { number } else { list_of(choice, &inner).unwrap_or(item.clone()) };
            format!("[{item} IN {list}{condition} | {result}]")
        }
    })
}

/// A list over the items of a list, one in another.
fn list_of(choice: &mut Choice, inner: &Known) -> Option<String> {
    if choice.one_in(3) { over_items(choice, inner, Kind::List) } else { list(choice, inner) }
}

/// A CALL clause over known nodes, whose column becomes known; none where no node is known.
pub fn call(choice: &mut Choice, known: &mut Known) -> Option<String> {
    let column = known.fresh("c");
    let (start, inner) = within(choice, known)?;
    let branch = |choice: &mut Choice| {
        let mut inner = inner.clone();
        let rows = rows(choice, &mut inner, &start);
        let rows = if rows.starts_with('(') { format!("MATCH {rows}") } else { rows };
        let item = match choice.weighted(&[2, 2]) {
            0 => aggregate(choice, &inner),
            _ => result(choice, &inner),
        };
        let distinct = if choice.one_in(4) { "DISTINCT " } else { "" };
        format!("{rows} RETURN {distinct}{item} AS {column}{}", window(choice, &column))
    };
    let first = branch(choice);
    let others = match choice.weighted(&[6, 1, 1]) {
        0 => String::new(),
        1 => format!(" UNION {}", branch(choice)),
        _ => format!(" UNION ALL {}", branch(choice)),
    };
    let names: Vec<&str> = known.variables.iter().map(|(name, _)| name.as_str()).collect();
    let scope = if choice.one_in(3) { "*".into() } else { names.join(", ") };
    known.variables.push((column, Kind::Any));
    Some(format!("CALL ({scope}) {{ {first}{others} }}\n"))
}

/// A known node, and what is known within a subquery. One in three of those is allowed one of its own.
fn within(choice: &mut Choice, known: &Known) -> Option<(String, Known)> {
    let start = known.of_kind(choice, &[Kind::Node])?;
    if known.depth > 0 && !choice.one_in(3) || known.depth > 1 {
        return None;
    }
    let around = known.variables.len();
    Some((start, Known { depth: known.depth + 1, around, ..known.clone() }))
}

/// Clauses after one another from a known node on, or a pattern alone.
fn rows(choice: &mut Choice, inner: &mut Known, start: &str) -> String {
    let pattern = patterns::from_known(choice, inner, start, true);
    let mut text = format!("{pattern}{}", condition(choice, inner));
    let further = choice.weighted(&[8, 1, 1, 1, 1, 1]);
    if further > 0 {
        text = format!("MATCH {text}");
    }
    match further {
        1 => {
            let again = inner.of_kind(choice, &[Kind::Node]).expect("the start is a node");
            text += &format!(" OPTIONAL MATCH {}", patterns::from_known(choice, inner, &again, true));
        }
        2 => {
            let item = inner.fresh("u");
            text += &format!(" UNWIND {} AS {item}", expressions::of_kind(choice, inner, Kind::List, 0));
            inner.variables.push((item, Kind::Any));
        }
        3 => {
            let name = inner.fresh("w");
            let any = expressions::any(choice, inner, 1);
            let distinct = if choice.one_in(2) { "DISTINCT " } else { "" };
            text += &format!(" WITH {distinct}{any} AS {name}{}", window(choice, &name));
            inner.variables.truncate(inner.around);
            inner.variables.push((name, Kind::Any));
        }
        4 => {
            let name = inner.fresh("w");
            text += &format!(" WITH {} AS {name}", aggregate(choice, inner));
            inner.variables.truncate(inner.around);
            inner.variables.push((name, Kind::Any));
        }
        5 => {
            let again = inner.of_kind(choice, &[Kind::Node]).expect("the start is a node");
            text += &format!(" MATCH {}", patterns::from_known(choice, inner, &again, true));
        }
        _ => {}
    }
    text
}

/// The inside of EXISTS or COUNT, at times with a RETURN that makes equal rows one.
fn counted(choice: &mut Choice, inner: &mut Known, start: &str) -> String {
    let text = rows(choice, inner, start);
    if text.starts_with('(') || !choice.one_in(3) {
        return text;
    }
    if choice.one_in(4) {
        let union = *choice.of(&["UNION", "UNION ALL"]);
        let first = expressions::any(choice, inner, 1);
        let (again, mut other) = (
            start.to_owned(),
            Known { variables: inner.variables[..inner.around].to_vec(), ..inner.clone() },
        );
        let pattern = patterns::from_known(choice, &mut other, &again, true);
        let second = expressions::any(choice, &other, 1);
        return format!("{text} RETURN {first} AS y {union} MATCH {pattern} RETURN {second} AS y");
    }
    let item = if choice.one_in(4) { aggregate(choice, inner) } else { expressions::any(choice, inner, 1) };
    let distinct = if choice.one_in(2) { "DISTINCT " } else { "" };
    format!("{text} RETURN {distinct}{item} AS y{}", window(choice, "y"))
}

/// An aggregate of all rows.
fn aggregate(choice: &mut Choice, inner: &Known) -> String {
    let name = *choice.of(&["count", "collect", "min", "max", "count(DISTINCT", "collect(DISTINCT"]);
    let argument = expressions::any(choice, inner, 1);
    if name.contains('(') { format!("{name} {argument})") } else { format!("{name}({argument})") }
}

/// At times an order by this name, and a part of the rows.
fn window(choice: &mut Choice, name: &str) -> String {
    let mut text = String::new();
    if choice.one_in(2) {
        text += &format!(" ORDER BY {name}{}", choice.of(&["", " DESC"]));
    }
    if choice.one_in(4) {
        text += &format!(" SKIP {}", choice.below(3));
    }
    if choice.one_in(3) {
        text += &format!(" LIMIT {}", choice.below(4));
    }
    text
}

fn condition(choice: &mut Choice, inner: &Known) -> String {
    if choice.one_in(2) {
        format!(" WHERE {}", expressions::condition(choice, inner, 1))
    } else {
        String::new()
    }
}

fn result(choice: &mut Choice, inner: &Known) -> String {
    let kind = *choice.of(&[Kind::Any, Kind::Int, Kind::Number, Kind::Path, Kind::Node]);
    expressions::of_kind(choice, inner, kind, 1)
}
