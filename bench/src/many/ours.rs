//! Livewell's side: the library over its embedded store, with many queries over one source.

use super::stream::{Kind, READINGS, Reading, Run, change};
use crate::measure::processor_time;
use anyhow::ensure;
use livewell::{
    Change, Durability, EmbeddedStore, InProcess, IntoTransaction, Limits, Livewell, Node, Query, Setup,
    SourceHandle,
};
use livewell_model::Transaction;
use std::path::Path;

const SOURCE: &str = "sensors";
/// How many changes are sent at once, each a transaction of its own.
const GROUP: usize = 1_000;

/// Measures so many queries over a new store; `alone` lets each of them read the source for itself.
///
/// # Errors
/// Returns an error if the store, a send or a query fails.
pub async fn run(
    directory: &Path,
    alone: bool,
    kind: Kind,
    queries: u64,
    changes: u64,
) -> anyhow::Result<Run> {
    let mut limits = Limits::default();
    if alone {
        limits.routed_from = usize::MAX;
    }
    let store = EmbeddedStore::open(directory, Durability::Os)?;
    let livewell = Livewell::builder().store(store).limits(limits).build()?;
    let source = livewell.add_source(InProcess::new(SOURCE)).await?;
    let query = |number| Query::cypher(format!("q{number}"), kind.text(number)).from(SOURCE);
    livewell.add(Setup { queries: (0..queries).map(query).collect(), ..Setup::default() }).await?;
    send(&source, transactions(0, READINGS)).await?;
    livewell.idle().await?;

    let groups = transactions(READINGS, changes);
    let (before, began) = (results(&livewell)?, processor_time()?);
    send(&source, groups).await?;
    livewell.idle().await?;
    let processor = processor_time()?.saturating_sub(began);
    let results = results(&livewell)? - before;
    livewell.shutdown().await;
    Ok(Run { processor, results })
}

/// Returns so many changes, beginning with number `first`, in groups.
fn transactions(first: u64, changes: u64) -> Vec<Vec<Transaction>> {
    let all: Vec<_> = (first..first + changes).map(|number| insert(change(number))).collect();
    all.chunks(GROUP).map(<[Transaction]>::to_vec).collect()
}

/// Returns the change as a program sends a reading: the whole node, new or not.
fn insert(Reading { id, value, .. }: Reading) -> Transaction {
    let node = Node::new(&*id).label("Reading").set("id", &*id).set("value", value);
    Change::insert(node).into_transaction()
}

async fn send(source: &SourceHandle, groups: Vec<Vec<Transaction>>) -> anyhow::Result<()> {
    for group in groups {
        source.send_all(group).await.map_err(|(_, error)| error)?;
    }
    Ok(())
}

/// Returns how many results all queries have had until now.
fn results(livewell: &Livewell) -> anyhow::Result<u64> {
    let components = livewell.status()?;
    let failed = components.iter().find_map(|one| one.error.as_ref());
    ensure!(failed.is_none(), "{failed:?}");
    Ok(components.iter().filter(|one| one.id != SOURCE).map(|one| one.sequence).sum())
}
