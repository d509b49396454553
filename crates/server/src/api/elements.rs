//! The contents of a source: how many elements of which labels and types, pages of them, and one by its id.

use super::broken_off::broken_off;
use super::call::{Call, call};
use super::components::find;
use super::context::{Api, Shared};
use super::problem::Problem;
use super::verifying::Waiting;
use super::wire::{Elsewhere, End, members};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::Method;
use livewell::inventory::{self, Filter, Inventory};
use livewell::{ComponentKind, Error};
use livewell_model::{ElementId, SmolStr};
use livewell_store::Store;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How many elements a page has if absent.
const LIMIT: usize = 100;
/// The most elements on a page.
pub const LIMIT_MAX: usize = 1_000;

/// A page of elements.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Nodes with this label only.
    label: Option<String>,
    /// Relationships of this type only.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Elements whose ids begin with this only.
    prefix: Option<String>,
    /// Relationships from or to the element of this id only.
    end: Option<String>,
    /// Begin after this id.
    after: Option<String>,
    /// How many elements at most; 100 where nothing is said.
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: Option<usize>,
}

/// An element: a node or a relationship.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Element {
    /// A node.
    Node(Node),
    /// A relationship.
    Relationship(Relationship),
}

/// A node: it has labels, and neither a type nor ends.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Node {
    id: String,
    labels: Vec<String>,
    properties: Map<String, Value>,
}

/// A relationship: it has a type and two ends, which need not exist.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Relationship {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    from: End,
    to: End,
    properties: Map<String, Value>,
}

/// A page of elements.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Elements")]
pub struct Page {
    elements: Vec<Element>,
    /// The `after` of the next page; null at the end.
    next: Option<String>,
    /// How many elements were looked at.
    looked_at: u64,
}

/// Elements that have something in common.
#[derive(Debug, Serialize, JsonSchema)]
struct Group {
    /// How many there are.
    count: u64,
    /// The first ids, at most three.
    samples: Vec<String>,
}

/// What a source holds.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Counts {
    source_id: String,
    /// The source's last position when counting began.
    position: u64,
    /// Whether the source changed meanwhile, so that the numbers are of no one moment.
    changed: bool,
    nodes: u64,
    relationships: u64,
    /// The nodes of each label; one with several labels is in each.
    labels: BTreeMap<String, Group>,
    /// The relationships of each type.
    types: BTreeMap<String, Group>,
    /// Elements under labels and types beyond the first 1,000 of each.
    others: u64,
    /// The relationships with an end that does not exist.
    dangling: Group,
}

/// Returns the calls about elements.
pub fn calls() -> Vec<Call> {
    let count = async |State(api): State<Shared>, Path(id): Path<String>| {
        let waiting = Waiting::default();
        let (source, is_gone) = (id.clone(), waiting.is_gone());
        let counted = read(&api, &id, move |store| inventory::count(store, &source, &is_gone));
        let counted = counted.await?;
        Ok::<_, Problem>(Json(Counts::of(id, counted)))
    };
    let list = async |State(api): State<Shared>, Path(id): Path<String>, Query(asked): Query<Asked>| {
        let limit = asked.limit.unwrap_or(LIMIT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            let message = format!("`limit` is from 1 to {LIMIT_MAX}; read what comes then with `after`");
            return Err(Problem::new(400, "LW0701", message));
        }
        let prefix = asked.prefix.unwrap_or_default();
        let filter = Filter { label: asked.label, kind: asked.kind, prefix, end: asked.end };
        let (source, after) = (id.clone(), asked.after);
        let page =
            read(&api, &id, move |store| inventory::page(store, &source, &filter, after.as_deref(), limit));
        Ok(Json(Page::from(page.await?)))
    };
    let one = async |State(api): State<Shared>, Path((id, element)): Path<(String, String)>| {
        let (source, wanted) = (id.clone(), element.clone());
        let found = read(&api, &id, move |store| inventory::element(store, &source, &wanted)).await?;
        Ok::<_, Problem>(Json(Element::from(&found.ok_or_else(|| missing(&id, &element))?)))
    };
    let path = |rest: &str| format!("/api/v1/sources/{{id}}/{rest}");
    vec![
        call(
            Method::GET,
            path("counts"),
            count,
            "How many elements of which labels and types a source holds, and what dangles",
        )
        .answers(200, "The counts")
        .refuses(&[400, 503]),
        call(Method::GET, path("elements"), list, "The elements of a source, by the bytes of their ids")
            .answers(
                200,
                "A page. It may have fewer elements than asked for, even none, and still a next one",
            )
            .refuses(&[503]),
        call(Method::GET, path("elements/{element}"), one, "One element of a source")
            .answers(200, "The element")
            .refuses(&[400, 503]),
    ]
}

/// Reads the store on a thread that may block.
pub(super) async fn read<T: Send + 'static>(
    api: &Api,
    source: &str,
    read: impl FnOnce(&dyn Store) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    find(api, ComponentKind::Source, source)?;
    let store = api.livewell.store().clone();
    blocking(api, move || read(&*store)).await
}

/// Reads on a thread that may block, beside as many others as streams may be open.
pub(super) async fn blocking<T: Send + 'static>(
    api: &Api,
    read: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    let permit = super::stream::permit(api)?;
    let read = tokio::task::spawn_blocking(move || {
        // The permit lasts as long as the reading.
        let _permit = permit;
        read()
    });
    Ok(read.await.map_err(|error| broken_off(&error))??)
}

/// Returns the answer that a source does not have an element.
pub(super) fn missing(source: &str, element: &str) -> Problem {
    Problem::new(404, "LW0501", format!("the source `{source}` has no element `{element}`"))
}

impl Counts {
    /// Returns what a source holds.
    pub fn of(source_id: String, inventory: Inventory) -> Self {
        let group = |group: inventory::Group| Group { count: group.count, samples: group.samples };
        let groups = |groups: BTreeMap<SmolStr, inventory::Group>| {
            groups.into_iter().map(|(name, of)| (name.to_string(), group(of))).collect()
        };
        Self {
            source_id,
            position: inventory.position,
            changed: inventory.changed,
            nodes: inventory.nodes.count,
            relationships: inventory.relationships.count,
            labels: groups(inventory.labels),
            types: groups(inventory.types),
            others: inventory.others,
            dangling: group(inventory.dangling),
        }
    }
}

impl From<inventory::Page> for Page {
    fn from(page: inventory::Page) -> Self {
        Self {
            elements: page.elements.iter().map(Element::from).collect(),
            next: page.next,
            looked_at: page.looked_at,
        }
    }
}

impl From<&livewell_model::Element> for Element {
    /// Returns an element as in a result, but with the source of an end that is in another source.
    fn from(element: &livewell_model::Element) -> Self {
        let (id, properties) = (element.id().id.to_string(), members(element.properties()));
        match element {
            livewell_model::Element::Node(node) => {
                let labels = node.labels.iter().map(ToString::to_string).collect();
                Self::Node(Node { id, labels, properties })
            }
            livewell_model::Element::Relationship(relationship) => {
                let own = &relationship.id.source;
                let end = |end: &ElementId| match end.source == *own {
                    true => End::Own(end.id.to_string()),
                    false => End::Other(Elsewhere { source: end.source.to_string(), id: end.id.to_string() }),
                };
                let (from, to) = (end(&relationship.from), end(&relationship.to));
                let kind = relationship.kind.to_string();
                Self::Relationship(Relationship { id, kind, from, to, properties })
            }
        }
    }
}
