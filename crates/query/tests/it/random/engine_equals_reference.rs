//! The promise of the engine: after every transaction its rows are the query evaluated from scratch, and
//! what it says of each transaction leads from the rows before to the rows after.
//!
//! `LIVEWELL_CASES` says how many cases (300), `LIVEWELL_SEED` the first one's seed (0).

use super::Case;
use livewell_model::diff::Columns;
use livewell_model::{Diff, Map, Row};
use livewell_query::language::{self, Diagnostic};
use livewell_query::reference::{Graph, Reference};
use livewell_query::{Engine, MemoryState};
use std::collections::BTreeMap;

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
    for seed in first..first + setting("LIVEWELL_CASES", 300) {
        let case = Case::generate(seed);
        if check(&case, hash_bits).is_err() {
            let shrunk = case.shrunk(|case| check(case, hash_bits).is_err());
            let why = check(&shrunk, hash_bits).expect_err("a shrunk case still fails");
            panic!("{why}\n\nshrunk from the case of seed {seed}:\n{shrunk}");
        }
    }
}

/// Runs the case; says what went wrong and when.
fn check(case: &Case, hash_bits: u32) -> Result<(), String> {
    let refused = |refusal: Diagnostic| refusal.render(&case.query, "query");
    let query = language::parse(&case.query).map_err(refused)?;
    let reference = Reference::new(&query, &Map::new()).map_err(refused)?;
    let engine = Engine::compile(&case.query, &Map::new()).map_err(refused)?.with_hash_bits(hash_bits);
    let mut state = MemoryState::new();
    let mut graph = Graph::new();
    let mut folded = BTreeMap::new();
    let base = engine.begin(&mut state).map_err(|error| error.to_string());
    let expected = reference.rows(&graph).map_err(|error| error.to_string());
    if !agree("the base", expected, base, &state, &mut folded)? {
        return Ok(());
    }
    for transaction in &case.stream {
        graph.apply(transaction);
        let expected = reference.rows(&graph).map_err(|error| error.to_string());
        let diffs = engine.step(&mut state, transaction).map_err(|error| error.to_string());
        let when = format!("transaction {}", transaction.sequence);
        if !agree(&when, expected, diffs, &state, &mut folded)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Compares one step's outcomes. `Ok(false)`: both erred, and the case ends here.
fn agree(
    when: &str,
    expected: Result<Vec<Row>, String>,
    diffs: Result<Vec<Diff>, String>,
    state: &MemoryState,
    folded: &mut BTreeMap<u64, Columns>,
) -> Result<bool, String> {
    let (expected, diffs) = match (expected, diffs) {
        (Ok(expected), Ok(diffs)) => (expected, diffs),
        (Err(_), Err(_)) => return Ok(false),
        (Err(error), Ok(_)) => {
            return Err(format!("{when}: the engine did not err, the reference did: {error}"));
        }
        (Ok(_), Err(error)) => {
            return Err(format!("{when}: the engine erred, the reference did not: {error}"));
        }
    };
    for pair in diffs.windows(2) {
        if pair[0].order() >= pair[1].order() {
            return Err(format!("{when}: diffs out of order: {pair:?}"));
        }
    }
    for diff in &diffs {
        fold(folded, diff).map_err(|why| format!("{when}: {why}: {diff:?}"))?;
    }
    let stored = state.rows();
    let by_signature: BTreeMap<u64, _> = stored.iter().map(|(signature, row)| (*signature, row)).collect();
    if by_signature.len() != stored.len() {
        return Err(format!("{when}: two stored rows of one signature"));
    }
    let told: Vec<_> = folded.iter().map(|(signature, columns)| (*signature, bytes(columns))).collect();
    let live: Vec<_> =
        by_signature.iter().map(|(signature, row)| (*signature, bytes(&row.columns))).collect();
    if told != live {
        return Err(format!("{when}: the diffs fold to\n  {folded:?}\nand stored is\n  {by_signature:?}"));
    }
    let mut want: Vec<_> = expected.iter().map(Row::encode).collect();
    let mut have: Vec<_> = stored.iter().map(|(_, row)| row.encode()).collect();
    want.sort();
    have.sort();
    if want != have {
        return Err(format!("{when}: expected\n  {expected:?}\nand stored is\n  {stored:?}"));
    }
    Ok(true)
}

/// Applies one diff to the rows it is about, which must be as it says they were.
fn fold(rows: &mut BTreeMap<u64, Columns>, diff: &Diff) -> Result<(), &'static str> {
    let signature = diff.row_signature();
    let was = rows.get(&signature).map(bytes);
    match diff {
        Diff::Add { .. } if was.is_some() => return Err("adds a row that is there"),
        Diff::Delete { data: before, .. } | Diff::Update { before, .. } if was != Some(bytes(before)) => {
            return Err("tells another row than the one that was");
        }
        Diff::Update { before, after, .. } if bytes(before) == bytes(after) => return Err("changes nothing"),
        Diff::Add { data, .. } | Diff::Update { after: data, .. } => rows.insert(signature, data.clone()),
        Diff::Delete { .. } => rows.remove(&signature),
    };
    Ok(())
}

/// The columns exactly: NaN is itself, `1` is not `1.0`, `0.0` is not `-0.0`.
fn bytes(columns: &Columns) -> Vec<u8> {
    Row { key: Vec::new(), columns: columns.clone(), order: Vec::new() }.encode()
}
