//! Reading a recorded case: its steps as transactions, its diffs as a result.

use super::deviations::{Deviation, Wrong};
use livewell_model::json::value_from_json;
use livewell_model::{
    AppliedChange, AppliedTransaction, Change, Element, ElementId, Patch, Row, SmolStr, Timestamp, Value,
};
use livewell_query::{Join, Settings};
use livewell_source::unwind::{self, Part, Parts, Unwind};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};

/// One query with its steps.
#[derive(Debug)]
pub struct Case<'a>(&'a Json);

impl<'a> Case<'a> {
    pub fn new(json: &'a Json) -> Self {
        Self(json)
    }

    pub fn id(&self) -> &'a str {
        text(&self.0["id"])
    }

    pub fn query(&self) -> &'a str {
        text(&self.0["query"])
    }

    /// Whether it is one of those to hold first.
    pub fn is_core(&self) -> bool {
        self.0["core"] == true
    }

    pub fn steps(&self) -> &'a [Json] {
        self.0["steps"].as_array().expect("steps")
    }

    /// Its virtual relationships.
    pub fn settings(&self) -> Settings {
        let text = |json: &Json| json.as_str().expect("a string").to_owned();
        let join = |json: &Json| {
            let keys = json["keys"].as_array().expect("keys").iter();
            keys.fold(Join::new(text(&json["id"])), |join, key| {
                join.key(text(&key["label"]), text(&key["property"]))
            })
        };
        let joins =
            self.0["joins"].as_array().map_or_else(Vec::new, |joins| joins.iter().map(join).collect());
        Settings { joins, ..Settings::default() }
    }

    /// The lists that it unwinds, as the middleware's settings tell them.
    pub fn unwind(&self) -> Vec<Unwind> {
        let all = self.0["middleware"].as_array().map_or(&[][..], Vec::as_slice);
        all.iter().filter_map(|one| unwind(text(one))).collect()
    }

    /// What it needs beside a query over elements.
    pub fn needs(&self) -> Option<&'static str> {
        let any = |name: &str| self.0[name].as_array().is_some_and(|all| !all.is_empty());
        match () {
            () if any("middleware") && self.unwind().is_empty() => Some("middleware"),
            () if self.steps().is_empty() => Some("steps, of which none is recorded"),
            () => None,
        }
    }
}

/// Reads `SourceMiddlewareConfig { kind: "unwind", ..., config: {"Pod": Array [Object {"key": String("$.id"), ...}]} }`.
fn unwind(settings: &str) -> Option<Unwind> {
    let (head, config) = settings.split_once("config: {\"")?;
    let field = |name: &str| {
        let (_, value) = config.split_once(&format!("\"{name}\": String(\""))?;
        Some(value.split_once("\")")?.0.trim_start_matches("$.").trim_end_matches("[*]").to_owned())
    };
    let into = Part { label: field("label")?, id: Some(field("key")?) };
    let label = config.split_once('"')?.0.to_owned();
    let rule = Unwind { label, path: field("selector")?, relationship: field("relation")?, into };
    head.contains("kind: \"unwind\"").then_some(rule)
}

/// The moment at which a timer fires in this step, if it is not a change.
pub fn due(step: &Json) -> Option<Timestamp> {
    let due = || step["change"]["due_time"].as_i64().expect("a time").saturating_mul(1_000_000);
    (step["trigger"] == "future").then(|| Timestamp(due()))
}

/// The elements as they are after the steps so far.
#[derive(Debug, Default)]
pub struct Elements(BTreeMap<ElementId, Element>);

impl Elements {
    /// The transaction of one change.
    pub fn transaction(
        &mut self,
        at: usize,
        json: &Json,
        unwind: &[Unwind],
    ) -> Result<AppliedTransaction, String> {
        let change = change(json);
        let id = change.id().clone();
        let before = self.0.get(&id).cloned();
        // An insert is of the whole element, so nulls among its properties are dropped.
        let after = change.apply(before.as_ref()).map_err(|error| error.to_string())?;
        match &after {
            Some(element) => self.0.insert(id, element.clone()),
            None => self.0.remove(&id),
        };
        let parts = |whole: &Option<Element>| {
            whole.as_ref().map_or(Ok(Parts::new()), |whole| unwind::parts(unwind, whole))
        };
        let (old, new) = (parts(&before)?, parts(&after)?);
        let ids: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        let part = |id: &ElementId| (old.get(id).cloned(), new.get(id).cloned());
        let changes = std::iter::once((before, after)).chain(ids.into_iter().map(part));
        let changes = changes.filter(|(before, after)| before != after);
        let changes = changes.map(|(before, after)| AppliedChange { before, after }).collect();
        let millis = json["t"].as_i64().expect("a time");
        let sequence = at as u64 + 1;
        Ok(AppliedTransaction {
            sequence,
            position: sequence,
            timestamp: Timestamp(millis.saturating_mul(1_000_000)),
            changes,
        })
    }
}

fn change(json: &Json) -> Change {
    let id = |source: &str, id: &str| ElementId::new(text(&json[source]), text(&json[id]));
    if json["op"] == "delete" {
        return Change::Delete(id("source", "id"));
    }
    let mut patch = Patch::new(id("source", "id"));
    patch.is_relationship = Some(json["kind"] == "rel");
    let labels = json["labels"].as_array().expect("labels").iter().map(|label| SmolStr::from(text(label)));
    patch.labels = Some(livewell_model::element::sorted_labels(labels));
    if json["kind"] == "rel" {
        patch.from = Some(id("start_source", "start"));
        patch.to = Some(id("end_source", "end"));
    }
    let properties = json["props"].as_object().expect("properties").iter();
    patch.properties =
        properties.map(|(name, json)| (name.as_str(), value_from_json(json).expect("a value"))).collect();
    match json["op"].as_str() {
        // Of an element that is not there, an update makes what an insert does.
        Some("insert") => Change::Insert(
            Change::Update(patch).apply(None).expect("a whole element").expect("an update leaves an element"),
        ),
        Some("update") => Change::Update(patch),
        _ => panic!("an unknown change: {json}"),
    }
}

/// The result that the recorded diffs fold to: rows by what they hold, each with how often it is there.
#[derive(Debug)]
pub struct Fold(Vec<Map<String, Json>>);

impl Fold {
    /// Before the first step. An aggregate over everything has its row from the start; which one it is says
    /// the first diff.
    pub fn before(case: &Case<'_>) -> Self {
        let mut diffs = case.steps().iter().flat_map(|step| step["result"].as_array().expect("diffs"));
        let global = diffs.find(|diff| diff["grouping_keys"].as_array().is_some_and(Vec::is_empty));
        Self(global.and_then(|diff| diff["before"].as_object()).cloned().into_iter().collect())
    }

    /// Takes the diffs of one step in, and what deviates in them out.
    pub fn step(&mut self, diffs: &Json, deviations: &[&Deviation]) -> Result<(), String> {
        let of = |wrong: Wrong| -> Vec<Map<String, Json>> {
            let these = deviations.iter().filter(|deviation| deviation.wrong == wrong);
            these.map(|deviation| serde_json::from_str(deviation.row).expect("a row")).collect()
        };
        let mut never_there: Vec<_> = of(Wrong::NeverThere).iter().map(normal_row).collect();
        for diff in diffs.as_array().expect("diffs") {
            let before = diff["before"].as_object().map(normal_row);
            let unseen = never_there.iter().position(|row| Some(row) == before.as_ref());
            match unseen {
                Some(at) => drop(never_there.swap_remove(at)),
                None if text(&diff["op"]) != "aggregation" => self.take(before.as_deref())?,
                None => self.take_group(diff),
            }
            self.0.extend(diff["after"].as_object().cloned());
        }
        for kept in of(Wrong::Kept) {
            self.take(Some(&normal_row(&kept)))?;
        }
        for deviation in deviations {
            if let Wrong::Otherwise(right) = deviation.wrong {
                self.take(Some(&normal_row(&serde_json::from_str(deviation.row).expect("a row"))))?;
                self.0.push(serde_json::from_str(right).expect("a row"));
            }
        }
        match never_there.pop() {
            Some(row) => Err(format!("a deviation is listed that is not recorded: {row}")),
            None => Ok(()),
        }
    }

    fn take_group(&mut self, diff: &Json) {
        let keys: Vec<_> = diff["grouping_keys"].as_array().expect("keys").iter().map(text).collect();
        self.0.retain(|have| keys.iter().any(|key| have[*key] != diff["after"][*key]));
    }

    fn take(&mut self, row: Option<&str>) -> Result<(), String> {
        let Some(row) = row else { return Ok(()) };
        let at = self.0.iter().position(|have| normal_row(have) == row);
        let at = at.ok_or_else(|| format!("the recorded diffs take back a row that is not there: {row}"))?;
        self.0.swap_remove(at);
        Ok(())
    }

    /// The rows as they are compared.
    pub fn rows(&self) -> Vec<String> {
        let mut rows: Vec<_> = self.0.iter().map(normal_row).collect();
        rows.sort();
        rows
    }
}

/// Our rows as they are compared.
pub fn rows(columns: &[SmolStr], rows: &[Row]) -> Vec<String> {
    let json = |value: &Value| serde_json::to_value(value).expect("a value is JSON");
    let named = |row: &Row| -> Map<String, Json> {
        columns.iter().zip(&*row.columns).map(|(name, value)| (name.to_string(), json(value))).collect()
    };
    let mut rows: Vec<_> = rows.iter().map(|row| normal_row(&named(row))).collect();
    rows.sort();
    rows
}

/// A row's text: names in their order, one text for each number, integer or float, lists as bags.
fn normal_row(row: &Map<String, Json>) -> String {
    let sorted: BTreeMap<_, _> = row.iter().map(|(name, json)| (name, normal(json))).collect();
    format!("{sorted:?}")
}

fn normal(json: &Json) -> String {
    match json {
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (None, Some(float)) if float.fract() == 0.0 && float.abs() < 1e15 => format!("{float:.0}"),
            // The last digits depend on the order of the operations.
            (None, Some(float)) => format!("{float:.12e}"),
            _ => number.to_string(),
        },
        Json::Array(items) => {
            let mut items: Vec<_> = items.iter().map(normal).collect();
            items.sort();
            format!("{items:?}")
        }
        // A node is shown by its properties, and there by what else is known of it.
        Json::Object(entries) => match entries.get("properties") {
            Some(Json::Object(properties)) if entries.contains_key("labels") => normal_row(properties),
            _ => normal_row(&entries.iter().filter(|(name, _)| *name != "$metadata").map(owned).collect()),
        },
        // That system writes a duration of days as one of seconds.
        Json::String(text) if seconds(text).is_some() => format!("{:?} seconds", seconds(text)),
        other => other.to_string(),
    }
}

fn owned((name, json): (&String, &Json)) -> (String, Json) {
    (name.clone(), json.clone())
}

/// The length of a duration without months.
fn seconds(text: &str) -> Option<i64> {
    let rest = text.strip_prefix('P')?;
    let (days, time) = rest.split_once('T').unwrap_or((rest, ""));
    let part = |text: &str, unit: char| match text {
        "" => Some(0),
        text => text.strip_suffix(unit)?.parse::<i64>().ok(),
    };
    Some(part(days, 'D')? * 86_400 + part(time, 'S')?)
}

fn text(json: &Json) -> &str {
    json.as_str().expect("a string")
}
