//! What a person has in hand stays, whatever comes: updates, other queries, a server that is gone and back.

use super::{AT, CONNECTION, PROBLEMS, ROWS, browser_at, open_at, order, send};
use crate::running::{Running, orders};
use livewell_services::{Browser, Proxy, pause};
use serde_json::{Value as Json, json};
use std::time::Duration;

fn port(running: &Running) -> u16 {
    running.address.rsplit_once(':').expect("an address with a port").1.parse().expect("a port")
}

#[test]
fn focus_selection_scroll_and_rows_are_the_same_after_two_hundred_updates() {
    let running = Running::start();
    let totals: Vec<i64> = (0..200).map(|at| 200 + at).collect();
    send(&running, &orders(&totals));
    let browser = browser_at(&running, "#/queries/big");
    browser.wait_for("return document.querySelectorAll('.table .row').length > 10", &json!(true));
    let hold = "const table = document.querySelector('.table');
        table.focus(); table.scrollTop = 640;
        return new Promise(done => setTimeout(() => {
            const row = document.querySelectorAll('.table .row')[12];
            getSelection().selectAllChildren(row.firstChild);
            window.held = { table, row, cell: row.children[1], text: getSelection().toString(), top: table.scrollTop,
                            place: row.style.transform };
            done(0);
        }, 200))";
    browser.run(hold).unwrap();
    for round in 0..200 {
        assert_eq!(
            running.post(&order("update", &format!("o{}", round % 200 + 1), 1_000 + round)).status,
            200
        );
    }
    send(&running, &order("insert", "last", 5_000));
    let last = running.get("/api/v1/queries/big/results?limit=1").json();
    browser.wait_for(AT, &json!(format!("1-{}", last["sequence"])));
    let is_held = "const { table, row, cell, text, top, place } = window.held;
        return [document.activeElement === table, table.scrollTop === top, row.isConnected,
                row.children[1] === cell, row.style.transform === place,
                getSelection().toString() === text && text !== '', Number(cell.textContent) >= 1000]";
    assert_eq!(browser.run(is_held), Ok(json!([true, true, true, true, true, true, true])));
}

#[test]
fn an_open_menu_and_what_is_typed_survive_updates() {
    let running = Running::start();
    send(&running, &orders(&[250]));
    let browser = browser_at(&running, "#/queries/big");
    browser.wait_for(ROWS, &json!([["o1", "250"]]));
    super::click(&browser, "More");
    super::click(&browser, "Remove...");
    browser.wait_for("return document.querySelector('dialog input') !== null", &json!(true));
    browser.run("document.querySelector('dialog input').focus()").unwrap();
    browser.press("bi");
    for total in 300..340 {
        send(&running, &order("update", "o1", total));
    }
    browser.wait_for("return document.querySelector('.table .row').lastChild.textContent", &json!("339"));
    browser.press("g");
    let typed = "const input = document.querySelector('dialog input');
        return [input.value, document.activeElement === input]";
    assert_eq!(browser.run(typed), Ok(json!(["big", true])));
}

/// Has answers for the rows of one query come late, and notes whenever rows are under another's name.
const SLOW_AND_WATCHED: &str = "
    const before = window.fetch;
    window.fetch = async (path, options) => {
        if (String(path).includes('/queries/big/results')) await new Promise(done => setTimeout(done, 600));
        return before(path, options);
    };
    window.wrong = [];
    new MutationObserver(() => {
        const name = document.querySelector('.head h1 bdi')?.textContent;
        for (const row of document.querySelectorAll('.table .row')) {
            const is = row.firstChild.textContent.startsWith('s') ? 'small' : 'big';
            if (name && is !== name) window.wrong.push([name, row.textContent]);
        }
    }).observe(document.body, { childList: true, subtree: true, characterData: true });";

#[test]
fn the_rows_of_one_query_are_never_under_the_name_of_another() {
    let small = "  - { id: small, sources: [orders], cypher: \"MATCH (o:Order) WHERE o.total <= 100 \
                 RETURN o.id AS id, o.total AS total\" }\n";
    let running = Running::start_with("", "", small);
    send(&running, &orders(&[250, 300]));
    send(&running, &order("insert", "s1", 50));
    let browser = browser_at(&running, "#/queries/small");
    browser.wait_for(ROWS, &json!([["s1", "50"]]));
    browser.run(SLOW_AND_WATCHED).unwrap();
    for round in 0..12_u64 {
        for query in ["big", "small"] {
            browser.run(&format!("location.hash = '#/queries/{query}'")).unwrap();
            pause(Duration::from_millis(20 + 90 * (round % 4)));
            send(&running, &order("update", "s1", 50 + round));
        }
    }
    browser.wait_for(ROWS, &json!([["s1", "61"]]));
    browser.run("location.hash = '#/queries/big'").unwrap();
    browser.wait_for(ROWS, &json!([["o1", "250"], ["o2", "300"]]));
    assert_eq!(browser.run("return window.wrong"), Ok(json!([])));
}

#[test]
fn a_server_that_was_killed_is_found_again_with_its_rows() {
    let mut running = Running::start();
    send(&running, &orders(&[250, 300]));
    let proxy = Proxy::start(port(&running));
    let browser = Browser::start();
    browser.show(1280, 800, "dark");
    open_at(&browser, &format!("127.0.0.1:{}", proxy.port()), "#/queries/big");
    let shown = |totals: &[u64]| {
        let of = |(at, total): (usize, &u64)| json!([format!("o{}", at + 1), total.to_string()]);
        Json::Array(totals.iter().enumerate().map(of).collect())
    };
    browser.wait_for(ROWS, &shown(&[250, 300]));

    proxy.cut();
    send(&running, &order("update", "o1", 700));
    browser.wait_for(ROWS, &shown(&[700, 300]));

    proxy.refuse(true);
    running.kill_and_start_again();
    proxy.cut();
    browser.wait_for(CONNECTION, &json!("lost"));
    let banner = "return document.querySelector('.banner')?.textContent.includes('What you see is as of')";
    browser.wait_for(banner, &json!(true));
    // The rows stay, and what needs the server says why it cannot be done.
    assert_eq!(browser.run(ROWS), Ok(shown(&[700, 300])));
    let unless = "return document.querySelector('.actions .start').title";
    browser.wait_for(unless, &json!("There is no connection to the server."));

    proxy.retarget(port(&running));
    proxy.refuse(false);
    running.wait_until_ready();
    send(&running, &order("update", "o2", 800));
    browser.wait_for(ROWS, &shown(&[700, 800]));
    browser.wait_for(CONNECTION, &json!("live"));
    browser.wait_for(PROBLEMS, &json!([]));
}

#[test]
fn another_store_behind_the_address_is_read_from_the_beginning() {
    let first = Running::start();
    send(&first, &orders(&[250, 300]));
    let second = Running::start();
    send(&second, &order("insert", "other", 900));
    let proxy = Proxy::start(port(&first));
    let browser = Browser::start();
    open_at(&browser, &format!("127.0.0.1:{}", proxy.port()), "#/queries/big");
    browser.wait_for(ROWS, &json!([["o1", "250"], ["o2", "300"]]));
    proxy.retarget(port(&second));
    proxy.cut();
    browser.wait_for(ROWS, &json!([["other", "900"]]));
}

#[test]
fn rows_of_a_query_in_error_stay_and_are_said_to_be_old() {
    let share =
        "  - { id: share, sources: [orders], cypher: \"MATCH (o:Order) RETURN 100 / o.total AS share\" }\n";
    let running = Running::start_with("", "", share);
    send(&running, &orders(&[50]));
    let browser = browser_at(&running, "#share");
    browser.wait_for(ROWS, &json!([["2"]]));
    assert_eq!(running.post(&order("insert", "zero", 0)).status, 200);
    let wrong = "const wrong = document.querySelector('.wrong');
        return wrong && [wrong.querySelector('a')?.textContent, wrong.textContent.includes('those of position 1')]";
    browser.wait_for(wrong, &json!(["LW0510", true]));
    assert_eq!(browser.run(ROWS), Ok(json!([["2"]])));
    // It is seen on each view, and on the overview with what to do.
    browser.run("location.hash = '#/queries/share/plan'").unwrap();
    browser.wait_for(wrong, &json!(["LW0510", true]));
    browser.run("location.hash = '#/'").unwrap();
    browser
        .wait_for("return document.querySelector('.verdict h1').textContent", &json!("One thing needs you"));
    browser.run("document.querySelector('.need .why a').click()").unwrap();
    let page = "return document.querySelector('.prose h1')?.textContent.startsWith('LW0510')";
    browser.wait_for(page, &json!(true));
}
