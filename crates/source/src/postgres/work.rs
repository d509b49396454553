//! What a source has read and not yet written: pieces of work, each written whole in the commit that takes it in.

use super::catalog::facts::UnitFacts;
use super::copy::range::Range;
use super::position::Lsn;
use super::upstream::Upstream;
use super::visible::Visible;
use std::collections::BTreeMap;

/// A piece of work.
#[derive(Debug)]
pub(super) enum Work {
    /// A transaction of the database.
    Transaction(Upstream),
    /// What the catalogs say of a unit is different and harmless; `None`: it is no longer of interest.
    Facts(u32, Option<Box<UnitFacts>>),
    /// These units are to be copied. No range may be read while a transaction before `floor` runs; `expected`: about how
    /// many rows they have, as far as anybody has counted; `begun`: what was visible when that was seen.
    Copy { units: Vec<(u32, UnitFacts)>, floor: u64, expected: BTreeMap<u32, u64>, begun: Visible },
    /// A unit of the copy is no longer there.
    TakeOut(u32),
    /// The rows of a unit go once the stream has come to there.
    Going(u32, Lsn),
    /// The rows of a unit go now.
    Gone(u32),
    /// Rows of a copy.
    Range(Box<Range>),
    /// What was staged of a unit goes, piece by piece.
    Clear(u32),
    /// The copy is whole.
    Finish,
    /// The server has sent everything up to there.
    Quiet(Lsn),
    /// Everything up to a position of the store is what the database had; `None`: everything.
    Checked(Option<u64>),
}
