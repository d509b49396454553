//! A record that is only a key: it says that what the key names is deleted.

use super::exact::NONE;
use super::object::{Json, Object};
use super::reader::{Reader, whole};
use super::record::{Fields, Record};
use crate::InputError;
use crate::error::code;
use crate::mapping::{Act, Field, Row};
use crate::path::Path;
use livewell_model::Transaction;
use std::borrow::Cow;

/// A key that is one value: the value of the only field that an id is made of.
struct Only<'a>(&'a str);

impl Reader {
    /// Returns the transaction that deletes the node of a key, with the relationships that the mapping made of it.
    ///
    /// A key that is an object in JSON has the fields that the node's id is made of. Any other key is the value of the
    /// only field: a string of JSON without its quotes, everything else as it is.
    ///
    /// # Errors
    /// Returns an error if records are not read by a mapping, or if the key does not have what an id is made of.
    pub(crate) fn deletion(&self, key: &[u8]) -> Result<Transaction, InputError> {
        let Some(record) = &self.record else {
            let message = "a record without a value deletes what its key names, and only a mapping says what that is: \
                 set `node`";
            return Err(InputError::new(code::RECORD, message));
        };
        if key.trim_ascii_start().starts_with(b"{") {
            return whole(key, &NONE, &self.limits, |json| record.of_fields(json));
        }
        let text = std::str::from_utf8(key)
            .map_err(|_| InputError::new(code::RECORD, "the key is not UTF-8 text"))?;
        let unquoted: Option<String> = serde_json::from_str(text).ok();
        record.of_value(&unquoted.map_or(Cow::Borrowed(text), Cow::Owned))
    }
}

impl Record {
    fn of_fields(&self, key: Json<'_>) -> Result<Transaction, InputError> {
        let object = Object::read(key, "a key")?;
        let fields = Fields { object: &object, unavailable: None };
        Ok(Transaction { changes: self.mapping.changes(&fields, Act::Delete)?, timestamp: None })
    }

    fn of_value(&self, key: &str) -> Result<Transaction, InputError> {
        let mut places = self.mapping.id_places();
        let first = places.next();
        if first.is_none() || places.any(|place| Some(place) != first) {
            let message = "the key is one value, and the node's id is not made of exactly one field";
            return Err(InputError::new(code::RECORD, message));
        }
        Ok(Transaction { changes: self.mapping.changes(&Only(key), Act::Delete)?, timestamp: None })
    }
}

impl Row for Only<'_> {
    type Place = Path;
    const CODE: &'static str = code::RECORD;

    fn field(&self, _: &Path) -> Result<Field<'_>, InputError> {
        Ok(Field::Text(self.0.into()))
    }

    fn error(&self, _: Option<&Path>, code: &'static str, message: String) -> InputError {
        InputError::new(code, message)
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::KafkaSettings;
    use livewell_model::Change;

    #[test]
    fn a_key_names_what_is_deleted_or_is_refused() {
        let deleted = |id: &str, key: &str| {
            let settings: KafkaSettings = serde_json::from_value(serde_json::json!({
                "id": "s", "url": "kafka://broker", "topic": "t", "node": { "label": "N", "id": id },
                "relationships": [{ "type": "TO", "to": "n:{other}" }],
            }))
            .unwrap();
            let transaction =
                settings.reader().unwrap().deletion(key.as_bytes()).map_err(|error| error.message)?;
            let ids = transaction.changes.iter().map(|change| match change {
                Change::Delete(id) => id.id.to_string(),
                other => panic!("{other:?}"),
            });
            Ok::<_, String>(ids.collect::<Vec<_>>().join(" "))
        };
        for (id, key, expected) in [
            ("n:{a}", "7", "n:7 n:7-TO->n:{other}"),
            ("n:{a}", "\"x\"", "n:x n:x-TO->n:{other}"),
            ("n:{a}", "x y", "n:x y n:x y-TO->n:{other}"),
            ("n:{a}-{a}", "1e5", "n:1e5-1e5 n:1e5-1e5-TO->n:{other}"),
            ("n:{a}-{b}", r#"{"b":2,"a":"x"}"#, "n:x-2 n:x-2-TO->n:{other}"),
        ] {
            assert_eq!(deleted(id, key).as_deref(), Ok(expected), "{id} {key}");
        }
        for (id, key, says) in [
            ("n:{a}-{b}", "7", "exactly one field"),
            ("all", "7", "exactly one field"),
            ("n:{a}", r#"{"b":2}"#, "`a` is missing"),
            ("n:{a}", "{", "not JSON"),
            ("{a}", "", "empty"),
        ] {
            let error = deleted(id, key).unwrap_err();
            assert!(error.contains(says), "{id} {key}: {error}");
        }
    }
}
