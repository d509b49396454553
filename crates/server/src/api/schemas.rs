//! What sources were made of when somebody last asked.

use livewell::Error;
use livewell::schema::{self, Schema};
use livewell_store::Store;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Of how many sources the last answer is kept.
const KEPT_MAX: usize = 64;

/// The last answer about each source, which is right until the source changes. Each has a lock of its own: who asks about a
/// source that is being read waits for that one, and then has what was read.
#[derive(Debug, Default)]
pub struct Schemas(Mutex<BTreeMap<String, Arc<Mutex<Option<Kept>>>>>);

#[derive(Debug)]
struct Kept {
    read: Instant,
    schema: Arc<Schema>,
}

impl Schemas {
    /// Returns what a source is made of: what was read within the last `fresh`, or has not changed since it was, else what
    /// is read now, until `is_over` returns true.
    ///
    /// # Errors
    /// Those of [`schema::read`].
    pub(super) fn read(
        &self,
        store: &dyn Store,
        source: &str,
        fresh: Duration,
        is_over: &dyn Fn() -> bool,
    ) -> Result<Arc<Schema>, Error> {
        let own = self.of(source);
        let mut kept = locked(&own);
        if let Some(kept) = kept.as_ref().filter(|kept| kept.read.elapsed() < fresh) {
            return Ok(kept.schema.clone());
        }
        let (last, read) = (kept.as_ref().map(|kept| kept.schema.clone()), Instant::now());
        let schema = schema::read(store, source, last, is_over)?;
        *kept = Some(Kept { read, schema: schema.clone() });
        Ok(schema)
    }

    /// Returns the place of a source; if there are too many, instead of another.
    fn of(&self, source: &str) -> Arc<Mutex<Option<Kept>>> {
        let mut all = locked(&self.0);
        if all.len() >= KEPT_MAX && !all.contains_key(source) {
            all.pop_first();
        }
        all.entry(source.to_owned()).or_default().clone()
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
