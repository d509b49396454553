//! Where reactions write, so that two which would write to one place are found without comparing each with each.

use super::paths::resolved;
use livewell_reaction::conflict::{shared_paths, shared_targets};
use livewell_reaction::settings::SettingsError;
use livewell_reaction::{Connector, Settings};
use std::collections::{BTreeMap, HashMap};
use std::os::unix::ffi::OsStrExt;

/// The places of reactions in their section, by where they write. Files are where their paths led when they were put in.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    places: BTreeMap<Vec<u8>, Vec<u64>>,
    keys: HashMap<u64, Vec<u8>>,
}

impl Targets {
    /// Adds the reaction at `place` of its section.
    pub fn put(&mut self, place: u64, connector: &Connector) {
        if let Some(key) = key(connector) {
            self.places.entry(key.clone()).or_default().push(place);
            self.keys.insert(place, key);
        }
    }

    /// Takes the reaction at `place` of its section out.
    pub fn take(&mut self, place: u64) {
        let Some(key) = self.keys.remove(&place) else { return };
        if let Some(places) = self.places.get_mut(&key) {
            places.retain(|other| *other != place);
            if places.is_empty() {
                self.places.remove(&key);
            }
        }
    }

    /// Why the reaction `new`, at `place`, cannot write where it wants to: an earlier one does, or a later one, which
    /// `other` finds by its place.
    pub fn conflicts<'a>(
        &self,
        place: u64,
        new: &'a Settings,
        other: impl Fn(u64) -> Option<&'a Settings>,
    ) -> Vec<SettingsError> {
        let (mut found, mut is_first) = (Vec::new(), true);
        for at in self.near(&new.connector).into_iter().filter(|at| *at != place) {
            let Some(other) = other(at) else { continue };
            let pair = if at < place { [other, new] } else { [new, other] };
            let shared = shared_paths(pair).into_iter().chain(shared_targets(pair));
            let shared: Vec<SettingsError> = shared.map(|(_, error)| error).collect();
            // Of those before it one is enough.
            if !shared.is_empty() && (at > place || std::mem::take(&mut is_first)) {
                found.extend(shared);
            }
        }
        found
    }

    /// The places of all that may write where this one does.
    fn near(&self, connector: &Connector) -> Vec<u64> {
        let Some(key) = key(connector) else { return Vec::new() };
        let longer = |key: &[u8]| {
            let (from, begin) = (key.to_vec(), key.to_vec());
            self.places.range(from..).take_while(move |(other, _)| other.starts_with(&begin))
        };
        let mut places: Vec<u64> = self.places.get(&key).cloned().unwrap_or_default();
        match connector {
            Connector::File(file) => {
                if file.rotate.is_some() {
                    places.extend(longer(&[&key, &b"."[..]].concat()).flat_map(|(_, places)| places));
                }
                let digits = key.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
                if let Some(rotated) = key[..key.len() - digits].strip_suffix(b".") {
                    places.extend(self.places.get(rotated).into_iter().flatten());
                }
            }
            Connector::Redis(_) => {
                places.extend(longer(&key).flat_map(|(_, places)| places));
                places.extend((0..key.len()).filter_map(|end| self.places.get(&key[..end])).flatten());
            }
            _ => {}
        }
        places.sort_unstable();
        places.dedup();
        places
    }
}

fn key(connector: &Connector) -> Option<Vec<u8>> {
    match connector {
        Connector::File(file) => {
            let path = resolved(&file.path).unwrap_or_else(|_| file.path.clone());
            Some([b"f", path.as_os_str().as_bytes()].concat())
        }
        Connector::Kafka(kafka) => {
            Some([b"k", kafka.url.reveal().as_bytes(), b"\0", kafka.topic.as_bytes()].concat())
        }
        Connector::Postgres(table) if !table.table.is_empty() => {
            Some([b"p", table.url.reveal().as_bytes(), b"\0", table.table.as_bytes()].concat())
        }
        Connector::Redis(redis) => {
            Some([b"r", redis.url.reveal().as_bytes(), b"\0", redis.prefix.as_bytes()].concat())
        }
        _ => None,
    }
}
