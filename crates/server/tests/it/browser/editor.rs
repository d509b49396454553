//! The editor of queries: problems in place, mended by a key, a draft that is kept, and the query that comes of it.

use super::{CONTROL, MARKED, ROWS, TEXT, browser_at, open, order, put, send};
use crate::running::{Running, orders};
use livewell_services::Browser;
use serde_json::json;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const SPACE: &str = " ";
const F8: &str = "\u{e038}";

/// Whether there is no text in the editor.
const IS_EMPTY: &str =
    "return !!document.querySelector('.editor')?.shadowRoot.querySelector('.cm-placeholder')";
/// What is said to be wrong, and at which place.
const PROBLEMS: &str =
    "return [...document.querySelectorAll('.problem-line .where')].map(one => one.textContent)";
/// Whether the text, as it is, has no problem.
const IS_SOUND: &str = "return document.querySelector('.no-problem') !== null
    && document.querySelector('#commit-what').textContent.startsWith('It is built from')";
/// What has the focus, also inside the editor.
const IS_IN_TEXT: &str = "return document.activeElement.shadowRoot?.activeElement?.role === 'textbox'";

fn tab_to(browser: &Browser, test: &str) {
    for _ in 0..60 {
        if browser.run(&format!("const it = document.activeElement; return {test}")) == Ok(json!(true)) {
            return;
        }
        browser.press(TAB);
    }
    panic!("Tab does not come to {test}");
}

fn choose_source(browser: &Browser) {
    browser.wait_for("return document.querySelector('.sources input') !== null", &json!(true));
    browser.run("document.querySelector('.sources input').click()").unwrap();
}

#[test]
fn by_the_keyboard_alone_a_query_is_written_mended_and_created() {
    let running = Running::start();
    send(&running, &orders(&[250, 50]));
    let browser = browser_at(&running, "#/new/query");
    tab_to(&browser, "it.id === 'draft-id'");
    browser.press(&format!("small{TAB}"));
    tab_to(&browser, "it.type === 'checkbox' && it.closest('label').textContent === 'orders'");
    browser.press(SPACE);
    tab_to(&browser, "it.className === 'editor'");
    // What is offered while typing is sent away before a line ends.
    browser.press(&format!("MATCH (o:Order) WHERE ordr.total < 100 RETURN o.id AS id{ESCAPE}"));
    browser.wait_for(PROBLEMS, &json!(["Error at 1:23"]));
    browser.wait_for(MARKED, &json!([["ordr", "mark-error"]]));
    let said =
        "return document.querySelector('.problem-line p').textContent.includes('ordr is not defined here')";
    browser.wait_for(said, &json!(true));
    // There is nothing near `ordr`; with the variable's own name a key mends it.
    put(&browser, "MATCH (order:Order) WHERE ordr.total < 100 RETURN order.id AS id");
    browser.wait_for(MARKED, &json!([["ordr", "mark-error"]]));
    browser.press(F8);
    browser.press_with(CONTROL, '.');
    browser.wait_for(TEXT, &json!("MATCH (order:Order) WHERE order.total < 100 RETURN order.id AS id"));
    browser.wait_for(IS_SOUND, &json!(true));
    browser.wait_for(IS_IN_TEXT, &json!(true));
    browser.wait_for("return document.querySelectorAll('.operators > li').length > 0", &json!(true));
    tab_to(&browser, "it.id === 'commit'");
    browser.press(ENTER);
    browser.wait_for("return location.hash", &json!("#/queries/small"));
    browser.wait_for(ROWS, &json!([["o2"]]));
    send(&running, &order("insert", "o9", 9));
    browser.wait_for(ROWS, &json!([["o2"], ["o9"]]));
    assert_eq!(browser.messages(), Vec::<String>::new());
    open(&browser, &running, "#/new/query");
    browser.wait_for(IS_EMPTY, &json!(true));
}

#[test]
fn a_warning_is_mended_by_its_button_and_a_draft_survives_a_reload() {
    let running = Running::start();
    send(&running, &orders(&[250]));
    let browser = browser_at(&running, "#/new/query");
    choose_source(&browser);
    put(&browser, "MATCH (o:Ordre)\nWHERE o.id <> '😀😀' AND o.totl > 1\nRETURN o.id AS id");
    browser.wait_for(MARKED, &json!([["Ordre", "mark-warning"], ["totl", "mark-warning"]]));
    super::click(&browser, "Make it total");
    super::click(&browser, "Make it Order");
    let mended = "MATCH (o:Order)\nWHERE o.id <> '😀😀' AND o.total > 1\nRETURN o.id AS id";
    browser.wait_for(TEXT, &json!(mended));
    open(&browser, &running, "#/new/query");
    browser.wait_for(TEXT, &json!(mended));
    browser.wait_for("return document.querySelector('.sources input').checked", &json!(true));
    super::click(&browser, "Discard the draft");
    browser.wait_for(IS_EMPTY, &json!(true));
}

#[test]
fn an_edited_query_is_tried_against_its_own_rows_and_saved() {
    let running = Running::start();
    send(&running, &orders(&[250, 50]));
    let browser = browser_at(&running, "#/queries/big");
    super::click(&browser, "Edit");
    browser.wait_for("return location.hash", &json!("#/queries/big/edit"));
    put(&browser, "MATCH (o:Order) WHERE o.total > 10 RETURN o.id AS id, o.total AS total");
    browser.wait_for("return document.querySelector('.no-problem') !== null", &json!(true));
    browser.run("document.querySelector('#draft-try').click()").unwrap();
    browser.wait_for("return document.querySelector('.against select').value", &json!("big"));
    browser.run("document.querySelector('#draft-view .button').click()").unwrap();
    let outcome = "return document.querySelector('.outcome')?.textContent.replaceAll(/\\s+/g, ' ')";
    browser.wait_for(&format!("{outcome}.startsWith('2 rows from 2 stored elements')"), &json!(true));
    browser.wait_for(&format!("{outcome}.includes('+ 1 − 0 ~ 0 and 1 the same')"), &json!(true));
    assert_eq!(running.get("/api/v1/queries/big/results").json()["rows"].as_array().unwrap().len(), 1);
    super::click(&browser, "Save");
    browser.wait_for("return location.hash", &json!("#/queries/big"));
    browser.wait_for(&format!("const rows = () => {{ {ROWS} }}; return rows().length"), &json!(2));
    assert_eq!(browser.messages(), Vec::<String>::new());
}

/// A way to the server on which answers to checks of texts with this word in them wait until they are let through.
struct Slow {
    address: String,
    lets: Arc<AtomicBool>,
}

impl Slow {
    fn before(running: &Running, word: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (lets, server) = (Arc::new(AtomicBool::new(false)), running.address.clone());
        let waits = lets.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(&server)) else { continue };
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let holds = Arc::new(AtomicBool::new(false));
                let (sees, waits) = (holds.clone(), waits.clone());
                std::thread::spawn(move || {
                    pass(from, to, |bytes| {
                        if bytes.windows(word.len()).any(|part| part == word.as_bytes()) {
                            sees.store(true, Ordering::SeqCst);
                        }
                    });
                });
                std::thread::spawn(move || {
                    pass(server, client, |_| {
                        while holds.load(Ordering::SeqCst) && !waits.load(Ordering::SeqCst) {
                            std::thread::park_timeout(Duration::from_millis(10));
                        }
                    });
                });
            }
        });
        Self { address, lets }
    }
}

/// Passes bytes on until one side ends; each piece is looked at first.
fn pass(mut from: TcpStream, mut to: TcpStream, look: impl Fn(&[u8])) {
    let mut piece = [0; 16_384];
    while let Ok(read @ 1..) = from.read(&mut piece) {
        look(&piece[..read]);
        if to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    // Whoever waits on the other side hears of it.
    let _ = to.shutdown(std::net::Shutdown::Both);
}

#[test]
fn the_answer_to_an_earlier_text_never_shows_on_a_later_one() {
    let running = Running::start();
    send(&running, &orders(&[250]));
    let slow = Slow::before(&running, "tooslow");
    let browser = Browser::start();
    browser.show(1280, 800, "light");
    super::open_at(&browser, &slow.address, "#/new/query");
    choose_source(&browser);
    put(&browser, "MATCH (o:Order) RETURN tooslow.x AS x");
    // It is asked for, and the answer waits.
    std::thread::park_timeout(Duration::from_millis(600));
    put(&browser, "MATCH (o:Order) RETURN o.id AS id");
    browser.wait_for("return document.querySelector('.no-problem') !== null", &json!(true));
    slow.lets.store(true, Ordering::SeqCst);
    for _ in 0..20 {
        assert_eq!(browser.run(PROBLEMS), Ok(json!([])), "the answer to the text before came late");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    assert_eq!(browser.run(MARKED), Ok(json!([])));
}
