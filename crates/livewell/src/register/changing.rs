//! Records that a query has changed, and where the change takes effect.

use super::registrar::{Known, Registrar};
use crate::Error;
use crate::component::definition::Made;
use crate::feed::follow::Upstream;
use crate::query::due::{Due, Former, query_in};
use crate::settings::Query;
use livewell_store::WriteSet;
use livewell_store::catalog::{self, Registered};
use livewell_store::head::{Building, EpochRecord, Head};

impl Registrar<'_> {
    /// Records whether the definition or the plan of a query in the store has changed. Returns the feeds that its former
    /// definition still has to read.
    pub(super) fn update_query(
        &mut self,
        query: &Query,
        known: &Known,
        (config_hash, fingerprint): (u64, u64),
        upstreams: &[Upstream],
    ) -> Result<Vec<u32>, Error> {
        let record = EpochRecord::read(&*self.snapshot, known.number, known.head.epoch)?.unwrap_or_default();
        let former = catalog::find(&*self.snapshot, &query.id)?;
        let is_redefined = self.redefine(&query.id, known, Made::of_query(query))?;
        let building = if record.config_hash != config_hash {
            Building::Changed
        } else if record.fingerprint != fingerprint {
            Building::Rebuilt
        } else if let Some(due) = known.head.building
            && is_redefined
        {
            // The definition was changed back before the change took effect.
            due
        } else {
            return Ok(Vec::new());
        };
        let building = match known.head.building {
            // A change of definition that is already in progress takes precedence.
            Some(Building::Changed | Building::New) => known.head.building,
            _ => Some(building),
        };
        let head = Head { building, ..known.head.clone() };
        let mut set = WriteSet::over(&*self.snapshot, known.number)?;
        set.put(Head::key(known.number), head.encode());
        let due = self.due(query, (known, building), former.as_ref(), upstreams)?;
        if let Some(due) = &due {
            set.put(Due::key(known.number), due.encode());
        }
        // From now on it also holds the logs that it newly reads.
        let missing = self.missing_checkpoints(known.number, upstreams)?;
        self.put_checkpoints(&mut set, known.number, &missing)?;
        self.sets.push(set);
        let former = due.and_then(|due| due.former).map(|former| former.upstreams).unwrap_or_default();
        Ok(former.into_iter().map(|upstream| upstream.number).collect())
    }

    /// Returns where the change of a query takes effect: here, and where it is recorded if it was due before. An upgrade
    /// takes effect wherever the upstreams are then, for the former rows cannot be stepped any more.
    fn due(
        &self,
        query: &Query,
        (known, building): (&Known, Option<Building>),
        former: Option<&Registered>,
        upstreams: &[Upstream],
    ) -> Result<Option<Due>, Error> {
        if !matches!(building, Some(Building::New | Building::Changed)) {
            return Ok(None);
        }
        let pending = Due::read(&*self.snapshot, known.number)?.filter(|_| known.head.building.is_some());
        let is_as_due = former.and_then(query_in).is_some_and(|former| former.has_rows_of(query));
        match pending {
            Some(pending) if is_as_due => Ok(Some(pending)),
            Some(pending) => Ok(Some(Due { at: self.now(upstreams)?, ..pending })),
            None => {
                let former = former.map(|entry| Former::of(&*self.snapshot, entry)).transpose()?.flatten();
                let former = former.filter(|_| building == Some(Building::Changed));
                Ok(Some(Due { at: self.now(upstreams)?, former }))
            }
        }
    }
}
