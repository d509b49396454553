//! Clusters that the tests of one process share, each case with a database of its own.

use livewell_services::{Options, Postgres};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A running cluster, gone with the last test that holds it.
pub struct Cluster {
    postgres: Postgres,
    /// Ends the thread that the server belongs to. It is dropped after the server.
    _keeper: Option<Sender<()>>,
}

impl Deref for Cluster {
    type Target = Postgres;

    fn deref(&self) -> &Postgres {
        &self.postgres
    }
}

impl From<Postgres> for Cluster {
    fn from(postgres: Postgres) -> Self {
        Self { postgres, _keeper: None }
    }
}

/// A cluster of each version, one after another, for one test alone; see [`Postgres::each_version`].
pub fn each_version() -> impl Iterator<Item = Arc<Cluster>> {
    Postgres::each_version_with(&options(None)).map(|postgres| Arc::new(postgres.into()))
}

/// Returns the cluster of a version, which all tests share that need one now.
///
/// It is for tests that change only their own databases and slots: no roles, no settings.
pub fn shared(version: u32) -> Arc<Cluster> {
    static RUNNING: Mutex<BTreeMap<u32, Weak<Cluster>>> = Mutex::new(BTreeMap::new());
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    running.get(&version).and_then(Weak::upgrade).unwrap_or_else(|| {
        let cluster = Arc::new(kept(version));
        running.insert(version, Arc::downgrade(&cluster));
        cluster
    })
}

/// Starts a cluster on a thread of its own, since it ends with the thread, and the tests that share it do not end
/// in the order in which they began.
fn kept(version: u32) -> Cluster {
    let (started, start) = channel();
    let (keeper, end) = channel::<()>();
    let keep = move || {
        let _ = started.send(Postgres::start_with(&options(Some(version))));
        // Until the other end is dropped.
        let _ = end.recv();
    };
    std::thread::Builder::new().name("cluster".into()).spawn(keep).expect("a thread can be started");
    Cluster { postgres: start.recv().expect("the server starts"), _keeper: Some(keeper) }
}

fn options(version: Option<u32>) -> Options {
    let settings = [
        "logical_decoding_work_mem=64kB",
        "max_connections=200",
        "max_wal_senders=60",
        "max_replication_slots=60",
    ];
    Options { version, settings: settings.map(str::to_owned).to_vec(), ..Options::default() }
}
