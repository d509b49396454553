//! Compares what is stored of a source with its database, without holding all of it in memory.
//!
//! Each table is read in ranges of its key, as a copy reads it, and each row is compared with the stored elements at
//! once (`compare`). A row that differs may only have changed in between, so it is a *suspect*: it is read again until
//! it is the same, or is known to be wrong (`suspects`). For the other direction, stored elements that the database
//! does not have, a count and a sum per bucket of ids say where to look (`buckets`). `reader` reads the two sides,
//! `table` compares one table.

mod buckets;
mod compare;
mod halt;
mod reader;
mod suspect;
mod suspects;
mod table;

use super::catalog::facts::UnitFacts;
use super::catalog::watch::Watch;
use super::notes;
use crate::SourceError;
use crate::settings::{PostgresSettings, table_name};
use crate::source::{Here, Stored};
use crate::verified::{Difference, TableVerified, Verified};
use halt::Halt;
use reader::Reader;
use std::collections::BTreeSet;
use table::{DIFFERENCES_KEPT, TableCheck};

/// How often a table begins again because its catalogs changed meanwhile.
const ATTEMPTS_MAX: usize = 5;

/// Compares what is stored with the database: all followed tables, or the one with this name.
///
/// # Errors
/// Returns an error if the database is out of reach or refuses, or if a table is not there or not followed, or if the
/// store cannot be read, or if patience is over.
pub(super) fn verify(
    settings: &PostgresSettings,
    table: Option<&str>,
    here: &Here<'_>,
) -> Result<Verified, SourceError> {
    let Here { store, stored, parked, patience } = *here;
    let known = known(settings, &*stored()?)?;
    let mut watch = Watch::open(settings, store, known)?;
    watch.check_names()?;
    let mut names = watch.names().to_vec();
    if let Some(table) = table {
        let (schema, name) = table_name(table);
        names.retain(|(of, other)| of == schema && other == name);
        if names.is_empty() {
            let names: Vec<String> =
                watch.names().iter().map(|(schema, name)| format!("{schema}.{name}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let advice = crate::suggest::advice(table, &names);
            let text = format!("the source `{}` follows no table `{table}`; {advice}", settings.id);
            return Err(SourceError::settings(text));
        }
    }
    if table.is_none() && settings.tables.is_empty() {
        // The source may leave out new tables of a publication.
        let is_followed = |(schema, name): &(String, String)| {
            watch.facts.find(schema, name).is_some_and(|(oid, _)| watch.shapes.contains_key(&oid))
        };
        names.retain(is_followed);
    }
    names.sort();
    let mut reader = Reader::new(watch, settings, (stored, parked), patience)?;
    let mut verified = Verified::default();
    for name in names {
        let (table, differences) = verify_table(&mut reader, &name)?;
        verified.tables.push(table);
        let free = DIFFERENCES_KEPT - verified.differences.len();
        verified.differences.extend(differences.into_iter().take(free));
    }
    verified.position = reader.position()?.lsn.to_string();
    verified.snapshot = reader.snapshot.to_string();
    Ok(verified)
}

/// Returns the tables that are followed, if the settings name none.
fn known(
    settings: &PostgresSettings,
    stored: &dyn Stored,
) -> Result<Option<Vec<(String, String)>>, SourceError> {
    let mut names = BTreeSet::new();
    notes::each(stored, notes::FACTS, |_, bytes| {
        names.insert(notes::decode::<UnitFacts>(bytes)?.root_name);
        Ok(())
    })?;
    let is_open = settings.tables.is_empty();
    Ok((is_open && !names.is_empty()).then(|| names.into_iter().collect()))
}

fn verify_table(
    reader: &mut Reader<'_>,
    (schema, name): &(String, String),
) -> Result<(TableVerified, Vec<Difference>), SourceError> {
    let shown = format!("{schema}.{name}");
    let not_compared = |why: String| {
        let name = shown.clone();
        Ok((TableVerified { name, not_compared: Some(why), ..TableVerified::default() }, Vec::new()))
    };
    for _ in 0..ATTEMPTS_MAX {
        let root = reader.watch.facts.find(schema, name).map(|(oid, _)| oid);
        let shape = root.and_then(|root| Some((root, reader.watch.shapes.get(&root)?.clone())));
        let Some((root, shape)) = shape else { return not_compared("it is not followed".into()) };
        let mut check = TableCheck::new(reader, root, shape);
        match check.run() {
            Ok(()) => return Ok((check.table, check.differences)),
            Err(Halt::NotNow(why)) => return not_compared(why),
            Err(Halt::Failed(error)) => return Err(error),
            Err(Halt::Changed) => drop(reader.watch.look()?),
        }
    }
    not_compared("its catalogs changed each time it was read".into())
}
