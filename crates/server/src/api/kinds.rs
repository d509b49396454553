//! `GET /api/v1/kinds`: the kinds of sources and reactions of this server, for whoever writes one.

use super::call::{Call, call};
use super::problem::Problem;
use crate::schema::CONFIGURATION;
use axum::Json;
use axum::http::Method;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// The kinds of sources and reactions.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Kinds")]
struct All {
    sources: Vec<Described>,
    reactions: Vec<Described>,
}

/// A kind of source or reaction.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
struct Described {
    /// What a configuration calls it.
    kind: &'static str,
    /// What it does.
    description: &'static str,
    /// The JSON schema of one.
    schema: Map<String, Value>,
    /// One in YAML, to begin with.
    example: &'static str,
}

/// The name of a kind, what it does, and one to begin with.
type Known = (&'static str, &'static str, &'static str);

const SOURCES: [Known; 6] = [
    (
        "file",
        "Reads files of changes or records, JSON lines or CSV, and follows what is appended",
        "id: orders\nkind: file\npath: livewell-files/orders.csv\nnode:\n  label: Order\n  id: \"order:{id}\"\n",
    ),
    ("http", "Takes changes or records that are sent to it by HTTP", "id: orders\nkind: http\n"),
    (
        "kafka",
        "Follows a topic of Kafka",
        "id: orders\nkind: kafka\nurl: \"kafka://127.0.0.1:9092\"\ntopic: orders\nnode:\n  label: Order\n  id: \"order:{id}\"\n",
    ),
    (
        "mysql",
        "Follows tables of a MariaDB database by its binary log",
        "id: shop\nkind: mysql\nurl: \"${MARIADB_URL}\"\ntables:\n  - table: orders\n    label: Order\n",
    ),
    (
        "nats",
        "Follows a stream of NATS JetStream",
        "id: orders\nkind: nats\nurl: \"nats://127.0.0.1:4222\"\nstream: orders\nnode:\n  label: Order\n  id: \"order:{id}\"\n",
    ),
    (
        "postgres",
        "Follows tables of a PostgreSQL database by logical replication",
        "id: shop\nkind: postgres\nurl: \"${SHOP_URL}\"\ntables:\n  - table: public.orders\n    label: Order\n",
    ),
];

const REACTIONS: [Known; 7] = [
    (
        "file",
        "Appends each result to a file, or keeps a file of the rows as they are now",
        "id: out\nkind: file\nqueries:\n  - late\npath: livewell-files/late.jsonl\nmode: table\n",
    ),
    ("log", "Logs each result", "id: out\nkind: log\nqueries:\n  - late\n"),
    (
        "webhook",
        "Sends each change as an HTTP request",
        "id: hook\nkind: webhook\nqueries:\n  - late\nurl: \"https://example.com/late\"\nsecret: \"${HOOK_SECRET}\"\n",
    ),
    (
        "nats",
        "Publishes each change to NATS JetStream",
        "id: out\nkind: nats\nqueries:\n  - late\nurl: \"nats://127.0.0.1:4222\"\nsubject: \"late.{{ row.id }}\"\n",
    ),
    (
        "kafka",
        "Writes each change, or each row, to a topic of Kafka",
        "id: out\nkind: kafka\nqueries:\n  - late\nurl: \"kafka://127.0.0.1:9092\"\ntopic: late\nkey: \"{{ row.id }}\"\n",
    ),
    (
        "postgres",
        "Keeps a table of a PostgreSQL database, or executes a statement for each change",
        "id: out\nkind: postgres\nqueries:\n  - late\nurl: \"${SHOP_URL}\"\ntable: late\nkey:\n  - id\n",
    ),
    (
        "redis",
        "Keeps a key of a Redis for each row",
        "id: out\nkind: redis\nqueries:\n  - late\nurl: \"redis://127.0.0.1:6379\"\nprefix: \"late:\"\nkey:\n  - id\n",
    ),
];

static KINDS: LazyLock<All> = LazyLock::new(|| {
    let sources = livewell_source::kinds::KINDS.iter().filter(|kind| kind.is_configured);
    let sources: Vec<&str> = sources.map(|kind| kind.name).collect();
    let schema: Value = serde_json::from_str(CONFIGURATION).expect("a test reads it");
    All {
        sources: described(&schema, "sources", &SOURCES, &sources),
        reactions: described(&schema, "reactions", &REACTIONS, livewell_reaction::BUILT_IN),
    }
});

/// Returns the call.
pub fn calls() -> Vec<Call> {
    let get = async || Ok::<_, Problem>(Json(KINDS.clone()));
    let summary =
        "The kinds of sources and reactions that this server has, with their JSON schemas and an example";
    vec![call(Method::GET, "/api/v1/kinds", get, summary).answers(200, "The kinds")]
}

/// Returns the kinds of a section that this binary has.
fn described(schema: &Value, section: &str, known: &[Known], built_in: &[&str]) -> Vec<Described> {
    let items = schema["properties"][section]["items"]["oneOf"].as_array().into_iter().flatten();
    let of = |item: &Value| {
        let name = item["properties"]["kind"]["const"].as_str()?;
        let (kind, description, example) = *known.iter().find(|(kind, ..)| *kind == name)?;
        let mut own = item.as_object().cloned()?;
        // What it refers to has to come along.
        own.insert("$schema".to_owned(), schema["$schema"].clone());
        own.insert("$defs".to_owned(), schema["$defs"].clone());
        built_in.contains(&kind).then_some(Described { kind, description, schema: own, example })
    };
    items.filter_map(of).collect()
}
