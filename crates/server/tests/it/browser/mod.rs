//! The console in a browser, against a real server: what a person sees there is what is stored, as it comes.

mod acting;
mod editor;
mod forming;
mod heard;
mod hostile;
mod keys;
mod large;
mod lasting;
mod looks;
mod open_long;
mod plan;
mod reaction;
mod rows;
mod sources;
mod stored;
mod target;
mod why;

use super::running::{Answer, Running};
use livewell_services::Browser;
use serde_json::{Value as Json, json};

/// The cells of the rows in sight that are not gone, from top to bottom.
const ROWS: &str = "return [...document.querySelectorAll('.table .row:not([data-gone])')]
    .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)
    .map(row => [...row.children].map(cell => cell.textContent))";
/// What is wrong, as the page says it.
const PROBLEMS: &str =
    "return [...document.querySelectorAll('.problem, .banner')].map(one => one.textContent)";
/// The position of the rows.
const AT: &str = "return document.querySelector('.card > .foot .mono')?.textContent";
/// How the stream is.
const CONNECTION: &str = "return document.querySelector('.connection').dataset.state";

/// The text in the editor.
const TEXT: &str =
    "return [...document.querySelector('.editor')?.shadowRoot.querySelectorAll('.cm-line') ?? []]
    .map(line => line.textContent).join('\\n')";
/// The texts that are marked.
const MARKED: &str =
    "return [...document.querySelector('.editor').shadowRoot.querySelectorAll('.mark-error, .mark-warning')]
    .map(one => [one.textContent, one.className])";
/// The key Control.
const CONTROL: char = '\u{e009}';

/// A change of an order, which begins as `operation` says.
fn order(operation: &str, id: &str, total: u64) -> String {
    element(operation, id, &json!({ "id": id, "total": total }))
}

/// A change of a node with these properties.
fn element(operation: &str, id: &str, properties: &Json) -> String {
    let element = json!({ "type": "node", "id": id, "labels": ["Order"], "properties": properties });
    json!({ "operation": operation, "element": element }).to_string()
}

/// Sends changes, a line each, and returns when their results are there.
#[track_caller]
fn send(running: &Running, changes: &str) {
    let answer = running.post(changes);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let position = &answer.json()["position"];
    let there = running.get(&format!("/api/v1/queries/big/results?limit=1&position={position}&wait=30s"));
    assert_eq!(there.status, 200, "{}", there.body);
}

/// Opens a view of the console, which begins as it does in a tab of its own.
fn open(browser: &Browser, running: &Running, hash: &str) {
    open_at(browser, &running.address, hash);
}

fn open_at(browser: &Browser, address: &str, hash: &str) {
    browser.open("about:blank");
    browser.open(&format!("http://{address}/{hash}"));
}

/// A browser at a view of a server, in a usual size.
fn browser_at(running: &Running, hash: &str) -> Browser {
    let browser = Browser::start();
    browser.show(1280, 800, "light");
    open(&browser, running, hash);
    browser
}

/// Clicks the first button, link or menu item with this text.
#[track_caller]
fn click(browser: &Browser, text: &str) {
    let found = format!(
        "const all = [...document.querySelectorAll('dialog button, button, [role=menuitem], main a')];
         const one = all.find(one => one.textContent === {text:?});
         one?.click();
         return one !== undefined",
    );
    browser.wait_for(&found, &json!(true));
}

/// Returns the state of a component as the server has it.
fn state(running: &Running, path: &str) -> String {
    let answer: Answer = running.get(&format!("/api/v1/{path}"));
    answer.json()["state"].as_str().unwrap_or_default().to_owned()
}

/// Puts a text in the place of the one that is there, as a person who pastes it.
fn put(browser: &Browser, text: &str) {
    let focus = "const box = document.querySelector('.editor')?.shadowRoot.querySelector('.cm-content');
        box?.focus();
        return !!box";
    browser.wait_for(focus, &json!(true));
    browser.press_with(CONTROL, 'a');
    let paste = format!(
        "const clipboardData = new DataTransfer();
         clipboardData.setData('text/plain', {});
         document.querySelector('.editor').shadowRoot.activeElement
             .dispatchEvent(new ClipboardEvent('paste', {{ clipboardData, bubbles: true, cancelable: true }}))",
        json!(text)
    );
    browser.run(&paste).unwrap();
}
