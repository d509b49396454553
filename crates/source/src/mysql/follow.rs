//! Follows the log: reads groups, and writes what they did.

use super::failure::lost;
use super::live::Live;
use super::log::{Ended, Groups, Received, Stream};
use super::mapping::Mapping;
use super::position::{Place, Position};
use super::session::Session;
use crate::SourceError;
use crate::source::{Commit, POSITION, Patience, Read, ReadLimits, Report};
use livewell_model::Timestamp;
use std::time::{Duration, Instant};

/// How often a position is stored that has moved without a transaction of the tables.
const NOTE_EVERY: Duration = Duration::from_secs(5);
/// How often the end of the log is asked for while transactions come.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// The longest wait for one event: between two of them somebody may want to stop.
const SLICE: Duration = Duration::from_millis(100);

/// A source that follows the log.
pub(super) struct Following {
    session: Session,
    stream: Stream,
    groups: Groups,
    mappings: Vec<Mapping>,
    parks: bool,
    /// Groups that have not been taken in.
    pending: Vec<Ended>,
    /// The position that is stored, and since when.
    noted: Position,
    noted_at: Instant,
    /// The error that came after what was read.
    failed: Option<SourceError>,
    asked_at: Option<Instant>,
    /// How many bytes of the log have not been read.
    behind: Option<u64>,
    last_commit: Option<Timestamp>,
}

impl Following {
    /// Follows the log on these connections, from the position of the groups.
    pub fn new(
        session: Session,
        stream: Stream,
        groups: Groups,
        mappings: Vec<Mapping>,
        parks: bool,
    ) -> Self {
        Self {
            session,
            stream,
            noted: groups.position.clone(),
            groups,
            mappings,
            parks,
            pending: Vec::new(),
            noted_at: Instant::now(),
            failed: None,
            asked_at: None,
            behind: None,
            last_commit: None,
        }
    }

    /// Ends the snapshot of a copy, which keeps the server from tidying up.
    pub fn end_snapshot(&mut self) -> Result<(), SourceError> {
        self.session.connection.query("COMMIT", "the end of a snapshot").map(drop)
    }

    /// Reads the groups that come within `wait`.
    pub fn read(
        &mut self,
        limits: ReadLimits,
        wait: Duration,
        patience: &dyn Patience,
    ) -> Result<Read, SourceError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let is_quiet = match self.receive(limits, wait, patience) {
            Ok(is_quiet) => is_quiet,
            Err(error) if self.pending.is_empty() => return Err(error),
            Err(error) => {
                self.failed = Some(error);
                false
            }
        };
        let is_busy = !self.pending.is_empty();
        // A transaction has to be taken in before anything is known to be at the end.
        let caught_up = !is_busy && is_quiet && self.is_at_end()?;
        let is_known = self.behind > Some(0) && self.asked_at.is_some_and(|at| at.elapsed() < ASK_EVERY);
        if !is_quiet && !is_known {
            self.is_at_end()?;
        }
        let has_moved = self.groups.position != self.noted;
        let is_due = patience.is_watched() || self.noted_at.elapsed() > NOTE_EVERY;
        Ok(Read { has_work: is_busy || has_moved && is_due, is_busy, caught_up, rest: None })
    }

    /// Returns whether nothing more has come.
    fn receive(
        &mut self,
        limits: ReadLimits,
        wait: Duration,
        patience: &dyn Patience,
    ) -> Result<bool, SourceError> {
        let (began, mut bytes) = (Instant::now(), 0);
        while self.pending.len() < limits.transactions && bytes < limits.bytes && !patience.is_over() {
            let left = wait.saturating_sub(began.elapsed());
            let slice = if self.pending.is_empty() { left.min(SLICE) } else { Duration::from_millis(1) };
            match self.stream.next(slice)? {
                Received::Event(event) => {
                    if let Some(ended) = self.groups.take(&event)?
                        && !ended.steps.is_empty()
                    {
                        bytes += ended.bytes;
                        self.pending.push(ended);
                    }
                }
                Received::Nothing if !self.pending.is_empty() || left <= SLICE => return Ok(true),
                Received::Nothing => {}
            }
            if began.elapsed() > wait {
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// Asks for the end of the log, and returns whether everything before it has been read. A heartbeat in the stream is
    /// no answer: it may have waited while rows came.
    fn is_at_end(&mut self) -> Result<bool, SourceError> {
        let end = self.session.log_status()?.end;
        self.asked_at = Some(Instant::now());
        let place = &self.groups.position.place;
        let behind = if end.file == place.file {
            end.offset.saturating_sub(place.offset)
        } else {
            let files = self.session.files()?;
            between(&files, place, &end)
        };
        self.behind = Some(behind);
        Ok(end.file == place.file && behind == 0)
    }

    /// Writes what was read, with the position.
    pub fn take_in(&mut self, commit: &mut dyn Commit) -> Result<(), SourceError> {
        for group in std::mem::take(&mut self.pending) {
            Live::new(commit, &self.mappings, self.parks).take_in(&group)?;
            self.last_commit = Some(group.timestamp);
        }
        self.noted = self.groups.position.clone();
        self.noted_at = Instant::now();
        commit.put_note(POSITION, Some(self.noted.encode()));
        Ok(())
    }

    /// Returns the progress.
    pub fn report(&self) -> Report {
        Report { behind_bytes: self.behind, last_commit: self.last_commit, ..Report::default() }
    }
}

/// Returns how many bytes lie between two places.
fn between(files: &[(String, u64)], place: &Place, end: &Place) -> u64 {
    let from = files.iter().skip_while(|(file, _)| *file != place.file);
    let all: u64 = from.take_while(|(file, _)| *file != end.file).map(|(_, length)| length).sum();
    (all + end.offset).saturating_sub(place.offset)
}

/// Checks that the server's log is the one that was read up to the position, and still has it.
///
/// # Errors
/// Returns [`ErrorKind::Changed`](crate::ErrorKind::Changed) if it is not.
pub(super) fn prove(session: &mut Session, position: &Position) -> Result<(), SourceError> {
    let place = &position.place;
    if session.server != position.server {
        let (is, was) = (session.server, position.server);
        return Err(lost(format!("this is the server {is}, and {was} was read (`server_id`)")));
    }
    let files = session.files()?;
    let Some((_, length)) = files.iter().find(|(file, _)| *file == place.file) else {
        return Err(lost(format!(
            "the server no longer has the file `{}`, which was read up to {place}",
            place.file
        )));
    };
    if *length < place.offset {
        return Err(lost(format!(
            "the server's log ends before the place that was read ({place}): it was put back to an earlier state"
        )));
    }
    if session.transactions_at(place)?.as_ref() != Some(&position.transactions) {
        return Err(lost(format!(
            "the server's log has other transactions before {place} than the one that was read"
        )));
    }
    Ok(())
}
