//! `GET /api/v1/sources/ID/schema`: what a source is made of.

use super::call::{Call, call};
use super::context::Shared;
use super::elements::read;
use super::problem::Problem;
use super::verifying::Waiting;
use super::wire::{Elsewhere, End, json};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use livewell::schema;
use livewell_model::SmolStr;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a source is made of.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SourceSchema")]
pub struct Schema {
    source_id: String,
    /// The source's last position.
    position: u64,
    /// Whether a sample was read, since there are more than 20,000 elements, or very large ones. Then every count below
    /// is of the sample, what is rare may be missing, and `counts` counts all.
    sampled: bool,
    /// How many elements the source has.
    elements: u64,
    /// How many of them were read.
    elements_read: u64,
    /// How many of those that were read are nodes.
    nodes: u64,
    /// How many of them are relationships.
    relationships: u64,
    /// At most 1,000, by name. A node with several labels is in each.
    labels: Vec<Label>,
    /// The nodes without a label.
    unlabelled: Unlabelled,
    /// At most 1,000, by name.
    types: Vec<Type>,
    /// How often labels, types, properties and pairs of ends came that are not listed, since there are too many.
    others: u64,
    dangling: Dangling,
}

/// The nodes with a label.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Label {
    name: String,
    /// How many nodes have it.
    count: u64,
    /// At most 256, by name.
    properties: Vec<Property>,
}

/// The nodes without a label.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Unlabelled {
    /// How many there are.
    count: u64,
    /// At most 256, by name.
    properties: Vec<Property>,
}

/// The relationships of a type.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Type {
    name: String,
    /// How many relationships are of it.
    count: u64,
    /// The labels at both ends, the most frequent first, at most 50. What dangles is not among them.
    ends: Vec<Ends>,
    /// At most 256, by name.
    properties: Vec<Property>,
}

/// Relationships between nodes of the same labels.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Ends {
    from: Vec<String>,
    to: Vec<String>,
    count: u64,
}

/// A property of the elements of one label or type.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SourceProperty")]
struct Property {
    name: String,
    /// How many of the elements have it.
    count: u64,
    /// How many of its values are of each type, such as `integer` and `string`.
    types: BTreeMap<&'static str, u64>,
    /// The first different values that are short, at most three.
    examples: Vec<Value>,
}

/// The relationships with an end that does not exist.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Dangling {
    count: u64,
    /// The ids of the first of them, at most 20.
    ids: Vec<String>,
    /// The first nodes that are missing, at most 20.
    missing: Vec<End>,
}

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let summary =
        "What a source is made of: labels, types and their ends, properties with the types of their values";
    vec![
        call(Method::GET, "/api/v1/sources/{id}/schema", get, summary)
            .answers(200, "The schema; it takes the same time however large the source is")
            .refuses(&[503]),
    ]
}

async fn get(State(api): State<Shared>, Path(id): Path<String>) -> Result<Json<Schema>, Problem> {
    let waiting = Waiting::default();
    let (own, source, is_gone) = (api.clone(), id.clone(), waiting.is_gone());
    let found =
        read(&api, &id, move |store| own.schemas.read(store, &source, Duration::ZERO, &is_gone)).await?;
    Ok(Json(Schema::of(id, &found)))
}

impl Schema {
    /// Returns what a source is made of.
    pub fn of(source_id: String, schema: &schema::Schema) -> Self {
        let label = |label: &schema::Label| Label {
            name: label.name.to_string(),
            count: label.count,
            properties: label.properties.iter().map(Property::of).collect(),
        };
        let ends =
            |ends: &schema::Ends| Ends { from: texts(&ends.from), to: texts(&ends.to), count: ends.count };
        let kind = |kind: &schema::Type| Type {
            name: kind.name.to_string(),
            count: kind.count,
            ends: kind.ends.iter().map(ends).collect(),
            properties: kind.properties.iter().map(Property::of).collect(),
        };
        let missing = schema.dangling.missing.iter().map(|id| match id.source == source_id.as_str() {
            true => End::Own(id.id.to_string()),
            false => End::Other(Elsewhere { source: id.source.to_string(), id: id.id.to_string() }),
        });
        Self {
            position: schema.position,
            sampled: schema.sampled,
            elements: schema.elements,
            elements_read: schema.elements_read,
            nodes: schema.nodes,
            relationships: schema.relationships,
            labels: schema.labels.iter().map(label).collect(),
            unlabelled: Unlabelled {
                count: schema.unlabelled.count,
                properties: schema.unlabelled.properties.iter().map(Property::of).collect(),
            },
            types: schema.types.iter().map(kind).collect(),
            others: schema.others,
            dangling: Dangling {
                count: schema.dangling.count,
                ids: texts(&schema.dangling.ids),
                missing: missing.collect(),
            },
            source_id,
        }
    }
}

impl Property {
    fn of(property: &schema::Property) -> Self {
        Self {
            name: property.name.to_string(),
            count: property.count,
            types: property.types.clone(),
            examples: property.examples.iter().map(json).collect(),
        }
    }
}

fn texts(names: &[SmolStr]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}
