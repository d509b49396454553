//! Random standing queries over random streams of changes. Everything follows from one seed.

mod elements;
mod engine_equals_reference;
mod expressions;
mod generated_cases_are_sound;
mod patterns;
mod projections;
mod stream;

use expressions::Known;
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

/// The text of a random query.
fn query(choice: &mut Choice) -> String {
    let mut known = Known::default();
    let mut text = patterns::clause(choice, &mut known, 3);
    if choice.one_in(4) {
        text += &patterns::clause(choice, &mut known, 1);
    }
    for _ in 0..choice.weighted(&[5, 4, 2]) {
        text += &projections::with(choice, &mut known);
    }
    text + &projections::returns(choice, &known)
}

/// A reproduction: the seed, the query and every change.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "LIVEWELL_SEED={} LIVEWELL_CASES=1", self.seed)?;
        writeln!(f, "{}", self.query)?;
        for transaction in &self.stream {
            writeln!(f, "transaction {}", transaction.sequence)?;
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
