//! The plan of a query: what has passed each operator, and which words it comes from.

use super::{browser_at, order, send};
use crate::running::{Running, orders};
use serde_json::json;

/// The words that are marked in the text.
const WORDS: &str =
    "return [...document.querySelectorAll('pre.code > [data-marked]')].map(one => one.textContent).join('')";
/// The kinds of the operators that are marked.
const KINDS: &str =
    "return [...document.querySelectorAll('.operators > [data-marked] b')].map(one => one.textContent)";

#[test]
fn an_operator_says_how_many_rows_have_passed_and_marks_its_words() {
    let running = Running::start();
    send(&running, &orders(&[250, 50, 300]));
    send(&running, &order("update", "o1", 400));
    let operators = running.get("/api/v1/queries/big/explain").json()["operators"].clone();
    let last = operators.as_array().unwrap().last().unwrap();
    // Two rows came; one of them went, and came again as another.
    assert_eq!(last["rows"], json!({ "in": 4, "out": 4 }), "{operators}");
    assert_eq!(operators[0]["rows"], json!({ "in": null, "out": 4 }), "{operators}");
    let browser = browser_at(&running, "#/queries/big/plan");
    let passed =
        "return [...document.querySelectorAll('.operators .kept')].map(one => one.textContent.split(';')[0])";
    browser.wait_for(passed, &json!(["4 out", "4 in, 4 out"]));
    // With the keyboard, and with the pointer from either side.
    browser.run("document.querySelector('.operators > li').focus()").unwrap();
    browser.wait_for(WORDS, &json!("MATCH (o:Order) WHERE o.total > 100"));
    browser.run("document.querySelector('.operators > li:last-child').focus()").unwrap();
    browser.wait_for(WORDS, &json!("RETURN o.id AS id, o.total AS total"));
    let point = |event: &str| {
        let point = format!(
            "const words = [...document.querySelectorAll('pre.code > span')].find(one => one.textContent.startsWith('MATCH'));
             words.dispatchEvent(new PointerEvent({event:?}))"
        );
        browser.run(&point).unwrap();
    };
    point("pointerenter");
    browser.wait_for(KINDS, &json!(["Match"]));
    point("pointerleave");
    browser.wait_for(KINDS, &json!([]));
    assert_eq!(browser.messages(), Vec::<String>::new());
}
