//! Work that was read and not yet written: pieces that are each written whole in one commit.

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
    /// The facts of a unit changed in a harmless way; `None`: they are no longer needed.
    Facts(u32, Option<Box<UnitFacts>>),
    /// Units to copy. No range may be read while a transaction before `floor` runs. `expected`: about how many rows
    /// they have, if known; `begun`: what was visible when the copy was planned.
    Copy { units: Vec<(u32, UnitFacts)>, floor: u64, expected: BTreeMap<u32, u64>, begun: Visible },
    /// A unit of the copy no longer exists.
    TakeOut(u32),
    /// Delete the rows of a unit once the stream has reached this position.
    Going(u32, Lsn),
    /// Delete the rows of a unit now.
    Gone(u32),
    /// Rows of a copy.
    Range(Box<Range>),
    /// Delete the staged rows of a unit, piece by piece.
    Clear(u32),
    /// The copy is complete.
    Finish,
    /// The server has sent everything up to this position.
    Quiet(Lsn),
    /// Everything up to a position of the store agrees with the database; `None`: everything that is stored.
    Checked(Option<u64>),
}
