//! Random MATCH clauses: chains, cycles, comma patterns, anonymous parts, bound variables.

use super::choice::Choice;
use super::elements::{LABELS, TYPES};
use super::expressions::{self, Kind, Known};

/// A MATCH clause of at most `relationships_max` relationships, whose variables become known.
pub fn clause(choice: &mut Choice, known: &mut Known, relationships_max: usize) -> String {
    let mut left = choice.weighted(&[3, 6, 4, 2]).min(relationships_max);
    let mut patterns = Vec::new();
    loop {
        let here = if choice.one_in(4) { left.div_ceil(2) } else { left };
        left -= here;
        patterns.push(chain(choice, known, here));
        if left == 0 && (patterns.len() > 1 || !choice.one_in(8)) {
            break;
        }
    }
    let mut text = format!("MATCH {}\n", patterns.join(", "));
    if choice.one_in(3) {
        text += &format!("WHERE {}\n", expressions::boolean(choice, known, 2));
    }
    text
}

fn chain(choice: &mut Choice, known: &mut Known, relationships: usize) -> String {
    let mut text = node(choice, known);
    for _ in 0..relationships {
        text += &relationship(choice, known);
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
    let labels = match choice.weighted(&[16, 4, 1]) {
        0 => String::new(),
        1 => format!(":{}", choice.of(&LABELS)),
        _ => format!(":{}:{}", choice.of(&LABELS), choice.of(&LABELS)),
    };
    format!("({name}{labels}{})", properties(choice))
}

fn relationship(choice: &mut Choice, known: &mut Known) -> String {
    let name = if choice.one_in(2) { fresh(known, "r", Kind::Relationship) } else { String::new() };
    let types = match choice.weighted(&[8, 3, 3]) {
        0 => String::new(),
        1 => format!(":{}", choice.of(&TYPES)),
        _ => choice.of(&[":R|S", ":T|R", ":S|S|T"]).to_string(),
    };
    let inside = format!("{name}{types}{}", properties(choice));
    let inside = if inside.is_empty() { inside } else { format!("[{inside}]") };
    match choice.weighted(&[3, 2, 3]) {
        0 => format!("-{inside}->"),
        1 => format!("<-{inside}-"),
        _ => format!("-{inside}-"),
    }
}

fn fresh(known: &mut Known, prefix: &str, kind: Kind) -> String {
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
