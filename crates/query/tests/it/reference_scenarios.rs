//! The reference against the TCK-derived scenarios: every one whose query is accepted has the expected table.

use livewell_model::{Element, ElementId, Map, Node, Relationship, Row, SmolStr, Value};
use livewell_query::language;
use livewell_query::reference::{Graph, Reference};
use serde_json::Value as Json;
use std::io::Write;
use std::path::PathBuf;

/// What came of one scenario.
enum Outcome {
    Held,
    Unsupported,
    Wrong(String),
}

#[test]
fn every_accepted_scenario_has_the_expected_rows() {
    let data = std::env::var_os("LIVEWELL_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let file = data.join("tck/scenarios.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        return say(&format!("SKIPPED: no scenarios at {}; set LIVEWELL_DATA", file.display()));
    };
    let scenarios: Json = serde_json::from_str(&text).expect("the scenarios are JSON");
    let (mut held, mut unsupported, mut wrong) = (0, 0, Vec::new());
    let of_tier = |scenario: &&Json| scenario["tier"] == "G1-core";
    for scenario in array(&scenarios["scenarios"]).iter().filter(of_tier) {
        let id = str(&scenario["id"]);
        match run(scenario, &scenarios["graphs"]) {
            Outcome::Held => held += 1,
            Outcome::Unsupported => unsupported += 1,
            Outcome::Wrong(why) => wrong.push(format!("{id}\n{}\n{why}", str(&scenario["query"]))),
        }
    }
    say(&format!("G1-core: {held} held, {unsupported} unsupported, {} wrong", wrong.len()));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(held > 0, "no scenario is supported");
}

/// Written past the test harness, which swallows the output of tests that hold.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn run(scenario: &Json, graphs: &Json) -> Outcome {
    let params: Map = entries(&scenario["params"]).collect();
    let text = str(&scenario["query"]);
    let Ok(query) = language::parse(text) else { return Outcome::Unsupported };
    let Ok(reference) = Reference::new(&query, &params) else { return Outcome::Unsupported };
    let Some(graph) = graph(&graphs[str(&scenario["graph"])]) else { return Outcome::Unsupported };
    let expect = &scenario["expect"];
    let columns: Vec<_> = array(&expect["columns"]).iter().map(str).collect();
    if reference.columns() != columns {
        return Outcome::Wrong(format!("columns {:?}, not {columns:?}", reference.columns()));
    }
    let any_order = expect["lists_unordered"] == true;
    match reference.rows(&graph) {
        Err(error) => Outcome::Wrong(format!("failed: {error}")),
        Ok(rows) => compare(&rows, array(&expect["rows"]), any_order),
    }
}

fn compare(rows: &[Row], expected: &[Json], any_order: bool) -> Outcome {
    let shown = |values: &[Value]| values.iter().map(|v| show(v, any_order)).collect::<Vec<_>>().join(" | ");
    let mut got: Vec<_> = rows.iter().map(|row| shown(&row.columns)).collect();
    let wanted =
        |row: &Json| shown(&array(row).iter().map(|json| value(json).expect("a value")).collect::<Vec<_>>());
    let mut expected: Vec<_> = expected.iter().map(wanted).collect();
    got.sort();
    expected.sort();
    if got == expected { Outcome::Held } else { Outcome::Wrong(format!("gave {got:#?}\nnot {expected:#?}")) }
}

/// The scenario's graph; `None` where it holds values that are not known here (temporal ones).
fn graph(json: &Json) -> Option<Graph> {
    let mut graph = Graph::new();
    for node in array(&json["nodes"]) {
        let labels = array(&node["labels"]).iter().map(str).collect();
        graph.insert(node_of(str(&node["id"]), labels, &node["props"])?);
    }
    for relationship in array(&json["rels"]) {
        let Json::String(kind) = &relationship["type"] else { panic!("a relationship without a type") };
        let [id, from, to] = ["id", "src", "dst"].map(|end| element_id(str(&relationship[end])));
        let properties = properties(&relationship["props"])?;
        graph.insert(Relationship { id, kind: kind.into(), from, to, properties }.into());
    }
    Some(graph)
}

fn node_of(id: &str, labels: Vec<&str>, props: &Json) -> Option<Element> {
    let labels = labels.into_iter().map(SmolStr::from).collect();
    Some(Node { id: element_id(id), labels, properties: properties(props)? }.into())
}

fn element_id(id: &str) -> ElementId {
    ElementId::new("s", id)
}

fn properties(json: &Json) -> Option<Map> {
    array(json).iter().map(|entry| Some((str(&entry[0]), value(&entry[1])?))).collect()
}

fn entries(json: &Json) -> impl Iterator<Item = (&str, Value)> {
    array(json).iter().map(|entry| (str(&entry[0]), value(&entry[1]).expect("a parameter's value")))
}

/// A tagged value. Elements in expected rows have neither id nor ends; they get empty ones.
fn value(json: &Json) -> Option<Value> {
    let Json::Object(tagged) = json else {
        return Some(json.as_bool().map_or(Value::Null, Value::Bool));
    };
    let (tag, json) = tagged.iter().next().expect("a tag");
    let list = |json: &Json| array(json).iter().map(value).collect::<Option<Vec<_>>>();
    Some(match tag.as_str() {
        "int" => Value::Int(str(json).parse().expect("an integer")),
        "float" => Value::Float(str(json).parse().expect("a float")),
        "str" => Value::string(str(json)),
        "list" => Value::list(list(json)?),
        "map" => Value::Map(properties(json)?.into()),
        "node" => {
            let labels = array(&json["labels"]).iter().map(str).collect();
            match node_of("", labels, &json["props"])? {
                Element::Node(node) => Value::Node(node.into()),
                Element::Relationship(_) => unreachable!("made of a node"),
            }
        }
        "rel" => {
            let (id, from, to) = (element_id(""), element_id(""), element_id(""));
            let properties = properties(&json["props"])?;
            Value::Relationship(
                Relationship { id, kind: str(&json["type"]).into(), from, to, properties }.into(),
            )
        }
        _ => return None,
    })
}

/// The value as expected rows can tell it: elements without ids and ends.
fn show(value: &Value, any_order: bool) -> String {
    let map = |map: &Map| {
        let entries: Vec<_> = map.iter().map(|(name, v)| format!("{name}: {}", show(v, any_order))).collect();
        format!("{{{}}}", entries.join(", "))
    };
    match value {
        Value::Node(node) => format!("({} {})", node.labels.join(":"), map(&node.properties)),
        Value::Relationship(via) => format!("[{} {}]", via.kind, map(&via.properties)),
        Value::Map(entries) => map(entries),
        Value::List(items) => {
            let mut items: Vec<_> = items.iter().map(|item| show(item, any_order)).collect();
            if any_order {
                items.sort();
            }
            format!("[{}]", items.join(", "))
        }
        other => format!("{other:?}"),
    }
}

fn array(json: &Json) -> &[Json] {
    json.as_array().expect("an array")
}

fn str(json: &Json) -> &str {
    json.as_str().expect("a string")
}
