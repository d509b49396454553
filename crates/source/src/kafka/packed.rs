//! Keys and values as producers pack them: as they are, behind the number of a schema, or in Avro.

use crate::InputError;
use crate::SourceError;
use crate::error::code;
use crate::json::{Exact, Reader};
use crate::settings::{Format, KafkaSettings};
use livewell_link::kafka::batch::Record;
use std::borrow::Cow;

#[cfg(feature = "kafka-avro")]
use crate::avro::{Decoded, Frame, Kept, Registry};
#[cfg(feature = "kafka-avro")]
use std::cell::RefCell;

/// How records are read.
pub(super) struct Way<'a> {
    pub reader: &'a Reader,
    pub format: Format,
    pub unpacker: &'a Unpacker,
    /// Whether records are kept to set them aside.
    pub keeps: bool,
}

/// A key or a value in JSON.
pub(super) struct Text<'a> {
    pub json: Cow<'a, [u8]>,
    /// What of it JSON has no form for.
    pub exact: Exact,
    /// Whether the JSON is not what the record has.
    pub is_decoded: bool,
}

impl<'a> Text<'a> {
    /// Returns JSON as a record has it.
    pub fn plain(json: &'a [u8]) -> Self {
        Self { json: Cow::Borrowed(json), exact: Exact::default(), is_decoded: false }
    }
}

/// Unpacks keys and values.
pub(super) struct Unpacker {
    #[cfg(feature = "kafka-avro")]
    registry: Option<RefCell<Registry>>,
    /// The most bytes of a value in JSON.
    #[cfg(feature = "kafka-avro")]
    max: usize,
}

impl Unpacker {
    /// Creates one for the records of a topic.
    ///
    /// # Errors
    /// Returns an error if the settings of its registry cannot be used.
    #[cfg(feature = "kafka-avro")]
    pub fn new(settings: &KafkaSettings) -> Result<Self, SourceError> {
        let registry = settings.registry.clone().map(Registry::new).transpose()?.map(RefCell::new);
        Ok(Self { registry, max: settings.limits.line_bytes_max })
    }

    #[cfg(not(feature = "kafka-avro"))]
    pub fn new(_: &KafkaSettings) -> Result<Self, SourceError> {
        Ok(Self {})
    }

    /// Returns a key or a value in JSON, or what is wrong with it.
    ///
    /// # Errors
    /// Returns an error if the registry does not say what it is.
    pub fn unpack<'a>(
        &self,
        record: &Record<'_>,
        bytes: &'a [u8],
        is_key: bool,
    ) -> Result<Result<Text<'a>, InputError>, SourceError> {
        #[cfg(feature = "kafka-avro")]
        if let Some(registry) = &self.registry {
            let Some(Frame { number, body }) = Frame::of(record, bytes, is_key) else {
                return Ok(Ok(Text::plain(bytes)));
            };
            let decoded = match &*registry.borrow_mut().get(number)? {
                Kept::Json => return Ok(Ok(Text::plain(body))),
                Kept::Avro(schema) => schema.decode(body, self.max),
            };
            let number = number.value();
            return Ok(match decoded {
                Ok(Decoded { json, exact }) => {
                    Ok(Text { json: Cow::Owned(json.into_bytes()), exact, is_decoded: true })
                }
                Err(InputError { message, .. }) => {
                    let of = if is_key { "key" } else { "value" };
                    Err(InputError::new(code::AVRO, format!("the {of}, by schema {number}: {message}")))
                }
            });
        }
        let _ = (record, is_key);
        Ok(unframed(bytes).map(Text::plain))
    }
}

/// Returns JSON without the number of its schema, which serializers put before it: a zero byte, and four bytes
/// (Confluent) or eight (Apicurio). Numbers of schemas begin at 1, so four zeros are the beginning of eight bytes.
pub(super) fn unframed(bytes: &[u8]) -> Result<&[u8], InputError> {
    let Some((0, rest)) = bytes.split_first() else { return Ok(bytes) };
    let body = match rest.first_chunk::<4>() {
        Some([0, 0, 0, 0]) => rest.get(8..),
        _ => rest.get(4..),
    };
    match body {
        Some(body) if body.trim_ascii_start().first().is_some_and(|byte| b"{[\"".contains(byte)) => Ok(body),
        _ => {
            let message = "it begins with the number of a schema, and no JSON follows: name the schema registry under \
                 `registry` to read Avro; Protobuf is not read";
            Err(InputError::new(code::SYNTAX, message))
        }
    }
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
}
