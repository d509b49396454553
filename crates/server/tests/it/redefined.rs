//! A source whose settings no longer are those that its elements were made by.

use super::nats::Broker;
use super::place::Place;
use livewell_services::Nats;

const READINGS: &str = "MATCH (r:Reading) RETURN r.id AS id, r.value AS value";

fn config(source: &str) -> String {
    format!("sources:\n{source}queries:\n  - {{ id: q, sources: [ops], cypher: \"{READINGS}\" }}\n")
}

fn file(more: &str) -> String {
    config(&format!("  - {{ id: ops, kind: file, path: ops.jsonl, {more} }}\n"))
}

#[test]
fn a_mapping_that_was_changed_stops_its_source_by_name_and_changed_back_goes_on() {
    let old = file("node: { label: Readings, id: \"reading:{id}\" }");
    let place = Place::new(&old, &[r#"{"id":1,"value":"7"}"#]);
    place.run().expect(0, &[]);
    for (changed, says) in [
        ("node: { label: Reading, id: \"reading:{id}\" }", "`node.label` was `Readings` and is `Reading`"),
        ("node: { label: Readings, id: \"{id}\" }", "`node.id` was `reading:{id}` and is `{id}`"),
        (
            "node: { label: Readings, id: \"reading:{id}\" }, types: { value: integer }",
            "`types.value` was not given and is `integer`",
        ),
        (
            "node: { label: Readings, id: \"reading:{id}\" }, properties: { v: value }",
            "`properties.v` was not given and is `value`",
        ),
        (
            "node: { label: Readings, id: \"reading:{id}\" }, relationships: [ { type: OF, to: \"{id}\" } ]",
            "`relationships` was not given",
        ),
    ] {
        place.write("livewell.yaml", &file(changed));
        place.append("ops.jsonl", "{\"id\":2,\"value\":\"8\"}\n");
        let ran = place.run();
        ran.expect(1, &[says, "LW0216", "change them back, or `livewell reset ops`"]);
        assert!(ran.out.contains("1 transaction, 1 element, in error"), "{}", ran.out);
    }
    place.write("livewell.yaml", &old);
    let ran = place.run();
    assert!(ran.expect(0, &[]).out.contains("2 transactions, 2 elements"), "{}", ran.out);
}

#[test]
fn a_change_that_alters_no_element_is_followed_silently() {
    let node = "node: { label: Reading, id: \"{id}\" }";
    let place = Place::new(&file(node), &[r#"{"id":1,"value":1}"#]);
    place.run().expect(0, &[]);
    for more in [
        "on_error: park",
        "rate: 100000",
        "limits: { changes_max: 7 }",
        "follow: false",
        "clock: wall",
        "null_text: NA",
        "unwind: [ { label: Reading, path: parts, relationship: HAS, into: { label: Part } } ]",
    ] {
        place.write("livewell.yaml", &file(&format!("{node}, {more}")));
        let ran = place.run();
        assert_eq!(ran.expect(0, &[]).err, "", "{more}");
    }
    std::fs::rename(place.file("ops.jsonl"), place.file("moved.jsonl")).unwrap();
    place.write("livewell.yaml", &file(node).replace("ops.jsonl", "moved.jsonl"));
    place.run().expect(0, &[]);
    place.write("other.jsonl", "{\"id\":5,\"value\":5}\n");
    place.write("livewell.yaml", &file(node).replace("ops.jsonl", "other.jsonl"));
    place.run().expect(1, &["LW0216", "`path` was `", "moved.jsonl` and is `"]);
}

#[test]
fn only_the_settings_of_files_that_were_begun_are_held_to() {
    let entry = |path: &str, label: &str| {
        format!("{{ path: {path}, node: {{ label: {label}, id: \"{label}:{{id}}\" }} }}")
    };
    let files = |entries: &[String]| {
        config(&format!("  - {{ id: ops, kind: file, files: [ {} ] }}\n", entries.join(", ")))
    };
    let (first, second) = (entry("one.csv", "Reading"), entry("two.csv", "Reading"));
    let place = Place::new(&files(&[first.clone(), second.clone()]), &[]);
    place.write("one.csv", "id,value\n1,NA\nonly-one-cell\n");
    place.write("two.csv", "id,value\n1,5\n");
    place.run().expect(1, &["one.csv:3"]);
    place.write("livewell.yaml", &files(&[first.clone(), entry("two.csv", "Other")]));
    let ran = place.run();
    assert!(!ran.expect(1, &["one.csv:3"]).err.contains("LW0216"), "{}", ran.err);
    place.write("livewell.yaml", &files(&[entry("one.csv", "Other"), second]));
    place.run().expect(1, &["LW0216", "`node.label` was `Reading` and is `Other` (`", "one.csv`)"]);
    let table =
        format!("{}    null_text: NA\n", config("  - id: ops\n    kind: file\n    files:\n    - {E}\n"));
    let (sources, queries) = table.split_once("queries:").unwrap();
    let sources = format!("{sources}    null_text: NA\n").replace("{E}", &first);
    place.write("livewell.yaml", &format!("{sources}queries:{}", queries.replace("    null_text: NA\n", "")));
    place.run().expect(1, &["LW0216", "`null_text` was `` and is `NA`"]);
}

#[test]
fn another_kind_of_source_under_the_same_id_is_refused() {
    let place = Place::new(&file("on_error: stop"), &[]);
    place.run().expect(0, &[]);
    place.write("livewell.yaml", &config("  - { id: ops, kind: http }\n"));
    place.run().expect(1, &["LW0216", "was of `kind: file` and is of `kind: http`", "`livewell reset ops`"]);
    let url = "postgres://u:p@127.0.0.1:1/d";
    let tables = "tables: [ { table: public.t, label: T, key: [id] } ]";
    place.write(
        "livewell.yaml",
        &config(&format!("  - {{ id: ops, kind: postgres, url: \"{url}\", {tables} }}\n")),
    );
    place.run().expect(1, &["LW0216", "is of `kind: postgres`", "an id of its own"]);
}

#[test]
fn another_mapping_of_what_is_sent_is_followed_and_said() {
    let http = |label: &str| {
        config(&format!("  - {{ id: ops, kind: http, node: {{ label: {label}, id: \"{{id}}\" }} }}\n"))
    };
    let place = Place::new(&http("Readings"), &[]);
    place.run().expect(0, &[]);
    place.write("livewell.yaml", &http("Reading"));
    let ran = place.livewell(&["run", "livewell.yaml", "--until-idle"]);
    ran.expect(0, &["`node.label` was `Readings` and is `Reading`", "from now on"]);
    let ran = place.livewell(&["run", "livewell.yaml", "--until-idle"]);
    assert!(!ran.expect(0, &[]).err.contains("Readings"), "{}", ran.err);
}

#[test]
fn a_stream_with_another_mapping_stops_or_is_read_from_its_beginning() {
    let nats = Nats::start();
    let broker = Broker::of(&nats);
    broker.create("READINGS", "readings");
    broker.publish("readings", std::iter::once(r#"{"id":1,"value":1}"#.to_owned()));
    let stream = |label: &str, more: &str| {
        config(&format!(
            "  - {{ id: ops, kind: nats, url: \"{}\", stream: READINGS, node: {{ label: {label}, id: \"{{id}}\" }}, {more} }}\n",
            nats.url()
        ))
    };
    let place = Place::new(&stream("Readings", "on_error: stop"), &[]);
    place.run().expect(0, &[]);
    place.write("livewell.yaml", &stream("Readings", "on_error: park, clock: input"));
    place.run().expect(0, &[]);
    place.write("livewell.yaml", &stream("Reading", "on_error: stop"));
    place
        .run()
        .expect(1, &["LW0216", "`node.label` was `Readings` and is `Reading`", "`livewell reset ops`"]);
    let config = stream("Reading", "recovery: auto_reset")
        .replace("sources: [ops],", "sources: [ops], recovery: auto_reset,");
    place.write("livewell.yaml", &config);
    place.run().expect(0, &[]);
    assert!(place.results("q").contains(r#""value":1"#), "{}", place.results("q"));
}
