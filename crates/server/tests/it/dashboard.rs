//! The dashboard in a browser: what a person sees there is what is stored, as it comes.

use super::running::{Running, orders};
use livewell_services::{Browser, Proxy};
use serde_json::{Value as Json, json};

/// The cells of the rows that are shown, sorted.
const ROWS: &str = "return [...document.querySelectorAll('#rows tr')]
    .map(row => [...row.cells].map(cell => cell.textContent)).sort()";
/// What the page says is wrong.
const MESSAGE: &str = "return document.getElementById('message').textContent";

/// The state that the page shows of a component.
fn state(id: &str) -> String {
    format!(
        "return [...document.querySelectorAll('#components tr')]
            .filter(row => row.cells[0].textContent === '{id}').map(row => row.cells[1].textContent)[0]"
    )
}

/// A change of an order, which begins as `operation` says.
fn order(operation: &str, id: &str, total: u64) -> String {
    let properties = json!({ "id": id, "total": total });
    let element = json!({ "type": "node", "id": id, "labels": ["Order"], "properties": properties });
    json!({ "operation": operation, "element": element }).to_string()
}

fn port(running: &Running) -> u16 {
    running.address.rsplit_once(':').expect("an address with a port").1.parse().expect("a port")
}

#[test]
fn a_person_sees_results_as_they_come() {
    const HOSTILE: &str = "<img src=x onerror=document.title='taken'>";
    let running = Running::start_with("  token: open-sesame\n", "", "");
    let send = |change: &str| {
        let token = "authorization: Bearer open-sesame\r\n";
        let answer = running.ask("POST", "/api/v1/sources/orders/changes", token, change);
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    send(&order("insert", "a", 250));
    let browser = Browser::start();
    browser.open(&format!("http://{}/", running.address));
    browser.answer("open-sesame");
    browser.wait_for(&state("big"), &json!("caught_up"));
    assert_eq!(browser.run(MESSAGE), Ok(json!("")));

    // A link to nothing that could be a query leaves the rest of the page as it is.
    browser.open(&format!("http://{}/?#%", running.address));
    browser.answer("open-sesame");
    browser.wait_for(&state("big"), &json!("caught_up"));

    let click = "document.querySelector('#components button').click(); return location.hash";
    assert_eq!(browser.run(click), Ok(json!("#big")));
    browser.wait_for(ROWS, &json!([["a", "250"]]));
    send(&order("update", "a", 300));
    send(&order("insert", HOSTILE, 400));
    browser.wait_for(ROWS, &json!([[HOSTILE, "400"], ["a", "300"]]));
    send(&order("update", "a", 50));
    browser.wait_for(ROWS, &json!([[HOSTILE, "400"]]));
    assert_eq!(browser.run("return document.images.length"), Ok(json!(0)), "text became an element");
}

#[test]
fn values_may_hold_what_ends_a_line_somewhere_and_no_page_shows_this_one_in_a_frame() {
    let running = Running::start();
    let page = running.get("/");
    assert!(page.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    let ids = [
        "a\u{2028}b",
        "a\u{2029}b",
        "a\u{85}b",
        "a\u{b}b",
        "a\rb",
        "a\r\nb",
        "a\nb",
        "data: a",
        "\n\ndata: a",
    ];
    for id in ids {
        assert_eq!(running.post(&order("insert", id, 250)).status, 200);
    }
    let browser = Browser::start();
    browser.open(&format!("http://{}/#big", running.address));
    let shown = |ids: &[&str]| {
        let mut rows: Vec<Json> = ids.iter().map(|id| json!([id, "250"])).collect();
        rows.sort_by_key(|row| row[0].as_str().unwrap().encode_utf16().collect::<Vec<_>>());
        Json::Array(rows)
    };
    browser.wait_for(ROWS, &shown(&ids));
    let last = "x\u{2028}\u{2029}y";
    running.post(&order("insert", last, 250));
    browser.wait_for(ROWS, &shown(&[&ids[..], &[last]].concat()));
    assert_eq!(browser.run(MESSAGE), Ok(json!("")));
}

#[test]
fn rows_that_do_not_come_on_are_said_to_be_old() {
    let share =
        "  - { id: share, sources: [orders], cypher: \"MATCH (o:Order) RETURN 100 / o.total AS share\" }\n";
    let running = Running::start_with("", "", share);
    running.post(&orders(&[50]));
    let browser = Browser::start();
    browser.open(&format!("http://{}/#share", running.address));
    browser.wait_for(ROWS, &json!([["2"]]));
    let stale = "const stale = document.getElementById('stale');
        return stale.hidden ? '' : stale.textContent.replace(/ since .*/s, '')";
    assert_eq!(browser.run(stale), Ok(json!("")));
    running.post(&order("insert", "zero", 0));
    browser.wait_for(stale, &json!("These rows are as of position 1: share is in error"));
    running.post(&order("insert", "other", 150));
    browser.run("location.hash = 'big'").unwrap();
    browser.wait_for(stale, &json!(""));
}

#[test]
fn the_page_finds_back_to_a_server_that_was_killed() {
    let mut running = Running::start();
    running.post(&orders(&[250, 300]));
    let proxy = Proxy::start(port(&running));
    let browser = Browser::start();
    browser.open(&format!("http://127.0.0.1:{}/#big", proxy.port()));
    let shown = |totals: &[u64]| {
        let of = |(at, total): (usize, &u64)| json!([format!("o{}", at + 1), total.to_string()]);
        Json::Array(totals.iter().enumerate().map(of).collect())
    };
    browser.wait_for(ROWS, &shown(&[250, 300]));

    proxy.cut();
    running.post(&order("update", "o1", 700));
    browser.wait_for(ROWS, &shown(&[700, 300]));

    running.kill_and_start_again();
    browser.wait_for("return document.getElementById('message').textContent !== ''", &json!(true));
    proxy.retarget(port(&running));
    running.post(&order("update", "o2", 800));
    browser.wait_for(ROWS, &shown(&[700, 800]));
    browser.wait_for(MESSAGE, &json!(""));
}
