//! Parked input: what a source read and could not take in, kept until a person retries or discards it.

use crate::Error;
use crate::component::Component;
use crate::component::set_aside::{Order, SetAside, What};
use crate::component::shared::Shared;
use crate::component::state::State;
use crate::error::ErrorKind;
use crate::source::announce::CODE;
use crate::source::intake::Intake;
use livewell_model::codec::{Reader, Writer};
use livewell_model::{Timestamp, Transaction};
use livewell_source::InputError;
use livewell_store::{Snapshot, WriteSet};

/// How many bytes an earlier version kept of a line that was too long.
const KEPT_OF_TOO_LONG: usize = 4 << 10;

/// Input that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// Its number, counted from 1 for each source and never used twice.
    pub number: u64,
    /// When it was set aside; an earlier version did not keep that.
    pub timestamp: Option<Timestamp>,
    /// What was read; of what is too long, the beginning.
    pub text: String,
    /// Why it is not a change that can be taken in.
    pub reason: String,
    /// How it was read.
    pub(crate) origin: Option<Origin>,
}

/// Where input comes from, which determines how to read it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The place in words, without a column.
    pub(crate) place: String,
    /// The part of the source that it is from: the number of a file in its list; 0 for other sources.
    pub(crate) part: usize,
    /// Whether the text is all of it, as it came.
    pub(crate) is_whole: bool,
}

impl Parked {
    /// Returns whether the text is everything that was read, as it came; otherwise it can only be retried with another
    /// text.
    pub fn is_whole(&self) -> bool {
        match &self.origin {
            Some(origin) => origin.is_whole,
            None => self.text.len() < KEPT_OF_TOO_LONG && !self.text.contains(char::REPLACEMENT_CHARACTER),
        }
    }

    /// Returns its name in the reason if it is refused again.
    fn name(&self, what: &What) -> String {
        let unknown = || format!("parked input {}", self.number);
        let place = self.origin.as_ref().map_or_else(unknown, |origin| origin.place.clone());
        match what {
            What::Again { text: Some(_) } => format!("{place}, as corrected"),
            _ => place,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.string(&self.text).string(&self.reason);
        if let (Some(timestamp), Some(origin)) = (self.timestamp, &self.origin) {
            out.u8(1).signed(timestamp.0).string(&origin.place).varint(origin.part as u64);
            out.u8(origin.is_whole.into());
        }
        out.bytes
    }
}

fn decode(number: u64, bytes: &[u8]) -> Result<Parked, Error> {
    let mut reader = Reader::new("parked input", bytes);
    let (text, reason) = (reader.string()?.to_string(), reader.string()?.to_string());
    let mut parked = Parked { number, timestamp: None, text, reason, origin: None };
    if !reader.is_done() {
        if reader.u8()? != 1 {
            return Err(reader.error("unknown format").into());
        }
        parked.timestamp = Some(Timestamp(reader.signed()?));
        let (place, part) = (reader.string()?.to_string(), reader.varint()?);
        let part = usize::try_from(part).map_err(|_| reader.error("no number of a file"))?;
        let is_whole = reader.u8()? != 0;
        parked.origin = Some(Origin { place, part, is_whole });
        reader.finish()?;
    }
    Ok(parked)
}

/// A piece of input to set aside.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) origin: Origin,
    pub(crate) text: String,
    pub(crate) reason: String,
}

/// Sets a piece of input aside, if the source has room for it.
pub(crate) fn park(intake: &mut Intake<'_>, piece: Piece) -> Result<(), Error> {
    let Piece { origin, text, reason } = piece;
    let (source, timestamp) = (intake.source(), Some(intake.now()));
    let parked = Parked { number: 0, timestamp, text, reason, origin: Some(origin) };
    let (all, bytes) = (SetAside::parked(source.number), parked.encode());
    let needed = bytes.len() as u64;
    let held = all.amount(intake.overlay())?;
    if !source.parking.has_room(held, needed) {
        return Err(crate::source::full::error(source, held, needed, &parked.reason));
    }
    let number = all.add(intake.overlay(), bytes)?;
    intake.announcements().parked(number, parked.reason);
    Ok(())
}

/// Removes everything that a source has set aside, in the commit that wipes the source: it is read again, and what is
/// not a change then is set aside again.
pub(crate) fn clear(snapshot: &dyn Snapshot, set: &mut WriteSet, source: &Component) -> Result<(), Error> {
    let count = SetAside::parked(source.number).clear(snapshot, set)?;
    if count > 0 {
        tracing::warn!(source = %source.id, code = CODE, count, "discarding parked input, because the source starts over");
    }
    Ok(())
}

/// Returns how much a source has set aside.
///
/// # Errors
/// Returns an error if the store cannot be read.
pub fn count(snapshot: &dyn Snapshot, source: u32) -> Result<u64, Error> {
    SetAside::parked(source).count(snapshot)
}

/// Returns the first `limit` pieces of input that a source has set aside after number `after`, in that order.
///
/// # Errors
/// Returns an error if the store cannot be read.
pub fn list(snapshot: &dyn Snapshot, source: u32, after: u64, limit: usize) -> Result<Vec<Parked>, Error> {
    SetAside::parked(source).list(snapshot, after, limit, decode)
}

/// Makes a transaction of a text, which is read as if it came from that part of the source.
pub(crate) type Parse<'a> = dyn FnMut(Option<usize>, &str) -> Result<Transaction, InputError> + 'a;

/// Carries out an order about a source's parked input. To be called on the source's own thread, between two commits.
pub(crate) fn carry_out(shared: &Shared, source: &Component, parse: &mut Parse<'_>) -> Result<(), Error> {
    shared.damages.check(source.number)?;
    source.carry_out(|order| {
        let mut after = 0;
        while !shared.is_interrupted(source) {
            match carry_out_some(shared, source, order, after, parse)? {
                Some(last) => after = last,
                None => return Ok(true),
            }
        }
        Ok(false)
    })
}

/// The outcome for one piece.
enum Fate {
    Dropped,
    /// It is a transaction now, if the source takes it in.
    Read(Transaction),
    /// It stays, for this reason.
    Stays(String),
}

/// Makes one commit of an order, for the pieces after number `after`. Returns the last number that is done, or `None`
/// if nothing is left to do.
fn carry_out_some(
    shared: &Shared,
    source: &Component,
    order: &Order,
    after: u64,
    parse: &mut Parse<'_>,
) -> Result<Option<u64>, Error> {
    let limits = (shared.limits.step_transactions_max, shared.limits.step_bytes_max);
    let snapshot = shared.store.snapshot()?;
    let named = SetAside::parked(source.number).named(&*snapshot, order, after, limits, decode)?;
    let Some((last, _)) = named.last() else { return Ok(None) };
    let last = *last;
    source.set(State::Running);
    // Read before the commit begins, since that blocks all other sources.
    let read = named.into_iter().map(|(_, parked)| (fate(&order.what, &parked, parse), parked));
    let read: Vec<(Fate, Parked)> = read.collect();
    let intake = match order.what {
        What::Again { .. } => Intake::with_room(shared, source)?,
        What::Discard => Some(Intake::begin(shared, source)?),
    };
    let Some(mut intake) = intake else { return Ok(Some(after)) };
    for (fate, parked) in read {
        let name = parked.name(&order.what);
        settle(&mut intake, fate, &name, parked)?;
    }
    intake.commit()?;
    Ok(Some(last))
}

fn fate(what: &What, parked: &Parked, parse: &mut Parse<'_>) -> Fate {
    let given = match what {
        What::Discard => return Fate::Dropped,
        What::Again { text } => text.as_deref(),
    };
    let name = parked.name(what);
    if given.is_none() && !parked.is_whole() {
        let reason = "what is kept is not all of it as it came; give the text to take in its place";
        return Fate::Stays(format!("{name}: {reason}"));
    }
    match parse(parked.origin.as_ref().map(|origin| origin.part), given.unwrap_or(&parked.text)) {
        Ok(transaction) => Fate::Read(transaction),
        Err(error) => Fate::Stays(error.about(&name)),
    }
}

/// Takes in a transaction and removes the piece that it was made of in one commit, so that neither happens without the
/// other.
fn settle(intake: &mut Intake<'_>, fate: Fate, name: &str, parked: Parked) -> Result<(), Error> {
    let source = intake.source();
    let all = SetAside::parked(source.number);
    let reason = match fate {
        Fate::Dropped => return all.take_out(intake.overlay(), parked.number),
        Fate::Stays(reason) => reason,
        Fate::Read(transaction) => match intake.add(transaction) {
            Ok(_) => return all.take_out(intake.overlay(), parked.number),
            Err(error) if error.kind == ErrorKind::Invalid => format!("{name}: {error}"),
            Err(error) => return Err(error),
        },
    };
    let number = parked.number;
    tracing::warn!(source = %source.id, code = CODE, number, "the parked input stays: {reason}");
    all.replace(intake.overlay(), number, Parked { reason, ..parked }.encode())
}
