//! Compares the keys under the prefix with the live results of their checkpoint.
//!
//! Redis has no snapshots, so the checkpoint is read before and after the keys: each write of the reaction moves it.

use super::RedisSettings;
use super::keys::{json, key_places, name_of, place, read, target};
use super::session::Session;
use crate::expected::{Expected, Match};
use crate::target::{
    Compared, Difference, Held, Kept, Live, Target, given_up, moved, no_checkpoint, row_text,
};
use crate::{Reached, ReactionError};
use livewell_model::SmolStr;
use livewell_model::diff::Columns;
use std::collections::BTreeSet;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// How often the keys are read until the checkpoint stays where it was.
const TRIES: usize = 3;
/// What a key that should not be there takes in memory.
const EXTRA_BYTES: usize = 48;

/// The keys of a reaction.
pub(super) struct Keys {
    settings: RedisSettings,
}

impl Keys {
    pub fn new(settings: RedisSettings) -> Self {
        Self { settings }
    }

    fn target(&self) -> String {
        target(&self.settings)
    }

    fn session(&self) -> Result<Session, ReactionError> {
        Session::new(&self.settings.url, self.settings.timeout)
    }

    fn reached(&self, session: &mut Session, place: &str) -> Result<Option<Reached>, ReactionError> {
        let stored: Option<String> =
            session.with(|connection| redis::cmd("GET").arg(place).query(connection))?;
        Ok(stored.as_deref().and_then(read))
    }

    /// Compares once; what is returned counts if the checkpoint has not moved meanwhile.
    fn compare_at(
        &self,
        session: &mut Session,
        place: &str,
        reached: &Reached,
        live: &mut dyn Live,
    ) -> Result<Compared, ReactionError> {
        let prefix = &self.settings.prefix;
        let names = live.begin(reached)?;
        let key = key_places(&self.settings, &names)?;
        let name = |row: &Columns| name_of(prefix, &key, row);
        let mut expected = Expected::read(live, |_, row| (name(row).into_bytes(), json(&names, row)))?;
        let mut compared = Compared::begin(self.target(), reached.clone());
        compared.live = expected.len();
        let mut extra = BTreeSet::new();
        session.scan(prefix, |session, keys: Vec<Vec<u8>>| {
            live.hold(0)?;
            let values = session.values(&keys)?;
            for (key, value) in keys.into_iter().zip(values).filter(|(key, _)| key != place.as_bytes()) {
                let row = Row { key, value, names: &names };
                row.compare(&mut expected, &mut compared, &mut extra, live)?;
            }
            Ok(())
        })?;
        for signature in expected.missing() {
            compared.missing.add(|| {
                let row = live.row(signature)?;
                let key = row.as_ref().map(name).unwrap_or_default();
                Ok::<_, ReactionError>(Difference::new(key, row.map(|row| row_text(&names, &row)), None))
            })?;
        }
        Ok(compared)
    }
}

/// A key that was found.
struct Row<'a> {
    key: Vec<u8>,
    /// `None` if it is not a text.
    value: Option<Vec<u8>>,
    names: &'a [SmolStr],
}

impl Row<'_> {
    fn compare(
        &self,
        expected: &mut Expected,
        compared: &mut Compared,
        extra: &mut BTreeSet<u128>,
        live: &mut dyn Live,
    ) -> Result<(), ReactionError> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let found = || Some(self.value.as_deref().map_or_else(|| "a value that is not a text".into(), text));
        let key = text(&self.key);
        match expected.find(&self.key, self.value.as_deref().unwrap_or_default()) {
            Match::Same => compared.there += 1,
            // Redis may return a key twice while it resizes.
            Match::Again => {}
            Match::Changed(signature) => {
                compared.there += 1;
                compared.changed.add(|| {
                    let row = live.row(signature)?.map(|row| row_text(self.names, &row));
                    Ok::<_, ReactionError>(Difference::new(key, row, found()))
                })?;
            }
            Match::None => {
                live.hold(EXTRA_BYTES)?;
                if extra.insert(xxh3_128(&self.key)) {
                    compared.there += 1;
                    compared.extra.add(|| Ok::<_, ReactionError>(Difference::new(key, None, found())))?;
                }
            }
        }
        Ok(())
    }
}

impl Target for Keys {
    fn look(&self, kept: &Kept<'_>) -> Result<Held, ReactionError> {
        let (mut session, place) = (self.session()?, place(&self.settings.prefix, kept.store, kept.reaction));
        let reached = self.reached(&mut session, &place)?;
        let mut keys = Vec::new();
        session.scan(&self.settings.prefix, |_, found: Vec<Vec<u8>>| {
            keys.extend(found.iter().filter(|key| *key != place.as_bytes()).map(|key| xxh3_64(key)));
            given_up(kept, &self.target())
        })?;
        // Redis may return a key twice while it resizes.
        keys.sort_unstable();
        keys.dedup();
        Ok(Held { target: self.target(), rows: keys.len() as u64, reached })
    }

    fn compare(&self, kept: &Kept<'_>, live: &mut dyn Live) -> Result<Compared, ReactionError> {
        let (mut session, place) = (self.session()?, place(&self.settings.prefix, kept.store, kept.reaction));
        let mut from = self.reached(&mut session, &place)?;
        for tried in 1.. {
            let reached = from.filter(|reached| reached.query_id == kept.query_id);
            let reached = reached.ok_or_else(|| no_checkpoint(self.target()))?;
            let compared = self.compare_at(&mut session, &place, &reached, live)?;
            let after = self.reached(&mut session, &place)?;
            if after.as_ref() == Some(&reached) {
                return Ok(compared);
            }
            if tried >= TRIES {
                return Err(moved(self.target(), &reached, after.as_ref()));
            }
            from = after;
        }
        unreachable!("the last try returns")
    }
}
