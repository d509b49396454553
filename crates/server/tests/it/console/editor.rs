//! What an editor of queries asks: what is wrong with a text, how it would be maintained, and what its rows are.

use crate::budget::computed;
use crate::running::{Answer, Running, orders};
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

const QUERIES: &str = "  - { id: check, sources: [orders], cypher: 'MATCH (o:Order) RETURN o.id AS id' }
  - { id: over, sources: [big], cypher: 'MATCH (b:big) RETURN b.id AS id' }
  - id: of-total
    sources: [orders]
    for_each: { total: integer }
    cypher: 'MATCH (o:Order) WHERE o.total = $total RETURN o.id AS id'
";

fn started(totals: &[i64]) -> Running {
    let running = Running::start_with("", "", QUERIES);
    if !totals.is_empty() {
        running.post(&orders(totals));
        let position = totals.len();
        running.get(&format!("/api/v1/queries/over/results?position={position}&wait=20s"));
    }
    running
}

fn ask(running: &Running, call: &str, body: &Json) -> Answer {
    running.ask("POST", &format!("/api/v1/queries/{call}"), "", &body.to_string())
}

fn checked(running: &Running, body: &Json) -> Json {
    let answer = ask(running, "check", body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn of(cypher: &str) -> Json {
    json!({ "cypher": cypher, "sources": ["orders"] })
}

/// What stands in a text at a place in UTF-16 code units.
fn at(text: &str, span: &Json) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    let place = |name: &str| usize::try_from(span[name].as_u64().unwrap()).unwrap();
    String::from_utf16(&units[place("start")..place("end")]).unwrap()
}

/// The first words of each tell it apart; the mark is where it is refused.
const REFUSED: &[(&str, &str, &str)] = &[
    ("▮MATHC (n) RETURN n", "LW1001", "MATHC"),
    ("MATCH (n) RETURN ▮m.x AS x", "LW1201", "m"),
    ("MATCH (n) RETURN 1 =▮= 2 AS x", "LW1001", "="),
    ("MATCH (n) RETURN ▮'abc", "LW1003", "'"),
    ("▮CREATE (n)", "LW1102", "CREATE"),
    ("RETURN ▮9223372036854775808 AS x", "LW1002", "9223372036854775808"),
    ("MATCH (n)\nWHERE n.a = '😀é' AND ▮m.x\nRETURN n", "LW1201", "m"),
    ("MATCH (n) WHERE n.a = '😀' /* 👩‍👩‍👧 \u{202e} */ AND ▮rand() > 1 RETURN n", "LW1103", "rand()"),
];

#[test]
fn a_refused_text_has_its_mark_under_the_right_characters_also_behind_emoji() {
    let running = started(&[]);
    for (marked, code, under) in REFUSED {
        let (text, place) = (marked.replacen('▮', "", 1), marked.find('▮').unwrap());
        let answer = checked(&running, &of(&text));
        assert_eq!((&answer["valid"], &answer["plan"]), (&json!(false), &Json::Null), "{answer}");
        let error = &answer["diagnostics"][0];
        assert_eq!((&error["code"], &error["severity"]), (&json!(code), &json!("error")), "{answer}");
        assert_eq!(at(&text, &error["span"]), *under, "{answer}");
        let line = text[..place].rsplit('\n').next().unwrap().chars().count() + 1;
        assert_eq!(error["line"], text[..place].matches('\n').count() + 1, "{answer}");
        assert_eq!(error["column"], line, "{answer}");
        assert_eq!(answer["problems"], json!([]), "it is said once: {answer}");
    }
}

#[test]
fn errors_that_do_not_follow_from_each_other_are_given_together_and_mended_together() {
    let running = started(&[]);
    let text = "MATCH (order:Order) WHERE ordr.total > 1 AND any(x IN [1] WHERE y = ordre.n) \
                WITH order, '\u{1f600}' + ordr.id AS id, odrer.b AS b WHERE b > 1 AND EXISTS { (order)-->(p) WHERE q.x = p.y } \
                RETURN id, b, orde.total AS total ORDER BY oder.n";
    let answer = checked(&running, &of(text));
    let errors = answer["diagnostics"].as_array().unwrap();
    let marked: Vec<String> = errors.iter().map(|one| at(text, &one["span"])).collect();
    for name in ["ordr", "y", "ordr", "odrer", "q"] {
        assert!(marked.iter().any(|marked| marked == name), "{name}: {marked:?}");
    }
    assert!(errors.iter().all(|one| one["severity"] == "error" && one["code"] == "LW1201"), "{answer}");
    // Each is where one alone would be, so mending all that can be mended leaves only those that nothing is near.
    let mut mended: Vec<u16> = text.encode_utf16().collect();
    for error in errors.iter().rev() {
        let Some(edit) = error["edits"].get(0) else { continue };
        let place = |name: &str| usize::try_from(edit["span"][name].as_u64().unwrap()).unwrap();
        mended.splice(place("start")..place("end"), edit["text"].as_str().unwrap().encode_utf16());
    }
    let mended = String::from_utf16(&mended).unwrap();
    assert!(!mended.contains("ordr") && !mended.contains("odrer"), "{mended}");
    // What is made of something wrong is not wrong for that.
    let answer =
        checked(&running, &of("MATCH (o:Order) WITH x.y AS y RETURN y + 1 AS n, [i IN y | i.a] AS l"));
    assert_eq!(answer["diagnostics"].as_array().unwrap().len(), 1, "{answer}");
}

#[test]
fn a_change_that_mends_is_given_as_one_and_not_only_in_words() {
    let running = started(&[]);
    let text = "MATCH (plane) WHERE plane.name = '😀' RETURN plan.x AS x";
    let answer = checked(&running, &of(text));
    let edit = &answer["diagnostics"][0]["edits"][0];
    assert_eq!((&edit["title"], &edit["text"]), (&json!("Make it plane"), &json!("plane")), "{answer}");
    assert_eq!(at(text, &edit["span"]), "plan");
}

#[test]
fn a_sound_text_has_its_columns_its_plan_and_a_warning_for_each_name_that_nothing_has() {
    let running = started(&[250, 50]);
    let text = "MATCH (o:Ordre)-[:LIKES]->(c) WHERE o.totl > 1 RETURN o AS order, o.total AS n";
    let answer = checked(&running, &of(text));
    assert_eq!(answer["valid"], true, "{answer}");
    assert_eq!(
        answer["columns"],
        json!([{ "name": "order", "type": "node" }, { "name": "n", "type": null }])
    );
    let warnings = answer["diagnostics"].as_array().unwrap();
    let said: Vec<_> =
        warnings.iter().map(|one| (at(text, &one["span"]), one["edits"][0]["text"].as_str())).collect();
    assert_eq!(
        said,
        [("Ordre".to_owned(), Some("Order")), ("LIKES".into(), None), ("totl".into(), Some("total"))],
        "{answer}"
    );
    assert!(warnings.iter().all(|one| one["severity"] == "warning" && one["code"] == "LW0820"), "{answer}");
    let pattern = &answer["plan"]["pattern"];
    assert_eq!(pattern["nodes"][0]["labels"], json!(["Ordre"]), "{answer}");
    assert_eq!(pattern["relationships"][0]["types"], json!(["LIKES"]), "{answer}");
    let operators = answer["plan"]["operators"].as_array().unwrap();
    assert_eq!(operators[0]["kind"], "Match", "{answer}");
    let explained = running.get("/api/v1/queries/big/explain").json();
    assert_eq!(explained["pattern"]["nodes"][0]["source"], "orders", "{explained}");
    assert_eq!(explained["operators"][0]["inputs"], json!([]), "{explained}");
}

#[test]
fn rows_of_a_query_and_joins_are_names_that_are_there() {
    let running = started(&[250]);
    let known = |body: &Json| {
        let answer = checked(&running, body);
        assert_eq!((&answer["valid"], &answer["diagnostics"]), (&json!(true), &json!([])), "{answer}");
    };
    known(&json!({ "cypher": "MATCH (b:big) WHERE b.total > 1 RETURN b.id AS id", "sources": ["big"] }));
    known(&json!({
        "cypher": "MATCH (a:Order)-[:SAME]-(b:Order) RETURN a.id AS a, b.id AS b",
        "sources": ["orders"],
        "joins": [{ "type": "SAME", "keys": [{ "label": "Order", "property": "total" }, { "label": "Order", "property": "id" }] }],
    }));
    let nothing = started(&[]);
    let answer = checked(&nothing, &of("MATCH (x:X) RETURN x.y AS y"));
    assert_eq!(answer["diagnostics"], json!([]), "while nothing is stored, nothing is warned of: {answer}");
}

#[test]
fn what_is_wrong_beside_the_text_is_said_too() {
    let running = started(&[250]);
    let text = "MATCH (o:Order) WHERE o.total = $total RETURN o.id AS id";
    let problems = |body: Json| {
        let answer = checked(&running, &body);
        assert_eq!(answer["valid"], false, "{answer}");
        answer["problems"].to_string() + &answer["diagnostics"].to_string()
    };
    assert!(
        problems(json!({ "cypher": text, "sources": ["ordres"], "params": { "total": 1 } }))
            .contains("ordres")
    );
    assert!(problems(json!({ "cypher": text, "sources": ["orders"] })).contains("LW1208"));
    assert!(
        problems(json!({ "id": "orders", "cypher": "RETURN 1 AS x", "sources": ["orders"] }))
            .contains("orders")
    );
    assert!(
        problems(json!({ "cypher": "RETURN 1 AS x", "sources": ["orders"], "outbx": 1 })).contains("outbx")
    );
    assert!(problems(json!({ "cypher": "RETURN 1 AS x", "sources": [] })).contains("source"));
    let each = json!({ "cypher": text, "sources": ["orders"], "for_each": { "total": "integer" } });
    assert_eq!(checked(&running, &each)["valid"], true);
    let change = json!({ "id": "big", "cypher": "MATCH (o:Order) RETURN o.id AS id", "sources": ["orders"] });
    assert_eq!(checked(&running, &change)["valid"], true, "a change of a query that is there");
    assert_eq!(ask(&running, "check", &json!({ "sources": ["orders"] })).status, 400);
    assert_eq!(ask(&running, "check", &json!({ "cypher": "", "sources": vec!["x"; 65] })).status, 400);
    assert_eq!(checked(&running, &of(&"(".repeat(70_000)))["diagnostics"][0]["code"], "LW1004");
}

#[test]
fn a_try_gives_the_first_rows_their_number_and_the_position_and_keeps_nothing() {
    let running = started(&[250, 50, 150]);
    let before = running.get("/api/v1/queries").body;
    let text = "MATCH (o:Order) RETURN o.id AS id, o.total AS total ORDER BY total DESC";
    let answer = ask(&running, "try", &json!({ "cypher": text, "sources": ["orders"], "limit": 2 }));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tried = answer.json();
    let rows: Vec<_> = tried["rows"].as_array().unwrap().iter().map(|row| &row["data"]["total"]).collect();
    assert_eq!(rows, [250, 150], "in the order of the query");
    assert_eq!((&tried["rows_total"], &tried["truncated"]), (&json!(3), &json!(true)), "{tried}");
    assert_eq!((&tried["position"], &tried["elements"]), (&json!(3), &json!(3)), "{tried}");
    assert_eq!(tried["columns"], json!(["id", "total"]));
    assert!(tried["took_seconds"].as_f64().unwrap() > 0.0 && tried.get("against").is_none(), "{tried}");
    // Over the rows of a query, and over both.
    let over = json!({ "cypher": "MATCH (b:big) RETURN b.id AS id", "sources": ["big"] });
    assert_eq!(ask(&running, "try", &over).json()["rows_total"], 2);
    let both = json!({ "cypher": "MATCH (b:big), (o:Order) WHERE b.id = o.id RETURN o.id AS id", "sources": ["big", "orders"] });
    assert_eq!(ask(&running, "try", &both).json()["rows_total"], 2);
    let names = |body: &str| -> Vec<Json> {
        serde_json::from_str::<Vec<Json>>(body).unwrap().iter().map(|one| one["id"].clone()).collect()
    };
    assert_eq!(names(&running.get("/api/v1/queries").body), names(&before));
}

#[test]
fn a_try_is_compared_with_the_rows_of_a_running_query() {
    let running = started(&[250, 50, 150, 1000]);
    let text = "MATCH (o:Order) WHERE o.total < 300 \
                RETURN o.id AS id, CASE WHEN o.total = 250 THEN 251 ELSE o.total END AS total";
    let body = json!({ "cypher": text, "sources": ["orders"], "against": "big", "limit": 1 });
    let tried = ask(&running, "try", &body).json();
    let against = &tried["against"];
    assert_eq!(
        against["counts"],
        json!({ "added": 1, "removed": 1, "changed": 1, "unchanged": 1 }),
        "{tried}"
    );
    assert_eq!(against["added"][0]["data"], json!({ "id": "o2", "total": 50 }), "{tried}");
    assert_eq!(against["removed"][0]["data"], json!({ "id": "o4", "total": 1000 }), "{tried}");
    let changed = &against["changed"][0];
    assert_eq!(
        (&changed["before"]["total"], &changed["after"]["total"]),
        (&json!(250), &json!(251)),
        "{tried}"
    );
    assert_eq!((&against["query_id"], &against["sequence"]), (&json!("big"), &json!(3)), "{tried}");
    let same = "MATCH (o:Order) WHERE o.total > 100 RETURN o.total AS total, o.id AS id";
    let body = json!({ "cypher": same, "sources": ["orders"], "against": "big" });
    let counts = &ask(&running, "try", &body).json()["against"]["counts"];
    assert_eq!(counts["unchanged"], 3, "the order of columns does not count: {counts}");
}

#[test]
fn a_query_with_for_each_is_tried_for_all_values_or_for_one() {
    let running = started(&[250, 50, 50]);
    let query = json!({
        "cypher": "MATCH (o:Order) WHERE o.total = $total RETURN o.id AS id",
        "sources": ["orders"],
        "for_each": { "total": "integer" },
    });
    let tried = |more: Json| {
        let mut body = query.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ask(&running, "try", &body)
    };
    let all = tried(json!({})).json();
    assert_eq!((&all["columns"], &all["rows_total"]), (&json!(["total", "id"]), &json!(3)), "{all}");
    for value in [json!(50), json!("50")] {
        let one = tried(json!({ "values": { "total": value }, "against": "of-total" })).json();
        assert_eq!((&one["columns"], &one["rows_total"]), (&json!(["id"]), &json!(2)), "{one}");
        assert_eq!(one["against"]["counts"]["unchanged"], 2, "{one}");
    }
    let none = tried(json!({ "values": { "total": 7 } })).json();
    assert_eq!(none["rows_total"], 0, "{none}");
    for wrong in [json!({ "total": "x" }), json!({ "other": 1 }), json!({})] {
        let answer = tried(json!({ "values": wrong }));
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!("LW0544")), "{}", answer.body);
    }
}

#[test]
fn a_try_that_cannot_be_is_refused_with_its_reason() {
    let running = started(&[250, 0]);
    let with = |more: Json| {
        let mut body = of("MATCH (o:Order) RETURN o.id AS id");
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = ask(&running, "try", &body);
        (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(with(json!({ "cypher": "MATCH (o:Order RETURN 1" })), (400, "LW1001".into()));
    assert_eq!(with(json!({ "cypher": "MATCH (o:Order) RETURN 1 / o.total AS x" })), (409, "LW0510".into()));
    assert_eq!(with(json!({ "sources": ["nope"] })), (404, "LW0501".into()));
    assert_eq!(with(json!({ "against": "nope" })), (404, "LW0501".into()));
    assert_eq!(with(json!({ "against": "orders" })), (404, "LW0501".into()));
    for wrong in [
        json!({ "limit": 0 }),
        json!({ "limit": 1001 }),
        json!({ "timeout": "61s" }),
        json!({ "timeout": "soon" }),
    ] {
        assert_eq!(with(wrong.clone()), (400, "LW0701".into()), "{wrong}");
    }
    // A product that is never done within its time.
    let endless = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a, b WHERE a = b RETURN count(*) AS n";
    assert_eq!(with(json!({ "cypher": endless, "timeout": "200ms" })), (503, "LW0821".into()));
}

#[test]
fn a_try_ends_once_its_caller_is_gone() {
    let running = started(&[250]);
    let endless = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a, b WHERE a = b RETURN count(*) AS n";
    let body = json!({ "cypher": endless, "sources": ["orders"], "timeout": "60s" }).to_string();
    let open = || running.open("POST", "/api/v1/queries/try", "", &body);
    // There is room for two at once, and these two have a minute.
    let (begun, pause) = (computed(running.id()), || std::thread::park_timeout(Duration::from_millis(500)));
    let (one, other) = (open(), open());
    let deadline = Instant::now() + Duration::from_secs(50);
    while computed(running.id()) < begun + 100 {
        assert!(Instant::now() < deadline, "both are computed");
        pause();
    }
    drop((one, other));
    loop {
        let before = computed(running.id());
        pause();
        let plain = ask(&running, "try", &of("MATCH (o:Order) RETURN o.id AS id"));
        if computed(running.id()) < before + 20 && plain.status == 200 {
            break;
        }
        assert!(Instant::now() < deadline, "it still computes for callers that are gone: {}", plain.body);
    }
}

#[test]
fn a_query_may_have_the_name_of_a_call() {
    let running = started(&[250]);
    let status = running.get("/api/v1/queries/check");
    assert_eq!((status.status, &status.json()["id"]), (200, &json!("check")), "{}", status.body);
    assert_eq!(
        running.get("/api/v1/queries/check/results?limit=5").json()["rows"].as_array().unwrap().len(),
        1
    );
    let item =
        json!({ "id": "check", "sources": ["orders"], "cypher": "MATCH (o:Order) RETURN o.total AS total" });
    let changed = running.ask("PUT", "/api/v1/queries/check?dry_run=false", "", &item.to_string());
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(running.ask("DELETE", "/api/v1/queries/check", "", "").status, 204);
    assert_eq!(running.get("/api/v1/queries/try").status, 404);
}

#[test]
fn an_explained_query_says_how_much_each_of_its_operators_remembers() {
    let running = started(&[250, 50, 250, 300]);
    let sums = json!({ "id": "sums", "sources": ["orders"],
        "cypher": "MATCH (o:Order) WHERE o.total > 60 RETURN o.total AS total, count(*) AS n" });
    assert_eq!(running.ask("POST", "/api/v1/queries", "", &sums.to_string()).status, 201);
    assert_eq!(running.get("/api/v1/queries/sums/results?wait=30s&position=4").status, 200);
    let explained = running.get("/api/v1/queries/sums/explain").json();
    let operators = explained["operators"].as_array().unwrap();
    let kept = |kind: &str, what: &str| {
        let operator =
            operators.iter().find(|one| one["kind"] == kind).unwrap_or_else(|| panic!("{explained}"));
        operator["state"][what].clone()
    };
    assert_eq!(
        (kept("Aggregate", "entries"), kept("Aggregate", "exact")),
        (json!(2), json!(true)),
        "250 and 300"
    );
    // Together they are what the store has of it.
    let store = running.get("/api/v1/store").json();
    let sums = store["components"].as_array().unwrap().iter().find(|one| one["id"] == "sums").unwrap();
    let state = sums["parts"].as_array().unwrap().iter().find(|part| part["part"] == "state").unwrap();
    for what in ["entries", "bytes"] {
        let all: u64 = operators.iter().filter_map(|one| one["state"][what].as_u64()).sum();
        assert_eq!(json!(all), state[what], "{what}: {explained}\n{sums}");
    }
    // A plan that nobody runs has none.
    let answer = checked(&running, &of("MATCH (o:Order) RETURN o.total AS total, count(*) AS n"));
    assert!(
        answer["plan"]["operators"].as_array().unwrap().iter().all(|one| one["state"].is_null()),
        "{answer}"
    );
}
