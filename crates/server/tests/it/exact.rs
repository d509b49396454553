//! Numbers keep all of their digits on every way in and out.

use crate::place::Place;
use crate::running::{Events, Running};
use serde_json::{Value as Json, json};

const CONFIG: &str = r#"
sources:
  - { id: changes, kind: file, path: ops.jsonl }
  - id: records
    kind: file
    path: records.jsonl
    node: { label: Order, id: "order:{id}" }
    types: { total: decimal, rate: float }
  - id: table
    kind: file
    path: table.csv
    node: { label: Price, id: "price:{id}" }
    types: { price: decimal }
queries:
  - id: large
    sources: [changes]
    params: { least: 9223372036854775808, other: -9223372036854775809, quoted: "340282366920938463463374607431768211456" }
    cypher: >-
      MATCH (n:N) WHERE n.x >= $least RETURN n.x AS x, n.x - $least AS above, $other AS other,
      livewell.toDecimal($quoted) AS quoted
  - { id: over, sources: [large], cypher: "MATCH (r:large) RETURN r.x + 1 AS x, r.x IS :: DECIMAL AS is_decimal" }
  - { id: totals, sources: [records], cypher: "MATCH (o:Order) RETURN sum(o.total) AS total, avg(o.rate) AS rate" }
  - { id: prices, sources: [table], cypher: "MATCH (p:Price) RETURN p.id AS id, p.price * 3 AS price" }
reactions:
  - { id: out, kind: file, queries: [large], path: out.jsonl }
"#;

#[test]
fn digits_are_kept_from_files_parameters_and_queries_to_results_and_reactions() {
    let node = |id: &str, x: &str| {
        format!(
            r#"{{"operation":"insert","element":{{"type":"node","id":"{id}","labels":["N"],"properties":{{"x":{x}}}}}}}"#
        )
    };
    let lines =
        [node("a", "18446744073709551615"), node("b", "123456789012345678901234567890"), node("c", "7")];
    let place = Place::new(CONFIG, &lines.each_ref().map(String::as_str));
    place.write("records.jsonl", "{\"id\":1,\"total\":0.1,\"rate\":\"0.5\"}\n{\"id\":2,\"total\":\"12345678901234567890.2\",\"rate\":1}\n");
    place.write("table.csv", "id,price\na,0.1\nb,12345678901234567890.01\n");
    place.livewell(&["run", "livewell.yaml", "--until-idle"]).expect(0, &[]);
    let rows = |query: &str| {
        let ran = place.livewell(&["results", query, "--store", "livewell-data", "--format", "ndjson"]);
        let out = ran.expect(0, &[]).out.clone();
        let data = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["data"].to_string();
        let mut rows: Vec<String> = out.lines().map(data).collect();
        rows.sort();
        rows
    };
    let quoted = r#""other":"-9223372036854775809","quoted":"340282366920938463463374607431768211456""#;
    let large = [
        format!(
            r#"{{"x":"123456789012345678901234567890","above":"123456789003122306864379792082",{quoted}}}"#
        ),
        format!(r#"{{"x":"18446744073709551615","above":"9223372036854775807",{quoted}}}"#),
    ];
    assert_eq!(rows("large"), large);
    assert_eq!(
        rows("over"),
        [
            r#"{"x":"123456789012345678901234567891","is_decimal":true}"#,
            r#"{"x":"18446744073709551616","is_decimal":true}"#
        ]
    );
    assert_eq!(rows("totals"), [r#"{"total":"12345678901234567890.3","rate":0.75}"#]);
    assert_eq!(
        rows("prices"),
        [r#"{"id":"a","price":"0.3"}"#, r#"{"id":"b","price":"37037036703703703670.03"}"#]
    );
    assert!(place.read("out.jsonl").contains(r#""x":"18446744073709551615""#));
    // The store alone knows the parameters, too.
    for query in ["large", "over", "totals", "prices"] {
        place.livewell(&["verify", query, "--store", "livewell-data"]).expect(0, &[]);
    }
}

#[test]
fn a_float_among_the_parameters_stays_one() {
    let config = "sources: [ { id: s, kind: file, path: ops.jsonl } ]\nqueries: [ { id: q, sources: [s], params: \
                  { large: 1e300, zero: -0.0, whole: 2.0, int: -0 }, cypher: 'RETURN $large AS large, toString($zero) AS \
                  zero, $whole AS whole, $int IS :: INTEGER AS int' } ]\n";
    let place = Place::new(config, &[]);
    place.run().expect(0, &[]);
    let results = place.livewell(&["results", "q", "--store", "livewell-data", "--format", "ndjson"]);
    let row = r#""data":{"large":1e+300,"zero":"-0.0","whole":2.0,"int":true}"#;
    assert!(results.out.contains(row), "{}", results.out);
}

#[test]
fn a_parameter_that_lost_digits_on_its_way_is_refused() {
    let config = "sources: [ { id: s, kind: file, path: ops.jsonl } ]\nqueries: [ { id: q, sources: [s], \
                  params: { x: 123456789012345678901234567890123456789012 }, cypher: 'MATCH (n) RETURN n.x = $x AS x' } ]\n";
    let place = Place::new(config, &[]);
    place.livewell(&["check", "livewell.yaml"]).expect(2, &["livewell.toDecimal"]);
}

#[test]
fn posted_numbers_and_parameters_of_calls_keep_their_digits() {
    let mapping = "    node: { label: Order, id: \"{id}\" }\n    types: { total: decimal }\n";
    let running = Running::start_with("", mapping, "");
    let query = r#"{"id":"more","sources":["orders"],"params":{"x":18446744073709551616},
                    "cypher":"MATCH (o:Order) RETURN o.total + $x AS total"}"#;
    let created = running.ask("POST", "/api/v1/queries", "", query);
    assert_eq!(created.status, 201, "{}", created.body);
    let posted = running.post(r#"{"id":"a","total":12345678901234567.89}"#);
    assert_eq!(posted.status, 200, "{}", posted.body);
    for (query, total) in [("big", "12345678901234567.89"), ("more", "18459089752610786183.89")] {
        let path = format!("/api/v1/queries/{query}/results");
        let row = (0..400).find_map(|_| {
            let row = running.get(&path).body;
            livewell_services::pause(std::time::Duration::from_millis(10));
            row.contains("\"total\":").then_some(row)
        });
        assert!(row.as_ref().is_some_and(|row| row.contains(&format!("\"total\":\"{total}\""))), "{row:?}");
    }
}

#[test]
fn every_reader_of_rows_can_ask_for_the_integers_that_javascript_rounds_as_strings() {
    let running = Running::start();
    let order = |id: &str, total: i64| {
        let element = json!({ "type": "node", "id": id, "labels": ["Order"], "properties": { "id": id, "total": total } });
        json!({ "operation": "insert", "element": element }).to_string()
    };
    let first = running.post(&order("a", 9_007_199_254_740_993));
    assert_eq!(first.status, 200, "{}", first.body);
    let big = "/api/v1/queries/big";
    let exact = json!({ "id": "a", "total": "9007199254740993" });
    let results = running.get(&format!("{big}/results?position=1&wait=20s&numbers=string"));
    assert_eq!(results.json()["rows"][0]["data"], exact, "{}", results.body);
    // Counters are never so large, and stay numbers.
    assert_eq!(results.json()["sequence"], 1);
    for path in ["results?numbers=number", "results"] {
        assert!(running.get(&format!("{big}/{path}")).body.contains("\"total\":9007199254740993"));
    }
    let page = running.get(&format!("{big}/results?limit=1&numbers=string"));
    assert_eq!(page.json()["rows"][0]["data"], exact, "{}", page.body);
    let lines =
        running.ask("GET", &format!("{big}/results?numbers=string"), "accept: application/x-ndjson\r\n", "");
    assert_eq!(serde_json::from_str::<Json>(&lines.body).unwrap()["data"], exact);
    let view = running.ask("POST", &format!("{big}/views"), "", "{}").json();
    let view = format!("{big}/views/{}?numbers=string", view["view"].as_str().unwrap());
    assert_eq!(running.get(&view).json()["rows"][0]["data"], exact);
    let outbox = running.get(&format!("{big}/outbox?numbers=string"));
    assert_eq!(outbox.json()["results"][0]["results"][0]["data"], exact, "{}", outbox.body);
    for path in [&format!("{big}/changes?numbers=string"), "/api/v1/stream?query=big&numbers=string"] {
        let mut events = Events::of(running.open("GET", path, "", ""));
        let mut found = || std::iter::from_fn(|| events.next()).find(|(name, ..)| name == "row").unwrap().2;
        assert_eq!(found()["data"], exact, "{path}");
    }
    let refused = running.get(&format!("{big}/results?numbers=text"));
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(refused.body.contains("LW0701"), "{}", refused.body);
}
