//! The page of a reaction: what it has tried, its letters, its message, against a target that says strange things.

use super::hostile::TEXTS;
use super::{browser_at, click, element, open, order, send};
use crate::running::Running;
use livewell_services::{Act, Browser, Web};
use serde_json::{Value as Json, json};

const STRANGE: &str = "<img src=x onerror=document.title='taken'>\u{202e}";
const SHOWN: &str = "<img src=x onerror=document.title='taken'>U+202E";

/// The outcome and the number of each attempt, the newest first.
const ATTEMPTS: &str = "return [...document.querySelectorAll('.attempts tbody tr')]
    .map(line => [line.dataset.outcome, line.querySelector('.tries').textContent])";
const ANSWER: &str = "return document.querySelector('.attempts .answer')?.textContent";
/// The marked letters and all of them.
const LETTERS: &str = "return [document.querySelectorAll('.letter-list :checked').length,
    document.querySelectorAll('.letter-list input').length]";
/// That no text has become more than text.
const NOTHING: &str = "return [document.images.length, document.scripts.length, document.title]";

fn hooked(web: &Web, settings: &str) -> Running {
    Running::of(&format!(
        "store: {{ kind: embedded, path: data }}\nserver:\n  listen: 127.0.0.1:0\n\
         sources:\n  - {{ id: orders, kind: http }}\n\
         queries:\n  - {{ id: big, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id, o.total AS total\" }}\n\
         reactions:\n  - {{ id: hook, kind: webhook, queries: [big], url: '{}', allow_private: true, {settings} }}\n",
        web.url()
    ))
}

fn refuses(web: &Web, status: u16) {
    web.set(move |_, _| Act::Refuse(status, STRANGE.into()));
}

#[test]
fn an_attempt_is_shown_with_its_answer_and_sent_now() {
    let web = Web::start();
    refuses(&web, 503);
    let running = hooked(&web, "retry_first: 10m");
    send(&running, &order("insert", "a", 250));
    let browser = browser_at(&running, "#/reactions/hook");
    browser.wait_for(ATTEMPTS, &json!([["failed", "1"]]));
    let answer = browser.run(ANSWER).unwrap();
    let answer = answer.as_str().unwrap();
    assert!(answer.contains(&format!("answered 503 Service Unavailable: {SHOWN}")), "{answer}");
    assert!(answer.contains("LW0409") && answer.contains("again at"), "{answer}");
    let marks = "return document.querySelector('.outbox .marks').textContent";
    browser.wait_for(&format!("{marks}.includes('1 waits')"), &json!(true));
    click(&browser, "Send now");
    browser.wait_for(ATTEMPTS, &json!([["failed", "2"], ["failed", "1"]]));
    web.set(|_, _| Act::Answer(200, ""));
    click(&browser, "Send now");
    browser.wait_for(ATTEMPTS, &json!([["taken", "3"], ["failed", "2"], ["failed", "1"]]));
    browser.wait_for("return document.querySelector('.waits')", &Json::Null);
    // What comes later is shown without a click: the stream says so.
    send(&running, &order("insert", "b", 250));
    browser.wait_for(&format!("{ATTEMPTS}.length"), &json!(4));
    click(&browser, "Failed");
    browser.wait_for(ATTEMPTS, &json!([["failed", "2"], ["failed", "1"]]));
    assert_eq!(browser.run("return location.hash"), Ok(json!("#/reactions/hook?failed=1")));
    assert_eq!(browser.run(NOTHING), Ok(json!([0, 1, "hook - Livewell"])));
    assert_eq!(browser.messages(), Vec::<String>::new());
}

/// Moves the focus to the first element of this selector, and presses keys there.
fn press_at(browser: &Browser, selector: &str, keys: &str) {
    let focus = format!(
        "const one = document.querySelector({selector:?}); one?.focus(); return one !== null && document.activeElement === one"
    );
    browser.wait_for(&focus, &json!(true));
    browser.press(keys);
}

/// Writes another template in the place of the one that is there.
fn write(browser: &Browser, template: &str) {
    browser.run("document.getElementById('template').focus()").unwrap();
    browser.press_with('\u{e009}', 'a');
    browser.press(template);
}

#[test]
fn letters_are_read_marked_and_sent_again_or_dropped_with_the_keyboard_alone() {
    let web = Web::start();
    refuses(&web, 422);
    let running = hooked(&web, "retries: 0");
    let long = STRANGE.repeat(20_000);
    send(&running, &element("insert", &format!("a{STRANGE}"), &json!({ "id": STRANGE, "total": 1 })));
    send(&running, &element("insert", "b", &json!({ "id": long, "total": 2 })));
    send(&running, &order("insert", "c", 3));
    let browser = browser_at(&running, "#/reactions/hook/dead");
    browser.wait_for(LETTERS, &json!([0, 3]));
    // The first is open; the second has a body of more than a megabyte, of which the beginning is drawn.
    browser.wait_for("return document.querySelector('.letter')?.ariaLabel", &json!("Letter 1"));
    press_at(&browser, ".letter-list li:nth-child(2) button", " ");
    browser.wait_for("return document.querySelector('.letter').ariaLabel", &json!("Letter 2"));
    let drawn = "return document.querySelector('.letter .code').textContent.length > 15000
        && document.querySelector('.letter .code').textContent.length < 100000";
    browser.wait_for(drawn, &json!(true));
    assert_eq!(browser.run("return location.hash"), Ok(json!("#/reactions/hook/dead?letter=2")));
    let facts = "return document.querySelector('.letter .facts-list').textContent";
    let facts = browser.run(facts).unwrap();
    let facts = facts.as_str().unwrap();
    assert!(facts.contains("1-2 of big") && facts.contains("after 1 attempt"), "{facts}");
    assert!(facts.contains(&format!("answered 422 Unprocessable Entity: {SHOWN}; sent 1 times")), "{facts}");

    // One is marked and sent again; it keeps its id.
    press_at(&browser, ".letter-list li:nth-child(3) input", " ");
    browser.wait_for(LETTERS, &json!([1, 3]));
    web.set(|_, _| Act::Answer(200, ""));
    press_at(&browser, ".card > header .button", "\u{e007}");
    browser
        .wait_for("return document.querySelector('dialog h2')?.textContent", &json!("Send 1 letter again?"));
    press_at(&browser, "dialog .verb", "\u{e007}");
    browser.wait_for(LETTERS, &json!([0, 2]));
    let ids: Vec<String> = web.seen().iter().map(|request| request.id().to_owned()).collect();
    assert_eq!((ids.len(), &ids[2]), (4, &ids[3]), "a letter keeps its id, and comes out of turn");

    // Dropping all of them asks for the id of the reaction.
    press_at(&browser, ".card > header .danger", "\u{e007}");
    browser
        .wait_for("return document.querySelector('dialog h2')?.textContent", &json!("Drop all 2 letters?"));
    press_at(&browser, "dialog input", "hook\u{e007}");
    browser.wait_for(
        "return document.querySelector('main').textContent.includes('No dead letters')",
        &json!(true),
    );
    assert_eq!(running.get("/api/v1/reactions/hook").json()["dead_letters"], 0);
    assert_eq!(web.seen().len(), 4, "what is dropped is not sent");
    assert_eq!(browser.run(NOTHING), Ok(json!([0, 1, "hook - Livewell"])));
    assert_eq!(browser.messages(), Vec::<String>::new());
}

#[test]
fn letters_of_hostile_text_are_shown_as_text_and_copied_as_they_are() {
    let web = Web::start();
    refuses(&web, 422);
    let running = hooked(&web, "retries: 0");
    for (text, _) in TEXTS {
        send(&running, &order("insert", text, 250));
    }
    let browser = browser_at(&running, "#/reactions/hook/dead");
    browser.wait_for(LETTERS, &json!([0, TEXTS.len()]));
    let copied =
        "navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve(); }";
    browser.run(copied).unwrap();
    let letters = running.get("/api/v1/reactions/hook/dead-letters").json();
    for (at, letter) in letters.as_array().unwrap().iter().enumerate() {
        browser.run(&format!("location.hash = '#/reactions/hook/dead?letter={}'", letter["number"])).unwrap();
        let label = json!(format!("Letter {}", letter["number"]));
        browser.wait_for("return document.querySelector('.letter')?.ariaLabel", &label);
        // JSON escapes some of it; what it does not, is shown by its number.
        let body = letter["body"].as_str().unwrap();
        let sent: Json = serde_json::from_str(body).unwrap();
        assert_eq!(sent["results"][0]["data"]["id"], TEXTS[at].0, "{body}");
        let plain = "return [...document.querySelector('.letter .code').textContent]
            .some(c => /[\\u202a-\\u202e\\u2028\\u2029\\u0000]/.test(c))";
        assert_eq!(browser.run(plain), Ok(json!(false)), "{body}");
        browser.run("window.copied = null").unwrap();
        click(&browser, "Copy");
        browser.wait_for("return window.copied", &json!(body));
    }
    assert_eq!(browser.run(NOTHING), Ok(json!([0, 1, "hook - Livewell"])));
    assert_eq!(browser.messages(), Vec::<String>::new());
}

#[test]
fn a_template_is_tried_while_it_is_written_and_nothing_is_sent() {
    let web = Web::start();
    refuses(&web, 503);
    let running = hooked(&web, "retry_first: 10m, template: '{{ row.id }} costs {{ row.total }}'");
    send(&running, &element("insert", "a", &json!({ "id": STRANGE, "total": 1 })));
    let browser = browser_at(&running, "#/reactions/hook/message");
    let next = "return document.querySelector('.halves .card:nth-child(2) .code')?.textContent";
    browser.wait_for(next, &json!(format!("{SHOWN} costs 1")));
    let verdict = "return document.querySelector('.tried-on')?.textContent.trim()";
    browser.wait_for(verdict, &json!("Tried on the last 1 result, 1 message: none fails."));
    write(&browser, "{{ row.none }}");
    browser.wait_for(verdict, &json!("Tried on the last 1 result: 1 of 1 message cannot be made."));
    assert_eq!(browser.run(next), Ok(Json::Null));
    write(&browser, "{{ type }} {{ row.total }}");
    browser.wait_for(next, &json!("ADD 1"));
    click(&browser, "Revert");
    browser.wait_for(next, &json!(format!("{SHOWN} costs 1")));
    // A result that comes is tried, too.
    send(&running, &order("insert", "b", 2));
    browser.wait_for("return document.querySelectorAll('.made-list li').length", &json!(2));
    assert_eq!(web.seen().len(), 1, "nothing was sent");
    assert_eq!(browser.run(NOTHING), Ok(json!([0, 1, "hook - Livewell"])));
    assert_eq!(browser.messages(), Vec::<String>::new());
}

#[test]
fn a_template_is_saved_and_a_reaction_that_was_stopped_goes_on_with_it() {
    let web = Web::start();
    web.set(|_, _| Act::Answer(200, ""));
    let running = hooked(&web, "template: 'old {{ row.id }}'");
    send(&running, &order("insert", "a", 1));
    for _ in 0..800 {
        if web.seen().is_empty() {
            livewell_services::pause(std::time::Duration::from_millis(25));
        }
    }
    assert_eq!(web.seen().len(), 1);
    assert_eq!(running.ask("POST", "/api/v1/reactions/hook/stop", "", "").status, 200);
    let sent = web.seen().len();
    send(&running, &order("insert", "b", 2));
    let browser = browser_at(&running, "#/reactions/hook/message");
    let next = "return document.querySelector('.halves .card:nth-child(2) .code')?.textContent";
    browser.wait_for(next, &json!("old b"));
    write(&browser, "new {{ row.id }}");
    browser.wait_for(next, &json!("new b"));
    click(&browser, "Save...");
    let dialog = "return document.querySelector('dialog')?.textContent.includes('template') ?? false";
    browser.wait_for(dialog, &json!(true));
    click(&browser, "Save and start");
    browser.wait_for("return document.querySelector('dialog')", &Json::Null);
    browser.wait_for("return document.getElementById('template').value", &json!("new {{ row.id }}"));
    while web.seen().len() == sent {
        livewell_services::pause(std::time::Duration::from_millis(25));
    }
    assert_eq!(web.seen().last().map(|request| request.body.clone()).as_deref(), Some("new b"));
    assert_eq!(browser.messages(), Vec::<String>::new());
}

#[test]
fn every_view_of_a_reaction_fits_in_both_themes_and_three_widths() {
    let web = Web::start();
    // Each is tried twice, and becomes a letter.
    web.set(|_, before| {
        Act::Refuse(422, format!("{} {STRANGE}", "unbroken".repeat(if before < 2 { 1 } else { 20 })))
    });
    let running = hooked(&web, "retries: 1, retry_first: 1ms, retry_max: 1ms");
    let name = "unbroken".repeat(60);
    send(&running, &element("insert", &name, &json!({ "id": name, "total": 1 })));
    send(&running, &order("insert", STRANGE, 2));
    let there = "return document.querySelector('.skeleton') === null
        && document.querySelector('.connection').dataset.state === 'live'
        && document.querySelector('[role=tabpanel] .card') !== null";
    let beyond = "const page = document.documentElement;
        return page.scrollWidth > page.clientWidth ? [page.scrollWidth, page.clientWidth] : null";
    let browser = browser_at(&running, "#/reactions/hook/dead");
    browser.wait_for(LETTERS, &json!([0, 2]));
    for (theme, width) in
        [("light", 320), ("light", 390), ("light", 1280), ("dark", 320), ("dark", 390), ("dark", 1280)]
    {
        browser.show(width, 800, theme);
        for view in ["deliveries", "dead", "message", "settings"] {
            open(&browser, &running, &format!("#/reactions/hook/{view}"));
            browser.wait_for(there, &json!(true));
            assert_eq!(browser.run(beyond), Ok(Json::Null), "{view} {theme} {width}: beyond the page");
            let pale = browser.run(include_str!("contrast.js"));
            assert_eq!(pale, Ok(json!([])), "{view} {theme} {width}: pale text");
            assert_eq!(browser.messages(), Vec::<String>::new(), "{view} {theme} {width}");
        }
    }
}
