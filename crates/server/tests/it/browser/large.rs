//! More rows than a browser keeps: the server holds the order, and only the rows in sight are in the document.

use super::{ROWS, browser_at, element, open};
use crate::running::Running;
use livewell_services::Browser;
use serde_json::{Value as Json, json};
use std::io::Write;
use std::time::Instant;

/// How many rows there are, unless `LIVEWELL_LARGE_ROWS` says otherwise: in two lines each they are higher than browsers
/// can make a page.
const ROWS_OF_ALL: u64 = 140_000;
/// How many rows each order has.
const EACH: u64 = 1_000;

/// Wholly in sight.
const IN_SIGHT: &str = "const table = document.querySelector('.table'), box = table.getBoundingClientRect();
    const seen = [...table.querySelectorAll('.row:not(.unread)')].filter(row => {
        const { top, bottom } = row.getBoundingClientRect();
        return top >= box.top && bottom <= box.bottom + 1;
    }).sort((a, b) => a.ariaRowIndex - b.ariaRowIndex);
    const cells = row => [Number(row.ariaRowIndex) - 1, row.children[0].textContent, row.children[1].textContent];
    const rows = seen.map(cells);";

/// Returns a script that says this of the rows in sight, each of which is its place and its first two cells.
fn sight(what: &str) -> String {
    format!("{IN_SIGHT} return rows.length > 0 && ({what})")
}

#[track_caller]
fn wait_for_foot(browser: &Browser, part: &str) {
    let foot =
        format!("return (document.querySelector('.card > .foot')?.textContent ?? '').includes({part:?})");
    browser.wait_for(&foot, &json!(true));
}

fn key(browser: &Browser, name: &str) {
    let press = format!(
        "const table = document.querySelector('.table'); table.focus();
         table.dispatchEvent(new KeyboardEvent('keydown', {{ key: {name:?}, bubbles: true, cancelable: true }}))"
    );
    browser.run(&press).unwrap();
}

fn order(operation: &str, number: u64, name: &str) -> String {
    let id = format!("o{number:04}");
    element(operation, &id, &json!({ "id": id, "name": name }))
}

fn settle(running: &Running, position: &Json) {
    loop {
        let read = running.get(&format!("/api/v1/queries/all/results?limit=1&position={position}&wait=60s"));
        match read.status {
            200 => return,
            503 | 504 => livewell_services::pause(std::time::Duration::from_millis(100)),
            status => panic!("{status}: {}", read.body),
        }
    }
}

/// A query with a thousand rows for each order.
fn definition(n: &str) -> String {
    let cypher =
        format!("MATCH (o:Order) UNWIND range(1, {EACH}) AS n RETURN o.id AS id, {n} AS n, o.name AS name");
    json!({ "id": "all", "sources": ["orders"], "cypher": cypher }).to_string()
}

/// The query over so many orders, which are there before it: it is built at once.
fn started(orders: u64) -> Running {
    started_with("", orders)
}

fn started_with(server: &str, orders: u64) -> Running {
    let running = Running::start_with(server, "", "");
    let changes: Vec<String> =
        (0..orders).map(|number| order("insert", number, &format!("name {}", number % 7))).collect();
    let sent = running.post(&changes.join("\n"));
    assert_eq!(sent.status, 200, "{}", sent.body);
    let created = running.ask("POST", "/api/v1/queries", "", &definition("n"));
    assert_eq!(created.status, 201, "{}", created.body);
    settle(&running, &sent.json()["position"]);
    running
}

/// The first two cells of the row at a place, as the server has it.
fn expected(running: &Running, view: &str, place: u64) -> (Json, Json) {
    let page = running.get(&format!("/api/v1/queries/all/views/{view}?offset={}&limit=1", place - 1));
    assert_eq!(page.status, 200, "{}", page.body);
    let data = &page.json()["rows"][0]["data"];
    (data["id"].clone(), json!(data["n"].to_string()))
}

/// How long frames take while the wheel turns and the scroll bar goes through all rows, in milliseconds: the 95th of a
/// hundred, and the longest.
const FRAMES: &str = "const table = document.querySelector('.table'), turns = 240, took = [];
    table.scrollTop = 0;
    return new Promise(done => {
        let last = null;
        const frame = now => {
            if (last !== null) took.push(now - last);
            last = now;
            if (took.length === turns) {
                took.sort((a, b) => a - b);
                return done([took[Math.floor(turns * 0.95)], took.at(-1)]);
            }
            if (took.length < turns / 2) {
                table.dispatchEvent(new WheelEvent('wheel', { deltaY: 290, bubbles: true, cancelable: true }));
            } else {
                table.scrollTop += table.scrollHeight / turns;
            }
            requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
    })";

#[test]
fn every_row_can_be_reached_however_many_there_are() {
    let asked = std::env::var("LIVEWELL_LARGE_ROWS").ok();
    let rows: u64 =
        asked.as_ref().map_or(ROWS_OF_ALL, |text| text.parse().expect("`LIVEWELL_LARGE_ROWS` is a number"));
    let running = started(rows / EACH);
    let browser = browser_at(&running, "#/queries");
    browser.show(390, 800, "light");
    let began = Instant::now();
    open(&browser, &running, "#/queries/all");
    browser.wait_for("return document.querySelector('.table .row:not(.unread)') !== null", &json!(true));
    let painted = began.elapsed();
    let grid = "const table = document.querySelector('.table');
        return [table.getAttribute('role'), Number(table.ariaRowCount), table.querySelector('.rows').offsetHeight <= 8e6]";
    assert_eq!(browser.run(grid), Ok(json!(["grid", rows + 1, true])));

    let view = running.ask("POST", "/api/v1/queries/all/views", "", "").json();
    let view = view["view"].as_str().unwrap();
    let is_right = |place: u64, seen: &Json| {
        let (id, n) = expected(&running, view, place);
        assert_eq!(seen, &json!([place, id, n]));
    };
    // End shows the last row, however high the table would be, and Home the first.
    key(&browser, "End");
    browser.wait_for(&sight("rows.at(-1)[0]"), &json!(rows));
    is_right(rows, &browser.run(&sight("rows.at(-1)")).unwrap());
    key(&browser, "Home");
    browser.wait_for(&sight("rows[0][0]"), &json!(1));
    is_right(1, &browser.run(&sight("rows[0]")).unwrap());
    // The wheel moves by rows, the scroll bar through all of them.
    let wheel = "document.querySelector('.table').dispatchEvent(
        new WheelEvent('wheel', { deltaY: 580, bubbles: true, cancelable: true }))";
    browser.run(wheel).unwrap();
    browser.wait_for(&sight("rows[0][0]"), &json!(11));
    let drag = "const table = document.querySelector('.table');
        table.scrollTop = (table.scrollHeight - table.clientHeight) / 2";
    browser.run(drag).unwrap();
    browser.wait_for(&sight(&format!("Math.abs(rows[0][0] - {}) < 100", rows / 2)), &json!(true));
    let middle = browser.run(&sight("rows[0]")).unwrap();
    is_right(middle[0].as_u64().unwrap(), &middle);
    let drawn = browser.run("return document.querySelectorAll('.table .row').length").unwrap();
    assert!(drawn.as_u64().unwrap() < 60, "{drawn} rows are in the document");
    assert_eq!(browser.messages(), Vec::<String>::new());

    let frames = browser.run(FRAMES).unwrap();
    let heap = browser.run("return performance.memory.usedJSHeapSize").unwrap().as_u64().unwrap();
    let _ = writeln!(
        std::io::stdout(),
        "counted: {rows} rows, {painted:?} from the address to the first of them, 95 of 100 frames in {:.0} ms while it \
         scrolls and all in {:.0} ms, {} MB of heap afterwards",
        frames[0].as_f64().unwrap(),
        frames[1].as_f64().unwrap(),
        heap / 1_000_000
    );
    // Among other tests a frame waits for a processor.
    assert!(asked.is_none() || frames[0].as_f64().unwrap() < 50.0, "{frames} ms");
    assert!(heap < 100_000_000, "{heap} bytes");
}

#[test]
fn the_server_sorts_and_searches_and_rows_in_sight_are_followed() {
    let running = started(12);
    let browser = browser_at(&running, "#/queries/all?sort=id");
    wait_for_foot(&browser, "12\u{202f}000 rows as of 1-");
    browser.wait_for(&sight("rows[0][1]"), &json!("o0000"));
    let sent = running.post(&order("update", 0, "changed"));
    settle(&running, &sent.json()["position"]);
    let name = "return document.querySelector('.table .row')?.children[2]?.textContent";
    browser.wait_for(name, &json!("changed"));
    wait_for_foot(&browser, "1 result since: refresh");
    browser.run("document.querySelector('.again').click()").unwrap();
    wait_for_foot(&browser, "no result since");
    // A row that goes is struck out in its place.
    let sent = running.post(&json!({ "operation": "delete", "id": "o0000" }).to_string());
    settle(&running, &sent.json()["position"]);
    browser.wait_for("return document.querySelector('.table .row')?.matches('[data-gone]')", &json!(true));
    wait_for_foot(&browser, "12\u{202f}000 rows as of 1-");

    let sent = running.post(&order("update", 3, "<b>other</b>"));
    settle(&running, &sent.json()["position"]);
    open(&browser, &running, "#/queries/all?sort=-n&q=B%3EOther");
    wait_for_foot(&browser, "1\u{202f}000 rows as of 1-");
    let top = ROWS.replace(".map(row =>", ".slice(0, 2).map(row =>");
    browser.wait_for(&top, &json!([["o0003", "1000", "<b>other</b>"], ["o0003", "999", "<b>other</b>"]]));
    browser.run("document.querySelectorAll('[role=columnheader] button')[1].click()").unwrap();
    browser.wait_for(&top, &json!([["o0003", "1", "<b>other</b>"], ["o0003", "2", "<b>other</b>"]]));
    browser.run("document.querySelector('.table .row').click()").unwrap();
    browser.wait_for("return document.querySelector('.panel .values dd')?.textContent", &json!("o0003"));
    // What is written there is searched for after a pause.
    let search = "const input = document.querySelector('main [type=search]');
        input.value = 'nothing has this'; input.dispatchEvent(new Event('input', { bubbles: true }))";
    browser.run(search).unwrap();
    wait_for_foot(&browser, "0 rows as of 1-");
    assert_eq!(browser.messages(), Vec::<String>::new());
}

#[test]
fn a_query_that_is_built_again_is_shown_again() {
    let running = started(11);
    let browser = browser_at(&running, "#/queries/all");
    wait_for_foot(&browser, "11\u{202f}000 rows as of 1-");
    let changed = running.ask("PUT", "/api/v1/queries/all", "", &definition("-n"));
    assert!((200..300).contains(&changed.status), "{}", changed.body);
    wait_for_foot(&browser, "11\u{202f}000 rows as of 2-");
    browser.wait_for(&sight("rows.every(row => row[2].startsWith('-'))"), &json!(true));
}

#[test]
fn rows_that_cannot_be_put_in_order_are_shown_as_the_store_has_them() {
    // Twelve thousand rows take 384 kB while they are put in no order, and more to be sorted.
    let running = started_with("  limits: { verify_bytes: 400000 }\n", 12);
    let browser = browser_at(&running, "#/queries/all?sort=-name");
    let problem = "return document.querySelector('main .problem')?.textContent.includes('LW0861') ?? false";
    browser.wait_for(problem, &json!(true));
    super::click(&browser, "Show them in the order of the store");
    wait_for_foot(&browser, "rows 1 to 1\u{202f}000 of 12\u{202f}000 as of 1-");
    let row = |path: &str| {
        let page = running.get(&format!("/api/v1/queries/all/results?limit={path}")).json();
        let last = page["rows"].as_array().unwrap().last().unwrap().clone();
        (json!([last["data"]["id"], last["data"]["n"].to_string()]), last["row_signature"].clone())
    };
    let first = ROWS
        .replace(".map(row =>", ".slice(0, 1).map(row =>")
        .replace("[...row.children]", "[...row.children].slice(0, 2)");
    browser.wait_for(&first, &json!([row("1").0]));
    super::click(&browser, "Next 1\u{202f}000");
    wait_for_foot(&browser, "rows 1\u{202f}001 to 2\u{202f}000");
    browser.wait_for(&first, &json!([row("1001").0]));
    browser.run("document.querySelector('.table .row').click()").unwrap();
    let chosen = "return new URLSearchParams(location.hash.split('?')[1]).get('row')";
    browser.wait_for(chosen, &row("1001").1);
    browser.wait_for("return document.querySelectorAll('.panel .values dd').length", &json!(3));
    // In no order there is room, and rows in that order stay if another is refused.
    browser.run("location.hash = '#/queries/all'").unwrap();
    super::click(&browser, "Try again");
    wait_for_foot(&browser, "12\u{202f}000 rows as of 1-");
    wait_for_foot(&browser, "in no order");
    browser.run("location.hash = '#/queries/all?sort=-name'").unwrap();
    browser.wait_for(problem, &json!(true));
    wait_for_foot(&browser, "in no order");
    // Browsers note each call that is refused.
    assert!(browser.messages().iter().all(|message| message.contains("/views - Failed to load resource")));
}
