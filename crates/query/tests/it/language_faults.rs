//! All that is wrong with a text: behind an error of grammar, reading goes on at the next clause.

use crate::random::Case;
use livewell_query::{faults, parse};
use livewell_scenarios::choice::Choice;

/// What is marked in a text, in its order.
fn marked(text: &str) -> Vec<&str> {
    let found = faults(text);
    assert_eq!(found.first().cloned(), parse(text).err(), "{text}");
    found.iter().map(|fault| &text[fault.span.start..fault.span.end]).collect()
}

#[test]
fn each_clause_with_an_error_is_named_and_those_around_it_are_not() {
    for (text, expected) in [
        ("MATCH (a RETURN a.x AS x", &["RETURN"][..]),
        ("MATCH (a) WHERE a.x = = 1 WITH a ORDER BY RETURN a.x AS", &["=", "RETURN", ""]),
        ("MATCH (a)-[->(b) OPTIONAL MATCH (b)--(c) RETURN a.x AS x, , b.x AS y", &["-", ","]),
        ("UNWIND [1, 2 AS x RETURN x UNION RETURN 1 +", &["AS", ""]),
        // None of an operator, a name and a key begins a clause.
        ("MATCH (a) WHERE a.x + STARTS WITH 'x' AND a.match RETURN a.x AS x", &["STARTS"]),
        ("MATCH (a:) WITH a AS match RETURN a", &[")", "match"]),
        // What stands in braces belongs to the error around it, and what is never closed hides all that follows.
        ("MATCH (a) WHERE EXISTS { MATCH (a)-[-(b) RETURN 1 } RETURN a. AS x", &["-", "x"]),
        ("MATCH (a {x: 1) RETURN a. AS x RETURN", &[")"]),
        ("MATCH (match) RETURN 1 AS x", &["match"]),
        ("MATCH (a) WHERE return = 1 RETURN a. AS x", &["return", "x"]),
        ("MATCH (a)-[return:R]->(b) RETURN [with IN a | 1] AS x, return AS y", &["return", "with"]),
        ("MATCH (a) FOO (b) RETURN a.x AS x", &["FOO"]),
        ("MATCH (a) RETURN a.x AS x MATCH (b) RETURN", &["MATCH", ""]),
    ] {
        assert_eq!(marked(text), expected, "{text}");
    }
}

#[test]
fn of_a_text_that_is_wrong_throughout_no_more_is_found_than_somebody_reads() {
    let text = "WITH ".repeat(12_900);
    assert_eq!(faults(&text).len(), 100);
}

#[test]
fn names_are_looked_at_once_the_text_can_be_read() {
    assert_eq!(marked("MATCH (a) WHERE b.x RETURN c AS x"), ["b", "c"]);
    assert_eq!(marked("MATCH (a) WHERE b.x = RETURN c AS x"), ["RETURN"]);
    assert_eq!(marked("MATCH (a) RETURN a.x AS x"), Vec::<&str>::new());
}

#[test]
fn the_first_fault_of_any_damaged_text_is_the_one_that_refuses_it_and_each_stands_behind_the_one_before() {
    for seed in 0..300 {
        let mut choice = Choice::new(seed);
        let case = Case::generate(seed);
        let text = case.query.clone();
        let mut words: Vec<&str> = text.split_inclusive(' ').collect();
        for _ in 0..3 {
            if words.len() > 1 {
                words.remove(choice.below(words.len()));
            }
        }
        let text = words.concat();
        marked(&text);
        let starts: Vec<usize> = faults(&text).iter().map(|fault| fault.span.start).collect();
        if parse(&text).is_err_and(|error| error.code.starts_with("LW1")) {
            assert!(starts.is_sorted_by(|a, b| a < b), "{text}: {starts:?}");
        }
    }
}
