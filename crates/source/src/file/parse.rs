//! Reads a single line or row as if it came from its file: one that was set aside, or its correction.

use super::current::without_header;
use super::reader::open_file;
use super::record::Boundary;
use super::table::Table;
use super::{FilePosition, Format};
use crate::error::code;
use crate::json::Reader;
use crate::settings::{FileEntry, FileSettings};
use crate::{InputError, SourceError, json};
use livewell_model::Transaction;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Reads single lines and rows of a source's files; looks up the header of a table in its file.
#[derive(Debug)]
pub struct Parser {
    settings: FileSettings,
    entries: Vec<FileEntry>,
    tables: BTreeMap<usize, Table>,
    readers: BTreeMap<usize, Reader>,
}

impl Parser {
    /// Creates a parser for the files of these settings.
    pub fn new(settings: &FileSettings) -> Self {
        Self {
            settings: settings.clone(),
            entries: settings.entries(),
            tables: BTreeMap::new(),
            readers: BTreeMap::new(),
        }
    }

    /// Returns the transaction of a line or row of file number `file` of the list, from 0; `None` means the only file.
    ///
    /// # Errors
    /// Returns the errors of reading it from the file, and one if a table's header cannot be read or the list has no
    /// such file.
    pub fn parse(&mut self, file: Option<usize>, text: &str) -> Result<Transaction, InputError> {
        let limits = &self.settings.limits;
        let only = (self.entries.len() == 1).then_some(0);
        let found = file.or(only).and_then(|file| Some((file, self.entries.get(file)?)));
        let Some((file, entry)) = found else {
            let message =
                "the source's list does not have the file it is of; put what was meant into one that it has";
            return Err(InputError::new(code::SETTINGS, message));
        };
        if !matches!(Format::of(&entry.path), Some((Format::Csv, _))) {
            return self.reader(file)?.transaction(text.as_bytes());
        }
        let row = row(text)?;
        if row.len() > limits.line_bytes_max {
            return Err(json::too_long(limits));
        }
        if !self.tables.contains_key(&file) {
            let table = table(entry, &self.settings).map_err(of_settings)?;
            self.tables.insert(file, table);
        }
        self.tables[&file].transaction(row.as_bytes())
    }

    fn reader(&mut self, file: usize) -> Result<&Reader, InputError> {
        match self.readers.entry(file) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                Ok(place.insert(self.entries[file].reader(&self.settings).map_err(of_settings)?))
            }
        }
    }
}

fn of_settings(error: SourceError) -> InputError {
    InputError::new(error.code, error.message)
}

fn table(entry: &FileEntry, settings: &FileSettings) -> Result<Table, SourceError> {
    // Right after a rotation the file may be empty.
    let current = open_file(entry, settings, false, &FilePosition::default())?;
    current.into_table().ok_or_else(|| without_header(&entry.path))
}

/// Returns the row without its line break; a line break outside of quotes ends it.
fn row(text: &str) -> Result<&str, InputError> {
    let row = text.strip_suffix('\n').unwrap_or(text);
    let row = row.strip_suffix('\r').unwrap_or(row);
    match Boundary::default().find(row.as_bytes()) {
        Some(_) => Err(InputError::new(code::TABLE, "several rows, where one is expected")),
        None => Ok(row),
    }
}
