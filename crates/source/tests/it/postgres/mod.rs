//! A source over a real PostgreSQL, without a pipeline: what it reads is applied to a map of elements.

mod altered;
mod changes;
mod getting_in;
mod history;
mod types;

use livewell_model::{Element, ElementId, SmolStr, Value};
use livewell_services::Postgres;
use livewell_source::SourceError;
use livewell_source::postgres::{Prepared, Step, Stream, Upstream};
use livewell_source::settings::{DatabaseUrl, PostgresSettings, SourceSettings, TableSettings};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A source `shop` over these tables of a server.
fn settings(url: String, tables: &[&str]) -> PostgresSettings {
    let table = |name: &&str| TableSettings { table: (*name).into(), ..TableSettings::default() };
    let tables = tables.iter().map(table).collect();
    let defaults = serde_json::json!({ "id": "shop", "url": "" });
    let defaults: PostgresSettings = serde_json::from_value(defaults).expect("the defaults are settings");
    let settings = PostgresSettings { url: DatabaseUrl(url), tables, ..defaults };
    SourceSettings::Postgres(settings.clone()).validate().expect("the settings make sense");
    settings
}

/// What follows a source keeps: its elements, and the position stored with them.
struct Follower {
    settings: PostgresSettings,
    elements: BTreeMap<ElementId, Element>,
    position: Vec<u8>,
    stream: Option<Stream>,
}

impl Follower {
    /// Copies the tables.
    fn copied(settings: PostgresSettings) -> Result<Self, SourceError> {
        let mut snapshot = Prepared::new(&settings, false)?.begin()?;
        let mut elements = BTreeMap::new();
        loop {
            let read = snapshot.read(10, 1_000)?;
            if read.is_empty() {
                break;
            }
            elements.extend(read.into_iter().map(|element| (element.id().clone(), element)));
        }
        Ok(Self { settings, elements, position: snapshot.finish()?, stream: None })
    }

    /// The next transaction, once it has come.
    fn transaction(&mut self) -> Result<Upstream, SourceError> {
        let began = Instant::now();
        loop {
            let stream = match &mut self.stream {
                Some(stream) => stream,
                none => none.insert(Stream::open(&self.settings, &self.position)?),
            };
            let received = stream.read(1, usize::MAX, Duration::from_millis(100))?;
            if let Some(position) = received.position {
                self.position = position;
                stream.acknowledge()?;
            }
            if let Some(transaction) = received.transactions.into_iter().next() {
                self.apply(&transaction);
                return Ok(transaction);
            }
            assert!(began.elapsed() < Duration::from_secs(20), "no transaction has come");
        }
    }

    /// Takes the next error; there is one.
    fn error(&mut self) -> SourceError {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(20) {
            if let Err(error) = self.transaction() {
                self.stream = None;
                return error;
            }
        }
        panic!("no error has come");
    }

    fn apply(&mut self, transaction: &Upstream) {
        for step in &transaction.steps {
            match step {
                Step::Change(change) => {
                    let before = self.elements.get(change.id());
                    let after = change.apply(before).expect("the change fits its element");
                    let id = change.id().clone();
                    match after {
                        Some(element) => self.elements.insert(id, element),
                        None => self.elements.remove(&id),
                    };
                }
                Step::Move { insert, from, kept } => {
                    let before = self.elements.remove(from).expect("what moves was there");
                    let mut node = insert.clone();
                    for name in kept {
                        let value = before.properties().get(name).expect("what is kept was there");
                        node.properties.insert(name.clone(), value.clone());
                    }
                    let node = Element::from(node);
                    self.elements.insert(node.id().clone(), node);
                }
                Step::Clear { prefix } => self.elements.retain(|id, _| !id.id.starts_with(prefix.as_str())),
            }
        }
    }

    /// A property of an element; null where it has none.
    fn property(&self, id: &str, name: &str) -> Value {
        let element = &self.elements.get(&ElementId::new("shop", id));
        let element = element.unwrap_or_else(|| panic!("no `{id}` among {:?}", self.ids()));
        element.properties().get(name).cloned().unwrap_or_default()
    }

    fn ids(&self) -> Vec<SmolStr> {
        self.elements.keys().map(|id| id.id.clone()).collect()
    }
}

/// What an id is expected to be.
fn texts(ids: &[&str]) -> Vec<SmolStr> {
    ids.iter().map(|id| SmolStr::from(*id)).collect()
}

fn started(sql: &str) -> Postgres {
    let postgres = Postgres::start();
    postgres.sql(sql);
    postgres
}
