//! Answers questions about the database while the source is at work.

use super::super::mapping::mappings;
use super::super::notes;
use super::super::position::Place;
use super::super::session::{Session, address};
use super::scan::{Halt, Scan};
use super::suspects::Suspects;
use crate::SourceError;
use crate::settings::MysqlSettings;
use crate::source::{Here, OtherSide, Stored};
use crate::verified::{Difference, TableVerified, Verified, difference};

/// In how many snapshots suspects are looked at.
const ROUNDS: usize = 15;
/// How many differences are kept.
const DIFFERENCES_KEPT: usize = 100;

/// The server of a source with these settings.
pub(in super::super) struct Server(pub MysqlSettings);

impl OtherSide for Server {
    // A snapshot of one table alone has another place in the log than the others.
    fn check_table(&self, _: &str, _: &dyn Stored) -> Result<(), SourceError> {
        let id = &self.0.id;
        let text =
            format!("`{id}` has no tables that can be copied one by one; reset it without naming tables");
        Err(SourceError::settings(text))
    }

    fn verify(&self, table: Option<&str>, here: &Here<'_>) -> Result<Verified, SourceError> {
        table.map_or(Ok(()), |table| self.0.check_table(table))?;
        let settings = &self.0;
        let database = address(settings)?.database;
        let view = (here.stored)()?;
        let mut verified = Verified::default();
        if !view.has_base() {
            for of in &settings.tables {
                let (schema, name) = MysqlSettings::names(&of.table, &database);
                let not_compared = Some("it is not copied yet".to_owned());
                let name = format!("{schema}.{name}");
                verified.tables.push(TableVerified { name, not_compared, ..TableVerified::default() });
            }
            return Ok(verified);
        }
        let tables = notes::stored_tables(&*view)?;
        drop(view);
        let mappings = mappings(settings, &database, &tables)?;
        let mut session = Session::open(settings)?;
        let wanted = table.map(|table| MysqlSettings::names(table, &database));
        for (table, mapping) in tables.iter().zip(&mappings) {
            if wanted.is_some_and(|wanted| wanted != (table.schema.as_str(), table.name.as_str())) {
                continue;
            }
            let mut scan = Scan { session: &mut session, table, mapping, here, source: &settings.id };
            let (found, differences, at) = compare(&mut scan)?;
            let free = DIFFERENCES_KEPT - verified.differences.len();
            verified.differences.extend(differences.into_iter().take(free));
            verified.tables.push(found);
            let at = at.map(|Place { file, offset }| format!("{file}:{offset}")).unwrap_or_default();
            (verified.position, verified.snapshot) = (at.clone(), at);
        }
        verified.tables.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(verified)
    }

    fn kept_there(&self, _: &dyn Stored) -> Result<Option<String>, SourceError> {
        Ok(None)
    }

    fn drop_there(&self, _: &str, _: &str) -> Result<(), SourceError> {
        Ok(())
    }
}

/// Compares one table.
fn compare(scan: &mut Scan<'_>) -> Result<(TableVerified, Vec<Difference>, Option<Place>), SourceError> {
    let mut found = TableVerified { name: scan.table.shown(), ..TableVerified::default() };
    let (mut suspects, mut at) = (Suspects::default(), None);
    match rounds(scan, &mut found, &mut suspects, &mut at) {
        Ok(()) => {}
        Err(Halt::NotNow(why)) => found.not_compared = Some(why),
        Err(Halt::Failed(error)) => return Err(error),
    }
    let mut differences = Vec::new();
    for (id, suspect) in suspects.iter() {
        if !suspect.is_wrong() {
            found.kept_changing += 1;
            continue;
        }
        found.differences += 1;
        if differences.len() < DIFFERENCES_KEPT {
            differences.push(difference(&found.name, id, suspect.stored.as_ref(), suspect.database.as_ref()));
        }
    }
    Ok((found, differences, at))
}

fn rounds(
    scan: &mut Scan<'_>,
    found: &mut TableVerified,
    suspects: &mut Suspects,
    at: &mut Option<Place>,
) -> Result<(), Halt> {
    for round in 0..ROUNDS {
        let (place, view) = scan.begin()?;
        *at = Some(place);
        match round {
            0 => scan.all(&*view, found, suspects)?,
            _ => scan.again(&*view, suspects)?,
        }
        if suspects.are_wrong() {
            return Ok(());
        }
    }
    Ok(())
}
