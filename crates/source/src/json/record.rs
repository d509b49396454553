//! A record of any shape, by a mapping: a node, its relationships, and what happens to them.

use super::Types;
use super::change::property;
use super::object::{Json, Object, shortened};
use crate::error::code;
use crate::mapping::{Act, Field, Mapping, Row};
use crate::path::Path;
use crate::settings::{NodeMapping, OperationMapping, RecordSettings};
use crate::{InputError, Limits, suggest};
use livewell_model::{Change, Map, SmolStr};
use std::borrow::Cow;

/// A mapping of records, its templates and paths read.
#[derive(Debug, Clone)]
pub(super) struct Record {
    mapping: Mapping<Path>,
    /// The properties and where they are; `None`: all of the record.
    properties: Option<Vec<(SmolStr, Path)>>,
    types: Types,
    operations: Option<Operations>,
    record: Option<Path>,
    before: Option<Path>,
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
        })
    }

    /// The changes that a message comes to.
    pub fn changes(&self, message: Json<'_>) -> Result<Vec<Change>, InputError> {
        let whole = Object::read(message, "a record")?;
        let operation = self.operations.as_ref().map_or(Ok(Operation::Insert), |known| known.of(&whole))?;
        let at = match operation {
            Operation::Delete => self.before.as_ref().or(self.record.as_ref()),
            Operation::Insert | Operation::Update => self.record.as_ref(),
        };
        let record = match at {
            None => whole,
            Some(path) => match find(&whole, path)? {
                Some(json) => Object::read(json, "the record")?,
                None => return Err(message.error(code::RECORD, format!("the record, `{path}`, is missing"))),
            },
        };
        let act = match operation {
            Operation::Insert => Act::Replace(self.properties(&record)?),
            Operation::Update => Act::Merge(self.properties(&record)?),
            Operation::Delete => Act::Delete,
        };
        self.mapping.changes(&record, act)
    }

    fn properties(&self, record: &Object<'_>) -> Result<Map, InputError> {
        let Some(properties) = &self.properties else { return super::change::map(record, &self.types) };
        let mut map = Map::new();
        for (name, path) in properties {
            if let Some(json) = find(record, path)? {
                map.insert(name.clone(), property(name, json, &self.types)?);
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
                    return Err(format!("`operation`: `{name}` stands there twice"));
                }
                names.push((name.clone(), operation));
            }
        }
        if names.is_empty() {
            return Err("`operation` says nothing; write what stands for what, as in `delete: [d]`".into());
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

impl Row for Object<'_> {
    type Place = Path;
    const CODE: &'static str = code::RECORD;

    fn field(&self, place: &Path) -> Result<Field<'_>, InputError> {
        find(self, place)?.map_or(Ok(Field::Missing), text)
    }

    fn error(&self, place: Option<&Path>, code: &'static str, message: String) -> InputError {
        let found = place.and_then(|place| find(self, place).ok().flatten());
        found.unwrap_or(self.json).error(code, message)
    }
}

/// What is at a path; null where the way there leads to null.
fn find<'a>(object: &Object<'a>, path: &Path) -> Result<Option<Json<'a>>, InputError> {
    let mut names = path.names();
    let mut found = names.next().and_then(|name| object.get(name));
    for name in names {
        let Some(json) = found.filter(|json| !json.is_null()) else { break };
        found = Object::read(json, &format!("`{path}` is looked for in it"))?.get(name);
    }
    Ok(found)
}

/// A value as a part of an id.
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
