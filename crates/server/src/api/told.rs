//! What server-sent events say, as the document describes it: each by its name, with the schema of its `data`, which is JSON
//! in a line.

use super::overview::graph::Count;
use super::overview::node::Node;
use super::shape::Trouble;
use super::wire::{Doing, Epoch, Hex, Row, Time};
use crate::journal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::marker::PhantomData;

/// JSON in a text.
pub struct Text<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for Text<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("TextOf{}", T::schema_name()).into()
    }

    fn json_schema(schemas: &mut SchemaGenerator) -> Schema {
        let content = schemas.subschema_for::<T>();
        json_schema!({ "type": "string", "contentMediaType": "application/json", "contentSchema": content })
    }
}

/// EPOCH-SEQUENCE, to continue after.
#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "the schema is all that is used of it")]
pub struct At(#[schemars(regex(pattern = "^[0-9]+-[0-9]+$"))] String);

/// A server-sent event of a query.
#[derive(JsonSchema)]
#[schemars(rename = "Event", tag = "event", rename_all = "snake_case")]
#[expect(dead_code, reason = "events are written as text")]
pub enum OfQuery {
    /// A row of the snapshot.
    Row { data: Text<Row> },
    /// The snapshot is whole; results follow.
    SnapshotEnd { id: At, data: Text<SnapshotEnd> },
    /// What a transaction has changed.
    Result { id: At, data: Text<ResultEvent> },
    /// What was sent does not continue; a snapshot follows.
    Reset { data: Text<Reset> },
    /// Nothing has come for a while.
    Heartbeat { data: Text<Heartbeat> },
}

/// A server-sent event of what a tab follows.
#[derive(JsonSchema)]
#[schemars(rename = "StreamEvent", tag = "event", rename_all = "snake_case")]
#[expect(dead_code, reason = "events are written as text")]
pub enum OfTab {
    /// The components: all of them first, then those that differ.
    Status { data: Text<StatusEvent> },
    /// What happened.
    Event { data: Text<journal::Event> },
    /// The head of the query, of a stream that begins without a snapshot.
    Head { id: At, data: Text<Head> },
    /// A row of the snapshot.
    Row { data: Text<Row> },
    /// The snapshot is whole; results follow.
    SnapshotEnd { id: At, data: Text<SnapshotEnd> },
    /// What a transaction has changed.
    Result { id: At, data: Text<ResultEvent> },
    /// What was sent of the query does not continue; a snapshot follows.
    Reset { data: Text<Reset> },
    /// Nothing has come of the query for a while.
    Heartbeat { data: Text<Heartbeat> },
    /// Nothing more comes of the query: it was stopped or removed.
    End { data: Text<End> },
}

/// What differs of the components from what was sent before.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "events are written as text")]
pub struct StatusEvent {
    at: Time,
    /// Whether all that is shown is in it; else only what differs.
    first: bool,
    /// How many components there are.
    total: usize,
    /// Whether all are shown; else only those in trouble are.
    whole: bool,
    /// How many of each kind are in each state; null if that is as before.
    counts: Option<Vec<Count>>,
    components: Vec<Node>,
    /// The ids of those that are no longer shown.
    removed: Vec<String>,
    /// Whether `GET /api/v1/graph` has other edges now.
    edges_changed: bool,
    /// How many need somebody.
    needs: usize,
}

/// The head of a query's results.
#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "events are written as text")]
pub struct Head {
    epoch: Epoch,
    sequence: u64,
    columns: Vec<String>,
}

/// The end of a snapshot.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "events are written as text")]
pub struct SnapshotEnd {
    epoch: Epoch,
    sequence: u64,
    columns: Vec<String>,
    /// Whether the rows came in the order that the query asks for.
    ordered: bool,
    checked: Option<bool>,
    state: Doing,
    error: Option<Trouble>,
}

/// What a transaction has changed in a query.
#[derive(JsonSchema)]
#[schemars(rename = "Result")]
#[expect(dead_code, reason = "events are written as text")]
pub struct ResultEvent {
    query_id: String,
    epoch: Epoch,
    sequence: u64,
    position: u64,
    timestamp: Time,
    results: Vec<Diff>,
}

/// A change of a row.
#[derive(JsonSchema)]
#[schemars(tag = "type", rename_all = "UPPERCASE")]
#[expect(dead_code, reason = "events are written as text")]
pub enum Diff {
    Add { row_signature: Hex, data: Map<String, Json> },
    Update { row_signature: Hex, before: Map<String, Json>, after: Map<String, Json> },
    Delete { row_signature: Hex, data: Map<String, Json> },
}

/// Why what was sent does not continue.
#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "events are written as text")]
pub struct Reset {
    reason: String,
}

/// What the query is doing.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "events are written as text")]
pub struct Heartbeat {
    state: Doing,
    error: Option<Trouble>,
}

/// Which query ended.
#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "events are written as text")]
pub struct End {
    query: String,
}
