//! The handle of a Livewell: adds components, reads, and shuts down.

mod attempts;
mod builder;
mod coming;
mod comparing;
mod definitions;
mod disk;
mod exchange;
mod explaining;
mod foreseen;
pub(crate) mod leftover;
mod resetting;
mod set_aside;
mod start;
mod status;
mod values;
mod verifying;

pub use builder::Builder;
pub use foreseen::Obstacle;

use crate::Error;
use crate::component::Component;
use crate::component::bell::Bell;
use crate::component::lock::lock;
use crate::component::shared::Shared;
use crate::query::builds::Builds;
use crate::read::idle;
use crate::read::position::Position;
use crate::read::results::Results;
use crate::read::subscribe::Subscription;
use crate::read::value::dealers::Dealers;
use crate::register::setup::{ReactionSetup, Setup};
use crate::router::Routers;
use crate::run::workers::Workers;
use crate::settings::Query;
use crate::source::channel::SourceHandle;
use crate::source::setup::IntoSource;
use crate::upkeep::scrub::{self, ScrubStatus};
use livewell_reaction::target::Target;
use livewell_source::source::OtherSide;
use livewell_store::Store;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long stopping one component may take.
const STOP_MAX: Duration = Duration::from_secs(30);

/// Standing queries over changing data, with durable results and reactions. Clones are handles of the same instance,
/// which stops when the last of them is dropped.
#[derive(Clone)]
pub struct Livewell {
    shared: Arc<Shared>,
    sweeper: Arc<Component>,
    scrubbed: Arc<scrub::Progress>,
    routers: Arc<Routers>,
    workers: Arc<Workers>,
    builds: Arc<Builds>,
    /// Those who deal results out by value.
    dealers: Arc<Dealers>,
    handles: Arc<Mutex<HashMap<String, SourceHandle>>>,
    /// The other sides of sources, for questions while the sources are at work.
    other_sides: Arc<Mutex<HashMap<String, Arc<dyn OtherSide>>>>,
    /// The targets of reactions that can be compared with the live results.
    targets: Arc<Mutex<HashMap<String, Arc<dyn Target>>>>,
    end: Arc<End>,
}

impl Livewell {
    /// Returns a builder.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Adds a source: anything that is a [`Source`](livewell_source::Source), or an [`InProcess`](crate::InProcess),
    /// for which this returns the handle to send to.
    ///
    /// # Errors
    /// Returns an error if the id is taken or is not a valid one, or if the store cannot be read or written.
    pub async fn add_source<S: IntoSource>(&self, source: S) -> Result<S::Handle, Error> {
        let source = source.into_source();
        let id = source.id().to_owned();
        self.add(Setup { sources: vec![source], ..Setup::default() }).await?;
        S::handle(self.source(&id).ok()).ok_or_else(|| Error::not_found(&id))
    }

    /// Adds a query.
    ///
    /// ```
    /// # use livewell::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let livewell = Livewell::builder().store(MemoryStore::new()).build()?;
    /// # let orders = livewell.add_source(InProcess::new("orders")).await?;
    /// let text = "MATCH (o:Order) WHERE o.total > $least RETURN o.id AS id";
    /// livewell.add_query(Query::cypher("big", text).from("orders").param("least", 100)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error with a place in the text if the query cannot be maintained exactly, and one if a source is
    /// unknown or the store cannot be read or written.
    pub async fn add_query(&self, query: Query) -> Result<(), Error> {
        self.add(Setup { queries: vec![query], ..Setup::default() }).await
    }

    /// Adds a reaction.
    ///
    /// # Errors
    /// Returns an error if a query is unknown, if the recovery policy does not fit the reaction, or if the store cannot
    /// be read or written.
    pub async fn add_reaction(&self, reaction: ReactionSetup) -> Result<(), Error> {
        self.add(Setup { reactions: vec![reaction], ..Setup::default() }).await
    }

    /// Returns the handle of a source that is sent to.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] if there is no such source.
    pub fn source(&self, id: &str) -> Result<SourceHandle, Error> {
        lock(&self.handles).get(id).cloned().ok_or_else(|| Error::not_found(id))
    }

    /// Returns a query's live results as they are now.
    ///
    /// ```
    /// # use livewell::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let livewell = Livewell::builder().store(MemoryStore::new()).build()?;
    /// # let orders = livewell.add_source(InProcess::new("orders")).await?;
    /// livewell.add_query(Query::cypher("all", "MATCH (o:Order) RETURN o.id AS id").from("orders")).await?;
    /// let results = livewell.results("all")?;
    /// for row in results.rows()? {
    ///     let (signature, values) = row?;
    ///     println!("{signature:016x}: {values:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] for an unknown query, or an error if the store cannot be read.
    pub fn results(&self, query: &str) -> Result<Results, Error> {
        Results::read_with(&*self.shared.store, &self.shared.marks, query)
    }

    /// Subscribes to a query: its snapshot, then its results as they come.
    ///
    /// # Errors
    /// Returns the errors of [`Livewell::results`].
    pub async fn subscribe(&self, query: &str) -> Result<Subscription, Error> {
        Subscription::new(self.shared.clone(), self.shared.query(query)?, None)
    }

    /// Subscribes to a query's results after a position that the subscriber has seen; begins with a reset and a
    /// snapshot if the outbox no longer reaches back.
    ///
    /// ```
    /// # use livewell::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let livewell = Livewell::builder().store(MemoryStore::new()).build()?;
    /// # let orders = livewell.add_source(InProcess::new("orders")).await?;
    /// livewell.add_query(Query::cypher("all", "MATCH (o:Order) RETURN o.id AS id").from("orders")).await?;
    /// orders.send(Change::insert(Node::new("o1").label("Order").set("id", "o1"))).await?;
    /// livewell.idle().await?;
    ///
    /// let seen = Position { epoch: livewell.results("all")?.epoch, sequence: 0 };
    /// let mut changes = livewell.subscribe_after("all", seen).await?;
    /// let Some(Event::Result { result, .. }) = changes.next().await? else { panic!("there is one") };
    /// assert_eq!(result.sequence, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`Livewell::results`].
    pub async fn subscribe_after(&self, query: &str, after: Position) -> Result<Subscription, Error> {
        Subscription::new(self.shared.clone(), self.shared.query(query)?, Some(after))
    }

    /// Waits until everything that was sent or read has been taken in and delivered, or is in error. Followed files
    /// count as read at their present end.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub async fn idle(&self) -> Result<(), Error> {
        let bell = Arc::<Bell>::default();
        self.shared.bells.listen_to_all(&bell);
        let mut busy = None;
        loop {
            busy = idle::busy(&self.shared, busy)?;
            if busy.is_none() {
                return Ok(());
            }
            // The timeout covers state that changes without a commit.
            let _ = tokio::time::timeout(Duration::from_millis(20), bell.heard()).await;
        }
    }

    /// Stops one component and waits for its end: a query within about two seconds, whatever it is computing, and
    /// without what was not committed; others after their present work. It keeps its checkpoint: if it is added again,
    /// it resumes from there, and until then it holds the logs that it reads, like a slow component.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] for an unknown id; [`crate::ErrorKind::Unavailable`] if what it is doing
    /// takes longer than 30 seconds.
    pub async fn stop(&self, id: &str) -> Result<(), Error> {
        let component = self.shared.component(id)?;
        component.stopping.store(true, Ordering::Release);
        component.bell.ring();
        self.shared.bells.ring(component.number);
        let deadline = Instant::now() + STOP_MAX;
        while !component.ended.load(Ordering::Acquire) {
            if Instant::now() > deadline {
                let message = format!("`{id}` is still at a step; it stops after it");
                return Err(Error::new(crate::ErrorKind::Unavailable, "LW0533", message));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        component.show_stopped();
        self.shared.bells.ring(component.number);
        Ok(())
    }

    /// Returns the progress of the scrub, which checks the store in the background.
    pub fn scrubbed(&self) -> ScrubStatus {
        self.scrubbed.status()
    }

    /// Returns the store below.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// Runs a blocking call, such as reading many rows or verifying, on a thread where no other task has to wait for
    /// it: the asynchronous form of every call that is not `async`.
    ///
    /// ```
    /// # use livewell::{Livewell, MemoryStore};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), livewell::Error> {
    /// let livewell = Livewell::builder().store(MemoryStore::new()).build()?;
    /// let status = livewell.unblock(|livewell| livewell.status()).await?;
    /// assert!(status.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn unblock<T: Send + 'static>(&self, call: impl FnOnce(&Self) -> T + Send + 'static) -> T {
        let own = self.clone();
        match tokio::task::spawn_blocking(move || call(&own)).await {
            Ok(done) => done,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Stops everything and waits until all of its threads have ended, at most 30 s.
    ///
    /// Once this handle is dropped too, only the caller's own handles hold the store, and it can be opened again.
    pub async fn shutdown(&self) {
        self.end.stop_all();
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.shared.join_ended() + self.workers.join_ended() > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// Stops everything, at the latest when no handle is left.
struct End {
    shared: Arc<Shared>,
    workers: Arc<Workers>,
    sweeper: Arc<Component>,
    scrubber: Arc<Component>,
}

impl End {
    fn stop_all(&self) {
        self.shared.stopping.store(true, Ordering::Release);
        self.sweeper.bell.ring();
        self.scrubber.bell.ring();
        self.shared.roster().all().for_each(|component| {
            component.bell.ring();
            self.shared.bells.ring(component.number);
        });
        self.workers.close();
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.stop_all();
    }
}
