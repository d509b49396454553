//! Requests to the other side of a source from other threads: comparing, single tables, and what it keeps there.

use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::error::ErrorKind;
use crate::source::failure::wrap;
use crate::source::parked;
use crate::source::stored::Held;
use livewell_source::source::{Here, OtherSide, Patience, Stored};
use livewell_source::verified::Verified;
use livewell_source::{ErrorKind as SourceErrorKind, SourceError};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

/// How much parked input is read at once.
const PAGE: usize = 1_000;

/// Returns what a source keeps on the other side, if anything.
pub(crate) fn kept_there(
    shared: &Shared,
    source: &Component,
    other_side: &dyn OtherSide,
) -> Result<Option<String>, Error> {
    let held = Held::read(shared, source)?;
    held.settle(other_side.kept_there(&held))
}

/// Checks that a source has a table of this name, which can be copied by itself.
pub(crate) fn check_table(
    shared: &Shared,
    source: &Component,
    other_side: &dyn OtherSide,
    table: &str,
) -> Result<(), Error> {
    let held = Held::read(shared, source)?;
    match other_side.check_table(table, &held) {
        Err(error) if error.kind == SourceErrorKind::Settings => Err(Error::invalid("LW0538", error.message)),
        checked => held.settle(checked),
    }
}

/// Compares what is stored of a source with the other side: everything, or one table. Ends early if `is_cancelled`
/// returns true.
pub(crate) fn verify(
    shared: &Shared,
    source: &Component,
    other_side: &dyn OtherSide,
    table: Option<&str>,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Verified, Error> {
    let watching = Watching::new(shared, source, is_cancelled);
    let stored = || -> Result<Box<dyn Stored>, SourceError> {
        Ok(Box::new(Held::read(shared, source).map_err(of_store)?))
    };
    let parked = || places(shared, source).map_err(of_store);
    let here = Here { store: shared.store_name(), stored: &stored, parked: &parked, patience: &watching };
    other_side.verify(table, &here).map_err(|error| match error.kind {
        SourceErrorKind::Settings => Error::invalid("LW0539", error.message),
        SourceErrorKind::Store => Error { kind: ErrorKind::Storage, ..wrap(&source.id)(error) },
        _ => Error { kind: ErrorKind::Unavailable, ..wrap(&source.id)(error) },
    })
}

/// Returns the places of all input that the source has set aside.
fn places(shared: &Shared, source: &Component) -> Result<BTreeSet<String>, Error> {
    let snapshot = shared.store.snapshot()?;
    let (mut places, mut after) = (BTreeSet::new(), 0);
    loop {
        let page = parked::list(&*snapshot, source.number, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(places) };
        after = last.number;
        places.extend(page.into_iter().filter_map(|one| Some(one.origin?.place)));
    }
}

fn of_store(error: Error) -> SourceError {
    SourceError::new(SourceErrorKind::Store, error.code, error.message)
}

/// Makes the source store its position while it is compared, even if nothing comes.
struct Watching<'a> {
    shared: &'a Shared,
    source: &'a Component,
    is_cancelled: &'a dyn Fn() -> bool,
}

impl<'a> Watching<'a> {
    fn new(shared: &'a Shared, source: &'a Component, is_cancelled: &'a dyn Fn() -> bool) -> Self {
        source.watchers.fetch_add(1, Ordering::AcqRel);
        Self { shared, source, is_cancelled }
    }
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        self.source.watchers.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Patience for Watching<'_> {
    fn is_over(&self) -> bool {
        self.shared.is_stopping(self.source) || (self.is_cancelled)()
    }

    fn waits_for(&self, _what: &str) {}
}
