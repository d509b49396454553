//! A parser by other hands beside ours: `open-cypher`, made from openCypher's own grammar. It reads syntax only and
//! more of it than a standing query has (GQL's patterns, keywords as names), so what is compared is
//! whole queries both ways, and damaged ones in the direction that matters: what we accept is Cypher.

use crate::language_scenarios::{say, scenarios};
use crate::random::Case;
use livewell_query::language::DiagnosticKind;
use livewell_query::parse;
use livewell_scenarios::choice::Choice;

/// How many random queries stand beside the scenarios'.
const RANDOM: u64 = 1_000;

/// Spellings of random queries that are newer than the other parser.
const NEWER: &[&str] = &[
    "\nLET ",
    "\nFILTER ",
    "\nORDER BY ",
    "\nSKIP ",
    "\nLIMIT ",
    " || ",
    ", IS NULL THEN",
    ", < 2 THEN",
    ", <> 'x' THEN",
    ", STARTS WITH 'x' THEN",
    ", 2.0 THEN",
    "CALL (",
    " IS :: ",
    " {.",
    " IS NOT TYPED",
    ":A|B",
    "(A|B)&!C",
    ":!(",
    " IS !",
    " IS %",
    ":(R|S)&!S",
    "-{",
    ">{",
    ">*",
    ">+",
    "]-*",
    "]-+",
];

/// How often each query is damaged.
const DAMAGED: usize = 5;

/// The tokens of a text, comments and spaces too.
fn pieces(text: &str) -> Vec<&str> {
    open_cypher::lex(text).tokens.iter().map(|token| &text[token.span.start..token.span.end]).collect()
}

/// The text as the other parser takes it: it wants the MATCH in front of a subquery's pattern, which may be left out,
/// in some texts takes `collect(` for the beginning of a subquery, and always `<-` for an arrow, also where a number is
/// less than what a minus stands before.
fn for_the_other(text: &str) -> String {
    let mut spelled = String::new();
    let mut before = ["", ""];
    let pieces = pieces(text);
    for (at, piece) in pieces.iter().copied().enumerate() {
        let is_space = piece.trim().is_empty();
        let next = pieces[at + 1..].iter().find(|next| !next.trim().is_empty());
        if piece == "<-" && next.is_some_and(|next| !["[", "-"].contains(next)) {
            spelled.push_str("< -");
            before = [before[1], piece];
            continue;
        }
        let opens = before[1] == "{" && ["EXISTS", "COUNT"].contains(&&*before[0].to_uppercase());
        if opens && piece == "(" {
            spelled.push_str("MATCH ");
        }
        spelled.push_str(if piece.eq_ignore_ascii_case("collect") { "gathered" } else { piece });
        if !is_space {
            before = [before[1], piece];
        }
    }
    spelled.replace("gathered {", "COLLECT {")
}

/// Whether a MATCH follows a condition with a label, which the other parser misreads inside a subquery.
fn is_misread_by_the_other(text: &str) -> bool {
    let mut in_condition = false;
    let mut has_label = false;
    for piece in pieces(text) {
        match piece {
            "WHERE" => (in_condition, has_label) = (true, false),
            ":" => has_label |= in_condition,
            "MATCH" | "OPTIONAL" if has_label => return true,
            "{" | "}" => in_condition = false,
            _ => {}
        }
    }
    false
}

fn is_cypher_to_the_other(text: &str) -> bool {
    open_cypher::parse(&for_the_other(text)).is_ok()
}

/// Whether the text is Cypher, whatever a standing query makes of it. A number that is only too large is Cypher.
fn is_cypher_to_us(text: &str) -> bool {
    let Err(found) = parse(text) else { return true };
    found.kind != DiagnosticKind::NotCypher
        || ["64 bits", "too large"].iter().any(|why| found.message.contains(why))
}

fn whole_queries() -> Vec<String> {
    const TIERS: [&str; 8] = [
        "G1-core",
        "G2-order/limit",
        "G3-paths",
        "G4-varlen",
        "G5-advanced",
        "C-constant",
        "E-compile",
        "E-runtime",
    ];
    let of_scenarios = TIERS.into_iter().flat_map(scenarios);
    let texts = of_scenarios.map(|scenario| scenario["query"].as_str().expect("a query").to_string());
    let is_known = |text: &String| !NEWER.iter().any(|newer| text.contains(newer));
    texts.chain((0..RANDOM).map(|seed| Case::generate(seed).query)).filter(is_known).collect()
}

/// A token taken out, doubled somewhere else, or changed with another.
fn damaged(text: &str, choice: &mut Choice) -> String {
    let mut pieces = pieces(text);
    let (at, other) = (choice.below(pieces.len()), choice.below(pieces.len()));
    match choice.below(3) {
        0 => drop(pieces.remove(at)),
        1 => pieces.insert(other, pieces[at]),
        _ => pieces.swap(at, other),
    }
    pieces.concat()
}

#[test]
fn a_whole_query_is_cypher_to_both_parsers_or_to_neither() {
    let texts = whole_queries();
    let differ = |text: &&String| is_cypher_to_us(text) != is_cypher_to_the_other(text);
    let differ: Vec<&String> =
        texts.iter().filter(differ).filter(|text| !is_misread_by_the_other(text)).collect();
    say(&format!("{} queries read by two parsers", texts.len()));
    assert!(differ.is_empty(), "read by one parser alone: {differ:#?}");
}

#[test]
fn a_damaged_query_that_is_accepted_is_cypher_to_the_other_parser() {
    let mut choice = Choice::new(0x0c1f);
    let (mut accepted, mut wrongly) = (0, vec![]);
    let texts = whole_queries();
    for text in &texts {
        for _ in 0..DAMAGED {
            let text = damaged(text, &mut choice);
            if parse(&text).is_ok() {
                accepted += 1;
                // It takes `|` or `|:` between types, but not both.
                let read =
                    is_cypher_to_the_other(&text) || text.contains("|:") || is_misread_by_the_other(&text);
                wrongly.extend((!read).then_some(text));
            }
        }
    }
    say(&format!("{accepted} damaged queries accepted"));
    assert!(wrongly.is_empty(), "accepted, and no Cypher to the other parser: {wrongly:#?}");
    // On average one of the damaged forms of each.
    assert!(
        accepted > texts.len(),
        "too few damaged queries are still queries: {accepted} of {}",
        texts.len()
    );
}
