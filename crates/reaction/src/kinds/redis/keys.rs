//! The keys of a reaction: their names and values, and the checkpoint.

use super::RedisSettings;
use crate::{Reached, ReactionError};
use livewell_model::diff::Columns;
use livewell_model::json::Data;
use livewell_model::{SmolStr, Value};

/// Returns the keys in words.
pub(super) fn target(settings: &RedisSettings) -> String {
    format!("the keys `{}*`", settings.prefix)
}

/// Returns the places of the key columns in the query's columns.
pub(super) fn key_places(settings: &RedisSettings, names: &[SmolStr]) -> Result<Vec<usize>, ReactionError> {
    let place = |column: &String| {
        names.iter().position(|name| name == column).ok_or_else(|| ReactionError::Refused {
            target: target(settings),
            cause: format!("the key `{column}` is not a column of the query"),
        })
    };
    settings.key.iter().map(place).collect()
}

/// Returns the name of a row's key: the prefix, then the values of the key columns with `:` between them.
pub(super) fn name_of(prefix: &str, key: &[usize], row: &Columns) -> String {
    let part = |at: &usize| match &row[*at] {
        Value::String(text) => text.to_string(),
        other => serde_json::to_string(other).expect("a value always has a JSON form"),
    };
    let escaped = |at: &usize| part(at).replace('%', "%25").replace(':', "%3A");
    match key {
        [only] => format!("{prefix}{}", part(only)),
        several => format!("{prefix}{}", several.iter().map(escaped).collect::<Vec<_>>().join(":")),
    }
}

/// Returns the value of a row's key.
pub(super) fn json(names: &[SmolStr], columns: &Columns) -> String {
    serde_json::to_string(&Data { names, columns }).expect("a row always has a JSON form")
}

/// Returns the key of the checkpoint. If the prefix has a hash tag, so has this key, and a cluster keeps them together.
pub(super) fn place(prefix: &str, store: &str, reaction: &str) -> String {
    let tag = prefix.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(tag, _)| tag);
    let tag = tag.filter(|tag| !tag.is_empty()).map(|tag| format!("{{{tag}}}:")).unwrap_or_default();
    format!("livewell:{tag}checkpoint:{store}:{reaction}")
}

/// Returns the value of the checkpoint: `EPOCH SEQUENCE POSITION QUERY`.
pub(super) fn written(query_id: &str, epoch: u64, sequence: u64, position: u64) -> String {
    format!("{epoch} {sequence} {position} {query_id}")
}

/// Reads the value of the checkpoint.
pub(super) fn read(checkpoint: &str) -> Option<Reached> {
    let mut parts = checkpoint.splitn(4, ' ');
    let mut number = || parts.next()?.parse().ok();
    let (epoch, sequence, position) = (number()?, number()?, number()?);
    Some(Reached { query_id: parts.next()?.into(), epoch, sequence, position })
}
