//! Wipes a source: deletes its data and begins a new epoch.

use super::key::{OWN, definition_key, note_key};
use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::source::expiry::index;
use livewell_store::head::{EpochRecord, Head};
use livewell_store::keyspace::{Key, Space};
use livewell_store::{Direction, Overlay, Version, WriteSet, catalog, compare, sweep};

/// Wipes a source: no elements, no log, nothing read yet, in a new epoch. Its followers notice the new epoch and act by
/// their recovery policies.
pub(crate) fn wipe(shared: &Shared, source: &Component) -> Result<(), Error> {
    let turn = shared.positions.take();
    let snapshot = shared.store.snapshot()?;
    let number = source.number;
    let old = Head::read(&*snapshot, number)?.unwrap_or_default();
    let expected = compare::read_version(&*snapshot, number)?;
    let epoch = catalog::next_epoch(&*snapshot, &source.id)?;
    let generation = old.last_generation + 1;
    let head = Head {
        epoch,
        generation,
        last_generation: generation,
        position: old.position,
        timestamp: old.timestamp,
        low: 1,
        ..Head::default()
    };
    let next = Version { epoch, commit: expected.commit + 1 };
    let mut set = WriteSet { feed: number, expected, next, ..WriteSet::default() };
    for prefix in sweep::generation(number, old.generation) {
        sweep::mark(&mut set, &prefix);
    }
    sweep::mark(&mut set, &Key::new(Space::Log).number(number).long(old.epoch).done());
    crate::source::parked::clear(&*snapshot, &mut set, source)?;
    set.delete(EpochRecord::key(number, old.epoch));
    // Its notes, the position among them. What the runner keeps for it stays, except the settings that made its
    // elements.
    let notes = note_key(number, &[]);
    snapshot.visit(&notes, Direction::Forward, &mut |key, _| {
        if key.get(notes.len()) != Some(&OWN) {
            set.delete(key.to_vec());
        }
        true
    })?;
    set.delete(definition_key(number));
    let mut overlay = Overlay::new(snapshot);
    index::wipe(&mut overlay, number)?;
    overlay.into_writes(&mut set);
    set.put(EpochRecord::key(number, epoch), EpochRecord::default().encode());
    set.put(Head::key(number), head.encode());
    catalog::put_epoch(&mut set, &source.id, epoch);
    let ticket = shared.group.submit(set);
    drop(turn);
    ticket.wait()?;
    source.progressed(0);
    shared.bells.ring(number);
    Ok(())
}
