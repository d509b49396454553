//! A query with `for_each`, read and followed for one value by HTTP and by the commands.

use crate::running::{Answer, Events, Running};
use crate::text;
use serde_json::{Value as Json, json};

const QUERIES: &str = "
  - id: orders-of
    sources: [orders]
    cypher: MATCH (o:Order) WHERE o.customer = $customer RETURN o.id AS id, o.total AS total
    for_each: { customer: text }
  - id: top-of
    sources: [orders]
    cypher: MATCH (o:Order) WHERE o.customer = $customer RETURN o.id AS id, o.total AS total ORDER BY total DESC LIMIT 2
    for_each: { customer: text }
  - id: count-of
    sources: [orders]
    cypher: MATCH (o:Order) WHERE o.customer = $customer RETURN count(*) AS n, sum(o.total) AS total
    for_each: { customer: text }
  - id: exact
    sources: [orders]
    cypher: MATCH (o:Order) WHERE o.total = $total AND o.open = $open RETURN o.id AS id
    for_each: { total: integer, open: boolean }
  - id: ratio
    sources: [orders]
    cypher: MATCH (o:Order) WHERE o.ratio = $ratio RETURN o.id AS id
    for_each: { ratio: float }
";

fn start() -> Running {
    Running::start_with("", "", QUERIES)
}

/// Puts an order, and waits until all queries have it.
fn put(running: &Running, id: &str, properties: &Json) {
    let mut properties = properties.clone();
    properties["id"] = id.into();
    let element = json!({ "type": "node", "id": id, "labels": ["Order"], "properties": properties });
    let answer = running.post(&json!({ "operation": "insert", "element": element }).to_string());
    assert_eq!(answer.status, 200, "{}", answer.body);
    let position = answer.json()["position"].clone();
    for query in ["orders-of", "top-of", "count-of", "exact", "ratio", "big"] {
        let path = format!("/api/v1/queries/{query}/results?limit=1&wait=20s&position={position}");
        assert_eq!(running.get(&path).status, 200);
    }
}

fn order(running: &Running, id: &str, customer: &str, total: i64) {
    put(running, id, &json!({ "customer": customer, "total": total }));
}

/// The data of the rows of an answer.
fn data(answer: &Answer) -> Vec<Json> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = answer.json();
    answer["rows"].as_array().unwrap().iter().map(|row| row["data"].clone()).collect()
}

fn results(running: &Running, query: &str, parameters: &str) -> Answer {
    running.get(&format!("/api/v1/queries/{query}/results?{parameters}"))
}

fn sorted(mut rows: Vec<Json>) -> Vec<Json> {
    rows.sort_by_key(ToString::to_string);
    rows
}

#[test]
fn the_rows_of_a_value_are_read_whole_in_lines_and_in_pages() {
    let running = start();
    for at in 0..7 {
        order(&running, &format!("o{at}"), "c1", at);
        order(&running, &format!("p{at}"), "c2", at);
    }
    let own = |prefix: &str| {
        (0..7).map(|at| json!({ "id": format!("{prefix}{at}"), "total": at })).collect::<Vec<_>>()
    };
    let answer = results(&running, "orders-of", "customer=c1");
    assert_eq!(sorted(data(&answer)), own("o"));
    assert_eq!(answer.json()["columns"], json!(["id", "total"]), "the parameter is not a column then");
    assert_eq!(data(&results(&running, "orders-of", "customer=nobody")), Vec::<Json>::new());
    let all = running.get("/api/v1/queries/orders-of/results").json();
    assert_eq!((&all["columns"][0], all["rows"].as_array().unwrap().len()), (&json!("customer"), 14));

    let path = "/api/v1/queries/orders-of/results?customer=c2";
    let lines = running.ask("GET", path, "accept: application/x-ndjson\r\n", "");
    assert_eq!((lines.body.lines().count(), lines.header("livewell-rows")), (7, Some("7")));

    let (mut pages, mut cursor, mut cursors) = (Vec::new(), String::new(), Vec::new());
    loop {
        let page = results(&running, "orders-of", &format!("limit=3&customer=c1{cursor}"));
        pages.extend(data(&page));
        let Some(next) = page.json()["cursor"].as_str().map(ToOwned::to_owned) else { break };
        cursor = format!("&cursor={next}");
        cursors.push(cursor.clone());
        order(&running, "o9", "c1", 9 + i64::try_from(cursors.len()).unwrap());
    }
    assert_eq!((sorted(pages), cursors.len()), (own("o"), 2), "all pages are of one sequence");
    for other in ["customer=c2", ""] {
        let refused = results(&running, "orders-of", &format!("limit=3&{other}{}", cursors[0]));
        assert_eq!((refused.status, &refused.json()["code"]), (400, &json!("LW0701")), "{other}");
    }
    let top = data(&results(&running, "top-of", "customer=c2"));
    assert_eq!(top, [json!({ "id": "p6", "total": 6 }), json!({ "id": "p5", "total": 5 })], "in their order");
    let verified = running.ask("POST", "/api/v1/queries/orders-of/verify?customer=c1", "", "").json();
    assert_eq!((&verified["equal"], &verified["rows"]), (&json!(true), &json!(8)), "{verified}");
}

#[test]
fn a_value_is_told_what_is_declared_if_it_is_not_that() {
    let running = start();
    let refused = |query: &str, parameters: &str| {
        for call in ["results", "changes"] {
            let answer = running.get(&format!("/api/v1/queries/{query}/{call}?{parameters}"));
            assert_eq!(answer.status, 400, "{call} {parameters}: {}", answer.body);
            let problem = answer.json();
            assert_eq!(problem["code"], "LW0544", "{call} {parameters}: {problem}");
            let message = problem["detail"].as_str().unwrap_or_default().to_owned();
            assert!(message.contains("is read for a value of"), "{problem}");
        }
    };
    refused("orders-of", "custmer=c1");
    refused("orders-of", "customer=c1&customer=c2");
    refused("orders-of", "customer=c1&year=1");
    refused("exact", "total=1");
    for total in ["007", "%2B1", "%201", "1.0", "1e2", "", "99999999999999999999", "1%00", "--1", "０"] {
        refused("exact", &format!("total={total}&open=true"));
    }
    for open in ["TRUE", "True", "1", "yes", ""] {
        refused("exact", &format!("total=1&open={open}"));
    }
    for ratio in ["1e999", "NaN", "nan", "inf", "0x10", "", "1,5", "+1", "1 "] {
        refused("ratio", &format!("ratio={}", ratio.replace('+', "%2B").replace(' ', "%20")));
    }
    for (query, parameters) in [
        ("big", "customer=c1"),
        ("orders-of", "customer=%zz"),
        ("orders-of", "customer=%FF"),
        ("orders-of", "%"),
    ] {
        let answer = results(&running, query, parameters);
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!("LW0701")), "{query} {parameters}");
    }
    let verify = running.ask("POST", "/api/v1/queries/big/verify?customer=c1", "", "");
    assert_eq!((verify.status, &verify.json()["code"]), (400, &json!("LW0544")));
    assert_eq!(results(&running, "nobody", "customer=c1").status, 404);
}

#[test]
fn any_text_is_a_value() {
    let running = start();
    let long = "x".repeat(3_000);
    let texts =
        ["", " ", "a b", "a+b&c=d", "%", "é", "\u{0}", "a\u{0}", "007", "limit", "'\"<", "\u{1f980}", &long];
    for (at, text) in texts.iter().enumerate() {
        order(&running, &format!("o{at}"), text, 1);
    }
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    for (at, text) in texts.iter().enumerate() {
        let rows = data(&results(&running, "orders-of", &format!("customer={}", encoded(text))));
        assert_eq!(rows, [json!({ "id": format!("o{at}"), "total": 1 })], "{text:?}");
    }
    let sure = data(&results(&running, "exact", "open=true&total=1"));
    assert_eq!(sure, Vec::<Json>::new(), "no order is open");
    put(&running, "r1", &json!({ "ratio": 1, "total": 5.0, "open": false }));
    assert_eq!(data(&results(&running, "ratio", "ratio=1.0")).len(), 1);
    assert_eq!(data(&results(&running, "ratio", "ratio=1e0")).len(), 1);
    assert_eq!(data(&results(&running, "exact", "open=false&total=5")).len(), 1);
}

/// The next event but heartbeats.
fn next(events: &mut Events) -> (String, Option<String>, Json) {
    loop {
        let event = events.next().expect("it runs");
        if event.0 != "heartbeat" {
            return event;
        }
    }
}

#[test]
fn a_stream_of_a_value_tells_what_becomes_of_its_rows_and_nothing_else() {
    let running = start();
    order(&running, "o1", "c1", 5);
    let path = "/api/v1/queries/orders-of/changes?customer=c1";
    let follow = |last: &str| {
        let last = if last.is_empty() { String::new() } else { format!("last-event-id: {last}\r\n") };
        Events::of(running.open("GET", path, &last, ""))
    };
    let mut events = follow("");
    assert_eq!(
        (next(&mut events).0, next(&mut events).2["columns"].clone()),
        ("row".into(), json!(["id", "total"]))
    );
    order(&running, "o2", "c2", 7);
    order(&running, "o2", "c1", 8);
    let (name, id, data) = next(&mut events);
    assert_eq!((name.as_str(), &data["results"][0]["type"]), ("result", &json!("ADD")), "{data}");
    assert_eq!(data["results"][0]["data"], json!({ "id": "o2", "total": 8 }));
    order(&running, "o1", "c3", 5);
    let gone = next(&mut events).2;
    assert_eq!(gone["results"][0]["type"], "DELETE", "{gone}");
    drop(events);
    assert_eq!(next(&mut follow(&id.unwrap())).2, gone, "it goes on behind the last id");

    let mut count = Events::of(running.open("GET", "/api/v1/queries/count-of/changes?customer=c9", "", ""));
    let (_, _, row) = next(&mut count);
    assert_eq!(row["data"], json!({ "n": 0, "total": 0 }), "the row of a value that nothing has");
    assert_eq!(next(&mut count).0, "snapshot_end");
    order(&running, "o9", "c9", 4);
    let update = &next(&mut count).2["results"][0];
    assert_eq!(
        (&update["type"], &update["row_signature"]),
        (&json!("UPDATE"), &row["row_signature"]),
        "{update}"
    );
    assert_eq!(update["after"], json!({ "n": 1, "total": 4 }));
    order(&running, "o9", "c1", 4);
    let back = &next(&mut count).2["results"][0];
    assert_eq!((&back["type"], &back["after"]), (&json!("UPDATE"), &json!({ "n": 0, "total": 0 })), "{back}");
}

#[test]
fn a_client_that_hears_nothing_is_given_ids_to_come_back_with() {
    let running = start();
    let path = "/api/v1/queries/orders-of/changes?customer=quiet";
    let mut stream = Events::of(running.open("GET", path, "", ""));
    let (_, begun, _) = next(&mut stream);
    order(&running, "o1", "loud", 5);
    let (name, id, _) = stream.next().expect("it runs");
    assert_eq!(name, "heartbeat");
    assert!(id.is_some() && id != begun, "{id:?} after {begun:?}");
}

#[test]
fn commands_show_watch_and_verify_one_value() {
    let mut running = start();
    order(&running, "o1", "c1", 5);
    order(&running, "o2", "c2", 6);
    let out = running.command(&["results", "orders-of", "--for", "customer=c1", "--format", "ndjson"]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(text(&out.stdout).contains("o1") && !text(&out.stdout).contains("o2"), "{}", text(&out.stdout));
    let out = running.command(&["verify", "orders-of", "--for", "customer=c1"]);
    assert!(text(&out.stdout).contains("is right: 1 row "), "{} {}", text(&out.stdout), text(&out.stderr));
    let out = running.command(&["verify", "orders-of"]);
    assert!(text(&out.stdout).contains("is right: 2 rows"), "{} {}", text(&out.stdout), text(&out.stderr));
    for arguments in
        [["results", "big", "--for", "customer=c1"], ["verify", "orders", "--for", "customer=c1"]]
    {
        let out = running.command(&arguments);
        assert!(!out.status.success(), "{arguments:?}: {}", text(&out.stdout));
    }
    running.stop();
    let store = running.store();
    let offline =
        |arguments: &[&str]| crate::livewell(&[arguments, &["--store", store.to_str().unwrap()]].concat());
    let out = offline(&["results", "count-of", "--for", "customer=nobody", "--format", "ndjson"]);
    assert!(text(&out.stdout).contains("\"n\":0"), "{} {}", text(&out.stdout), text(&out.stderr));
    let out = offline(&["results", "orders-of", "--for", "customer=c2", "--format", "ndjson"]);
    assert!(text(&out.stdout).contains("o2") && !text(&out.stdout).contains("o1"), "{}", text(&out.stderr));
    let out = offline(&["verify", "top-of", "--for", "customer=c2"]);
    assert!(text(&out.stdout).contains("is right: 1 row "), "{} {}", text(&out.stdout), text(&out.stderr));
    let out = offline(&["results", "exact", "--for", "total=007", "--for", "open=true"]);
    assert!(text(&out.stderr).contains("LW0544"), "{}", text(&out.stderr));
}
