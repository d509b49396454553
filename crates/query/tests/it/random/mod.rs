//! Random standing queries over random streams of changes. Everything follows from one seed.

mod choice;
mod elements;
mod expressions;
mod generated_cases_are_sound;
mod patterns;
mod projections;
mod stream;

use choice::Choice;
use expressions::Known;
use livewell_model::{AppliedChange, AppliedTransaction, ElementId};
use std::collections::BTreeSet;
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

    /// The smallest case found that still `fails`: without the transactions after the failing one, and
    /// without the elements that have no part in it.
    pub fn shrunk(&self, fails: impl Fn(&Self) -> bool) -> Self {
        let mut smallest = self.clone();
        let prefix = (0..=self.stream.len()).find(|len| fails(&self.truncated(*len)));
        if let Some(len) = prefix {
            smallest = self.truncated(len);
        }
        let ids = |case: &Self| -> BTreeSet<ElementId> {
            case.stream.iter().flat_map(|t| t.changes.iter().map(|change| change.id().clone())).collect()
        };
        for id in ids(&smallest) {
            let without = smallest.without(&id);
            if fails(&without) {
                smallest = without;
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
        if choice.one_in(6) {
            text += &patterns::clause(choice, &mut known, 1);
        }
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
