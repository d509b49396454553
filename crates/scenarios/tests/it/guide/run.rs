//! Runs an example: the output of the engine and of the reference must be what the page shows.

use super::evaluated::{Evaluated, Rows};
use livewell_cases::page::{Example, Exchange, Refused, Standing};
use livewell_cases::settings::{Given, given};
use livewell_cases::source::Source;
use livewell_model::diff::Columns;
use livewell_model::json::Data;
use livewell_model::{AppliedTransaction, Diff, SmolStr, Timestamp, row};
use livewell_query::parse;
use livewell_query::reference::Graph;
use livewell_query::{Engine, MemoryState};
use std::collections::BTreeMap;

/// Compares an example with the engine and the reference.
///
/// # Errors
/// Returns the first difference, with its line.
pub fn hold(example: &Example) -> Result<(), String> {
    match example {
        Example::Standing(standing) => hold_standing(standing),
        Example::Refused(refused) => hold_refused(refused),
    }
}

fn hold_standing(example: &Standing) -> Result<(), String> {
    let at_query = |why: String| format!("line {}: {why}", example.line);
    let Given { params, settings, of } = given(example.settings.as_deref()).map_err(at_query)?;
    let query = &example.query;
    let refused = |refusal: livewell_query::language::Diagnostic| at_query(refusal.render(query, "query"));
    let engine = Engine::compile_with(query, &params, &settings).map_err(refused)?;
    let tree = parse(query).map_err(refused)?;
    let reference = Evaluated::new(engine.for_each(), tree, &params, &settings, of.as_ref());
    let reference = reference.map_err(at_query)?;
    if let Some(plan) = example.plan.as_ref().filter(|plan| **plan != engine.explain()) {
        return Err(at_query(format!("the page shows the plan\n{plan}and it is\n{}", engine.explain())));
    }
    follow(example, &engine, reference)
}

/// Goes through the steps of an example.
///
/// # Errors
/// Returns the first difference, with its line.
pub fn follow(example: &Standing, engine: &Engine, reference: Evaluated) -> Result<(), String> {
    let mut both = Both::new(engine, reference);
    let first = &example.steps[0];
    let at_start = both.begin().map_err(|why| format!("line {}: {why}", first.line))?;
    let is_start = first.exchanges[0].fed.is_empty();
    if !is_start && !at_start.is_empty() {
        let why = format!("line {}: rows are there from the start, in a step of their own", first.line);
        return Err(format!("{why}:\n{}", at_start.join("\n")));
    }
    for (number, step) in example.steps.iter().enumerate() {
        for exchange in &step.exchanges {
            let start = if number == 0 && is_start { at_start.as_slice() } else { &[] };
            both.exchange(exchange, start).map_err(|why| format!("line {}: {why}", step.line))?;
        }
    }
    Ok(())
}

fn hold_refused(example: &Refused) -> Result<(), String> {
    let Given { params, settings, .. } = given(example.settings.as_deref())?;
    let told = match Engine::compile_with(&example.query, &params, &settings) {
        Ok(_) => "it is accepted".to_owned(),
        Err(refusal) => refusal.render(&example.query, "query"),
    };
    if told == example.message {
        return Ok(());
    }
    Err(format!("line {}: the page shows\n{}and it says\n{told}", example.line, example.message))
}

/// A query, maintained and evaluated from scratch side by side.
struct Both<'a> {
    engine: &'a Engine,
    reference: Evaluated,
    source: Source,
    state: MemoryState,
    graph: Graph,
    now: Timestamp,
    /// The reference's rows after the last transaction, by their keys.
    rows: Rows,
    stopped: bool,
}

impl<'a> Both<'a> {
    fn new(engine: &'a Engine, reference: Evaluated) -> Self {
        let (source, state, graph) = (Source::default(), MemoryState::new(), Graph::new());
        let now = Timestamp(0);
        Self { engine, reference, source, state, graph, now, rows: Rows::new(), stopped: false }
    }

    fn begin(&mut self) -> Result<Vec<String>, String> {
        let maintained = self.engine.begin(&mut self.state, self.now).map_err(|error| error.to_string());
        self.agree(maintained, true)
    }

    /// Feeds the transactions of an exchange; their output, after that of the `start`, must be what is shown.
    fn exchange(&mut self, exchange: &Exchange, start: &[String]) -> Result<(), String> {
        let mut out = start.to_vec();
        for fed in &exchange.fed {
            let transaction = self.source.take_in(fed)?;
            out.extend(self.step(&transaction)?);
        }
        if out == exchange.shown {
            return Ok(());
        }
        Err(format!("the page shows\n{}\nand it is\n{}", exchange.shown.join("\n"), out.join("\n")))
    }

    fn step(&mut self, transaction: &AppliedTransaction) -> Result<Vec<String>, String> {
        if self.stopped {
            return Err("the query has stopped before".into());
        }
        let now = self.now.max(transaction.timestamp);
        let mut out = Vec::new();
        while let Some(due) = self.graph.next_due().filter(|due| *due <= now) {
            self.graph.tick(due);
            let maintained = self.engine.tick(&mut self.state, due).map_err(|error| error.to_string());
            let said = self.agree(maintained, false)?;
            if !said.is_empty() {
                out.push(format!("@ {}", due.to_rfc3339()));
            }
            out.extend(said);
        }
        self.now = now;
        let transaction = AppliedTransaction { timestamp: now, ..transaction.clone() };
        self.graph.apply(&transaction);
        self.reference.note(&transaction);
        let maintained = self.engine.step(&mut self.state, &transaction).map_err(|error| error.to_string());
        out.extend(self.agree(maintained, false)?);
        Ok(out)
    }

    /// Returns the engine's output, in the short form, if the reference's is the same.
    fn agree(&mut self, maintained: Result<Vec<Diff>, String>, begins: bool) -> Result<Vec<String>, String> {
        let evaluated = self.reference.rows(&self.graph);
        match (maintained, evaluated) {
            (Err(error), Err(_)) => {
                self.stopped = true;
                Ok(vec![format!("! {error}")])
            }
            (Ok(diffs), Ok(rows)) => {
                let diffs = self.reference.dealt(diffs, begins);
                let before = std::mem::replace(&mut self.rows, rows);
                let told = |diffs: &[Diff]| -> Vec<_> {
                    let mut told: Vec<_> = diffs.iter().map(|diff| self.identified(diff)).collect();
                    if !self.reference.has_signatures() {
                        told.sort();
                    }
                    told
                };
                let (maintained, evaluated) = (told(&diffs), told(&differences(&before, &self.rows)));
                if maintained == evaluated {
                    return Ok(diffs.iter().map(|diff| self.short(diff)).collect());
                }
                Err(format!("the engine puts out\n{maintained:#?}\nand the reference\n{evaluated:#?}"))
            }
            (maintained, evaluated) => {
                Err(format!("one errs alone: the engine {maintained:?}, the reference {evaluated:?}"))
            }
        }
    }

    /// Returns a diff in the short form, with its signature if the reference knows it.
    fn identified(&self, diff: &Diff) -> (u64, String) {
        (if self.reference.has_signatures() { diff.row_signature() } else { 0 }, self.short(diff))
    }

    /// Returns a diff in the short form.
    fn short(&self, diff: &Diff) -> String {
        let names = self.engine.columns();
        // A reader of one value gets the columns behind it.
        let json = |columns: &Columns| data(&names[names.len() - columns.len()..], columns);
        match diff {
            Diff::Add { data, .. } => format!("+ {}", json(data)),
            Diff::Delete { data, .. } => format!("- {}", json(data)),
            Diff::Update { before, after, .. } => format!("~ {} -> {}", json(before), json(after)),
        }
    }
}

fn data(names: &[SmolStr], columns: &Columns) -> String {
    serde_json::to_string(&Data { names, columns }).expect("rows are written without fail")
}

/// Returns the diffs that lead from one set of rows to another, in their order.
fn differences(before: &BTreeMap<Vec<u8>, Columns>, after: &BTreeMap<Vec<u8>, Columns>) -> Vec<Diff> {
    let exact = |columns: &Columns| row::encode(&[], columns, &[]);
    let gone = before.iter().filter(|(key, _)| !after.contains_key(*key));
    let gone = gone.map(|(key, data)| Diff::Delete { row_signature: signature(key), data: data.clone() });
    let come = after.iter().filter_map(|(key, data)| {
        let (row_signature, data) = (signature(key), data.clone());
        match before.get(key) {
            None => Some(Diff::Add { row_signature, data }),
            Some(before) if exact(before) == exact(&data) => None,
            Some(before) => Some(Diff::Update { row_signature, before: before.clone(), after: data }),
        }
    });
    let mut diffs: Vec<_> = gone.chain(come).collect();
    diffs.sort_by_key(Diff::order);
    diffs
}

/// Returns a row's signature, as long as no other row has its hash: the low 16 bits count such rows.
fn signature(key: &[u8]) -> u64 {
    row::key_hash(key) & !0xffff
}
