//! The result of comparing what is stored of a source with what the other side has.

/// The result of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// The tables in the order of their names.
    pub tables: Vec<TableVerified>,
    /// The first differences.
    pub differences: Vec<Difference>,
    /// The position in the log of the database up to which the source was stored at the end.
    pub position: String,
    /// The last snapshot of the database that was compared with, as `pg_current_snapshot()` prints it.
    pub snapshot: String,
}

/// The result of comparing one table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableVerified {
    /// Schema and name.
    pub name: String,
    /// How many rows the database has.
    pub rows: u64,
    /// How many of them were set aside, and so are not stored: they have values that cannot be represented exactly, or
    /// had such values when they were last sent.
    pub parked: u64,
    /// How many elements differ.
    pub differences: u64,
    /// How many rows changed each time they were read, so that they could not be compared.
    pub kept_changing: u64,
    /// How many rows differ and may still come: the source did not catch up with the database in time.
    pub behind: u64,
    /// Why the table was not compared.
    pub not_compared: Option<String>,
}

/// An element that differs from the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Schema and name of its table.
    pub table: String,
    /// Its id.
    pub id: String,
    /// What is stored, as JSON; `None` if nothing is. Of a node that is on both sides, the properties that differ.
    pub stored: Option<String>,
    /// What the database has, in the same way.
    pub database: Option<String>,
}

impl Verified {
    /// Returns how many elements differ in all tables.
    pub fn count(&self) -> u64 {
        self.tables.iter().map(|table| table.differences).sum()
    }

    /// Returns whether all tables were compared and nothing differs.
    pub fn is_equal(&self) -> bool {
        self.tables
            .iter()
            .all(|table| table.not_compared.is_none() && table.differences == 0 && table.behind == 0)
    }
}
