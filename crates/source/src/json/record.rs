//! Turns a record of any shape into changes, by a mapping: a node, its relationships, and what happens to them.

use super::change::property;
use super::object::{Json, Object, shortened};
use super::typed::Types;
use super::unavailable::{Said, Unavailable};
use crate::error::code;
use crate::mapping::{Act, Field, Mapping, Moment, Row};
use crate::path::Path;
use crate::settings::{NodeMapping, OperationMapping, RecordSettings};
use crate::{InputError, Limits, suggest};
use livewell_model::{Map, SmolStr, Timestamp, Transaction};
use std::borrow::Cow;

/// The placeholder of Debezium for a value that did not change.
const UNAVAILABLE: &str = "__debezium_unavailable_value";

/// A mapping of records, its templates and paths read.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) mapping: Mapping<Path>,
    /// The properties and where they are; `None`: all of the record.
    properties: Option<Vec<(SmolStr, Path)>>,
    types: Types,
    operations: Option<Operations>,
    record: Option<Path>,
    before: Option<Path>,
    timestamp: Option<Moment<Path>>,
    unavailable: Option<Unavailable>,
}

/// A record with what its fields may say instead of a value.
pub(super) struct Fields<'r, 'a> {
    pub object: &'r Object<'a>,
    pub unavailable: Option<&'r Unavailable>,
}

#[derive(Debug, Clone)]
struct Operations {
    path: Path,
    names: Vec<(String, Operation)>,
}

#[derive(Debug, Clone, Copy)]
enum Operation {
    Insert,
    Update,
    Delete,
}

impl Record {
    /// Reads the templates and paths of the settings.
    pub fn compile(
        source: &str,
        limits: &Limits,
        node: &NodeMapping,
        settings: &RecordSettings<'_>,
    ) -> Result<Self, String> {
        let place = |name: &str| Path::parse(name);
        let mapping = Mapping::compile(source, node, settings.relationships, limits.id_bytes_max, place)?;
        let path = |what: &str, text: &str| Path::parse(text).map_err(|error| format!("`{what}`: {error}"));
        let property = |(name, text): (&String, &String)| match name.is_empty() {
            true => Err("`properties`: a property has a name".to_string()),
            false => Ok((SmolStr::from(name), path("properties", text)?)),
        };
        let properties = settings.properties.iter().map(property).collect::<Result<Vec<_>, _>>()?;
        if settings.record_before.is_some() && settings.operation.is_none_or(|given| given.delete.is_empty())
        {
            return Err("`record_before` is where a deleted record is; name deletes under `operation`".into());
        }
        Ok(Self {
            mapping,
            properties: (!properties.is_empty()).then_some(properties),
            types: settings.types.clone(),
            operations: settings.operation.map(Operations::compile).transpose()?,
            record: settings.record.map(|text| path("record", text)).transpose()?,
            before: settings.record_before.map(|text| path("record_before", text)).transpose()?,
            timestamp: settings.timestamp.map(|timestamp| Moment::compile(timestamp, place)).transpose()?,
            unavailable: Unavailable::new(settings.unavailable_value.unwrap_or(UNAVAILABLE)),
        })
    }

    /// Returns the transaction of a message.
    pub fn transaction(&self, message: Json<'_>) -> Result<Transaction, InputError> {
        let whole = Object::read(message, "a record")?;
        let operation = self.operations.as_ref().map_or(Ok(Operation::Insert), |known| known.of(&whole))?;
        let at = match operation {
            Operation::Delete => self.before.as_ref().or(self.record.as_ref()),
            Operation::Insert | Operation::Update => self.record.as_ref(),
        };
        let inner = match at {
            None => None,
            Some(path) => match find(&whole, path)? {
                Some(json) => Some(Object::read(json, "the record")?),
                None => return Err(message.error(code::RECORD, format!("the record, `{path}`, is missing"))),
            },
        };
        let object = inner.as_ref().unwrap_or(&whole);
        let timestamp = self.timestamp.as_ref().map(|moment| time(moment, &whole, object)).transpose()?;
        let fields = Fields { object, unavailable: self.unavailable.as_ref() };
        let act = match operation {
            // A partial record replaces only what it has.
            Operation::Insert if fields.is_partial() => Act::Merge(self.properties(&fields)?),
            Operation::Insert => Act::Replace(self.properties(&fields)?),
            Operation::Update => Act::Merge(self.properties(&fields)?),
            Operation::Delete => Act::Delete,
        };
        Ok(Transaction { changes: self.mapping.changes(&fields, act)?, timestamp })
    }

    fn properties(&self, fields: &Fields<'_, '_>) -> Result<Map, InputError> {
        let mut map = Map::new();
        match &self.properties {
            None if !fields.is_partial() => return super::change::map(fields.object, &self.types),
            None => {
                for (name, json) in fields.object.entries() {
                    if fields.says(*json)? {
                        map.insert(name.as_ref(), property(name, *json, &self.types)?);
                    }
                }
            }
            Some(properties) => {
                for (name, path) in properties {
                    if let Some(json) = find(fields.object, path)?
                        && fields.says(json)?
                    {
                        map.insert(name.clone(), property(name, json, &self.types)?);
                    }
                }
            }
        }
        Ok(map)
    }
}

impl Operations {
    fn compile(settings: &OperationMapping) -> Result<Self, String> {
        let OperationMapping { path, insert, update, delete } = settings;
        let path = Path::parse(path).map_err(|error| format!("`operation.path`: {error}"))?;
        let mut names: Vec<(String, Operation)> = Vec::new();
        for (operation, listed) in
            [(Operation::Insert, insert), (Operation::Update, update), (Operation::Delete, delete)]
        {
            for name in listed {
                if names.iter().any(|(have, _)| have == name) {
                    return Err(format!("`operation`: `{name}` is there twice"));
                }
                names.push((name.clone(), operation));
            }
        }
        if names.is_empty() {
            return Err(
                "`operation` is empty; write which values mean which operation, as in `delete: [d]`".into()
            );
        }
        Ok(Self { path, names })
    }

    fn of(&self, message: &Object<'_>) -> Result<Operation, InputError> {
        let path = &self.path;
        let Some(json) = find(message, path)? else {
            let text = format!("`{path}` is missing, which says what operation this is");
            return Err(message.json.error(code::RECORD, text));
        };
        let said = match text(json)? {
            Field::Text(said) => said,
            Field::Null | Field::Missing => "null".into(),
        };
        let known = self.names.iter().find(|(name, _)| *name == said);
        known.map(|(_, operation)| *operation).ok_or_else(|| {
            let names: Vec<&str> = self.names.iter().map(|(name, _)| name.as_str()).collect();
            let advice = suggest::advice(&said, &names);
            json.error(code::RECORD, format!("unknown operation `{}`; {advice}", shortened(&said)))
        })
    }
}

impl Fields<'_, '_> {
    /// Returns whether a value is there, and not left out because it did not change.
    fn says(&self, json: Json<'_>) -> Result<bool, InputError> {
        match self.unavailable.map_or(Said::All, |unavailable| unavailable.said(json)) {
            Said::All => Ok(true),
            Said::Nothing => Ok(false),
            Said::Parts => {
                let message = "parts of this map are not sent, so its value is not known; \
                    map its fields as `properties` of their own";
                Err(json.error(code::RECORD, message))
            }
        }
    }

    /// Returns whether the record leaves out a value, or a part of one, that did not change.
    fn is_partial(&self) -> bool {
        let is_left_out = |unavailable: &Unavailable| {
            self.object.entries().iter().any(|(_, json)| unavailable.said(*json) != Said::All)
        };
        self.unavailable.is_some_and(is_left_out)
    }
}

impl Row for Fields<'_, '_> {
    type Place = Path;
    const CODE: &'static str = code::RECORD;

    fn field(&self, place: &Path) -> Result<Field<'_>, InputError> {
        match find(self.object, place)? {
            Some(json) if self.says(json)? => text(json),
            _ => Ok(Field::Missing),
        }
    }

    fn error(&self, place: Option<&Path>, code: &'static str, message: String) -> InputError {
        let found = place.and_then(|place| find(self.object, place).ok().flatten());
        found.unwrap_or(self.object.json).error(code, message)
    }
}

/// Returns the time that a message names, in itself or in its record.
fn time(moment: &Moment<Path>, message: &Object<'_>, record: &Object<'_>) -> Result<Timestamp, InputError> {
    let path = &moment.place;
    let found = match find(message, path) {
        Ok(Some(json)) => Some(json),
        _ => find(record, path)?,
    };
    let Some(json) = found.filter(|json| !json.is_null()) else {
        let is = if found.is_some() { "null" } else { "missing" };
        return Err(message.json.error(code::RECORD, format!("`{path}`, the time of the record, is {is}")));
    };
    let written = match json.raw.get().as_bytes().first() {
        Some(b'"') => json.string()?,
        _ => Cow::Borrowed(json.raw.get()),
    };
    let wrong =
        |text: String| json.error(code::RECORD, format!("{text}, and this is `{}`", shortened(&written)));
    moment.of(&written).map_err(wrong)
}

/// Returns the value at a path; null if the path leads through null.
fn find<'a>(object: &Object<'a>, path: &Path) -> Result<Option<Json<'a>>, InputError> {
    let mut names = path.names();
    let mut found = names.next().and_then(|name| object.get(name));
    for name in names {
        let Some(json) = found.filter(|json| !json.is_null()) else { break };
        found = Object::read(json, &format!("`{path}` is looked for in it"))?.get(name);
    }
    Ok(found)
}

/// Returns a value as a part of an id.
fn text(json: Json<'_>) -> Result<Field<'_>, InputError> {
    let raw = json.raw.get();
    let is_integer = |byte: u8| byte == b'-' || byte.is_ascii_digit();
    match raw.as_bytes().first() {
        Some(b'n') => Ok(Field::Null),
        Some(b'"') => json.string().map(Field::Text),
        Some(b't' | b'f') => Ok(Field::Text(Cow::Borrowed(raw))),
        Some(first) if is_integer(*first) && raw.bytes().all(is_integer) => Ok(Field::Text(raw.into())),
        _ => {
            let found = json.described();
            let message =
                format!("must be a text, an integer or a boolean to be part of an id, and this is {found}");
            Err(json.error(code::RECORD, message))
        }
    }
}
