//! Makes a transaction of a record.

use super::assembler::About;
use crate::InputError;
use crate::error::code;
use crate::json::Reader;
use crate::settings::Format;
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
    /// Whether that is the value.
    pub has_value: bool,
    /// The bytes of the record in the log.
    pub size: usize,
}

impl Message {
    /// Reads a record. `keeps`: whether the value is kept if it was understood.
    pub fn read(record: &Record<'_>, reader: &Reader, format: Format, keeps: bool) -> Self {
        let said = match record.value {
            Some(value) => said(value, reader, format),
            None => deletion(record.key, reader, format),
        };
        let bytes = record.value.or(record.key).filter(|_| keeps || said.is_err()).unwrap_or_default();
        let time = (record.time >= 0).then(|| Timestamp(record.time.saturating_mul(1_000_000)));
        let size = record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
        let (bytes, has_value) = (bytes.to_vec(), record.value.is_some());
        Self { offset: record.offset, time, said, bytes, has_value, size }
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
pub(super) fn said(value: &[u8], reader: &Reader, format: Format) -> Result<Said, InputError> {
    let value = unframed(value)?;
    match format {
        Format::Json => reader.transaction(value).map(Said::Changes),
        Format::Debezium => {
            let envelope = payload(value);
            match operation(envelope).as_deref() {
                Some("t") => Ok(Said::Truncate),
                Some("m") => Ok(Said::Nothing),
                _ => reader.transaction(envelope).map(Said::Changes),
            }
        }
    }
}

fn deletion(key: Option<&[u8]>, reader: &Reader, format: Format) -> Result<Said, InputError> {
    let Some(key) = key else {
        let message = "it has neither a key nor a value; a record without a value deletes what its key names";
        return Err(InputError::new(code::RECORD, message));
    };
    let key = unframed(key)?;
    let key = if format == Format::Debezium { payload(key) } else { key };
    reader.deletion(key).map(Said::Changes)
}

/// Returns JSON without the number of its schema, which serializers put before it: a zero byte, and four bytes
/// (Confluent) or eight (Apicurio). Numbers of schemas begin at 1, so four zeros are the beginning of eight bytes.
fn unframed(bytes: &[u8]) -> Result<&[u8], InputError> {
    let Some((0, rest)) = bytes.split_first() else { return Ok(bytes) };
    let body = match rest.first_chunk::<4>() {
        Some([0, 0, 0, 0]) => rest.get(8..),
        _ => rest.get(4..),
    };
    match body {
        Some(body) if body.trim_ascii_start().first().is_some_and(|byte| b"{[\"".contains(byte)) => Ok(body),
        _ => {
            let message = "it begins with the number of a schema, and no JSON follows: Avro and Protobuf are not read; \
                 let the producer write JSON";
            Err(InputError::new(code::SYNTAX, message))
        }
    }
}

/// The form with a schema, which is Debezium's default for JSON.
#[derive(Deserialize)]
struct Schematic<'a> {
    #[serde(borrow)]
    payload: &'a RawValue,
    #[serde(borrow, rename = "schema")]
    _schema: &'a RawValue,
}

/// Returns the payload of a message with a schema; one without is its own.
fn payload(bytes: &[u8]) -> &[u8] {
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
    fn the_number_of_a_schema_is_told_from_json() {
        let confluent = [&[0, 0, 0, 0, 7][..], b"{}"].concat();
        let apicurio = [&[0, 0, 0, 0, 0, 0, 0, 0, 7][..], b" {}"].concat();
        assert_eq!(unframed(b"{}"), Ok(&b"{}"[..]));
        assert_eq!(unframed(&confluent), Ok(&b"{}"[..]));
        assert_eq!(unframed(&apicurio), Ok(&b" {}"[..]));
        for avro in
            [&[0, 0, 0, 0, 7, 2, 0x41][..], &[0, 0, 0, 0, 0, 0, 0, 0, 7, 2], &[0], &[0, 0, 0, 0, 0, 0]]
        {
            assert!(unframed(avro).unwrap_err().message.contains("Avro"), "{avro:?}");
        }
    }

    #[test]
    fn an_envelope_is_found_with_its_schema_and_without() {
        assert_eq!(payload(br#"{"schema":{"type":"struct"},"payload":{"op":"c"}}"#), br#"{"op":"c"}"#);
        assert_eq!(payload(br#"{"schema":null,"payload":null}"#), b"null");
        for alone in [&br#"{"op":"t"}"#[..], br#"{"payload":{"op":"c"}}"#, b"not JSON"] {
            assert_eq!(payload(alone), alone);
        }
        assert_eq!(operation(br#"{"op":"t","before":null}"#).as_deref(), Some("t"));
        assert_eq!(operation(br#"{"op":7}"#), None);
    }
}
