//! Every view in both themes and at the widths of phones, tablets and screens: nothing beside the page, no message in the console, no rule of access broken.

use super::{ROWS, browser_at, open, order, send};
use crate::running::{Running, orders};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use livewell_services::Browser;
use serde_json::{Value as Json, json};
use std::fs;
use std::io::Read;
use std::path::Path;

const VIEWS: &[&str] = &[
    "#/",
    "#/?as=table",
    "#/events",
    "#/events?component=big&what=call&code=LW0510&q=nothing",
    "#/store",
    "#/store?q=nothing",
    "#/sources",
    "#/queries",
    "#/sources/orders/in",
    "#/sources/orders/elements",
    "#/sources/orders/elements?id=o7",
    "#/sources/orders/transactions",
    "#/sources/orders/parked",
    "#/sources/orders/settings",
    "#/queries/big/rows",
    "#/queries/big/rows?absent=1&has.name=none&funnel=1",
    "#/queries/big/rows?absent=1&bind.o=orders/o1",
    "#/queries/big/rows?row=ROW&why=1",
    "#/queries/none/rows",
    "#/queries/big/diffs",
    "#/queries/big/plan",
    "#/queries/big/health",
    "#/queries/big/edit",
    "#/new/query",
    "#/reactions/board/deliveries",
    "#/reactions/board/dead",
    "#/reactions/board/target",
    "#/new/source",
    "#/new/reaction",
    "#/reactions/board/edit",
    "#/errors/LW0510",
];

/// A small phone, a phone, a tablet, a screen.
const WIDTHS: [u32; 4] = [320, 390, 768, 1280];

/// Whether the view has come, and whether anything reaches beyond the page sideways.
const IS_THERE: &str = "return document.querySelector('main').childElementCount > 0
    && document.querySelector('.skeleton') === null
    && document.querySelector('.connection').dataset.state === 'live'";
const BEYOND: &str = "const page = document.documentElement;
    return page.scrollWidth > page.clientWidth ? [page.scrollWidth, page.clientWidth] : null";
/// Text whose contrast with what is behind it is below 4.5, as [text, ratio].
const PALE: &str = include_str!("contrast.js");

fn shop() -> Running {
    let long = "x".repeat(63);
    let config = format!(
        "store: {{ kind: embedded, path: data }}\nserver:\n  listen: 127.0.0.1:0\n\
         sources:\n  - {{ id: orders, kind: http }}\n\
         queries:\n  - {{ id: big, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id, o.total AS total, \
         o.name AS name, o.note AS note\" }}\n  \
         - {{ id: none, sources: [orders], cypher: \"MATCH (o:Order) WHERE o.total > 100000 RETURN o.id AS id\" }}\n  \
         - {{ id: {long}, sources: [orders], cypher: \"MATCH (o:Order) WHERE o.total > 10 RETURN o.id AS id\" }}\n\
         reactions:\n  - {{ id: board, kind: file, queries: [big], path: out/board.jsonl, mode: table }}\n"
    );
    let running = Running::of(&config);
    let totals: Vec<i64> = (0..80).map(|at| 200 + at).collect();
    send(&running, &orders(&totals));
    let name = "unbroken".repeat(60);
    send(
        &running,
        &super::element("insert", &name, &json!({ "id": name, "total": 1, "name": name, "note": null })),
    );
    running
}

/// The views, with the signature of a row that there is.
fn views(running: &Running) -> Vec<String> {
    let results = running.get("/api/v1/queries/big/results?limit=1").json();
    let row = results["rows"][0]["row_signature"].as_str().unwrap();
    VIEWS.iter().map(|view| view.replace("ROW", row)).collect()
}

#[test]
fn every_view_fits_in_both_themes_and_at_every_width() {
    let running = shop();
    let views = views(&running);
    let browser = browser_at(&running, "#/");
    for view in &views {
        // Once for all sizes: to load it takes longer than to lay it out again.
        open(&browser, &running, view);
        for (theme, width) in
            ["light", "dark"].into_iter().flat_map(|theme| WIDTHS.map(|width| (theme, width)))
        {
            browser.show(width, 800, theme);
            browser.wait_for(IS_THERE, &json!(true));
            keep_picture(&browser, view, theme, width);
            assert_eq!(
                browser.run(BEYOND),
                Ok(Json::Null),
                "{view} {theme} {width}: reaches beyond the page"
            );
            assert_eq!(browser.run(PALE), Ok(json!([])), "{view} {theme} {width}: pale text");
            assert_eq!(browser.messages(), Vec::<String>::new(), "{view} {theme} {width}");
        }
    }
}

/// Writes what is shown to the folder that `LIVEWELL_PICTURES` names, if it does.
fn keep_picture(browser: &Browser, view: &str, theme: &str, width: u32) {
    let Some(folder) = std::env::var_os("LIVEWELL_PICTURES") else { return };
    let name: String = view.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let path = Path::new(&folder).join(format!("{}-{theme}-{width}.png", name.trim_matches('-')));
    fs::create_dir_all(&folder).unwrap();
    fs::write(path, STANDARD.decode(browser.picture()).unwrap()).unwrap();
}

/// Runs axe and returns what it finds, as [rule, where].
const FOUND: &str = "return axe.run(document, { resultTypes: ['violations'] }).then(found => {
    if (found.passes.length === 0) return 'nothing was checked';
    return found.violations.map(one => [one.id, one.nodes[0].target.join(' ')]);
})";

#[test]
#[expect(clippy::print_stderr, reason = "what was not checked is said")]
fn every_view_is_accessible_by_the_rules_of_axe() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/node_modules/axe-core/axe.min.js");
    let Ok(axe) = fs::read_to_string(path) else {
        eprintln!("NOT CHECKED, since web/node_modules has no axe-core; `cargo xtask web` installs it");
        return;
    };
    let running = shop();
    let views = views(&running);
    let browser = browser_at(&running, "#/");
    for view in &views {
        open(&browser, &running, view);
        browser.run(&axe).unwrap();
        for (theme, width) in [("light", 390), ("dark", 1280)] {
            browser.show(width, 800, theme);
            browser.wait_for(IS_THERE, &json!(true));
            assert_eq!(browser.run(FOUND), Ok(json!([])), "{view} {theme} {width}");
        }
    }
}

#[test]
fn a_narrow_screen_has_the_side_as_a_drawer_and_rows_of_two_lines() {
    let running = shop();
    let browser = Browser::start();
    browser.show(390, 800, "light");
    open(&browser, &running, "#/queries/big");
    browser.wait_for("return document.querySelectorAll('.table .row').length > 3", &json!(true));
    let height = "return document.querySelector('.table .row').getBoundingClientRect().height";
    assert_eq!(browser.run(height), Ok(json!(58)));
    let is_seen = "return getComputedStyle(document.querySelector('.side')).visibility";
    assert_eq!(browser.run(is_seen), Ok(json!("hidden")));
    browser.run("document.querySelector('.menu').click()").unwrap();
    browser.wait_for(is_seen, &json!("visible"));
    browser.wait_for("return document.activeElement.closest('.side') !== null", &json!(true));
    browser.press("\u{e00c}");
    browser.wait_for(is_seen, &json!("hidden"));
    browser.wait_for("return document.activeElement.className", &json!("button menu"));
}

#[test]
fn a_theme_that_was_chosen_is_kept() {
    let running = Running::start();
    let browser = browser_at(&running, "#/");
    browser.wait_for("return document.querySelector('.side .link') !== null", &json!(true));
    let ground = "return getComputedStyle(document.body).backgroundColor";
    assert_eq!(browser.run(ground), Ok(json!("rgb(244, 246, 245)")));
    browser
        .run("document.querySelector('.side .link').click(); document.querySelector('.side .link').click()")
        .unwrap();
    browser.wait_for(ground, &json!("rgb(13, 19, 18)"));
    open(&browser, &running, "#/");
    browser.wait_for(ground, &json!("rgb(13, 19, 18)"));
}

#[test]
fn the_page_is_small_is_kept_by_browsers_and_runs_nothing_else() {
    let running = Running::start();
    let page = running.get("/");
    let policy = page.header("content-security-policy").unwrap();
    for rule in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(rule), "{rule}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let etag = format!("if-none-match: {}\r\n", page.header("etag").unwrap());
    assert_eq!(running.ask("GET", "/", &etag, "").status, 304);

    let mut sent = page.body.len();
    for address in page.body.split('"').filter(|part| part.starts_with("/assets/")) {
        let mut stream = running.open("GET", address, "connection: close\r\n", "");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        sent += answer.len();
        let head = String::from_utf8_lossy(&answer[..answer.len().min(600)]).to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{address}: {head}");
        assert!(head.contains("content-encoding: gzip") && head.contains("immutable"), "{address}: {head}");
    }
    assert!((10_000..70_000).contains(&sent), "a first view is {sent} bytes");
    assert_eq!(running.get("/assets/console-0000000000000000.js").status, 404);
}

#[test]
fn all_files_of_the_console_together_stay_small() {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/src/api/console/built");
    let sizes = fs::read_dir(built).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    let all: u64 = sizes.sum();
    assert!((10_000..=230_000).contains(&all), "all of the console is {all} bytes");
}

#[test]
fn a_tab_uses_two_connections_at_most_and_hosts_of_nobody_else() {
    let running = shop();
    let browser = browser_at(&running, "#/queries/big");
    browser.wait_for("return document.querySelectorAll('.table .row').length > 3", &json!(true));
    let counted = "window.most = 0; let open = 0;
        const before = window.fetch;
        window.fetch = async (path, options) => {
            window.most = Math.max(window.most, ++open);
            const isStream = path.includes('/stream');
            // A stream is open until it is given up; any other call until it is answered.
            if (isStream) options.signal.addEventListener('abort', () => open--, { once: true });
            try { return await before(path, options); } finally { if (!isStream) open--; }
        }";
    browser.run(counted).unwrap();
    for view in ["#/", "#/queries/big/plan", "#/queries/big/health", "#/sources/orders", "#/"] {
        browser.run(&format!("location.hash = '{view}'")).unwrap();
        browser.wait_for(IS_THERE, &json!(true));
    }
    let most = browser.run("return window.most").unwrap();
    assert!(most.as_u64().unwrap() <= 2, "{most} at once");
    let hosts =
        "return [...new Set(performance.getEntriesByType('resource').map(one => new URL(one.name).host))]";
    assert_eq!(browser.run(hosts), Ok(json!([running.address])));
    send(&running, &order("insert", "z", 900));
    browser.run("location.hash = '#/queries/big/rows?q=900'").unwrap();
    browser.wait_for(&format!("{ROWS}.length"), &json!(1));
}
