//! Sources and reactions are written, tried, created and changed in the console, and what a dialog says is what happens.

use super::{CONTROL, MARKED, TEXT, browser_at, click, open, put};
use crate::running::{Running, orders};
use livewell_services::{Browser, pause};
use serde_json::{Value as Json, json};
use std::fs;
use std::time::Duration;
use tempfile::TempDir;

/// What is wrong with the text, as the page says it.
const STATUS: &str = "return document.querySelector('#problems [role=status]')?.textContent";
const DIALOG: &str = "return document.querySelector('dialog[open]')?.textContent ?? ''";
const SAID: &str = "return document.querySelector('.toast [role=status]').textContent";
const NOTHING_WRONG: &str = "Nothing is wrong with it.";

/// Presses Tab until an element with this text has the focus, and then Enter.
#[track_caller]
fn tab_to(browser: &Browser, text: &str) {
    for _ in 0..60 {
        if browser.run("return document.activeElement?.textContent") == Ok(json!(text)) {
            browser.press("\u{e007}");
            return;
        }
        browser.press("\u{e004}");
    }
    panic!("`{text}` is not reached by Tab");
}

#[track_caller]
fn contains(browser: &Browser, script: &str, part: &str) {
    browser.wait_for(&format!("return (() => {{ {script} }})()?.includes({part:?}) ?? false"), &json!(true));
}

#[test]
fn a_file_source_is_written_tried_and_created_with_the_keyboard_alone() {
    let running = Running::start();
    let folder = running.folder.path().join("livewell-files");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("shop.csv"), "id,total\n1,250\n2,x\n").unwrap();
    let browser = browser_at(&running, "#/sources");
    browser.wait_for("return document.querySelector('main h1')?.textContent", &json!("Sources"));
    browser.run("document.getElementById('main').focus()").unwrap();
    tab_to(&browser, "New source");
    contains(&browser, TEXT, "kind: file");
    browser.wait_for(STATUS, &json!(NOTHING_WRONG));
    put(&browser, "id: shop\nkind: fil\n");
    browser.wait_for(STATUS, &json!("1 problem."));
    browser.wait_for(MARKED, &json!([["fil", "mark-error"]]));
    tab_to(&browser, "Error at 2:7");
    browser.wait_for("return document.activeElement.className", &json!("editor"));
    browser.press_with(CONTROL, '.');
    browser.wait_for(TEXT, &json!("id: shop\nkind: file\n"));
    put(
        &browser,
        "{ id: shop, kind: file, path: livewell-files/shop.csv, types: { total: integer }, node: { label: Order, id: 'o:{id}' } }",
    );
    browser.wait_for(STATUS, &json!(NOTHING_WRONG));
    tab_to(&browser, "Try");
    let records = "return [...document.querySelectorAll('.tried li')].map(one => [
        one.querySelector('.line').textContent, one.querySelector('summary')?.textContent.trim() ?? null,
        one.querySelector('.why a')?.textContent.slice(0, 2) ?? null])";
    browser.wait_for(records, &json!([["1,250", ":Order o:1", null], ["2,x", null, "LW"]]));
    assert_eq!(running.get("/api/v1/sources/shop").status, 404, "nothing is kept");
    put(
        &browser,
        "{ id: shop, kind: file, path: livewell-files/shop.csv, on_error: park, types: { total: integer }, node: { label: Order, id: 'o:{id}' } }",
    );
    browser.wait_for(STATUS, &json!(NOTHING_WRONG));
    tab_to(&browser, "Create...");
    contains(&browser, DIALOG, "Create shop?");
    tab_to(&browser, "Create");
    browser.wait_for("return location.hash", &json!("#/sources/shop"));
    contains(&browser, "return document.querySelector('main')?.textContent", "Order");
    assert_eq!(running.get("/api/v1/sources/shop/counts").json()["nodes"], 1);
}

/// Types the beginning of something and takes what is then offered first.
#[track_caller]
fn complete(browser: &Browser, typed: &str, offered: &str) {
    browser.press(typed);
    let first = "return document.querySelector('.editor').shadowRoot
        .querySelector('.cm-tooltip-autocomplete li[aria-selected] .cm-completionLabel')?.textContent";
    browser.wait_for(first, &json!(offered));
    // What has only just been offered is not taken by a key that was meant for the text.
    pause(Duration::from_millis(150));
    browser.press("\u{e004}");
}

#[test]
fn a_source_is_completed_by_the_schema_of_its_kind_and_a_misspelled_key_is_mended() {
    let running = Running::start();
    let browser = browser_at(&running, "#/new/source");
    contains(&browser, TEXT, "kind: file");
    put(&browser, "id: shop\n");
    complete(&browser, "ki", "kind");
    complete(&browser, "ht", "http");
    browser.press("\u{e007}");
    complete(&browser, "cl", "clock");
    complete(&browser, "in", "input");
    browser.press("\u{e007}");
    complete(&browser, "no", "node");
    browser.press("\u{e007}  ");
    complete(&browser, "la", "label");
    browser.press("Order");
    browser.wait_for(TEXT, &json!("id: shop\nkind: http\nclock: input\nnode:\n  label: Order"));
    put(&browser, "id: shop\nkind: http\nclok: input\nexpir: 30d\n");
    browser.wait_for(MARKED, &json!([["clok", "mark-error"], ["expir", "mark-error"]]));
    click(&browser, "Make it expire");
    click(&browser, "Make it clock");
    browser.wait_for(TEXT, &json!("id: shop\nkind: http\nclock: input\nexpire: 30d\n"));
    browser.wait_for(STATUS, &json!(NOTHING_WRONG));
    open(&browser, &running, "#/new/reaction");
    contains(&browser, TEXT, "kind: file");
    put(&browser, "id: out\nkind: log\nqueries:\n  - ");
    complete(&browser, "bi", "big");
    browser.wait_for(TEXT, &json!("id: out\nkind: log\nqueries:\n  - big"));
    browser.wait_for(STATUS, &json!(NOTHING_WRONG));
    assert_eq!(browser.messages(), Vec::<String>::new());
}

#[test]
fn a_change_of_what_somebody_else_has_changed_shows_both_and_goes_on_with_either() {
    let running = Running::start_with("", "", "reactions:\n  - { id: log, kind: log, queries: [big] }\n");
    let path = "/api/v1/reactions/log";
    let change = |enabled: bool| {
        let body = json!({ "id": "log", "kind": "log", "queries": ["big"], "enabled": enabled });
        assert_eq!(running.ask("PUT", path, "", &body.to_string()).status, 200);
    };
    let browser = browser_at(&running, "#/reactions/log/edit");
    contains(&browser, TEXT, "kind: log");
    put(&browser, "{ id: log, kind: log, queries: [big], durable: false }");
    browser.wait_for(STATUS, &json!(NOTHING_WRONG));
    change(true);
    click(&browser, "Change...");
    contains(&browser, "return document.querySelector('.conflict')?.textContent", "enabled: true");
    contains(&browser, TEXT, "durable: false");
    click(&browser, "Go on with my text");
    click(&browser, "Change...");
    contains(&browser, DIALOG, "durable");
    // Once more, while the dialog is open.
    change(false);
    click(&browser, "Change");
    contains(&browser, "return document.querySelector('.conflict')?.textContent", "enabled: false");
    click(&browser, "Take what it is now");
    contains(&browser, TEXT, "enabled: false");
    put(&browser, "{ id: log, kind: log, queries: [big], durable: false }");
    browser.wait_for(STATUS, &json!(NOTHING_WRONG));
    click(&browser, "Change...");
    contains(&browser, DIALOG, "enabled");
    click(&browser, "Change");
    browser.wait_for("return location.hash", &json!("#/reactions/log"));
    let definition = running.get(&format!("{path}/definition")).json();
    assert_eq!(
        definition["definition"],
        json!({ "id": "log", "kind": "log", "queries": ["big"], "durable": false })
    );
}

#[test]
fn what_the_file_says_otherwise_is_shown_and_taken() {
    let running = Running::start();
    let other =
        json!({ "id": "big", "sources": ["orders"], "cypher": "MATCH (o:Order)\nRETURN o.id AS other" });
    assert_eq!(running.ask("PUT", "/api/v1/queries/big", "", &other.to_string()).status, 200);
    let browser = browser_at(&running, "#/queries/big/plan");
    contains(&browser, "return document.querySelector('.differs')?.textContent", "RETURN o.id AS other");
    contains(&browser, "return document.querySelector('main')?.textContent", "livewell.yaml:8");
    click(&browser, "Take what the file says...");
    contains(&browser, DIALOG, "built again from 0 stored elements");
    click(&browser, "Take it");
    browser.wait_for(SAID, &json!("big is as the file says."));
    browser.wait_for("return document.querySelector('.differs')", &Json::Null);
    let definition = running.get("/api/v1/queries/big/definition").json();
    assert_eq!((&definition["by"], &definition["differs_from_file"]), (&json!("file"), &json!(false)));
}

#[test]
fn the_dialog_of_a_source_that_is_read_again_says_what_then_happens() {
    let input = TempDir::new().unwrap();
    let path = input.path().join("ops.jsonl");
    fs::write(&path, orders(&[1, 2]) + "no change\n").unwrap();
    let source = format!("  - {{ id: ops, kind: file, path: {}, on_error: park }}\n", path.display());
    let queries = "  - { id: strict, sources: [ops], cypher: 'MATCH (o:Order) RETURN o.id AS id' }\n  \
                   - { id: lenient, sources: [ops], recovery: auto_reset, cypher: 'MATCH (o:Order) RETURN o.id AS id' }\n";
    let running = Running::start_with("", &source, queries);
    let browser = browser_at(&running, "#/sources/ops/parked");
    contains(&browser, "return document.querySelector('.aside')?.textContent", "no change");
    click(&browser, "More");
    click(&browser, "Read again...");
    for said in
        ["2 elements", "1 parked piece", "strict stops in error until it is reset", "lenient is rebuilt"]
    {
        contains(&browser, DIALOG, said);
    }
    browser.run("document.querySelector('dialog input').focus()").unwrap();
    browser.press("ops\u{e007}");
    browser.wait_for(SAID, &json!("ops begins again."));
    open(&browser, &running, "#/queries/strict");
    browser.wait_for("return document.querySelector('.head .chip')?.dataset.state", &json!("error"));
    open(&browser, &running, "#/queries/lenient");
    browser.wait_for("return document.querySelector('.head .chip')?.dataset.state", &json!("caught_up"));
}

#[test]
fn what_is_refused_is_shown_where_it_was_asked_and_what_was_written_stays() {
    let running = Running::start();
    let browser = browser_at(&running, "#/new/source");
    contains(&browser, TEXT, "kind: file");
    let problem = "return document.querySelector('.form .problem')?.textContent";
    // 422: there is no such file.
    browser.wait_for(STATUS, &json!(NOTHING_WRONG));
    click(&browser, "Try");
    contains(&browser, problem, "LW0206");
    // 409: there is one already.
    put(&browser, "{ id: orders, kind: http }");
    browser.wait_for(STATUS, &json!(NOTHING_WRONG));
    click(&browser, "Create...");
    contains(&browser, problem, "LW0503");
    contains(&browser, TEXT, "id: orders");
    // 403 and 429, of a server that has changed its mind.
    put(&browser, "{ id: more, kind: http }");
    browser.wait_for(STATUS, &json!(NOTHING_WRONG));
    let refusing = |status: u16, code: &str| {
        let script = format!(
            "window.fetched ??= window.fetch;
             window.fetch = (path, options) => options?.method === 'POST' && path.startsWith('/api/v1/sources?')
                 ? Promise.resolve(new Response(JSON.stringify({{ status: {status}, code: {code:?}, detail: 'not now' }}), {{ status: {status} }}))
                 : window.fetched(path, options);"
        );
        browser.run(&script).unwrap();
        click(&browser, "Create...");
        contains(&browser, problem, code);
        contains(&browser, TEXT, "id: more");
    };
    refusing(403, "LW0718");
    refusing(429, "LW0705");
    browser.run("window.fetch = window.fetched").unwrap();
    click(&browser, "Create...");
    contains(&browser, DIALOG, "Create more?");
    let counted = "window.sent = 0;
        window.fetch = (path, options) => {
            if (options?.method === 'POST' && path === '/api/v1/sources') window.sent += 1;
            return window.fetched(path, options);
        };
        const create = document.querySelector('dialog .verb');
        create.click(); create.click(); create.click();";
    browser.run(counted).unwrap();
    browser.wait_for("return location.hash", &json!("#/sources/more"));
    assert_eq!(browser.run("return window.sent"), Ok(json!(1)), "a double click sends once");
}

#[test]
fn a_token_that_may_not_administer_is_offered_no_change() {
    let tokens = "  tokens:\n    - { name: reader, token: may-read-only, scopes: [read, operate] }\n";
    let running = Running::start_with(tokens, "", "");
    let browser = browser_at(&running, "#/new/source");
    browser.wait_for("return document.getElementById('token') !== null", &json!(true));
    browser.run("document.getElementById('token').focus()").unwrap();
    browser.press("may-read-only\u{e007}");
    contains(&browser, TEXT, "kind: file");
    browser.wait_for(STATUS, &json!(NOTHING_WRONG));
    for verb in ["Create...", "Try"] {
        let title = format!(
            "return [...document.querySelectorAll('.form .button')].find(one => one.textContent === {verb:?})?.title"
        );
        browser.wait_for(&title, &json!("Your token does not have the scope administer."));
    }
}
