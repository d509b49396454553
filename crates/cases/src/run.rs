//! Follows the steps of an example with the engine.

use crate::page::{Exchange, Standing};
use crate::source::Source;
use livewell_model::diff::Columns;
use livewell_model::json::Data;
use livewell_model::{AppliedTransaction, Diff, Timestamp};
use livewell_query::{Engine, MemoryState, StepError};
use serde_json::Value as Json;

/// The difference between what an example expects and what its query does.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The line of the step.
    pub line: usize,
    /// The number of the step, from 1.
    pub step: usize,
    /// The lines that were expected and did not come; or what else is wrong.
    pub missing: Vec<String>,
    /// The lines that came and were not expected.
    pub unexpected: Vec<String>,
}

/// Follows all steps of an example. The diffs of a transaction are compared without their order, which follows from row
/// signatures.
///
/// # Errors
/// Returns the first difference. Changes that are malformed are [`Difference::missing`], as an error says.
pub fn run(example: &Standing, engine: &Engine) -> Result<(), Box<Difference>> {
    let mut running = Running::new(engine);
    let mut before = running.begin();
    for (step, number) in example.steps.iter().zip(1..) {
        for exchange in &step.exchanges {
            let differs = |missing, unexpected| {
                Box::new(Difference { line: step.line, step: number, missing, unexpected })
            };
            let mut came = std::mem::take(&mut before);
            if !came.is_empty() && !exchange.fed.is_empty() {
                let why = "rows are there before any change: show them in a first step of their own";
                return Err(differs(vec![why.to_owned()], came));
            }
            came.extend(running.feed(exchange).map_err(|why| differs(vec![why], Vec::new()))?);
            let (missing, unexpected) = compared(&exchange.shown, &came);
            if !missing.is_empty() || !unexpected.is_empty() {
                return Err(differs(missing, unexpected));
            }
        }
    }
    Ok(())
}

/// A query that follows changes.
struct Running<'a> {
    engine: &'a Engine,
    source: Source,
    state: MemoryState,
    now: Timestamp,
    has_stopped: bool,
}

impl<'a> Running<'a> {
    fn new(engine: &'a Engine) -> Self {
        let (source, state) = (Source::default(), MemoryState::new());
        Self { engine, source, state, now: Timestamp(0), has_stopped: false }
    }

    fn begin(&mut self) -> Vec<String> {
        let begun = self.engine.begin(&mut self.state, self.now);
        self.lines(begun)
    }

    fn feed(&mut self, exchange: &Exchange) -> Result<Vec<String>, String> {
        let mut out = Vec::new();
        for fed in &exchange.fed {
            let transaction = self.source.take_in(fed)?;
            if self.has_stopped {
                return Err("the query has stopped before these changes".into());
            }
            let now = self.now.max(transaction.timestamp);
            while let Some(due) = self.due(now)? {
                let ticked = self.engine.tick(&mut self.state, due);
                let lines = self.lines(ticked);
                out.extend((!lines.is_empty()).then(|| format!("@ {}", due.to_rfc3339())));
                out.extend(lines);
            }
            self.now = now;
            let transaction = AppliedTransaction { timestamp: now, ..transaction };
            let stepped = self.engine.step(&mut self.state, &transaction);
            out.extend(self.lines(stepped));
        }
        Ok(out)
    }

    fn due(&self, now: Timestamp) -> Result<Option<Timestamp>, String> {
        if self.has_stopped {
            return Ok(None);
        }
        let due = self.engine.next_due(&self.state).map_err(|error| error.to_string())?;
        Ok(due.filter(|due| *due <= now))
    }

    fn lines(&mut self, maintained: Result<Vec<Diff>, StepError>) -> Vec<String> {
        match maintained {
            Ok(diffs) => diffs.iter().map(|diff| self.line(diff)).collect(),
            Err(error) => {
                self.has_stopped = true;
                vec![format!("! {error}")]
            }
        }
    }

    /// Returns a diff in the short form.
    fn line(&self, diff: &Diff) -> String {
        let names = self.engine.columns();
        let json = |columns: &Columns| serde_json::to_string(&Data { names, columns }).unwrap_or_default();
        match diff {
            Diff::Add { data, .. } => format!("+ {}", json(data)),
            Diff::Delete { data, .. } => format!("- {}", json(data)),
            Diff::Update { before, after, .. } => format!("~ {} -> {}", json(before), json(after)),
        }
    }
}

/// Returns the expected lines that did not come, and those that came beside them. Lines are equal if their JSON is.
fn compared(expected: &[String], came: &[String]) -> (Vec<String>, Vec<String>) {
    let mut unexpected: Vec<(&String, Option<Parsed<'_>>)> =
        came.iter().map(|line| (line, parsed(line))).collect();
    let mut missing = Vec::new();
    for line in expected {
        let meant = parsed(line);
        let found = unexpected.iter().position(|(came, parsed)| match (&meant, parsed) {
            (Some(meant), Some(parsed)) => meant == parsed,
            _ => line == *came,
        });
        match found {
            Some(at) => {
                unexpected.remove(at);
            }
            None => missing.push(line.clone()),
        }
    }
    (missing, unexpected.into_iter().map(|(line, _)| line.clone()).collect())
}

/// The sign of a line, and its one or two objects.
type Parsed<'a> = (&'a str, Vec<Json>);

fn parsed(line: &str) -> Option<Parsed<'_>> {
    let (sign, rest) = line.split_at_checked(2)?;
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Json>();
    let mut objects = vec![values.next()?.ok()?];
    let rest = rest.get(values.byte_offset()..)?.trim();
    if let Some(after) = rest.strip_prefix("->") {
        objects.push(serde_json::from_str(after).ok()?);
    } else if !rest.is_empty() {
        return None;
    }
    Some((sign, objects))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::{Example, Others, read};
    use livewell_model::Map;

    fn outcome(steps: &str) -> Result<(), Box<Difference>> {
        let query = "MATCH (o:Order) WHERE o.total > 100 RETURN o.id AS id, o.total AS total";
        let page = format!("```cypher standing\n{query}\n```\n\n```diff step\n{steps}\n```\n");
        let Example::Standing(example) = read(&page, Others::Refused).unwrap().remove(0) else { panic!() };
        run(&example, &Engine::compile(query, &Map::new()).unwrap())
    }

    const TWO: &str = r#"{"transaction":[
        {"operation":"insert","element":{"type":"node","id":"o1","labels":["Order"],"properties":{"id":"o1","total":150}}},
        {"operation":"insert","element":{"type":"node","id":"o2","labels":["Order"],"properties":{"id":"o2","total":250}}}]}"#;

    #[test]
    fn rows_are_compared_by_their_values_whatever_their_order() {
        let rows = ["+ {\"total\": 250, \"id\": \"o2\"}", "+ {\"id\":\"o1\",\"total\":150}"];
        assert_eq!(outcome(&format!("{TWO}\n{}\n{}", rows[0], rows[1])), Ok(()));
        assert_eq!(outcome(&format!("{TWO}\n{}\n{}", rows[1], rows[0])), Ok(()));
    }

    #[test]
    fn what_is_missing_and_what_is_unexpected_is_told() {
        let wrong =
            outcome(&format!("{TWO}\n+ {{\"id\":\"o1\",\"total\":150}}\n+ {{\"id\":\"o2\",\"total\":251}}"));
        let difference = wrong.unwrap_err();
        assert_eq!((difference.step, difference.line), (1, 5));
        assert_eq!(difference.missing, ["+ {\"id\":\"o2\",\"total\":251}"]);
        assert_eq!(difference.unexpected, ["+ {\"id\":\"o2\",\"total\":250}"]);
        let nothing = outcome(&format!("{TWO}\n(no diff)")).unwrap_err();
        assert_eq!((nothing.missing.len(), nothing.unexpected.len()), (0, 2));
        let malformed = outcome("{\"operation\":\"delete\"}\n(no diff)").unwrap_err();
        assert!(malformed.missing[0].contains("`id` is missing"), "{malformed:?}");
    }
}
