//! The hash of a query's definition, which shows whether it has changed.

use crate::feed::follow::Upstream;
use crate::settings::Query;
use livewell_model::codec::Writer;
use livewell_query::{Limits, Parameter};
use xxhash_rust::xxh3::xxh3_64;

impl Query {
    /// Returns whether the rows of both depend on the same text, parameters, joins and upstreams: one can be changed to the
    /// other without building its rows again, as long as the labels of its upstreams stay.
    pub fn has_rows_of(&self, other: &Self) -> bool {
        self.sources == other.sources && of_query(self, &[]) == of_query(other, &[])
    }
}

/// Returns the hash of everything that the rows depend on: text, parameters with and without a value, joins, and the upstreams by their
/// identities.
pub(crate) fn of_query(query: &Query, upstreams: &[Upstream]) -> u64 {
    let mut out = Writer::new();
    out.string(query.cypher.trim());
    for (name, value) in query.params.iter() {
        out.string(name).value(value);
    }
    if !query.for_each.is_empty() {
        out.string("for each").varint(query.for_each.len() as u64);
    }
    for Parameter { name, of } in &query.for_each {
        out.string(name).string(of.name());
    }
    for join in &query.joins {
        out.string(&join.kind).varint(join.keys.len() as u64);
        for key in &join.keys {
            out.string(&key.label).string(&key.property);
        }
    }
    // The rows do not depend on the other limits.
    if query.limits.versions != Limits::default().versions {
        out.varint(query.limits.versions as u64);
    }
    for upstream in upstreams {
        out.string(&upstream.id).varint(upstream.number.into()).string(&upstream.label);
    }
    xxh3_64(&out.bytes)
}
