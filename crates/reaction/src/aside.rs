//! What a target refused and Livewell has already stored, before the target commits the rest.
//!
//! A target that keeps the checkpoint itself commits it with its effects, and dead letters lie in Livewell's own store.
//! If the target committed first, a crash in between would lose the letters, because the target's checkpoint is behind
//! them. So a delivery that is refused in part has no effect: it returns the letters, and a detail that names what they
//! are about. Both are stored in one commit. The next delivery leaves that out, or makes no second letter of it.

use crate::Reached;
use livewell_model::codec::{Reader, Writer};
use livewell_model::{DecodeError, SmolStr};
use std::collections::BTreeSet;

/// Something that was set aside: a diff or a row of a result.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Aside {
    pub query_id: SmolStr,
    pub epoch: u64,
    /// The result, or the last of several that were delivered together.
    pub sequence: u64,
    /// Which part of the result: the index of a diff, or the signature of a row, as the kind has it.
    pub part: u64,
}

/// What was set aside of results that the target does not have yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asides(BTreeSet<Aside>);

impl Asides {
    /// Returns whether nothing is set aside.
    #[cfg(feature = "postgres")]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether this part of this result was set aside.
    pub fn contains(&self, aside: &Aside) -> bool {
        self.0.contains(aside)
    }

    /// Returns the parts of a query's results that were set aside, whatever their results.
    #[cfg(feature = "postgres")]
    pub fn parts(&self, query_id: &str) -> std::collections::HashSet<u64> {
        self.0.iter().filter(|aside| aside.query_id == query_id).map(|aside| aside.part).collect()
    }

    /// Sets more aside.
    pub fn extend(&mut self, more: impl IntoIterator<Item = Aside>) {
        self.0.extend(more);
    }

    /// Forgets what the target has passed.
    pub fn forget(&mut self, reached: &[Reached]) {
        let is_over = |aside: &Aside, there: &Reached| {
            aside.query_id == there.query_id && (aside.epoch, aside.sequence) <= (there.epoch, there.sequence)
        };
        self.0.retain(|aside| !reached.iter().any(|there| is_over(aside, there)));
    }

    /// Appends the stored form.
    pub fn write(&self, out: &mut Writer) {
        out.varint(self.0.len() as u64);
        for Aside { query_id, epoch, sequence, part } in &self.0 {
            out.string(query_id).varint(*epoch).varint(*sequence).varint(*part);
        }
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// Returns an error if that is not what [`Asides::write`] has written.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut asides = BTreeSet::new();
        for _ in 0..reader.count()? {
            let (query_id, epoch) = (reader.string()?, reader.varint()?);
            let (sequence, part) = (reader.varint()?, reader.varint()?);
            asides.insert(Aside { query_id, epoch, sequence, part });
        }
        Ok(Self(asides))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_target_has_passed_is_forgotten_and_the_rest_is_kept() {
        let aside =
            |query: &str, epoch, sequence, part| Aside { query_id: query.into(), epoch, sequence, part };
        let mut asides = Asides::default();
        asides.extend([
            aside("late", 1, 9, 0),
            aside("late", 2, 8, 1),
            aside("late", 2, 9, u64::MAX),
            aside("x", 1, 1, 3),
        ]);
        asides.forget(&[Reached { query_id: "late".into(), epoch: 2, sequence: 8, position: 24 }]);
        assert!(!asides.contains(&aside("late", 1, 9, 0)) && !asides.contains(&aside("late", 2, 8, 1)));
        assert!(asides.contains(&aside("late", 2, 9, u64::MAX)) && asides.contains(&aside("x", 1, 1, 3)));
        let mut out = Writer::new();
        asides.write(&mut out);
        let mut reader = Reader::new("asides", &out.bytes);
        assert_eq!(Asides::read(&mut reader).unwrap(), asides);
        assert!(reader.is_done());
    }
}
