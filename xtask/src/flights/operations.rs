//! The operations: days begin, weather is read, flights are announced, depart, land or are cancelled.

use super::element::{delete, node, reference, relationship, update};
use super::table::{Flight, Row, Tables, minute_of, moment, number};
use crate::outcome::Outcome;
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};

const MINUTES_A_DAY: i64 = 24 * 60;
const NANOS_A_MINUTE: i64 = 60_000_000_000;
/// The relationships a flight may have; a plane is not always named.
const KINDS: [&str; 6] = ["DEPARTS_FROM", "FLIES_TO", "OPERATED_BY", "FLOWN_BY", "ON", "DUE_IN"];
/// The zone of SJU, BQN, STT and PSE, which are not among the airports.
const CARIBBEAN_HOURS: i64 = -4;

/// Something that happens at one minute: one line of the stream.
pub struct Event {
    /// When, in minutes since 1970.
    pub minute: i64,
    rank: Rank,
    id: String,
    changes: Vec<Value>,
}

/// The order of events within one minute; a flight's own events never share one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Day,
    Weather,
    Announced,
    Departed,
    Landed,
    Cancelled,
}

impl Event {
    /// Returns the line: a change if there is one, else a transaction.
    pub fn line(mut self) -> Value {
        let mut line = match self.changes.len() {
            1 => self.changes.remove(0),
            _ => json!({"transaction": self.changes}),
        };
        line["timestamp"] = (self.minute * NANOS_A_MINUTE).into();
        line
    }
}

/// Returns everything that happens, in time order.
pub fn events(tables: &Tables) -> Outcome<Vec<Event>> {
    let zones: HashMap<&str, i64> =
        tables.airports.iter().filter_map(|a| Some((a["faa"].as_str()?, a.get("tz")?.as_i64()?))).collect();
    let mut events = days(tables)?;
    for reading in &tables.weather {
        events.push(weather(reading)?);
    }
    for flight in &tables.flights {
        let zone = zones.get(flight.dest.as_str()).copied().unwrap_or(CARIBBEAN_HOURS);
        events.extend(life_of(flight, zone)?);
    }
    events.sort_by(|a, b| (a.minute, a.rank, &a.id).cmp(&(b.minute, b.rank, &b.id)));
    Ok(events)
}

/// Returns New York's days. Standard time all month: midnight is 05:00Z.
fn days(tables: &Tables) -> Outcome<Vec<Event>> {
    let dates: BTreeSet<String> = tables.flights.iter().map(date).collect();
    let mut before = None;
    let mut events = Vec::new();
    for date in dates {
        let id = format!("day:{date}");
        let mut changes: Vec<Value> =
            before.iter().map(|before: &String| update(before, json!({"current": false}))).collect();
        changes.push(node(&id, "Day", json!({"date": date, "current": true})));
        events.push(Event { minute: midnight(&date)?, rank: Rank::Day, id: id.clone(), changes });
        before = Some(id);
    }
    Ok(events)
}

fn date(flight: &Flight) -> String {
    format!("{:04}-{:02}-{:02}", flight.year, flight.month, flight.day)
}

fn midnight(date: &str) -> Outcome<i64> {
    minute_of(&format!("{date}T05:00:00Z"))
}

fn weather_id(origin: &str, time_hour: &str) -> String {
    format!("weather:{origin}/{}", time_hour.trim_end_matches(":00:00Z"))
}

fn weather(reading: &Row) -> Outcome<Event> {
    let text =
        |name: &str| reading.get(name).and_then(Value::as_str).ok_or(format!("weather without {name}"));
    let id = weather_id(text("origin")?, text("time_hour")?);
    let minute = minute_of(text("time_hour")?)?;
    let parts_of_time = ["year", "month", "day", "hour"];
    let kept = reading.iter().filter(|(name, _)| !parts_of_time.contains(&name.as_str()));
    let properties: Map<String, Value> = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    let changes = vec![node(&id, "Weather", properties)];
    Ok(Event { minute, rank: Rank::Weather, id, changes })
}

/// Returns a flight's events, from its announcement at midnight to its landing or cancellation.
fn life_of(flight: &Flight, zone_hours: i64) -> Outcome<Vec<Event>> {
    let date = date(flight);
    let scheduled = minute_of(&flight.time_hour)? + i64::from(flight.minute);
    let id = format!(
        "flight:{date}/{}/{}/{}/{:02}{:02}",
        flight.carrier, flight.flight, flight.origin, flight.hour, flight.minute
    );
    let event = |minute, rank, changes| Event { minute, rank, id: id.clone(), changes };
    let mut events =
        vec![event(midnight(&date)?, Rank::Announced, announcement(flight, &id, &date, scheduled))];
    if flight.dep_time == "NA" {
        let kinds = KINDS.iter().filter(|kind| **kind != "FLOWN_BY" || flight.tailnum != "NA");
        let mut changes: Vec<Value> = kinds.map(|kind| delete(&format!("{id}/{kind}"))).collect();
        changes.push(delete(&id));
        events.push(event(scheduled, Rank::Cancelled, changes));
        return Ok(events);
    }
    let delay: i64 = flight.dep_delay.parse()?;
    let departed = scheduled + delay;
    let properties = json!({"status": "departed", "dep_time": moment(departed), "dep_delay": delay});
    events.push(event(departed, Rank::Departed, vec![update(&id, properties)]));
    if flight.arr_time != "NA" {
        let landed = next_at(departed, flight.arr_time.parse()?, zone_hours);
        let mut properties = json!({"status": "landed", "arr_time": moment(landed)});
        for (name, cell) in [("arr_delay", &flight.arr_delay), ("air_time", &flight.air_time)] {
            if let Some(value) = number(cell) {
                properties[name] = value;
            }
        }
        events.push(event(landed, Rank::Landed, vec![update(&id, properties)]));
    }
    Ok(events)
}

fn announcement(flight: &Flight, id: &str, date: &str, scheduled: i64) -> Vec<Value> {
    let mut properties = json!({
        "id": id,
        "carrier": flight.carrier,
        "number": flight.flight,
        "origin": flight.origin,
        "dest": flight.dest,
        "distance": flight.distance,
        "sched_dep": moment(scheduled),
        "status": "scheduled",
    });
    let mut changes = vec![
        relationship(id, "DEPARTS_FROM", reference(format_args!("airport:{}", flight.origin))),
        relationship(id, "FLIES_TO", reference(format_args!("airport:{}", flight.dest))),
        relationship(id, "OPERATED_BY", reference(format_args!("airline:{}", flight.carrier))),
        relationship(id, "ON", format!("day:{date}")),
        relationship(id, "DUE_IN", weather_id(&flight.origin, &flight.time_hour)),
    ];
    if flight.tailnum != "NA" {
        properties["tailnum"] = flight.tailnum.as_str().into();
        changes.push(relationship(id, "FLOWN_BY", reference(format_args!("plane:{}", flight.tailnum))));
    }
    changes.insert(0, node(id, "Flight", properties));
    changes
}

/// Returns the first minute after `after` at which a clock `zone_hours` east of Greenwich shows `clock` (830 is
/// 8:30).
fn next_at(after: i64, clock: i64, zone_hours: i64) -> i64 {
    let local = after + zone_hours * 60;
    let target = clock / 100 * 60 + clock % 100;
    let wait = (target - local).rem_euclid(MINUTES_A_DAY);
    after + if wait == 0 { MINUTES_A_DAY } else { wait }
}
