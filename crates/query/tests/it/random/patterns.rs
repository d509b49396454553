//! Random MATCH clauses: chains, cycles, comma patterns, anonymous parts, bound variables.

use super::choice::Choice;
use super::elements::{LABELS, TYPES};
use super::expressions::{self, Kind, Known};

/// A MATCH clause of at most `relationships_max` relationships, whose variables become known.
pub fn clause(choice: &mut Choice, known: &mut Known, relationships_max: usize) -> String {
    let mut left = choice.weighted(&[3, 6, 4, 2]).min(relationships_max);
    let mut patterns = Vec::new();
    let mut bound = Bound::of(known, left);
    loop {
        let here = if choice.one_in(4) { left.div_ceil(2) } else { left };
        left -= here;
        patterns.push(path(choice, known, &mut bound, here));
        if left == 0 && (patterns.len() > 1 || !choice.one_in(8)) {
            break;
        }
    }
    let mut text = format!("MATCH {}\n", patterns.join(", "));
    if choice.one_in(4) {
        text += &format!("WHERE {}\n", expressions::condition(choice, known, 2));
    }
    text
}

/// What one clause can match again, and what it can afford.
struct Bound {
    /// The relationships known before the clause and not used in it yet: none may stand in it twice.
    relationships: Vec<String>,
    /// The lists of relationships likewise.
    lists: Vec<String>,
    /// Whether a pattern of variable length may come.
    variable_length: bool,
}

impl Bound {
    fn of(known: &Known, relationships: usize) -> Self {
        let bound = |wanted: Kind| {
            let bound = known.variables.iter().filter(move |(_, kind)| *kind == wanted);
            bound.map(|(name, _)| name.clone()).collect()
        };
        Self {
            relationships: bound(Kind::Relationship),
            lists: bound(Kind::Relationships),
            variable_length: relationships < 3,
        }
    }
}

/// A pattern, at times with the name of its path.
fn path(choice: &mut Choice, known: &mut Known, bound: &mut Bound, relationships: usize) -> String {
    let name = choice.one_in(6).then(|| known.fresh("p"));
    let text = chain(choice, known, bound, relationships);
    let Some(name) = name else { return text };
    known.variables.push((name.clone(), Kind::Path));
    format!("{name} = {text}")
}

/// A pattern from a node that is known, for subqueries; its own variables become known unless they must not.
pub fn from_known(choice: &mut Choice, known: &mut Known, start: &str, may_bind: bool) -> String {
    let mut text = format!("({start})");
    for _ in 0..choice.between(1, 2) {
        if may_bind {
            let mut bound = Bound { relationships: Vec::new(), lists: Vec::new(), variable_length: true };
            text += &relationship(choice, known, &mut bound);
            text += &node(choice, known);
        } else {
            let ways = ["-->", "<--", "--", "-[:R]->", "<-[:S|T]-", "-[:R]-", "-[*1..2]->", "-[*0..1]-"];
            text += choice.of::<&str>(&ways);
            let ends = known.of_kind(choice, &[Kind::Node]).filter(|_| choice.one_in(3));
            text += &ends
                .map_or_else(|| choice.of(&["()", "(:A)", "({a: 1})"]).to_string(), |end| format!("({end})"));
        }
    }
    text
}

fn chain(choice: &mut Choice, known: &mut Known, bound: &mut Bound, relationships: usize) -> String {
    let mut text = node(choice, known);
    for _ in 0..relationships {
        text += &relationship(choice, known, bound);
        text += &node(choice, known);
    }
    text
}

fn node(choice: &mut Choice, known: &mut Known) -> String {
    let name = match choice.weighted(&[4, 3, 2]) {
        0 => fresh(known, "n", Kind::Node),
        1 => match known.of_kind(choice, &[Kind::Node]) {
            Some(name) => name,
            None => fresh(known, "n", Kind::Node),
        },
        _ => String::new(),
    };
    let labels = match choice.weighted(&[16, 4, 1, 2]) {
        0 => String::new(),
        1 => format!(":{}", choice.of(&LABELS)),
        3 => choice.of(&[":!A", ":A|B", ":(A|B)&!C", ":%", " IS !B|C"]).to_string(),
        _ => format!(":{}:{}", choice.of(&LABELS), choice.of(&LABELS)),
    };
    format!("({name}{labels}{})", properties(choice))
}

fn relationship(choice: &mut Choice, known: &mut Known, bound: &mut Bound) -> String {
    let way = choice.weighted(&[3, 2, 3]);
    let length = if bound.variable_length && choice.one_in(6) { Some(length(choice, way)) } else { None };
    let again = !bound.relationships.is_empty() && length.is_none() && choice.one_in(5);
    let list_again = !bound.lists.is_empty() && length.is_some() && choice.one_in(2);
    let name = match (again, &length) {
        _ if list_again => bound.lists.swap_remove(choice.below(bound.lists.len())),
        (true, _) => bound.relationships.swap_remove(choice.below(bound.relationships.len())),
        (_, Some(_)) if choice.one_in(2) => fresh(known, "r", Kind::Relationships),
        (_, None) if choice.one_in(2) => fresh(known, "r", Kind::Relationship),
        _ => String::new(),
    };
    let types = match choice.weighted(&[8, 3, 3, 1]) {
        0 => String::new(),
        1 => format!(":{}", choice.of(&TYPES)),
        3 => choice.of(&[":!R", ":(R|S)&!S", ":!(S|T)", " IS !T"]).to_string(),
        _ => choice.of(&[":R|S", ":T|R", ":S|S|T"]).to_string(),
    };
    // A long way over every relationship leads to more paths than a test should walk.
    let unbounded = matches!(length, Some("*" | "*0.." | "*2.."));
    let types = if unbounded && types.is_empty() { ":R".into() } else { types };
    let quantifier = length.and_then(quantifier).filter(|_| choice.one_in(3));
    let length = if quantifier.is_some() { None } else { length };
    let behind = quantifier.unwrap_or_default();
    let inside = format!("{name}{types}{}{}", length.unwrap_or_default(), properties(choice));
    let inside = if inside.is_empty() { inside } else { format!("[{inside}]") };
    match way {
        0 => format!("-{inside}->{behind}"),
        1 => format!("<-{inside}-{behind}"),
        _ => format!("-{inside}-{behind}"),
    }
}

/// The quantifier that means the same as a length.
fn quantifier(length: &str) -> Option<&'static str> {
    const QUANTIFIERS: [(&str, &str); 7] = [
        ("*1..2", "{1,2}"),
        ("*0..1", "{,1}"),
        ("*2", "{2}"),
        ("*0..2", "{0,2}"),
        ("*", "+"),
        ("*0..", "*"),
        ("*2..", "{2,}"),
    ];
    QUANTIFIERS.iter().find(|(known, _)| *known == length).map(|(_, quantifier)| *quantifier)
}

fn length(choice: &mut Choice, way: usize) -> &'static str {
    const BOUNDED: [&str; 8] = ["*1..2", "*0..1", "*2", "*..3", "*0..2", "*3..2", "*0", "*1"];
    const UNBOUNDED: [&str; 3] = ["*", "*0..", "*2.."];
    let undirected = way == 2;
    if undirected || !choice.one_in(3) { choice.of::<&str>(&BOUNDED) } else { choice.of::<&str>(&UNBOUNDED) }
}

pub fn fresh(known: &mut Known, prefix: &str, kind: Kind) -> String {
    let name = known.fresh(prefix);
    known.variables.push((name.clone(), kind));
    name
}

fn properties(choice: &mut Choice) -> String {
    match choice.weighted(&[36, 1, 1]) {
        0 => String::new(),
        1 => format!(" {{a: {}}}", choice.of(&["0", "1", "2", "null", "1.0"])),
        _ => format!(" {{c: {}}}", choice.of(&["'x'", "''", "true"])),
    }
}
