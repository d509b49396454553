//! The values of scenarios: tagged JSON.
//!
//! `null`, `true`, `false`, `{int:"n"}`, `{float:"x"}`, `{decimal:"x"}`, `{str}`, `{list}`, `{map:[[k,v]]}`,
//! `{node:{labels,props}}`, `{rel:{type,props,dir}}`, `{path:[node,rel,node,..]}`, and `{expr}`: the text of a
//! constant expression.

use livewell_model::{Decimal, Element, ElementId, Map, Node, Relationship, SmolStr, Value};
use livewell_query::expression::{Scope, compile};
use livewell_query::parse;
use serde_json::Value as Json;
use std::sync::Arc;

/// Why a value cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It is malformed.
    Malformed(String),
    /// It is the text of an expression that the language does not have.
    Refused(String),
}

/// The result of a function of this module.
pub type Read<T> = Result<T, Unread>;

/// Rows without variables.
struct NoVariables;

impl Scope for NoVariables {
    fn slot(&self, _: &str) -> Option<usize> {
        None
    }
}

/// Reads a tagged value. Its elements, which have no ids, get empty ones; along a path ids by their place.
///
/// # Errors
/// Returns [`Unread`] if it is malformed or refused.
pub fn value(json: &Json) -> Read<Value> {
    let Json::Object(tagged) = json else {
        return match json {
            Json::Null => Ok(Value::Null),
            Json::Bool(truth) => Ok(Value::Bool(*truth)),
            _ => Err(malformed("a tagged value", json)),
        };
    };
    let Some((tag, content)) = tagged.iter().next().filter(|_| tagged.len() == 1) else {
        return Err(malformed("one tag", json));
    };
    Ok(match tag.as_str() {
        "int" => Value::Int(text(content)?.parse().map_err(|_| malformed("an integer", content))?),
        "float" => Value::Float(text(content)?.parse().map_err(|_| malformed("a float", content))?),
        "decimal" => Decimal::parse(text(content)?).map_err(|_| malformed("a decimal", content))?.into(),
        "str" => Value::string(text(content)?),
        "list" => Value::list(array(content)?.iter().map(value).collect::<Read<Vec<_>>>()?),
        "map" => Value::Map(map(content)?.into()),
        "node" => Value::Node(node("", content)?.into()),
        "rel" => Value::Relationship(relationship(content, ["", "", ""])?.into()),
        "path" => path(content)?,
        "expr" => constant(text(content)?)?,
        _ => return Err(malformed("a known tag", json)),
    })
}

/// Reads a list of names with their values.
///
/// # Errors
/// Returns [`Unread`] if it is malformed or refused.
pub fn map(json: &Json) -> Read<Map> {
    array(json)?.iter().map(|entry| Ok((text(&entry[0])?, value(&entry[1])?))).collect()
}

/// Reads `{labels, props}` as a node with an id.
///
/// # Errors
/// Returns [`Unread`] if it is malformed or refused.
pub fn node(id: &str, json: &Json) -> Read<Node> {
    let labels = array(&json["labels"])?.iter().map(|label| text(label).map(SmolStr::from));
    let node =
        Node { id: element_id(id), labels: labels.collect::<Read<_>>()?, properties: map(&json["props"])? };
    // The conversion sorts the labels and drops properties that are null.
    match Element::from(node) {
        Element::Node(node) => Ok(Arc::unwrap_or_clone(node)),
        Element::Relationship(_) => unreachable!("made of a node"),
    }
}

/// Reads `{type, props}` as a relationship with an id, between two nodes.
///
/// # Errors
/// Returns [`Unread`] if it is malformed or refused.
pub fn relationship(json: &Json, id_from_to: [&str; 3]) -> Read<Relationship> {
    let [id, from, to] = id_from_to.map(element_id);
    let kind = text(&json["type"])?.into();
    match Element::from(Relationship { id, kind, from, to, properties: map(&json["props"])? }) {
        Element::Relationship(relationship) => Ok(Arc::unwrap_or_clone(relationship)),
        Element::Node(_) => unreachable!("made of a relationship"),
    }
}

/// Returns the id of an element of a scenario's graph.
fn element_id(id: &str) -> ElementId {
    ElementId::new("scenario", id)
}

fn path(json: &Json) -> Read<Value> {
    let step = |(at, step): (usize, &Json)| {
        if let Some(content) = step.get("node") {
            return Ok(Value::Node(node(&at.to_string(), content)?.into()));
        }
        let content = step.get("rel").ok_or_else(|| malformed("a node or a relationship", step))?;
        let (id, left, right) = (at.to_string(), at.saturating_sub(1).to_string(), (at + 1).to_string());
        let (from, to) = if content["dir"] == "in" { (right, left) } else { (left, right) };
        Ok(Value::Relationship(relationship(content, [&id, &from, &to])?.into()))
    };
    Ok(Value::Path(array(json)?.iter().enumerate().map(step).collect::<Read<Vec<_>>>()?.into()))
}

/// Evaluates a constant expression.
///
/// # Errors
/// Returns [`Unread::Refused`] if the language does not have it, or if it has no value.
pub fn constant(expression: &str) -> Read<Value> {
    evaluate(expression, &Map::new())
}

/// Evaluates an expression that contains no variables, only parameters.
fn evaluate(expression: &str, params: &Map) -> Read<Value> {
    let refused = |why: String| Unread::Refused(format!("{expression}: {why}"));
    let query = parse(&format!("RETURN {expression} AS value")).map_err(|why| refused(why.to_string()))?;
    let item = &query.branches[0].returns.items[0];
    let compiled = compile(&item.expr, &NoVariables, params).map_err(|why| refused(why.to_string()))?;
    compiled.eval(&[]).map_err(|why| refused(why.to_string()))
}

/// Returns the value as an expected table can describe it: elements without ids, values without a tag of their own as
/// text. With `any_order` the order of lists is left out too.
pub fn shown(value: &Value, any_order: bool) -> String {
    let map = |map: &Map| {
        let entries: Vec<_> =
            map.iter().map(|(name, v)| format!("{name}: {}", shown(v, any_order))).collect();
        format!("{{{}}}", entries.join(", "))
    };
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::String(_) => format!("{value:?}"),
        // A table does not tell zeros or NaNs apart.
        Value::Float(float) if *float == 0.0 => "Float(0.0)".into(),
        Value::Float(float) => format!("Float({float:?})"),
        Value::Decimal(decimal) => format!("Decimal({decimal})"),
        Value::Node(node) => format!("({} {})", node.labels.join(":"), map(&node.properties)),
        Value::Relationship(via) => format!("[{} {}]", via.kind, map(&via.properties)),
        Value::Map(entries) => map(entries),
        Value::List(items) => {
            let mut items: Vec<_> = items.iter().map(|item| shown(item, any_order)).collect();
            if any_order {
                items.sort();
            }
            format!("[{}]", items.join(", "))
        }
        Value::Path(steps) => shown_path(steps, any_order),
        other => shown_text(other),
    }
}

/// Returns a path with the direction of each of its relationships.
fn shown_path(steps: &[Value], any_order: bool) -> String {
    let mut text = String::from("<");
    for (at, step) in steps.iter().enumerate() {
        let inward = match (at.checked_sub(1).map(|before| &steps[before]), step) {
            (Some(Value::Node(before)), Value::Relationship(via)) => via.from != before.id,
            _ => false,
        };
        text += if inward { "<-" } else { "-" };
        text += &shown(step, any_order);
    }
    text + ">"
}

/// Returns a temporal value as a table has it: the string that it prints as.
fn shown_text(value: &Value) -> String {
    let params: Map = [("value", value.clone())].into_iter().collect();
    format!("{:?}", evaluate("toString($value)", &params).as_ref().unwrap_or(value))
}

/// Returns the items of a JSON array.
///
/// # Errors
/// Returns [`Unread::Malformed`] if it is not an array.
pub fn array(json: &Json) -> Read<&[Json]> {
    json.as_array().map(Vec::as_slice).ok_or_else(|| malformed("an array", json))
}

/// Returns the text of a JSON string.
///
/// # Errors
/// Returns [`Unread::Malformed`] if it is not a string.
pub fn text(json: &Json) -> Read<&str> {
    json.as_str().ok_or_else(|| malformed("a string", json))
}

pub(crate) fn malformed(wanted: &str, json: &Json) -> Unread {
    Unread::Malformed(format!("expected {wanted}, found {json}"))
}
