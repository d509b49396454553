//! The promise of the engine: after every transaction its rows are the query evaluated from scratch, and
//! what it says of each transaction leads from the rows before to the rows after.
//!
//! `LIVEWELL_CASES` says how many cases (300), `LIVEWELL_SEED` the first one's seed (0).

use super::Case;
use livewell_model::{AppliedChange, AppliedTransaction, Map};
use livewell_query::Engine;
use livewell_query::language::{Diagnostic, DiagnosticKind};
use livewell_query::reference::Reference;
use livewell_scenarios::lockstep::{Lockstep, Stepped};
use std::collections::BTreeMap;
use std::io::Write;

#[test]
fn the_maintained_rows_are_the_query_evaluated_from_scratch() {
    check_all(64);
}

#[test]
fn rows_whose_signatures_collide_stay_apart() {
    check_all(3);
}

/// Checks the cases with row signatures of so many bits of their keys' hashes.
fn check_all(hash_bits: u32) {
    let setting = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().expect("a number in the setting"))
    };
    let first = setting("LIVEWELL_SEED", 0);
    let (mut compared, mut refused) = (0, 0);
    for seed in first..first + setting("LIVEWELL_CASES", 300) {
        let case = Case::generate(seed);
        match check(&case, hash_bits) {
            Ok(true) => compared += 1,
            Ok(false) => refused += 1,
            Err(_) => fail(&case, seed, hash_bits),
        }
    }
    let counted = format!("counted: {compared} pairs agree, {refused} queries are refused");
    writeln!(std::io::stdout(), "{counted}").expect("somebody reads it");
}

#[test]
fn a_graph_that_comes_at_once_is_joined_as_one_that_comes_bit_by_bit() {
    let mut compared = 0;
    for seed in 10_000..10_400 {
        let mut case = Case::generate(seed);
        case.stream = at_once(&case.stream);
        match check(&case, 64) {
            Ok(is_compared) => compared += u32::from(is_compared),
            Err(why) => panic!("{why}\n\nthe case of seed {seed}:\n{case}"),
        }
    }
    assert!(compared > 300, "{compared} pairs were compared");
}

/// The stream with the graph of its first half in one transaction.
fn at_once(stream: &[AppliedTransaction]) -> Vec<AppliedTransaction> {
    let (first, rest) = stream.split_at(stream.len() / 2);
    let mut graph = BTreeMap::new();
    for change in first.iter().flat_map(|transaction| &transaction.changes) {
        graph.insert(change.id().clone(), change.after.clone());
    }
    let insert = |element| AppliedChange { before: None, after: Some(element) };
    let changes = graph.into_values().flatten().map(insert).collect();
    let whole = first.last().map(|last| AppliedTransaction { changes, ..last.clone() });
    whole.into_iter().chain(rest.iter().cloned()).collect()
}

fn fail(case: &Case, seed: u64, hash_bits: u32) -> ! {
    let shrunk = case.shrunk(|case| check(case, hash_bits).is_err());
    let why = check(&shrunk, hash_bits).expect_err("a shrunk case still fails");
    panic!("{why}\n\nshrunk from the case of seed {seed}:\n{shrunk}");
}

/// Runs the case; says whether the query is taken, and else what went wrong and when.
fn check(case: &Case, hash_bits: u32) -> Result<bool, String> {
    let refused = |refusal: Diagnostic| refusal.render(&case.query, "query");
    let query = livewell_query::parse(&case.query).map_err(refused)?;
    let reference = Reference::new(&query, &Map::new()).map_err(refused)?;
    let engine = match Engine::compile(&case.query, &Map::new()) {
        // What cannot be maintained yet is refused, and never wrong.
        Err(refusal) if refusal.kind == DiagnosticKind::NotSupported => return Ok(false),
        engine => engine.map_err(refused)?.with_hash_bits(hash_bits),
    };
    let mut pair = Lockstep::new(&engine, &reference);
    if !agree("the base", pair.begin())? {
        return Ok(true);
    }
    for transaction in &case.stream {
        if !agree(&format!("transaction {}", transaction.sequence), pair.step(transaction))? {
            return Ok(true);
        }
    }
    Ok(true)
}

/// `Ok(false)`: both erred, and the case ends here.
fn agree(when: &str, stepped: Result<Stepped, String>) -> Result<bool, String> {
    match stepped.map_err(|why| format!("{when}: {why}"))? {
        Stepped::Agree => Ok(true),
        Stepped::ReferenceFailed(_, Err(_)) => Ok(false),
        Stepped::ReferenceFailed(error, Ok(_)) => {
            Err(format!("{when}: the engine did not err, the reference did: {error}"))
        }
    }
}
