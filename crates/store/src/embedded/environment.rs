//! A store's directory, from the first look at it to the clean close.

use super::directory::{self, Format, Found};
use super::live::{Mapping, Reader, Slot, reopening};
use super::open::{Counted, Open};
use super::options::{Durability, EmbeddedOptions};
use super::owner::Owner;
use super::room::{self, Room};
use super::session::{self, Left};
use super::{fault, meta};
use crate::measure::Durations;
use crate::{IndexError, StoreId, memory};
use heed::{EnvFlags, RoTxn, WithoutTls};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// A reader, which is dropped before its count.
pub(super) type Held = (Arc<Reader>, Counted);

/// How often reading the newest commit may find that there is a newer one.
const TRIES_MAX: u32 = 16;
const MIB: u64 = 1 << 20;
/// The size of LMDB's record of a reader, in bytes.
const READER: u64 = 64;
/// A store's environment. It is dropped after the last snapshot; then the directory is free.
pub(super) struct Environment {
    slot: RwLock<Slot>,
    mapping: Mapping,
    /// LMDB's number of the last commit.
    transaction: AtomicU64,
    pub(super) snapshots: Arc<Open>,
    /// How long writing commits to the file and flushing it took.
    pub(super) flushes: Durations,
    /// Locked before `slot`.
    room: Mutex<Room>,
    id: StoreId,
    path: PathBuf,
    durability: Durability,
    /// Whether the session before closed it, or there was none.
    was_closed: bool,
    /// Whether nobody needs the store once it is closed.
    is_abandoned: AtomicBool,
    /// Last, since what it guards must be closed first.
    owner: Owner,
}

impl Environment {
    /// Opens the directory, or creates it.
    pub(super) fn open(path: &Path, options: EmbeddedOptions) -> Result<Self, IndexError> {
        let EmbeddedOptions { durability, map_size_bytes, readers_max, create, boot_id } = options;
        if directory::look(path)? == Found::Nothing {
            if !create {
                return Err(IndexError::unknown_store(format!("there is no store at {}", path.display())));
            }
            directory::make(path)?;
        }
        let owner = Owner::take(path)?;
        directory::clear(path)?;
        // Checked again, since only the owner can rely on what it sees.
        let format = match directory::look(path)? {
            Found::Store(format) => format,
            Found::Nothing => Format { id: memory::random_id(), ready: false },
        };
        let boot = session::boot_id(boot_id);
        let data = path.join(directory::DATA);
        let (left, used) = if format.ready {
            judge(path, boot.as_deref())?
        } else {
            directory::write_format(path, format)?;
            directory::remove_data(path)?;
            (Left::Durable, 0)
        };
        match (durability, left) {
            (Durability::Os, _) => session::mark(path, Left::InMemory, boot.as_deref())?,
            // Not yet: it is in memory until `settle` has flushed it.
            (Durability::Sync, Left::InMemory) => {}
            (Durability::Sync, _) => session::mark(path, Left::Durable, None)?,
        }
        let map_size = map_size_bytes.max(used).max(MIB).next_multiple_of(MIB);
        let mut room = Room::of(data, map_size)?;
        room.ensure(used)?;
        room::set_aside(&path.join(directory::LOCK), 4096 + u64::from(readers_max) * READER)?;
        let write_map = durability == Durability::Os && room.is_supported();
        let flags = flags(durability, write_map);
        let mapping = Mapping { path: path.to_owned(), map_size, readers_max, flags };
        let environment = Self {
            slot: RwLock::new(Slot { live: Some(mapping.open()?), broken: None }),
            mapping,
            transaction: AtomicU64::new(0),
            snapshots: Arc::default(),
            flushes: Durations::default(),
            room: Mutex::new(room),
            id: format.id,
            path: path.to_owned(),
            durability,
            was_closed: !format.ready || matches!(left, Left::Closed { .. }),
            is_abandoned: AtomicBool::new(false),
            owner,
        };
        environment.settle(format, left, boot.as_deref())?;
        Ok(environment)
    }

    /// Brings a store that has just been mapped to a state in which work can begin.
    fn settle(&self, format: Format, left: Left, boot: Option<&str>) -> Result<(), IndexError> {
        let slot = self.slot();
        let live = slot.live(&self.mapping)?;
        if !format.ready {
            let mut first = live.write()?;
            live.note(&mut first)?;
            self.room().ensure(MIB)?;
            first.commit().map_err(|error| live.fault(error))?;
            live.sync()?;
            directory::write_format(&self.path, Format { ready: true, ..format })?;
        }
        self.made(live.check_note()?);
        if left == Left::InMemory && self.durability == Durability::Sync {
            live.sync()?;
            session::mark(&self.path, Left::Durable, boot)?;
        }
        Ok(())
    }

    /// Returns the data file, to be read or, while the room is locked, to be written.
    pub(super) fn slot(&self) -> RwLockReadGuard<'_, Slot> {
        self.slot.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how the data file is mapped.
    pub(super) fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Reads the last commit; first opens the file again if that is due. The count keeps the file from being closed.
    pub(super) fn read(&self) -> Result<(Arc<Reader>, Counted), IndexError> {
        if self.slot().is_to_reopen() {
            let _room = self.room();
            let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
            let transaction = self.transaction.load(Ordering::Acquire);
            slot.reopen(&self.mapping, transaction, &self.snapshots)?;
        }
        for _ in 0..2 {
            {
                let slot = self.slot();
                let counted = self.snapshots.count();
                if let Some(reader) = slot.read(&self.mapping)? {
                    return Ok((reader, counted));
                }
            }
            // The commit that broke the environment is about to report it, and holds the room until then.
            drop(self.room());
        }
        Err(reopening(&self.path))
    }

    /// Returns a reader of the state before a commit, if one may be needed to fall back on.
    pub(super) fn before_commit(&self, slot: &Slot) -> Option<Arc<Reader>> {
        // Writing directly to a map cannot fail.
        if self.mapping.flags.contains(EnvFlags::WRITE_MAP) { None } else { slot.before_commit() }
    }

    /// Notes the number of LMDB's last committed transaction.
    pub(super) fn made(&self, transaction: u64) {
        self.transaction.store(transaction, Ordering::Release);
    }

    /// Checks whether the commit that failed has broken the environment; the caller holds the room.
    pub(super) fn look_at_failure(&self, last: Option<Arc<Reader>>) {
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        slot.look_at_failure(last, self.transaction.load(Ordering::Acquire));
    }

    /// Returns a reader of the newest commit, with the file and the tree, to be read by [`super::pages`].
    pub(super) fn read_pages(&self) -> Result<(Held, File, meta::Tree), IndexError> {
        for _ in 0..TRIES_MAX {
            let (reader, counted) = self.read()?;
            if let Some((file, tree)) = self.pages_of(&reader.txn)? {
                return Ok(((reader, counted), file, tree));
            }
        }
        // Others commit faster than this thread gets its turns, so block them for one more try.
        let _room = self.room();
        let slot = self.slot();
        let counted = self.snapshots.count();
        if let Some(reader) = slot.read(&self.mapping)?
            && let Some((file, tree)) = self.pages_of(&reader.txn)?
        {
            return Ok(((reader, counted), file, tree));
        }
        // After a commit that failed half way there is no newest one until the file is open again.
        Err(reopening(&self.path))
    }

    /// Returns the file and the tree of a read transaction; `None` unless it is the newest.
    pub(super) fn pages_of(
        &self,
        txn: &RoTxn<'_, WithoutTls>,
    ) -> Result<Option<(File, meta::Tree)>, IndexError> {
        let path = self.path.join(directory::DATA);
        let mut file = File::open(&path).map_err(|error| fault::io("open", &path, &error))?;
        Ok(meta::tree(&path, &mut file, txn.id() as u64)?.map(|tree| (file, tree)))
    }

    /// Checks that no other process has taken the directory.
    pub(super) fn check_owner(&self) -> Result<(), IndexError> {
        self.owner.check()
    }

    /// Locks the file's room, to be held while writing.
    pub(super) fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn id(&self) -> StoreId {
        self.id
    }

    pub(super) fn was_closed(&self) -> bool {
        self.was_closed
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Lets the store be closed without making it durable, since nobody needs it.
    pub(super) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
    }

    /// Maps an error of LMDB.
    pub(super) fn fault(&self, error: heed::Error) -> IndexError {
        fault::lmdb(&self.path, self.mapping.map_size, error)
    }

    fn close(&mut self) -> Result<(), IndexError> {
        let slot = self.slot.get_mut().unwrap_or_else(PoisonError::into_inner);
        if slot.broken.take().is_some() {
            return Err(reopening(&self.path));
        }
        let Some(live) = slot.live.take() else { return Ok(()) };
        let synced = match self.durability {
            Durability::Sync => Ok(()),
            Durability::Os => live.sync(),
        };
        let used = live.used();
        live.close()?;
        synced?;
        self.room().give_back(used)?;
        let seal = meta::check(&self.path.join(directory::DATA))?.seal;
        session::mark(&self.path, Left::Closed { seal }, None)
    }
}

fn flags(durability: Durability, write_map: bool) -> EnvFlags {
    let mut flags = EnvFlags::empty();
    flags.set(EnvFlags::NO_SYNC, durability == Durability::Os);
    flags.set(EnvFlags::WRITE_MAP, write_map);
    flags
}

/// Returns what the last session has left of a finished store, and how many bytes of the file are in use.
fn judge(path: &Path, boot: Option<&str>) -> Result<(Left, u64), IndexError> {
    let left = session::look(path, boot)?;
    let extent = meta::check(&path.join(directory::DATA))?;
    if matches!(left, Left::Closed { seal } if seal != extent.seal) {
        return Err(IndexError::corrupted(format!(
            "the first pages of the data file in {} are not as they were when it was closed; restore a backup \
             of the whole directory",
            path.display()
        )));
    }
    Ok((left, extent.used))
}

impl Drop for Environment {
    fn drop(&mut self) {
        if self.is_abandoned.load(Ordering::Relaxed) {
            return;
        }
        if let Err(error) = self.close() {
            let code = error.code();
            tracing::warn!(code, store = %self.path.display(), %error, "the store was not closed cleanly");
        }
    }
}
