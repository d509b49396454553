//! Laws of the scan: full keys in byte order, both ways, between any bounds.

use super::keys::telling_keys;
use super::law::{Entry, Failure, Outcome, Place, commit, ensure, step};
use crate::long_key::{LIMIT, MAX_KEY, shown};
use crate::snapshot::{Direction, Snapshot};
use std::collections::BTreeMap;
use std::ops::{Bound, RangeBounds};

pub(super) const LAWS: &[Entry] = &[
    ("a scan gives all entries in the order of the keys", whole),
    ("a scan keeps to its bounds", bounded),
    ("an empty range is empty, also an inverted one", empty),
    ("a scan may stop, and others go on beside it", interleaved),
];

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// Computes the entries of a scan as an oracle.
pub(super) fn expected(map: &Map, from: Bound<&[u8]>, to: Bound<&[u8]>, direction: Direction) -> Listed {
    let within = map.iter().filter(|(key, _)| (from, to).contains(key.as_slice()));
    let mut entries: Listed = within.map(|(key, value)| (key.clone(), value.clone())).collect();
    if direction == Direction::Backward {
        entries.reverse();
    }
    entries
}

/// Entries in the order of a scan.
pub(super) type Listed = Vec<(Vec<u8>, Vec<u8>)>;

/// Compares one scan with the oracle.
pub(super) fn compare(
    map: &Map,
    snapshot: &dyn Snapshot,
    from: Bound<&[u8]>,
    to: Bound<&[u8]>,
    direction: Direction,
) -> Outcome {
    let mut found = Listed::new();
    for entry in snapshot.scan(from, to, direction)? {
        let (key, value) = entry?;
        found.push((key.into_owned(), value.into_owned()));
    }
    let expected = expected(map, from, to, direction);
    let bound = |bound: Bound<&[u8]>| bound.map(shown);
    let wrong = expected.iter().zip(&found).find(|(expected, found)| expected != found);
    ensure(expected == found, || {
        format!(
            "{direction:?} from {:?} to {:?}: {} entries instead of {}, first difference {:?}",
            bound(from),
            bound(to),
            found.len(),
            expected.len(),
            wrong.map(|(expected, found)| (shown(&expected.0), shown(&found.0)))
        )
    })
}

const BOTH: [Direction; 2] = [Direction::Forward, Direction::Backward];

fn filled(place: &dyn Place, keys: Vec<Vec<u8>>) -> Result<(Map, std::sync::Arc<dyn Snapshot>), Failure> {
    let store = place.open()?;
    let mut set = step(9, 0);
    for (number, key) in keys.into_iter().enumerate() {
        set.put(key, number.to_be_bytes().to_vec());
    }
    commit(&*store, &set)?;
    let mut map: Map = set.writes.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let version = crate::compare::encode(set.next).ok_or_else(|| Failure("a version of zero".to_owned()))?;
    map.insert(crate::compare::version_key(9).to_vec(), version.to_vec());
    Ok((map, store.snapshot()?))
}

fn whole(place: &dyn Place) -> Outcome {
    let (map, snapshot) = filled(place, telling_keys())?;
    for direction in BOTH {
        compare(&map, &*snapshot, Bound::Unbounded, Bound::Unbounded, direction)?;
    }
    Ok(())
}

fn bounded(place: &dyn Place) -> Outcome {
    let keys = telling_keys();
    // Every third bound is a key that is there; the others lie between.
    let (map, snapshot) = filled(place, keys.iter().step_by(3).cloned().collect())?;
    let mut ends: Vec<Vec<u8>> = keys.iter().step_by(2).cloned().collect();
    ends.extend([vec![], vec![0xff; MAX_KEY + 7], [vec![0x61; LIMIT], b"az".to_vec()].concat()]);
    for (at, from) in ends.iter().enumerate() {
        for to in ends.iter().skip(at % 3).step_by(3) {
            let froms =
                [Bound::Unbounded, Bound::Included(from.as_slice()), Bound::Excluded(from.as_slice())];
            for (number, from) in froms.into_iter().enumerate() {
                let to = [Bound::Included(to.as_slice()), Bound::Excluded(to.as_slice())][(at + number) % 2];
                BOTH.into_iter().try_for_each(|direction| compare(&map, &*snapshot, from, to, direction))?;
            }
            BOTH.into_iter().try_for_each(|direction| {
                compare(&map, &*snapshot, Bound::Included(to), Bound::Unbounded, direction)
            })?;
        }
    }
    Ok(())
}

fn empty(place: &dyn Place) -> Outcome {
    let (map, snapshot) = filled(place, vec![b"b".to_vec(), b"c".to_vec(), vec![b'c'; LIMIT + 9]])?;
    let ends: [&[u8]; 6] = [b"", b"a", b"b", b"c", b"d", &[b'c'; LIMIT + 9]];
    for from in ends {
        for to in ends {
            for direction in BOTH {
                compare(&map, &*snapshot, Bound::Included(from), Bound::Included(to), direction)?;
                compare(&map, &*snapshot, Bound::Excluded(from), Bound::Excluded(to), direction)?;
            }
        }
    }
    Ok(())
}

fn interleaved(place: &dyn Place) -> Outcome {
    let keys = (0..500u16).map(|number| number.to_be_bytes().to_vec()).collect();
    let (map, snapshot) = filled(place, keys)?;
    let mut forward = snapshot.scan(Bound::Unbounded, Bound::Unbounded, Direction::Forward)?;
    let mut backward = snapshot.scan(Bound::Unbounded, Bound::Unbounded, Direction::Backward)?;
    for (first, last) in map.iter().zip(map.iter().rev()).take(200) {
        for (expected, scan) in [(first, &mut forward), (last, &mut backward)] {
            let (key, value) = scan.next().ok_or_else(|| Failure("a scan has ended early".to_owned()))??;
            ensure((&*key, &*value) == (expected.0, expected.1), || "scans disturb one another".to_owned())?;
            let again = snapshot.get(&key)?;
            ensure(again == Some(value), || "reading within a scan gives another value".to_owned())?;
        }
    }
    Ok(())
}
