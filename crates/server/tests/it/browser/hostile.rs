//! Text of strangers: shown, and never more than text.

use super::{ROWS, browser_at, element, order, send};
use crate::running::Running;
use serde_json::{Value as Json, json};

/// Text that means something elsewhere, and how it is shown.
pub(super) const TEXTS: [(&str, &str); 12] = [
    ("<img src=x onerror=document.title='taken'>", "<img src=x onerror=document.title='taken'>"),
    ("</script><script>document.title='taken'</script>", "</script><script>document.title='taken'</script>"),
    ("javascript:alert(1)", "javascript:alert(1)"),
    ("__proto__", "__proto__"),
    ("a\u{202e}b", "aU+202Eb"),
    ("a\u{2028}b\u{2029}c", "aU+2028bU+2029c"),
    ("a\0b", "aU+0000b"),
    ("a\r\nb", "aU+000DU+000Ab"),
    ("a\u{85}b\u{b}c", "aU+0085bU+000Bc"),
    ("data: a", "data: a"),
    ("null", "\"null\""),
    ("007", "007"),
];

#[test]
fn values_are_text_and_what_cannot_be_seen_is_shown_by_its_number() {
    let running = Running::start();
    for (text, _) in TEXTS {
        send(&running, &order("insert", text, 250));
    }
    let browser = browser_at(&running, "#/queries/big");
    let rows = format!("{}.sort()", ROWS.trim_end());
    let mut expected: Vec<Json> = TEXTS.iter().map(|(_, shown)| json!([shown, "250"])).collect();
    expected.sort_by_key(|row| row[0].as_str().unwrap().to_owned());
    browser.wait_for(&rows, &json!(expected));
    // What comes later is read from the stream.
    send(&running, &order("insert", "x\u{2028}\u{2029}y\n\ndata: z", 250));
    let last = "return [...document.querySelectorAll('.table .row')].at(-1).firstChild.textContent";
    browser.wait_for(last, &json!("xU+2028U+2029yU+000AU+000Adata: z"));
    let nothing = "return [document.images.length, document.scripts.length, document.title]";
    assert_eq!(browser.run(nothing), Ok(json!([0, 1, "big - Livewell"])));
    assert_eq!(browser.messages(), Vec::<String>::new(), "neither a refused script nor another message");
}

#[test]
fn what_is_copied_is_the_text_and_not_what_stands_for_it() {
    let running = Running::start();
    send(&running, &order("insert", "a\u{202e}b\u{2028}c", 250));
    let browser = browser_at(&running, "#/queries/big");
    browser.wait_for(ROWS, &json!([["aU+202EbU+2028c", "250"]]));
    let copied = "getSelection().selectAllChildren(document.querySelector('.table .row').firstChild);
        const data = new DataTransfer();
        document.dispatchEvent(new ClipboardEvent('copy', { clipboardData: data, bubbles: true, cancelable: true }));
        return data.getData('text/plain')";
    assert_eq!(browser.run(copied), Ok(json!("a\u{202e}b\u{2028}c")));
}

#[test]
fn numbers_keep_every_digit_and_values_that_look_alike_do_not() {
    let all = "  - { id: all, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id, o.value AS value\" }\n";
    let running = Running::start_with("", "", all);
    let values = [
        ("a", json!(9_007_199_254_740_993_u64), "9007199254740993"),
        ("b", json!(-9_223_372_036_854_775_808_i64), "-9223372036854775808"),
        ("c", json!(1.0), "1.0"),
        ("d", json!(1), "1"),
        ("e", json!("1"), "\"1\""),
        ("f", json!(""), "\"\""),
        ("g", Json::Null, "null"),
        ("h", json!("true"), "\"true\""),
        ("i", json!(true), "true"),
        ("j", json!([1, "x", null]), "[1, \"x\", null]"),
        ("k", json!({ "__proto__": 1, "toString": 2 }), "{\"__proto__\": 1, \"toString\": 2}"),
    ];
    for (id, value, _) in &values {
        send(&running, &element("insert", id, &json!({ "id": id, "value": value })));
    }
    let browser = browser_at(&running, "#/queries/all");
    let expected: Vec<Json> = values.iter().map(|(id, _, shown)| json!([id, shown])).collect();
    browser.wait_for(ROWS, &json!(expected));
    // From the stream as from the rows.
    send(&running, &element("update", "d", &json!({ "id": "d", "value": 9_007_199_254_740_995_u64 })));
    let row = "return [...document.querySelectorAll('.table .row')][3].lastChild.textContent";
    browser.wait_for(row, &json!("9007199254740995"));
    // Sorted by all their digits.
    browser.run("location.hash = '#/queries/all/rows?sort=-value&q=90071992'").unwrap();
    browser.wait_for(ROWS, &json!([["d", "9007199254740995"], ["a", "9007199254740993"]]));
}

#[test]
fn an_address_that_leads_nowhere_breaks_nothing() {
    let running = Running::start();
    let browser = browser_at(&running, "#/queries/%3Cimg%20src=x%20onerror=document.title=1%3E");
    let problem = "return document.querySelector('.problem')?.textContent.includes('<img src=x onerror=document.title=1>')";
    browser.wait_for(problem, &json!(true));
    for hash in ["#%", "#/%", "#/nowhere", "#/queries/%zz", "#/errors/LW9999", "#/sources/big"] {
        browser.run(&format!("location.hash = {hash:?}")).unwrap();
        browser.wait_for(&format!("return location.hash === {hash:?}"), &json!(true));
    }
    browser.run("location.hash = '#/'").unwrap();
    browser.wait_for(
        "return document.querySelector('.side li a[href=\"#/queries/big\"]') !== null",
        &json!(true),
    );
    let unexpected: Vec<String> =
        browser.messages().into_iter().filter(|line| !line.contains("Failed to load resource")).collect();
    assert_eq!(unexpected, Vec::<String>::new());
}

#[test]
fn a_value_of_a_megabyte_is_cut_in_its_cell_and_long_in_the_panel() {
    let running = Running::start();
    let long = "ä<b>".repeat(250_000);
    send(&running, &element("insert", "long", &json!({ "id": long, "total": 250 })));
    let browser = browser_at(&running, "#/queries/big");
    let cell = "return [...document.querySelector('.table .row')?.firstChild.textContent ?? ''].length";
    browser.wait_for(cell, &json!(121));
    browser.run("document.querySelector('.table .row').click()").unwrap();
    let shown = "return Math.max(0, ...[...document.querySelectorAll('.panel bdi')].map(one => one.textContent.length))";
    browser.wait_for(shown, &json!(20_000));
    assert_eq!(
        browser.run("return document.querySelectorAll('.table b, .panel bdi b').length"),
        Ok(json!(0))
    );
    assert_eq!(browser.messages(), Vec::<String>::new());
}

#[test]
fn parked_input_and_its_reasons_are_text_wherever_they_are_shown() {
    let input = tempfile::tempdir().unwrap();
    let path = input.path().join("ops.jsonl");
    let lines = [
        "<img src=x onerror=document.title='taken'>",
        "{\"operation\":\"</script><script>document.title='taken'</script>\"}",
        "__proto__ a\u{202e}b\u{2028}c",
        "{\"operation\":\"insert\",\"element\":{\"type\":\"node\",\"id\":\"\\ud800\",\"labels\":[\"<i>\"],\"properties\":{}}}",
    ];
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let source = format!("  - {{ id: ops, kind: file, path: {}, on_error: park }}\n", path.display());
    let running = Running::start_with("", &source, "");
    let browser = browser_at(&running, "#/sources/ops/parked");
    let parked =
        |running: &Running| running.get("/api/v1/sources/ops/parked").json().as_array().map_or(0, Vec::len);
    while parked(&running) < 3 {
        livewell_services::pause(std::time::Duration::from_millis(50));
    }
    browser.run("location.reload()").unwrap();
    let texts =
        "return [...document.querySelectorAll('.aside .line')].map(line => line.textContent).slice(0, 3)";
    browser.wait_for(texts, &json!([lines[0], lines[1], "__proto__ aU+202EbU+2028c"]));
    for view in [
        "#/",
        "#/events?q=%3Cimg%20src%3Dx%20onerror%3Ddocument.title%3D1%3E",
        "#/store",
        "#/sources/ops/parked",
    ] {
        browser.run(&format!("location.hash = {view:?}")).unwrap();
        browser.wait_for("return document.querySelector('main').textContent.length > 0", &json!(true));
        let nothing = "return [document.images.length, document.scripts.length, document.title === 'taken']";
        assert_eq!(browser.run(nothing), Ok(json!([0, 1, false])), "{view}");
    }
    assert_eq!(browser.messages(), Vec::<String>::new());
}
