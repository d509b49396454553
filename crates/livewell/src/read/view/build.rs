//! Puts the rows of results in order, within bounds.

use super::View;
use super::asked::{Asked, Compiled};
use crate::read::results::Results;
use crate::{Error, ErrorKind};
use livewell_query::Meter;
use livewell_query::meter::Halt;
use std::time::{Duration, Instant};

/// How many rows are sorted between two looks at whether somebody still waits.
const RUN: usize = 1 << 16;

/// What making a view may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How many bytes it may hold in memory.
    pub bytes: usize,
    /// How long it may take.
    pub time: Duration,
}

/// A row that is to be sorted: where the bytes begin and end by which it is.
struct Entry {
    from: usize,
    to: usize,
    signature: u64,
    print: u32,
}

impl Results {
    /// Puts the rows in order; `is_cancelled` ends it early. The order of a query that has one is kept if nothing else is
    /// asked for.
    ///
    /// # Errors
    /// Returns LW0860 for a column that there is not, LW0861 at a bound or if it is cancelled, or an error if the store cannot
    /// be read.
    pub fn view(
        &self,
        asked: &Asked,
        bounds: Bounds,
        is_cancelled: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<View, Error> {
        let compiled = asked.compile(&self.query_id, &self.columns)?;
        let deadline = Instant::now().checked_add(bounds.time);
        let is_over = move || deadline.is_some_and(|at| Instant::now() >= at) || is_cancelled();
        let meter = Meter::cancelled_by(bounds.bytes, is_over);
        let ended = |halt| ended(&self.query_id, halt, bounds);
        let is_ordered = self.is_ordered()?;
        let entries = if is_ordered || !compiled.is_all() {
            let (keys, mut entries) = self.entries(&compiled, &meter, &ended)?;
            sort(&mut entries, &keys, &meter).map_err(ended)?;
            entries
        } else {
            self.unsorted(&meter, &ended)?
        };
        Ok(View {
            query_id: self.query_id.clone(),
            epoch: self.epoch,
            sequence: self.sequence,
            position: self.position,
            columns: self.columns.clone(),
            is_own_order: is_ordered && compiled.sort.is_empty(),
            signatures: entries.iter().map(|entry| entry.signature).collect(),
            prints: entries.iter().map(|entry| entry.print).collect(),
        })
    }

    /// Returns all rows as they are stored: by signature.
    fn unsorted(&self, meter: &Meter, ended: &impl Fn(Halt) -> Error) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        for found in self.printed()? {
            let (signature, print) = found?;
            entries.push(Entry { from: 0, to: 0, signature, print });
            meter.hold(size_of::<Entry>()).and_then(|()| meter.tick()).map_err(ended)?;
        }
        Ok(entries)
    }

    /// Returns the rows that are asked for, and the bytes by which they sort.
    fn entries(
        &self,
        compiled: &Compiled,
        meter: &Meter,
        ended: &impl Fn(Halt) -> Error,
    ) -> Result<(Vec<u8>, Vec<Entry>), Error> {
        let (mut keys, mut entries) = (Vec::new(), Vec::new());
        for found in self.decoded()? {
            meter.tick().map_err(ended)?;
            let (signature, print, row) = found?;
            if !compiled.has(&row.columns) {
                continue;
            }
            let from = keys.len();
            if compiled.sort.is_empty() {
                keys.extend_from_slice(&row.order);
                // Rows without an order come by signature.
                keys.extend_from_slice(if row.order.is_empty() { &[] } else { &row.key });
            } else {
                compiled.key(&row.columns, &mut keys);
            }
            entries.push(Entry { from, to: keys.len(), signature, print });
            meter.hold(size_of::<Entry>() + keys.len() - from).map_err(ended)?;
        }
        Ok((keys, entries))
    }
}

/// Sorts by the bytes, ties by signature. The runs that are sorted first are merged at the end.
fn sort(entries: &mut [Entry], keys: &[u8], meter: &Meter) -> Result<(), Halt> {
    let by =
        |a: &Entry, b: &Entry| (&keys[a.from..a.to], a.signature).cmp(&(&keys[b.from..b.to], b.signature));
    for run in entries.chunks_mut(RUN) {
        meter.work(run.len())?;
        run.sort_unstable_by(by);
    }
    entries.sort_by(by);
    Ok(())
}

fn ended(query: &str, halt: Halt, Bounds { bytes, time }: Bounds) -> Error {
    let why = match halt {
        Halt::OverBudget(_) => format!("takes more than {bytes} bytes of memory"),
        Halt::Cancelled => format!("takes longer than {time:?}, or nobody waits for it any more"),
    };
    let message = format!(
        "putting the rows of `{query}` in order {why}, so it was given up; search for less, or read `results` in pages"
    );
    Error::new(ErrorKind::Stopped, "LW0861", message)
}
