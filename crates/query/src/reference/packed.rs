//! Elements as bytes, so that millions of them fit in memory: one is decoded when it is looked at.

use livewell_model::codec::{Reader, Writer};
use livewell_model::{Element, ElementId, Node, Relationship};
use std::sync::Arc;

/// What the place of an element takes beside its bytes.
const PLACE: usize = size_of::<u64>();

/// Elements in the order of their ids, nodes and relationships apart.
///
/// They are numbered in that order; a number is valid until the next [`Packed::push`].
#[derive(Debug, Clone, Default)]
pub struct Packed {
    bytes: Vec<u8>,
    /// Where each node begins in `bytes`.
    nodes: Vec<u64>,
    /// Where each relationship begins in `bytes`.
    relationships: Vec<u64>,
}

/// An id whose parts lie in the packed bytes. It is ordered as [`ElementId`] is.
type Id<'a> = (&'a [u8], &'a [u8]);

/// The ends and the type of a relationship.
pub(super) struct Ends<'a> {
    pub(super) kind: &'a [u8],
    pub(super) from: Id<'a>,
    pub(super) to: Id<'a>,
}

impl Packed {
    /// No elements.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an element whose id no other one has. Returns how many bytes it takes.
    pub fn push(&mut self, element: &Element) -> usize {
        let mut out = Writer::new();
        out.element(element);
        let places = if element.as_node().is_some() { &mut self.nodes } else { &mut self.relationships };
        places.push(self.bytes.len() as u64);
        self.bytes.extend_from_slice(&out.bytes);
        PLACE + out.bytes.len()
    }

    /// Brings the elements into the order of their ids, in which they are found. To be called after the last
    /// [`Packed::push`].
    #[must_use]
    pub fn sorted(mut self) -> Self {
        let Self { bytes, nodes, relationships } = &mut self;
        for places in [nodes, relationships] {
            places.sort_by(|one, other| id(bytes, *one).cmp(&id(bytes, *other)));
        }
        self
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.nodes.len() + self.relationships.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All elements, the nodes first.
    pub fn elements(&self) -> impl Iterator<Item = Element> + '_ {
        self.nodes.iter().chain(&self.relationships).map(|place| self.element(*place))
    }

    pub(super) fn node_count(&self) -> u32 {
        number(self.nodes.len())
    }

    pub(super) fn relationship_count(&self) -> u32 {
        number(self.relationships.len())
    }

    pub(super) fn node(&self, number: u32) -> Arc<Node> {
        match self.element(self.nodes[number as usize]) {
            Element::Node(node) => node,
            Element::Relationship(_) => unreachable!("nodes and relationships have lists of their own"),
        }
    }

    pub(super) fn relationship(&self, number: u32) -> Arc<Relationship> {
        match self.element(self.relationships[number as usize]) {
            Element::Relationship(relationship) => relationship,
            Element::Node(_) => unreachable!("nodes and relationships have lists of their own"),
        }
    }

    /// The labels of a node.
    pub(super) fn labels(&self, number: u32) -> Vec<&[u8]> {
        let mut reader = self.reader(self.nodes[number as usize]);
        let _ = read_id(&mut reader);
        let count = reader.count().expect(PACKED);
        (0..count).map(|_| reader.bytes().expect(PACKED)).collect()
    }

    /// The ends and the type of a relationship.
    pub(super) fn ends(&self, number: u32) -> Ends<'_> {
        let mut reader = self.reader(self.relationships[number as usize]);
        let _ = read_id(&mut reader);
        let kind = reader.bytes().expect(PACKED);
        Ends { kind, from: read_id(&mut reader), to: read_id(&mut reader) }
    }

    /// The number of the node of this id.
    pub(super) fn find(&self, wanted: Id<'_>) -> Option<u32> {
        self.nodes.binary_search_by(|place| id(&self.bytes, *place).cmp(&wanted)).ok().map(number)
    }

    /// Whether there is a relationship of this id.
    pub(super) fn has_relationship(&self, wanted: Id<'_>) -> bool {
        self.relationships.binary_search_by(|place| id(&self.bytes, *place).cmp(&wanted)).is_ok()
    }

    fn reader(&self, place: u64) -> Reader<'_> {
        let mut reader = at(&self.bytes, place);
        let _tag = reader.u8().expect(PACKED);
        reader
    }

    fn element(&self, place: u64) -> Element {
        at(&self.bytes, place).element().expect(PACKED)
    }
}

/// Why it cannot fail.
const PACKED: &str = "these bytes were made from an element";

/// The id as it is compared.
pub(super) fn id_of(id: &ElementId) -> Id<'_> {
    (id.source.as_bytes(), id.id.as_bytes())
}

/// A count or an index of elements in memory.
pub(super) fn number(at: usize) -> u32 {
    u32::try_from(at).expect("2^32 elements would take more memory than there is")
}

fn at(bytes: &[u8], place: u64) -> Reader<'_> {
    Reader::new("packed element", &bytes[place as usize..])
}

fn id(bytes: &[u8], place: u64) -> Id<'_> {
    let mut reader = at(bytes, place);
    let _tag = reader.u8().expect(PACKED);
    read_id(&mut reader)
}

fn read_id<'a>(reader: &mut Reader<'a>) -> Id<'a> {
    (reader.bytes().expect(PACKED), reader.bytes().expect(PACKED))
}
