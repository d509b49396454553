//! Turns an upstream's log and snapshot into element changes: a source logs element changes already; a query's rows
//! become nodes.
//!
//! A row is the node whose label is the query's (or the one it was given), whose id is the row's signature,
//! and whose properties are its columns.

use crate::Error;
use crate::feed::element::decode_element;
use crate::feed::follow::{Group, Upstream};
use livewell_model::codec::Reader;
use livewell_model::diff::Columns;
use livewell_model::row::signature_text;
use livewell_model::{
    AppliedChange, AppliedTransaction, Diff, Element, ElementId, Map, Node, Row, SmolStr, Timestamp, Value,
};

/// How the entries of one upstream become elements.
#[derive(Debug, Clone)]
pub(crate) struct Lens {
    pub(crate) upstream: Upstream,
    /// A query's columns; they can change with its epoch.
    pub(crate) columns: Vec<SmolStr>,
}

/// Returns everything one position brought, as one transaction.
pub(crate) fn transaction(group: &Group, lenses: &[Lens]) -> Result<AppliedTransaction, Error> {
    let mut changes = Vec::new();
    let mut timestamp = Timestamp(i64::MIN);
    let mut sequence = 0;
    for item in &group.items {
        let lens = &lenses[item.upstream];
        let mut reader = Reader::new("log entry", &item.entry.bytes);
        sequence = item.entry.sequence;
        if lens.upstream.is_query {
            let result = reader.result(sequence)?;
            timestamp = timestamp.max(result.timestamp);
            for diff in &result.diffs {
                changes.push(lens.change(diff)?);
            }
        } else {
            let transaction = reader.transaction(sequence)?;
            timestamp = timestamp.max(transaction.timestamp);
            changes.extend(transaction.changes);
        }
    }
    Ok(AppliedTransaction { sequence, position: group.position, timestamp, changes: merge_moved(changes) })
}

/// Merges several changes of one element into one, from its first image to its last: if one row leaves a signature and
/// another takes it, that is a delete and an add of one id, and timers may have changed it before the transaction did.
fn merge_moved(changes: Vec<AppliedChange>) -> Vec<AppliedChange> {
    let mut merged: Vec<AppliedChange> = Vec::with_capacity(changes.len());
    let mut places = std::collections::HashMap::new();
    for change in changes {
        match places.get(change.id()) {
            Some(at) => {
                let have: &mut AppliedChange = &mut merged[*at];
                have.after = change.after;
            }
            None => {
                places.insert(change.id().clone(), merged.len());
                merged.push(change);
            }
        }
    }
    merged.retain(|change| change.before.is_some() || change.after.is_some());
    merged
}

impl Lens {
    /// Reads the next change of an entry: a logged change of a source, or a diff of a query's result.
    pub(crate) fn read(&self, reader: &mut Reader<'_>) -> Result<AppliedChange, Error> {
        if self.upstream.is_query { self.change(&reader.diff()?) } else { Ok(reader.applied()?) }
    }

    fn change(&self, diff: &Diff) -> Result<AppliedChange, Error> {
        let signature = diff.row_signature();
        let node = |columns: &Columns| self.node(signature, columns).map(Some);
        Ok(match diff {
            Diff::Add { data, .. } => AppliedChange { before: None, after: node(data)? },
            Diff::Delete { data, .. } => AppliedChange { before: node(data)?, after: None },
            Diff::Update { before, after, .. } => {
                AppliedChange { before: node(before)?, after: node(after)? }
            }
        })
    }

    /// Returns an entry of the upstream's snapshot as an element, with the time of its last change; that of a row is
    /// not known.
    pub(crate) fn element(&self, key: &[u8], bytes: &[u8]) -> Result<(Element, Option<Timestamp>), Error> {
        if !self.upstream.is_query {
            let (changed, element) = decode_element(bytes)?;
            return Ok((element, Some(changed)));
        }
        let signature = key
            .try_into()
            .map(u64::from_be_bytes)
            .map_err(|_| Error::from(livewell_store::IndexError::corrupted("a row key has eight bytes")))?;
        Ok((self.node(signature, &Row::decode(bytes)?.columns)?, None))
    }

    /// Returns the key under which the upstream's snapshot holds the element `id`.
    pub(crate) fn key(&self, id: &ElementId) -> Result<Vec<u8>, Error> {
        if !self.upstream.is_query {
            return Ok(id.id.as_bytes().to_vec());
        }
        let signature = u64::from_str_radix(&id.id, 16)
            .map_err(|_| livewell_store::IndexError::corrupted("a row's id is its signature"))?;
        Ok(signature.to_be_bytes().to_vec())
    }

    fn node(&self, signature: u64, columns: &Columns) -> Result<Element, Error> {
        let mut properties = Map::new();
        for (name, value) in self.columns.iter().zip(columns.iter()) {
            match value {
                Value::Null => {}
                Value::Node(_) | Value::Relationship(_) | Value::Path(_) => {
                    return Err(Error::stopped(
                        "LW0511",
                        format!(
                            "column `{name}` of `{}` holds a {}, which cannot be a property of a row read by \
                             another query; return its properties instead",
                            self.upstream.id,
                            value.type_name()
                        ),
                    ));
                }
                value => properties.insert(name.clone(), value.clone()),
            }
        }
        let id = ElementId::new(self.upstream.id.as_str(), signature_text(signature));
        let node = Node { id, labels: vec![self.upstream.label.as_str().into()], properties };
        Ok(Element::Node(node.into()))
    }
}
