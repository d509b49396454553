//! The schema of configurations for editors says what Livewell itself accepts.

use super::livewell;
use super::place::Place;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::path::PathBuf;

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn schema() -> Json {
    let printed = livewell(&["schema"]);
    assert!(printed.status.success(), "{printed:?}");
    let published = std::fs::read(repository().join("docs/schemas/livewell.schema.json")).unwrap();
    assert!(printed.stdout == published, "`livewell schema` prints what is published");
    serde_json::from_slice(&published).unwrap()
}

fn errors(validator: &jsonschema::Validator, yaml: &str) -> Vec<String> {
    let document: Json = serde_saphyr::from_str(yaml).unwrap();
    validator.iter_errors(&document).map(|error| error.to_string()).collect()
}

#[test]
fn every_configuration_of_the_repository_is_as_the_schema_says() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let mut files: Vec<PathBuf> = ["flights", "postgres", "orders-of", "tested"]
        .map(|name| repository().join(format!("examples/{name}/livewell.yaml")))
        .into();
    files.extend(
        ["whole", "minimal", "environment", "for-each"]
            .map(|name| super::configs().join(format!("{name}.yaml"))),
    );
    files.extend(
        ["files", "postgres", "kafka", "nats", "http"]
            .map(|name| repository().join(format!("crates/server/src/command/init/{name}.yaml"))),
    );
    for file in files {
        let wrong = errors(&validator, &std::fs::read_to_string(&file).unwrap());
        let is_meant = !livewell(&["check", file.to_str().unwrap()]).status.success();
        assert!(wrong.is_empty() || is_meant, "{}: {wrong:#?}", file.display());
    }
}

#[test]
fn what_the_schema_refuses_is_refused() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    for yaml in [
        "quries: []",
        "store: { kind: disk }",
        "sources: [ { id: a, kind: file, pth: x } ]",
        "sources: [ { id: a b, kind: http } ]",
        "queries: [ { id: a, sources: [s] } ]",
        "queries: [ { id: a, sources: [s], cypher: x, recovery: never } ]",
        "reactions: [ { id: a, kind: redis, queries: [q], url: x } ]",
    ] {
        assert!(!errors(&validator, yaml).is_empty(), "the schema accepts {yaml}");
        let place = Place::new(yaml, &[]);
        place.livewell(&["check"]).expect(2, &[]);
    }
}

/// The fields that the message about a field that does not exist lists.
fn fields(config: &str) -> BTreeSet<String> {
    let place = Place::new(config, &[]);
    let said = place.livewell(&["check"]).err;
    let list = said.lines().find_map(|line| line.split_once("the fields here are ").map(|(_, list)| list));
    let list = list.unwrap_or_else(|| panic!("{config}: {said}"));
    list.split(", ").map(|name| name.trim_matches('`').to_owned()).collect()
}

#[test]
fn the_schema_has_the_fields_that_there_are() {
    let schema = schema();
    let names =
        |of: &Json| -> BTreeSet<String> { of["properties"].as_object().unwrap().keys().cloned().collect() };
    let of = |section: &str, kind: &str| {
        let kinds = schema["properties"][section]["items"]["oneOf"].as_array().unwrap();
        names(kinds.iter().find(|one| one["properties"]["kind"]["const"] == kind).unwrap())
    };
    let mut kinds = 0;
    for one in schema["properties"]["sources"]["items"]["oneOf"].as_array().unwrap() {
        let kind = one["properties"]["kind"]["const"].as_str().unwrap();
        let mine = fields(&format!("sources:\n  - {{ id: a, kind: {kind}, zzz: 1 }}\n"));
        assert_eq!(of("sources", kind), mine, "{kind}");
        kinds += 1;
    }
    for one in schema["properties"]["reactions"]["items"]["oneOf"].as_array().unwrap() {
        let kind = one["properties"]["kind"]["const"].as_str().unwrap();
        let mut mine = fields(&format!("reactions:\n  - {{ id: a, kind: {kind}, queries: [q], zzz: 1 }}\n"));
        mine.insert("kind".to_owned());
        assert_eq!(of("reactions", kind), mine, "{kind}");
        kinds += 1;
    }
    let built_in = livewell_source::kinds::KINDS.iter().filter(|kind| kind.is_configured).count();
    assert_eq!(kinds, built_in + livewell_reaction::kinds::BUILT_IN.len(), "a kind is missing");
    let query = &schema["properties"]["queries"]["items"];
    let item = "queries:\n  - { id: a, sources: [s], cypher: x,";
    let source = "sources:\n  - { id: a, kind:";
    for (here, config) in [
        (query, format!("{item} zzz: 1 }}\n")),
        (&query["properties"]["outbox"], format!("{item} outbox: {{ zzz: 1 }} }}\n")),
        (&query["properties"]["limits"], format!("{item} limits: {{ zzz: 1 }} }}\n")),
        (&schema["properties"]["store"]["oneOf"][0], "store: { zzz: 1 }\n".to_owned()),
        (&schema["properties"]["server"], "server: { zzz: 1 }\n".to_owned()),
        (
            &schema["properties"]["server"]["properties"]["limits"],
            "server: { limits: { zzz: 1 } }\n".to_owned(),
        ),
        (&schema["$defs"]["file"], format!("{source} file, files: [ {{ path: x, zzz: 1 }} ] }}\n")),
        (&schema["$defs"]["node"], format!("{source} http, node: {{ zzz: 1 }} }}\n")),
        (&schema["$defs"]["relationship"], format!("{source} http, relationships: [ {{ zzz: 1 }} ] }}\n")),
        (
            &schema["$defs"]["table"],
            format!("{source} postgres, url: 'postgres://a@b/c', tables: [ {{ table: x, zzz: 1 }} ] }}\n"),
        ),
    ] {
        assert_eq!(names(here), fields(&config), "{config}");
    }
}
