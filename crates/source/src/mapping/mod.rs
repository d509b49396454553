//! Mappings: a row of a table or a JSON record becomes a node and the relationships that start at it.
//!
//! A relationship's id is made of its node's id and of the mapping alone. So the ids of a node's relationships are
//! known when the node is replaced or deleted, and a relationship that now leads elsewhere replaces the old one.

mod moment;
mod row;
pub(crate) mod template;

pub(crate) use moment::Moment;
pub(crate) use row::{Field, Row};

use crate::InputError;
use crate::error::code;
use crate::settings::{End, NodeMapping, RelationshipMapping};
use livewell_model::{Change, ElementId, Map, Node, Patch, Relationship, SmolStr};
use template::{Filled, Template};

/// What happens to the node of a row or record.
pub(crate) enum Act {
    /// Replaces the node, whatever it was.
    Replace(Map),
    /// Replaces the named properties; the rest stays.
    Merge(Map),
    /// Deletes the node, with the relationships that the mapping made.
    Delete,
}

/// A mapping with its templates compiled; `P` is the place of a field.
#[derive(Debug, Clone)]
pub(crate) struct Mapping<P> {
    source: SmolStr,
    label: SmolStr,
    id: Template<P>,
    edges: Vec<Edge<P>>,
    id_bytes_max: usize,
}

#[derive(Debug, Clone)]
struct Edge<P> {
    kind: SmolStr,
    source: Option<SmolStr>,
    to: Template<P>,
    /// The end of the relationship's id, after the node's.
    mark: String,
}

impl<P> Mapping<P> {
    /// Compiles the templates; `place` finds the field that a template names.
    pub fn compile(
        source: &str,
        node: &NodeMapping,
        relationships: &[RelationshipMapping],
        id_bytes_max: usize,
        place: impl Fn(&str) -> Result<P, String>,
    ) -> Result<Self, String> {
        let compile = |what: &str, text: &str| {
            Template::compile(text, &place).map_err(|error| format!("`{what}`: {error}"))
        };
        let mut edges = Vec::with_capacity(relationships.len());
        for RelationshipMapping { kind, to } in relationships {
            let (source, to) = match to {
                End::Here(to) => (None, to),
                End::There { source, id } => (Some(SmolStr::from(source)), id),
            };
            let there = source.as_ref().map_or_else(String::new, |source| format!("{source}/"));
            edges.push(Edge {
                kind: kind.into(),
                mark: format!("-{kind}->{there}{to}"),
                to: compile("relationships.to", to)?,
                source,
            });
        }
        let id = compile("node.id", &node.id)?;
        Ok(Self { source: source.into(), label: node.label.as_str().into(), id, edges, id_bytes_max })
    }

    /// Returns the places of the fields that the node's id is made of.
    #[cfg(feature = "kafka")]
    pub fn id_places(&self) -> impl Iterator<Item = &P> {
        self.id.places()
    }

    /// Returns the changes that `act` makes to the node of `row` and its relationships.
    pub fn changes<R: Row<Place = P>>(&self, row: &R, act: Act) -> Result<Vec<Change>, InputError> {
        let id = self.node_id(row)?;
        let (merges, deletes) = (matches!(act, Act::Merge(_)), matches!(act, Act::Delete));
        let mut changes = Vec::with_capacity(1 + self.edges.len());
        changes.push(self.node(id.clone(), act));
        for edge in &self.edges {
            let own = self.element_id(row, None, format!("{}{}", id.id, edge.mark))?;
            let to = match if deletes { None } else { Some(edge.to.fill(row)?) } {
                Some(Filled::Text(to)) => self.element_id(row, edge.source.as_ref(), to)?,
                Some(Filled::Missing(_)) if merges => continue,
                Some(Filled::Missing(_) | Filled::Null(_)) | None => {
                    changes.push(Change::Delete(own));
                    continue;
                }
            };
            let (kind, from) = (edge.kind.clone(), id.clone());
            changes.push(Change::insert(Relationship { id: own, kind, from, to, properties: Map::new() }));
        }
        Ok(changes)
    }

    fn node(&self, id: ElementId, act: Act) -> Change {
        let labels = vec![self.label.clone()];
        match act {
            Act::Replace(properties) => Change::insert(Node { id, labels, properties }),
            Act::Merge(properties) => Change::Update(Patch {
                is_relationship: Some(false),
                labels: Some(labels),
                properties,
                ..Patch::new(id)
            }),
            Act::Delete => Change::Delete(id),
        }
    }

    fn node_id<R: Row<Place = P>>(&self, row: &R) -> Result<ElementId, InputError> {
        let error =
            |place, name, is| row.error(place, R::CODE, format!("`{name}` {is}, and the node's id needs it"));
        match self.id.fill(row)? {
            Filled::Text(id) => self.element_id(row, None, id),
            Filled::Null(slot) => Err(error(Some(&slot.place), &slot.name, "is null")),
            Filled::Missing(slot) => Err(error(None, &slot.name, "is missing")),
        }
    }

    fn element_id<R: Row<Place = P>>(
        &self,
        row: &R,
        source: Option<&SmolStr>,
        id: String,
    ) -> Result<ElementId, InputError> {
        if id.is_empty() {
            return Err(row.error(None, R::CODE, "an id comes out empty".into()));
        }
        if id.len() > self.id_bytes_max {
            let (length, max) = (id.len(), self.id_bytes_max);
            let message = format!("an id of {length} bytes, and {max} are allowed (`limits.id_bytes_max`)");
            return Err(row.error(None, code::LIMIT, message));
        }
        Ok(ElementId { source: source.unwrap_or(&self.source).clone(), id: id.into() })
    }
}
