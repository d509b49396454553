//! The stream of changes after a position: receives whole transactions, and acknowledges them.

use super::assemble::{Assembler, Finished};
use super::bytes::Fields;
use super::catalog::{identifier, literal};
use super::connection::{Connection, Message};
use super::failure::{not_understood, unreachable};
use super::position::Lsn;
use super::server_error::ServerError;
use super::session::Session;
use crate::settings::PostgresSettings;
use crate::{ErrorKind, SourceError};
use std::time::{Duration, Instant};

/// How often to report to the server at least; it gives up on a client that is silent for a minute.
const STATUS_EVERY: Duration = Duration::from_secs(5);
/// How often to report while nobody reads what the server sends, so that a request for an answer is not seen. That is
/// often enough for a `wal_sender_timeout` of a second.
const ALIVE_EVERY: Duration = Duration::from_millis(250);
/// How long the server may be silent after it was asked to answer.
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// How often a position that only the server's other work has moved is stored.
const IDLE_EVERY: Duration = Duration::from_secs(10);
/// How often the server is asked for its position, if somebody waits for it.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// What one read received.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// Whole transactions in the order of their commits.
    pub transactions: Vec<Finished>,
    /// Whether the server has nothing more at the moment.
    pub caught_up: bool,
}

/// A stream of changes.
pub(super) struct Stream {
    connection: Connection,
    assembler: Assembler,
    /// The position up to which everything was taken in.
    taken: Lsn,
    /// The position up to which everything is durable here.
    acknowledged: Lsn,
    told: Lsn,
    told_at: Instant,
    heard_at: Instant,
    /// The position up to which the server has sent everything.
    sent: Lsn,
    quiet_stored: Instant,
    /// Whether the server asked for an immediate report.
    asked: bool,
}

impl Stream {
    /// Starts after a position of the slot.
    ///
    /// # Errors
    /// Returns an error if the database refuses or is out of reach.
    pub fn start(
        session: Session,
        settings: &PostgresSettings,
        slot: &str,
        lsn: Lsn,
        in_parts: bool,
    ) -> Result<Self, SourceError> {
        let parts = if in_parts { ", streaming 'on'" } else { "" };
        let statement = format!(
            "START_REPLICATION SLOT {} LOGICAL {lsn} (proto_version '2', publication_names {}{parts})",
            identifier(slot),
            // The option's text is a list of names.
            literal(&identifier(&settings.publication())).trim_start_matches('E'),
        );
        let mut connection = session.connection;
        connection.copy_both(&statement, "to send its changes")?;
        let now = Instant::now();
        Ok(Self {
            connection,
            assembler: Assembler::new(settings.limits.memory_bytes_max),
            taken: lsn,
            acknowledged: lsn,
            told: Lsn(0),
            told_at: now,
            heard_at: now,
            sent: lsn,
            quiet_stored: now,
            asked: true,
        })
    }

    /// Receives what comes within `wait`, up to these limits of transactions and bytes.
    ///
    /// # Errors
    /// Returns an error if the database is out of reach or refuses to continue. The stream cannot be used afterwards.
    pub fn read(
        &mut self,
        transactions_max: usize,
        bytes_max: usize,
        wait: Duration,
    ) -> Result<Received, SourceError> {
        let mut received = Received::default();
        let mut bytes = 0;
        let until = Instant::now() + wait;
        self.tell()?;
        while received.transactions.len() < transactions_max {
            // After the first transaction only those that are there already are added.
            let left = until.saturating_duration_since(Instant::now());
            let left = if received.transactions.is_empty() { left } else { Duration::ZERO };
            let Some(message) = self.connection.receive(left)? else {
                self.still_heard()?;
                received.caught_up = !self.assembler.is_inside();
                break;
            };
            self.heard_at = Instant::now();
            bytes += message.body.len();
            if let Some(finished) = self.take(&message)? {
                received.transactions.push(finished);
                if bytes > bytes_max {
                    break;
                }
            }
            if self.asked && received.transactions.is_empty() && !self.assembler.is_inside() {
                // The report is more useful once the quiet position is stored.
                break;
            }
        }
        Ok(received)
    }

    /// Returns the position up to which the server has sent everything, if it is worth storing though no transaction
    /// came. `eager`: whether somebody waits for it.
    pub fn quiet(&mut self, eager: bool) -> Option<Lsn> {
        let is_news = self.sent > self.taken && !self.assembler.is_inside();
        // A server that shuts down waits until everything that it sent is acknowledged.
        let is_due = eager || self.asked || self.quiet_stored.elapsed() >= IDLE_EVERY;
        (is_news && is_due).then(|| {
            self.quiet_stored = Instant::now();
            self.sent
        })
    }

    /// Records that everything up to `lsn` is being committed.
    pub fn take_in(&mut self, lsn: Lsn) {
        self.taken = self.taken.max(lsn);
        self.sent = self.sent.max(lsn);
    }

    /// Acknowledges what was taken in, which is durable now; the server may forget it.
    ///
    /// # Errors
    /// Returns an error if the database is out of reach.
    pub fn acknowledge(&mut self) -> Result<(), SourceError> {
        self.acknowledged = self.taken;
        self.tell()
    }

    /// Tells the server that this source is alive while it reads nothing. This does not acknowledge what was taken in
    /// and is not durable yet.
    ///
    /// # Errors
    /// Returns an error if the database is out of reach.
    pub fn keep_alive(&mut self) -> Result<(), SourceError> {
        // Nobody listened, so this does not count as silence of the server.
        self.heard_at = Instant::now();
        if self.told_at.elapsed() < ALIVE_EVERY { Ok(()) } else { self.send_status(false) }
    }

    /// Asks the server for its position: it answers at once.
    ///
    /// # Errors
    /// Returns an error if the database is out of reach.
    pub fn ask(&mut self) -> Result<(), SourceError> {
        if self.told_at.elapsed() < ASK_EVERY { Ok(()) } else { self.send_status(true) }
    }

    fn take(&mut self, message: &Message) -> Result<Option<Finished>, SourceError> {
        let mut fields = Fields::new(&message.body);
        match message.tag {
            b'd' => {}
            b'E' => return Err(refused_to_send(ServerError::parse(fields)?)),
            b'c' | b'C' | b'Z' => return Err(unreachable("it has ended the stream")),
            _ => return Ok(None),
        }
        match fields.u8()? {
            b'w' => {
                fields.take(24)?;
                let finished = self.assembler.take(fields.rest())?;
                // A transaction that is known already is ignored.
                Ok(finished.filter(|finished| Lsn(finished.committed.end) > self.taken))
            }
            b'k' => {
                let end = Lsn(fields.u64()?);
                let _time = fields.i64()?;
                self.asked |= fields.u8()? == 1;
                if !self.assembler.is_inside() {
                    self.sent = self.sent.max(end);
                }
                Ok(None)
            }
            _ => Err(not_understood("it is of no known kind")),
        }
    }

    /// Returns an error if the server has been silent for too long, since a broken network does not report itself.
    fn still_heard(&self) -> Result<(), SourceError> {
        match self.heard_at.elapsed() {
            silent if silent > SILENCE_MAX => {
                Err(unreachable(format!("it has said nothing for {} seconds", silent.as_secs())))
            }
            _ => Ok(()),
        }
    }

    fn tell(&mut self) -> Result<(), SourceError> {
        let news = self.acknowledged > self.told && self.told_at.elapsed() > Duration::from_millis(100);
        let is_due = self.asked || news || self.told_at.elapsed() > STATUS_EVERY;
        // Asks for an answer if none has come for long.
        if is_due { self.send_status(self.heard_at.elapsed() > STATUS_EVERY) } else { Ok(()) }
    }

    fn send_status(&mut self, wants_answer: bool) -> Result<(), SourceError> {
        let mut status = vec![b'r'];
        for place in [self.taken, self.acknowledged, self.acknowledged] {
            status.extend(place.0.to_be_bytes());
        }
        // The time is only for people.
        status.extend([0; 8]);
        status.push(u8::from(wants_answer));
        self.connection.send_copied(&status)?;
        (self.told, self.told_at, self.asked) = (self.acknowledged, Instant::now(), false);
        Ok(())
    }
}

/// Returns the error about something that the server refuses to send, which blocks the stream until the source resumes
/// after it.
fn refused_to_send(error: ServerError) -> SourceError {
    let error = error.into_error("to send its changes");
    let kind = if error.kind == ErrorKind::Refused { ErrorKind::Changed } else { error.kind };
    SourceError { kind, ..error }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // If this report is lost, the next stream repeats it.
        let _ = self.send_status(false);
    }
}
