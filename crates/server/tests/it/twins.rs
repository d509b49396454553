//! What `livewell check` says of queries that differ in constants alone.

use super::place::{Place, Ran};
use std::fmt::Write;

const ORDERS_OF: &str = "MATCH (o:Order)-[:PLACED_BY]->(c:Customer) WHERE c.id = 'c#' RETURN o.id AS id";

/// Checks so many queries of this text, with these other settings, in both of which `#` is the query's number.
fn check(queries: usize, cypher: &str, settings: &str) -> Ran {
    let mut config = "sources: [{ id: shop, kind: http }]\nqueries:\n".to_owned();
    for number in 0..queries {
        let [cypher, settings] = [cypher, settings].map(|text| text.replace('#', &number.to_string()));
        writeln!(config, "  - {{ id: q{number}, sources: [shop], cypher: \"{cypher}\"{settings} }}").unwrap();
    }
    Place::new(&config, &[]).livewell(&["check", "livewell.yaml"])
}

fn assert_silent(ran: &Ran) {
    ran.expect(0, &[]);
    assert_eq!(ran.err, "");
}

#[test]
fn joins_that_differ_in_constants_get_a_hint() {
    check(100, ORDERS_OF, "").expect(
        0,
        &[
            "hint: livewell.yaml:3:",
            "100 queries, `q0`, `q1`, `q2` and 97 more, differ in constants alone",
            "`for_each: { value: text }`, `$value` in place of `'c0'`",
        ],
    );
    let in_a_pattern =
        ORDERS_OF.replace("Customer)", "Customer {vat: 'v#'})").replace("c.id = 'c#'", "o.open");
    check(100, &in_a_pattern, "").expect(0, &["`for_each: { vat: text }`, `$vat` in place of `'v0'`"]);
}

#[test]
fn so_do_joins_that_differ_in_parameters() {
    let settings = ", params: { who: c#, limit: #, same: 1 }";
    let cypher = "MATCH (o:Order)-[:PLACED_BY]->(c:Customer) WHERE c.id = $who AND c.limit = $limit AND c.x = $same \
                  RETURN o.id AS id";
    check(120, cypher, settings).expect(
        0,
        &["`for_each: { limit: integer, who: text }`, without `limit` under `params`, without `who` under `params`"],
    );
}

#[test]
fn queries_that_one_could_not_replace_get_none() {
    assert_silent(&check(99, ORDERS_OF, ""));
    // Filters are routed, and cost next to nothing.
    assert_silent(&check(100, "MATCH (o:Order) WHERE o.id = 'o#' RETURN o.id AS id", ""));
    // `for_each` takes equality alone.
    assert_silent(&check(100, &ORDERS_OF.replace("c.id = 'c#'", "c.id > 'c#'"), ""));
    // Nothing differs.
    assert_silent(&check(100, &ORDERS_OF.replace("c#", "c1"), ""));
    // They are different texts.
    assert_silent(&check(100, &ORDERS_OF.replace("o.id AS id", "o.id AS id#"), ""));
}
