//! The store and the events: what is on their pages is what the server says, and what is left over can be removed there.

use super::{browser_at, click, send};
use crate::running::{Running, orders};
use serde_json::{Value as Json, json};

const REACTION: &str =
    "reactions:\n  - { id: board, kind: file, queries: [big], path: board.jsonl, mode: table }\n";

/// The components on the store's page, from top to bottom.
const HELD: &str =
    "return [...document.querySelectorAll('.held tbody tr')].map(row => row.querySelector('a').textContent)";
/// The texts of the events on screen.
const EVENTS: &str = "return [...document.querySelectorAll('.event')].map(one => one.lastChild.textContent)";

#[test]
fn what_is_stored_is_shown_the_largest_first_and_a_leftover_is_removed_once_it_is_named() {
    let mut running = Running::start_with("", "", REACTION);
    send(&running, &orders(&[150, 250, 350]));
    let config = std::fs::read_to_string(running.config()).unwrap();
    std::fs::write(running.config(), config.replace(REACTION, "")).unwrap();
    running.kill_and_start_again();
    let browser = browser_at(&running, "#/store");
    let store = running.get("/api/v1/store").json();
    let mut expected: Vec<&Json> = store["components"].as_array().unwrap().iter().collect();
    expected.sort_by_key(|one| std::cmp::Reverse(one["bytes"].as_u64()));
    let expected: Vec<&Json> = expected.iter().map(|one| &one["id"]).collect();
    browser.wait_for(HELD, &json!(expected));
    let left = "return [...document.querySelectorAll('.left a')].map(one => one.textContent)";
    browser.wait_for(left, &json!(["board"]));
    click(&browser, "Remove...");
    browser.wait_for("return document.querySelector('dialog input') !== null", &json!(true));
    browser.run("document.querySelector('dialog input').focus()").unwrap();
    browser.press("board\u{e007}");
    browser.wait_for(left, &json!([]));
    browser.wait_for("return location.hash", &json!("#/store"));
    assert_eq!(running.get("/api/v1/reactions/board").status, 404);
    browser.wait_for(HELD, &json!(expected.iter().filter(|id| **id != "board").collect::<Vec<_>>()));
}

#[test]
fn events_are_chosen_by_the_address_come_live_and_reach_back() {
    let running = Running::start();
    send(&running, &orders(&[250]));
    for _ in 0..70 {
        for what in ["stop", "start"] {
            let done = running.ask("POST", &format!("/api/v1/queries/big/{what}"), "", "");
            assert_eq!(done.status, 200, "{}", done.body);
        }
    }
    let browser = browser_at(&running, "#/events?component=big&what=call");
    browser.wait_for(&format!("{EVENTS}.length"), &json!(100));
    click(&browser, "Older");
    browser.wait_for(&format!("{EVENTS}.length"), &json!(140));
    // Another component's event does not come in; one of this component does, at the top.
    running.ask("POST", "/api/v1/sources/orders/stop", "", "");
    running.ask("POST", "/api/v1/queries/big/stop", "", "");
    browser.wait_for(&format!("{EVENTS}.length"), &json!(141));
    let first = "return document.querySelector('.event').lastChild.textContent.trim()";
    assert_eq!(browser.run(first), Ok(json!("big stop by anonymous")));
    // A choice that a link made is taken back by its button.
    browser.run("document.querySelector('.chips .button').click()").unwrap();
    browser.wait_for("return location.hash", &json!("#/events?what=call"));
    browser.wait_for(&format!("{EVENTS}.some(text => text.startsWith('orders'))"), &json!(true));
    browser.run("location.hash = '#/events?q=<img src=x onerror=alert(1)>'").unwrap();
    let nothing =
        "return document.querySelector('main').textContent.includes('Nothing of this kind has happened.')";
    browser.wait_for(nothing, &json!(true));
}

#[test]
fn a_backup_says_what_it_costs_and_is_downloaded_under_the_name_of_its_store() {
    let running = Running::start();
    send(&running, &orders(&[150, 250]));
    let browser = browser_at(&running, "#/store");
    click(&browser, "Backup...");
    let said = "const text = document.querySelector('dialog')?.textContent ?? '';
        return /at position [12] or later/.test(text) && ['Free pages', '--file livewell-'].every(part => text.includes(part))";
    browser.wait_for(said, &json!(true));
    let catch = "window.saved = []; URL.createObjectURL = blob => (saved.push(blob.size > 4096), 'blob:');
        HTMLAnchorElement.prototype.click = function () { saved.push(this.download) }";
    browser.run(catch).unwrap();
    click(&browser, "Download");
    let id = running.get("/api/v1/store").json()["store_id"].as_str().unwrap().to_owned();
    browser.wait_for("return saved", &json!([true, format!("livewell-{id}.mdb")]));
    browser.wait_for("return document.querySelector('dialog')", &Json::Null);
    assert_eq!(browser.messages(), Vec::<String>::new());
}
