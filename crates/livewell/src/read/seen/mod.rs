//! What a query has seen: the elements of its upstreams as they were at its checkpoints, to evaluate it over them from
//! scratch.
//!
//! One snapshot of the store gives the checkpoints, the live rows and what functions of time remember. The elements are
//! then read in pieces, each from a snapshot of its own (`past`), since a snapshot that is held keeps the store from
//! using its pages again. Verification and explanations read this way.

mod memory;
mod past;

use crate::component::definition;
use crate::component::holds::{Hold, Holds};
use crate::feed::elements::Lens;
use crate::feed::follow::Upstream;
use crate::query::pipeline;
use crate::settings::Query;
use crate::{Error, ErrorKind};
use livewell_query::reference::{Graph, Packed};
use livewell_query::{Meter, StepError};
use livewell_store::catalog::{self, Kind};
use livewell_store::checkpoint::Checkpoint;
use livewell_store::{Feed, LiveSnapshot, Snapshot, Store};
use memory::Memory;
use past::Past;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a store is read.
pub(crate) struct Reading<'a> {
    pub(crate) store: &'a dyn Store,
    /// The holds on logs in the process that writes the store; `None` if nobody writes it.
    pub(crate) holds: Option<&'a Holds>,
    /// How much may be held, and whether to end.
    pub(crate) meter: Meter,
}

/// What one snapshot of the store says of a query.
pub(crate) struct Seen<'a> {
    /// Its definition.
    pub(crate) query: Query,
    upstreams: Vec<Past<'a>>,
    element_count: u64,
    /// What functions of time remember; nothing for a query without any.
    memory: Option<Memory>,
}

impl<'a> Seen<'a> {
    /// Reads what has to be of one moment. The live rows hold its snapshot: they are to be dropped before the elements are
    /// read.
    ///
    /// # Errors
    /// Returns [`ErrorKind::NotFound`] for an unknown query, LW0529 if it is being built or has not taken up an epoch of
    /// its upstreams, LW0534 if it is too far behind them.
    pub(crate) fn begin(reading: &Reading<'a>, query_id: &str) -> Result<(Self, LiveSnapshot), Error> {
        // The logs are held before the snapshot is taken that says from where on they are needed.
        let mut holds = reading.hold_logs(query_id)?;
        let snapshot = reading.store.snapshot()?;
        let (entry, query) = definition::find(&*snapshot, query_id)?;
        let (mut upstreams, mut element_count) = (Vec::new(), 0);
        for lens in lenses(&snapshot, &query)? {
            let Some(feed) = Feed::open(snapshot.clone(), lens.upstream.number)? else { continue };
            let checkpoint =
                Checkpoint::read(&*snapshot, entry.number, lens.upstream.number)?.unwrap_or_default();
            let hold = holds.remove(&lens.upstream.number);
            element_count += feed.head.rows;
            let mut upstream = Past::begin(query_id, lens, &feed, &checkpoint, hold)?;
            upstream.follow(&snapshot, &reading.meter)?;
            upstreams.push(upstream);
        }
        let feed = Feed::open(snapshot.clone(), entry.number)?.ok_or_else(|| Error::not_found(query_id))?;
        if feed.head.building.is_some() {
            let message = format!(
                "`{query_id}` is being built, so its rows are not yet those of its definition; try again once that is done: `livewell status` shows \
                 how far it is, or what keeps it from it"
            );
            return Err(Error::new(ErrorKind::Unavailable, "LW0529", message));
        }
        let memory = Memory::read(snapshot, &entry, &query)?;
        if memory.is_some() {
            // All is read from this snapshot.
            upstreams.iter_mut().for_each(Past::release_log);
        }
        Ok((Self { query, upstreams, element_count, memory }, LiveSnapshot(feed)))
    }

    /// Reads all elements as they were at the query's checkpoints. Calls `on_read` with how many have been read, of about
    /// how many.
    ///
    /// # Errors
    /// Returns the errors of [`Meter::hold`], LW0529 if an upstream begins another epoch meanwhile, or an error if the
    /// store cannot be read.
    pub(crate) fn graph(self, reading: &Reading<'a>, on_read: &dyn Fn(u64, u64)) -> Result<Graph, Error> {
        let Self { mut upstreams, element_count, memory, .. } = self;
        let meter = &reading.meter;
        let mut packed = Packed::new();
        let mut past = Vec::new();
        while let Some(at) = upstreams.iter().position(|upstream| !upstream.is_read()) {
            on_read(packed.len() as u64, element_count);
            let snapshot = match &memory {
                Some(memory) => memory.snapshot.clone(),
                None => reading.store.snapshot()?,
            };
            // All of them, so that no log has to wait for its turn.
            let unread = upstreams.iter_mut().filter(|upstream| !upstream.is_read());
            let feeds: Vec<Feed> =
                unread.map(|upstream| upstream.follow(&snapshot, meter)).collect::<Result<_, _>>()?;
            let elements = upstreams[at].piece(&feeds[0])?;
            for element in &elements {
                meter.hold(packed.push(element)).map_err(StepError::from)?;
            }
            if let Some(memory) = &memory {
                past.extend(memory.past_of(&elements, meter)?);
            }
        }
        let mut graph = Graph::of(packed).within(meter.clone());
        if let Some(memory) = memory {
            graph.remember(memory.now, memory.engine.histories(&memory.state)?);
            graph.remember_elements(past);
        }
        Ok(graph)
    }
}

impl<'a> Reading<'a> {
    /// Holds the logs of the query's sources, if somebody trims them. That of a query is kept for its capacity anyway.
    fn hold_logs(&self, query_id: &str) -> Result<BTreeMap<u32, Hold<'a>>, Error> {
        let Some(holds) = self.holds else { return Ok(BTreeMap::new()) };
        let snapshot = self.store.snapshot()?;
        let (_, query) = definition::find(&*snapshot, query_id)?;
        let mut held = BTreeMap::new();
        for id in &query.sources {
            let entry = catalog::find(&*snapshot, id)?.ok_or_else(|| Error::not_found(id))?;
            if entry.kind == Kind::Source {
                held.insert(entry.number, holds.hold(entry.number));
            }
        }
        Ok(held)
    }
}

/// Returns the upstreams of a stored query, with the lenses by which their entries become elements.
fn lenses(snapshot: &Arc<dyn Snapshot>, query: &Query) -> Result<Vec<Lens>, Error> {
    let lens = |id: &String| {
        let entry = catalog::find(&**snapshot, id)?.ok_or_else(|| Error::not_found(id))?;
        let (label, is_query) = (definition::label_of(&entry), entry.kind == Kind::Query);
        pipeline::lens(snapshot, &Upstream { id: id.clone(), number: entry.number, is_query, label }, None)
    };
    query.sources.iter().map(lens).collect()
}
