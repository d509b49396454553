//! A server with thousands of components answers each call, in pages where it is about all of them.

use super::running::{Answer, Running};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

const COUNT: usize = 3_000;

fn query(id: &str) -> Json {
    json!({ "id": id, "sources": ["orders"], "cypher": "MATCH (o:Order) RETURN o.id AS id", "enabled": false })
}

/// A server of paused queries, which need no time of their own.
fn start() -> Running {
    let queries: Vec<Json> = (0..COUNT).map(|at| query(&format!("q{at:04}"))).collect();
    let all = json!({
        "store": { "kind": "memory" },
        "server": { "listen": "127.0.0.1:0" },
        "sources": [{ "id": "orders", "kind": "http" }],
        "queries": queries,
    });
    Running::of(&all.to_string())
}

fn ids(page: &Answer) -> Vec<String> {
    let page = page.json();
    page.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

/// The address of the next page.
fn next(page: &Answer) -> Option<String> {
    let link = page.header("link")?.strip_suffix(">; rel=\"next\"")?;
    link.strip_prefix('<').map(ToOwned::to_owned)
}

#[test]
fn each_call_is_answered_among_thousands_of_components() {
    let running = start();
    assert_eq!(running.get("/health").status, 200);
    running.wait_until_ready();
    pages(&running);
    metrics(&running);
    one(&running);
    graph(&running);
    commands(&running);
}

fn pages(running: &Running) {
    let mut path = Some("/api/v1/queries".to_owned());
    let (mut all, mut count) = (Vec::new(), 0);
    while let Some(page) = path.map(|path| running.get(&path)) {
        all.extend(ids(&page));
        path = next(&page);
        count += 1;
    }
    assert_eq!((count, all.len()), (3, COUNT));
    assert!(all.is_sorted() && all.iter().collect::<BTreeSet<_>>().len() == COUNT);

    let paused = running.get("/api/v1/queries?state=paused&limit=2&after=q1998");
    assert_eq!(ids(&paused), ["q1999", "q2000"]);
    assert_eq!(next(&paused).as_deref(), Some("/api/v1/queries?limit=2&after=q2000&state=paused"));
    let all = running.get("/api/v1/queries?limit=10000");
    assert_eq!((ids(&all).len(), next(&all)), (COUNT, None));
    assert!(ids(&running.get("/api/v1/queries?state=error")).is_empty());
    assert_eq!(ids(&running.get("/api/v1/sources?limit=1")), ["orders"]);
    for wrong in ["limit=0", "limit=10001", "limit=x", "state=busy", "page=2"] {
        let refused = running.get(&format!("/api/v1/queries?{wrong}"));
        assert_eq!((refused.status, &refused.json()["code"]), (400, &json!("LW0701")), "{wrong}");
    }
}

fn graph(running: &Running) {
    let graph = running.get("/api/v1/graph");
    assert!(graph.body.len() < 1_000, "{}", graph.body);
    let graph = graph.json();
    assert_eq!((&graph["total"], &graph["whole"]), (&json!(COUNT + 1), &json!(false)));
    assert_eq!((&graph["components"], &graph["edges"]), (&json!([]), &json!([])));
    let paused = json!({ "kind": "query", "state": "paused", "count": COUNT });
    assert!(graph["counts"].as_array().unwrap().contains(&paused), "{graph}");

    let wrong = json!({ "id": "wrong", "sources": ["orders"], "cypher": "MATCH (n:N) RETURN 1 / n.x AS x" });
    assert_eq!(running.ask("POST", "/api/v1/queries", "", &wrong.to_string()).status, 201);
    running.post(
        r#"{"operation":"insert","element":{"type":"node","id":"n","labels":["N"],"properties":{"x":0}}}"#,
    );
    while running.get("/api/v1/queries/wrong").json()["state"] != "error" {
        std::thread::park_timeout(std::time::Duration::from_millis(10));
    }
    let happened = running.get("/api/v1/events").json();
    assert!(happened["events"].as_array().unwrap().len() < 10, "what begins paused is not an event");
    let needs = running.get("/api/v1/needs").json();
    assert_eq!(
        (&needs["whole"], &needs["needs"][0]["component"]["id"]),
        (&json!(false), &json!("wrong")),
        "{needs}"
    );
    let graph = running.get("/api/v1/graph").json();
    assert_eq!(graph["components"].as_array().unwrap().len(), 1, "{graph}");
    assert_eq!(
        (&graph["components"][0]["id"], &graph["components"][0]["state"]),
        (&json!("wrong"), &json!("error"))
    );
    assert!(graph["counts"].as_array().unwrap().contains(&paused), "{graph}");
    let shown = running.command(&["graph"]);
    assert!(
        super::text(&shown.stdout).contains("1 of 3002 components are shown"),
        "{}",
        super::text(&shown.stdout)
    );
    assert_eq!(running.ask("DELETE", "/api/v1/queries/wrong", "", "").status, 204);
}

fn metrics(running: &Running) {
    let text = running.get("/metrics").body;
    let series = |name: &str| text.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!(series("livewell_position{"), 1_000);
    assert!(text.contains("livewell_position{kind=\"source\",id=\"orders\"}"), "sources come first");
    assert!(text.contains("id=\"q0998\"") && !text.contains("id=\"q0999\""));
    assert_eq!(series("livewell_components{"), 21);
    for line in ["components{kind=\"query\",state=\"paused\"} 3000", "components_without_series 2001"] {
        assert!(text.contains(&format!("livewell_{line}.0\n")), "{line}");
    }
}

fn one(running: &Running) {
    let ask = |method: &str, path: &str, body: &Json| running.ask(method, path, "", &body.to_string());
    let path = "/api/v1/queries/q2500";
    assert_eq!(running.get(path).json()["state"], "paused");
    assert_eq!(running.get(&format!("{path}/definition")).json()["definition"], query("q2500"));
    assert_eq!(running.get(&format!("{path}/explain")).status, 200);
    assert_eq!(ask("POST", "/api/v1/queries", &query("q2500")).status, 409);
    assert_eq!(ask("POST", "/api/v1/queries", &query("new")).status, 201);
    let mut changed = query("new");
    changed["cypher"] = json!("MATCH (o:Order) RETURN o.total AS total");
    assert_eq!(ask("PUT", "/api/v1/queries/new", &changed).status, 200);
    assert_eq!(ask("POST", "/api/v1/queries/new/start", &Json::Null).status, 200);
    assert_eq!(running.get("/api/v1/queries/new/results?position=0&wait=20s").status, 200);
    assert_eq!(ask("POST", "/api/v1/queries/new/stop", &Json::Null).status, 200);
    assert_eq!(ask("DELETE", "/api/v1/queries/new", &Json::Null).status, 204);
    let unknown = running.get("/api/v1/queries/q25000");
    assert_eq!(unknown.status, 404);
    assert!(unknown.json()["detail"].as_str().unwrap().contains("did you mean `q"), "{}", unknown.body);
    let removed = ask("DELETE", "/api/v1/sources/orders", &Json::Null);
    assert_eq!((removed.status, &removed.json()["code"]), (409, &json!("LW0535")));
    assert!(removed.json()["detail"].as_str().unwrap().contains("`q0009` and 2990 more"), "{}", removed.body);
}

fn commands(running: &Running) {
    let shown = |arguments: &[&str]| String::from_utf8(running.command(arguments).stdout).unwrap();
    let table = shown(&["status"]);
    assert!(table.contains("q0999") && !table.contains("q1000"), "{table}");
    assert!(table.contains("2000 more queries are not shown"), "{table}");
    let all: Json = serde_json::from_str(&shown(&["status", "--kind", "query", "--format", "json"])).unwrap();
    assert_eq!((all["queries"].as_array().unwrap().len(), &all["sources"]), (COUNT, &json!([])));
    assert!(!shown(&["status", "--state", "error"]).contains("q0000"));
}
