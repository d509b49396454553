//! Watches the catalogs beside the stream: a connection of its own, what it last saw, and when it looks again.

use super::altering;
use super::facts::{Facts, UnitFacts};
use super::fingerprint::{self, Look};
use super::publication::{self, Ensured};
use super::shapes::{self, Shapes};
use crate::SourceError;
use crate::postgres::connection::Connection;
use crate::postgres::failure::refused;
use crate::postgres::rows::Shape;
use crate::postgres::session::connect;
use crate::settings::{NewTables, PostgresSettings};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Looking takes at most one part in this many of the time, and a larger share while somebody waits for it.
const SHARE: u32 = 50;
const EAGER_SHARE: u32 = 10;
/// The shortest pause between two looks, also of an idle source.
const PAUSE_MIN: Duration = Duration::from_millis(20);

/// How long to wait at least for what has not been flushed.
const FLUSH_MIN: Duration = Duration::from_secs(1);

/// The catalogs as they were last seen.
pub(in crate::postgres) struct Watch {
    pub connection: Connection,
    pub version: u32,
    /// How long the server may take to flush a commit that it does not flush at once.
    pub flush_max: Duration,
    settings: PostgresSettings,
    /// The name of this store in what it leaves on the server.
    store: String,
    names: Vec<(String, String)>,
    /// The names of the tables that were followed before, if the settings name none.
    known: Option<Vec<(String, String)>>,
    pub last: Look,
    pub facts: Facts,
    pub shapes: Shapes,
    looked_at: Instant,
    took: Duration,
}

impl Watch {
    /// Connects and looks, as [`Watch::connect`] and [`Watch::look`] do.
    pub fn open(
        settings: &PostgresSettings,
        store: &str,
        known: Option<Vec<(String, String)>>,
    ) -> Result<Self, SourceError> {
        let mut watch = Self::connect(settings, store, known)?;
        watch.look()?;
        Ok(watch)
    }

    /// Connects, and reads only which transactions are visible. `known`: the tables that are followed, if new ones are
    /// to be left out.
    pub fn connect(
        settings: &PostgresSettings,
        store: &str,
        known: Option<Vec<(String, String)>>,
    ) -> Result<Self, SourceError> {
        let mut connection = connect(settings)?;
        let version = super::version(&mut connection)?;
        let flush_max = flush_max(&mut connection)?;
        let last = fingerprint::moment(&mut connection)?;
        Ok(Self {
            connection,
            version,
            flush_max,
            settings: settings.clone(),
            store: store.to_owned(),
            names: Vec::new(),
            known,
            last,
            facts: Facts::default(),
            shapes: Shapes::new(),
            looked_at: Instant::now(),
            took: Duration::ZERO,
        })
    }

    /// Looks at the catalogs within the transaction that is open; returns whether anything is different from the last
    /// time. If so, a look outside of it has to follow; else `last` has what the transaction's snapshot sees.
    pub fn differs_now(&mut self) -> Result<bool, SourceError> {
        let publication = self.settings.publication();
        let quoted = self.quoted();
        let look = fingerprint::look(&mut self.connection, &quoted, &publication, self.version)?;
        let differs = look.digest != self.last.digest;
        if !differs {
            self.last = look;
        }
        Ok(differs)
    }

    fn quoted(&self) -> Vec<String> {
        self.names.iter().map(|(schema, name)| fingerprint::quoted((schema, name))).collect()
    }

    /// Looks at the catalogs like [`Watch::look`], after reading which transactions may be altering what is followed: one
    /// whose commit is in the log and that is not among them is visible to the look.
    pub fn look_after_altering(&mut self) -> Result<(bool, Vec<u64>), SourceError> {
        let began = Instant::now();
        let found = altering::altering(&mut self.connection, &self.facts, &self.settings.publication())?;
        let altering = found.into_iter().map(|xid| self.last.seen.widen(xid)).collect();
        let is_different = self.look()?;
        self.took = began.elapsed();
        Ok((is_different, altering))
    }

    /// Looks at the catalogs; returns whether anything is different from the last time.
    pub fn look(&mut self) -> Result<bool, SourceError> {
        let began = Instant::now();
        self.names = self.followed()?;
        let quoted = self.quoted();
        let publication = self.settings.publication();
        let (connection, version) = (&mut self.connection, self.version);
        let mut look = fingerprint::look(connection, &quoted, &publication, version)?;
        let is_different = look.digest != self.last.digest;
        while look.digest != self.last.digest {
            self.facts = fingerprint::facts(connection, &quoted, &publication, version)?;
            self.last = look;
            // The facts match the digest only if nothing changed in between.
            look = fingerprint::look(connection, &quoted, &publication, version)?;
        }
        self.last = look;
        (self.took, self.looked_at) = (began.elapsed(), Instant::now());
        if is_different {
            let is_new =
                |name: &(String, String)| self.known.as_ref().is_some_and(|known| !known.contains(name));
            let shapes = shapes::shapes(&self.facts, &self.settings, &self.names, &is_new);
            if shapes.is_err() {
                // A refusal is repeated at the next look.
                self.last.digest.clear();
            }
            self.shapes = shapes?;
        }
        Ok(is_different)
    }

    /// Returns the names of the tables to follow.
    fn followed(&mut self) -> Result<Vec<(String, String)>, SourceError> {
        if !self.settings.tables.is_empty() {
            let names = self.settings.tables.iter().map(|table| table.name());
            return Ok(names.map(|(schema, name)| (schema.to_owned(), name.to_owned())).collect());
        }
        let sent = publication::tables(&mut self.connection, &self.settings.publication())?;
        let mut followed = Vec::with_capacity(sent.len());
        for name in sent {
            let is_new = self.known.as_ref().is_some_and(|known| !known.contains(&name));
            match self.settings.new_tables {
                NewTables::Ignore if is_new => {}
                NewTables::Stop if is_new => {
                    return Err(refused(format!(
                        "the table `{}.{}` was added to the publication, and `new_tables: stop` is set; follow it \
                         (`new_tables: follow`), leave it out (`new_tables: ignore`), or name `tables`",
                        name.0, name.1
                    )));
                }
                _ => followed.push(name),
            }
        }
        Ok(followed)
    }

    /// Treats tables that are added to the publication from now on as new ones.
    pub fn know_names(&mut self) {
        let is_open = self.settings.tables.is_empty();
        self.known = is_open.then(|| self.names.clone());
    }

    /// Creates the publication if it is missing, and completes one that Livewell created.
    ///
    /// # Errors
    /// Returns an error if the database refuses, or if something keeps a table from being followed.
    pub fn ensure_publication(&mut self) -> Result<(), SourceError> {
        let Self { connection, settings, store, facts, shapes, version, .. } = self;
        let ensured = publication::ensure(connection, settings, store, facts, shapes, *version)?;
        if ensured == Ensured::Changed {
            self.look()?;
        }
        Ok(())
    }

    /// Records that a table is followed from now on.
    pub fn learn(&mut self, name: &(String, String)) {
        if let Some(known) = self.known.as_mut().filter(|known| !known.contains(name)) {
            known.push(name.clone());
        }
    }

    /// Returns the names of the tables that are followed.
    pub fn names(&self) -> &[(String, String)] {
        &self.names
    }

    /// Returns whether it is time to look again. `eager`: whether somebody waits for it.
    pub fn is_due(&self, eager: bool) -> bool {
        let (pause, share) =
            if eager { (PAUSE_MIN, EAGER_SHARE) } else { (self.settings.check_every, SHARE) };
        self.looked_at.elapsed() >= pause.max(self.took * share)
    }

    /// Returns the current facts of one unit; `None` if it does not exist or is not followed.
    pub fn unit(&self, oid: u32) -> Option<UnitFacts> {
        let shape = self.shape(oid)?;
        self.facts.unit(oid, shapes::digest(shape, self.settings.infinity), &shape.key)
    }

    /// Returns the mapping that earlier versions stored for a unit whose `numeric` columns were floats; `None` if it
    /// has no such column.
    pub fn earlier_mapping(&self, oid: u32) -> Option<u64> {
        let shape = self.shape(oid).filter(|shape| shape.has_decimals)?;
        let earlier = Shape { has_decimals: false, ..Shape::clone(shape) };
        Some(shapes::digest(&earlier, self.settings.infinity))
    }

    /// Returns the shape of the rows of a unit; `None` if it does not exist or is not followed.
    pub fn shape(&self, oid: u32) -> Option<&Arc<Shape>> {
        self.shapes.get(&self.facts.tables.get(&oid)?.root)
    }

    /// Returns all current units.
    pub fn units(&self) -> Vec<u32> {
        self.shapes.keys().flat_map(|root| self.facts.units(*root)).collect()
    }

    /// Checks that every table that the settings name exists.
    ///
    /// # Errors
    /// Returns an error with the missing name, and what there is instead.
    pub fn check_names(&mut self) -> Result<(), SourceError> {
        for (schema, name) in self.names.clone() {
            if self.facts.find(&schema, &name).is_none() {
                return Err(super::missing::table(&mut self.connection, &schema, &name)?);
            }
        }
        Ok(())
    }
}

/// Returns how long the server may take to flush a commit that it does not flush at once: by its documentation three
/// times the delay of its writer.
fn flush_max(connection: &mut Connection) -> Result<Duration, SourceError> {
    let statement = "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_writer_delay'";
    let rows = connection.query(statement, "to show a setting")?;
    let delay: u64 = rows.first().map(|row| super::number(row, 0)).transpose()?.unwrap_or(0);
    Ok(FLUSH_MIN.max(Duration::from_millis(delay) * 4))
}
