//! The rows of a query on screen: the same as `results`, whatever has happened since.

use super::{AT, ROWS, browser_at, click, element, open, order, send};
use crate::running::{Running, orders};
use livewell_services::{Browser, pause};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::time::Duration;

#[test]
fn rows_are_shown_as_they_come_and_keep_their_places() {
    let running = Running::start();
    send(&running, &orders(&[250, 300, 50]));
    let browser = browser_at(&running, "#/queries/big");
    browser.wait_for(ROWS, &json!([["o1", "250"], ["o2", "300"]]));

    // A new row comes last, though it sorts first; a changed one stays.
    send(&running, &order("insert", "a", 700));
    send(&running, &order("update", "o1", 260));
    browser.wait_for(ROWS, &json!([["o1", "260"], ["o2", "300"], ["a", "700"]]));
    let again = "return document.querySelector('.again').textContent";
    browser.wait_for(again, &json!("2 changed since: sort again"));
    click(&browser, "2 changed since: sort again");
    browser.wait_for(ROWS, &json!([["a", "700"], ["o1", "260"], ["o2", "300"]]));

    // A deleted row is struck out where it is, while somebody has the table in hand.
    browser.run("document.querySelector('.table').focus()").unwrap();
    send(&running, &order("update", "o1", 10));
    let gone = "return [...document.querySelectorAll('.table .row[data-gone]')]
        .map(row => [row.ariaRowIndex, row.firstChild.textContent])";
    browser.wait_for(gone, &json!([["3", "o1"]]));
    browser.wait_for(ROWS, &json!([["a", "700"], ["o2", "300"]]));
    assert_eq!(browser.messages(), Vec::<String>::new());
}

#[test]
fn held_rows_stay_and_the_results_since_are_counted() {
    let running = Running::start();
    send(&running, &orders(&[250]));
    let browser = browser_at(&running, "#big");
    browser.wait_for(ROWS, &json!([["o1", "250"]]));
    click(&browser, "Hold");
    send(&running, &order("update", "o1", 300));
    send(&running, &order("insert", "x", 400));
    let held = "return document.querySelector('.card > .foot').textContent.includes('2 results held')";
    browser.wait_for(held, &json!(true));
    assert_eq!(browser.run(ROWS), Ok(json!([["o1", "250"]])));
    click(&browser, "Live");
    browser.wait_for(ROWS, &json!([["o1", "300"], ["x", "400"]]));
}

#[test]
fn a_search_and_an_order_are_in_the_address() {
    let running = Running::start();
    send(&running, &orders(&[250, 900, 300, 120]));
    let browser = browser_at(&running, "#/queries/big/rows?sort=-total&q=0");
    browser.wait_for(ROWS, &json!([["o2", "900"], ["o3", "300"], ["o1", "250"], ["o4", "120"]]));
    browser.run("document.querySelector('[role=columnheader] button').click()").unwrap();
    browser.wait_for(ROWS, &json!([["o1", "250"], ["o2", "900"], ["o3", "300"], ["o4", "120"]]));
    assert_eq!(browser.run("return location.hash"), Ok(json!("#/queries/big/rows?sort=id&q=0")));
    let search = "const input = document.querySelector('main [type=search]');
        input.value = '90'; input.dispatchEvent(new Event('input', { bubbles: true }))";
    browser.run(search).unwrap();
    browser.wait_for(ROWS, &json!([["o2", "900"]]));
    assert_eq!(browser.run("return location.hash"), Ok(json!("#/queries/big/rows?sort=id&q=90")));
    browser.run("location.hash = '#/queries/big/diffs'").unwrap();
    let diffs = "return [...document.querySelectorAll('.diff')].length";
    browser.wait_for(diffs, &json!(4));
}

#[test]
fn rows_are_saved_as_csv_all_of_them_or_those_that_are_found() {
    let running = Running::start();
    send(&running, &orders(&[250, 9_007_199_254_740_993]));
    send(&running, &order("insert", "=1+2", 300));
    let browser = browser_at(&running, "#/queries/big");
    browser.wait_for(&format!("{ROWS}.length"), &json!(3));
    let catch = "window.saved = []; const make = URL.createObjectURL;
        URL.createObjectURL = blob => (blob.text().then(text => saved.push(text)), make(blob));
        HTMLAnchorElement.prototype.click = function () { saved.push(this.download) }";
    browser.run(catch).unwrap();
    let saved = "return [...saved].sort((a, b) => a.length - b.length)";
    let save = |form: &str, name: &str, text: &str| {
        browser.run("saved.length = 0").unwrap();
        click(&browser, "Download");
        click(&browser, form);
        browser.wait_for(saved, &json!([name, text]));
    };
    let sorted = |rest: &str| {
        running.ask("GET", &format!("/api/v1/queries/big/results?{rest}"), "accept: text/csv\r\n", "").body
    };
    assert!(sorted("").contains(",9007199254740993\n"), "{}", sorted(""));
    save("CSV", "big.csv", &sorted(""));
    browser.run("location.hash = '#/queries/big/rows?q=300'").unwrap();
    browser.wait_for(ROWS, &json!([["=1+2", "300"]]));
    save("CSV for a spreadsheet, of the rows found", "big-found.csv", "\"id\",\"total\"\n\"'=1+2\",300\n");
    assert_eq!(browser.messages(), Vec::<String>::new());
}

#[test]
fn an_ordered_query_is_shown_in_its_own_order() {
    let top = "  - { id: top, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id, o.total AS total \
               ORDER BY total DESC LIMIT 2\" }\n";
    let running = Running::start_with("", "", top);
    send(&running, &orders(&[250, 900, 300]));
    let browser = browser_at(&running, "#/queries/top");
    browser.wait_for(ROWS, &json!([["o2", "900"], ["o3", "300"]]));
    send(&running, &order("update", "o1", 1000));
    let rows = json!([["o2", "900"], ["o1", "1000"]]);
    browser.wait_for(ROWS, &rows);
    browser.run("document.querySelector('.again').click()").unwrap();
    browser.wait_for(ROWS, &json!([["o1", "1000"], ["o2", "900"]]));
}

/// A generator of numbers that gives the same ones each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

#[test]
fn rows_after_ten_thousand_random_diffs_are_the_results() {
    const ORDERS: u64 = 400;
    let running = Running::start();
    let mut random = Random(42);
    let mut is_there = BTreeSet::new();
    let browser = browser_at(&running, "#/queries/big");
    for _ in 0..100 {
        let batch: Vec<String> = (0..200)
            .map(|_| {
                let id = format!("o{}", random.below(ORDERS));
                let total = random.below(400);
                if is_there.insert(id.clone()) {
                    order("insert", &id, total)
                } else if random.below(4) == 0 {
                    is_there.remove(&id);
                    json!({ "operation": "delete", "id": id }).to_string()
                } else {
                    order("update", &id, total)
                }
            })
            .collect();
        send(&running, &batch.join("\n"));
    }
    let results = running.get("/api/v1/queries/big/results").json();
    let at = format!("{}-{}", results["epoch"].as_str().unwrap(), results["sequence"]);
    assert!(results["sequence"].as_u64().unwrap() >= 10_000, "{at}");
    browser.wait_for(AT, &json!(at));
    let expected: BTreeSet<(String, String)> =
        results["rows"].as_array().unwrap().iter().map(shown).collect();
    assert!(expected.len() > 100);
    assert_eq!(scrolled(&browser), expected, "before it is sorted again");
    browser.run("document.querySelector('.again').click()").unwrap();
    browser.wait_for("return document.querySelector('.again[data-none]') !== null", &json!(true));
    assert_eq!(scrolled(&browser), expected, "after");
    let count = "return document.querySelectorAll('.table .row').length";
    let in_document = browser.run(count).unwrap().as_u64().unwrap();
    assert!(in_document < 60, "{in_document} rows are in the document");
}

fn shown(row: &Json) -> (String, String) {
    (row["data"]["id"].as_str().unwrap().to_owned(), row["data"]["total"].to_string())
}

/// All rows that are not gone, from the beginning to the end of the table.
fn scrolled(browser: &Browser) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    browser.run("document.querySelector('.table').scrollTop = 0").unwrap();
    loop {
        // Drawn after the browser has said that it was scrolled.
        pause(Duration::from_millis(80));
        for row in browser.run(ROWS).unwrap().as_array().unwrap() {
            found.insert((row[0].as_str().unwrap().to_owned(), row[1].as_str().unwrap().to_owned()));
        }
        let on = "const table = document.querySelector('.table'); const before = table.scrollTop;
            table.scrollTop += 300; return table.scrollTop > before";
        if browser.run(on) != Ok(json!(true)) {
            return found;
        }
    }
}

#[test]
fn diffs_are_newest_first_and_reach_back_before_the_page_was_opened() {
    let running = Running::start();
    send(&running, &orders(&[250]));
    send(&running, &order("update", "o1", 300));
    let browser = browser_at(&running, "#/queries/big/diffs");
    let diffs = "return [...document.querySelectorAll('.diff li')].map(diff =>
        [diff.querySelector('.sign').ariaLabel, diff.querySelector('.name').textContent,
         diff.querySelector('.changes').textContent])";
    let first = [json!(["updated", "o1", "total 250 → 300"]), json!(["added", "o1", "250"])];
    browser.wait_for(diffs, &json!(first));
    send(&running, &order("update", "o1", 20));
    browser.wait_for(diffs, &json!([json!(["deleted", "o1", "300"]), first[0], first[1]]));
    click(&browser, "Deleted");
    browser.wait_for(diffs, &json!([["deleted", "o1", "300"]]));
}

#[test]
fn the_panel_of_a_row_has_all_its_values_and_follows_them() {
    let wide = "  - { id: wide, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id, o.total AS total, \
                o.note AS note\" }\n";
    let running = Running::start_with("", "", wide);
    let note = "long ".repeat(200);
    send(&running, &element("insert", "o1", &json!({ "id": "o1", "total": 250, "note": note })));
    let browser = browser_at(&running, "#/queries/wide");
    browser.wait_for("return document.querySelectorAll('.table .row').length", &json!(1));
    browser.run("document.querySelector('.table .row').click()").unwrap();
    let values = "return [...document.querySelectorAll('.panel .values dd')].map(value => value.textContent)";
    // Spaces at the end are shown with quotes, so that they are seen.
    browser.wait_for(values, &json!(["o1", "250", format!("\"{note}\"")]));
    send(&running, &element("update", "o1", &json!({ "id": "o1", "total": 300, "note": "short" })));
    browser.wait_for(values, &json!(["o1", "300", "short"]));
    let history = "return document.querySelector('.panel .history').textContent.includes('250 → 300')";
    browser.wait_for(history, &json!(true));
    // The address leads to the row again.
    let hash = browser.run("return location.hash").unwrap();
    open(&browser, &running, hash.as_str().unwrap());
    browser.wait_for(values, &json!(["o1", "300", "short"]));
}
