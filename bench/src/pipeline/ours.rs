//! Livewell's side: the library over its embedded store, with a source, a query and a subscriber.

use crate::engine::livewell::change;
use crate::workload::Item;
use anyhow::{Context, bail, ensure};
use livewell::{Durability, EmbeddedStore, Event, InProcess, Livewell, Query, SourceHandle, Subscription};
use livewell_model::Transaction;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::{JoinHandle, JoinSet};

/// The source's id, which the changes of the engine's measurement name.
const SOURCE: &str = "src";
const QUERY: &str = "query-1";
/// How many changes one transaction of the load has.
const LOAD_CHANGES: usize = 1_000;
/// How many sends wait for their receipt at a time.
const IN_FLIGHT: usize = 512;
/// How often the end of a run is checked.
const LOOK: Duration = Duration::from_micros(200);

/// A running subscriber.
pub struct Follower {
    /// The last sequence it has seen.
    seen: Arc<AtomicU64>,
    /// Ends once the query has stopped.
    pub task: JoinHandle<anyhow::Result<()>>,
}

/// A running pipeline.
pub struct Side {
    livewell: Livewell,
    source: SourceHandle,
}

impl Side {
    /// Opens the pipeline of the query `text` over the store at `path`.
    ///
    /// # Errors
    /// Returns an error if the store does not open or the query is refused.
    pub async fn open(path: &Path, durability: Durability, text: &str) -> anyhow::Result<Self> {
        let livewell = Livewell::builder().store(EmbeddedStore::open(path, durability)?).build()?;
        let source = livewell.add_source(InProcess::new(SOURCE)).await?;
        livewell.add_query(Query::cypher(QUERY, text).from(SOURCE)).await?;
        Ok(Self { livewell, source })
    }

    /// Loads the graph in transactions of many changes, and waits until the query has all of it.
    ///
    /// # Errors
    /// Returns an error if a send fails.
    pub async fn load(&self, items: &[Item]) -> anyhow::Result<()> {
        for items in items.chunks(LOAD_CHANGES) {
            self.source
                .send(Transaction { changes: items.iter().map(change).collect(), timestamp: None })
                .await?;
        }
        Ok(self.livewell.idle().await?)
    }

    /// Returns a subscriber that has read the snapshot, and the snapshot's sequence.
    async fn subscribe(&self) -> anyhow::Result<(Subscription, u64)> {
        let mut subscription = self.livewell.subscribe(QUERY).await?;
        loop {
            if let Event::SnapshotEnd { at, .. } = subscription.next().await?.context("the query stopped")? {
                return Ok((subscription, at.sequence));
            }
        }
    }

    /// Starts a subscriber that reads until the query stops.
    ///
    /// # Errors
    /// Returns an error if the query stops before.
    pub async fn follow(&self) -> anyhow::Result<Follower> {
        let (mut subscription, sequence) = self.subscribe().await?;
        let seen = Arc::new(AtomicU64::new(sequence));
        let own = seen.clone();
        let task = tokio::spawn(async move {
            while let Some(event) = subscription.next().await? {
                let Event::Result { result, .. } = event else { bail!("the subscriber got {event:?}") };
                own.store(result.sequence, Ordering::Release);
            }
            Ok(())
        });
        Ok(Follower { seen, task })
    }

    /// Sends the updates, each a transaction, and returns the time until the subscriber has seen the last result.
    ///
    /// # Errors
    /// Returns an error if a send or the query fails.
    pub async fn update(&self, items: &[Item], follower: &Follower) -> anyhow::Result<Duration> {
        let mut lanes = vec![Vec::new(); IN_FLIGHT.min(items.len())];
        let count = lanes.len() as u64;
        for item in items {
            // All updates of an element take one lane, in the workload's order.
            let mut hasher = DefaultHasher::new();
            item.id().hash(&mut hasher);
            lanes[(hasher.finish() % count) as usize].push(one(item));
        }
        let began = Instant::now();
        let mut sends = JoinSet::new();
        for lane in lanes {
            let source = self.source.clone();
            sends.spawn(async move {
                let mut last = 0;
                for transaction in lane {
                    last = source.send(transaction).await?.position;
                }
                Ok::<u64, livewell::Error>(last)
            });
        }
        let mut last = 0;
        while let Some(position) = sends.join_next().await {
            last = last.max(position??);
        }
        self.seen(last, follower).await?;
        Ok(began.elapsed())
    }

    /// Waits until the query is past `position` and the subscriber has seen its last result until then.
    async fn seen(&self, position: u64, follower: &Follower) -> anyhow::Result<()> {
        loop {
            let results = self.livewell.results(QUERY)?;
            if results.position >= position && follower.seen.load(Ordering::Acquire) >= results.sequence {
                return Ok(());
            }
            ensure!(!follower.task.is_finished(), "the subscriber ended");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Sends one update every `pause` and returns the time of each, from before its send until the subscriber has its
    /// result; updates without a result have no time.
    ///
    /// # Errors
    /// Returns an error if a send or the query fails.
    pub async fn paced(&self, items: &[Item], pause: Duration) -> anyhow::Result<Vec<Duration>> {
        let (mut subscription, _) = self.subscribe().await?;
        let receipts = tokio::spawn(async move {
            let mut receipts = Vec::new();
            while let Some(Event::Result { result, .. }) = subscription.next().await? {
                receipts.push((result.position, Instant::now()));
            }
            Ok::<_, livewell::Error>(receipts)
        });
        let mut sends = JoinSet::new();
        let mut clock = tokio::time::interval(pause);
        for item in items {
            let (transaction, source) = (one(item), self.source.clone());
            clock.tick().await;
            // A slow commit must not delay the next send.
            sends.spawn(async move {
                let began = Instant::now();
                Ok::<_, livewell::Error>((source.send(transaction).await?.position, began))
            });
        }
        let mut sent = Vec::with_capacity(items.len());
        while let Some(receipt) = sends.join_next().await {
            sent.push(receipt??);
        }
        self.livewell.idle().await?;
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.livewell.shutdown().await;
        let receipts: HashMap<u64, Instant> = receipts.await??.into_iter().collect();
        // A send without effect has the position of the one before it, which began first.
        sent.sort_unstable();
        sent.dedup_by_key(|(position, _)| *position);
        let times = sent.into_iter();
        Ok(times.filter_map(|(at, began)| Some(receipts.get(&at)?.duration_since(began))).collect())
    }

    /// Returns the number of rows of the query.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn rows(&self) -> anyhow::Result<u64> {
        Ok(self.livewell.results(QUERY)?.row_count())
    }

    /// Reads the first row, and returns whether there is one.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn first_row(&self) -> anyhow::Result<bool> {
        Ok(!self.livewell.results(QUERY)?.page(None, 1)?.is_empty())
    }

    /// Reads all rows, one at a time, and returns their number; calls `each` now and then.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read, or the errors of `each`.
    pub fn stream(&self, mut each: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<u64> {
        let results = self.livewell.results(QUERY)?;
        let mut count = 0;
        for row in results.rows()? {
            row?;
            count += 1;
            if count % 50_000 == 0 {
                each()?;
            }
        }
        ensure!(count == results.row_count(), "{count} rows were read, {} counted", results.row_count());
        Ok(count)
    }

    /// Stops everything.
    pub async fn close(self) {
        self.livewell.shutdown().await;
    }
}

fn one(item: &Item) -> Transaction {
    Transaction { changes: vec![change(item)], timestamp: None }
}
