//! How much of a store a range of keys takes, told without reading the range.
//!
//! A small range is counted. Of a large one, a few leaves are read: the way down to each says for how many leaves it
//! stands, since at each branch one of the children that reach into the range is chosen and stands for all of them
//! (D. E. Knuth, "Estimating the efficiency of backtrack programs", 1975). The mean over the ways is right on average;
//! ways that are spread evenly over the range make it right within a few percent where nodes are about equally full.

use crate::IndexError;

/// How many leaves of a range are counted before it is estimated.
pub(crate) const LEAVES_MAX: u32 = 16;
/// How many ways down an estimate takes.
const WAYS: u32 = 16;

/// How much there is in a range of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// How many entries, where a key with its value is one.
    pub entries: u64,
    /// The bytes of keys and values, without what the pages around them waste.
    pub bytes: u64,
    /// Whether the range was counted; else it is estimated from a sample.
    pub is_exact: bool,
}

impl Extent {
    /// The extent of an empty range.
    pub const NOTHING: Self = Self { entries: 0, bytes: 0, is_exact: true };

    /// Returns the extent of two ranges together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            entries: self.entries + other.entries,
            bytes: self.bytes + other.bytes,
            is_exact: self.is_exact && other.is_exact,
        }
    }
}

/// A way down a tree: chooses among children, and counts for how many leaves the leaf at its end stands.
#[derive(Debug)]
pub(crate) struct Way {
    share: f64,
    weight: f64,
}

impl Way {
    /// Returns the index of the child to go down to, of `count` of them.
    pub fn choose(&mut self, count: usize) -> usize {
        let place = self.share * count as f64;
        let chosen = (place as usize).min(count.saturating_sub(1));
        self.weight *= count as f64;
        self.share = place - chosen as f64;
        chosen
    }
}

/// Estimates a range; `leaf` goes down a way, and returns the entries and bytes of the range in the leaf at its end.
pub(crate) fn estimate(
    mut leaf: impl FnMut(&mut Way) -> Result<(u64, u64), IndexError>,
) -> Result<Extent, IndexError> {
    let (mut entries, mut bytes) = (0.0, 0.0);
    for number in 0..WAYS {
        let mut way = Way { share: (f64::from(number) + 0.5) / f64::from(WAYS), weight: 1.0 };
        let (in_entries, in_bytes) = leaf(&mut way)?;
        entries += way.weight * in_entries as f64;
        bytes += way.weight * in_bytes as f64;
    }
    let mean = |sum: f64| (sum / f64::from(WAYS)).round() as u64;
    Ok(Extent { entries: mean(entries), bytes: mean(bytes), is_exact: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_reach_each_child_as_often_as_the_others() {
        let mut reached = [[0; 4]; 4];
        let extent = estimate(|way| {
            let (first, second) = (way.choose(4), way.choose(4));
            reached[first][second] += 1;
            Ok((first as u64, 10))
        });
        assert_eq!(reached, [[1; 4]; 4]);
        // Sixteen leaves, of which four have 0, 1, 2 and 3 entries each.
        assert_eq!(extent.unwrap(), Extent { entries: 24, bytes: 160, is_exact: false });
    }
}
