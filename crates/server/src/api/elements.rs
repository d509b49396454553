//! The contents of a source: how many elements of which labels and types, pages of them, and one by its id.

use super::broken_off::broken_off;
use super::call::{Call, by_hand as call};
use super::components::find;
use super::context::{Api, Shared};
use super::problem::Problem;
use super::verifying::Waiting;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::Method;
use livewell::inventory::{self, Filter, Group, Inventory};
use livewell::{ComponentKind, Error};
use livewell_model::{Element, ElementId, SmolStr};
use livewell_store::Store;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How many elements a page has if absent.
const LIMIT: usize = 100;
/// The most elements on a page.
pub const LIMIT_MAX: usize = 1_000;

/// A page of elements.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Nodes with this label only.
    label: Option<String>,
    /// Relationships of this type only.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// The id after which the page begins.
    after: Option<String>,
    limit: Option<usize>,
}

/// Returns the calls about elements.
pub fn calls() -> Vec<Call> {
    let count = async |State(api): State<Shared>, Path(id): Path<String>| {
        let waiting = Waiting::default();
        let (source, is_gone) = (id.clone(), waiting.is_gone());
        let counted = read(&api, &id, move |store| inventory::count(store, &source, &is_gone));
        Ok::<_, Problem>(Json(counts(&id, &counted.await?)))
    };
    let list = async |State(api): State<Shared>, Path(id): Path<String>, Query(asked): Query<Asked>| {
        let limit = asked.limit.unwrap_or(LIMIT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            let message = format!("`limit` is from 1 to {LIMIT_MAX}; read what comes then with `after`");
            return Err(Problem::new(400, "LW0701", message));
        }
        let filter = Filter { label: asked.label, kind: asked.kind };
        let (source, after) = (id.clone(), asked.after);
        let page =
            read(&api, &id, move |store| inventory::page(store, &source, &filter, after.as_deref(), limit));
        let page = page.await?;
        let elements: Vec<Value> = page.elements.iter().map(shape).collect();
        Ok(Json(json!({ "elements": elements, "next": page.next })))
    };
    let one = async |State(api): State<Shared>, Path((id, element)): Path<(String, String)>| {
        let (source, wanted) = (id.clone(), element.clone());
        let found = read(&api, &id, move |store| inventory::element(store, &source, &wanted)).await?;
        let missing = || Problem::new(404, "LW0501", format!("the source `{id}` has no element `{element}`"));
        Ok::<_, Problem>(Json(shape(&found.ok_or_else(missing)?)))
    };
    let path = |rest: &str| format!("/api/v1/sources/{{id}}/{rest}");
    vec![
        call(Method::GET, path("counts"), count),
        call(Method::GET, path("elements"), list),
        call(Method::GET, path("elements/{element}"), one),
    ]
}

/// Reads the store on a thread that may block.
async fn read<T: Send + 'static>(
    api: &Api,
    source: &str,
    read: impl FnOnce(&dyn Store) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    find(api, ComponentKind::Source, source)?;
    let _permit = super::stream::permit(api)?;
    let store = api.livewell.store().clone();
    let read = tokio::task::spawn_blocking(move || read(&*store)).await;
    Ok(read.map_err(|error| broken_off(&error))??)
}

/// Returns what a source holds, in JSON.
pub fn counts(source: &str, inventory: &Inventory) -> Value {
    let group = |group: &Group| json!({ "count": group.count, "samples": group.samples });
    let groups = |groups: &BTreeMap<SmolStr, Group>| {
        groups.iter().map(|(name, of)| (name.to_string(), group(of))).collect::<Map<_, _>>()
    };
    json!({
        "source_id": source,
        "position": inventory.position,
        "changed": inventory.changed,
        "nodes": inventory.nodes.count,
        "relationships": inventory.relationships.count,
        "labels": groups(&inventory.labels),
        "types": groups(&inventory.types),
        "others": inventory.others,
        "dangling": group(&inventory.dangling),
    })
}

/// Returns an element in JSON: as in a result, but with the source of an end that is in another source.
pub fn shape(element: &Element) -> Value {
    // Every value has a shape in JSON.
    let mut shape = serde_json::to_value(element.to_value()).unwrap_or_default();
    if let Element::Relationship(relationship) = element {
        let own = &relationship.id.source;
        let end = |end: &ElementId| match end.source == *own {
            true => json!(end.id.as_str()),
            false => json!({ "source": end.source.as_str(), "id": end.id.as_str() }),
        };
        shape["from"] = end(&relationship.from);
        shape["to"] = end(&relationship.to);
    }
    shape
}
