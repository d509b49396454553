//! The contents of a source: how many elements of which labels and types, and the elements themselves, page by page.
//!
//! They are read in pieces, each from a snapshot of its own: reading millions of elements holds no snapshot for long,
//! and may see some of them before and some after a change.

use crate::Error;
use crate::feed::element::decode_element;
use livewell_model::{Element, ElementId, SmolStr};
use livewell_store::catalog::{self, Kind, Registered};
use livewell_store::keyspace::snapshot_key;
use livewell_store::{Feed, Head, IndexError, Snapshot, Store};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

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
}

impl Filter {
    fn wants(&self, element: &Element) -> bool {
        if self.label.is_none() && self.kind.is_none() {
            return true;
        }
        match element {
            Element::Node(node) => self.label.as_ref().is_some_and(|label| node.has_label(label)),
            Element::Relationship(relationship) => {
                self.kind.as_ref().is_some_and(|kind| relationship.kind == kind.as_str())
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
        let piece = Piece::open(store, source)?;
        let place = (piece.head.epoch, piece.head.sequence, piece.head.generation);
        inventory.changed |= *begun.get_or_insert(place) != place;
        if after.is_none() {
            inventory.position = piece.head.position;
        }
        let elements = piece.read(after.as_deref(), PIECE)?;
        for element in &elements {
            inventory.add(element, &piece)?;
        }
        match elements.last().filter(|_| elements.len() == PIECE) {
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
        let elements = Piece::open(store, source)?.read(after.as_deref(), PIECE)?;
        let is_last = elements.len() < PIECE;
        for element in elements {
            after = Some(element.id().id.to_string());
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
    let piece = Piece::open(store, source)?;
    let key = snapshot_key(piece.number, piece.head.generation, id.as_bytes());
    piece.snapshot.get(&key)?.map(|bytes| Ok(decode_element(&bytes)?.1)).transpose()
}

impl Inventory {
    fn add(&mut self, element: &Element, piece: &Piece) -> Result<(), Error> {
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

/// A source at one moment.
struct Piece {
    snapshot: Arc<dyn Snapshot>,
    number: u32,
    head: Head,
    /// Number and generation of the sources that relationships lead to; `None` for what is not a source.
    ends: RefCell<BTreeMap<SmolStr, Option<(u32, u32)>>>,
}

impl Piece {
    fn open(store: &dyn Store, source: &str) -> Result<Self, Error> {
        let snapshot = store.snapshot()?;
        let Some(Registered { number, .. }) = source_entry(&*snapshot, source)? else {
            return Err(crate::component::unknown::in_store(&*snapshot, source, Some(Kind::Source)));
        };
        let head = Head::read(&*snapshot, number)?.unwrap_or_default();
        Ok(Self { snapshot, number, head, ends: RefCell::default() })
    }

    fn read(&self, after: Option<&str>, most: usize) -> Result<Vec<Element>, Error> {
        let Some(feed) = Feed::open(self.snapshot.clone(), self.number)? else { return Ok(Vec::new()) };
        let entries = feed.entries(after.map(str::as_bytes))?;
        entries.take(most).map(|entry| Ok(decode_element(&entry?.1)?.1)).collect()
    }

    /// Returns whether an end of a relationship exists, in whichever source.
    fn has(&self, id: &ElementId) -> Result<bool, Error> {
        let Some((number, generation)) = self.end(&id.source)? else { return Ok(false) };
        let key = snapshot_key(number, generation, id.id.as_bytes());
        Ok(self.snapshot.get(&key)?.is_some())
    }

    /// Returns the number and the generation of a source.
    fn end(&self, source: &SmolStr) -> Result<Option<(u32, u32)>, Error> {
        if let Some(known) = self.ends.borrow().get(source) {
            return Ok(*known);
        }
        let mut place = None;
        if let Some(entry) = source_entry(&*self.snapshot, source)? {
            let head = Head::read(&*self.snapshot, entry.number)?.unwrap_or_default();
            place = Some((entry.number, head.generation));
        }
        self.ends.borrow_mut().insert(source.clone(), place);
        Ok(place)
    }
}

fn source_entry(snapshot: &dyn Snapshot, id: &str) -> Result<Option<Registered>, IndexError> {
    Ok(catalog::find(snapshot, id)?.filter(|entry| entry.kind == Kind::Source))
}
