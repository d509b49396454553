//! Everything by the keyboard alone.

use super::{ROWS, browser_at, send};
use crate::running::{Running, orders};
use livewell_services::Browser;
use serde_json::json;

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const TAB: &str = "\u{e004}";
const DOWN: &str = "\u{e015}";
const END: &str = "\u{e010}";
const HOME: &str = "\u{e011}";
const PAGE_DOWN: &str = "\u{e00f}";
const CONTROL: char = '\u{e009}';

/// The row that the keys are at, as a reader of the screen is told.
const ACTIVE: &str = "const table = document.querySelector('[role=grid]');
    const row = document.getElementById(table.getAttribute('aria-activedescendant'));
    return [document.activeElement === table, Number(row?.ariaRowIndex), row?.firstChild.textContent]";
/// What has the focus.
const FOCUSED: &str = "return document.activeElement.textContent || document.activeElement.ariaLabel";

fn shop() -> Running {
    let running = Running::start();
    let totals: Vec<i64> = (0..300).map(|at| 200 + at).collect();
    send(&running, &orders(&totals));
    running
}

/// Presses Tab until what has the focus passes the test.
fn tab_to(browser: &Browser, test: &str) {
    for _ in 0..60 {
        if browser.run(&format!("const it = document.activeElement; return {test}")) == Ok(json!(true)) {
            return;
        }
        browser.press(TAB);
    }
    panic!("Tab does not come to {test}: {:?}", browser.run(FOCUSED));
}

#[test]
fn a_query_is_found_a_row_is_read_and_the_query_is_stopped() {
    let running = shop();
    let browser = browser_at(&running, "#/");
    browser.wait_for("return document.querySelector('.side li a') !== null", &json!(true));
    browser.press_with(CONTROL, 'k');
    browser.wait_for(FOCUSED, &json!("Find or do"));
    browser.press("big");
    browser.wait_for("return document.getElementById('found-now')?.textContent", &json!("bigquery"));
    browser.press(ENTER);
    browser.wait_for("return location.hash", &json!("#/queries/big"));
    browser.wait_for("return document.querySelectorAll('.table .row').length > 0", &json!(true));

    tab_to(&browser, "it.role === 'grid'");
    browser.press(DOWN);
    browser.wait_for(ACTIVE, &json!([true, 2, "o1"]));
    browser.press(END);
    browser.wait_for(ACTIVE, &json!([true, 301, "o300"]));
    browser.press(HOME);
    browser.press(PAGE_DOWN);
    browser.run("return 0").unwrap();
    browser.press(HOME);
    browser.press(&DOWN.repeat(2));
    browser.wait_for(ACTIVE, &json!([true, 4, "o3"]));
    browser.press(ENTER);
    browser.wait_for("return document.querySelector('.panel dd')?.textContent", &json!("o3"));
    browser.press(ESCAPE);
    browser.wait_for("return document.querySelector('.panel')", &serde_json::Value::Null);
    browser.wait_for(ACTIVE, &json!([true, 4, "o3"]));

    browser.press_with(CONTROL, 'k');
    browser.wait_for(FOCUSED, &json!("Find or do"));
    browser.press(&format!("stop{ENTER}"));
    browser.wait_for("return document.querySelector('.head .chip').dataset.state", &json!("stopped"));
    // Escape gives the focus back where it was.
    browser.wait_for(ACTIVE, &json!([true, 4, "o3"]));
}

#[test]
fn a_menu_and_a_dialog_give_the_focus_back() {
    let running = shop();
    let browser = browser_at(&running, "#/queries/big");
    browser.wait_for("return document.querySelectorAll('.table .row').length > 0", &json!(true));
    tab_to(&browser, "it.textContent === 'More'");
    browser.press(ENTER);
    browser.wait_for(FOCUSED, &json!("Its events"));
    browser.press(DOWN);
    browser.wait_for(FOCUSED, &json!("Copy as curl"));
    browser.press(DOWN);
    browser.wait_for(FOCUSED, &json!("Rebuild..."));
    browser.press(ESCAPE);
    browser.wait_for(FOCUSED, &json!("More"));
    browser.press(&format!("{ENTER}{DOWN}{DOWN}{DOWN}"));
    browser.wait_for(FOCUSED, &json!("Remove..."));
    browser.press(ENTER);
    browser.wait_for("return document.querySelector('dialog[open]') !== null", &json!(true));
    browser.press(ESCAPE);
    browser.wait_for("return document.querySelector('dialog')", &serde_json::Value::Null);
    browser.wait_for(FOCUSED, &json!("More"));
    assert_eq!(running.get("/api/v1/queries/big").status, 200);
}

#[test]
fn a_slash_searches_and_tabs_are_walked_by_arrows() {
    let running = shop();
    let browser = browser_at(&running, "#/queries/big");
    browser.wait_for("return document.querySelectorAll('.table .row').length > 0", &json!(true));
    browser.press("/o299");
    browser.wait_for(ROWS, &json!([["o299", "498"]]));
    tab_to(&browser, "it.role === 'tab'");
    browser.press("\u{e014}");
    browser.wait_for("return location.hash.split('?')[0]", &json!("#/queries/big/diffs"));
    browser.wait_for("return document.activeElement.id", &json!("tab-diffs"));
    // The first Tab of the page leads past the side.
    browser.run("document.activeElement.blur(); window.scrollTo(0, 0)").unwrap();
}
