//! Scrubbing: reads a store piece by piece and checks that it agrees with itself.
//!
//! A round goes through the key space once. The backend checks what it can of each area ([`crate::Snapshot::check`]:
//! pages, order of keys, checksums). Then the contents are compared with the feed's head: the number and the hash of the
//! rows, the sequences of the log, the counts of what is set aside. A piece holds a snapshot only as long as it
//! takes, so a round runs beside the work. What it has seen right can be damaged a moment later.

mod found;
mod meaning;
mod records;
mod rows;

pub use found::Found;
pub use meaning::Meaning;

use crate::catalog::{self, Kind};
use crate::head::Head;
use crate::keyspace::{Key, Space};
use crate::{IndexError, Store};
use std::collections::{BTreeMap, VecDeque};

/// About how many bytes are read under one snapshot, unless they have to be counted together.
const PIECE_BYTES: u64 = 16 << 20;
/// How often a snapshot is taken again because another commit came first.
const TRIES_MAX: u32 = 10_000;
/// The spaces whose keys continue with the number of a feed or consumer.
const NUMBERED: [Space; 9] = [
    Space::Snapshot,
    Space::ByValue,
    Space::Log,
    Space::State,
    Space::Upstream,
    Space::Idempotency,
    Space::Parked,
    Space::DeadLetter,
    Space::Expiry,
];

/// What one step has done.
#[derive(Debug, Default)]
pub struct Step {
    /// How many entries were read.
    pub keys: u64,
    /// How many bytes were read.
    pub bytes: u64,
    /// What is damaged.
    pub found: Vec<Found>,
    /// Whether there were too many rows to count under one snapshot.
    pub is_uncounted: bool,
}

/// A part of the key space, or its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Area {
    Pages { from: Vec<u8>, to: Option<Vec<u8>>, number: Option<u32> },
    Records,
    Means { space: Space, number: u32 },
}

/// A round in progress.
#[derive(Debug)]
pub struct Scrub {
    left: VecDeque<Area>,
    kinds: BTreeMap<u32, Kind>,
    /// The rows of a feed are counted up to this many bytes.
    counted_bytes_max: u64,
}

impl Scrub {
    /// Begins a round. The rows of feeds with more than `counted_bytes_max` bytes of rows are not counted, since that
    /// takes one snapshot from the first to the last. Without `pages` only the meaning is checked.
    ///
    /// # Errors
    /// Returns an error if not even the catalog of the store can be read.
    pub fn begin(store: &dyn Store, pages: bool, counted_bytes_max: u64) -> Result<Self, IndexError> {
        let registered = catalog::all(&*store.snapshot()?)?;
        let kinds: BTreeMap<u32, Kind> =
            registered.into_iter().map(|entry| (entry.number, entry.kind)).collect();
        let mut bounds: BTreeMap<Vec<u8>, Option<(Space, u32)>> = BTreeMap::from([(Vec::new(), None)]);
        for space in NUMBERED {
            bounds.entry(vec![space as u8]).or_default();
            bounds.entry(vec![space as u8 + 1]).or_default();
            for number in kinds.keys() {
                bounds.insert(Key::new(space).number(*number).done(), Some((space, *number)));
            }
        }
        let ends: Vec<Vec<u8>> = bounds.keys().skip(1).cloned().collect();
        let mut ends = ends.into_iter();
        let mut left = VecDeque::from([Area::Records]);
        for (from, what) in bounds {
            let (to, number) = (ends.next(), what.map(|(_, number)| number));
            left.extend(pages.then_some(Area::Pages { from, to, number }));
            let means = what.filter(|(space, _)| {
                matches!(space, Space::Snapshot | Space::Log | Space::Parked | Space::DeadLetter)
            });
            left.extend(means.map(|(space, number)| Area::Means { space, number }));
        }
        Ok(Self { left, kinds, counted_bytes_max })
    }

    /// Does a piece of the round; returns `None` once it is done.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read. Damage is not an error but a finding.
    pub fn step(&mut self, store: &dyn Store, meaning: &dyn Meaning) -> Result<Option<Step>, IndexError> {
        let Some(area) = self.left.pop_front() else { return Ok(None) };
        let mut step = Step::default();
        let outcome = match area.clone() {
            Area::Pages { from, to, number } => self.pages(store, (from, to, number), &mut step),
            Area::Records => {
                records::check(&*store.snapshot()?, &mut step.found, &|| false);
                Ok(())
            }
            Area::Means { space, number } => self.means(store, meaning, (space, number), &mut step),
        };
        match outcome {
            Ok(()) => {}
            Err(damage @ IndexError::Corrupted(_)) => {
                let number = match area {
                    Area::Pages { number, .. } => {
                        // The meaning of damaged pages cannot be read safely.
                        self.left.pop_front_if(
                            |next| matches!(next, Area::Means { number: of, .. } if Some(*of) == number),
                        );
                        number
                    }
                    Area::Means { number, .. } => Some(number),
                    Area::Records => None,
                };
                step.found.push(Found { number, damage });
            }
            Err(error) => return Err(error),
        }
        Ok(Some(step))
    }

    fn pages(
        &mut self,
        store: &dyn Store,
        (from, to, number): (Vec<u8>, Option<Vec<u8>>, Option<u32>),
        step: &mut Step,
    ) -> Result<(), IndexError> {
        let mut tries = 0;
        let checked = loop {
            match store.snapshot()?.check(&from, to.as_deref(), PIECE_BYTES) {
                Err(IndexError::Connection(_)) if tries < TRIES_MAX => tries += 1,
                checked => break checked?,
            }
        };
        (step.keys, step.bytes) = (checked.entries, checked.bytes);
        if let Some(from) = checked.next {
            self.left.push_front(Area::Pages { from, to, number });
        }
        Ok(())
    }

    fn means(
        &self,
        store: &dyn Store,
        meaning: &dyn Meaning,
        (space, number): (Space, u32),
        step: &mut Step,
    ) -> Result<(), IndexError> {
        let snapshot = store.snapshot()?;
        let Some(kind) = self.kinds.get(&number).copied() else { return Ok(()) };
        match space {
            Space::Snapshot => {
                let is_counted =
                    rows::rows(snapshot, (number, kind), meaning, self.counted_bytes_max, &|| false)?;
                step.is_uncounted = !is_counted;
                Ok(())
            }
            Space::Log => rows::logs(&snapshot, (number, kind), meaning, &|| false),
            space => meaning.check_set_aside(&*snapshot, space, number),
        }
    }
}

/// Checks what is small, and then the feeds with the fewest rows first, until `is_over`: for opening a store that was
/// not closed cleanly.
///
/// # Errors
/// Returns the errors of [`Scrub::step`].
pub fn quick(
    store: &dyn Store,
    meaning: &dyn Meaning,
    is_over: &dyn Fn() -> bool,
) -> Result<Step, IndexError> {
    let mut step = Step::default();
    let snapshot = store.snapshot()?;
    records::check(&*snapshot, &mut step.found, is_over);
    let mut feeds = Vec::new();
    for entry in catalog::all(&*snapshot).unwrap_or_default() {
        let head = Head::read(&*snapshot, entry.number).ok().flatten();
        feeds.extend(head.map(|head| (head.rows + head.log_entries, entry.number, entry.kind)));
    }
    feeds.sort_unstable_by_key(|(size, number, _)| (*size, *number));
    for (_, number, kind) in feeds {
        if is_over() {
            break;
        }
        let checked = rows::rows(snapshot.clone(), (number, kind), meaning, u64::MAX, is_over)
            .and_then(|_| rows::logs(&snapshot, (number, kind), meaning, is_over));
        match checked {
            Ok(()) => {}
            Err(damage @ IndexError::Corrupted(_)) => {
                step.found.push(Found { number: Some(number), damage });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(step)
}

/// Checks everything at once; returns the damage, and how many entries were read.
///
/// # Errors
/// Returns the errors of [`Scrub::step`].
pub fn scrub(store: &dyn Store, meaning: &dyn Meaning) -> Result<Step, IndexError> {
    let mut all = Step::default();
    let mut round = Scrub::begin(store, true, u64::MAX)?;
    while let Some(step) = round.step(store, meaning)? {
        all.keys += step.keys;
        all.bytes += step.bytes;
        all.found.extend(step.found);
    }
    Ok(all)
}
