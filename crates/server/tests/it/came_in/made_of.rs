//! The schema of a source.

use super::world::{World, type_of};
use crate::running::Running;
use crate::text;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const PATH: &str = "/api/v1/sources/orders/schema";

/// Counts the properties of elements: how many have each, and how many of its values are of each type.
fn properties<'w>(elements: impl Iterator<Item = &'w Json>) -> Json {
    let mut counted: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for (name, value) in elements.flat_map(|element| element["properties"].as_object().unwrap()) {
        *counted.entry(name).or_default().entry(type_of(value)).or_default() += 1;
    }
    let property = |(name, types): (&&str, &BTreeMap<&str, u64>)| json!({ "name": name, "count": types.values().sum::<u64>(), "types": types });
    counted.iter().map(property).collect()
}

/// Counts what a source holds from scratch, without examples.
fn expected(world: &World) -> Json {
    let (mut labels, mut types) = (BTreeMap::<String, Vec<&Json>>::new(), BTreeMap::new());
    let mut unlabelled: Vec<&Json> = Vec::new();
    for element in world.elements.values() {
        match element.get("type") {
            Some(kind) => {
                types.entry(kind.as_str().unwrap()).or_insert_with(Vec::new).push(element);
            }
            None => {
                if element["labels"] == json!([]) {
                    unlabelled.push(element);
                }
                for label in element["labels"].as_array().unwrap() {
                    labels.entry(label.as_str().unwrap().to_owned()).or_default().push(element);
                }
            }
        }
    }
    let label = |(name, of): (&String, &Vec<&Json>)| json!({ "name": name, "count": of.len(), "properties": properties(of.iter().copied()) });
    let kind = |(name, of): (&&str, &Vec<&Json>)| {
        let mut ends = BTreeMap::<String, u64>::new();
        for element in of {
            if let (Some(from), Some(to)) =
                (world.labels_of(&element["from"]), world.labels_of(&element["to"]))
            {
                *ends.entry(json!([from, to]).to_string()).or_default() += 1;
            }
        }
        json!({ "name": name, "count": of.len(), "properties": properties(of.iter().copied()), "ends": ends })
    };
    let of_all: Vec<Json> = labels.iter().map(label).collect();
    json!({
        "labels": of_all,
        "types": types.iter().map(kind).collect::<Vec<_>>(),
        "unlabelled": { "count": unlabelled.len(), "properties": properties(unlabelled.iter().copied()) },
    })
}

/// Returns a schema without examples, with ends as a map; these are checked apart.
fn shown(world: &World, schema: &Json) -> Json {
    let names = ["labels", "types", "unlabelled"];
    let mut shown: Json = names.iter().map(|name| ((*name).to_owned(), schema[name].clone())).collect();
    for name in names {
        let groups = match &mut shown[name] {
            Json::Array(groups) => groups.iter_mut().collect::<Vec<_>>(),
            group => vec![group],
        };
        for property in groups.into_iter().flat_map(|group| group["properties"].as_array_mut().unwrap()) {
            let examples = property.as_object_mut().unwrap().remove("examples").unwrap();
            let examples = examples.as_array().unwrap();
            let values = world.elements.values().map(|element| &element["properties"][text_of(property)]);
            let values: BTreeSet<String> = values.map(Json::to_string).collect();
            assert!((1..=3).contains(&examples.len()), "{property}");
            assert!(examples.iter().all(|one| values.contains(&one.to_string())), "{examples:?}");
        }
    }
    for kind in shown["types"].as_array_mut().unwrap() {
        let ends = kind["ends"].as_array().unwrap();
        let counts: Vec<_> = ends.iter().map(|ends| ends["count"].as_u64().unwrap()).collect();
        assert!(counts.is_sorted_by(|one, next| one >= next), "{counts:?}");
        let ends =
            ends.iter().map(|ends| (json!([ends["from"], ends["to"]]).to_string(), ends["count"].clone()));
        kind["ends"] = ends.collect::<serde_json::Map<_, _>>().into();
    }
    shown
}

fn text_of(property: &Json) -> &str {
    property["name"].as_str().unwrap()
}

#[test]
fn the_schema_is_what_random_changes_have_left() {
    let seed = std::env::var("LIVEWELL_SEED").map_or(1, |text| text.parse().expect("a number"));
    let running = Running::start();
    let mut world = World::new(seed);
    for round in 0..4 {
        assert_eq!(running.post(&world.changes(120)).status, 200);
        let schema = running.get(PATH).json();
        assert_eq!(shown(&world, &schema), expected(&world), "seed {seed}, round {round}");
        let all = json!(world.elements.len());
        assert_eq!((&schema["elements"], &schema["elements_read"]), (&all, &all));
        assert_eq!((&schema["sampled"], &schema["others"]), (&json!(false), &json!(0)));
        let dangling = world.dangling();
        assert_eq!(schema["dangling"]["count"], json!(dangling.len()), "seed {seed}, round {round}");
        let ids: Vec<&Json> = dangling.iter().map(|one| &one["id"]).take(20).collect();
        assert_eq!(schema["dangling"]["ids"], json!(ids));
        let missing = schema["dangling"]["missing"].as_array().unwrap();
        assert!(!missing.is_empty() && missing.iter().all(|id| world.labels_of(id).is_none()), "{missing:?}");
        assert_eq!(running.get(PATH).json(), schema, "asked again, nothing has changed");
    }
}

#[test]
fn what_dangles_no_longer_is_gone_from_the_schema_also_if_another_source_has_it() {
    let config = "store: { kind: embedded, path: data }\nserver: { listen: '127.0.0.1:0' }\n\
                  sources: [ { id: orders, kind: http }, { id: people, kind: http } ]\nqueries: []\n";
    let running = Running::of(config);
    let relationship = json!({ "type": "relation", "id": "r", "labels": ["OF"], "from": "o",
        "to": { "source": "people", "id": "p" } });
    let order = json!({ "type": "node", "id": "o", "labels": ["Order"], "properties": {} });
    let person = json!({ "type": "node", "id": "p", "labels": ["Person"], "properties": {} });
    let insert = |element: &Json| json!({ "operation": "insert", "element": element }).to_string();
    running.post(&format!("{}\n{}", insert(&order), insert(&relationship)));
    let dangling = |running: &Running| running.get(PATH).json()["dangling"].clone();
    let missing = json!({ "count": 1, "ids": ["r"], "missing": [{ "source": "people", "id": "p" }] });
    assert_eq!(dangling(&running), missing);
    let path = "/api/v1/sources/people/changes";
    assert_eq!(running.ask("POST", path, "", &insert(&person)).status, 200);
    assert_eq!(dangling(&running), json!({ "count": 0, "ids": [], "missing": [] }));
    let ends = &running.get(PATH).json()["types"][0]["ends"];
    assert_eq!(*ends, json!([{ "from": ["Order"], "to": ["Person"], "count": 1 }]));
    assert_eq!(running.get("/api/v1/sources/nobody/schema").status, 404);
}

#[test]
fn of_many_elements_a_sample_is_read_which_has_also_what_is_rare_and_says_that_it_is_one() {
    let running = Running::start();
    let mut lines = String::new();
    for at in 0..20_010 {
        let (label, id) = if at % 2_000 == 7 { ("Rare", "rare") } else { ("Common", "common") };
        writeln!(
            lines,
            r#"{{"operation":"insert","element":{{"type":"node","id":"{id}:{at}","labels":["{label}"],"properties":{{"n":{at}}}}}}}"#
        )
        .unwrap();
        if at % 5_000 == 4_999 || at == 20_009 {
            assert_eq!(running.post(&std::mem::take(&mut lines)).status, 200);
        }
        if at == 19_999 {
            let schema = running.get(PATH).json();
            assert_eq!((&schema["sampled"], &schema["elements_read"]), (&json!(false), &json!(20_000)));
        }
    }
    let schema = running.get(PATH).json();
    assert_eq!((&schema["sampled"], &schema["elements"]), (&json!(true), &json!(20_010)));
    let read = schema["elements_read"].as_u64().unwrap();
    assert!((1_000..=20_000).contains(&read), "{read}");
    let counts = |at: usize| (schema["labels"][at]["name"].clone(), schema["labels"][at]["count"].clone());
    // They are of another beginning, so none of them is missed.
    assert_eq!(counts(1), (json!("Rare"), json!(11)));
    assert_eq!(counts(0), (json!("Common"), json!(read - 11)));
    let table = running.command(&["elements", "orders", "--schema"]);
    let table = text(&table.stdout);
    assert!(table.contains(&format!("a sample of {read} of 20010 elements")), "{table}");
}

#[test]
fn long_values_are_no_examples_and_ever_new_names_are_not_all_listed() {
    let mut running = Running::start();
    let node = |id: &str, properties: Json| {
        let element = json!({ "type": "node", "id": id, "labels": ["N"], "properties": properties });
        json!({ "operation": "insert", "element": element }).to_string()
    };
    let long = "x".repeat(1 << 16);
    let many: serde_json::Map<_, _> = (0..300).map(|at| (format!("p{at:03}"), json!(at))).collect();
    let lines = [
        node("1", json!({ "text": long, "list": [[long]] })),
        node("2", json!({ "text": "short", "list": [1] })),
        node("3", many.into()),
    ];
    assert_eq!(running.post(&lines.join("\n")).status, 200);
    let schema = running.get(PATH).json();
    let properties = schema["labels"][0]["properties"].as_array().unwrap();
    assert_eq!((properties.len(), &schema["others"]), (256, &json!(46)));
    let examples = |name: &str| {
        properties.iter().find(|property| property["name"] == name).map(|property| &property["examples"])
    };
    assert_eq!((examples("text"), examples("list")), (Some(&json!(["short"])), Some(&json!([[1]]))));

    let shown = |running: &Running| running.command(&["elements", "orders", "--schema", "--format", "json"]);
    assert_eq!(serde_json::from_slice::<Json>(&shown(&running).stdout).unwrap(), schema);
    running.stop();
    let store = running.store();
    let arguments = ["elements", "orders", "--schema", "--format=json", "--store", store.to_str().unwrap()];
    let stored = crate::livewell(&arguments);
    assert_eq!(serde_json::from_slice::<Json>(&stored.stdout).unwrap(), schema);
}
