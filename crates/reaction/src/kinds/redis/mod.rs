//! `kind: redis`: a key for each live row, written together with the checkpoint by one script.

mod compare;
mod keys;
mod session;
mod settings;

pub use settings::RedisSettings;

use crate::keyed::{Change, Changes, Keyed};
use crate::kind::Kind;
use crate::settings_error::{SettingsError, one_query};
use crate::shared::Shared;
use crate::target::Target;
use crate::{
    Delivered, Guarantee, Outgoing, Reached, Reaction, ReactionError, Role, SnapshotOf, Start, Started, Style,
};
use keys::{json, key_places, name_of, place, read, target, written};
use livewell_model::diff::Columns;
use livewell_model::probe::Probed;
use redis::Script;
use session::Session;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The one byte of detail: the reaction has started before, and the target knows the rest.
const BEGUN: &[u8] = &[1];
/// How many keys one call writes.
const KEYS_MAX: usize = 10_000;

impl Kind for RedisSettings {
    fn role(&self) -> Role {
        Role::StateKeeper
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnce
    }

    fn validate(&self, queries: usize) -> Result<(), SettingsError> {
        one_query(queries).and_then(|()| self.check())
    }

    fn build(&self, _: &Shared) -> Box<dyn Reaction> {
        Box::new(Redis::new(self.clone()))
    }

    // A value is a text in Redis, and a text is always taken.
    fn can_refuse(&self) -> bool {
        false
    }

    fn key(&self) -> &[String] {
        &self.key
    }

    fn shares_target(&self, other: &Self) -> Option<&'static str> {
        // The reaction with the shorter prefix would consider the other's keys its own.
        let overlap = self.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&self.prefix);
        (self.url == other.url && overlap).then_some("prefix")
    }

    fn probe(&self) -> Option<Result<Probed, ReactionError>> {
        Some(session::probe(self))
    }
}

/// Keeps keys of a Redis equal to a query's live results.
pub struct Redis {
    settings: RedisSettings,
    running: Option<Running>,
}

struct Running {
    session: Session,
    script: Script,
    /// The key of the checkpoint, and its value; empty if there is none.
    place: String,
    checkpoint: String,
}

/// One key of a call: whether it exists before, and its new value, if it is to exist.
struct Write {
    key: String,
    was: bool,
    value: Option<String>,
}

/// The outcome of a call.
enum Outcome {
    Done,
    /// The write at this place found a key that should not exist, or did not find one that should.
    Taken(usize),
    Gone(usize),
}

impl Redis {
    /// Creates a reaction that keeps the keys that `settings` name. Does no I/O yet.
    pub fn new(settings: RedisSettings) -> Self {
        Self { settings, running: None }
    }

    fn target(&self) -> String {
        target(&self.settings)
    }
}

impl Running {
    /// Writes keys and moves the checkpoint to `to`, or does nothing.
    fn write(&mut self, writes: &[Write], to: &str, checked: bool) -> Result<Outcome, ReactionError> {
        let mut call = self.script.prepare_invoke();
        call.key(&self.place).arg(&self.checkpoint).arg(to).arg(u8::from(checked));
        for write in writes {
            let value = write.value.as_deref();
            call.key(&write.key).arg(u8::from(write.was)).arg(u8::from(value.is_some()));
            call.arg(value.unwrap_or_default());
        }
        let answer: Vec<String> = self.session.with(|connection| call.invoke(connection))?;
        let place = || answer.get(1).and_then(|place| place.parse().ok()).unwrap_or(0);
        match answer.first().map(String::as_str) {
            Some("done") => {
                to.clone_into(&mut self.checkpoint);
                Ok(Outcome::Done)
            }
            Some("taken") => Ok(Outcome::Taken(place())),
            Some("gone") => Ok(Outcome::Gone(place())),
            // A call that was given up may still have succeeded: the next start reads the checkpoint.
            _ => Err(ReactionError::Away {
                target: format!("the key `{}`", self.place),
                cause: "it was moved by someone else; if that continues, another process runs on a copy of the store"
                    .into(),
                after: None,
            }),
        }
    }
}

impl Reaction for Redis {
    fn role(&self) -> Role {
        Role::StateKeeper
    }

    fn style(&self) -> Style {
        Style::Results
    }

    fn identity(&self) -> String {
        format!("keys `{}*` of Redis by `{}`", self.settings.prefix, self.settings.key.join("`, `"))
    }

    fn start(&mut self, start: &Start<'_>) -> Result<Started, ReactionError> {
        let mut session = Session::new(&self.settings.url, self.settings.timeout)?;
        let place = place(&self.settings.prefix, start.store, start.reaction);
        let is_first = start.detail.is_none();
        let stored: Option<String> = session.with(|connection| {
            if is_first {
                redis::cmd("DEL").arg(&place).exec(connection)?;
            }
            redis::cmd("GET").arg(&place).query(connection)
        })?;
        let checkpoint = stored.unwrap_or_default();
        let reached: Vec<Reached> = read(&checkpoint).into_iter().collect();
        let script = Script::new(include_str!("write.lua"));
        self.running = Some(Running { session, script, place, checkpoint });
        Ok(Started { detail: BEGUN.to_vec(), rebuild: reached.is_empty(), reached })
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        let Some(first) = results.first() else { return Ok(Delivered::all(results, BEGUN.to_vec())) };
        // Results of one epoch have the same columns; others come in the next part.
        let of_epoch = results.iter().take_while(|outgoing| outgoing.epoch == first.epoch).count();
        let results = &results[..of_epoch];
        let last = results.last().unwrap_or(first);
        let (target, key) = (self.target(), key_places(&self.settings, last.columns)?);
        let prefix = self.settings.prefix.clone();
        let key_of = |row: &Columns| name_of(&prefix, &key, row);
        let keyed = Keyed { key_of: &key_of, names: last.columns, target: &target };
        let mut changes = Changes::new();
        results.iter().try_for_each(|outgoing| keyed.add(&mut changes, outgoing))?;
        let write = |(name, change): (&String, &Change)| Write {
            key: name.clone(),
            was: change.before.is_some(),
            value: change.row.as_ref().map(|(_, row)| json(last.columns, row)),
        };
        let writes: Vec<Write> = changes.iter().map(write).collect();
        let (sequence, position) = (last.result.sequence, last.result.position);
        let to = written(last.query_id, last.epoch, sequence, position);
        let second = |at: usize| {
            let row = changes.values().nth(at).and_then(|change| change.row.as_ref());
            row.map(|(signature, row)| keyed.in_words(*signature, row)).unwrap_or_default()
        };
        let running = self.running.as_mut().ok_or(ReactionError::NotStarted)?;
        match running.write(&writes, &to, true)? {
            Outcome::Done => Ok(Delivered::all(results, BEGUN.to_vec())),
            Outcome::Gone(at) => {
                let cause = format!("the key `{}` is gone", writes[at].key);
                Err(ReactionError::Altered { target, cause })
            }
            Outcome::Taken(at) => {
                let name = writes[at].key.clone();
                let there: Option<String> =
                    running.session.with(|connection| redis::cmd("GET").arg(&name).query(connection))?;
                let (first, second) = (there.unwrap_or_default(), second(at));
                Err(ReactionError::SameKey { target, key: name, first, second })
            }
        }
    }

    /// Replaces the keys by difference: compares the keys under the prefix with the snapshot, and writes what differs.
    /// A difference of more keys than one call writes becomes visible in parts, and has no checkpoint until its end.
    fn replace(&mut self, snapshot: SnapshotOf<'_>) -> Result<Vec<u8>, ReactionError> {
        let (target, key) = (self.target(), key_places(&self.settings, snapshot.columns)?);
        let prefix = self.settings.prefix.clone();
        let key_of = |row: &Columns| name_of(&prefix, &key, row);
        let keyed = Keyed { key_of: &key_of, names: snapshot.columns, target: &target };
        let mut wanted: BTreeMap<String, (u64, Columns)> = BTreeMap::new();
        for row in &mut *snapshot.rows {
            let query_id = || snapshot.query_id.to_owned();
            let (signature, row) =
                row.map_err(|cause| ReactionError::Snapshot { query_id: query_id(), cause })?;
            let name = key_of(&row);
            if let Some(first) = wanted.get(&name) {
                return Err(keyed.same_key(name, first, (signature, &row)));
            }
            wanted.insert(name, (signature, row));
        }
        let running = self.running.as_mut().ok_or(ReactionError::NotStarted)?;
        let mut writes = Vec::new();
        for (name, value) in running.session.entries(&prefix)? {
            let row = if name == running.place { continue } else { wanted.remove(&name) };
            let now = row.map(|(_, row)| json(snapshot.columns, &row));
            if now.as_deref() != Some(&value) {
                writes.push(Write { key: name, was: true, value: now });
            }
        }
        let new = wanted.into_iter().map(|(name, (_, row))| Write {
            key: name,
            was: false,
            value: Some(json(snapshot.columns, &row)),
        });
        writes.extend(new);
        let to = written(snapshot.query_id, snapshot.epoch, snapshot.sequence, snapshot.position);
        while writes.len() > KEYS_MAX {
            let rest = writes.split_off(KEYS_MAX);
            running.write(&writes, "", false)?;
            writes = rest;
        }
        running.write(&writes, &to, false)?;
        Ok(BEGUN.to_vec())
    }

    fn target(&self) -> Option<Arc<dyn Target>> {
        Some(Arc::new(compare::Keys::new(self.settings.clone())))
    }
}
