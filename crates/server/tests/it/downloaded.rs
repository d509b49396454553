//! Rows of `results` as a table in CSV, and those alone of which a value contains a text.

use super::running::Running;
use serde_json::json;

const ALL: &str = "/api/v1/queries/all/results";

/// A query over names that a spreadsheet would compute.
fn started() -> Running {
    let all = "  - { id: all, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id, o.total AS `=total`, \
               o.name AS name ORDER BY o.id\" }\n";
    let running = Running::start_with("", "", all);
    let order = |id: &str, total: i64, name: &str| {
        let properties = json!({ "id": id, "total": total, "name": name });
        let element = json!({ "type": "node", "id": id, "labels": ["Order"], "properties": properties });
        json!({ "operation": "insert", "element": element }).to_string() + "\n"
    };
    let body = order("a", -5, "=1+2") + &order("b", 7, "say \"hi\", Newark") + &order("c", 8, "@NEWARK");
    assert_eq!(running.post(&body).status, 200);
    assert_eq!(running.get(&format!("{ALL}?position=3&wait=20s")).status, 200);
    running
}

#[test]
fn rows_come_as_csv_with_formulas_quoted_only_if_asked() {
    let running = started();
    let csv = |rest: &str| running.ask("GET", &format!("{ALL}{rest}"), "accept: text/csv\r\n", "");
    let plain = csv("");
    assert_eq!(plain.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(plain.header("livewell-rows"), Some("3"));
    let expected = "id,=total,name\na,-5,=1+2\nb,7,\"say \"\"hi\"\", Newark\"\nc,8,@NEWARK\n";
    assert_eq!(plain.body, expected);
    // A number below zero is not a formula.
    let quoted = r#""id","'=total","name"
"a",-5,"'=1+2"
"b",7,"say ""hi"", Newark"
"c",8,"'@NEWARK"
"#;
    assert_eq!(csv("?formulas=quoted").body, quoted);
    let page = csv("?limit=1");
    assert_eq!(page.body, "id,=total,name\na,-5,=1+2\n");
    assert!(page.header("livewell-cursor").is_some());
}

#[test]
fn a_search_leaves_the_rows_in_which_a_value_has_the_text() {
    let running = started();
    let found = running.get(&format!("{ALL}?search=newark"));
    let ids: Vec<_> =
        found.json()["rows"].as_array().unwrap().iter().map(|row| row["data"]["id"].clone()).collect();
    assert_eq!(ids, ["b", "c"], "{}", found.body);
    let lines = running.ask("GET", &format!("{ALL}?search=-5"), "accept: application/x-ndjson\r\n", "");
    assert_eq!((lines.body.lines().count(), lines.header("livewell-rows")), (1, None));
    let csv = running.ask("GET", &format!("{ALL}?search=nowhere"), "accept: text/csv\r\n", "");
    assert_eq!(csv.body, "id,=total,name\n");
    for (rest, says) in
        [("search=a&limit=1".to_owned(), "`views`"), (format!("search={}", "x".repeat(1_001)), "1000 bytes")]
    {
        let refused = running.get(&format!("{ALL}?{rest}"));
        assert_eq!(refused.status, 400, "{}", refused.body);
        assert!(refused.body.contains(says), "{}", refused.body);
    }
}
