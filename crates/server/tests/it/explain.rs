//! `livewell explain`: pages of codes, and queries.

use super::place::Place;
use super::running::Running;
use super::{livewell, text};

#[test]
fn a_code_is_explained_by_its_page() {
    for code in ["LW0604", "lw0604"] {
        let output = livewell(&["explain", code]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).starts_with("# LW0604: "));
        assert!(text(&output.stdout).contains("**What to do.**"));
    }
}

#[test]
fn an_unknown_code_is_wrong_usage() {
    let output = livewell(&["explain", "LW9999"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), "error: there is no error code `LW9999`\n");
}

#[test]
fn a_query_that_is_wrong_is_shown_with_a_caret() {
    let output = livewell(&["explain", "MATCH (o:Order) RETURN p.id AS id"]);
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(error.starts_with("error[LW1201]: "), "{error}");
    assert!(error.contains("--> query:1:24"), "{error}");
    assert!(error.contains("RETURN p.id AS id\n  |                        ^"), "{error}");
}

#[test]
fn a_query_is_explained_by_its_columns_and_row_identity() {
    let output = livewell(&["explain", "MATCH (o:Order) RETURN o.id AS id, o.total AS total"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    let plan = text(&output.stdout);
    assert!(plan.contains("id, total") && plan.contains("row identity"), "{plan}");
}

#[test]
fn a_query_that_is_run_for_each_value_says_so_and_what_a_value_has_that_nothing_has() {
    let query = "MATCH (o:Order {customer: $customer}) RETURN count(*) AS orders, max(o.total) AS most";
    let output = livewell(&["explain", "--for-each", "customer=text", query]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    let plan = text(&output.stdout);
    let first = "For each: customer (text)\n  a value that nothing has: orders 0, most null\n\
                 Output: customer, orders, most\n  row identity: the value of $customer\n";
    assert!(plan.starts_with(first) && plan.contains("as text(o.customer) AS $customer"), "{plan}");
    let unknown = livewell(&["explain", "--for-each", "customer=txt", query]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        text(&unknown.stderr).contains("`text`, `integer`, `float`, `boolean`"),
        "{}",
        text(&unknown.stderr)
    );
}

#[test]
fn parameters_are_given_beside_the_query() {
    let query = "MATCH (f:Flight) WHERE f.delay > $limit RETURN f.id AS id";
    let without = livewell(&["explain", query]);
    assert_eq!(without.status.code(), Some(2));
    assert!(text(&without.stderr).starts_with("error[LW1208]: "), "{}", text(&without.stderr));
    let with = livewell(&["explain", "--param", "limit=60", query]);
    assert_eq!((with.status.code(), text(&with.stderr)), (Some(0), ""));
}

#[test]
fn a_query_that_is_there_is_explained_by_its_id_and_a_text_from_standard_input() {
    let mut running = Running::start();
    let output = running.command(&["explain", "big"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let of_server = text(&output.stdout);
    let cypher = running.get("/api/v1/queries/big/explain").json()["cypher"].as_str().unwrap().to_owned();
    assert_eq!(of_server, text(&livewell(&["explain", &cypher]).stdout));
    let wrong = running.command(&["explain", "bug"]);
    assert!(text(&wrong.stderr).contains("`big`"), "{}", text(&wrong.stderr));
    running.stop();
    let store = running.store();
    let store = store.to_str().unwrap();
    assert_eq!(text(&livewell(&["explain", "big", "--store", store]).stdout), of_server);
    for (arguments, part) in [
        (&["explain", "big", "--param", "a=1", "--store", store][..], "has its own parameters"),
        (&["explain", &cypher, "--store", store], "are for the id of a query"),
    ] {
        let refused = livewell(arguments);
        assert_eq!(refused.status.code(), Some(2));
        assert!(text(&refused.stderr).contains(part), "{}", text(&refused.stderr));
    }
    let folder = Place::new("", &[]);
    folder.write("query.cypher", &format!("{cypher}\n"));
    let mut command = folder.command(&["explain", "-"]);
    let read = command.stdin(std::fs::File::open(folder.file("query.cypher")).unwrap()).output().unwrap();
    assert_eq!(text(&read.stdout), of_server, "{}", text(&read.stderr));
}
