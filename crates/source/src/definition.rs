//! The settings that a source remembers: those that decide what its elements are made of.
//!
//! They are stored before the first input is taken in, and a source compares them whenever it is opened. If they differ
//! from those that made the stored elements, the source stops and says what has changed. Settings that change no
//! element are not among them and may change at any time.

use crate::error::code;
use crate::{ErrorKind, SourceError};
use serde_json::{Map, Value as Json, json};

/// The first byte of the stored form.
const FORMAT: u8 = 1;

/// The settings of a source that decide what its elements are made of, in the words of a configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition(Json);

impl Definition {
    /// Returns the definition of a source of this kind, none of whose settings decides anything.
    pub fn of_kind(kind: &str) -> Self {
        Self::new(kind, Map::new())
    }

    /// Returns the definition of a source of this kind with these settings.
    pub fn new(kind: &str, mut settings: Map<String, Json>) -> Self {
        settings.insert("kind".into(), json!(kind));
        Self(Json::Object(settings))
    }

    /// Returns the kind.
    pub fn kind(&self) -> &str {
        self.0["kind"].as_str().unwrap_or_default()
    }

    /// Returns a setting; null if there is none of this name.
    pub fn setting(&self, name: &str) -> &Json {
        &self.0[name]
    }

    /// Returns the stored form.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT];
        bytes.extend(self.0.to_string().into_bytes());
        bytes
    }

    /// Decodes what [`Definition::encode`] wrote; returns `None` for any other bytes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (_, json) = bytes.split_first().filter(|(format, _)| **format == FORMAT)?;
        serde_json::from_slice(json).ok().map(Self)
    }

    /// Returns the fields in which this differs from `was`, each with what it was and what it is.
    pub fn differences(&self, was: &Self) -> Vec<String> {
        differences(&was.0, &self.0)
    }

    /// Refuses settings other than those that made what is stored of the source `id`. `what_reset_does` completes the
    /// advice that begins with `livewell reset SOURCE`.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Changed`] with every field that differs.
    pub fn check(&self, was: &Self, id: &str, what_reset_does: &str) -> Result<(), SourceError> {
        refuse(id, &self.differences(was), what_reset_does)
    }
}

/// Returns the error about settings that differ in these fields.
pub(crate) fn refuse(id: &str, different: &[String], what_reset_does: &str) -> Result<(), SourceError> {
    if different.is_empty() {
        return Ok(());
    }
    let message = format!(
        "what `{id}` has stored was made by other settings: {}; change them back, or `livewell reset {id}` \
         {what_reset_does}",
        different.join(", ")
    );
    Err(SourceError::new(ErrorKind::Changed, code::MAPPING, message))
}

/// Returns the fields in which two settings differ, each with what it was and what it is.
pub(crate) fn differences(was: &Json, is: &Json) -> Vec<String> {
    let mut found = Vec::new();
    compare("", was, is, &mut found);
    found
}

fn compare(field: &str, was: &Json, is: &Json, found: &mut Vec<String>) {
    if was == is {
        return;
    }
    let empty = Map::new();
    let map = |json: &Json| match json {
        Json::Object(map) => Some(map.clone()),
        Json::Null => Some(empty.clone()),
        _ => None,
    };
    if let (Some(old), Some(new)) = (map(was), map(is)) {
        let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let inner = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
            compare(
                &inner,
                &old.get(name).cloned().unwrap_or_default(),
                &new.get(name).cloned().unwrap_or_default(),
                found,
            );
        }
        return;
    }
    found.push(match (was, is) {
        (Json::Null, is) => format!("`{field}` was not given and is `{}`", text(is)),
        (was, Json::Null) => format!("`{field}` was `{}` and is no longer given", text(was)),
        (was, is) => format!("`{field}` was `{}` and is `{}`", text(was), text(is)),
    });
}

pub(crate) fn text(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_differs_is_named_with_what_it_was_and_is() {
        let was =
            json!({ "node": { "label": "Readings", "id": "{id}" }, "types": { "x": "text" }, "n": [1] });
        let is = json!({ "node": { "label": "Reading", "id": "{id}" }, "record": "after", "n": [1] });
        assert_eq!(
            differences(&was, &is),
            [
                "`node.label` was `Readings` and is `Reading`",
                "`record` was not given and is `after`",
                "`types.x` was `text` and is no longer given",
            ]
        );
        assert_eq!(differences(&was, &was), [""; 0]);
    }
}
