//! Judges one scenario: the query as a standing query over many random feeds of its graph.

use crate::choice::Choice;
use crate::feed::{self, Temper, Vocabulary};
use crate::lockstep::{Lockstep, Stepped};
use crate::scenario::{Expected, Scenario};
use crate::table::Table;
use crate::value::Unread;
use livewell_model::{AppliedTransaction, Element, Row, Timestamp};
use livewell_query::parse;
use livewell_query::reference::Reference;
use livewell_query::{Engine, MemoryState};

/// The number of feeds, and their seeds.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How many feeds of each scenario.
    pub feeds: u64,
    /// The seed of the first feed; each next one has the next number.
    pub seed: u64,
}

/// The outcome of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It is answered as expected on every feed, or rejected as expected.
    Passed,
    /// It is answered wrongly, or accepted where an error is expected.
    Failed(String),
    /// It is rejected by a diagnostic.
    Unsupported(String),
}

/// How often a feed is drawn again if the reference has no answer on its way. The last tries are tame.
const TRIES: u64 = 24;

/// Judges a scenario.
pub fn judge(scenario: &Scenario<'_>, settings: Settings) -> Judgement {
    match judged(scenario, settings) {
        Ok(()) => Judgement::Passed,
        Err(other) => other,
    }
}

impl From<Unread> for Judgement {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Malformed(why) => Self::Failed(format!("the scenario cannot be read: {why}")),
            Unread::Refused(why) => Self::Unsupported(why),
        }
    }
}

fn judged(scenario: &Scenario<'_>, settings: Settings) -> Result<(), Judgement> {
    let (text, params) = (scenario.query()?, scenario.params()?);
    let table = match scenario.expected()? {
        Expected::Rows(table) => table,
        Expected::Error(error) => return rejected(scenario, &error, settings),
    };
    let engine =
        Engine::compile(text, &params).map_err(|refusal| Judgement::Unsupported(refusal.to_string()))?;
    let refused =
        |why: String| Judgement::Failed(format!("the reference refuses what the engine accepts: {why}"));
    let query = parse(text).map_err(|refusal| refused(refusal.to_string()))?;
    let reference = Reference::new(&query, &params).map_err(|refusal| refused(refusal.to_string()))?;
    let graph = scenario.graph()?;
    let vocabulary = Vocabulary::of(&graph, text);
    for seed in settings.seed..settings.seed + settings.feeds {
        let feeds = Feeds { graph: &graph, vocabulary: &vocabulary, seed };
        holds(&engine, &reference, &table, &feeds)
            .map_err(|why| Judgement::Failed(format!("seed {seed}: {why}")))?;
    }
    Ok(())
}

/// The feeds that may be drawn under one seed.
struct Feeds<'a> {
    graph: &'a [Element],
    vocabulary: &'a Vocabulary,
    seed: u64,
}

impl Feeds<'_> {
    fn draw(&self, attempt: u64) -> Vec<AppliedTransaction> {
        let temper = match TRIES - attempt {
            1 => Temper::Whole,
            2..=4 => Temper::Ordered,
            5..=8 => Temper::Restless,
            _ => Temper::Wild,
        };
        let mut choice = Choice::new(self.seed.wrapping_mul(TRIES).wrapping_add(attempt));
        feed::draw(self.graph, self.vocabulary, temper, &mut choice)
    }
}

/// Compares the engine with the reference along one feed, and at its end with the table.
fn holds(engine: &Engine, reference: &Reference, table: &Table, feeds: &Feeds<'_>) -> Result<(), String> {
    let mut last = String::new();
    for attempt in 0..TRIES {
        match along(engine, reference, &feeds.draw(attempt))? {
            Ok(rows) => {
                return table.compare(engine.columns(), &as_read(rows));
            }
            Err(error) => last = error,
        }
    }
    Err(format!("the reference has no answer on the way of any feed, lastly: {last}"))
}

/// Returns the live rows at the end of a feed; the inner error means that the reference has no answer on its way.
fn along(
    engine: &Engine,
    reference: &Reference,
    feed: &[AppliedTransaction],
) -> Result<Result<Vec<Row>, String>, String> {
    let mut pair = Lockstep::new(engine, reference);
    if let Stepped::ReferenceFailed(error, _) = pair.begin().map_err(|why| format!("the base: {why}"))? {
        return Ok(Err(error.to_string()));
    }
    for transaction in feed {
        let stepped =
            pair.step(transaction).map_err(|why| format!("transaction {}: {why}", transaction.sequence))?;
        if let Stepped::ReferenceFailed(error, _) = stepped {
            return Ok(Err(error.to_string()));
        }
    }
    Ok(Ok(pair.rows()))
}

/// Sorts rows as a reader of the query gets them: in the order of its ORDER BY, ties by the key.
fn as_read(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by(|one, other| (&one.order, &one.key).cmp(&(&other.order, &other.key)));
    rows
}

/// Judges whether the query is rejected: when it is compiled, or by a step on the way of every feed.
fn rejected(scenario: &Scenario<'_>, error: &str, settings: Settings) -> Result<(), Judgement> {
    let text = scenario.query()?;
    let Ok(engine) = Engine::compile(text, &scenario.params()?) else { return Ok(()) };
    let graph = scenario.graph()?;
    let vocabulary = Vocabulary::of(&graph, text);
    for seed in settings.seed..settings.seed + settings.feeds.max(1) {
        let feeds = Feeds { graph: &graph, vocabulary: &vocabulary, seed };
        // A tame feed, since a failure that a wrong element or junk causes is not the graph's.
        if let Some(rows) = accepted(&engine, &feeds.draw(TRIES - 1 - seed % 4)) {
            return Err(Judgement::Failed(format!(
                "expected {error}, but it is accepted and has {rows} rows"
            )));
        }
    }
    Ok(())
}

/// Returns the number of rows at the end of a feed; `None` if a step fails.
fn accepted(engine: &Engine, feed: &[AppliedTransaction]) -> Option<usize> {
    let mut state = MemoryState::new();
    engine.begin(&mut state, Timestamp(0)).ok()?;
    for transaction in feed {
        engine.step(&mut state, transaction).ok()?;
    }
    Some(state.rows().len())
}
