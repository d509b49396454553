//! The contents of a source: how many elements of which labels and types, and the elements themselves, page by page.
//!
//! They are read in pieces, each from a snapshot of its own: reading millions of elements holds no snapshot for long,
//! and may see some of them before and some after a change.

use crate::Error;
use crate::feed::element::decode_element;
use crate::read::moment::Moment;
use livewell_model::{Element, ElementId, SmolStr};
use livewell_store::Store;
use livewell_store::keyspace::snapshot_key;
use std::collections::BTreeMap;

/// How many elements are read from one snapshot.
const PIECE: usize = 4_096;
/// How many labels, and how many types, are counted separately.
const GROUPS_MAX: usize = 1_000;
/// How many elements are listed as samples of a label, of a type, or of dangling relationships.
const SAMPLES: usize = 3;
/// How many elements one page looks at, whether it shows them or not.
const LOOKED_AT_MAX: usize = 16 * PIECE;

/// Elements that have something in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// How many there are.
    pub count: u64,
    /// The ids of the first of them.
    pub samples: Vec<String>,
}

impl Group {
    fn add(&mut self, id: &ElementId) {
        self.count += 1;
        if self.samples.len() < SAMPLES {
            self.samples.push(id.id.to_string());
        }
    }
}

/// The contents of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Its last position in the store when counting began.
    pub position: u64,
    /// Whether the source changed while it was counted, so that the numbers do not belong to a single moment.
    pub changed: bool,
    /// All nodes.
    pub nodes: Group,
    /// All relationships.
    pub relationships: Group,
    /// The nodes of each label; a node with several labels is in each.
    pub labels: BTreeMap<SmolStr, Group>,
    /// The relationships of each type.
    pub types: BTreeMap<SmolStr, Group>,
    /// How many elements have labels or types beyond the first 1,000 of each, which are not counted separately.
    pub others: u64,
    /// The relationships with an end that does not exist.
    pub dangling: Group,
}

/// Selects elements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Nodes with this label only.
    pub label: Option<String>,
    /// Relationships of this type only.
    pub kind: Option<String>,
    /// Elements whose ids begin with this only.
    pub prefix: String,
    /// Relationships only, from or to the element of this id in the same source.
    pub end: Option<String>,
}

impl Filter {
    fn wants(&self, element: &Element) -> bool {
        let wants_all = self.label.is_none() && self.kind.is_none();
        match element {
            Element::Node(node) => {
                let has_label = self.label.as_ref().is_some_and(|label| node.has_label(label));
                self.end.is_none() && (wants_all || has_label)
            }
            Element::Relationship(relationship) => {
                let own = &relationship.id.source;
                let is = |id: &ElementId, end: &str| id.source == *own && id.id == end;
                let is_of = self.kind.as_ref().is_some_and(|kind| relationship.kind == kind.as_str());
                let ends = |end: &String| is(&relationship.from, end) || is(&relationship.to, end);
                (wants_all || is_of) && self.end.as_ref().is_none_or(ends)
            }
        }
    }
}

/// A page of a source's elements.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The elements, by the bytes of their ids.
    pub elements: Vec<Element>,
    /// The id after which the next page begins; `None` at the end. A page may hold fewer elements than requested, even
    /// none, and still have a next one.
    pub next: Option<String>,
    /// How many elements were looked at.
    pub looked_at: u64,
}

/// Counts what a source holds, until `is_over` returns true.
///
/// # Errors
/// Returns [`crate::ErrorKind::NotFound`] if there is no such source; [`crate::ErrorKind::Unavailable`] if it was over;
/// or an error if the store cannot be read.
pub fn count(store: &dyn Store, source: &str, is_over: &dyn Fn() -> bool) -> Result<Inventory, Error> {
    let mut inventory = Inventory::default();
    let (mut after, mut begun) = (None, None);
    loop {
        if is_over() {
            return Err(Error::new(crate::ErrorKind::Unavailable, "LW0525", "counting was given up"));
        }
        let piece = Moment::open(store, source)?;
        let place = (piece.head.epoch, piece.head.sequence, piece.head.generation);
        inventory.changed |= *begun.get_or_insert(place) != place;
        if after.is_none() {
            inventory.position = piece.head.position;
        }
        let (elements, is_last) = piece.read("", after.as_deref(), PIECE)?;
        for element in &elements {
            inventory.add(element, &piece)?;
        }
        match elements.last().filter(|_| !is_last) {
            Some(last) => after = Some(last.id().id.to_string()),
            None => return Ok(inventory),
        }
    }
}

/// Returns the elements of a source after the id `after`, at most `limit` of those that match the filter.
///
/// # Errors
/// Returns [`crate::ErrorKind::NotFound`] if there is no such source; the errors of the store.
pub fn page(
    store: &dyn Store,
    source: &str,
    filter: &Filter,
    after: Option<&str>,
    limit: usize,
) -> Result<Page, Error> {
    let (mut page, mut after) = (Page::default(), after.map(str::to_owned));
    for _ in 0..LOOKED_AT_MAX.div_ceil(PIECE) {
        let (elements, is_last) =
            Moment::open(store, source)?.read(&filter.prefix, after.as_deref(), PIECE)?;
        for element in elements {
            after = Some(element.id().id.to_string());
            page.looked_at += 1;
            if filter.wants(&element) {
                page.elements.push(element);
            }
            if page.elements.len() >= limit {
                page.next = after;
                return Ok(page);
            }
        }
        if is_last {
            return Ok(page);
        }
    }
    page.next = after;
    Ok(page)
}

/// Returns one element of a source, if it is there.
///
/// # Errors
/// Returns [`crate::ErrorKind::NotFound`] if there is no such source; the errors of the store.
pub fn element(store: &dyn Store, source: &str, id: &str) -> Result<Option<Element>, Error> {
    let piece = Moment::open(store, source)?;
    let key = snapshot_key(piece.number, piece.head.generation, id.as_bytes());
    piece.snapshot.get(&key)?.map(|bytes| Ok(decode_element(&bytes)?.1)).transpose()
}

impl Inventory {
    fn add(&mut self, element: &Element, piece: &Moment) -> Result<(), Error> {
        let id = element.id();
        match element {
            Element::Node(node) => {
                self.nodes.add(id);
                for label in &node.labels {
                    self.others += u64::from(!add_to(&mut self.labels, label, id));
                }
            }
            Element::Relationship(relationship) => {
                self.relationships.add(id);
                self.others += u64::from(!add_to(&mut self.types, &relationship.kind, id));
                if !(piece.has(&relationship.from)? && piece.has(&relationship.to)?) {
                    self.dangling.add(id);
                }
            }
        }
        Ok(())
    }
}

/// Adds the element to its group, unless there are too many groups.
fn add_to(groups: &mut BTreeMap<SmolStr, Group>, name: &SmolStr, id: &ElementId) -> bool {
    if groups.len() >= GROUPS_MAX && !groups.contains_key(name) {
        return false;
    }
    groups.entry(name.clone()).or_default().add(id);
    true
}
