//! The other's side: each change is handed to each of its continuous queries, whose indexes are in memory.

use super::stream::{Kind, READINGS, Reading, Run, change};
use crate::engine::peer;
use crate::measure::processor_time;
use crate::workload::{Field, Item};
use drasi_core::models::SourceChange;

/// Measures so many queries.
///
/// # Errors
/// Returns an error if an evaluation fails.
pub async fn run(kind: Kind, queries: u64, changes: u64) -> anyhow::Result<Run> {
    let mut sides = Vec::new();
    for number in 0..queries {
        sides.push(peer::Side::new(&kind.text(number)).await);
    }
    hand(&sides, made(0, READINGS)).await?;

    let changes = made(READINGS, changes);
    let began = processor_time()?;
    let results = hand(&sides, changes).await?;
    Ok(Run { processor: processor_time()?.saturating_sub(began), results })
}

/// Returns so many changes, beginning with number `first`.
fn made(first: u64, changes: u64) -> Vec<SourceChange> {
    (first..first + changes).map(|number| peer::change(&item(change(number)), number)).collect()
}

fn item(Reading { id, value, is_new }: Reading) -> Item {
    let properties = vec![("id", Field::Text(id.clone())), ("value", Field::Int(value))];
    Item::Node { id, label: "Reading", is_new, properties }
}

/// Hands each change to each query, and returns the number of results.
async fn hand(sides: &[peer::Side], changes: Vec<SourceChange>) -> anyhow::Result<u64> {
    let mut results = 0;
    for change in changes {
        for side in sides {
            // A query takes a change of its own.
            results += side.step(change.clone()).await?;
        }
    }
    Ok(results as u64)
}
