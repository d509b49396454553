//! Compares the elements that a row becomes with those that are stored.

use crate::SourceError;
use crate::postgres::rows::{Link, Row, Shape};
use crate::source::{Side, Stored};
use crate::verified::{self, Difference};
use livewell_model::codec::Writer;
use livewell_model::{Element, ElementId};
use xxhash_rust::xxh3::xxh3_64;

/// Everything that a row can become: its node, then its relationships; `None` for what it does not.
pub(super) type Expected = Vec<(ElementId, Option<Element>)>;

/// Returns the elements that a row becomes.
pub(super) fn expected(row: &Row) -> Expected {
    let node = (row.node.id.clone(), Some(row.node.clone().into()));
    let link = |link: &Link| match link {
        Link::To(relationship) => (relationship.id.clone(), Some(relationship.clone().into())),
        // A range always has every value.
        Link::Without(id) | Link::Kept(id) => (id.clone(), None),
    };
    [node].into_iter().chain(row.links.iter().map(link)).collect()
}

/// Returns the expectation for a key without a row, or with a row that cannot become an element.
pub(super) fn nothing(shape: &Shape, key: &str) -> Result<Expected, SourceError> {
    Ok(shape.ids(key)?.into_iter().map(|id| (id, None)).collect())
}

/// An element that differs: its id, what is stored, and what is expected.
pub(super) type Differing<'a> = (&'a ElementId, Option<Element>, Option<&'a Element>);

/// Returns the elements whose stored form differs.
pub(super) fn differing<'a>(
    view: &dyn Stored,
    expected: &'a Expected,
) -> Result<Vec<Differing<'a>>, SourceError> {
    let mut differing = Vec::new();
    for (id, element) in expected {
        let stored = view.element(Side::Live, &id.id)?;
        if stored != *element {
            differing.push((id, stored, element.as_ref()));
        }
    }
    Ok(differing)
}

/// Returns a digest of the elements that a row becomes.
pub(super) fn digest(expected: &Expected) -> u64 {
    let mut out = Writer::new();
    for (_, element) in expected {
        out.u8(u8::from(element.is_some()));
        if let Some(element) = element {
            out.element(element);
        }
    }
    xxh3_64(&out.bytes)
}

/// Describes a difference in words.
pub(super) fn difference(table: &str, (id, stored, database): &Differing<'_>) -> Difference {
    verified::difference(table, &id.id, stored.as_ref(), *database)
}
