//! The open LMDB environment of a store, from the first look at the directory to the clean close.

use super::directory::{self, Format, Found};
use super::owner::Owner;
use super::room::{self, Room};
use super::session::{self, Left};
use super::{Durability, EmbeddedOptions, beside, checksum, fault, meta};
use crate::long_key::NOTE;
use crate::{IndexError, StoreId, memory};
use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, RoTxn, RwTxn, WithoutTls};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

const MIB: u64 = 1 << 20;
/// What LMDB keeps for each reader, in bytes.
const READER: u64 = 64;
/// Where the number of the newest LMDB transaction lies, so that a damaged meta page cannot bring back an old tree.
/// Next to the versions, whose page every commit writes anyway.
const NOTE_KEY: [u8; NOTE] = [0; NOTE];

/// LMDB's one tree, of physical keys and of checksums with physical values.
pub(super) type Tree = Database<'static, Bytes, Bytes>;

/// A store's environment. Dropped after the last snapshot; then the directory is free.
pub(super) struct Environment {
    /// Always there until the drop.
    env: Option<Env<WithoutTls>>,
    tree: Tree,
    room: Mutex<Room>,
    id: StoreId,
    path: PathBuf,
    map_size: u64,
    durability: Durability,
    /// Whether nobody needs it once it is closed.
    is_abandoned: AtomicBool,
    /// Last, since what it guards must be closed first.
    owner: Owner,
}

impl Environment {
    /// Opens the directory, or makes it.
    pub(super) fn open(path: &Path, options: EmbeddedOptions) -> Result<Self, IndexError> {
        let EmbeddedOptions { durability, map_size_bytes, readers_max, create, boot_id } = options;
        if directory::look(path)? == Found::Nothing {
            if !create {
                return Err(IndexError::unknown_store(format!("there is no store at {}", path.display())));
            }
            directory::make(path)?;
        }
        let owner = Owner::take(path)?;
        beside::clear(path)?;
        // Looked at again, since only the owner can rely on what it sees.
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
        let (env, tree) = Self::map(path, map_size, readers_max, flags(durability, write_map))?;
        let environment = Self {
            env: Some(env),
            tree,
            room: Mutex::new(room),
            id: format.id,
            path: path.to_owned(),
            map_size,
            durability,
            is_abandoned: AtomicBool::new(false),
            owner,
        };
        environment.settle(format, left, boot.as_deref())?;
        Ok(environment)
    }

    fn map(
        path: &Path,
        map_size: u64,
        readers_max: u32,
        flags: EnvFlags,
    ) -> Result<(Env<WithoutTls>, Tree), IndexError> {
        let failed = |error| fault::lmdb(path, map_size, error);
        let size = usize::try_from(map_size).expect("the machine has 64 bits");
        let mut settings = EnvOpenOptions::new().read_txn_without_tls();
        settings.map_size(size).max_readers(readers_max.max(1));
        // SAFETY: the file is changed by nobody else while it is mapped: this process holds the lock on `OWNER`,
        // heed refuses a second environment of one directory, and `Room` only ever adds blocks while it is open.
        // Without a sync nothing can be torn by the process's end, and a reboot is noticed by the session's mark.
        #[allow(unsafe_code)]
        let env = unsafe { settings.flags(flags).open(path) }.map_err(failed)?;
        let reader = env.read_txn().map_err(failed)?;
        let opened = env.open_databases_and_commit(reader, |opener, reader| {
            opener.open_database::<Bytes, Bytes>(reader, None).map(CommitOrAbort::<_, ()>::Commit)
        });
        match opened.map_err(failed)? {
            CommitOrAbort::Commit(Some(tree)) => Ok((env, tree)),
            _ => Err(IndexError::corrupted(format!("{} has no tree", path.display()))),
        }
    }

    /// Brings a store that has just been mapped to where work can begin.
    fn settle(&self, format: Format, left: Left, boot: Option<&str>) -> Result<(), IndexError> {
        if format.ready {
            self.check_note()?;
        } else {
            let mut first = self.write()?;
            self.note(&mut first)?;
            self.room().ensure(MIB)?;
            first.commit().map_err(|error| self.fault(error))?;
            self.env().force_sync().map_err(|error| self.fault(error))?;
            directory::write_format(&self.path, Format { ready: true, ..format })?;
        }
        if left == Left::InMemory && self.durability == Durability::Sync {
            self.env().force_sync().map_err(|error| self.fault(error))?;
            session::mark(&self.path, Left::Durable, boot)?;
        }
        Ok(())
    }

    /// Writes the number of the transaction into itself.
    pub(super) fn note(&self, txn: &mut RwTxn<'_>) -> Result<(), IndexError> {
        let number = (txn.id() as u64).to_le_bytes();
        let stored = [checksum::of(&NOTE_KEY, &number), number].concat();
        self.tree.put(txn, &NOTE_KEY, &stored).map_err(|error| self.fault(error))
    }

    /// Compares the number that the newest transaction has in the tree with that in the meta page.
    fn check_note(&self) -> Result<(), IndexError> {
        let txn = self.env().read_txn().map_err(|error| self.fault(error))?;
        let stored = self.tree.get(&txn, &NOTE_KEY).map_err(|error| self.fault(error))?;
        let number = stored.map(|stored| checksum::open(&NOTE_KEY, stored)).transpose()?;
        if number == Some(&(txn.id() as u64).to_le_bytes()) {
            return Ok(());
        }
        Err(IndexError::corrupted(format!(
            "the data file in {} does not hold the commit that its first pages name; restore a backup",
            self.path.display()
        )))
    }

    fn env(&self) -> &Env<WithoutTls> {
        self.env.as_ref().expect("the environment is taken out by its drop alone")
    }

    /// A read transaction that may live on its own.
    pub(super) fn read(&self) -> Result<RoTxn<'static, WithoutTls>, IndexError> {
        self.env().clone().static_read_txn().map_err(|error| self.fault(error))
    }

    /// The write transaction; waits for another one.
    pub(super) fn write(&self) -> Result<RwTxn<'_>, IndexError> {
        self.env().write_txn().map_err(|error| self.fault(error))
    }

    /// Makes sure that no other process has got hold of the directory.
    pub(super) fn check_owner(&self) -> Result<(), IndexError> {
        self.owner.check()
    }

    /// The file's room, to be held while writing.
    pub(super) fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of pages in use from the start of the file.
    pub(super) fn pages(&self) -> u64 {
        self.env().info().last_page_number as u64 + 1
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    pub(super) fn id(&self) -> StoreId {
        self.id
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// From now on it need not be durable when it is closed.
    pub(super) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
    }

    /// What a failure of LMDB means.
    pub(super) fn fault(&self, error: heed::Error) -> IndexError {
        fault::lmdb(&self.path, self.map_size, error)
    }

    fn close(&mut self) -> Result<(), IndexError> {
        let Some(env) = self.env.take() else { return Ok(()) };
        let synced = match self.durability {
            Durability::Sync => Ok(()),
            Durability::Os => env.force_sync().map_err(|error| self.fault(error)),
        };
        let page = u64::from(env.unnamed_database_stat().page_size);
        let used = (env.info().last_page_number as u64 + 1) * page;
        drop(env);
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

/// What the last session has left of a finished store, and how much of the file is in use.
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
            tracing::warn!(store = %self.path.display(), %error, "the store was not closed cleanly");
        }
    }
}
