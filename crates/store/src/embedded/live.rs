//! The mapped data file, its readers, and how it is opened again after LMDB gave up a commit half way.
//!
//! If the write of a meta page fails, LMDB refuses every later transaction of that environment, even one that only
//! reads. That commit counts as not made: until the file is open again, snapshots show the commit before it. The file
//! is opened again once two conditions hold. The disk has taken that meta page as it was before, so that no later
//! commit can overwrite pages to which the half-made one might still refer; and nobody reads the old map.

use super::open::Open;
use super::{checksum, fault, meta};
use crate::IndexError;
use crate::long_key::NOTE;
use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, MdbError, RoTxn, RwTxn, WithoutTls};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The key of the newest LMDB transaction's number, so that a damaged meta page cannot bring back an old tree. It
/// lies next to the versions, whose page every commit writes anyway.
const NOTE_KEY: [u8; NOTE] = [0; NOTE];
/// How long LMDB gets to close a file that nobody uses.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

/// LMDB's one tree, of physical keys and of checksums with physical values.
pub(super) type Tree = Database<'static, Bytes, Bytes>;

/// A data file that is mapped.
pub(super) struct Live {
    env: Env<WithoutTls>,
    pub(super) tree: Tree,
    path: PathBuf,
    map_size: u64,
}

/// How a data file is mapped.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    pub(super) path: PathBuf,
    pub(super) map_size: u64,
    pub(super) readers_max: u32,
    pub(super) flags: EnvFlags,
}

/// A read transaction that several snapshots may share.
pub(super) struct Reader {
    pub(super) txn: RoTxn<'static, WithoutTls>,
    pub(super) tree: Tree,
}

// SAFETY: of a shared reader only lookups and scans can be called. In LMDB these keep their position in a cursor
// of their own and read the transaction without changing it: it has no list of dirty pages, does not keep track of
// cursors, and the main tree, the only one used, is never looked up late. Its sole write is one flag on damage,
// always the same. The reader's slot is bound to the transaction, not to a thread. Its end takes `&mut`.
#[allow(unsafe_code)]
unsafe impl Sync for Reader {}

impl Mapping {
    /// Maps the data file.
    pub(super) fn open(&self) -> Result<Live, IndexError> {
        let failed = |error| fault::lmdb(&self.path, self.map_size, error);
        let size = usize::try_from(self.map_size).expect("the machine has 64 bits");
        let mut settings = EnvOpenOptions::new().read_txn_without_tls();
        settings.map_size(size).max_readers(self.readers_max.max(1));
        // SAFETY: the file is changed by nobody else while it is mapped: this process holds the lock on `OWNER`,
        // heed refuses a second environment of one directory, `Room` only ever adds blocks while it is open, and
        // `meta::take_back` writes only while LMDB refuses to write. Without a sync nothing can be torn by the
        // process's end, and a reboot is noticed by the session's mark.
        #[allow(unsafe_code)]
        let env = unsafe { settings.flags(self.flags).open(&self.path) }.map_err(failed)?;
        let reader = env.read_txn().map_err(failed)?;
        let opened = env.open_databases_and_commit(reader, |opener, reader| {
            opener.open_database::<Bytes, Bytes>(reader, None).map(CommitOrAbort::<_, ()>::Commit)
        });
        let tree = match opened.map_err(failed)? {
            CommitOrAbort::Commit(Some(tree)) => tree,
            _ => return Err(IndexError::corrupted(format!("{} has no tree", self.path.display()))),
        };
        Ok(Live { env, tree, path: self.path.clone(), map_size: self.map_size })
    }
}

impl Live {
    /// Begins a read transaction that may live on its own. Returns LMDB's error if it refuses all.
    fn read(&self) -> heed::Result<Reader> {
        Ok(Reader { txn: self.env.clone().static_read_txn()?, tree: self.tree })
    }

    /// Begins the write transaction, and waits while there is another one.
    pub(super) fn write(&self) -> Result<RwTxn<'_>, IndexError> {
        self.env.write_txn().map_err(|error| self.fault(error))
    }

    /// Returns the number of pages in use from the start of the file.
    pub(super) fn pages(&self) -> u64 {
        self.env.info().last_page_number as u64 + 1
    }

    /// Returns how many bytes the pages of the newest commit take.
    pub(super) fn data(&self) -> u64 {
        let tree = self.env.unnamed_database_stat();
        (tree.branch_pages + tree.leaf_pages + tree.overflow_pages) as u64 * u64::from(tree.page_size)
    }

    /// Returns how many bytes of the file are in use.
    pub(super) fn used(&self) -> u64 {
        self.pages() * u64::from(self.env.unnamed_database_stat().page_size)
    }

    pub(super) fn sync(&self) -> Result<(), IndexError> {
        self.env.force_sync().map_err(|error| self.fault(error))
    }

    /// Writes the number of the transaction into the transaction itself.
    pub(super) fn note(&self, txn: &mut RwTxn<'_>) -> Result<(), IndexError> {
        let number = (txn.id() as u64).to_le_bytes();
        let stored = [checksum::of(&NOTE_KEY, &number), number].concat();
        self.tree.put(txn, &NOTE_KEY, &stored).map_err(|error| self.fault(error))
    }

    /// Compares the newest transaction's number in the tree with that in the meta page, and returns it.
    pub(super) fn check_note(&self) -> Result<u64, IndexError> {
        let txn = self.env.read_txn().map_err(|error| self.fault(error))?;
        let stored = self.tree.get(&txn, &NOTE_KEY).map_err(|error| self.fault(error))?;
        let number = stored.map(|stored| checksum::open(&NOTE_KEY, stored)).transpose()?;
        if number == Some(&(txn.id() as u64).to_le_bytes()) {
            return Ok(txn.id() as u64);
        }
        Err(IndexError::corrupted(format!(
            "the data file in {} does not hold the commit that its first pages name; restore a backup",
            self.path.display()
        )))
    }

    /// Maps an error of LMDB.
    pub(super) fn fault(&self, error: heed::Error) -> IndexError {
        fault::lmdb(&self.path, self.map_size, error)
    }

    /// Closes the file.
    pub(super) fn close(self) -> Result<(), IndexError> {
        let path = self.path.clone();
        if self.env.prepare_for_closing().wait_timeout(CLOSE_WAIT) {
            return Ok(());
        }
        Err(IndexError::Io(format!("the data file in {} is still being read", path.display()).into()))
    }
}

/// The data file, open or between two openings.
pub(super) struct Slot {
    /// `None` if it could not be opened again yet, and after the end.
    pub(super) live: Option<Live>,
    pub(super) broken: Option<Broken>,
}

/// What is left of an environment in which LMDB refuses everything.
pub(super) struct Broken {
    /// The last commit that was made.
    last: Option<Arc<Reader>>,
    /// Its number in LMDB.
    transaction: u64,
    /// Whether the disk has taken the meta page as it was before.
    is_taken_back: AtomicBool,
}

impl Slot {
    /// Returns the open file, to be written to.
    pub(super) fn live(&self, mapping: &Mapping) -> Result<&Live, IndexError> {
        match (&self.live, &self.broken) {
            (Some(live), None) => Ok(live),
            (_, Some(broken)) => broken.take_back(mapping),
            (None, None) => Err(reopening(&mapping.path)),
        }
    }

    /// Returns a reader of the last commit, or `None` if whoever holds the room knows more.
    pub(super) fn read(&self, mapping: &Mapping) -> Result<Option<Arc<Reader>>, IndexError> {
        let last = self.broken.as_ref().map(|broken| broken.last.clone());
        match (&self.live, last) {
            (_, Some(Some(last))) => Ok(Some(last)),
            (Some(live), None) => match live.read() {
                Ok(reader) => Ok(Some(Arc::new(reader))),
                Err(heed::Error::Mdb(MdbError::Panic)) => Ok(None),
                Err(error) => Err(live.fault(error)),
            },
            _ => Err(reopening(&mapping.path)),
        }
    }

    /// Returns a reader of the present state, to fall back on if the next commit breaks the environment.
    pub(super) fn before_commit(&self) -> Option<Arc<Reader>> {
        self.live.as_ref()?.read().ok().map(Arc::new)
    }

    /// Notes whether LMDB now refuses everything. `last` was taken before the commit that failed.
    pub(super) fn look_at_failure(&mut self, last: Option<Arc<Reader>>, transaction: u64) {
        let Some(live) = &self.live else { return };
        if self.broken.is_none() && matches!(live.read(), Err(heed::Error::Mdb(MdbError::Panic))) {
            tracing::warn!(code = "LW0305", store = %live.path.display(), "a commit failed half way; opening the data file again");
            self.broken = Some(Broken { last, transaction, is_taken_back: AtomicBool::new(false) });
        }
    }

    /// Returns whether the file is to be opened again.
    pub(super) fn is_to_reopen(&self) -> bool {
        match &self.broken {
            None => self.live.is_none(),
            Some(broken) => broken.is_taken_back.load(Ordering::Acquire),
        }
    }

    /// Opens the file again if nobody reads the old map; the caller holds the room.
    pub(super) fn reopen(
        &mut self,
        mapping: &Mapping,
        transaction: u64,
        open: &Open,
    ) -> Result<(), IndexError> {
        if !self.is_to_reopen() || !open.wait_for_none() {
            return Ok(());
        }
        self.broken = None;
        if let Some(live) = self.live.take() {
            live.close()?;
        }
        let live = mapping.open()?;
        let found = live.check_note()?;
        if found != transaction {
            let path = mapping.path.display();
            let message =
                format!("{path} is at commit {found} after it was opened again, not at {transaction}");
            return Err(IndexError::corrupted(message));
        }
        tracing::info!(store = %mapping.path.display(), "the data file is open again");
        self.live = Some(live);
        Ok(())
    }
}

impl Broken {
    /// Makes sure that the disk has the meta page as it was before. Always returns an error: the commit comes too
    /// early.
    fn take_back(&self, mapping: &Mapping) -> Result<&Live, IndexError> {
        if !self.is_taken_back.load(Ordering::Acquire) {
            meta::take_back(&mapping.path.join(super::directory::DATA), self.transaction)?;
            self.is_taken_back.store(true, Ordering::Release);
        }
        Err(reopening(&mapping.path))
    }
}

/// Returns the error for calls while the file is not open.
pub(super) fn reopening(path: &Path) -> IndexError {
    let message = format!(
        "an earlier write to {} failed half way; the data file is being opened again",
        path.display()
    );
    IndexError::Io(message.into())
}
