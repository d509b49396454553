//! The target of a reaction that keeps a file of rows: counted, compared, damaged by hand, out of reach.

use super::{browser_at, click, element, send};
use crate::running::Running;
use livewell_services::Browser;
use serde_json::{Value as Json, json};
use std::fs;

const STRANGE: &str = "<img src=x onerror=document.title='taken'>\u{202e}";
const SHOWN: &str = "<img src=x onerror=document.title='taken'>U+202E";

const HELD: &str = "return document.querySelector('.target')?.textContent ?? ''";
const RESULT: &str = "return document.querySelector('.compared > p')?.textContent ?? ''";
/// Each table of differences: its caption, and the cells of its rows.
const DIFFERENCES: &str = "return [...document.querySelectorAll('.compared table')].map(table => [
    table.caption.textContent,
    ...[...table.tBodies[0].rows].map(row => [...row.cells].slice(1).map(cell => cell.textContent))])";

fn wait_for(browser: &Browser, text: &str, part: &str) {
    let has = format!("{}.includes({part:?})", text.replace("return ", "return (") + ")");
    browser.wait_for(&has, &json!(true));
}

#[test]
fn a_target_is_counted_and_compared_and_strange_rows_stay_text() {
    let running = Running::of(
        "store: { kind: embedded, path: data }\nserver:\n  listen: 127.0.0.1:0\n\
         sources:\n  - { id: orders, kind: http }\n\
         queries:\n  - { id: big, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id, o.total AS total\" }\n\
         reactions:\n  - { id: board, kind: file, queries: [big], path: board.jsonl, mode: table }\n  \
         - { id: out, kind: file, queries: [big], path: out.jsonl }\n",
    );
    for (id, total) in [("a", 1), (STRANGE, 2), ("c", 3)] {
        send(&running, &element("insert", id, &json!({ "id": id, "total": total })));
    }
    let browser = browser_at(&running, "#/reactions/board/target");
    wait_for(&browser, HELD, "board.jsonl` has ");
    click(&browser, "Count again");
    wait_for(&browser, HELD, "has 3 rows, as of 1-");
    wait_for(&browser, HELD, "of big");
    click(&browser, "Compare");
    wait_for(&browser, RESULT, "Equal: 3 rows, as of 1-");
    assert_eq!(browser.run(DIFFERENCES), Ok(json!([])));

    let path = running.folder.path().join("board.jsonl");
    let rows = fs::read_to_string(&path).unwrap();
    let strange = rows.lines().find(|line| line.contains("onerror")).unwrap();
    let damaged =
        rows.replace("\"total\":3", "\"total\":30").replace(&format!("{strange}\n"), "") + "no row\n";
    fs::write(&path, damaged).unwrap();
    click(&browser, "Compare");
    wait_for(&browser, RESULT, "Not equal: 1 missing, 1 with other values, 1 too many; 3 rows in the target");
    let found = browser.run(DIFFERENCES).unwrap();
    let cell = |table: usize, column: usize| found[table][1][column].as_str().unwrap().to_owned();
    assert_eq!(found[0][0], "Missing in the target: 1");
    assert!(cell(0, 0).contains(SHOWN) && cell(0, 1) == "nothing", "{found:#}");
    assert_eq!(cell(1, 0), "{\"id\":\"c\",\"total\":3}");
    assert!(cell(1, 1).contains("\"total\":30"), "{found:#}");
    assert_eq!(found[2], json!(["Not among the live results: 1", ["nothing", "no row"]]));
    let nothing = "return [document.images.length, document.title]";
    assert_eq!(browser.run(nothing), Ok(json!([0, "board - Livewell"])));
    assert_eq!(browser.messages(), Vec::<String>::new());

    // One that keeps no rows has no such view.
    browser.run("location.hash = '#/reactions/out'").unwrap();
    let tabs =
        "return [...document.querySelectorAll('main [role=tab], main .tabs a')].map(tab => tab.textContent)";
    browser.wait_for(&format!("{tabs}.includes('Settings')"), &json!(true));
    let tabs = browser.run(tabs).unwrap();
    assert!(!tabs.as_array().unwrap().contains(&Json::from("Target")), "{tabs}");
}
