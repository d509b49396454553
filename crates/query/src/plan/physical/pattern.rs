//! A match as text.

use super::names::Names;
use crate::language::ast::Expr;
use crate::operator::matching::{Atom, AtomKind, Lookup, Match, Trail};
use crate::operator::scan::{Kind, Needs, Scan};
use livewell_model::SmolStr;

/// The elements of the pattern, and what is kept of each.
pub(super) fn elements(pattern: &Match, names: &Names<'_>) -> String {
    let shown = slots(pattern).map(|(slot, atom)| {
        let (name, scan) = (names.slot(slot), scanned(&atom.scan));
        match &atom.kind {
            AtomKind::Node { .. } => format!("({name}{scan})"),
            AtomKind::Relationship(_) => format!("[{name}{scan}]"),
            AtomKind::Trail(Trail { min, max, .. }) => {
                let max = max.map_or_else(String::new, |max| max.to_string());
                format!("[{name}{scan}*{min}..{max}]")
            }
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// What is remembered of the elements and of the input.
pub(super) fn state(pattern: &Match, names: &Names<'_>) -> Option<String> {
    let input = pattern.input.as_ref().filter(|input| input.arranged_all || !input.arranged.is_empty());
    let input = input.map(|_| "input rows by the nodes they bind".to_owned());
    let own = slots(pattern).zip(0..).filter(|((_, atom), at)| atom.place == *at);
    let atoms = own.filter_map(|((slot, atom), at)| {
        let (name, others) = (names.slot(slot), shared(pattern, at, names));
        match &atom.kind {
            AtomKind::Node { arranged } => arranged.then(|| format!("{name} by id{others}")),
            AtomKind::Relationship(ends) => {
                let by = [ends.by_from.then_some("start"), ends.by_to.then_some("end")];
                let by: Vec<&str> = by.into_iter().flatten().collect();
                (!by.is_empty()).then(|| format!("{name} by {}{others}", by.join(" and ")))
            }
            AtomKind::Trail(_) => Some(format!("edges of {name} by start and end")),
        }
    });
    let all: Vec<String> = input.into_iter().chain(atoms).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// The elements of the pattern that find theirs in the place of an atom.
fn shared(pattern: &Match, place: usize, names: &Names<'_>) -> String {
    let others = slots(pattern).zip(0..).filter(|((_, atom), at)| atom.place == place && *at != place);
    let others: Vec<SmolStr> = others.map(|((slot, _), _)| names.slot(slot)).collect();
    if others.is_empty() { String::new() } else { format!(" (shared by {})", others.join(", ")) }
}

/// The conditions in scans, and what is looked up for a changed element, in order.
pub(super) fn details(pattern: &Match, names: &Names<'_>) -> Vec<String> {
    let scans = slots(pattern).flat_map(|(slot, atom)| {
        let name = names.slot(slot);
        let whole: Vec<Expr> =
            atom.scan.conditions.iter().map(|condition| condition.tree(&|_| name.clone())).collect();
        whole.into_iter().map(move |condition| format!("scan of {name}: {condition}"))
    });
    let input = pattern.input.iter().map(|input| ("an input row".into(), &input.lookups));
    let atoms = slots(pattern).map(|(slot, _)| names.slot(slot)).zip(&pattern.lookups);
    let ways = input.chain(atoms).filter(|(_, lookups): &(SmolStr, _)| !lookups.is_empty());
    let ways = ways.map(|(from, lookups)| {
        let lookups: Vec<String> = lookups.iter().map(|lookup| looked_up(*lookup, names)).collect();
        format!("from {from}: {}", lookups.join(", "))
    });
    scans.chain(ways).collect()
}

fn slots(pattern: &Match) -> impl Iterator<Item = (usize, &Atom)> {
    (pattern.input.as_ref().map_or(0, |input| input.width)..).zip(&pattern.atoms)
}

fn looked_up(lookup: Lookup, names: &Names<'_>) -> String {
    match lookup {
        Lookup::NodeById { node } => format!("{} by id", names.slot(node)),
        Lookup::AllNodes { node } => format!("all {}", names.slot(node)),
        Lookup::ByFrom { relationship } => format!("{} by start", names.slot(relationship)),
        Lookup::ByTo { relationship } => format!("{} by end", names.slot(relationship)),
        Lookup::InputByNode { node } => format!("input rows by {}", names.slot(node)),
        Lookup::AllInput => "all input rows".into(),
    }
}

fn scanned(scan: &Scan) -> String {
    let kinds: String = match &scan.kind {
        Kind::Nodes(labels, tests) => {
            let labels = labels.iter().map(|label| format!(":{label}"));
            labels.chain(tests.iter().map(|test| format!(":{test}"))).collect()
        }
        Kind::Relationships(types, test) => {
            let types = (!types.is_empty()).then(|| format!(":{}", types.join("|")));
            types.into_iter().chain(test.iter().map(|test| format!(":{test}"))).collect()
        }
    };
    match &scan.needs {
        Needs::Whole => format!("{kinds} {{*}}"),
        Needs::Parts { properties, .. } if properties.is_empty() => kinds,
        Needs::Parts { properties, .. } => format!("{kinds} {{{}}}", properties.join(", ")),
    }
}
