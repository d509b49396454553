//! Tokens that are bound to a query, or to one value of it: they read that and nothing else.

use super::running::{Answer, Events, Running};
use serde_json::json;
use std::fmt::Write;
use std::process::Command;

const CONFIG: &str = "store: { kind: embedded, path: data }\n\
    server:\n  listen: 127.0.0.1:0\n  tokens:\n    \
    - { name: all, token: token-of-all-things, scopes: [administer] }\n    \
    - { name: c42, token: token-of-customer-42, only: { query: orders-of, values: { customer: c42 } } }\n    \
    - { name: list, token: token-of-the-whole-list, only: { query: big } }\n\
    sources:\n  - { id: orders, kind: http }\n\
    queries:\n  \
    - { id: big, sources: [orders], cypher: 'MATCH (o:Order) RETURN o.id AS id' }\n  \
    - id: orders-of\n    sources: [orders]\n    for_each: { customer: text }\n    \
      cypher: 'MATCH (o:Order) WHERE o.customer = $customer RETURN o.id AS id'\n";

const OF: &str = "/api/v1/queries/orders-of";

/// Calls that show other things, too.
const OTHERS: &[&str] = &[
    "/metrics",
    "/openapi.json",
    "/errors/LW0740",
    "/api/v1/server",
    "/api/v1/graph",
    "/api/v1/needs",
    "/api/v1/events",
    "/api/v1/store",
    "/api/v1/history",
    "/api/v1/history?id=orders-of",
    "/api/v1/stream?status=1s",
    "/api/v1/stream?query=orders-of",
    "/api/v1/config",
    "/api/v1/kinds",
    "/api/v1/queries",
    "/api/v1/queries/orders-of",
    "/api/v1/queries/orders-of/explain",
    "/api/v1/queries/orders-of/funnel",
    "/api/v1/queries/orders-of/definition",
    "/api/v1/sources/orders/elements",
    "/api/v1/sources/orders/schema",
    "/api/v1/sources/orders/elements/o1/trace",
    "/api/v1/sources/orders/transactions",
    "/api/v1/sources/orders/progress",
    "/api/v1/sources/orders/counts",
    "/api/v1/reactions/hook/deliveries",
    "/api/v1/reactions/hook/dead-letters",
    "/api/v1/reactions/hook/target",
    "/api/v1/reactions/hook/compare",
];

fn order(id: &str, customer: &str) -> String {
    let properties = json!({ "id": id, "customer": customer });
    let element = json!({ "type": "node", "id": id, "labels": ["Order"], "properties": properties });
    json!({ "operation": "insert", "element": element }).to_string() + "\n"
}

fn bearer(token: &str) -> String {
    format!("authorization: Bearer token-of-{token}\r\n")
}

fn get(running: &Running, token: &str, path: &str) -> Answer {
    running.ask("GET", path, &bearer(token), "")
}

fn started() -> Running {
    let running = Running::of(CONFIG);
    let mut body = String::new();
    for at in 0..6 {
        let customer = if at % 2 == 0 { "c42" } else { "c43" };
        write!(body, "{}", order(&format!("o{at}"), customer)).unwrap();
    }
    let sent = running.ask("POST", "/api/v1/sources/orders/changes", &bearer("all-things"), &body);
    assert_eq!(sent.status, 200, "{}", sent.body);
    running
}

#[test]
fn a_token_of_one_value_reads_its_results_and_changes_in_every_form() {
    let running = started();
    let own = get(&running, "customer-42", &format!("{OF}/results?customer=c42&position=6&wait=20s"));
    assert_eq!(own.status, 200, "{}", own.body);
    assert_eq!(own.json()["rows"].as_array().unwrap().len(), 3);
    let lines = format!("{}accept: application/x-ndjson\r\n", bearer("customer-42"));
    let lines = running.ask("GET", &format!("{OF}/results?customer=c42"), &lines, "");
    assert_eq!((lines.status, lines.body.lines().count()), (200, 3));

    let (mut path, mut rows) = (format!("{OF}/results?customer=c42&limit=1"), 0);
    loop {
        let page = get(&running, "customer-42", &path);
        assert_eq!(page.status, 200, "{}", page.body);
        rows += page.json()["rows"].as_array().unwrap().len();
        let Some(cursor) = page.json()["cursor"].as_str().map(ToOwned::to_owned) else { break };
        path = format!("{OF}/results?limit=1&cursor={cursor}&customer=c42");
        let other = get(&running, "customer-42", &path.replace("c42", "c43"));
        assert_eq!(other.status, 403, "the cursor does not open the pages of others");
    }
    assert_eq!(rows, 3);

    let mut events =
        Events::of(running.open("GET", &format!("{OF}/changes?customer=c42"), &bearer("customer-42"), ""));
    let snapshot: Vec<String> = std::iter::from_fn(|| events.next()).map(|(name, ..)| name).take(4).collect();
    assert_eq!(snapshot, ["row", "row", "row", "snapshot_end"]);
    let both = order("o7", "c43") + &order("o8", "c42");
    running.ask("POST", "/api/v1/sources/orders/changes", &bearer("all-things"), &both);
    let (name, _, result) = events.next().unwrap();
    assert_eq!((name.as_str(), &result["results"][0]["data"]["id"]), ("result", &json!("o8")));
    assert_eq!(get(&running, "the-whole-list", "/api/v1/queries/big/results").status, 200);
}

#[test]
fn the_command_reads_what_a_bound_token_may_read() {
    let running = started();
    let results = |token: Option<&str>, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_livewell"));
        command.args(["results", "orders-of", "--server", &running.address, "--format", "ndjson"]).args(more);
        match token {
            Some(token) => command.env("LIVEWELL_TOKEN", format!("token-of-{token}")),
            None => command.env_remove("LIVEWELL_TOKEN"),
        };
        let output = command.output().unwrap();
        let said = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code(), said(&output.stdout).lines().count(), said(&output.stderr))
    };
    let own = ["--for", "customer=c42"];
    let sent = get(&running, "customer-42", &format!("{OF}/results?customer=c42&position=6&wait=20s"));
    assert_eq!(sent.status, 200, "{}", sent.body);
    assert_eq!(results(Some("customer-42"), &own), (Some(0), 3, String::new()));
    assert_eq!(running.ask("POST", &format!("{OF}/stop"), &bearer("all-things"), "").status, 200);
    let (code, rows, said) = results(Some("customer-42"), &own);
    assert_eq!((code, rows), (Some(0), 3), "{said}");
    assert!(said.contains("note: `orders-of` is stopped, and may be behind"), "{said}");

    for (token, more, says) in [
        (Some("customer-42"), ["--for", "customer=c43"], "[LW0740]"),
        (
            Some("nobody"),
            own,
            "environment variable LIVEWELL_TOKEN, whose value this server does not accept [LW0707]",
        ),
        (None, own, "environment variable LIVEWELL_TOKEN, which is not set [LW0707]"),
    ] {
        let (code, rows, said) = results(token, &more);
        assert_eq!((code, rows), (Some(1), 0), "{said}");
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn a_token_of_one_value_reads_views_and_the_outbox_of_that_value() {
    let running = started();
    let own = get(&running, "customer-42", &format!("{OF}/results?customer=c42&position=6&wait=20s"));
    assert_eq!(own.status, 200, "{}", own.body);
    let make =
        |token: &str, rest: &str| running.ask("POST", &format!("{OF}/views{rest}"), &bearer(token), "{}");
    let view = make("customer-42", "?customer=c42");
    assert_eq!((view.status, &view.json()["total"]), (201, &json!(3)), "{}", view.body);
    let one = format!("{OF}/views/{}", view.json()["view"].as_str().unwrap());
    let rows = get(&running, "customer-42", &format!("{one}?limit=2&customer=c42")).json();
    assert_eq!((&rows["rows"][0]["data"].as_object().unwrap().len(), &rows["total"]), (&1, &json!(3)));
    // Somebody else's view is not found by who names it, and own values do not open it.
    let other = make("all-things", "?customer=c43").json()["view"].as_str().unwrap().to_owned();
    let opened = get(&running, "customer-42", &format!("{OF}/views/{other}?customer=c42"));
    assert_eq!((opened.status, &opened.json()["code"]), (410, &json!("LW0862")));
    for rest in ["", "?customer=c43", "?customer=c42&customer=c43"] {
        assert_eq!(make("customer-42", rest).status, 403, "{rest}");
        assert_eq!(get(&running, "customer-42", &format!("{OF}/views/{other}{rest}")).status, 403, "{rest}");
        assert_eq!(get(&running, "customer-42", &format!("{OF}/outbox{rest}")).status, 403, "{rest}");
        let gone = running.ask("DELETE", &format!("{one}{rest}"), &bearer("customer-42"), "");
        assert_eq!(gone.status, 403, "{rest}");
    }
    assert_eq!(make("the-whole-list", "?customer=c42").status, 403);
    let both = order("o7", "c43") + &order("o8", "c42");
    running.ask("POST", "/api/v1/sources/orders/changes", &bearer("all-things"), &both);
    let own = get(&running, "customer-42", &format!("{OF}/results?customer=c42&position=8&wait=20s"));
    assert_eq!(own.status, 200, "{}", own.body);
    let outbox = get(&running, "customer-42", &format!("{OF}/outbox?customer=c42")).json();
    let diffs: Vec<_> = outbox["results"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|result| result["results"].as_array().unwrap())
        .collect();
    assert!(!outbox.to_string().contains("o7"), "{outbox}");
    assert_eq!((diffs[0]["data"].clone(), &outbox["columns"]), (json!({ "id": "o8" }), &json!(["id"])));
    // A row that another value has by now is gone from this one.
    let moved = order("o8", "c43").replace("insert", "update");
    let view = make("customer-42", "?customer=c42").json()["view"].as_str().unwrap().to_owned();
    let sent = running.ask("POST", "/api/v1/sources/orders/changes", &bearer("all-things"), &moved);
    let path = format!("{OF}/results?customer=c42&position={}&wait=20s", sent.json()["position"]);
    assert_eq!(get(&running, "customer-42", &path).status, 200);
    let rows = get(&running, "customer-42", &format!("{OF}/views/{view}?customer=c42")).json();
    let gone = rows["rows"].as_array().unwrap().iter().filter(|row| row["data"].is_null()).count();
    assert_eq!((gone, rows["rows"].as_array().unwrap().len()), (1, 4), "{rows}");
}

#[test]
fn everything_else_is_refused_however_it_is_written() {
    let running = started();
    let refused = |token: &str, method: &str, path: &str| {
        let answer = running.ask(method, path, &bearer(token), "");
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.body);
        assert_eq!(answer.json()["code"], "LW0740", "{path}");
        assert!(!answer.body.contains("\"rows\""), "{path}");
    };
    for call in ["results", "changes"] {
        for values in [
            "",
            "?",
            "?customer",
            "?customer=",
            "?customer=c43",
            "?customer=c42&customer=c43",
            "?customer=c43&customer=c42",
            "?customer=c42&region=x",
            "?Customer=c42",
            "?customer=c42%00",
            "?customer=c42;customer=c43",
            "?limit=1",
            "?customer%3Dc42",
        ] {
            refused("customer-42", "GET", &format!("{OF}/{call}{values}"));
        }
        refused("customer-42", "GET", &format!("/api/v1/queries/big/{call}?customer=c42"));
        refused("the-whole-list", "GET", &format!("{OF}/{call}?customer=c42"));
        refused("the-whole-list", "GET", &format!("{OF}/{call}"));
    }
    for path in OTHERS {
        let and = if path.contains('?') { '&' } else { '?' };
        refused("customer-42", "GET", &format!("{path}{and}customer=c42"));
    }
    refused("customer-42", "POST", &format!("{OF}/results?customer=c42"));
    refused("customer-42", "POST", &format!("{OF}/verify?customer=c42"));
    refused("customer-42", "POST", &format!("{OF}/why?customer=c42"));
    refused("customer-42", "POST", "/api/v1/queries/check?customer=c42");
    refused("customer-42", "POST", "/api/v1/queries/try?customer=c42");
    refused("customer-42", "POST", "/api/v1/sources/orders/changes");
    refused("customer-42", "DELETE", OF);
    for odd in [
        "/api/v1/queries/orders-of/../big/results",
        "/api/v1/queries//orders-of/results",
        "/api/v1/queries/orders-of/results/",
    ] {
        let answer = get(&running, "customer-42", &format!("{odd}?customer=c42"));
        assert!(answer.status == 403 || answer.status == 404, "{odd}: {}", answer.status);
    }
    // The same call in other letters is the same call.
    for same in [
        "/api/v1/queries/orders%2Dof/results?customer=c42",
        "/api/v1/queries/orders-of/results?%63ustomer=%634%32",
    ] {
        assert_eq!(get(&running, "customer-42", same).status, 200, "{same}");
    }
    let malformed = get(&running, "customer-42", &format!("{OF}/results?customer=%zz"));
    assert_eq!(malformed.status, 400);
}
