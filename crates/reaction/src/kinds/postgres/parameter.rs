//! Parameters of a statement: their values for a diff, as text.

use super::kind::{Class, Taking};
use super::text::text;
use crate::{Outgoing, ReactionError};
use livewell_model::json::{DiffShape, value_from_json};
use livewell_model::row::signature_text;
use livewell_model::{Diff, Value};
use serde_json::Value as Json;
use std::error::Error;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

/// A parameter as text, which the server reads as the type that it expects.
#[derive(Debug)]
pub(super) struct Text(pub Option<String>);

impl ToSql for Text {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Some(text) = &self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// Returns the value of a parameter for a diff: a column of the row as it is now, or was before its deletion; or a
/// property of the diff.
pub(super) fn parameter(
    name: &str,
    taking: Taking,
    outgoing: &Outgoing<'_>,
    diff: &Diff,
) -> Result<Option<String>, ReactionError> {
    let Some(about) = name.strip_prefix('@') else {
        let row = match diff {
            Diff::Add { data: row, .. }
            | Diff::Delete { data: row, .. }
            | Diff::Update { after: row, .. } => row,
        };
        let at = outgoing.columns.iter().position(|column| column == name);
        let value: &Value = at.map(|at| &row[at]).ok_or_else(|| unknown(name, outgoing))?;
        if let Some(part) = taking.class.loses(value) {
            let value = text(value, Taking { class: Class::Other, ..taking }).unwrap_or_default();
            let cause = format!(
                "its parameter `{name}` is `{value}`, of which {part} would be lost; cast it in the statement, as in \
                 `$1::timestamptz`, or change the query"
            );
            return Err(ReactionError::Refused { target: "the statement".into(), cause });
        }
        return Ok(text(value, taking));
    };
    Ok(Some(match about {
        "type" => match diff {
            Diff::Add { .. } => "ADD".into(),
            Diff::Update { .. } => "UPDATE".into(),
            Diff::Delete { .. } => "DELETE".into(),
        },
        "row_signature" => signature_text(diff.row_signature()),
        "query_id" => outgoing.query_id.to_owned(),
        "epoch" => outgoing.epoch.to_string(),
        "sequence" => outgoing.result.sequence.to_string(),
        "position" => outgoing.result.position.to_string(),
        "timestamp" => outgoing.result.timestamp.to_rfc3339(),
        "diff" => {
            let shape = DiffShape { names: outgoing.columns, diff };
            serde_json::to_string(&shape).expect("a diff always has a JSON form")
        }
        _ => return Err(unknown(name, outgoing)),
    }))
}

fn unknown(name: &str, outgoing: &Outgoing<'_>) -> ReactionError {
    let columns: Vec<String> = outgoing.columns.iter().map(|column| format!("`{column}`")).collect();
    ReactionError::Refused {
        target: "the statement".into(),
        cause: format!(
            "its parameter `{name}` is not a column of `{}`, which returns {}",
            outgoing.query_id,
            columns.join(", ")
        ),
    }
}

/// Returns the value of a parameter for a diff that was set aside, from the JSON of its result.
pub(super) fn parameter_again(
    name: &str,
    taking: Taking,
    result: &Json,
) -> Result<Option<String>, ReactionError> {
    let diff = &result["results"][0];
    let plain = |json: &Json| json.as_str().map_or_else(|| json.to_string(), ToOwned::to_owned);
    let found = match name.strip_prefix('@') {
        None => {
            let row = diff.get("after").or_else(|| diff.get("data"));
            let value = row.and_then(|row| row.get(name)).and_then(|json| value_from_json(json).ok());
            value.map(|value| text(&value, taking))
        }
        Some("diff") => Some(Some(diff.to_string())),
        Some(about @ ("type" | "row_signature")) => diff.get(about).map(|json| Some(plain(json))),
        Some(about) => result.get(about).map(|json| Some(plain(json))),
    };
    found.ok_or_else(|| ReactionError::Refused {
        target: "the statement".into(),
        cause: format!("its parameter `{name}` is not in what was set aside"),
    })
}
