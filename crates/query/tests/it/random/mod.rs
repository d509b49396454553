//! Random standing queries over random streams of changes. Everything follows from one seed.

pub mod elements;
mod engine_equals_reference;
mod expressions;
pub mod for_each;
mod generated_cases_are_sound;
mod over_time;
mod patterns;
mod projections;
pub mod stream;
mod subqueries;

use expressions::{Kind, Known};
use livewell_model::{AppliedChange, AppliedTransaction, Element, ElementId};
use livewell_scenarios::choice::{self, Choice};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A query and the stream it stands over.
#[derive(Debug, Clone)]
pub struct Case {
    /// What everything else follows from.
    pub seed: u64,
    /// The query's text.
    pub query: String,
    /// The transactions, each image chained to the one before it.
    pub stream: Vec<AppliedTransaction>,
}

impl Case {
    /// The case of this seed.
    pub fn generate(seed: u64) -> Self {
        let mut choice = Choice::new(seed);
        Self { seed, query: query(&mut choice), stream: stream::generate(&mut choice) }
    }

    /// The smallest case found that still `fails`: without the transactions after the failing one, the
    /// elements that have no part in it, and the transactions that may as well not have been.
    pub fn shrunk(&self, fails: impl Fn(&Self) -> bool) -> Self {
        let prefix = (0..=self.stream.len()).map(|len| self.truncated(len)).find(&fails);
        let mut smallest = prefix.unwrap_or_else(|| self.clone());
        let changes = self.stream.iter().flat_map(|transaction| &transaction.changes);
        let ids: BTreeSet<ElementId> = changes.map(|change| change.id().clone()).collect();
        for id in ids {
            let smaller = smallest.without(&id);
            if fails(&smaller) {
                smallest = smaller;
            }
        }
        for sequence in 1..=self.stream.len() as u64 {
            let smaller = smallest.without_transaction(sequence);
            if fails(&smaller) {
                smallest = smaller;
            }
        }
        smallest
    }

    fn truncated(&self, len: usize) -> Self {
        Self { stream: self.stream[..len].to_vec(), ..self.clone() }
    }

    /// The case in which the element never was. Images stay chained, for each is about one element.
    fn without(&self, id: &ElementId) -> Self {
        let mut case = self.clone();
        for transaction in &mut case.stream {
            transaction.changes.retain(|change| change.id() != id);
        }
        case
    }

    /// The case without a transaction; the images after it are chained to the ones before it.
    fn without_transaction(&self, sequence: u64) -> Self {
        let mut elements = BTreeMap::new();
        let mut case = self.clone();
        case.stream.retain(|transaction| transaction.sequence != sequence);
        for change in case.stream.iter_mut().flat_map(|transaction| &mut transaction.changes) {
            change.before = elements.insert(change.id().clone(), change.after.clone()).flatten();
        }
        for transaction in &mut case.stream {
            let bytes = |image: &Option<Element>| image.as_ref().map(stream::bytes);
            transaction.changes.retain(|change| bytes(&change.before) != bytes(&change.after));
        }
        case
    }
}

/// The text of a random query: one single query, or several under UNION.
fn query(choice: &mut Choice) -> String {
    if !choice.one_in(10) {
        let mut known = Known::default();
        let text = clauses(choice, &mut known, 3);
        return text + &projections::returns(choice, &known);
    }
    let union = *choice.of(&["\nUNION\n", "\nUNION ALL\n"]);
    let columns = choice.between(1, 3);
    let branches = (0..choice.between(2, 3)).map(|_| {
        let mut known = Known::default();
        let text = clauses(choice, &mut known, 1);
        text + &projections::returns_columns(choice, &known, columns)
    });
    branches.collect::<Vec<_>>().join(union)
}

/// The clauses before RETURN, whose variables become known. The first matches at most so many relationships.
fn clauses(choice: &mut Choice, known: &mut Known, relationships_max: usize) -> String {
    let first = match choice.weighted(&[16, 2, 1]) {
        0 => patterns::clause(choice, known, relationships_max),
        1 => format!("OPTIONAL {}", patterns::clause(choice, known, relationships_max)),
        _ => unwind(choice, known),
    };
    first + &more_clauses(choice, known)
}

/// Clauses that follow on others.
fn more_clauses(choice: &mut Choice, known: &mut Known) -> String {
    let mut text = String::new();
    for _ in 0..choice.weighted(&[5, 5, 3, 2]) {
        text += &match choice.weighted(&[5, 2, 3, 2, 2, 2, 2]) {
            0 => projections::with(choice, known),
            1 => patterns::clause(choice, known, 1),
            2 => format!("OPTIONAL {}", patterns::clause(choice, known, 1)),
            4 => over_time::clause(choice, known),
            5 => projections::short(choice, known),
            6 => subqueries::call(choice, known).unwrap_or_default(),
            _ => unwind(choice, known),
        };
    }
    text
}

/// An UNWIND clause, whose variable becomes known.
fn unwind(choice: &mut Choice, known: &mut Known) -> String {
    let (list, of) = match choice.weighted(&[2, 2, 1, 1, 1]) {
        0 => (Kind::Nodes, Kind::Node),
        1 => (Kind::Relationships, Kind::Relationship),
        2 => (Kind::List, Kind::Any),
        3 => {
            let count = known.fresh("u");
            known.variables.push((count.clone(), Kind::Int));
            return format!("UNWIND range(0, {}) AS {count}\n", choice.below(3));
        }
        _ => {
            let items = (0..choice.below(4)).map(|_| expressions::any(choice, known, 1)).collect::<Vec<_>>();
            let item = known.fresh("u");
            known.variables.push((item.clone(), Kind::Any));
            return format!("UNWIND [{}] AS {item}\n", items.join(", "));
        }
    };
    let list = expressions::of_kind(choice, known, list, 1);
    let item = known.fresh("u");
    known.variables.push((item.clone(), of));
    format!("UNWIND {list} AS {item}\n")
}

/// A reproduction: the seed, the query and every change.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "LIVEWELL_SEED={} LIVEWELL_CASES=1", self.seed)?;
        writeln!(f, "{}", self.query)?;
        for transaction in &self.stream {
            writeln!(f, "transaction {} at {}", transaction.sequence, transaction.timestamp.to_rfc3339())?;
            for AppliedChange { before, after } in &transaction.changes {
                let image = |element| elements::text(element);
                match (before, after) {
                    (None, Some(after)) => writeln!(f, "  insert {}", image(after))?,
                    (Some(before), None) => writeln!(f, "  delete {}", image(before))?,
                    (Some(before), Some(after)) => {
                        writeln!(f, "  update {}\n      to {}", image(before), image(after))?;
                    }
                    (None, None) => unreachable!("an applied change has an image"),
                }
            }
        }
        Ok(())
    }
}
