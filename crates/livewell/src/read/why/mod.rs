//! Why a row is in the results of a query, why it is not, and how many are left after each step.
//!
//! One snapshot of the store gives the row, what became of it, and the query's checkpoints; the elements are read as
//! they were at these (`read::seen`), and the reference evaluator explains the row over them. Whether a row
//! that is named by its signature is here is what the results say; if the evaluation has another opinion, the answer is
//! an error.

mod answer;
mod gone;
mod history;
mod limits;
mod question;

use crate::Error;
use crate::component::marks::Marks;
use crate::feed::follow::frontier;
use crate::read::seen::{Reading, Seen};
use crate::settings::Query;
use livewell_model::row::{key_hash, signature_text};
use livewell_model::{Row, SmolStr};
use livewell_query::expression::EvalError;
use livewell_query::language::ast::{Clause, Pattern};
use livewell_query::reference::Graph;
use livewell_query::{Settings, parse};
use livewell_store::{Feed, LiveSnapshot, Store};

pub use answer::{Answer, AnswerRow, Happened, Left, Named};
pub use limits::Within;
pub use livewell_query::reference::why::{self as steps, Given};
pub use question::Question;

pub(crate) use limits::Limited;
use question::{Asked, Of};
use steps::{Explanation, Funnel, Why};

/// Explains a row of a query in a store that no other process writes meanwhile; [`crate::Livewell::why`] is for the
/// process that writes it.
///
/// # Errors
/// Returns [`crate::ErrorKind::NotFound`] for an unknown query; LW0800 for a column or variable that it has not; LW0801
/// for a signature that no row has and none in the outbox had; LW0802 at a limit; LW0803 if the query cannot be explained
/// without values of its `for_each`, or not at all; LW0804 if the evaluation contradicts the results; LW0544 for values
/// that it does not declare; LW0529 or LW0534 if it is being built or too far behind; the error of an expression without
/// a value; or an error if the store cannot be read.
pub fn why(store: &dyn Store, query: &str, question: &Question, within: &Within) -> Result<Answer, Error> {
    let (limited, marks) = (within.begin(), Marks::default());
    Explaining { store, marks: &marks, holds: None, limited }.why(query, question)
}

/// Counts what is left after each step of a query in a store that no other process writes meanwhile.
///
/// # Errors
/// Returns the errors of [`why`]. At a limit that is reached once all elements are read, the counts so far are returned.
pub fn funnel(
    store: &dyn Store,
    query: &str,
    values: Option<&crate::Values>,
    within: &Within,
) -> Result<Left, Error> {
    let (limited, marks) = (within.begin(), Marks::default());
    Explaining { store, marks: &marks, holds: None, limited }.funnel(query, values)
}

/// Returns the variables of a query's text that a question can name: those of single elements, in its order.
///
/// # Errors
/// Returns an error if it is not a query.
pub fn variables(cypher: &str) -> Result<Vec<SmolStr>, Error> {
    let query = parse(cypher)?;
    let mut variables: Vec<SmolStr> = Vec::new();
    for pattern in query.branches.iter().flat_map(|branch| &branch.clauses).flat_map(patterns) {
        let nodes = pattern.nodes.iter().map(|node| &node.variable);
        // What has a length is bound to a list.
        let relationships = pattern.relationships.iter().filter(|one| one.length.is_none());
        for name in nodes.chain(relationships.map(|one| &one.variable)).flatten() {
            if !variables.contains(&name.text) {
                variables.push(name.text.clone());
            }
        }
    }
    Ok(variables)
}

fn patterns(clause: &Clause) -> &[Pattern] {
    match clause {
        Clause::Match(of) => &of.patterns,
        Clause::Unwind(_) | Clause::With(_) | Clause::Call(_) => &[],
    }
}

/// How a question is answered.
pub(crate) struct Explaining<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) marks: &'a Marks,
    pub(crate) holds: Option<&'a crate::component::holds::Holds>,
    pub(crate) limited: Limited,
}

/// A query and its place, of one moment.
struct Begun<'a> {
    seen: Seen<'a>,
    live: LiveSnapshot,
    of: Of,
    place: (String, u64, u64),
    history_from: u64,
}

impl<'a> Explaining<'a> {
    fn reading(&self) -> Reading<'a> {
        Reading { store: self.store, holds: self.holds, meter: self.limited.meter.clone() }
    }

    fn begin(&self, query: &str) -> Result<Begun<'a>, Error> {
        let (seen, live) = Seen::begin(&self.reading(), query)?;
        let of = Of::new(&seen.query)?;
        let head = &live.0.head;
        let position = frontier(live.0.snapshot(), self.marks, live.0.number)?;
        let place = (head.epoch.to_string(), head.sequence, position);
        let history_from = head.low;
        Ok(Begun { seen, live, of, place, history_from })
    }

    /// Answers a question about a row.
    ///
    /// # Errors
    /// Returns the errors of [`why`].
    pub(crate) fn why(&self, query: &str, question: &Question) -> Result<Answer, Error> {
        let limited = |error| self.limited.named(query, error);
        let begun = self.begin(query).map_err(limited)?;
        let asked = question.asked(&begun.of, &begun.live, &self.limited.meter).map_err(limited)?;
        let Begun { seen, live, of, place, history_from } = begun;
        // A snapshot that is held keeps the store from using its pages again.
        drop(live);
        let compiled = compiled(&seen.query, &of, &asked)?;
        if let Some(unknown) = compiled.unknown(&asked.given) {
            return Err(question::unknown(query, unknown, &compiled));
        }
        let graph = seen.graph(&self.reading(), &|_, _| ()).map_err(limited)?;
        let named = |error: EvalError| self.limited.of_evaluation(query, error);
        let found = self.explain(&compiled, &graph, &asked).map_err(named)?;
        let Some(found) = found.filter(|found| asked.is_live.is_none_or(|is_live| !is_live || found.here))
        else {
            return Err(contradicts(query, &asked));
        };
        let mut answer = Answer {
            query_id: query.to_owned(),
            epoch: place.0,
            sequence: place.1,
            position: place.2,
            here: asked.is_live.unwrap_or(found.here),
            rows: found.rows,
            row: None,
            steps: found.steps,
            history: asked.history,
            history_from,
            note: None,
        };
        let names = of.shown();
        let columns = asked.row.or_else(|| found.row.as_ref().map(|(_, values)| values.clone().into()));
        let mut signature = asked.signature;
        if let (None, Some((key, values))) = (signature, &found.row) {
            let found = self.signature_of(query, &of, &asked.value, (key, values), &names)?;
            if let Some((of_row, history)) = found {
                (signature, answer.history) = (Some(of_row), history);
            }
        }
        answer.row = columns.map(|columns| AnswerRow {
            row_signature: signature.map(signature_text),
            data: Named { names, columns },
        });
        if asked.is_live == Some(false) {
            answer.note = Some(gone::note(&answer.history, answer.rows > 0));
        }
        Ok(answer)
    }

    /// Explains the row by its key, or looks for one with what is given.
    fn explain(&self, why: &Why, graph: &Graph, asked: &Asked) -> Result<Option<Explanation>, EvalError> {
        match &asked.key {
            Some(key) => why.row(graph, key),
            None if asked.is_live == Some(false) => gone::explain(why, graph, &asked.given).map(Some),
            None => why.find(graph, &asked.given).map(Some),
        }
    }

    /// Finds the signature of a row that the evaluation has, in the results as they are now, and what became of it.
    fn signature_of(
        &self,
        query: &str,
        of: &Of,
        value: &Option<Vec<u8>>,
        (key, values): (&[u8], &[livewell_model::Value]),
        names: &[SmolStr],
    ) -> Result<Option<(u64, Vec<Happened>)>, Error> {
        let snapshot = self.store.snapshot()?;
        let (entry, _) = crate::component::definition::find(&*snapshot, query)?;
        let Some(feed) = Feed::open(snapshot, entry.number)? else { return Ok(None) };
        let live = LiveSnapshot(feed);
        let found = match (&of.parts, value) {
            (Some(parts), Some(value)) => {
                of_columns(&live, value, |row| *parts.shown(&row.columns) == *values)?
            }
            _ => of_key(&live, key)?,
        };
        let Some(signature) = found else { return Ok(None) };
        let part = of.parts.as_ref().zip(value.as_deref());
        Ok(Some((signature, history::read(&live.0, signature, part, names, &self.limited.meter)?)))
    }

    /// Counts what is left after each step.
    ///
    /// # Errors
    /// Returns the errors of [`funnel`].
    pub(crate) fn funnel(&self, query: &str, values: Option<&crate::Values>) -> Result<Left, Error> {
        let limited = |error| self.limited.named(query, error);
        let Begun { seen, live, of, place, .. } = self.begin(query).map_err(limited)?;
        let asked = question::of_value(&of, values)?;
        drop(live);
        let compiled = compiled(&seen.query, &of, &asked)?;
        let graph = seen.graph(&self.reading(), &|_, _| ()).map_err(limited)?;
        let funnel = compiled.funnel(&graph).map_err(|error| self.limited.of_evaluation(query, error))?;
        if self.limited.is_cancelled() {
            return Err(self.limited.cancelled(query));
        }
        let Funnel { rows, steps, stopped } = funnel;
        let (epoch, sequence, position) = place;
        Ok(Left { query_id: query.to_owned(), epoch, sequence, position, rows, steps, stopped })
    }
}

/// Compiles the query, with the value that is asked for.
fn compiled(query: &Query, of: &Of, asked: &Asked) -> Result<Why, Error> {
    let mut params = query.params.clone();
    for (parameter, value) in of.parameters().iter().zip(&asked.values) {
        params.insert(parameter.name.as_str(), value.clone());
    }
    let settings = Settings { for_each: Vec::new(), ..query.engine_settings() };
    Ok(Why::new(&query.cypher, &parse(&query.cypher)?, &params, &settings)?)
}

/// The error that the evaluation does not have a row that the results have.
fn contradicts(query: &str, asked: &Asked) -> Error {
    let signature = asked.signature.map(signature_text).unwrap_or_default();
    let message = format!(
        "row {signature} is in the results of `{query}`, and evaluating the query from scratch does not give it; \
         `livewell verify {query}` compares all rows"
    );
    Error::stopped("LW0804", message)
}

/// Returns the signature of the row with this key. Signatures begin with the bits of the key's hash, behind which rows of
/// the same hash are numbered.
fn of_key(live: &LiveSnapshot, key: &[u8]) -> Result<Option<u64>, Error> {
    const RANK: u64 = 0xffff;
    let first = key_hash(key) & !RANK;
    for row in live.rows_after(first.checked_sub(1))? {
        let (signature, bytes) = row?;
        if signature & !RANK != first {
            break;
        }
        if Row::decode(&bytes)?.key == key {
            return Ok(Some(signature));
        }
    }
    Ok(None)
}

fn of_columns(live: &LiveSnapshot, value: &[u8], is_it: impl Fn(&Row) -> bool) -> Result<Option<u64>, Error> {
    for row in live.rows_of(value, None)? {
        let (signature, bytes) = row?;
        if is_it(&Row::decode(&bytes)?) {
            return Ok(Some(signature));
        }
    }
    Ok(None)
}
