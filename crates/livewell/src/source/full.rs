//! How much a source may park, and what it does at the limit: it waits until a person makes room.

use crate::Error;
use crate::component::Component;
use crate::component::set_aside::SetAside;
use crate::component::shared::Shared;
use crate::error::{ErrorKind, NoRoom};
use livewell_store::Overlay;
use std::time::Duration;

/// How often a source without room checks again; an order about its parked input wakes it earlier.
const LOOK: Duration = Duration::from_millis(500);

pub(super) fn error(source: &Component, (pieces, bytes): (u64, u64), needed: u64, reason: &str) -> Error {
    let id = &source.id;
    let limit = if pieces < source.parking.pieces {
        format!("`limits.parked_bytes` is {}", source.parking.bytes)
    } else {
        format!("`limits.parked_max` is {}", source.parking.pieces)
    };
    let message = format!(
        "`{id}` waits: it has parked {pieces} pieces of input ({bytes} bytes) and has to park another, but {limit}; \
         `livewell parked {id}` lists them, and with `--retry` or `--discard` makes room. The next one: {reason}"
    );
    let mut error = Error::new(ErrorKind::Unavailable, "LW0222", message);
    error.source = Some(NoRoom { needed }.into());
    error
}

/// Shows that the source waits until there is room for the input of the error; meanwhile carries out orders about
/// parked pieces. Returns false if waiting does not help: the error is about something else, or one transaction has
/// more to park than the limits allow.
pub(crate) fn wait_for_room(
    shared: &Shared,
    source: &Component,
    error: &Error,
    mut carry_out: impl FnMut() -> Result<(), Error>,
) -> Result<bool, Error> {
    let Some(NoRoom { needed }) = error.no_room() else { return Ok(false) };
    let has_room = || -> Result<bool, Error> {
        let overlay = Overlay::new(shared.store.snapshot()?);
        Ok(source.parking.has_room(SetAside::parked(source.number).amount(&overlay)?, *needed))
    };
    if has_room()? {
        return Ok(false);
    }
    source.held_up(error);
    while !shared.is_interrupted(source) {
        if source.is_ordered() {
            carry_out()?;
            if has_room()? {
                break;
            }
            source.show_held_up(error);
        }
        source.bell.wait(LOOK);
    }
    Ok(true)
}
