//! Tabs that stay open: one that nobody looks at, many at once, one that sees thousands of updates, one among a thousand
//! components, and one that comes back when the outbox has moved on.

use super::{AT, CONNECTION, PROBLEMS, ROWS, browser_at, open, order, send};
use crate::running::{Running, orders};
use livewell_services::{Browser, pause};
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// Counts calls, and lets the minute after which a hidden tab sleeps pass in a tenth of a second.
const HURRIED: &str = "window.calls = [];
    const fetched = window.fetch, later = window.setTimeout, often = window.setInterval;
    window.fetch = (path, options) => { window.calls.push(path); return fetched(path, options); };
    window.setTimeout = (work, wait) => later(work, wait === 60000 ? 100 : wait);
    window.setInterval = (work, wait) => often(work, Math.min(wait, 200));";

/// Has the page believe that it is looked at, or that it is not.
fn hide(browser: &Browser, hidden: bool) {
    let script = format!(
        "Object.defineProperty(document, 'hidden', {{ value: {hidden}, configurable: true }});
         document.dispatchEvent(new Event('visibilitychange'))"
    );
    browser.run(&script).unwrap();
}

/// How many tabs follow the server.
fn followers(running: &Running) -> f64 {
    let metrics = running.get("/metrics").body;
    let value =
        metrics.lines().find_map(|line| line.strip_prefix("livewell_http_streams{kind=\"follower\"} "));
    value.unwrap_or_else(|| panic!("no gauge of followers in {metrics}")).parse().unwrap()
}

#[test]
fn a_tab_that_nobody_looks_at_gives_up_its_stream_and_asks_for_nothing() {
    let running = Running::start();
    send(&running, &orders(&[250]));
    let browser = browser_at(&running, "#/queries/big/health");
    browser.wait_for(CONNECTION, &json!("live"));
    browser.run(HURRIED).unwrap();
    // What begins to look again and again begins after the clock was hurried.
    for view in ["#/queries/big/health", "#/", "#/queries/big"] {
        browser.run(&format!("location.hash = {view:?}")).unwrap();
        pause(Duration::from_millis(300));
    }
    browser.wait_for(ROWS, &json!([["o1", "250"]]));
    hide(&browser, true);
    browser.wait_for(CONNECTION, &json!("asleep"));
    while followers(&running) > 0.0 {
        pause(Duration::from_millis(50));
    }
    // What the last status has asked for comes up to a second later.
    pause(Duration::from_secs(4));
    browser.run("window.calls = []").unwrap();
    send(&running, &order("update", "o1", 300));
    pause(Duration::from_secs(3));
    assert_eq!(browser.run("return window.calls"), Ok(json!([])));
    assert_eq!(followers(&running), 0.0);
    hide(&browser, false);
    browser.wait_for(CONNECTION, &json!("live"));
    browser.wait_for(ROWS, &json!([["o1", "300"]]));
}

#[test]
fn ten_tabs_are_each_live_when_they_are_looked_at() {
    let running = Running::start();
    send(&running, &orders(&[250]));
    let browser = Browser::start();
    let tabs: Vec<String> = (0..10)
        .map(|_| {
            let tab = browser.new_tab();
            open(&browser, &running, "#/queries/big");
            browser.wait_for(ROWS, &json!([["o1", "250"]]));
            tab
        })
        .collect();
    for (round, tab) in tabs.iter().enumerate() {
        let total = 300 + round as u64;
        send(&running, &order("update", "o1", total));
        browser.to_tab(tab);
        // A browser without a window does not tell tabs which of them is in front.
        for other in tabs.iter().filter(|other| *other != tab) {
            browser.to_tab(other);
            hide(&browser, true);
        }
        browser.to_tab(tab);
        hide(&browser, false);
        browser.wait_for(ROWS, &json!([["o1", total.to_string()]]));
        browser.wait_for(CONNECTION, &json!("live"));
        assert_eq!(browser.run(PROBLEMS), Ok(json!([])));
    }
}

/// Sends updates of twenty orders and waits until the last one is on screen.
fn update(running: &Running, browser: &Browser, rounds: std::ops::Range<u64>) {
    for round in rounds {
        let mut changes = String::new();
        for at in 0..200 {
            writeln!(changes, "{}", order("update", &format!("o{}", at % 20 + 1), 1_000 + round * 200 + at))
                .unwrap();
        }
        send(running, changes.trim_end());
    }
    let last = running.get("/api/v1/queries/big/results?limit=1").json();
    browser.wait_for(AT, &json!(format!("{}-{}", last["epoch"].as_str().unwrap(), last["sequence"])));
}

#[test]
fn thousands_of_updates_leave_nothing_behind_in_the_memory_of_a_tab() {
    let running = Running::start();
    let totals: Vec<i64> = (0..20).map(|at| 200 + at).collect();
    send(&running, &orders(&totals));
    let browser = browser_at(&running, "#/queries/big");
    browser.wait_for(&format!("{ROWS}.length"), &json!(20));
    // What is kept of the latest results is full after this.
    update(&running, &browser, 0..15);
    let before = browser.heap();
    update(&running, &browser, 15..45);
    let after = browser.heap();
    // 6,000 updates; one that were kept would take some hundred bytes.
    let bound = before + 1_000_000;
    assert!(after < bound && after < 60_000_000, "{before} bytes, and after 6,000 updates {after}");
    let minutes = std::env::var("LIVEWELL_TAB_MINUTES").map_or(0, |minutes| minutes.parse().unwrap());
    if minutes > 0 {
        stay_open(&running, &browser, minutes);
    }
}

/// Updates orders and goes from view to view for so many minutes, and looks at the memory of the tab once a minute.
fn stay_open(running: &Running, browser: &Browser, minutes: u64) {
    let (began, mut heaps, mut round) = (Instant::now(), Vec::new(), 45);
    while began.elapsed() < Duration::from_secs(60 * minutes) {
        for view in ["#/", "#/queries/big/health", "#/sources/orders", "#/store", "#/events", "#/queries/big"]
        {
            browser.run(&format!("location.hash = {view:?}")).unwrap();
            pause(Duration::from_secs(5));
        }
        browser.wait_for(&format!("{ROWS}.length"), &json!(20));
        update(running, browser, round..round + 5);
        round += 5;
        pause(Duration::from_secs(30));
        heaps.push(browser.heap());
    }
    let (first, last, most) = (heaps[0], heaps[heaps.len() - 1], heaps.iter().max().unwrap());
    let _ = writeln!(
        std::io::stdout(),
        "counted: {} updates and {} views in {minutes} minutes, {first} bytes of heap at first, {last} at last, {most} at most",
        200 * round,
        6 * heaps.len()
    );
    assert!(*most < 60_000_000, "{heaps:?}");
}

#[test]
fn a_tab_among_a_thousand_components_shows_all_and_finds_each() {
    let query = |at: usize| {
        json!({ "id": format!("q{at:04}"), "sources": ["orders"], "cypher": "MATCH (o:Order) RETURN o.id AS id",
                "enabled": false })
    };
    let config = json!({
        "store": { "kind": "memory" }, "server": { "listen": "127.0.0.1:0" },
        "sources": [{ "id": "orders", "kind": "http" }], "queries": (0..999).map(query).collect::<Vec<Json>>(),
    });
    let running = Running::of(&config.to_string());
    running.wait_until_ready();
    let browser = browser_at(&running, "#/");
    browser.wait_for("return document.querySelector('.verdict h1') !== null", &json!(true));
    browser.wait_for("return document.querySelector('.groups') !== null", &json!(true));
    // The side does not list a thousand.
    let all = "return [...document.querySelectorAll('.side a.all')].map(one => one.textContent)";
    browser.wait_for(all, &json!(["all 999"]));
    browser.run("location.hash = '#/queries?q=q0998'").unwrap();
    let found = "return [...document.querySelectorAll('.components tbody a')].map(one => one.textContent)";
    browser.wait_for(found, &json!(["q0998"]));
    browser.press_with('\u{e009}', 'k');
    browser.wait_for("return document.activeElement?.getAttribute('role')", &json!("combobox"));
    browser.press("q0500");
    browser.wait_for("return document.querySelector('#found-now .name')?.textContent", &json!("q0500"));
    browser.press("\u{e007}");
    browser.wait_for("return location.hash", &json!("#/queries/q0500"));
    browser.run("location.hash = '#/store'").unwrap();
    browser.wait_for("return document.querySelectorAll('.held tbody tr').length", &json!(100));
    assert_eq!(browser.messages(), Vec::<String>::new());
}

#[test]
fn rows_are_read_again_when_the_outbox_has_passed_the_place_of_a_tab() {
    let small = "    outbox: { capacity: 5 }\n";
    let running = Running::of(&format!(
        "store: {{ kind: embedded, path: data }}\nserver:\n  listen: 127.0.0.1:0\n\
         sources:\n  - {{ id: orders, kind: http }}\n\
         queries:\n  - id: big\n    sources: [orders]\n{small}    cypher: \"MATCH (o:Order) RETURN o.id AS id, o.total AS total\"\n"
    ));
    send(&running, &orders(&[250, 300]));
    let browser = browser_at(&running, "#/queries/big");
    browser.wait_for(ROWS, &json!([["o1", "250"], ["o2", "300"]]));
    browser.run(HURRIED).unwrap();
    hide(&browser, true);
    browser.wait_for(CONNECTION, &json!("asleep"));
    for total in 400..440 {
        send(&running, &order("update", "o1", total));
    }
    browser.run("window.calls = []").unwrap();
    hide(&browser, false);
    browser.wait_for(ROWS, &json!([["o1", "439"], ["o2", "300"]]));
    let read = "return window.calls.some(path => path.includes('/queries/big/results'))";
    browser.wait_for(read, &json!(true));
    // What comes then is one result after the other again.
    send(&running, &order("update", "o2", 500));
    browser.wait_for(ROWS, &json!([["o1", "439"], ["o2", "500"]]));
    assert_eq!(browser.run(PROBLEMS), Ok(json!([])));
}
