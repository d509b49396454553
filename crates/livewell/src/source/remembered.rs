//! What a source remembers of its settings: those that decide what its elements are made of.
//!
//! They are stored before the first input is read, and compared at every start. Where they differ for what was read
//! already, the elements are not what the settings would make of it: the source stops and says what has changed.
//! Settings that change no element are not among them, so they are followed silently. A `postgres` source remembers its
//! kind here; what its tables became it compares itself.

use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::run::supervise::failed_while;
use crate::source::failure::wrap;
use crate::source::in_process::InProcess;
use crate::source::intake::Intake;
use crate::source::key::definition_key;
use crate::source::wipe::wipe;
use livewell_source::file::FilePosition;
#[cfg(feature = "nats")]
use livewell_source::settings::NatsSettings;
use livewell_source::settings::{FileEntry, FileSettings};
use livewell_source::{ErrorKind, SourceError};
use livewell_store::Snapshot;
use serde_json::{Map, Value as Json, json};
use std::sync::atomic::Ordering;

const FORMAT: u8 = 1;
/// The fields of a mapping.
#[cfg(feature = "nats")]
const MAPPING: [&str; 9] = [
    "node",
    "relationships",
    "properties",
    "types",
    "operation",
    "record",
    "record_before",
    "timestamp",
    "unavailable_value",
];

/// The settings of a source that decide what its elements are made of, in the words of a configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Definition(Json);

impl Definition {
    pub(crate) fn of_files(settings: &FileSettings) -> Self {
        let entry = |entry: FileEntry| {
            let is_table = entry.path.file_name().is_some_and(|name| name.to_string_lossy().contains(".csv"));
            let mut shown = serde_json::to_value(&entry).unwrap_or_default();
            if is_table {
                shown["null_text"] = json!(settings.null_text);
            }
            shown
        };
        Self(json!({
            "kind": "file", "files": settings.entries().into_iter().map(entry).collect::<Vec<_>>(),
        }))
    }

    #[cfg(feature = "nats")]
    pub(crate) fn of_stream(settings: &NatsSettings) -> Self {
        let mut all = serde_json::to_value(settings).unwrap_or_default();
        let mut kept = json!({ "kind": "nats", "subject": all["subject"].take() });
        for field in MAPPING {
            kept[field] = all[field].take();
        }
        Self(kept)
    }

    /// The definition of a source that receives changes from its callers.
    pub(crate) fn of_channel(mapping: &Map<String, Json>) -> Self {
        let mut kept = mapping.clone();
        kept.insert("kind".into(), json!("http"));
        Self(Json::Object(kept))
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn of_database() -> Self {
        Self(json!({ "kind": "postgres" }))
    }

    fn kind(&self) -> &str {
        self.0["kind"].as_str().unwrap_or_default()
    }

    fn files(&self) -> &[Json] {
        self.0["files"].as_array().map_or(&[], Vec::as_slice)
    }

    /// What the source remembers; nothing if it has begun nothing, or a version began it that remembered nothing.
    fn stored(shared: &Shared, source: &Component) -> Result<Option<Self>, Error> {
        Self::read(&*shared.store.snapshot()?, source.number)
    }

    fn read(snapshot: &dyn Snapshot, source: u32) -> Result<Option<Self>, Error> {
        let bytes = snapshot.get(&definition_key(source))?;
        let json = bytes.as_deref().and_then(<[u8]>::split_first).filter(|(format, _)| **format == FORMAT);
        Ok(json.and_then(|(_, json)| serde_json::from_slice(json).ok()).map(Self))
    }

    /// Remembers these settings from now on.
    pub(crate) fn keep(&self, shared: &Shared, source: &Component) -> Result<(), Error> {
        if Self::stored(shared, source)?.as_ref() == Some(self) {
            return Ok(());
        }
        let mut bytes = vec![FORMAT];
        bytes.extend(self.0.to_string().into_bytes());
        let mut intake = Intake::begin(shared, source)?;
        intake.overlay().put(definition_key(source.number), bytes);
        intake.commit()
    }

    /// Refuses another kind than the one that the source's elements are from.
    pub(crate) fn check_kind(&self, shared: &Shared, source: &Component) -> Result<(), Error> {
        let Some(stored) = Self::stored(shared, source)? else { return Ok(()) };
        let (was, is) = (stored.kind(), self.kind());
        if was == is {
            return Ok(());
        }
        let way_out = if may_wipe(was, is) {
            format!("`livewell reset {}` empties it and starts it over", source.id)
        } else {
            "give the new one an id of its own".to_owned()
        };
        Err(changed(format!(
            "`{}` was of `kind: {was}` and is of `kind: {is}`; change it back, or {way_out}",
            source.id
        )))
    }

    /// Whether a reset may wipe what the source has: not where another kind left more than a wipe takes away.
    pub(crate) fn check_wipe(&self, shared: &Shared, source: &Component) -> Result<(), Error> {
        match Self::stored(shared, source)? {
            Some(stored) if !may_wipe(stored.kind(), self.kind()) => self.check_kind(shared, source),
            _ => Ok(()),
        }
    }

    /// Refuses files other settings of which made the elements that were read of them already.
    pub(crate) fn check_files(&self, shared: &Shared, source: &Component, begun: usize) -> Result<(), Error> {
        let Some(stored) = Self::stored(shared, source)? else { return Ok(()) };
        let mut found = Vec::new();
        for (was, is) in stored.files().iter().zip(self.files()).take(begun) {
            let mut different = differences(was, is);
            different.retain(|field| !field.starts_with("`path`"));
            if self.files().len() > 1 {
                let path = is["path"].as_str().unwrap_or_default();
                different.iter_mut().for_each(|field| *field = format!("{field} (`{path}`)"));
            }
            found.append(&mut different);
        }
        refuse(&source.id, &found, "reads its files again")
    }

    /// Names the paths that have changed where a file is not the one that was read.
    pub(crate) fn explain_file(
        &self,
        shared: &Shared,
        source: &Component,
        error: SourceError,
    ) -> Result<SourceError, Error> {
        let Some(stored) = Self::stored(shared, source)?.filter(|_| error.kind == ErrorKind::Changed) else {
            return Ok(error);
        };
        let moved = stored.files().iter().zip(self.files()).find(|(was, is)| was["path"] != is["path"]);
        let Some((was, is)) = moved else { return Ok(error) };
        let (was, is) = (text(&was["path"]), text(&is["path"]));
        let message = format!(
            "`path` was `{was}` and is `{is}`, which does not begin with what was read: {}",
            error.message
        );
        Ok(SourceError { code: "LW0216", message, ..error })
    }

    /// Refuses a stream other settings of which made the elements.
    #[cfg(feature = "nats")]
    pub(crate) fn check_stream(
        &self,
        shared: &Shared,
        source: &Component,
        has_begun: bool,
    ) -> Result<(), Error> {
        match Self::stored(shared, source)?.filter(|_| has_begun) {
            Some(stored) => {
                refuse(&source.id, &differences(&stored.0, &self.0), "reads its stream from the beginning")
            }
            None => Ok(()),
        }
    }

    /// Reports which fields of the mapping have changed. What callers sent before cannot be read again.
    pub(crate) fn follow_sender(&self, shared: &Shared, source: &Component) -> Result<(), Error> {
        self.check_kind(shared, source)?;
        if let Some(stored) = Self::stored(shared, source)?
            && let different = differences(&stored.0, &self.0)
            && !different.is_empty()
        {
            tracing::warn!(
                source = %source.id,
                "{}: that holds for what is sent from now on; what is stored stays as it came until it is sent again",
                different.join(", ")
            );
        }
        self.keep(shared, source)
    }
}

/// Takes up how what is sent becomes elements; where the source was of another kind, once a reset has emptied it.
pub(crate) fn begin_channel(
    shared: &Shared,
    component: &Component,
    source: &InProcess,
    refuse: &mut dyn FnMut(&Error),
) {
    let definition = Definition::of_channel(&source.mapping);
    while let Err(error) = definition.follow_sender(shared, component) {
        failed_while(shared, component, &error, refuse);
        if shared.is_stopping(component) {
            break;
        }
        if component.reset.swap(false, Ordering::AcqRel)
            && definition.check_wipe(shared, component).is_ok()
            && let Err(error) = wipe(shared, component)
        {
            failed_while(shared, component, &error, refuse);
            component.reset.fetch_or(error.passes_by_itself(), Ordering::AcqRel);
        }
    }
}

/// Whether the source remembers that it is sent to.
pub(crate) fn is_sent_to(snapshot: &dyn Snapshot, source: u32) -> Result<bool, Error> {
    Ok(Definition::read(snapshot, source)?.is_some_and(|stored| stored.kind() == "http"))
}

/// How many files were begun at this position.
pub(crate) fn begun(settings: &FileSettings, position: Option<&FilePosition>) -> usize {
    position.map_or(0, |position| {
        position.done.len() + usize::from(position.offset > 0 || settings.rotation.is_some())
    })
}

fn may_wipe(was: &str, is: &str) -> bool {
    (was == "postgres") == (is == "postgres")
}

fn refuse(id: &str, different: &[String], what_reset_does: &str) -> Result<(), Error> {
    if different.is_empty() {
        return Ok(());
    }
    Err(changed(format!(
        "what `{id}` has stored was made by other settings: {}; change them back, or `livewell reset {id}` \
         {what_reset_does}",
        different.join(", ")
    )))
}

fn changed(message: String) -> Error {
    wrap(SourceError { kind: ErrorKind::Changed, code: "LW0216", message, place: None })
}

/// The fields in which two settings differ, each with what it was and what it is.
fn differences(was: &Json, is: &Json) -> Vec<String> {
    let mut found = Vec::new();
    compare("", was, is, &mut found);
    found
}

fn compare(field: &str, was: &Json, is: &Json, found: &mut Vec<String>) {
    if was == is {
        return;
    }
    let empty = Map::new();
    let map = |json: &Json| match json {
        Json::Object(map) => Some(map.clone()),
        Json::Null => Some(empty.clone()),
        _ => None,
    };
    if let (Some(old), Some(new)) = (map(was), map(is)) {
        let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let inner = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
            compare(
                &inner,
                &old.get(name).cloned().unwrap_or_default(),
                &new.get(name).cloned().unwrap_or_default(),
                found,
            );
        }
        return;
    }
    found.push(match (was, is) {
        (Json::Null, is) => format!("`{field}` was not given and is `{}`", text(is)),
        (was, Json::Null) => format!("`{field}` was `{}` and is no longer given", text(was)),
        (was, is) => format!("`{field}` was `{}` and is `{}`", text(was), text(is)),
    });
}

fn text(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_differs_is_named_with_what_it_was_and_is() {
        let was =
            json!({ "node": { "label": "Readings", "id": "{id}" }, "types": { "x": "text" }, "n": [1] });
        let is = json!({ "node": { "label": "Reading", "id": "{id}" }, "record": "after", "n": [1] });
        assert_eq!(
            differences(&was, &is),
            [
                "`node.label` was `Readings` and is `Reading`",
                "`record` was not given and is `after`",
                "`types.x` was `text` and is no longer given",
            ]
        );
        assert_eq!(differences(&was, &was), [""; 0]);
    }
}
