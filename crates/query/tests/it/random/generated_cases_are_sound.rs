//! The generator makes what it says: accepted queries, chained images, rows to look at, few errors.

use super::Case;
use livewell_model::codec::Writer;
use livewell_model::{Element, Map};
use livewell_query::reference::{Graph, Reference};
use std::collections::BTreeMap;

const CASES: u64 = 300;

#[test]
fn a_seed_means_the_same_case_again() {
    for seed in 0..20 {
        assert_eq!(Case::generate(seed).to_string(), Case::generate(seed).to_string());
    }
}

#[test]
fn images_chain_and_no_change_is_empty() {
    let bytes = |element: Option<&Element>| {
        let mut out = Writer::new();
        element.map(|element| out.element(element));
        out.bytes
    };
    for seed in 0..CASES {
        let mut elements = BTreeMap::new();
        for transaction in Case::generate(seed).stream {
            let mut seen = Vec::new();
            for change in transaction.changes {
                let id = change.id().clone();
                assert!(!seen.contains(&id), "seed {seed}: {id} twice in one transaction");
                assert_eq!(bytes(change.before.as_ref()), bytes(elements.get(&id)), "seed {seed}: {id}");
                assert_ne!(bytes(change.before.as_ref()), bytes(change.after.as_ref()), "seed {seed}: {id}");
                match change.after {
                    Some(after) => elements.insert(id.clone(), after),
                    None => elements.remove(&id),
                };
                seen.push(id);
            }
        }
    }
}

#[test]
fn generated_queries_are_accepted_have_rows_and_seldom_err() {
    let (mut with_rows, mut erred) = (0, 0);
    for seed in 0..CASES {
        let case = Case::generate(seed);
        let query = livewell_query::parse(&case.query)
            .unwrap_or_else(|refusal| panic!("seed {seed}: {}", refusal.render(&case.query, "query")));
        let reference = Reference::new(&query, &Map::new())
            .unwrap_or_else(|refusal| panic!("seed {seed}: {}", refusal.render(&case.query, "query")));
        let mut graph = Graph::new();
        let mut most = 0;
        for transaction in &case.stream {
            graph.apply(transaction);
            match reference.rows(&graph) {
                Ok(rows) => most = most.max(rows.len()),
                Err(_) => {
                    erred += 1;
                    break;
                }
            }
        }
        with_rows += u64::from(most > 0);
    }
    assert!(with_rows * 2 > CASES, "only {with_rows} of {CASES} cases ever had rows");
    assert!(erred * 10 < CASES, "{erred} of {CASES} cases erred");
}

#[test]
fn a_shrunk_case_still_fails_and_keeps_only_what_matters() {
    // "Fails" once any node has been deleted: the smallest such case has one element, last deleted.
    let fails = |case: &Case| {
        let mut changes = case.stream.iter().flat_map(|transaction| &transaction.changes);
        changes.any(|change| change.after.is_none() && matches!(change.before, Some(Element::Node(_))))
    };
    let case = (0..).map(Case::generate).find(fails).expect("some case deletes a node");
    let shrunk = case.shrunk(fails);
    let changes: Vec<_> = shrunk.stream.iter().flat_map(|transaction| &transaction.changes).collect();
    assert!(fails(&shrunk) && changes.iter().all(|change| change.id() == changes[0].id()), "{shrunk}");
    assert!(changes.last().is_some_and(|change| change.after.is_none()), "{shrunk}");
}
