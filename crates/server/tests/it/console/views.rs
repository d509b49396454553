//! Rows in an order that stays, read by offset: as an order of our own says, whatever changes meanwhile.

use crate::running::{Answer, Running};
use serde_json::{Value as Json, json};
use std::cmp::Ordering;
use std::collections::BTreeMap;

const QUERY: &str =
    "  - { id: all, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id, o.v AS v, o.w AS w\" }\n";
const VIEWS: &str = "/api/v1/queries/all/views";

/// A generator of numbers that gives the same ones each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    /// A value of any kind; few of each, so that many are equal.
    fn value(&mut self) -> Json {
        let number = self.below(6);
        match self.below(8) {
            0 => Json::Null,
            1 => json!(number < 3),
            2 => json!([number]),
            3 => json!(number as f64 + 0.5),
            4 => json!(format!("{number}")),
            5 => json!(["Äpfel", "apples", "", "äpfel <b>", "x1", "X10"][number as usize]),
            6 => json!(9_007_199_254_740_992_i64 + number as i64),
            _ => json!(number),
        }
    }
}

fn order(operation: &str, id: &str, v: &Json, w: &Json) -> String {
    let properties = json!({ "id": id, "v": v, "w": w });
    let element = json!({ "type": "node", "id": id, "labels": ["Order"], "properties": properties });
    json!({ "operation": operation, "element": element }).to_string()
}

fn send(running: &Running, changes: &[String]) {
    let sent = running.post(&changes.join("\n"));
    assert_eq!(sent.status, 200, "{}", sent.body);
    let path = format!("/api/v1/queries/all/results?limit=1&wait=30s&position={}", sent.json()["position"]);
    assert_eq!(running.get(&path).status, 200);
}

fn started(orders: u64) -> (Running, Random) {
    let (running, mut random) = (Running::start_with("", "", QUERY), Random(7));
    let changes: Vec<String> = (0..orders)
        .map(|at| {
            let (v, w) = (random.value(), json!(random.below(4)));
            order("insert", &format!("o{at}"), &v, &w)
        })
        .collect();
    send(&running, &changes);
    (running, random)
}

fn make(running: &Running, asked: &Json) -> Answer {
    running.ask("POST", VIEWS, "", &asked.to_string())
}

/// All rows of a view, read in pages of `limit`.
fn read(running: &Running, view: &Json, limit: usize) -> Vec<Json> {
    let (mut rows, total) = (Vec::new(), view["total"].as_u64().unwrap() as usize);
    loop {
        let path = format!("{VIEWS}/{}?offset={}&limit={limit}", view["view"].as_str().unwrap(), rows.len());
        let page = running.get(&path);
        assert_eq!(page.status, 200, "{}", page.body);
        let page = page.json();
        assert_eq!((&page["sequence"], &page["total"]), (&view["sequence"], &view["total"]));
        let found = page["rows"].as_array().unwrap();
        assert_eq!(found.len(), limit.min(total - rows.len()), "{page}");
        if found.is_empty() {
            return rows;
        }
        rows.extend(found.iter().cloned());
    }
}

/// The kinds of values in their order: lists, texts, booleans, numbers, null.
fn rank(value: &Json) -> u8 {
    match value {
        Json::Array(_) => 0,
        Json::String(_) => 1,
        Json::Bool(_) => 2,
        Json::Number(_) => 3,
        _ => 4,
    }
}

fn compare(a: &Json, b: &Json) -> Ordering {
    let by_kind = rank(a).cmp(&rank(b));
    by_kind.then_with(|| match (a, b) {
        (Json::Array(a), Json::Array(b)) => compare(&a[0], &b[0]),
        (Json::String(a), Json::String(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Json::Bool(a), Json::Bool(b)) => a.cmp(b),
        (Json::Number(a), Json::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_f64().unwrap().total_cmp(&b.as_f64().unwrap()),
        },
        _ => Ordering::Equal,
    })
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// The signatures of the rows of `results` that are asked for, in the order that is.
fn expected(running: &Running, asked: &Json) -> Vec<Json> {
    let results = running.get("/api/v1/queries/all/results").json();
    let mut rows = results["rows"].as_array().unwrap().clone();
    let search = asked["search"].as_str().unwrap_or_default().to_lowercase();
    rows.retain(|row| {
        let data = row["data"].as_object().unwrap();
        let is = |(name, wanted): (&String, &Json)| {
            compare(&data[name], wanted).is_eq()
                || wanted.as_str().is_some_and(|wanted| text(&data[name]) == wanted)
        };
        data.values().any(|value| text(value).to_lowercase().contains(&search))
            && asked["where"].as_object().into_iter().flatten().all(is)
    });
    rows.sort_by(|a, b| {
        let by = |sort: &Json| {
            let column = sort["column"].as_str().unwrap();
            let order = compare(&a["data"][column], &b["data"][column]);
            if sort["descending"] == true { order.reverse() } else { order }
        };
        let sorts = asked["sort"].as_array().into_iter().flatten();
        let ordered = sorts.map(by).find(|order| order.is_ne());
        ordered
            .unwrap_or(Ordering::Equal)
            .then_with(|| text(&a["row_signature"]).cmp(&text(&b["row_signature"])))
    });
    rows.into_iter().map(|row| row["row_signature"].clone()).collect()
}

fn signatures(rows: &[Json]) -> Vec<Json> {
    rows.iter().map(|row| row["row_signature"].clone()).collect()
}

#[test]
fn rows_come_in_the_order_that_was_asked_for() {
    let (running, _) = started(300);
    for asked in [
        json!({}),
        json!({ "sort": [{ "column": "v" }] }),
        json!({ "sort": [{ "column": "v", "descending": true }] }),
        json!({ "sort": [{ "column": "w", "descending": true }, { "column": "v" }, { "column": "id" }] }),
        json!({ "sort": [{ "column": "v" }], "search": "X1" }),
        json!({ "sort": [{ "column": "v" }], "search": "ÄPFEL" }),
        json!({ "search": "null" }),
        json!({ "search": "nothing has this" }),
        json!({ "where": { "w": 3 } }),
        json!({ "where": { "w": "3", "v": "5" }, "sort": [{ "column": "id", "descending": true }] }),
        json!({ "where": { "v": null } }),
        json!({ "where": { "v": 9_007_199_254_740_993_i64 } }),
    ] {
        let made = make(&running, &asked);
        assert_eq!(made.status, 201, "{asked}: {}", made.body);
        let view = made.json();
        let expected = expected(&running, &asked);
        assert_eq!(view["total"], expected.len(), "{asked}");
        for limit in [200, 7] {
            let rows = read(&running, &view, limit);
            assert_eq!(signatures(&rows), expected, "{asked}");
            assert!(rows.iter().all(|row| row["changed"] == false && row["data"].is_object()), "{asked}");
        }
        let gone = running.ask("DELETE", &format!("{VIEWS}/{}", view["view"].as_str().unwrap()), "", "");
        assert_eq!(gone.status, 204, "{}", gone.body);
    }
}

#[test]
fn the_order_of_a_query_is_kept_if_no_other_is_asked_for() {
    let top = "  - { id: all, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id, o.w AS w ORDER BY w DESC, id\" }\n";
    let running = Running::start_with("", "", top);
    let changes: Vec<String> =
        (0..40).map(|at| order("insert", &format!("o{at}"), &Json::Null, &json!(at % 3))).collect();
    send(&running, &changes);
    let results = running.get("/api/v1/queries/all/results").json();
    let view = make(&running, &json!({})).json();
    assert_eq!((&view["ordered"], &view["columns"]), (&json!(true), &json!(["id", "w"])));
    assert_eq!(signatures(&read(&running, &view, 7)), signatures(results["rows"].as_array().unwrap()));
    let sorted = make(&running, &json!({ "sort": [{ "column": "id" }] })).json();
    assert_eq!(sorted["ordered"], false);
}

#[test]
fn places_stay_while_rows_change_and_each_row_says_so() {
    let (running, mut random) = started(200);
    let asked = json!({ "sort": [{ "column": "v" }] });
    let view = make(&running, &asked).json();
    let before = read(&running, &view, 200);
    let mut changes = Vec::new();
    let mut now: BTreeMap<String, Option<Json>> = BTreeMap::new();
    for at in 0..60 {
        let id = format!("o{}", at * 3);
        if at % 3 == 0 {
            changes.push(json!({ "operation": "delete", "id": id }).to_string());
            now.insert(id, None);
        } else {
            let v = json!(format!("changed {}", random.below(9)));
            changes.push(order("update", &id, &v, &json!(0)));
            now.insert(id, Some(v));
        }
    }
    changes.push(order("insert", "new", &json!("new"), &json!(0)));
    send(&running, &changes);
    let after = read(&running, &view, 31);
    assert_eq!(signatures(&after), signatures(&before));
    for (row, was) in after.iter().zip(&before) {
        match now.get(was["data"]["id"].as_str().unwrap()) {
            None => assert_eq!(row, was),
            Some(None) => assert_eq!((&row["data"], &row["changed"]), (&Json::Null, &json!(true))),
            Some(Some(v)) => assert_eq!((&row["data"]["v"], &row["changed"]), (v, &json!(true))),
        }
    }
    let next = make(&running, &asked).json();
    assert_eq!(signatures(&read(&running, &next, 200)), expected(&running, &asked));

    // Rows of another epoch are other rows.
    let other = json!({ "id": "all", "sources": ["orders"], "cypher": "MATCH (o:Order) RETURN o.id AS id" });
    let changed = running.ask("PUT", "/api/v1/queries/all", "", &other.to_string());
    assert!((200..300).contains(&changed.status), "{}", changed.body);
    let path = format!("{VIEWS}/{}?limit=1", next["view"].as_str().unwrap());
    for _ in 0..600 {
        let page = running.get(&path);
        if page.status == 410 {
            assert_eq!(page.json()["code"], "LW0862");
            return;
        }
        livewell_services::pause(std::time::Duration::from_millis(50));
    }
    panic!("the view outlives the epoch: {}", running.get(&path).body);
}

#[test]
fn what_no_view_can_be_is_refused_with_its_reason() {
    let (running, _) = started(3);
    let long = "x".repeat(1_001);
    for (body, status, code) in [
        ("[]".to_owned(), 400, "LW0701"),
        (json!({ "sorted": [] }).to_string(), 400, "LW0701"),
        (json!({ "sort": [{ "by": "v" }] }).to_string(), 400, "LW0701"),
        (json!({ "sort": [{ "column": "V" }] }).to_string(), 400, "LW0860"),
        (json!({ "where": { "__proto__": 1 } }).to_string(), 400, "LW0860"),
        (json!({ "search": long }).to_string(), 400, "LW0701"),
        (json!({ "sort": vec![json!({ "column": "v" }); 101] }).to_string(), 400, "LW0701"),
    ] {
        let made = running.ask("POST", VIEWS, "", &body);
        assert_eq!((made.status, &made.json()["code"]), (status, &json!(code)), "{body}: {}", made.body);
    }
    let view = make(&running, &json!({})).json();
    let one = format!("{VIEWS}/{}", view["view"].as_str().unwrap());
    for (path, status, code) in [
        (format!("{one}?limit=201"), 400, "LW0701"),
        (format!("{one}?limit=0"), 400, "LW0701"),
        (format!("{one}?offset=-1"), 400, "LW0701"),
        (format!("{VIEWS}/0000000000000000"), 410, "LW0862"),
        (format!("{VIEWS}/%3Cimg%20onerror%3E"), 400, "LW0701"),
        (one.replace("all", "big"), 410, "LW0862"),
        (one.replace("all", "nope"), 404, "LW0501"),
    ] {
        let answer = running.get(&path);
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (status, &json!(code)),
            "{path}: {}",
            answer.body
        );
    }
    let behind = running.get(&format!("{one}?offset=18446744073709551615"));
    assert_eq!((behind.status, &behind.json()["rows"]), (200, &json!([])));
    assert_eq!(running.ask("POST", "/api/v1/queries/nope/views", "", "").status, 404);
}

#[test]
fn views_are_few_and_their_memory_is_bounded() {
    let (running, _) = started(3);
    let mut made = Vec::new();
    let refused = loop {
        let view = make(&running, &json!({}));
        match view.status {
            201 => made.push(view.json()["view"].as_str().unwrap().to_owned()),
            _ => break view,
        }
        assert!(made.len() < 1_000, "views without end");
    };
    assert_eq!((refused.status, &refused.json()["code"]), (503, &json!("LW0863")));
    assert!(refused.header("retry-after").is_some());
    let last = made.pop().unwrap();
    assert_eq!(running.ask("DELETE", &format!("{VIEWS}/{last}"), "", "").status, 204);
    assert_eq!(make(&running, &json!({})).status, 201);

    let running = Running::start_with("  limits: { verify_bytes: 1000 }\n", "", QUERY);
    let changes: Vec<String> =
        (0..100).map(|at| order("insert", &format!("o{at}"), &Json::Null, &Json::Null)).collect();
    send(&running, &changes);
    let large = make(&running, &json!({ "sort": [{ "column": "id" }] }));
    assert_eq!((large.status, &large.json()["code"]), (409, &json!("LW0861")), "{}", large.body);
}

#[test]
fn callers_that_hang_up_leave_nothing_behind() {
    let (running, _) = started(200);
    for _ in 0..40 {
        drop(running.open("POST", VIEWS, "", "{}"));
    }
    // Their permits come back, and what was kept for them makes room.
    for _ in 0..1_200 {
        let view = make(&running, &json!({}));
        if view.status == 201 {
            return;
        }
        assert_eq!(view.status, 503, "{}", view.body);
        livewell_services::pause(std::time::Duration::from_millis(50));
    }
    panic!("no view can be made any more");
}
