//! One change: `{"operation":"insert","element":{...}}`, field by field.

use super::object::{Json, Object, shortened};
use super::typed::{Types, typed};
use crate::error::code;
use crate::{InputError, Limits};
use livewell_model::element::sorted_labels;
use livewell_model::json::{TooDeep, value_from_text};
use livewell_model::{Change, ElementId, Map, Node, Patch, Relationship, SmolStr, Timestamp, Value};

const CHANGE: [&str; 3] = ["operation", "element", "timestamp"];
// `labels` of a deleted element: some producers send them, and they have no effect.
const DELETE: [&str; 5] = ["operation", "id", "element", "labels", "timestamp"];
const NODE: [&str; 4] = ["type", "id", "labels", "properties"];
const RELATIONSHIP: [&str; 6] = ["type", "id", "labels", "from", "to", "properties"];

/// What reading a change needs to know: the source of its ids and their maximum length.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub source: &'a SmolStr,
    pub limits: &'a Limits,
    pub types: &'a Types,
}

/// Returns the change that an object describes, with its timestamp.
pub(super) fn change(
    object: &Object<'_>,
    fields: Fields<'_>,
) -> Result<(Change, Option<Timestamp>), InputError> {
    let operation = object.need("operation")?;
    let name = operation.string()?;
    let change = match name.as_ref() {
        "insert" => {
            object.allow(&CHANGE)?;
            insert(&Object::read(object.need("element")?, "a node or a relationship")?, fields)?
        }
        "update" => {
            object.allow(&CHANGE)?;
            update(&Object::read(object.need("element")?, "a node or a relationship")?, fields)?
        }
        "delete" => Change::Delete(delete(object, fields)?),
        other => {
            let known = ["insert", "update", "delete"];
            let advice = crate::suggest::advice(other, &known);
            return Err(
                operation.error(code::SHAPE, format!("unknown operation `{}`; {advice}", shortened(other)))
            );
        }
    };
    Ok((change, object.timestamp()?))
}

fn insert(element: &Object<'_>, fields: Fields<'_>) -> Result<Change, InputError> {
    let is_relationship = kind(element.need("type")?)?;
    element.allow(if is_relationship { &RELATIONSHIP } else { &NODE })?;
    let id = fields.id(element.need("id")?)?;
    let properties = properties(element, fields)?;
    let labels = labels(element)?;
    Ok(if is_relationship {
        let kind = single_type(element, labels)?;
        let (from, to) = (fields.end(element.need("from")?)?, fields.end(element.need("to")?)?);
        Change::insert(Relationship { id, kind, from, to, properties })
    } else {
        Change::insert(Node { id, labels: labels.unwrap_or_default(), properties })
    })
}

fn update(element: &Object<'_>, fields: Fields<'_>) -> Result<Change, InputError> {
    let is_relationship = element.get("type").map(kind).transpose()?;
    element.allow(if is_relationship == Some(false) { &NODE } else { &RELATIONSHIP })?;
    let end = |name| element.get(name).map(|json| fields.end(json)).transpose();
    let mut patch = Patch::new(fields.id(element.need("id")?)?);
    patch.is_relationship = is_relationship;
    patch.labels = labels(element)?;
    patch.from = end("from")?;
    patch.to = end("to")?;
    patch.properties = properties(element, fields)?;
    let speaks_of_relationship = is_relationship == Some(true) || patch.from.is_some() || patch.to.is_some();
    if speaks_of_relationship && patch.labels.is_some() {
        single_type(element, patch.labels.clone())?;
    }
    Ok(Change::Update(patch))
}

fn delete(object: &Object<'_>, fields: Fields<'_>) -> Result<ElementId, InputError> {
    object.allow(&DELETE)?;
    labels(object)?;
    let top = object.get("id").map(|json| fields.id(json)).transpose()?;
    let Some(element) = object.get("element") else {
        return top
            .ok_or_else(|| object.json.error(code::SHAPE, "`id` is missing: which element is deleted?"));
    };
    let element = Object::read(element, "a node or a relationship")?;
    element.allow(&RELATIONSHIP)?;
    let json = element.need("id")?;
    let id = fields.id(json)?;
    match top {
        Some(top) if top != id => {
            Err(json.error(code::SHAPE, "this is another id than the one of the change"))
        }
        _ => Ok(id),
    }
}

/// Returns whether `type` says relationship.
fn kind(json: Json<'_>) -> Result<bool, InputError> {
    let name = json.string()?;
    match name.as_ref() {
        "node" => Ok(false),
        "relation" | "relationship" => Ok(true),
        other => {
            let advice = crate::suggest::advice(other, &["node", "relation", "relationship"]);
            Err(json.error(code::SHAPE, format!("unknown type `{}`; {advice}", shortened(other))))
        }
    }
}

fn labels(object: &Object<'_>) -> Result<Option<Vec<SmolStr>>, InputError> {
    let Some(json) = object.get("labels") else { return Ok(None) };
    let label = |item: Json<'_>| match item.string()? {
        name if name.is_empty() => Err(item.error(code::SHAPE, "a label cannot be empty")),
        name => Ok(SmolStr::from(name)),
    };
    Ok(Some(sorted_labels(json.items()?.into_iter().map(label).collect::<Result<Vec<_>, _>>()?)))
}

fn single_type(element: &Object<'_>, labels: Option<Vec<SmolStr>>) -> Result<SmolStr, InputError> {
    let json = element.get("labels").unwrap_or(element.json);
    let mut labels = labels.unwrap_or_default();
    match labels.len() {
        1 => Ok(labels.remove(0)),
        count => {
            let message =
                format!("a relationship has one type: `labels` must name one, and here are {count}");
            Err(json.error(code::SHAPE, message))
        }
    }
}

fn properties(element: &Object<'_>, fields: Fields<'_>) -> Result<Map, InputError> {
    let Some(json) = element.get("properties") else { return Ok(Map::new()) };
    map(&Object::read(json, "properties")?, fields.types)
}

/// Returns the entries of an object as a map of values, those of `types` in their types.
pub(super) fn map(object: &Object<'_>, types: &Types) -> Result<Map, InputError> {
    let entries = object.entries().iter();
    let mut pairs = entries
        .map(|(name, json)| Ok((name.as_ref(), property(name, *json, types)?)))
        .collect::<Result<Vec<_>, _>>()?;
    // A map inserts at the right place; in order that is always the end.
    pairs.sort_unstable_by(|a, b| a.0.cmp(b.0));
    Ok(pairs.into_iter().collect())
}

/// Returns the value of a property.
pub(super) fn property(name: &str, json: Json<'_>, types: &Types) -> Result<Value, InputError> {
    match types.get(name) {
        Some(wanted) => typed(json, *wanted),
        None => value(json),
    }
}

/// Returns the value that a piece of JSON holds.
fn value(json: Json<'_>) -> Result<Value, InputError> {
    if !json.exact.is_empty() {
        match json.raw.get().as_bytes().first() {
            Some(b'[') => {
                let items = json.items()?.into_iter().map(value).collect::<Result<Vec<_>, _>>()?;
                return Ok(Value::list(items));
            }
            Some(b'{') => return Ok(Value::Map(map(&Object::read(json, "a map")?, &Types::new())?.into())),
            _ => {
                if let Some(value) = json.exactly() {
                    return Ok(value.clone());
                }
            }
        }
    }
    value_from_text(json.raw.get()).map_err(|error| {
        let full = error.to_string();
        let reason = full.split(" at line ").next().unwrap_or(&full);
        // The parser has a limit of its own, a little beyond the model's.
        let reason =
            if reason.contains("recursion limit") { TooDeep.to_string() } else { reason.to_string() };
        json.error(code::SHAPE, reason)
    })
}

impl Fields<'_> {
    /// Returns an id of the source itself.
    fn id(&self, json: Json<'_>) -> Result<ElementId, InputError> {
        if !json.raw.get().starts_with('"') {
            let message = format!("must be a string, and this is {}", json.described());
            return Err(json.error(code::SHAPE, message));
        }
        let id = json.string()?;
        if id.is_empty() {
            return Err(json.error(code::SHAPE, "an id cannot be empty"));
        }
        if id.len() > self.limits.id_bytes_max {
            let (length, max) = (id.len(), self.limits.id_bytes_max);
            let message = format!("an id of {length} bytes, and {max} are allowed (`limits.id_bytes_max`)");
            return Err(json.error(code::LIMIT, message));
        }
        Ok(ElementId { source: self.source.clone(), id: id.into() })
    }

    /// Returns an end of a relationship: an id of the source itself or, with its source named, of another.
    fn end(self, json: Json<'_>) -> Result<ElementId, InputError> {
        if !json.raw.get().starts_with('{') {
            return self.id(json);
        }
        let object = Object::read(json, "a source and an id")?;
        object.allow(&["source", "id"])?;
        let source = object.need("source")?;
        let name = source.string()?;
        if !livewell_model::component::is_component_id(&name) {
            let message = "not the id of a source: letters, digits, `-` and `_`, at most 63";
            return Err(source.error(code::SHAPE, message));
        }
        Fields { source: &name.into(), ..self }.id(object.need("id")?)
    }
}
