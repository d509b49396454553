//! The promise of explanations, over random queries and graphs: every row is there by steps that are true, what is not
//! there fails at a step that is false, and what is left after the last step are the rows.

mod oracle;

use crate::random::Case;
use livewell_model::{Map, Row, Value, key};
use livewell_query::Settings;
use livewell_query::language::ast::Query;
use livewell_query::reference::why::{Explanation, Given, Kind, Step, Why};
use livewell_query::reference::{Graph, Reference};
use livewell_scenarios::choice::Choice;
use oracle::Oracle;
use std::collections::BTreeMap;

/// What a case is explained with.
struct Explained {
    query: Query,
    why: Why,
    graph: Graph,
    rows: Vec<Row>,
}

/// Evaluates the query over the graph that the stream leads to; `None` if it has no value there.
fn explained(case: &Case) -> Option<Explained> {
    let query = livewell_query::parse(&case.query).ok()?;
    let reference = Reference::new(&query, &Map::new()).ok()?;
    let why =
        Why::new(&case.query, &query, &Map::new(), &Settings::default()).expect("the reference compiles");
    let mut graph = Graph::new();
    reference.rows(&graph).ok()?;
    for transaction in &case.stream {
        while let Some(due) = graph.next_due().filter(|due| *due <= transaction.timestamp) {
            graph.tick(due);
            reference.rows(&graph).ok()?;
        }
        graph.apply(transaction);
        reference.rows(&graph).ok()?;
    }
    let rows = reference.rows(&graph).ok()?;
    // As a verification has them: packed, with candidates looked up.
    let graph = if case.seed.is_multiple_of(2) { graph.packed() } else { graph };
    Some(Explained { query, why, graph, rows })
}

/// Explains the cases of these seeds, and returns how many could be.
fn each_case(seeds: std::ops::Range<u64>, check: impl Fn(&Case, &Explained)) -> usize {
    let mut count = 0;
    for seed in seeds {
        let case = Case::generate(seed);
        if let Some(explained) = explained(&case) {
            let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&case, &explained)));
            assert!(checked.is_ok(), "the case of seed {seed}:\n{case}");
            count += 1;
        }
    }
    count
}

#[test]
fn every_row_is_there_by_steps_that_are_true() {
    let cases = each_case(0..200, |_, Explained { why, graph, rows, .. }| {
        for row in rows.iter().take(20) {
            let found = why.row(graph, &row.key).expect("the reference has a value");
            let found = found.unwrap_or_else(|| panic!("no row with the key of {row:?}"));
            let (key, values) = found.row.as_ref().expect("a row that is here is shown");
            assert_eq!((key, key::of(values)), (&row.key, key::of(&*row.columns)));
            all_true(&found);
            elements_are_there(&found.steps, graph);
        }
    });
    assert!(cases > 150, "{cases} cases were explained");
}

#[test]
fn what_a_row_has_finds_it_and_others_like_it() {
    let cases = each_case(400..560, |_, Explained { why, graph, rows, .. }| {
        let mut like: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        for row in rows {
            *like.entry(key::of(&*row.columns)).or_default() += 1;
        }
        for row in rows.iter().take(10) {
            let found = why.find(graph, &given(why, &row.columns)).expect("the reference has a value");
            let count = like[&key::of(&*row.columns)];
            assert_eq!((found.here, found.rows), (true, count), "{row:?}: {:#?}", found.steps);
            all_true(&found);
        }
    });
    assert!(cases > 100, "{cases} cases were explained");
}

#[test]
fn what_is_not_there_fails_at_a_step_that_is_false() {
    let cases = each_case(700..860, |case, Explained { why, graph, rows, .. }| {
        let mut choice = Choice::new(case.seed);
        for _ in 0..4 {
            let wanted: Vec<Value> = why.columns().iter().map(|_| value(&mut choice, rows)).collect();
            let given = given(why, &wanted);
            let is_here = rows.iter().any(|row| key::of(&*row.columns) == key::of(&wanted));
            let found = why.find(graph, &given).expect("the reference has a value");
            assert_eq!(found.here, is_here, "{wanted:?}: {:#?}", found.steps);
            if !is_here {
                fails(&found);
            }
        }
    });
    assert!(cases > 100, "{cases} cases were explained");
}

#[test]
fn an_element_is_in_a_row_or_fails_at_a_step_that_is_false() {
    let mut asked = 0;
    for seed in 1_000..1_300 {
        let case = Case::generate(seed);
        let Some(Explained { query, why, graph, .. }) = explained(&case) else { continue };
        let Some(oracle) = Oracle::of_patterns(&query, &graph) else { continue };
        for (variable, ids) in &oracle.nodes {
            for at in 0..5 {
                let id = crate::random::elements::node_id(at);
                let given = [Given::Variable(variable.clone(), id.clone())];
                let found = why.find(&graph, &given).expect("the reference has a value");
                assert_eq!(found.here, ids.contains(&id), "{variable} {id}: {:#?}\n{case}", found.steps);
                if found.here {
                    all_true(&found);
                } else {
                    fails(&found);
                }
                asked += 1;
            }
        }
    }
    assert!(asked > 250, "{asked} elements were asked for");
}

#[test]
fn what_is_left_is_what_the_query_has_up_to_there() {
    let compared = std::cell::Cell::new(0);
    let cases = each_case(1_600..1_800, |case, Explained { query, why, graph, rows }| {
        let funnel = why.funnel(graph).expect("the reference has a value");
        assert_eq!((funnel.rows, funnel.stopped), (Some(rows.len() as u64), None), "{:#?}", funnel.steps);
        for pair in funnel.steps.windows(2).filter(|pair| pair[0].branch == pair[1].branch) {
            if pair[1].kind == Kind::Condition {
                assert!(pair[1].left <= pair[0].left, "{pair:#?}");
            }
        }
        for (span, expected) in oracle::up_to_each_clause(query, graph) {
            let within =
                |step: &&Step| step.span.is_some_and(|at| span.start <= at.start && at.end <= span.end);
            if let Some(last) = funnel.steps.iter().rfind(within) {
                assert_eq!(last.left, Some(expected), "{last:#?} of {}", &case.query[span.start..span.end]);
                compared.set(compared.get() + 1);
            }
        }
    });
    assert!(cases > 150 && compared.get() > 150, "{cases} cases, {} clauses", compared.get());
}

/// The columns of a row, as a caller gives them.
fn given(why: &Why, columns: &[Value]) -> Vec<Given> {
    why.columns()
        .iter()
        .zip(columns)
        .map(|(name, value)| Given::Column(name.clone(), value.clone()))
        .collect()
}

/// A value of a row, or another one.
fn value(choice: &mut Choice, rows: &[Row]) -> Value {
    match choice.below(4) {
        0 => Value::Int(choice.below(3) as i64),
        1 => Value::Null,
        _ if rows.is_empty() => Value::Bool(true),
        _ => {
            let row = choice.of(rows);
            row.columns.get(choice.below(row.columns.len().max(1))).cloned().unwrap_or_default()
        }
    }
}

fn all_true(found: &Explanation) {
    assert!(found.here);
    for step in &found.steps {
        assert_eq!(step.ok, Some(true), "{:#?}", found.steps);
        if step.kind == Kind::Condition {
            assert_eq!(step.value, Some(Value::Bool(true)), "{step:#?}");
        }
        if let Some(rank) = &step.rank {
            let at = rank.rank.expect("a row that is here has a rank");
            assert!(at > rank.skip && rank.limit.is_none_or(|limit| at <= rank.skip + limit), "{rank:?}");
        }
        assert!(step.left != Some(0), "{step:#?}");
    }
}

/// In each query of a UNION the first step that is not true is false: something came to it, and nothing passes it.
fn fails(found: &Explanation) {
    assert!(!found.here && found.row.is_none());
    let branches: std::collections::BTreeSet<_> = found.steps.iter().map(|step| step.branch).collect();
    for branch in branches {
        let steps: Vec<&Step> = found.steps.iter().filter(|step| step.branch == branch).collect();
        let decides = steps.iter().position(|step| step.ok == Some(false));
        let at = decides.unwrap_or_else(|| panic!("nothing decides: {steps:#?}"));
        assert_eq!(steps[at].left, Some(0), "{steps:#?}");
        if at > 0 {
            assert_ne!(steps[at - 1].ok, Some(false));
        }
        if steps[at].kind == Kind::Condition {
            assert!(
                steps[at].value.as_ref().is_none_or(|value| *value != Value::Bool(true)),
                "{:#?}",
                steps[at]
            );
            assert!(steps[at].value.is_some() || steps[at].note.is_some(), "{:#?}", steps[at]);
        }
        if let Some(rank) = &steps[at].rank
            && let Some(at) = rank.rank
        {
            assert!(at <= rank.skip || rank.limit.is_some_and(|limit| at > rank.skip + limit), "{rank:?}");
        }
    }
}

fn elements_are_there(steps: &[Step], graph: &Graph) {
    let elements = graph.elements();
    for bound in steps.iter().flat_map(|step| &step.elements) {
        let is_it = |id: &livewell_model::ElementId| id.source == bound.source && id.id == bound.id;
        let element = elements.iter().find(|element| is_it(element.id())).expect("it is in the graph");
        let labels = match element {
            livewell_model::Element::Node(node) => node.labels.clone(),
            livewell_model::Element::Relationship(one) => vec![one.kind.clone()],
        };
        assert_eq!(bound.labels, labels);
    }
}
