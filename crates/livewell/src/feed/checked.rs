//! Whether what is stored is known to equal what the upstream had: for sources that can tell, and for the queries above
//! them.

use crate::Error;
use crate::component::Component;
use crate::component::marks::Marks;
use crate::component::state::ComponentKind;
use crate::feed::reading::Reading;
use livewell_store::catalog::{Kind, Registered};
use livewell_store::keyspace::{Key, Space};
use livewell_store::{Head, IndexError, Snapshot};
use std::sync::Arc;

/// The first byte of keys that lie beside a source's notes; notes do not begin with it.
const OWN: u8 = 0;

/// The version of the stored form. An earlier form had no version, and only the last position.
const FORMAT: u8 = 1;

/// The range of positions at which a source equals its upstream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Checked {
    /// The first one, which corrected what was wrong before it.
    pub(crate) from: u64,
    /// The last one; `None` if it was not checked yet.
    pub(crate) through: Option<u64>,
}

impl Checked {
    /// Returns the key of a source's range.
    pub(crate) fn key(source: u32) -> Vec<u8> {
        Key::new(Space::Upstream).number(source).rest(&[OWN, b'c'])
    }

    /// Reads the range of a source; returns `None` for a source that cannot tell, or that has nothing yet.
    fn read(snapshot: &dyn Snapshot, source: u32) -> Result<Option<Self>, IndexError> {
        snapshot.get(&Self::key(source))?.map(|bytes| Self::decode(&bytes)).transpose()
    }

    /// Returns whether the source's elements at this position of the store are known to be exact.
    fn holds(self, position: u64) -> bool {
        self.from <= position && self.through.is_some_and(|through| position <= through)
    }

    pub(crate) fn encode(self) -> Vec<u8> {
        let mut bytes = vec![FORMAT];
        bytes.extend(self.from.to_be_bytes());
        bytes.extend(self.through.iter().flat_map(|through| through.to_be_bytes()));
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, IndexError> {
        let number = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_be_bytes);
        let read = match (bytes.len(), bytes.first()) {
            // The form of an earlier version does not say what was wrong before it.
            (8, _) => number(bytes).map(|at| Self { from: at, through: Some(at) }),
            (9, Some(&FORMAT)) => number(&bytes[1..]).map(|from| Self { from, through: None }),
            (17, Some(&FORMAT)) => {
                number(&bytes[1..9]).and_then(|from| Some(Self { from, through: Some(number(&bytes[9..])?) }))
            }
            _ => None,
        };
        read.ok_or_else(|| IndexError::corrupted("checked positions are of no known form"))
    }
}

/// Returns whether a component's elements or rows belong to a checked moment; `None` if that is not known.
pub(crate) fn of(reading: &mut Reading<'_>, component: &Component) -> Result<Option<bool>, Error> {
    match component.kind {
        ComponentKind::Reaction => Ok(None),
        ComponentKind::Query => read(reading, component.number),
        ComponentKind::Source => {
            let says = component.report().and_then(|report| report.is_checked);
            let Some(says) = says else { return Ok(None) };
            let head = reading.head(component.number)?.unwrap_or_default();
            let checked = Checked::read(reading.snapshot(), component.number)?;
            Ok(Some(says && checked.is_some_and(|checked| checked.holds(head.position))))
        }
    }
}

/// Returns whether a component's elements or rows in a store that nobody runs belong to a checked moment; `None` if
/// that is not known, as for reactions.
///
/// # Errors
/// Returns an error if the store cannot be read.
pub fn stored(snapshot: &Arc<dyn Snapshot>, component: &Registered) -> Result<Option<bool>, Error> {
    match component.kind {
        Kind::Reaction => Ok(None),
        Kind::Query | Kind::Bare => of_query(snapshot, &Marks::default(), component.number),
        Kind::Source => {
            let Some(checked) = Checked::read(&**snapshot, component.number)? else { return Ok(None) };
            let head = Head::read(&**snapshot, component.number)?.unwrap_or_default();
            // A copy was begun because something has to be corrected.
            let copy = Key::new(Space::Upstream).number(component.number).rest(&[OWN, b's']);
            Ok(Some(checked.holds(head.position) && snapshot.get(&copy)?.is_none()))
        }
    }
}

/// Returns whether the rows of query number `query` belong to a position that is checked in all its sources that can
/// tell.
pub(crate) fn of_query(
    snapshot: &Arc<dyn Snapshot>,
    marks: &Marks,
    query: u32,
) -> Result<Option<bool>, Error> {
    read(&mut Reading::new(&**snapshot, marks), query)
}

fn read(reading: &mut Reading<'_>, query: u32) -> Result<Option<bool>, Error> {
    let mut checked = None;
    let (mut due, mut seen) = (vec![query], std::collections::BTreeSet::new());
    while let Some(feed) = due.pop() {
        if !seen.insert(feed) {
            continue;
        }
        let upstreams = reading.reached(feed)?;
        if upstreams.is_empty()
            && let Some(of_source) = Checked::read(reading.snapshot(), feed)?
        {
            // Where no source can tell, nobody needs the position.
            let position = reading.frontier(query)?;
            let head = reading.head(feed)?.unwrap_or_default();
            let is_checked = of_source.holds(position.min(head.position));
            checked = Some(checked.unwrap_or(true) && is_checked);
        }
        due.extend(upstreams.keys());
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_exact_from_a_repair_up_to_the_last_look() {
        let checked = Checked { from: 4, through: Some(6) };
        let held: Vec<u64> = (0..9).filter(|position| checked.holds(*position)).collect();
        assert_eq!(held, [4, 5, 6]);
        assert!(!Checked { from: 4, through: None }.holds(4), "nobody has looked since");
        assert!(!Checked { from: 7, through: Some(6) }.holds(6), "the look was before the repair");
    }

    #[test]
    fn checked_positions_are_read_as_they_were_written_also_by_an_earlier_version() {
        for checked in [Checked { from: 3, through: None }, Checked { from: 3, through: Some(1 << 40) }] {
            assert_eq!(Checked::decode(&checked.encode()).unwrap(), checked);
        }
        let old = Checked::decode(&7u64.to_be_bytes()).unwrap();
        assert_eq!(old, Checked { from: 7, through: Some(7) });
        for damaged in [&[][..], &[1; 4], &[2; 9], &[2; 17]] {
            assert!(Checked::decode(damaged).is_err(), "{damaged:?}");
        }
    }
}
