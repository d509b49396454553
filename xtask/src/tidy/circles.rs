//! Import circles: modules of one crate that need each other, which nobody can read or change one at a time.
//!
//! A module needs another if it names one of its items. A re-export does not count: whoever names a re-exported item
//! needs the module that defines it, so that a folder may show the names of its modules.

use super::files::Text;
use super::finding::Finding;
use super::modules::{Crate, crates};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Modules that may need each other, by how their paths begin, and why.
const RECURSIVE: &[(&[&str], &str)] = &[
    (
        &["crates/model/src/element.rs", "crates/model/src/map.rs", "crates/model/src/value.rs"],
        "a value may be a node, and a node has a map of values",
    ),
    (
        &["crates/query/src/expression/binding.rs", "crates/query/src/expression/program.rs"],
        "an expression may bind a variable, for which it holds expressions",
    ),
    (
        &[
            "crates/query/src/plan/logical/call.rs",
            "crates/query/src/plan/logical/clauses.rs",
            "crates/query/src/plan/logical/order.rs",
            "crates/query/src/plan/logical/pattern/mod.rs",
            "crates/query/src/plan/logical/projection.rs",
            "crates/query/src/plan/logical/subquery.rs",
        ],
        "a clause has expressions, an expression may be a subquery, and a subquery has clauses",
    ),
    (
        &[
            "crates/query/src/reference/aggregate.rs",
            "crates/query/src/reference/call.rs",
            "crates/query/src/reference/expression.rs",
            "crates/query/src/reference/items.rs",
            "crates/query/src/reference/matching.rs",
            "crates/query/src/reference/order.rs",
            "crates/query/src/reference/pattern.rs",
            "crates/query/src/reference/pipeline.rs",
            "crates/query/src/reference/projection.rs",
            "crates/query/src/reference/subquery.rs",
            "crates/query/src/reference/time.rs",
            "crates/query/src/reference/trail.rs",
            "crates/query/src/reference/unwind.rs",
        ],
        "a clause has expressions, an expression may be a subquery, and a subquery has clauses",
    ),
];

/// Returns the circles of every crate.
///
/// # Errors
/// Returns an error if a file is not Rust.
pub fn check(texts: &[Text]) -> crate::outcome::Outcome<Vec<Finding>> {
    let mut findings = Vec::new();
    for package in crates(texts)? {
        findings.extend(circles(&package).iter().map(|circle| finding(&package, circle)));
    }
    Ok(findings)
}

fn finding(package: &Crate<'_>, circle: &BTreeSet<usize>) -> Finding {
    let way = shortest(package, circle);
    let names: Vec<String> = way.iter().map(|at| package.name(*at)).collect();
    let message = format!("{} modules need each other: {}", circle.len(), names.join(" -> "));
    Finding::new(package.text(way[0]), 0, message)
}

/// Returns the groups of modules each of which needs every other, directly or through others, except for those that
/// may.
fn circles(package: &Crate<'_>) -> Vec<BTreeSet<usize>> {
    let reached: BTreeMap<usize, BTreeSet<usize>> =
        (0..package.len()).map(|from| (from, reached(package, from))).collect();
    let mut circles = BTreeSet::new();
    for (from, others) in &reached {
        if others.contains(from) {
            circles.insert(others.iter().copied().filter(|other| reached[other].contains(from)).collect());
        }
    }
    circles.into_iter().filter(|circle: &BTreeSet<usize>| !may(package, circle)).collect()
}

fn may(package: &Crate<'_>, circle: &BTreeSet<usize>) -> bool {
    let begins =
        |at: &usize, paths: &[&str]| paths.iter().any(|path| package.text(*at).path.starts_with(path));
    let is_in = |paths: &[&str]| circle.iter().all(|at| begins(at, paths));
    RECURSIVE.iter().any(|(paths, _)| is_in(paths))
}

/// Returns what a module needs, directly or through others.
fn reached(package: &Crate<'_>, from: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<usize> = package.needs(from).to_vec();
    while let Some(next) = ahead.pop() {
        if reached.insert(next) {
            ahead.extend(package.needs(next));
        }
    }
    reached
}

/// Returns the shortest way from a module of the circle back to itself.
fn shortest(package: &Crate<'_>, circle: &BTreeSet<usize>) -> Vec<usize> {
    circle.iter().filter_map(|from| way_back(package, *from)).min_by_key(Vec::len).unwrap_or_default()
}

fn way_back(package: &Crate<'_>, from: usize) -> Option<Vec<usize>> {
    let mut before: BTreeMap<usize, usize> = BTreeMap::new();
    let mut ahead = VecDeque::from([from]);
    while let Some(at) = ahead.pop_front() {
        for next in package.needs(at) {
            if *next == from {
                let mut way: Vec<usize> =
                    std::iter::successors(Some(at), |at| before.get(at).copied()).collect();
                way.reverse();
                way.push(from);
                return Some(way);
            }
            if !before.contains_key(next) {
                before.insert(*next, at);
                ahead.push_back(*next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let text =
            |(path, content): &(&str, &str)| Text { path: path.into(), content: (*content).to_owned() };
        let texts: Vec<Text> = files.iter().map(text).collect();
        check(&texts).expect("Rust").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn modules_that_need_each_other_are_named_with_the_shortest_way() {
        let found = found(&[
            ("x/src/lib.rs", "mod a;\nmod b;\nmod c;\npub use a::A;"),
            ("x/src/a.rs", "use crate::b::B;\npub struct A;"),
            ("x/src/b.rs", "pub struct B(crate::c::C, crate::A);"),
            ("x/src/c.rs", "use super::b;\npub struct C;"),
        ]);
        assert_eq!(found, ["x/src/a.rs: 3 modules need each other: a -> b -> a"]);
    }

    #[test]
    fn what_a_folder_shows_is_needed_where_it_is_defined() {
        let found = found(&[
            ("x/src/lib.rs", "pub mod room;"),
            ("x/src/room/mod.rs", "mod a;\nmod b;\npub use a::A;\npub use b::*;"),
            ("x/src/room/a.rs", "use super::B;\npub struct A(B);"),
            ("x/src/room/b.rs", "pub struct B;\n#[cfg(test)]\nmod tests { use super::super::A; }"),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn a_module_and_what_lies_in_it_may_not_need_each_other() {
        let found = found(&[
            ("x/src/main.rs", "mod room;"),
            ("x/src/room.rs", "mod a;\npub struct Room;\nfn enter() { a::open() }"),
            ("x/src/room/a.rs", "use super::Room;\npub fn open(room: Room) {}"),
        ]);
        assert_eq!(found, ["x/src/room.rs: 2 modules need each other: room -> room::a -> room"]);
    }
}
