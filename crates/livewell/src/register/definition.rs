//! The definition of a query as a store keeps it, for those who open it without the configuration.

use crate::Error;
use crate::feed::elements::Lens;
use crate::feed::follow::Upstream;
use crate::settings::Query;
use livewell_model::codec::{Reader, Writer};
use livewell_model::json::value_from_json;
use livewell_model::{Map, Value};
use livewell_query::{Join, Limits};
use livewell_store::catalog::{self, Kind, Registered};
use livewell_store::{IndexError, Snapshot, Store};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// The hash of everything that decides what the rows are: text, parameters, joins, and what is read, by identity.
pub(crate) fn hash(query: &Query, upstreams: &[Upstream]) -> u64 {
    let mut out = Writer::new();
    out.string(query.cypher.trim());
    for (name, value) in query.params.iter() {
        out.string(name).value(value);
    }
    for join in &query.joins {
        out.string(&join.kind).varint(join.keys.len() as u64);
        for key in &join.keys {
            out.string(&key.label).string(&key.property);
        }
    }
    // The other limits decide nothing about the rows.
    if query.limits.versions != Limits::default().versions {
        out.varint(query.limits.versions as u64);
    }
    for upstream in upstreams {
        out.string(&upstream.id).varint(upstream.number.into()).string(&upstream.label);
    }
    xxh3_64(&out.bytes)
}

/// The query as text. Parameters that JSON has no form for, such as decimals and dates, stand there once more as bytes.
pub(crate) fn text(query: &Query) -> String {
    let params = serde_json::to_value(&query.params).unwrap_or_default();
    let is_exact = params.as_object().and_then(params_of).as_ref() == Some(&query.params);
    let exact =
        (!is_exact).then(|| Writer::new().value(&Value::Map(query.params.clone().into())).bytes.clone());
    let joins: Vec<_> = query
        .joins
        .iter()
        .map(|join| {
            let keys: Vec<_> = join.keys.iter().map(|key| [&key.label, &key.property]).collect();
            serde_json::json!([join.kind, keys])
        })
        .collect();
    let mut text = serde_json::json!({
        "cypher": query.cypher, "sources": query.sources, "params": params, "label": query.label, "joins": joins,
        "limits": [query.limits.hops as usize, query.limits.rows], "versions": query.limits.versions,
    });
    if let Some(bytes) = exact {
        text["params_exact"] = serde_json::to_value(Value::Bytes(bytes.into())).unwrap_or_default();
    }
    text.to_string()
}

fn params_of(json: &serde_json::Map<String, serde_json::Value>) -> Option<Map> {
    json.iter().map(|(name, value)| Some((name.as_str(), value_from_json(value).ok()?))).collect()
}

/// Reads what [`text`] wrote.
pub(crate) fn read(id: &str, text: &str) -> Option<Query> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    let mut query = Query::cypher(id, json.get("cypher")?.as_str()?);
    query.sources =
        json.get("sources")?.as_array()?.iter().filter_map(|id| Some(id.as_str()?.to_owned())).collect();
    query.label = json.get("label").and_then(|label| label.as_str()).map(ToOwned::to_owned);
    if let Some(params) = json.get("params").and_then(serde_json::Value::as_object) {
        query.params = params_of(params)?;
    }
    if let Some(text) = json.get("params_exact") {
        query.params = exact_params(text.as_str()?)?;
    }
    let joins: Vec<(String, Vec<[String; 2]>)> =
        serde_json::from_value(json.get("joins").cloned().unwrap_or_default()).unwrap_or_default();
    let limits = json.get("limits").cloned().unwrap_or_default();
    if let Ok((hops, rows)) = serde_json::from_value(limits) {
        query.limits = Limits { hops, rows, ..query.limits };
    }
    if let Some(versions) = json.get("versions").and_then(serde_json::Value::as_u64) {
        query.limits.versions = usize::try_from(versions).unwrap_or(usize::MAX);
    }
    for (kind, keys) in joins {
        let join = |join: Join, [label, property]: [String; 2]| join.key(label, property);
        query.joins.push(keys.into_iter().fold(Join::new(kind), join));
    }
    Some(query)
}

/// Reads parameters as bytes in hexadecimal digits.
fn exact_params(text: &str) -> Option<Map> {
    let digits = |at: usize| text.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    let bytes = (0..text.len()).step_by(2).map(digits).collect::<Option<Vec<_>>>()?;
    match Reader::new("parameters", &bytes).value().ok()? {
        Value::Map(params) => Some(Map::clone(&params)),
        _ => None,
    }
}

/// What a store keeps of a reaction: the queries that it follows.
pub(crate) fn of_reaction(queries: &[String]) -> String {
    serde_json::json!({ "queries": queries }).to_string()
}

/// The queries that a stored reaction follows; `None` where an earlier version did not keep them.
pub(crate) fn queries_of_reaction(definition: &str) -> Option<Vec<String>> {
    let json: serde_json::Value = serde_json::from_str(definition).ok()?;
    serde_json::from_value(json.get("queries")?.clone()).ok()
}

/// A query as the store keeps it.
///
/// # Errors
/// [`crate::ErrorKind::NotFound`] for an unknown query; as the store has them.
pub fn stored_query(store: &dyn Store, query_id: &str) -> Result<Query, Error> {
    Ok(find(&*store.snapshot()?, query_id)?.1)
}

/// The entry of a query in the catalog, and what it says.
pub(crate) fn find(snapshot: &dyn Snapshot, query_id: &str) -> Result<(Registered, Query), Error> {
    let entry = catalog::find(snapshot, query_id)?.filter(|entry| entry.kind == Kind::Query);
    let entry =
        entry.ok_or_else(|| crate::register::unknown::in_store(snapshot, query_id, Some(Kind::Query)))?;
    let query = read(query_id, &entry.definition);
    let damaged = || IndexError::corrupted(format!("the stored definition of `{query_id}` cannot be read"));
    let query = query.ok_or_else(damaged)?;
    Ok((entry, query))
}

/// The label of a stored query's rows as nodes.
pub(crate) fn label_of(entry: &Registered) -> String {
    let query = read(&entry.id, &entry.definition);
    query.and_then(|query| query.label).unwrap_or_else(|| entry.id.clone())
}

/// The upstreams of a stored query, and how their entries become elements.
pub(crate) fn lenses(snapshot: &Arc<dyn Snapshot>, query: &Query) -> Result<Vec<Lens>, Error> {
    let lens = |id: &String| {
        let entry = catalog::find(&**snapshot, id)?.ok_or_else(|| Error::not_found(id))?;
        let (label, is_query) = (label_of(&entry), entry.kind == Kind::Query);
        crate::query::pipeline::lens(
            snapshot,
            &Upstream { id: id.clone(), number: entry.number, is_query, label },
            None,
        )
    };
    query.sources.iter().map(lens).collect()
}
