//! The changes after a position, transaction by transaction, and what is acknowledged of them.

use super::assemble::Assembler;
use super::bytes::Fields;
use super::catalog::{identifier, literal};
use super::connection::{Connection, Message};
use super::failure::{ServerError, not_understood, unreachable};
use super::layout::{Lsn, Position};
use super::map::Step;
use super::pgoutput::Committed;
use super::session::Session;
use super::spool::Spool;
use super::tables::Tables;
use crate::SourceError;
use crate::settings::PostgresSettings;
use livewell_model::Timestamp;
use std::time::{Duration, Instant};

/// How often the server hears of this source at least; it gives up on one that is silent for a minute.
const STATUS_EVERY: Duration = Duration::from_secs(5);
/// How long the server may be silent, though it was asked to say something.
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// How often a position that only the server's other work has moved is stored.
const IDLE_EVERY: Duration = Duration::from_secs(10);

/// A transaction of the database.
#[derive(Debug, Clone, PartialEq)]
pub struct Upstream {
    /// What it did, in order.
    pub steps: Vec<Step>,
    /// When it was committed there.
    pub timestamp: Timestamp,
}

/// What came, and where the source stands after it.
#[derive(Debug, Default)]
pub struct Received {
    /// Whole transactions in the order of their commits.
    pub transactions: Vec<Upstream>,
    /// The position after them, to store with them; where there are none, a position worth storing by itself.
    pub position: Option<Vec<u8>>,
    /// Whether the server has nothing more at the moment.
    pub caught_up: bool,
}

/// A stream of changes.
pub struct Stream {
    connection: Connection,
    settings: PostgresSettings,
    position: Position,
    tables: Tables,
    assembler: Assembler,
    /// Up to where everything is durable here.
    acknowledged: Lsn,
    told: Lsn,
    told_at: Instant,
    heard_at: Instant,
    /// Up to where the server has nothing for this source.
    quiet: Lsn,
    quiet_stored: Instant,
    /// The server wants to hear now how far this source is.
    asked: bool,
}

impl Stream {
    /// Goes on after a stored position.
    ///
    /// # Errors
    /// [`ErrorKind::Changed`](crate::ErrorKind::Changed) where what came after it cannot be had or followed; what
    /// the database refuses; where it is out of reach.
    pub fn open(settings: &PostgresSettings, stored: &[u8]) -> Result<Self, SourceError> {
        let position = Position::decode(stored)?;
        if position.mapping != super::layout::mapping(settings) {
            let text = "the tables of this source, or what becomes of them, are no longer what its stored elements \
                 were made of; reset the source to copy all rows anew";
            let kind = crate::ErrorKind::Changed;
            return Err(SourceError::new(kind, crate::error::code::MAPPING, text));
        }
        let mut session = Session::open(settings)?;
        session.continues(&position, settings)?;
        let tables = Tables::open(&position, settings, &mut session)?;
        let streams = session.version >= 140_000;
        let parts = if streams && settings.streaming { ", streaming 'on'" } else { "" };
        let statement = format!(
            "START_REPLICATION SLOT {} LOGICAL {} (proto_version '{}', publication_names {}{parts})",
            identifier(&settings.slot()),
            position.lsn,
            if streams { 2 } else { 1 },
            // The option's text is a list of names.
            literal(&identifier(&settings.publication())).trim_start_matches('E'),
        );
        let mut connection = session.connection;
        connection.copy_both(&statement, "to send its changes")?;
        let (lsn, now) = (position.lsn, Instant::now());
        Ok(Self {
            connection,
            tables,
            assembler: Assembler::new(settings.limits.memory_bytes_max),
            settings: settings.clone(),
            position: Position { timeline: session.timeline, ..position },
            acknowledged: lsn,
            told: Lsn(0),
            told_at: now,
            heard_at: now,
            quiet: lsn,
            quiet_stored: now,
            asked: true,
        })
    }

    /// Takes in what comes within `wait`, at most so many transactions, and about so many bytes beyond one.
    ///
    /// # Errors
    /// As [`Stream::open`]; values that cannot be taken exactly. The stream is of no use afterwards.
    pub fn read(
        &mut self,
        transactions_max: usize,
        bytes_max: usize,
        wait: Duration,
    ) -> Result<Received, SourceError> {
        let mut received = Received::default();
        let mut bytes = 0;
        let deadline = Instant::now() + wait;
        while received.transactions.len() < transactions_max {
            self.tell()?;
            let left = match received.transactions.is_empty() {
                true => deadline.saturating_duration_since(Instant::now()),
                // What has come does not wait for what may come.
                false => Duration::ZERO,
            };
            let Some(message) = self.connection.receive(left)? else {
                self.still_heard()?;
                received.caught_up = !self.assembler.is_inside();
                break;
            };
            self.heard_at = Instant::now();
            bytes += message.body.len();
            if let Some(transaction) = self.take(&message)? {
                received.transactions.push(transaction);
                if bytes > bytes_max {
                    break;
                }
            }
            if self.asked && received.transactions.is_empty() && !self.assembler.is_inside() {
                // The answer is better once what is quiet is stored.
                break;
            }
        }
        self.place(&mut received);
        Ok(received)
    }

    /// The position after what was received, where it is worth storing.
    fn place(&mut self, received: &mut Received) {
        let is_quiet = received.transactions.is_empty() && !self.assembler.is_inside();
        if is_quiet && self.quiet > self.position.lsn {
            // A server that stops waits until it has heard that all it sent is safe here.
            if !self.asked && self.quiet_stored.elapsed() < IDLE_EVERY {
                return;
            }
            self.position.lsn = self.quiet;
            self.quiet_stored = Instant::now();
        } else if received.transactions.is_empty() {
            return;
        }
        self.position.tables = self.tables.layout();
        received.position = Some(self.position.encode());
    }

    /// What was received up to now is durable; the server may forget it.
    ///
    /// # Errors
    /// Where the database is out of reach.
    pub fn acknowledge(&mut self) -> Result<(), SourceError> {
        self.acknowledged = self.position.lsn;
        self.tell()
    }

    /// Lets the server know that this source lives, while it reads nothing.
    ///
    /// # Errors
    /// Where the database is out of reach.
    pub fn keep_alive(&mut self) -> Result<(), SourceError> {
        self.tell()
    }

    fn take(&mut self, message: &Message) -> Result<Option<Upstream>, SourceError> {
        let mut fields = Fields::new(&message.body);
        match message.tag {
            b'd' => {}
            b'E' => return Err(ServerError::parse(fields)?.into_error("to send its changes")),
            b'c' | b'C' | b'Z' => return Err(unreachable("it has ended the stream")),
            _ => return Ok(None),
        }
        match fields.u8()? {
            b'w' => {
                fields.take(24)?;
                let finished = self.assembler.take(fields.rest())?;
                finished.map_or(Ok(None), |(spool, committed)| self.finish(spool, committed))
            }
            b'k' => {
                let end = Lsn(fields.u64()?);
                let _time = fields.i64()?;
                self.asked |= fields.u8()? == 1;
                if !self.assembler.is_inside() {
                    self.quiet = self.quiet.max(end);
                }
                Ok(None)
            }
            _ => Err(not_understood("it is of no known kind")),
        }
    }

    /// A transaction that has come whole; one that is known already is nothing.
    fn finish(&mut self, spool: Spool, committed: Committed) -> Result<Option<Upstream>, SourceError> {
        let end = Lsn(committed.end);
        if end <= self.position.lsn {
            return Ok(None);
        }
        let steps = self.tables.steps(spool, &self.settings)?;
        self.position.lsn = end;
        self.quiet = self.quiet.max(end);
        Ok(Some(Upstream { steps, timestamp: committed.timestamp }))
    }

    /// A network that has gone silent says nothing of it.
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
        if self.asked || news || self.told_at.elapsed() > STATUS_EVERY { self.send_status() } else { Ok(()) }
    }

    fn send_status(&mut self) -> Result<(), SourceError> {
        let mut status = vec![b'r'];
        for place in [self.position.lsn, self.acknowledged, self.acknowledged] {
            status.extend(place.0.to_be_bytes());
        }
        // The time is for people to look at; an answer is asked for where it is long that one came.
        status.extend([0; 8]);
        status.push(u8::from(self.heard_at.elapsed() > STATUS_EVERY));
        self.connection.send_copied(&status)?;
        (self.told, self.told_at, self.asked) = (self.acknowledged, Instant::now(), false);
        Ok(())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // What the server does not hear now, it hears from the next stream.
        let _ = self.send_status();
    }
}
