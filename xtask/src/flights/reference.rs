//! The reference data: airports, airlines and planes, including those that flights name and the tables do not
//! contain.

use super::element::node;
use super::table::{Row, Tables};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Before anything of the month happens, so that the example lives in its own time from the first line on.
const TIMESTAMP: i64 = 1_356_998_400_000_000_000;

/// Returns the inserts, one per line, in the order of the tables; the unknown follow the known.
pub fn lines(tables: &Tables) -> Vec<Value> {
    let airlines = BTreeSet::from_iter(tables.flights.iter().map(|flight| flight.carrier.as_str()));
    let airports = tables.flights.iter().flat_map(|flight| [flight.origin.as_str(), flight.dest.as_str()]);
    let planes = tables.flights.iter().map(|flight| flight.tailnum.as_str()).filter(|tail| *tail != "NA");
    let mut lines = nodes("Airline", "carrier", &tables.airlines, airlines);
    lines.extend(nodes("Airport", "faa", &tables.airports, airports.collect()));
    lines.extend(nodes("Plane", "tailnum", &tables.planes, planes.collect()));
    for line in &mut lines {
        line["timestamp"] = TIMESTAMP.into();
    }
    lines
}

fn nodes(label: &str, key: &str, known: &[Row], named: BTreeSet<&str>) -> Vec<Value> {
    let key_of = |row: &Row| row[key].as_str().expect("keys are text").to_string();
    let id = |key: &str| format!("{}:{key}", label.to_lowercase());
    let have: BTreeSet<String> = known.iter().map(key_of).collect();
    let known = known.iter().map(|row| {
        let mut properties = row.clone();
        properties.insert("known".into(), true.into());
        node(&id(&key_of(row)), label, properties)
    });
    let unknown = named
        .into_iter()
        .filter(|key| !have.contains(*key))
        .map(|name| node(&id(name), label, json!({key: name, "known": false})));
    known.chain(unknown).collect()
}
