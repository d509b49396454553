//! Makes a transaction of a record.

use super::assembler::About;
use super::packed::{Text, Way};
use crate::error::code;
use crate::json::Reader;
use crate::settings::Format;
use crate::{InputError, SourceError};
use livewell_link::kafka::batch::Record;
use livewell_model::{ElementId, Timestamp, Transaction};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What a record says.
#[derive(Debug)]
pub(super) enum Said {
    /// Changes.
    Changes(Transaction),
    /// Everything that there was before is deleted.
    Truncate,
    /// Nothing that concerns elements.
    Nothing,
}

/// A record that was read.
#[derive(Debug)]
pub(super) struct Message {
    pub offset: i64,
    /// When it was written, if that is known.
    pub time: Option<Timestamp>,
    pub said: Result<Said, InputError>,
    /// The value, to set it aside; of a tombstone, the key.
    pub bytes: Vec<u8>,
    /// Whether that is the value, as it is.
    pub has_value: bool,
    /// The bytes of the record in the log.
    pub size: usize,
}

impl Message {
    /// Reads a record.
    ///
    /// # Errors
    /// Returns an error if a registry does not say what the record is.
    pub fn read(record: &Record<'_>, way: &Way<'_>) -> Result<Self, SourceError> {
        let (reader, format, has_value) = (way.reader, way.format, record.value.is_some());
        let unpack = |bytes| way.unpacker.unpack(record, bytes, !has_value);
        let text = record.value.or(record.key).map(unpack).transpose()?;
        let (said, text) = match text {
            None => (Err(nothing()), None),
            Some(Err(error)) => (Err(error), None),
            Some(Ok(text)) => {
                let said =
                    if has_value { said(&text, reader, format) } else { deletion(&text, reader, format) };
                (said, Some(text))
            }
        };
        let keeps = way.keeps || said.is_err();
        // What was decoded is shown, and is not what the record has.
        let bytes = match &text {
            Some(text) if text.is_decoded => &*text.json,
            _ => record.value.or(record.key).unwrap_or_default(),
        };
        let is_whole = has_value && text.as_ref().is_none_or(|text| !text.is_decoded);
        let bytes = if keeps { bytes.to_vec() } else { Vec::new() };
        let time = (record.time >= 0).then(|| Timestamp(record.time.saturating_mul(1_000_000)));
        let size = record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
        Ok(Self { offset: record.offset, time, said, bytes, has_value: is_whole, size })
    }
}

impl About for Message {
    fn offset(&self) -> i64 {
        self.offset
    }

    fn each_id(&self, f: impl FnMut(&ElementId)) {
        if let Ok(Said::Changes(transaction)) = &self.said {
            transaction.changes.iter().map(livewell_model::Change::id).for_each(f);
        }
    }

    fn concerns_all(&self) -> bool {
        matches!(self.said, Ok(Said::Truncate))
    }

    fn changes(&self) -> usize {
        match &self.said {
            Ok(Said::Changes(transaction)) => transaction.changes.len(),
            _ => 0,
        }
    }

    fn too_many(self, max: usize) -> Self {
        let message = format!(
            "the transaction that begins here has more than {max} changes (`limits.changes_max`); it is not held"
        );
        let said = Err(InputError::new(code::RECORD, message));
        // What is set aside is only the beginning of it.
        Self { said, has_value: false, ..self }
    }
}

/// Returns what a value says.
pub(super) fn said(value: &Text<'_>, reader: &Reader, format: Format) -> Result<Said, InputError> {
    let (json, exact) = (&*value.json, &value.exact);
    match format {
        Format::Json => reader.transaction_with(json, exact).map(Said::Changes),
        Format::Debezium => {
            let envelope = payload(value);
            match operation(envelope).as_deref() {
                Some("t") => Ok(Said::Truncate),
                Some("m") => Ok(Said::Nothing),
                _ => reader.transaction_with(envelope, exact).map(Said::Changes),
            }
        }
    }
}

fn deletion(key: &Text<'_>, reader: &Reader, format: Format) -> Result<Said, InputError> {
    let key = if format == Format::Debezium { payload(key) } else { &*key.json };
    reader.deletion(key).map(Said::Changes)
}

fn nothing() -> InputError {
    let message = "it has neither a key nor a value; a record without a value deletes what its key names";
    InputError::new(code::RECORD, message)
}

/// The form with a schema, which is Debezium's default for JSON.
#[derive(Deserialize)]
struct Schematic<'a> {
    #[serde(borrow)]
    payload: &'a RawValue,
    #[serde(borrow, rename = "schema")]
    _schema: &'a RawValue,
}

/// Returns the payload of a message with a schema; one without is its own. In Avro there is no such form.
fn payload<'a>(text: &'a Text<'_>) -> &'a [u8] {
    let bytes = &*text.json;
    if text.is_decoded {
        return bytes;
    }
    serde_json::from_slice::<Schematic<'_>>(bytes)
        .map_or(bytes, |schematic| schematic.payload.get().as_bytes())
}

/// Returns the operation of an envelope, if it is one.
fn operation(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Envelope {
        op: String,
    }
    serde_json::from_slice::<Envelope>(bytes).ok().map(|envelope| envelope.op)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_found_with_its_schema_and_without() {
        let of = |json: &'static [u8]| payload(&Text::plain(json)).to_vec();
        assert_eq!(of(br#"{"schema":{"type":"struct"},"payload":{"op":"c"}}"#), br#"{"op":"c"}"#);
        assert_eq!(of(br#"{"schema":null,"payload":null}"#), b"null");
        for alone in [&br#"{"op":"t"}"#[..], br#"{"payload":{"op":"c"}}"#, b"not JSON"] {
            assert_eq!(of(alone), alone);
        }
        assert_eq!(operation(br#"{"op":"t","before":null}"#).as_deref(), Some("t"));
        assert_eq!(operation(br#"{"op":7}"#), None);
    }
}
