//! Whether what is stored is known to be what the upstream had: asked of sources that can tell, and of the queries above
//! them.

use crate::Error;
use crate::follow::{followed, frontier};
use crate::shared::{Component, ComponentKind};
use livewell_store::keyspace::{Key, Space};
use livewell_store::{Head, IndexError, Snapshot};
use std::sync::Arc;

/// What lies beside a source's notes begins with this; notes do not.
const OWN: u8 = 0;

/// Where it lies up to which position of the store everything of a source is exactly what its upstream had.
pub(crate) fn key(source: u32) -> Vec<u8> {
    Key::new(Space::Upstream).number(source).rest(&[OWN, b'c'])
}

/// Whether a component's elements or rows are of a moment that is checked; `None` if that cannot be told.
pub(crate) fn of(snapshot: &Arc<dyn Snapshot>, component: &Component) -> Result<Option<bool>, Error> {
    match component.kind {
        ComponentKind::Reaction => Ok(None),
        ComponentKind::Query => of_query(snapshot, component.number),
        ComponentKind::Source => {
            let says = component.report().and_then(|report| report.is_checked);
            let Some(says) = says else { return Ok(None) };
            let head = Head::read(&**snapshot, component.number)?.unwrap_or_default();
            Ok(Some(says && read(&**snapshot, component.number)?.is_some_and(|at| at >= head.position)))
        }
    }
}

/// Whether the rows of query number `query` are of a position that is checked in all its sources that can tell.
pub(crate) fn of_query(snapshot: &Arc<dyn Snapshot>, query: u32) -> Result<Option<bool>, Error> {
    let position = frontier(snapshot, query)?;
    let mut checked = None;
    let (mut due, mut seen) = (vec![query], std::collections::BTreeSet::new());
    while let Some(feed) = due.pop() {
        if !seen.insert(feed) {
            continue;
        }
        let upstreams = followed(&**snapshot, feed)?;
        if upstreams.is_empty()
            && let Some(at) = read(&**snapshot, feed)?
        {
            let head = Head::read(&**snapshot, feed)?.unwrap_or_default();
            let is_checked = at >= position.min(head.position);
            checked = Some(checked.unwrap_or(true) && is_checked);
        }
        due.extend(upstreams.into_keys());
    }
    Ok(checked)
}

fn read(snapshot: &dyn Snapshot, source: u32) -> Result<Option<u64>, Error> {
    let Some(bytes) = snapshot.get(&key(source))? else { return Ok(None) };
    let at = bytes.as_ref().try_into().map(u64::from_be_bytes);
    Ok(Some(at.map_err(|_| IndexError::corrupted("a checked position has eight bytes"))?))
}
