//! The other's side: its continuous query over its RocksDB indexes, which stores in each change's transaction what
//! its library stores: the result in the outbox, the live rows, the source's checkpoint.
//!
//! Left out, in its favour: its source's and query's channels, the queue between them, the conversion of each row to
//! JSON and the dispatch to reactions. The rows' bytes are their text, about as long as in its own encoding.

use crate::engine::peer::change;
use crate::workload::Item;
use anyhow::Context;
use drasi_core::evaluation::context::QueryPartEvaluationContext as Part;
use drasi_core::evaluation::functions::FunctionRegistry;
use drasi_core::interface::{CreatedIndexes, IndexBackendPlugin, RowMutation};
use drasi_core::query::{ContinuousQuery, QueryBuilder};
use drasi_functions_cypher::CypherFunctionSet;
use drasi_index_rocksdb::RocksDbIndexProvider;
use drasi_query_cypher::CypherParser;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const QUERY: &str = "query-1";
const SOURCE: &str = "src";
/// How many results its outbox keeps by default.
const OUTBOX_CAPACITY: u64 = 1_000;

/// A running query.
pub struct Side {
    query: ContinuousQuery,
    indexes: CreatedIndexes,
    /// The number of changes.
    changes: u64,
    /// How many of them had a result.
    results: u64,
}

impl Side {
    /// Runs the query `text` over new indexes at `path`.
    ///
    /// # Errors
    /// Returns an error if its store cannot be created.
    pub async fn open(path: &Path, text: &str) -> anyhow::Result<Self> {
        let provider = RocksDbIndexProvider::new(path, false, false);
        let indexes = provider.create_indexes(QUERY).await.map_err(wrap)?;
        let functions = Arc::new(FunctionRegistry::new()).with_cypher_function_set();
        let parser = Arc::new(CypherParser::new(functions.clone()));
        let set = &indexes.set;
        let query = QueryBuilder::new(text, parser)
            .with_function_registry(functions)
            .with_element_index(set.element_index.clone())
            .with_archive_index(set.archive_index.clone())
            .with_result_index(set.result_index.clone())
            .with_future_queue(set.future_queue.clone())
            .with_session_control(set.session_control.clone())
            .build()
            .await;
        Ok(Self { query, indexes, changes: 0, results: 0 })
    }

    /// Processes the items, each in a transaction, and returns the time until the last is committed.
    ///
    /// # Errors
    /// Returns an error if its evaluation or its store fails.
    pub async fn apply(&mut self, items: &[Item]) -> anyhow::Result<Duration> {
        let first = self.changes;
        let changes: Vec<_> = (first + 1..).zip(items).map(|(at, item)| change(item, at)).collect();
        let began = Instant::now();
        for change in changes {
            self.step(change).await?;
        }
        Ok(began.elapsed())
    }

    async fn step(&mut self, change: drasi_core::models::SourceChange) -> anyhow::Result<()> {
        let outbox = self.indexes.outbox_writer.clone().context("it has no outbox")?;
        let live = self.indexes.live_results_writer.clone().context("it has no live results")?;
        let checkpoints = self.indexes.checkpoint_store.clone().context("it has no checkpoints")?;
        self.changes += 1;
        let (at, next) = (self.changes, self.results + 1);
        let store = |parts: &[Part]| {
            let rows: Vec<_> = parts.iter().filter_map(row).collect();
            let result = format!("{parts:?}").into_bytes();
            async move {
                checkpoints.stage_checkpoint(SOURCE, at, None).await?;
                if rows.is_empty() {
                    return Ok(());
                }
                let retain_from = next.saturating_sub(OUTBOX_CAPACITY) + 1;
                outbox.append_and_trim(QUERY, next, &result, retain_from).await?;
                let mutations: Vec<RowMutation<'_>> = rows
                    .iter()
                    .map(|(signature, data)| RowMutation {
                        row_signature: *signature,
                        data: data.as_deref().map(str::as_bytes),
                    })
                    .collect();
                live.apply_mutations(QUERY, &mutations).await?;
                checkpoints.stage_result_sequence(QUERY, next).await
            }
        };
        let parts = self.query.process_source_change_with_hook(change, store).await.map_err(wrap)?;
        self.results += u64::from(parts.iter().any(|part| row(part).is_some()));
        Ok(())
    }

    /// Returns the number of rows of the query.
    ///
    /// # Errors
    /// Returns an error if its store cannot be read.
    pub async fn rows(&self) -> anyhow::Result<u64> {
        let live = self.indexes.live_results_writer.as_ref().context("it has no live results")?;
        Ok(live.row_count(QUERY).await.map_err(wrap)? as u64)
    }
}

/// Returns the live row that a part of a result leaves or takes away.
fn row(part: &Part) -> Option<(u64, Option<String>)> {
    match part {
        Part::Adding { after, row_signature }
        | Part::Updating { after, row_signature, .. }
        | Part::Aggregation { after, row_signature, .. } => {
            Some((*row_signature, Some(format!("{after:?}"))))
        }
        Part::Removing { row_signature, .. } => Some((*row_signature, None)),
        Part::Noop => None,
    }
}

fn wrap(error: impl std::fmt::Debug) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}
