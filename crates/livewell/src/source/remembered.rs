//! The stored settings of a source: its kind, and the settings that made its elements.
//!
//! A source compares its own settings when it is opened; the checks for every kind are here. A source that is sent to
//! compares nothing: what was sent before cannot be read again.

use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::run::supervise::failed_while;
use crate::source::failure::wrap;
use crate::source::in_process::InProcess;
use crate::source::intake::Intake;
use crate::source::key::definition_key;
use crate::source::wipe::wipe;
use livewell_source::error::STRICT_STOPS;
use livewell_source::source::Definition;
use livewell_source::{ErrorKind, SourceError, kinds};
use livewell_store::Snapshot;
use std::sync::atomic::Ordering;

/// Returns the stored settings; `None` if the source has not begun, or if it began with a version that stored none.
fn stored(shared: &Shared, source: &Component) -> Result<Option<Definition>, Error> {
    read(&*shared.store.snapshot()?, source.number)
}

fn read(snapshot: &dyn Snapshot, source: u32) -> Result<Option<Definition>, Error> {
    Ok(snapshot.get(&definition_key(source))?.and_then(|bytes| Definition::decode(&bytes)))
}

/// Stores these settings.
pub(crate) fn keep(definition: &Definition, shared: &Shared, source: &Component) -> Result<(), Error> {
    if stored(shared, source)?.as_ref() == Some(definition) {
        return Ok(());
    }
    let mut intake = Intake::begin(shared, source)?;
    intake.overlay().put(definition_key(source.number), definition.encode());
    intake.commit()
}

/// Refuses a kind other than the one that made the source's elements.
pub(crate) fn check_kind(definition: &Definition, shared: &Shared, source: &Component) -> Result<(), Error> {
    let Some(stored) = stored(shared, source)? else { return Ok(()) };
    let (was, is) = (stored.kind(), definition.kind());
    if was == is {
        return Ok(());
    }
    let way_out = if may_wipe(was, is) {
        format!("`livewell reset {}` empties it and starts it over; {STRICT_STOPS}", source.id)
    } else {
        "give the new one an id of its own".to_owned()
    };
    let message =
        format!("`{}` was of `kind: {was}` and is of `kind: {is}`; change it back, or {way_out}", source.id);
    Err(wrap(&source.id)(SourceError { kind: ErrorKind::Changed, code: "LW0216", message, place: None }))
}

/// Checks that a reset may wipe what the source has: not if another kind left more than a wipe removes.
pub(crate) fn check_wipe(definition: &Definition, shared: &Shared, source: &Component) -> Result<(), Error> {
    match stored(shared, source)? {
        Some(stored) if !may_wipe(stored.kind(), definition.kind()) => check_kind(definition, shared, source),
        _ => Ok(()),
    }
}

/// Returns whether a source of one kind may wipe the data of another: a kind that copies keeps a place on the other
/// side, and stages what it copies.
fn may_wipe(was: &str, is: &str) -> bool {
    let copies = |name: &str| kinds::find(name).is_some_and(|kind| kind.copies);
    was == is || !(copies(was) || copies(is))
}

/// Reports which settings have changed of those that decide how what is sent becomes elements.
fn follow_sender(definition: &Definition, shared: &Shared, source: &Component) -> Result<(), Error> {
    check_kind(definition, shared, source)?;
    let different = stored(shared, source)?.map(|stored| definition.differences(&stored));
    if let Some(different) = different.filter(|different| !different.is_empty()) {
        tracing::warn!(
            source = %source.id,
            code = "LW0216",
            "{}: that holds for what is sent from now on; what is stored stays as it came until it is sent again",
            different.join(", ")
        );
    }
    keep(definition, shared, source)
}

/// Stores the settings by which what is sent becomes elements; if the source was of another kind, only once a reset has
/// emptied it.
pub(crate) fn begin_channel(
    shared: &Shared,
    component: &Component,
    source: &InProcess,
    refuse: &mut dyn FnMut(&Error),
) {
    let definition = &source.definition;
    while let Err(error) = follow_sender(definition, shared, component) {
        failed_while(shared, component, &error, refuse);
        if shared.is_stopping(component) {
            break;
        }
        if component.reset.swap(false, Ordering::AcqRel)
            && check_wipe(definition, shared, component).is_ok()
            && let Err(error) = wipe(shared, component)
        {
            failed_while(shared, component, &error, refuse);
            component.reset.fetch_or(error.passes_by_itself(), Ordering::AcqRel);
        }
    }
}

/// Returns whether the stored kind of the source is one that is sent to.
pub(crate) fn is_sent_to(snapshot: &dyn Snapshot, source: u32) -> Result<bool, Error> {
    Ok(read(snapshot, source)?.is_some_and(|stored| stored.kind() == kinds::SENT))
}
