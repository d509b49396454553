//! Tells, with little memory, whether two sides have the same ids, and which ids to check if not.

use crate::postgres::rows::Shape;
use std::collections::BTreeSet;
use xxhash_rust::xxh3::xxh3_64;

const COUNT: u64 = 1_024;

/// For each bucket, the number of its ids and the sum of their hashes.
pub(super) struct Buckets(Vec<(u64, u64)>);

impl Default for Buckets {
    fn default() -> Self {
        Self(vec![(0, 0); COUNT as usize])
    }
}

impl Buckets {
    pub fn add(&mut self, id: &str) {
        let (count, sum) = &mut self.0[of(id)];
        *count += 1;
        *sum = sum.wrapping_add(xxh3_64(id.as_bytes()));
    }

    /// Returns the buckets in which the ids of two sides differ.
    pub fn different(&self, other: &Self) -> BTreeSet<usize> {
        let pairs = self.0.iter().zip(&other.0).enumerate();
        pairs.filter(|(_, (own, other))| own != other).map(|(at, _)| at).collect()
    }
}

/// Returns the bucket that an id is in.
pub(super) fn of(id: &str) -> usize {
    (xxh3_64(id.as_bytes()) % COUNT) as usize
}

/// Returns the key of the row that an element is of, as text and as the texts of its columns; `None` if the id is not
/// one that a row of this table has.
pub(super) fn key_of(shape: &Shape, id: &str) -> Option<(String, Vec<String>)> {
    let node = format!("{}:", shape.prefix);
    let mut prefixes = [node.as_str()].into_iter().chain(shape.edges.iter().map(|edge| edge.prefix.as_str()));
    let key = prefixes.find_map(|prefix| id.strip_prefix(prefix))?;
    let cells = if shape.key.len() == 1 { vec![key.to_owned()] } else { split(key)? };
    (cells.len() == shape.key.len()).then(|| (key.to_owned(), cells))
}

/// Splits a key of several columns into its texts: there are commas between them, and `\` before commas and backslashes
/// in them.
fn split(key: &str) -> Option<Vec<String>> {
    let (mut cells, mut cell) = (Vec::new(), String::new());
    let mut characters = key.chars();
    while let Some(character) = characters.next() {
        match character {
            ',' => cells.push(std::mem::take(&mut cell)),
            '\\' => cell.push(characters.next()?),
            _ => cell.push(character),
        }
    }
    cells.push(cell);
    Some(cells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::rows::EdgeShape;

    #[test]
    fn only_the_buckets_of_ids_that_one_side_lacks_differ() {
        let (mut own, mut other) = (Buckets::default(), Buckets::default());
        (0..5_000).for_each(|at| own.add(&format!("public.t:{at}")));
        (0..5_000).rev().for_each(|at| other.add(&format!("public.t:{at}")));
        assert!(own.different(&other).is_empty());
        other.add("public.t:x");
        assert_eq!(own.different(&other), BTreeSet::from([of("public.t:x")]));
    }

    #[test]
    fn the_key_of_an_element_is_taken_apart_as_it_was_put_together() {
        let edges = vec![EdgeShape { prefix: "public.t.OF.c:".into(), ..EdgeShape::default() }];
        let key = vec!["a".to_owned(), "b".to_owned()];
        let mut shape = Shape { prefix: "public.t".into(), key, edges, ..Shape::default() };
        let both = |key: &str, cells: [&str; 2]| Some((key.to_owned(), cells.map(str::to_owned).to_vec()));
        assert_eq!(key_of(&shape, "public.t:1,2"), both("1,2", ["1", "2"]));
        assert_eq!(key_of(&shape, "public.t.OF.c:x\\,y,\\\\"), both("x\\,y,\\\\", ["x,y", "\\"]));
        for wrong in ["public.t:1", "public.t.IN.c:1,2", "public.t:1,2,3", "public.u:1,2"] {
            assert_eq!(key_of(&shape, wrong), None, "{wrong}");
        }
        shape.key = vec!["a".into()];
        assert_eq!(key_of(&shape, "public.t:x,\\y"), Some(("x,\\y".into(), vec!["x,\\y".into()])));
    }
}
