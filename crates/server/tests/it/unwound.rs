//! Lists in nodes, from the configuration to the results.

use crate::place::Place;

const CONFIG: &str = r#"
sources:
  - id: cluster
    kind: file
    path: ops.jsonl
    on_error: park
    unwind:
      - { label: Pod, path: status.containers, relationship: OWNS, into: { label: Container, id: id } }
queries:
  - id: containers
    sources: [cluster]
    cypher: MATCH (p:Pod)-[:OWNS]->(c:Container) RETURN p.name AS pod, c.id AS id, c.image AS image
"#;

fn pod(id: &str, containers: &str) -> String {
    format!(
        r#"{{"operation":"insert","element":{{"type":"node","id":"{id}","labels":["Pod"],"properties":{{"name":"{id}","status":{{"containers":{containers}}}}}}}}}"#
    )
}

#[test]
fn items_become_nodes_and_what_cannot_is_parked() {
    let lines = [
        pod("a", r#"[{"id":"c1","image":"x"},{"id":"c2","image":"y"}]"#),
        pod("b", r#"[{"image":"no id"}]"#),
        pod("a", r#"[{"id":"c2","image":"z"}]"#),
    ];
    let place = Place::new(CONFIG, &lines.each_ref().map(String::as_str));
    place.livewell(&["run", "livewell.yaml", "--until-idle"]).expect(0, &["parked", "has no key at `id`"]);
    let rows = place.results("containers");
    assert!(rows.contains("z") && !rows.contains("c1"), "{rows}");
    assert_eq!(rows.matches("c2").count(), 1, "{rows}");
}

#[test]
fn rules_without_a_name_are_refused_at_the_start() {
    let config = CONFIG.replace("path: status.containers", "path: status..containers");
    Place::new(&config, &[]).run().expect(2, &["a path is names with dots between them"]);
}
