//! Sorts what a step brings by its keys.
//!
//! The keys of one operator share a long beginning, and to compare two of them follows two pointers to read it. So the
//! eight bytes behind what all keys share are taken out first, as a number, and numbers are sorted. Where numbers are equal,
//! those keys share more, and are sorted alike by what comes behind that.

use crate::meter::{Halt, Meter};

/// Up to so many are compared by their keys.
const FEW: usize = 16;
/// So often what is equal is sorted by numbers again; then by its keys, since hostile keys share ever more.
const DEPTH: usize = 4;

/// Which item comes here, behind the number that stands for its key: as one number, which is compared at once.
type Place = u128;

fn item(place: Place) -> usize {
    place as u64 as usize
}

fn place(number: u64, item: usize) -> Place {
    Place::from(number) << u64::BITS | item as Place
}

/// Sorts items by key; those of one key stay in their order.
///
/// # Errors
/// Returns the errors of [`Meter::hold`].
pub(super) fn sort_by_key<T>(items: &mut [T], key: impl Fn(&T) -> &[u8], meter: &Meter) -> Result<(), Halt> {
    if items.len() <= FEW {
        items.sort_by(|left, right| key(left).cmp(key(right)));
        return Ok(());
    }
    let held = items.len() * size_of::<Place>();
    meter.hold(held)?;
    let mut places: Vec<Place> = (0..items.len()).map(|at| place(0, at)).collect();
    sort(&mut places, &|place| key(&items[item(place)]), DEPTH);
    rearrange(items, &mut places);
    meter.release(held);
    Ok(())
}

fn sort<'k>(places: &mut [Place], key: &impl Fn(Place) -> &'k [u8], depth: usize) {
    if places.len() <= FEW || depth == 0 {
        return places.sort_unstable_by(|left, right| {
            key(*left).cmp(key(*right)).then_with(|| item(*left).cmp(&item(*right)))
        });
    }
    let shared = shared(places.iter().map(|place| key(*place)));
    for at in places.iter_mut() {
        *at = place(head(&key(*at)[shared..]), item(*at));
    }
    places.sort_unstable();
    for equal in places.chunk_by_mut(|left, right| left >> u64::BITS == right >> u64::BITS) {
        if equal.len() > 1 {
            sort(equal, key, depth - 1);
        }
    }
}

/// Returns how many bytes all keys begin with.
fn shared<'k>(mut keys: impl Iterator<Item = &'k [u8]>) -> usize {
    let Some(first) = keys.next() else { return 0 };
    keys.fold(first, |shared, key| {
        if key.starts_with(shared) {
            return shared;
        }
        let alike = shared.iter().zip(key).take_while(|(have, byte)| have == byte).count();
        &shared[..alike]
    })
    .len()
}

/// Returns the first eight bytes as a number, filled up with zeros: where numbers differ, bytes do, in the same order.
fn head(bytes: &[u8]) -> u64 {
    let first = bytes.first_chunk().copied().unwrap_or_else(|| {
        let mut filled = [0; 8];
        filled[..bytes.len()].copy_from_slice(bytes);
        filled
    });
    u64::from_be_bytes(first)
}

/// Brings to each place the item that the place names, one cycle of places after another.
fn rearrange<T>(items: &mut [T], places: &mut [Place]) {
    for start in 0..items.len() {
        let mut at = start;
        while item(places[at]) != start {
            let from = item(std::mem::replace(&mut places[at], place(0, at)));
            items.swap(at, from);
            at = from;
        }
        places[at] = place(0, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Compared with the stable sort of the standard library, also where keys are equal, or beginnings of others.
        #[test]
        fn items_are_sorted_as_by_their_keys(
            keys in prop::collection::vec(("(shared beginning( that is longer)?)?[ab]{0,12}", any::<bool>()), 0..200),
        ) {
            let zeros = |(key, zero): (String, bool)| [key.into_bytes(), vec![0; usize::from(zero)]].concat();
            let mut items: Vec<(Vec<u8>, usize)> =
                keys.into_iter().map(zeros).enumerate().map(|(at, key)| (key, at)).collect();
            let mut wanted = items.clone();
            wanted.sort_by(|left, right| left.0.cmp(&right.0));
            let meter = Meter::new(1 << 20);
            sort_by_key(&mut items, |item| &item.0, &meter).expect("it is enough");
            prop_assert_eq!(items, wanted);
            prop_assert_eq!(meter.held(), 0);
        }
    }
}
