//! What a transaction of the database did to the rows that are followed, in its order.

use super::rows::{BadRow, Row, Shape};
use super::spooled::Spooled;
use crate::SourceError;
use livewell_model::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A transaction of the database.
#[derive(Debug)]
pub(super) struct Upstream {
    /// Its full number.
    pub transaction: u64,
    /// The end of its commit in the log.
    pub end: super::position::Lsn,
    pub timestamp: Timestamp,
    pub steps: Steps,
}

/// The steps of a transaction.
#[derive(Debug)]
pub(super) enum Steps {
    Listed(Vec<Step>),
    /// Too many to keep: rebuilt from the messages each time.
    Spooled(Box<Spooled>),
}

impl Steps {
    /// The units that are changed.
    pub fn units(&self) -> BTreeSet<u32> {
        match self {
            Self::Listed(steps) => steps.iter().map(|step| step.unit).collect(),
            Self::Spooled(spooled) => spooled.units.clone(),
        }
    }

    /// The units of which some change does not say which row it is of.
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

    /// Like [`Steps::each`], for the last time.
    pub fn into_each(self, each: impl FnMut(Step) -> Result<(), SourceError>) -> Result<(), SourceError> {
        match self {
            Self::Listed(steps) => steps.into_iter().try_for_each(each),
            Self::Spooled(spooled) => spooled.each(each),
        }
    }
}

/// What it did to one table, or partition.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub unit: u32,
    pub shape: Arc<Shape>,
    pub what: What,
}

/// What it did to a row, or to all of them.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// A row is there, new or changed; `from`: the key it had before, if that was another one.
    Put {
        row: Box<Row>,
        from: Option<String>,
    },
    /// A row is there that cannot become an element.
    Bad {
        row: Box<BadRow>,
        from: Option<String>,
    },
    Delete {
        key: String,
    },
    Truncate,
    /// A row was changed, and what was sent does not say which one, or lacks what the settings name.
    Unclear,
}
