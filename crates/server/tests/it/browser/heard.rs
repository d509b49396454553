//! What a reader of the screen hears and finds: changes of state, seldom, and every view as a tree of names and roles.

use super::{CONNECTION, ROWS, browser_at, open, open_at, order, send};
use crate::running::{Running, orders};
use livewell_services::{Browser, Proxy, pause};
use serde_json::{Value as Json, json};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Notes what live regions say from now on, each with its time in milliseconds.
const LISTEN: &str = "
    window.heard = [];
    const said = new WeakMap();
    const regions = '[role=status], [role=alert], [role=log], [aria-live]';
    for (const region of document.querySelectorAll(regions)) said.set(region, region.textContent.trim());
    const listen = changes => {
        for (const { target, addedNodes } of changes) {
            const near = (target.nodeType === 1 ? target : target.parentElement)?.closest(regions);
            const added = [...addedNodes].filter(node => node.nodeType === 1)
                .flatMap(node => [...(node.matches(regions) ? [node] : []), ...node.querySelectorAll(regions)]);
            // Of what is put in as a whole only an alert is spoken.
            for (const region of added) if (region.role !== 'alert') said.set(region, region.textContent.trim());
            for (const region of new Set([...(near ? [near] : []), ...added])) {
                const text = region.textContent.trim();
                if (text !== '' && said.get(region) !== text) window.heard.push([performance.now(), text]);
                said.set(region, text);
            }
        }
    };
    new MutationObserver(listen).observe(document, { subtree: true, childList: true, characterData: true });";
/// How far apart what is said is at least, in milliseconds, give or take a timer.
const APART: f64 = 4_900.0;

fn heard(browser: &Browser) -> Vec<(f64, String)> {
    let heard = browser.run("return window.heard").unwrap();
    let one = |one: &Json| (one[0].as_f64().unwrap(), one[1].as_str().unwrap().to_owned());
    heard.as_array().unwrap().iter().map(one).collect()
}

#[track_caller]
fn assert_seldom(heard: &[(f64, String)], view: &str) {
    let is_soon = |pair: &[(f64, String)]| pair[1].0 - pair[0].0 < APART;
    assert!(!heard.windows(2).any(is_soon), "{view}: {heard:?}");
}

fn do_for(time: Duration, mut each: impl FnMut(u64)) {
    let began = Instant::now();
    for round in 0.. {
        if began.elapsed() > time {
            return;
        }
        each(round);
        pause(Duration::from_millis(100));
    }
}

const REACTIONS: &str = "reactions:\n  - { id: board, kind: file, queries: [big], path: board.jsonl, mode: table }\n  \
    - { id: hook, kind: webhook, queries: [big], url: 'http://127.0.0.1:9/', allow_private: true, retry_first: 10m }\n";

#[test]
fn whatever_comes_a_reader_hears_that_the_state_has_changed_and_at_most_once_in_five_seconds() {
    let running = Running::start_with("", "", REACTIONS);
    send(&running, &orders(&[250, 300]));
    let browser = browser_at(&running, "#/");
    for view in [
        "#/",
        "#/queries/big",
        "#/queries/big/diffs",
        "#/sources/orders/transactions",
        "#/events",
        "#/reactions/hook/message",
    ] {
        open(&browser, &running, view);
        browser.wait_for(CONNECTION, &json!("live"));
        browser.wait_for("return document.querySelector('main .skeleton')", &Json::Null);
        browser.run(LISTEN).unwrap();
        do_for(Duration::from_secs(7), |round| {
            running.post(&order("update", "o1", 400 + round));
            let what = if round % 2 == 0 { "stop" } else { "start" };
            running.ask("POST", &format!("/api/v1/reactions/board/{what}"), "", "");
        });
        assert_seldom(&heard(&browser), view);
    }
    // What lasts is said.
    open(&browser, &running, "#/queries/big");
    browser.wait_for(CONNECTION, &json!("live"));
    browser.run(LISTEN).unwrap();
    running.ask("POST", "/api/v1/queries/big/stop", "", "");
    browser.wait_for("return window.heard.length > 0", &json!(true));
    assert_seldom(&heard(&browser), "stopped");
}

#[test]
fn that_the_connection_is_lost_is_said_once_and_not_each_second() {
    let running = Running::start();
    send(&running, &orders(&[250]));
    let port = running.address.rsplit_once(':').unwrap().1.parse().unwrap();
    let proxy = Proxy::start(port);
    let browser = Browser::start();
    open_at(&browser, &format!("127.0.0.1:{}", proxy.port()), "#/queries/big");
    browser.wait_for(ROWS, &json!([["o1", "250"]]));
    // The verdict is said first.
    pause(Duration::from_secs(6));
    browser.run(LISTEN).unwrap();
    proxy.refuse(true);
    proxy.cut();
    browser.wait_for(CONNECTION, &json!("lost"));
    pause(Duration::from_secs(12));
    let said: Vec<String> = heard(&browser).into_iter().map(|(_, text)| text).collect();
    assert_eq!(said, ["No connection to the server"]);
    proxy.refuse(false);
    browser.wait_for("return window.heard.length", &json!(2));
    assert_seldom(&heard(&browser), "back");
}

/// The views whose trees are kept, each in a file of this name.
const TREES: &[(&str, &str)] = &[
    ("overview", "#/?as=table"),
    ("rows", "#/queries/big"),
    ("diffs", "#/queries/big/diffs"),
    ("plan", "#/queries/big/plan"),
    ("new-query", "#/new/query"),
    ("new-source", "#/new/source"),
    ("source", "#/sources/orders/in"),
    ("element", "#/sources/orders/elements?id=o2"),
    ("reaction", "#/reactions/board/deliveries"),
    ("events", "#/events?what=start"),
    ("store", "#/store"),
];

/// Units of amounts and of times: which of them is shown depends on the machine and on the moment.
const UNITS: [&str; 9] = ["kB", "MB", "GB", "TB", "ms", "s", "min", "h", "d"];

/// Replaces what is another each time: times, amounts, versions and identities.
fn steady(line: &str) -> String {
    let line: Vec<String> = line.split(' ').map(steady_word).collect();
    let mut words: Vec<&str> = Vec::new();
    for word in &line {
        let bare = word.trim_end_matches(['"', ',', '.']);
        match words.last() {
            // The unit of what comes before, or another part of the same time.
            Some(last) if last.ends_with('#') && (UNITS.contains(&bare) || bare == "#") => {
                if bare.len() < word.len() {
                    words.push(&word[bare.len()..]);
                }
            }
            _ => words.push(word),
        }
    }
    UNITS.iter().fold(words.join(" "), |line, unit| line.replace(&format!("/{unit}\""), "/#\""))
}

/// Replaces a number, also within a word, and a word of hexadecimal digits, by `#`.
fn steady_word(word: &str) -> String {
    let bare = word.trim_matches('"');
    if bare.len() >= 12 && bare.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return word.replace(bare, "#");
    }
    let mut steady = String::new();
    for c in word.chars() {
        let is_number = c.is_ascii_digit() || steady.ends_with('#') && ".:\u{202f}".contains(c);
        if !is_number {
            steady.push(c);
        } else if !steady.ends_with('#') {
            steady.push('#');
        }
    }
    steady
}

/// The tree with `LIVEWELL_WRITE_TREES=1` becomes the one that is expected.
#[test]
fn every_view_is_the_tree_of_names_and_roles_that_it_was() {
    let config = format!(
        "store: {{ kind: embedded, path: data }}\nserver:\n  listen: 127.0.0.1:0\nsources:\n  - {{ id: orders, kind: http }}\n\
         queries:\n  - {{ id: big, sources: [orders], cypher: \"{}\" }}\n\
         reactions:\n  - {{ id: board, kind: file, queries: [big], path: board.jsonl, mode: table }}\n",
        "MATCH (o:Order) WHERE o.total > 100 RETURN o.id AS id, o.total AS total"
    );
    let running = Running::of(&config);
    send(&running, &orders(&[50, 250, 300]));
    let browser = browser_at(&running, "#/");
    let is_written = std::env::var_os("LIVEWELL_WRITE_TREES").is_some();
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/browser/trees"));
    let mut others = Vec::new();
    for (name, view) in TREES {
        open(&browser, &running, view);
        browser.wait_for(CONNECTION, &json!("live"));
        let is_there = "return document.querySelector('main').childElementCount > 0 && document.querySelector('.skeleton') === null";
        browser.wait_for(is_there, &json!(true));
        let path = folder.join(format!("{name}.txt"));
        // What is read in the background comes a little later.
        let expected = if is_written { String::new() } else { fs::read_to_string(&path).unwrap() };
        let (began, mut tree) = (Instant::now(), String::new());
        while tree != expected || is_written {
            tree = browser.tree("main").lines().map(|line| steady(line) + "\n").collect();
            let most = Duration::from_secs(if is_written { 8 } else { 15 });
            if began.elapsed() > most {
                break;
            }
            pause(Duration::from_millis(200));
        }
        if is_written {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &tree).unwrap();
        } else if tree != expected {
            others.push(format!("{name}:\n{tree}"));
        }
    }
    assert!(others.is_empty(), "LIVEWELL_WRITE_TREES=1 keeps these: {}", others.join("\n"));
}
