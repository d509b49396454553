//! `kind: log`: a line in the log for every query result, to watch queries and try them out.

use crate::kind::Kind;
use crate::settings_error::SettingsError;
use crate::shared::Shared;
use crate::{Delivered, Guarantee, Outgoing, Reaction, ReactionError, Role, Start, Started, Style};
use livewell_model::json::Data;
use livewell_model::{Diff, SmolStr};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

const ROWS_MAX: usize = 3;
const ROW_CHARS_MAX: usize = 80;

/// The settings of `kind: log`: none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {}

impl Kind for LogSettings {
    fn role(&self) -> Role {
        Role::Trigger
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::AtLeastOnce
    }

    fn validate(&self, _: usize) -> Result<(), SettingsError> {
        Ok(())
    }

    fn build(&self, shared: &Shared) -> Box<dyn Reaction> {
        Box::new(Log::new(shared.id.clone()))
    }

    fn has_durable_effects(&self) -> bool {
        false
    }
}

/// Logs query results at level info under the target `livewell::reaction`.
///
/// Keeps nothing outside, so its detail is empty; a result may be logged again after a crash.
#[derive(Debug)]
pub struct Log {
    id: SmolStr,
}

impl Log {
    /// Creates a reaction that logs under the id `id`.
    pub fn new(id: impl Into<SmolStr>) -> Self {
        Self { id: id.into() }
    }
}

impl Reaction for Log {
    fn role(&self) -> Role {
        Role::Trigger
    }

    fn style(&self) -> Style {
        Style::Results
    }

    fn identity(&self) -> String {
        "lines of the log".to_owned()
    }

    fn start(&mut self, _start: &Start<'_>) -> Result<Started, ReactionError> {
        Ok(Started::default())
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        for result in results {
            tracing::info!(
                target: "livewell::reaction",
                reaction = self.id.as_str(),
                query = result.query_id,
                epoch = result.epoch,
                sequence = result.result.sequence,
                "{}", describe(result),
            );
        }
        Ok(Delivered::all(results, Vec::new()))
    }
}

/// Returns a result in one short line: `late 42: +1 ~0 -1 | - {"flight":"AA7"} | + {"flight":"UA1"}`.
///
/// The counts are of added, updated and deleted rows; the first few rows follow, shortened if they are long.
pub fn describe(outgoing: &Outgoing<'_>) -> String {
    let diffs = &outgoing.result.diffs;
    let count = |kind| diffs.iter().filter(|diff| sign(diff) == kind).count();
    let mut line = format!(
        "{} {}: +{} ~{} -{}",
        outgoing.query_id,
        outgoing.result.sequence,
        count('+'),
        count('~'),
        count('-')
    );
    for diff in diffs.iter().take(ROWS_MAX) {
        let columns = match diff {
            Diff::Add { data, .. } | Diff::Delete { data, .. } => data,
            Diff::Update { after, .. } => after,
        };
        let data = serde_json::to_string(&Data { names: outgoing.columns, columns })
            .expect("a value always has a JSON form");
        // Writing to a string does not fail.
        let _ = write!(line, " | {} {}", sign(diff), shortened(&data));
    }
    if diffs.len() > ROWS_MAX {
        let _ = write!(line, " | {} more", diffs.len() - ROWS_MAX);
    }
    line
}

fn sign(diff: &Diff) -> char {
    match diff {
        Diff::Add { .. } => '+',
        Diff::Update { .. } => '~',
        Diff::Delete { .. } => '-',
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(ROW_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_model::{QueryResult, Timestamp};

    #[test]
    fn a_result_is_one_short_line() {
        let columns = ["flight".into()];
        let mut diffs = vec![
            Diff::Delete { row_signature: 1, data: vec!["AA7".into()].into() },
            Diff::Add { row_signature: 2, data: vec!["\n".repeat(200).as_str().into()].into() },
        ];
        diffs.extend((3..6).map(|row_signature| Diff::Add { row_signature, data: vec![1i64.into()].into() }));
        let result = QueryResult { sequence: 42, position: 1, timestamp: Timestamp(0), diffs };
        let outgoing = Outgoing { query_id: "late", epoch: 1, columns: &columns, result: &result };
        let long = format!("{{\"flight\":\"{}...", "\\n".repeat(34) + "\\");
        let expected =
            format!(r#"late 42: +4 ~0 -1 | - {{"flight":"AA7"}} | + {long} | + {{"flight":1}} | 2 more"#);
        assert_eq!(describe(&outgoing), expected);
    }
}
