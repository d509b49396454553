//! Why a row is here, why it is not, and where the rows of a query end, as the console shows it.

use super::{browser_at, click, element, open, send};
use crate::running::{Running, orders};
use livewell_services::Browser;
use serde_json::{Value as Json, json};

const QUERIES: &str = "  - { id: none, sources: [orders], cypher: \"MATCH (o:Order) WHERE o.total > 100000 RETURN o.id AS id\" }\n  \
    - { id: sums, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.kind AS kind, count(*) AS n\" }\n  \
    - { id: top, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id, o.total AS total ORDER BY total DESC LIMIT 2\" }\n  \
    - { id: each, sources: [orders], for_each: { of: text }, cypher: \"MATCH (o:Order {kind: $of}) WHERE o.total > 100 RETURN o.total AS total\" }\n";

/// The steps: their sign, their text, and what is left, or nothing.
const STEPS: &str = "return [...document.querySelectorAll('.explained > .step-list > .step')].map(step =>
    [step.querySelector('.verdict-sign').textContent, step.querySelector('code').textContent,
     step.querySelector('.left').textContent])";
const ANSWER: &str = "return document.querySelector('.answer')?.textContent";
const PANEL: &str = "return document.querySelector('.panel')?.textContent ?? ''";

fn shop() -> Running {
    let running = Running::start_with("", "", QUERIES);
    send(&running, &orders(&[250, 50, 300]));
    let odd = "<img onerror>\u{202e}/x";
    send(&running, &element("insert", odd, &json!({ "id": odd, "total": 20, "kind": "__proto__" })));
    running
}

#[track_caller]
fn wait_for_part(browser: &Browser, script: &str, part: &str) {
    let body = script.strip_prefix("return ").unwrap();
    browser.wait_for(&format!("return ({body} ?? '').includes({part:?})"), &json!(true));
}

fn choose_first_row(browser: &Browser) {
    browser.wait_for("return document.querySelector('.table .row') !== null", &json!(true));
    browser.run("document.querySelector('.table .row').click()").unwrap();
}

#[test]
fn a_row_is_explained_when_it_is_asked_for_and_so_are_those_that_follow() {
    let running = shop();
    let browser = browser_at(&running, "#/queries/big");
    choose_first_row(&browser);
    click(&browser, "Why is it here?");
    browser.wait_for(ANSWER, &json!("It is here: every step holds."));
    browser.wait_for(STEPS, &json!([["✓", "(o:Order)", ""], ["✓", "o.total > 100", ""]]));
    wait_for_part(&browser, PANEL, "o.total = 250");
    let element = "const link = document.querySelector('.explained .element a');
        return [link.textContent, link.getAttribute('href')]";
    browser.wait_for(element, &json!(["orders/o1", "#/sources/orders/elements?id=o1"]));
    let history =
        "return [...document.querySelectorAll('.explained .history .sign')].map(sign => sign.ariaLabel)";
    browser.wait_for(history, &json!(["added"]));

    browser.run("document.querySelectorAll('.table .row')[1].click()").unwrap();
    wait_for_part(&browser, PANEL, "o.total = 300");
    // The address leads to the explanation again.
    let hash = browser.run("return location.hash").unwrap();
    open(&browser, &running, hash.as_str().unwrap());
    wait_for_part(&browser, PANEL, "o.total = 300");
    assert_eq!(browser.messages(), Vec::<String>::new());
}

#[test]
fn a_group_shows_its_members_and_a_window_the_place_in_it() {
    let running = shop();
    let browser = browser_at(&running, "#/queries/sums?why=1&sort=-n");
    choose_first_row(&browser);
    wait_for_part(&browser, PANEL, "of 3 rows");
    let members = "return [...document.querySelectorAll('.members li a')].map(one => one.textContent).sort()";
    browser.wait_for(members, &json!(["orders/o1", "orders/o2", "orders/o3"]));
    open(&browser, &running, "#/queries/top?why=1");
    choose_first_row(&browser);
    wait_for_part(&browser, PANEL, "number 1 of 4; 1 to 2 are kept");
}

/// Fills in fields by their labels and sends the form.
fn ask(browser: &Browser, fields: &[(&str, &str)]) {
    for (label, text) in fields {
        let there = format!("return document.querySelector('.known [aria-label={label:?}]') !== null");
        browser.wait_for(&there, &json!(true));
        let fill = format!(
            "const field = document.querySelector('.known [aria-label={label:?}]');
             field.value = {text:?}; field.dispatchEvent(new Event('input', {{ bubbles: true }}))"
        );
        browser.run(&fill).unwrap();
    }
    click(browser, "Explain");
}

#[test]
fn a_row_that_is_not_here_ends_at_the_first_step_that_is_false() {
    let running = shop();
    let browser = browser_at(&running, "#/queries/big");
    click(&browser, "Why is a row not here?");
    ask(&browser, &[("id of o", "o2")]);
    browser.wait_for(ANSWER, &json!("It is not here. It ends at o.total > 100, where o.total is 50."));
    let hash = browser.run("return location.hash").unwrap();
    open(&browser, &running, hash.as_str().unwrap());
    wait_for_part(&browser, ANSWER, "It ends at o.total > 100");
    // By a value, and of a row that is here after all.
    ask(&browser, &[("id of o", ""), ("value of total", "300")]);
    browser.wait_for(ANSWER, &json!("It is here: every step holds."));
    ask(&browser, &[("value of total", ""), ("id of o", "<img onerror>\u{202e}/x")]);
    wait_for_part(&browser, ANSWER, "where o.total is 20");
    assert_eq!(browser.run("return document.querySelector('.panel img')"), Ok(Json::Null));
    // An id that nothing has.
    ask(&browser, &[("id of o", "nobody")]);
    wait_for_part(&browser, ANSWER, "It is not here.");
    assert_eq!(browser.messages(), Vec::<String>::new());
    browser
        .run(
            "document.querySelector('.panel').dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))",
        )
        .unwrap();
    browser.wait_for("return document.querySelector('.panel')", &Json::Null);
}

#[test]
fn a_query_for_each_value_is_asked_about_one_of_them() {
    let running = shop();
    let browser = browser_at(&running, "#/queries/each?absent=1");
    ask(&browser, &[("for which of", "__proto__"), ("id of o", "<img onerror>\u{202e}/x")]);
    browser.wait_for(ANSWER, &json!("It is not here. It ends at o.total > 100, where o.total is 20."));
    click(&browser, "Where do the rows end?");
    let left = "return [...document.querySelectorAll('.funnel li .num')].map(one => one.textContent)";
    browser.wait_for(left, &json!(["4", "1", "0"]));
}

#[test]
fn a_query_without_rows_says_where_they_end() {
    let running = shop();
    let browser = browser_at(&running, "#/queries/none");
    let left = "return [...document.querySelectorAll('.funnel li')].map(one => one.innerText.split('\\n'))";
    browser.wait_for(left, &json!([["(o:Order)", "4"], ["o.total > 100000", "0"]]));
    // What is counted can change, and is counted again when somebody asks.
    send(&running, &orders(&[250, 50, 300, 70]));
    click(&browser, "Count again");
    browser.wait_for(left, &json!([["(o:Order)", "5"], ["o.total > 100000", "0"]]));
}

#[test]
fn what_cannot_be_explained_says_why_with_its_code() {
    let running = shop();
    let browser = browser_at(&running, "#/queries/big?row=00000000000000ff&why=1");
    wait_for_part(&browser, PANEL, "LW0801");
    wait_for_part(&browser, PANEL, "Try again");
}
