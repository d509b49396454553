//! What a transaction of the database did to the rows that are followed, in its order.

use super::position::Lsn;
use super::spooled::Spooled;
use super::step::{Step, What};
use crate::SourceError;
use livewell_model::Timestamp;
use std::collections::BTreeSet;

/// A transaction of the database.
#[derive(Debug)]
pub(super) struct Upstream {
    /// The full number of the transaction.
    pub transaction: u64,
    /// The end of its commit in the log.
    pub end: Lsn,
    pub timestamp: Timestamp,
    pub steps: Steps,
}

/// The steps of a transaction.
#[derive(Debug)]
pub(super) enum Steps {
    Listed(Vec<Step>),
    /// Too many to keep: made from the messages each time.
    Spooled(Box<Spooled>),
}

impl Steps {
    /// Returns the units that are changed.
    pub fn units(&self) -> BTreeSet<u32> {
        match self {
            Self::Listed(steps) => steps.iter().map(|step| step.unit).collect(),
            Self::Spooled(spooled) => spooled.units.clone(),
        }
    }

    /// Returns the units with a change that does not identify its row.
    pub fn unclear(&self) -> BTreeSet<u32> {
        match self {
            Self::Listed(steps) => {
                let unclear = steps.iter().filter(|step| matches!(step.what, What::Unclear));
                unclear.map(|step| step.unit).collect()
            }
            Self::Spooled(spooled) => spooled.unclear.clone(),
        }
    }

    /// Calls `each` with every step, in order.
    pub fn each(&self, mut each: impl FnMut(&Step) -> Result<(), SourceError>) -> Result<(), SourceError> {
        match self {
            Self::Listed(steps) => steps.iter().try_for_each(each),
            Self::Spooled(spooled) => spooled.each(|step| each(&step)),
        }
    }

    /// Like [`Steps::each`], but consumes the steps.
    pub fn into_each(self, each: impl FnMut(Step) -> Result<(), SourceError>) -> Result<(), SourceError> {
        match self {
            Self::Listed(steps) => steps.into_iter().try_for_each(each),
            Self::Spooled(spooled) => spooled.each(each),
        }
    }
}
