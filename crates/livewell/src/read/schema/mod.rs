//! What a source is made of: labels and types with how often they are there, their properties with the kinds of values
//! and examples, which labels a type leads from and to, and what dangles.
//!
//! All elements are read, from one snapshot, while these are at most [`WHOLE_MAX`]; beyond that a sample of them,
//! spread over the ids. So an answer costs the same however large the source is, and says which of both it is.

mod gather;
mod sample;
mod shape;

use super::moment::{Moment, source_entry};
use crate::Error;
use gather::Gathered;
use livewell_store::{Head, Store};
use shape::Version;
pub use shape::{
    Dangling, ENDS_MAX, EXAMPLES_MAX, Ends, IDS_MAX, Label, NAMES_MAX, PROPERTIES_MAX, PROPERTIES_OF_ALL_MAX,
    Property, Schema, Type,
};
use std::sync::Arc;

/// Up to so many elements are all read.
pub const WHOLE_MAX: u64 = 20_000;
/// About how many elements a sample has.
pub const SAMPLE: usize = 20_000;
/// About how many bytes of elements are read, the ends of relationships included.
const BYTES_MAX: usize = 64 << 20;

/// Reads what a source is made of, until `is_over` returns true. `last`, an earlier answer, is returned as it is if
/// nothing has changed since.
///
/// # Errors
/// Returns [`crate::ErrorKind::NotFound`] if there is no such source; [`crate::ErrorKind::Unavailable`] if it was over; or an
/// error if the store cannot be read.
pub fn read(
    store: &dyn Store,
    source: &str,
    last: Option<Arc<Schema>>,
    is_over: &dyn Fn() -> bool,
) -> Result<Arc<Schema>, Error> {
    let moment = Moment::open(store, source)?;
    if let Some(last) = last
        && last.is_of(&moment)?
    {
        return Ok(last);
    }
    let mut whole = None;
    if moment.head.rows <= WHOLE_MAX {
        let mut gathered = Gathered::new(&moment, BYTES_MAX, is_over);
        sample::read(&moment, &[], usize::MAX, &mut |bytes| gathered.add(bytes))?;
        whole = Some(gathered).filter(|gathered| !gathered.is_full());
    }
    let gathered = match whole {
        Some(whole) => whole,
        None => {
            let mut gathered = Gathered::new(&moment, BYTES_MAX, is_over);
            for (prefix, most) in sample::choose(&moment, SAMPLE)? {
                sample::read(&moment, &prefix, most, &mut |bytes| gathered.add(bytes))?;
            }
            gathered
        }
    };
    let mut schema = gathered.schema();
    schema.sampled = schema.elements_read < moment.head.rows;
    (schema.position, schema.elements) = (moment.head.position, moment.head.rows);
    schema.of = versions(&moment, source);
    Ok(Arc::new(schema))
}

fn versions(moment: &Moment, source: &str) -> Vec<Version> {
    let own = Version::new(source, Some((moment.number, &moment.head)));
    let others = moment.looked_up().into_iter().filter(|(id, _)| id != source);
    let others =
        others.map(|(id, place)| Version::new(&id, place.as_ref().map(|(number, head)| (*number, head))));
    std::iter::once(own).chain(others).collect()
}

impl Schema {
    /// Returns whether the sources that it was read from have not changed since.
    fn is_of(&self, moment: &Moment) -> Result<bool, Error> {
        for version in &self.of {
            let entry = source_entry(&*moment.snapshot, &version.id)?;
            let head = match &entry {
                Some(entry) => Head::read(&*moment.snapshot, entry.number)?.unwrap_or_default(),
                None => Head::default(),
            };
            let now = Version::new(&version.id, entry.map(|entry| (entry.number, &head)));
            if now != *version {
                return Ok(false);
            }
        }
        Ok(!self.of.is_empty())
    }
}
