//! Trying a query over all that it reads, at one position of the store.

use super::bounded::Bounded;
use super::compared::{Compared, compare};
use crate::component::holds::Holds;
use crate::component::marks::Marks;
use crate::component::{definition, unknown};
use crate::feed::follow::Upstream;
use crate::query::base::{Base, Piece};
use crate::read::results::Results;
use crate::read::value::one::One;
use crate::read::value::values::Values;
use crate::read::why::{Limited, Within};
use crate::settings::Query;
use crate::{Error, ErrorKind};
use livewell_model::diff::Columns;
use livewell_model::{Element, Row, SmolStr, Timestamp};
use livewell_query::Engine;
use livewell_query::language::code;
use livewell_store::catalog::{self, Kind};
use livewell_store::{Snapshot, Store};
use std::sync::Arc;

/// How many elements the engine takes in at once.
const PART: usize = 1_000;

/// What is tried.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The query; its id names nothing.
    pub query: Query,
    /// The values of its parameters, if it has `for_each` and only the rows of one value are asked for.
    pub values: Option<Values>,
    /// A running query, with whose rows at the same position its own are compared; those of the same values, if there are
    /// any.
    pub against: Option<String>,
    /// How many rows of each kind a comparison lists.
    pub listed: usize,
}

/// The rows of a query over all that it reads, at one position.
#[derive(Debug, Clone, PartialEq)]
pub struct TriedOver {
    /// The position of the store up to which everything is included.
    pub position: u64,
    /// How many elements were read.
    pub elements: u64,
    /// The names of the columns.
    pub columns: Vec<SmolStr>,
    /// The rows: in the query's order, if it has one, else by ascending signature.
    pub rows: Vec<(u64, Columns)>,
    /// The difference to the rows of the query that was named.
    pub against: Option<Compared>,
}

/// A store that queries are tried on, and the limits of a try.
pub(crate) struct Trial<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) marks: &'a Marks,
    pub(crate) holds: &'a Holds,
    pub(crate) within: &'a Within,
}

/// The rows of a query, with the bytes that order them.
struct Rows {
    position: u64,
    elements: u64,
    rows: Vec<(u64, Row)>,
}

impl Trial<'_> {
    /// Computes the rows, and compares them.
    ///
    /// # Errors
    /// Returns an error if the query is refused, reads what is not there, or has no value over these elements; LW0544 if
    /// the values are not those that it declares; LW0529 if what it reads, or what it is compared with, is being built or
    /// is at other positions; LW0540 if it needs more memory; LW0821 if it takes longer than it may; LW0543 if it was
    /// cancelled; or if the store cannot be read.
    pub(crate) fn run(&self, asked: &Asked, now: Timestamp) -> Result<TriedOver, Error> {
        let limited = self.within.begin();
        let query = &asked.query;
        let engine = Engine::compile_with(&query.cypher, &query.params, &query.engine_settings())?;
        let tried = self.tried(asked, &engine, &limited, now);
        tried.map_err(|error| match error.code {
            code::CANCELLED if !limited.is_cancelled() => {
                let message = format!(
                    "the rows could not be computed within {:?}, so the try was given up; give it more time, restrict \
                     the query, or create it: a build has no limit of time",
                    self.within.time
                );
                Error::new(ErrorKind::Unavailable, "LW0821", message)
            }
            _ => error,
        })
    }

    fn tried(
        &self,
        asked: &Asked,
        engine: &Engine,
        limited: &Limited,
        now: Timestamp,
    ) -> Result<TriedOver, Error> {
        let one = asked.values.as_ref().map(|values| One::of(&asked.query.id, engine.for_each(), values));
        let one = one.transpose()?;
        // The logs are held before the snapshot is taken that says from where on they are needed.
        let before = self.store.snapshot()?;
        let upstreams = upstreams(&before, &asked.query)?;
        let _holds: Vec<_> = upstreams.iter().map(|upstream| self.holds.hold(upstream.number)).collect();
        drop(before);
        let snapshot = self.store.snapshot()?;
        let live = asked.against.as_deref().map(|id| self.live(&snapshot, id, asked.values.as_ref()));
        let live = live.transpose()?;
        let compute = |size| self.compute(&snapshot, &upstreams, live.as_ref(), engine, limited, (size, now));
        let computed = match compute(PART) {
            // A part of the base was never true, and an expression may have a value over the whole base alone.
            Err(error) if error.is_of_a_value() => compute(usize::MAX),
            computed => computed,
        };
        let Rows { position, elements, mut rows } = computed?;
        rows.sort_by(|(_, a), (_, b)| (&a.order, &a.key).cmp(&(&b.order, &b.key)));
        let mut columns = engine.columns().to_vec();
        let mut rows: Vec<_> = rows.into_iter().map(|(signature, row)| (signature, row.columns)).collect();
        if let Some(one) = one {
            columns.drain(..one.parts.parameters());
            rows.retain(|(_, columns)| one.parts.key(columns) == one.key);
            rows.iter_mut().for_each(|(_, columns)| *columns = one.parts.shown(columns));
            if rows.is_empty() {
                rows.extend(one.nothing());
            }
        }
        let compared = |live: &Results| {
            compare((&columns, rows.iter().cloned().collect()), live, asked.listed, &limited.meter)
        };
        let against = live.as_ref().map(compared).transpose()?;
        Ok(TriedOver { position, elements, columns, rows, against })
    }

    /// Reads the rows of the query that is compared with.
    fn live(
        &self,
        snapshot: &Arc<dyn Snapshot>,
        id: &str,
        values: Option<&Values>,
    ) -> Result<Results, Error> {
        let live = Results::read_in(snapshot, self.marks, id)?;
        if live.is_to_come() {
            let message = format!("`{id}` is being built, so there are no rows of it yet to compare with");
            return Err(Error::new(ErrorKind::Unavailable, "LW0529", message));
        }
        match values {
            None => Ok(live),
            Some(values) => {
                let for_each = crate::read::value::one::for_each(&**snapshot, id)?;
                live.of(&Arc::new(One::of(id, for_each.as_ref(), values)?))
            }
        }
    }

    /// Computes the rows over the base that all upstreams have reached, in parts of this size.
    fn compute(
        &self,
        snapshot: &Arc<dyn Snapshot>,
        upstreams: &[Upstream],
        live: Option<&Results>,
        engine: &Engine,
        limited: &Limited,
        (size, now): (usize, Timestamp),
    ) -> Result<Rows, Error> {
        let unavailable = |message: String| Error::new(ErrorKind::Unavailable, "LW0529", message);
        let at_most = live.map_or(u64::MAX, |live| live.position);
        let base = Base::take_through(snapshot, self.marks, upstreams, at_most)?;
        let mut base = base.ok_or_else(|| {
            unavailable("what the query reads is being built or has moved on too far; try again".to_owned())
        })?;
        if let Some(live) = live.filter(|live| live.position > base.position) {
            let message = format!(
                "`{}` is at position {}, and what the query reads only at {}, so there is nothing to compare yet; try \
                 again",
                live.query_id, live.position, base.position
            );
            return Err(unavailable(message));
        }
        let (position, now) = (base.position, now.max(base.timestamp));
        let mut taking = Taking::new(engine, limited, self.within.bytes, now);
        let mut part: Vec<(Element, Timestamp)> = Vec::new();
        let mut elements = 0;
        loop {
            match base.piece(self.store, PART, &limited.meter)? {
                Piece::Elements(piece) => {
                    elements += piece.len() as u64;
                    part.extend(piece);
                    if part.len() >= size {
                        taking.take(&mut part)?;
                    }
                }
                Piece::End => break,
                Piece::Lost(id) => {
                    return Err(unavailable(format!("`{id}` was rebuilt while it was read; try again")));
                }
            }
        }
        // Also if there is nothing left: a query may have rows over nothing.
        taking.take(&mut part)?;
        Ok(Rows { position, elements, rows: taking.state.rows() })
    }
}

/// An engine that takes elements in.
struct Taking<'a> {
    engine: &'a Engine,
    state: Bounded,
    bytes_max: usize,
    now: Timestamp,
    is_begun: bool,
}

impl<'a> Taking<'a> {
    fn new(engine: &'a Engine, limited: &Limited, bytes_max: usize, now: Timestamp) -> Self {
        Self { engine, state: Bounded::new(limited.meter.clone()), bytes_max, now, is_begun: false }
    }

    fn take(&mut self, part: &mut Vec<(Element, Timestamp)>) -> Result<(), Error> {
        self.state.meter_look()?;
        match std::mem::replace(&mut self.is_begun, true) {
            false => self.engine.begin_over(&mut self.state, part, self.now)?,
            true => self.engine.base(&mut self.state, part, self.now)?,
        };
        part.clear();
        self.state.check(self.bytes_max)
    }
}

/// Returns what a query reads.
fn upstreams(snapshot: &Arc<dyn Snapshot>, query: &Query) -> Result<Vec<Upstream>, Error> {
    let upstream = |id: &String| {
        let entry = catalog::find(&**snapshot, id)?.filter(|entry| entry.kind != Kind::Reaction);
        let entry = entry.ok_or_else(|| unknown::in_store(&**snapshot, id, None))?;
        let (label, is_query) = (definition::label_of(&entry), entry.kind == Kind::Query);
        Ok(Upstream { id: id.clone(), number: entry.number, is_query, label })
    };
    if query.sources.is_empty() {
        return Err(Error::invalid("LW0605", "a query reads at least one source"));
    }
    query.sources.iter().map(upstream).collect()
}
