//! What is done in the console happens, once, and what cannot be done says why.

use super::{PROBLEMS, ROWS, browser_at, click, open, order, send, state};
use crate::running::{Running, orders};
use livewell_services::Browser;
use serde_json::json;
use std::fs;
use tempfile::TempDir;

/// The text of the line at the foot of the page.
const SAID: &str = "return document.querySelector('.toast [role=status]').textContent";
/// Why a button cannot be used; an empty text if it can.
const FORBIDDEN: &str = "return document.querySelector('.actions .start')?.getAttribute('aria-disabled')
    ? document.querySelector('.actions .start').title : ''";

fn chip(browser: &Browser, state: &str) {
    browser.wait_for("return document.querySelector('.head .chip')?.dataset.state", &json!(state));
}

#[test]
fn a_query_is_stopped_at_once_and_the_way_back_is_offered() {
    let running = Running::start();
    send(&running, &orders(&[250]));
    let browser = browser_at(&running, "#/queries/big");
    chip(&browser, "caught_up");
    click(&browser, "Stop");
    chip(&browser, "stopped");
    browser.wait_for(SAID, &json!("big is stopped. Its place is kept."));
    assert_eq!(state(&running, "queries/big"), "stopped");
    click(&browser, "Undo");
    chip(&browser, "caught_up");
    assert_eq!(state(&running, "queries/big"), "caught_up");
}

#[test]
fn a_double_click_sends_once() {
    let running = Running::start();
    send(&running, &orders(&[250]));
    let browser = browser_at(&running, "#/queries/big");
    chip(&browser, "caught_up");
    let counted = "window.sent = [];
        const before = window.fetch;
        window.fetch = (path, options) => {
            if (options?.method === 'POST') window.sent.push(path);
            return before(path, options);
        };
        const stop = document.querySelector('.actions .start');
        stop.click(); stop.click(); stop.click();";
    browser.run(counted).unwrap();
    chip(&browser, "stopped");
    assert_eq!(browser.run("return window.sent"), Ok(json!(["/api/v1/queries/big/stop"])));
}

#[test]
fn a_rebuild_says_what_it_costs_and_the_rows_serve_meanwhile() {
    let running = Running::start();
    send(&running, &orders(&[250, 300]));
    let browser = browser_at(&running, "#/queries/big");
    browser.wait_for(ROWS, &json!([["o1", "250"], ["o2", "300"]]));
    click(&browser, "More");
    click(&browser, "Rebuild...");
    let asked = "return document.querySelector('dialog[open]').textContent.includes('The 2 rows of now serve until then')";
    browser.wait_for(asked, &json!(true));
    click(&browser, "Rebuild");
    browser.wait_for("return document.querySelector('dialog')", &serde_json::Value::Null);
    send(&running, &order("insert", "x", 400));
    browser.wait_for(ROWS, &json!([["o1", "250"], ["o2", "300"], ["x", "400"]]));
}

#[test]
fn what_others_read_is_not_removed_and_the_rest_only_once_its_id_is_typed() {
    let running = Running::start();
    send(&running, &orders(&[250]));
    let browser = browser_at(&running, "#/sources/orders");
    click(&browser, "More");
    click(&browser, "Remove...");
    let blocked = "const dialog = document.querySelector('dialog[open]');
        return [dialog.querySelector('h2').textContent, dialog.querySelector('a').textContent]";
    browser.wait_for(blocked, &json!(["orders cannot be removed yet", "big"]));
    click(&browser, "Close");

    browser.run("location.hash = '#/queries/big'").unwrap();
    chip(&browser, "caught_up");
    click(&browser, "More");
    click(&browser, "Remove...");
    click(&browser, "Remove");
    browser.wait_for(SAID, &json!("Type big first."));
    assert_eq!(running.get("/api/v1/queries/big").status, 200);
    browser.run("document.querySelector('dialog input').focus()").unwrap();
    browser.press("big\u{e007}");
    browser.wait_for("return location.hash", &json!("#/queries"));
    assert_eq!(running.get("/api/v1/queries/big").status, 404);
    browser.wait_for("return document.querySelector('.side').textContent.includes('big')", &json!(false));
}

#[test]
fn the_token_is_asked_for_in_place_and_kept_in_the_tab() {
    let running = Running::start_with("  token: open-sesame\n", "", "");
    let with = |change: &str| {
        let token = "authorization: Bearer open-sesame\r\n";
        let answer = running.ask("POST", "/api/v1/sources/orders/changes", token, change);
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    with(&order("insert", "a", 250));
    let browser = browser_at(&running, "#/queries/big/rows?sort=-total");
    let title = "return document.querySelector('.token h1')?.textContent";
    browser.wait_for(title, &json!("This server asks for a token"));
    browser.run("document.getElementById('token').focus()").unwrap();
    browser.press("wrong\u{e007}");
    browser.wait_for(title, &json!("This token is not accepted"));
    browser.run("const input = document.getElementById('token'); input.focus(); input.select()").unwrap();
    browser.press("open-sesame\u{e007}");
    browser.wait_for(ROWS, &json!([["a", "250"]]));
    assert_eq!(browser.run("return location.hash"), Ok(json!("#/queries/big/rows?sort=-total")));
    let kept = "return [Object.keys(sessionStorage).includes('livewell.token'), localStorage.length,
        document.cookie, location.href.includes('sesame')]";
    assert_eq!(browser.run(kept), Ok(json!([true, 0, "", false])));
    // The tab needs it no more.
    browser.run("location.reload()").unwrap();
    browser.wait_for(ROWS, &json!([["a", "250"]]));
}

#[test]
fn a_token_that_may_only_read_is_offered_nothing_else() {
    let tokens = "  tokens:\n    - { name: reader, token: may-read-only, scopes: [read] }\n";
    let running = Running::start_with(tokens, "", "");
    let browser = browser_at(&running, "#/queries/big");
    browser.wait_for("return document.getElementById('token') !== null", &json!(true));
    browser.run("document.getElementById('token').focus()").unwrap();
    browser.press("may-read-only\u{e007}");
    chip(&browser, "caught_up");
    browser.wait_for(FORBIDDEN, &json!("Your token does not have the scope operate."));
    // It stays where it is, can be reached, and says why.
    browser.run("document.querySelector('.actions .start').click()").unwrap();
    browser.wait_for(SAID, &json!("Your token does not have the scope operate."));
    assert_eq!(browser.run(PROBLEMS), Ok(json!([])));
}

#[test]
fn a_token_of_one_query_shows_its_rows_and_says_why_the_rest_is_not_there() {
    let tokens = "  tokens:\n    - { name: all, token: token-of-all, scopes: [administer] }\n    \
                  - { name: list, token: token-of-the-list, only: { query: big } }\n";
    let running = Running::start_with(tokens, "", "");
    let with = |change: &str| {
        let token = "authorization: Bearer token-of-all\r\n";
        assert_eq!(running.ask("POST", "/api/v1/sources/orders/changes", token, change).status, 200);
    };
    with(&order("insert", "a", 250));
    let browser = browser_at(&running, "#/");
    browser.wait_for("return document.getElementById('token') !== null", &json!(true));
    browser.run("document.getElementById('token').focus()").unwrap();
    browser.press("token-of-the-list\u{e007}");
    let said = "return document.querySelector('main .problem')?.textContent.includes('LW0740')";
    browser.wait_for(said, &json!(true));
    browser.run("location.hash = '#/queries/big'").unwrap();
    browser.wait_for(ROWS, &json!([["a", "250"]]));
    with(&order("update", "a", 300));
    browser.wait_for(ROWS, &json!([["a", "300"]]));
}

#[test]
fn parked_input_is_seen_and_dropped_only_when_its_source_is_named() {
    let input = TempDir::new().unwrap();
    let path = input.path().join("ops.jsonl");
    fs::write(&path, format!("{}\nnot a change \u{202e}<b>\n", order("insert", "a", 250))).unwrap();
    let source = format!("  - {{ id: ops, kind: file, path: {}, on_error: park }}\n", path.display());
    let running = Running::start_with("", &source, "");
    let browser = browser_at(&running, "#/sources/ops/parked");
    let texts = "return [...document.querySelectorAll('.aside .line')].map(line => line.textContent)";
    browser.wait_for(texts, &json!(["not a change U+202E<b>"]));
    // The overview says so, and leads there.
    browser.run("location.hash = '#/'").unwrap();
    let need = "return document.querySelector('.need h2 a[href=\"#/sources/ops/parked\"]') !== null";
    browser.wait_for(need, &json!(true));
    browser.run("document.querySelector('.need h2 a').click()").unwrap();
    click(&browser, "Try again");
    browser.wait_for(SAID, &json!("Try again: requested."));
    click(&browser, "Drop all...");
    browser.wait_for("return document.querySelector('dialog input') !== null", &json!(true));
    browser.run("document.querySelector('dialog input').focus()").unwrap();
    browser.press("ops\u{e007}");
    browser.wait_for("return document.querySelector('.aside').children.length", &json!(0));
    assert_eq!(running.get("/api/v1/sources/ops").json()["parked"], 0);
}

#[test]
fn a_view_of_a_server_that_is_not_there_yet_is_opened_again() {
    let running = Running::start();
    let browser = browser_at(&running, "#/queries/none-such");
    let problem = "return document.querySelector('.problem')?.textContent.includes('none-such')";
    browser.wait_for(problem, &json!(true));
    open(&browser, &running, "#/queries/big");
    chip(&browser, "caught_up");
    assert_eq!(browser.run(PROBLEMS), Ok(json!([])));
}
