//! Which elements of a large source are read: runs of neighbours, spread over its ids.
//!
//! Ids are ordered by their bytes, and what they begin with usually says what an element is (`customer:17`). So the
//! sample is divided among the beginnings that there are, equally, and again among what follows each: a label with few
//! elements is not lost among those with many. The same elements always give the same sample.

use super::super::moment::Moment;
use crate::Error;
use livewell_store::keyspace::{after_prefix, snapshot_key};
use livewell_store::{Direction, IndexError};
use std::collections::VecDeque;
use std::ops::Bound;

/// How many neighbours are read together at least.
const RUN: usize = 50;
/// So many bytes of ids are compared at most.
const DEPTH_MAX: usize = 200;

/// What ids begin with, and how many of the elements with such an id are read.
pub(super) type Run = (Vec<u8>, usize);

/// Chooses about `most` elements.
///
/// # Errors
/// Returns an error if the store cannot be read.
pub(super) fn choose(moment: &Moment, most: usize) -> Result<Vec<Run>, Error> {
    let (mut runs, mut open) = (Vec::new(), VecDeque::from([(Vec::new(), most)]));
    while let Some((prefix, share)) = open.pop_front() {
        if share < 2 * RUN || prefix.len() >= DEPTH_MAX {
            runs.push((prefix, share));
            continue;
        }
        let first = end(moment, &prefix, Direction::Forward)?;
        let last = end(moment, &prefix, Direction::Backward)?;
        let (Some(first), Some(last)) = (first, last) else { continue };
        if first == last {
            runs.push((first, 1));
            continue;
        }
        let same = first.iter().zip(&last).take_while(|(one, other)| one == other).count();
        if same == first.len() {
            // The id that all others continue.
            runs.push((first.clone(), 1));
        }
        let nexts = nexts(moment, &first[..same])?;
        let chosen = nexts.len().min(share / RUN).max(1);
        for at in 0..chosen {
            let next = nexts[at * nexts.len() / chosen];
            open.push_back(([&first[..same], &[next]].concat(), share / chosen));
        }
    }
    Ok(runs)
}

/// Passes the stored bytes of at most `most` elements whose ids begin with `prefix`, until `each` returns false.
///
/// # Errors
/// Returns an error if the store cannot be read, and those of `each`.
pub(super) fn read(
    moment: &Moment,
    prefix: &[u8],
    most: usize,
    each: &mut dyn FnMut(&[u8]) -> Result<bool, Error>,
) -> Result<(), Error> {
    let key = snapshot_key(moment.number, moment.head.generation, prefix);
    for entry in moment.snapshot.scan_prefix(&key, Direction::Forward)?.take(most) {
        if !each(&entry?.1)? {
            break;
        }
    }
    Ok(())
}

/// Returns the first or the last id that begins with `prefix`.
fn end(moment: &Moment, prefix: &[u8], direction: Direction) -> Result<Option<Vec<u8>>, IndexError> {
    let key = snapshot_key(moment.number, moment.head.generation, prefix);
    let mut found = moment.snapshot.scan_prefix(&key, direction)?;
    Ok(found.next().transpose()?.map(|(found, _)| found[key.len() - prefix.len()..].to_vec()))
}

/// Returns the bytes that come behind `prefix` in ids, in their order.
fn nexts(moment: &Moment, prefix: &[u8]) -> Result<Vec<u8>, IndexError> {
    let whole = snapshot_key(moment.number, moment.head.generation, prefix);
    let (mut nexts, mut from, to) = (Vec::new(), whole.clone(), after_prefix(&whole));
    let to = to.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    from.push(0);
    loop {
        let found = moment.snapshot.scan(Bound::Included(&from), to, Direction::Forward)?.next();
        let Some(found) = found.transpose()? else { return Ok(nexts) };
        let next = found.0[whole.len()];
        nexts.push(next);
        let Some(above) = next.checked_add(1) else { return Ok(nexts) };
        from.truncate(whole.len());
        from.push(above);
    }
}
