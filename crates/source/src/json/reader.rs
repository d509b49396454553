//! Reads pieces of JSON as transactions: changes, or records by a mapping.

use super::change::{Fields, change};
use super::exact::{Exact, NONE};
use super::object::{Json, Object};
use super::record::Record;
use super::typed::Types;
use crate::error::code;
use crate::settings::NodeMapping;
use crate::settings::mapping::{RecordSettings, validate};
use crate::{InputError, Limits, SourceError};
use livewell_model::json::fault;
use livewell_model::{SmolStr, Timestamp, Transaction};
use serde_json::value::RawValue;

/// Reads the transactions of one source: changes, or records by its mapping.
#[derive(Debug, Clone)]
pub struct Reader {
    source: SmolStr,
    pub(super) limits: Limits,
    types: Types,
    pub(super) record: Option<Box<Record>>,
}

impl Reader {
    /// Creates a reader of records by these settings, or of changes if they have no `node`.
    pub(crate) fn by(
        settings: &RecordSettings<'_>,
        source: &str,
        limits: &Limits,
    ) -> Result<Self, SourceError> {
        let wrong = |text: String| SourceError::settings(format!("source `{source}`: {text}"));
        let Some(node) = settings.node else {
            let given = [
                ("relationships", !settings.relationships.is_empty()),
                ("timestamp", settings.timestamp.is_some()),
            ];
            let lone = given.into_iter().find(|(_, given)| *given).map(|(name, _)| name);
            return match lone.or_else(|| settings.only_for_records()) {
                None => Ok(Self::of_changes(source, limits, settings.types)),
                Some(field) => Err(wrong(format!(
                    "`{field}` goes with `node`: say what a record becomes, as in `node: {{ label: Order, id: \"order:{{id}}\" }}`"
                ))),
            };
        };
        validate(node, settings.relationships).map_err(wrong)?;
        Self::of_records(source, limits, node, settings).map_err(wrong)
    }

    /// Creates a reader of changes.
    pub(crate) fn of_changes(source: &str, limits: &Limits, types: &Types) -> Self {
        Self { source: source.into(), limits: *limits, types: types.clone(), record: None }
    }

    /// Creates a reader of records that become `node`s.
    pub(crate) fn of_records(
        source: &str,
        limits: &Limits,
        node: &NodeMapping,
        settings: &RecordSettings<'_>,
    ) -> Result<Self, String> {
        let record = Record::compile(source, limits, node, settings)?;
        Ok(Self { record: Some(Box::new(record)), ..Self::of_changes(source, limits, settings.types) })
    }

    /// Returns the transaction that a piece of JSON describes.
    ///
    /// # Errors
    /// Returns [`InputError`] with the column of the first thing that is wrong.
    pub fn transaction(&self, text: &[u8]) -> Result<Transaction, InputError> {
        self.transaction_with(text, &NONE)
    }

    /// Like [`Reader::transaction`], of JSON with values beside it that have no form in JSON.
    pub(crate) fn transaction_with(&self, text: &[u8], exact: &Exact) -> Result<Transaction, InputError> {
        let Some(record) = &self.record else {
            let fields = Fields { source: &self.source, limits: &self.limits, types: &self.types };
            return whole(text, exact, &self.limits, |json| transaction(json, fields));
        };
        whole(text, exact, &self.limits, |json| record.transaction(json))
    }
}

/// Returns the transaction that a piece of JSON in the form of changes describes. Ids without a source are of `source`.
///
/// Its timestamp is the largest of its changes' and its own; the order of the changes is kept.
///
/// # Errors
/// Returns [`InputError`] with the column of the first thing that is wrong.
pub fn parse_transaction(text: &[u8], source: &str, limits: &Limits) -> Result<Transaction, InputError> {
    let fields = Fields { source: &source.into(), limits, types: &Types::new() };
    whole(text, &NONE, limits, |json| transaction(json, fields))
}

/// Applies `read` to a text that has to be one piece of JSON.
pub(super) fn whole<T>(
    text: &[u8],
    exact: &Exact,
    limits: &Limits,
    read: impl FnOnce(Json<'_>) -> Result<T, InputError>,
) -> Result<T, InputError> {
    if text.len() > limits.line_bytes_max {
        return Err(too_long(limits));
    }
    let text = std::str::from_utf8(text).map_err(|error| {
        let column = String::from_utf8_lossy(&text[..error.valid_up_to()]).chars().count() + 1;
        let message = "this is not UTF-8 text; write the file in UTF-8";
        InputError { column: Some(column), ..InputError::new(code::SYNTAX, message) }
    })?;
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| syntax_error(text, &error))?;
    read(Json { text, raw, exact })
}

pub(crate) fn too_long(limits: &Limits) -> InputError {
    let message = format!(
        "longer than {} bytes; split the transaction, or raise `limits.line_bytes_max`",
        limits.line_bytes_max
    );
    InputError::new(code::LIMIT, message)
}

fn transaction(json: Json<'_>, fields: Fields<'_>) -> Result<Transaction, InputError> {
    let object = Object::read(json, "a change")?;
    let Some(changes) = object.get("transaction") else {
        let (change, timestamp) = change(&object, fields)?;
        return Ok(Transaction { changes: vec![change], timestamp });
    };
    object.allow(&["transaction", "timestamp"])?;
    let items = changes.items()?;
    if items.len() > fields.limits.changes_max {
        let max = fields.limits.changes_max;
        let message =
            format!("{} changes, and a transaction may have {max} (`limits.changes_max`)", items.len());
        return Err(changes.error(code::LIMIT, message));
    }
    let mut transaction =
        Transaction { changes: Vec::with_capacity(items.len()), timestamp: object.timestamp()? };
    for item in items {
        let (change, timestamp) = change(&Object::read(item, "a change")?, fields)?;
        transaction.changes.push(change);
        transaction.timestamp = transaction.timestamp.max(timestamp);
    }
    Ok(transaction)
}

impl Object<'_> {
    pub(super) fn timestamp(&self) -> Result<Option<Timestamp>, InputError> {
        let Some(json) = self.get("timestamp") else { return Ok(None) };
        match serde_json::from_str(json.raw.get()) {
            Ok(nanos) => Ok(Some(Timestamp(nanos))),
            Err(_) => {
                let message = format!(
                    "must be nanoseconds since 1970 as an integer of 64 bits, and this is {}",
                    json.described()
                );
                Err(json.error(code::SHAPE, message))
            }
        }
    }
}

/// Returns a syntax error as the parser found it, at its place in the whole text.
fn syntax_error(text: &str, error: &serde_json::Error) -> InputError {
    // The parser counts lines and bytes; a column here counts characters from the text's beginning.
    let line_start: usize =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let before =
        text.as_bytes().get(..line_start + error.column().saturating_sub(1)).unwrap_or(text.as_bytes());
    let column = String::from_utf8_lossy(before).chars().count() + 1;
    let message = match text.trim().is_empty() {
        true => "empty: JSON is expected here".to_string(),
        false => format!("not JSON: {}", fault(error)),
    };
    InputError { column: Some(column), ..InputError::new(code::SYNTAX, message) }
}
