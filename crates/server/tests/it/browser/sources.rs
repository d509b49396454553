//! The page of a source in a browser: what it is made of, its elements, its transactions and its parked input.

use super::{browser_at, click, open, order, send};
use crate::running::Running;
use serde_json::{Value as Json, json};

/// Ids and values that a page could take for something else.
const IDS: [&str; 5] =
    ["<img src=x onerror=alert(1)>", "a/b?c#d&e", "__proto__", "turn\u{202e}around", "ü ' \" \\"];

fn node(id: &str, label: &str, properties: &Json) -> String {
    let element = json!({ "type": "node", "id": id, "labels": [label], "properties": properties });
    json!({ "operation": "insert", "element": element }).to_string()
}

fn relationship(id: &str, from: &str, to: &str) -> String {
    let element = json!({ "type": "relation", "id": id, "labels": ["OF"], "from": from, "to": to });
    json!({ "operation": "insert", "element": element }).to_string()
}

#[test]
fn what_a_source_is_made_of_is_shown_with_what_is_worth_a_look() {
    let running = Running::start();
    let mut lines: Vec<String> = (0..60).map(|at| order("insert", &format!("o{at}"), at)).collect();
    lines.push(node("odd", "Order", &json!({ "total": "12" })));
    lines.push(node("p", "__proto__", &json!({ "constructor": 9_007_199_254_740_993_u64 })));
    lines.push(relationship("r1", "o1", "nobody/1"));
    send(&running, &lines.join("\n"));
    let browser = browser_at(&running, "#/sources/orders/in");
    let text = |of: &str| format!("return document.querySelector({of:?})?.textContent");
    let has = |of: &str, part: &str| {
        browser.wait_for(
            &format!("return document.querySelector({of:?})?.textContent.includes({part:?})"),
            &json!(true),
        );
    };
    has("[aria-label=Nodes]", ":Order61");
    has("[aria-label=Relationships]", "OFall dangle1");
    has("[aria-label=Properties]", "1 is string: a comparison with integer does not hold for them");
    has(".note-line", "1 relationship of it has an end that is not there");
    click(&browser, ":__proto__");
    has("[aria-label=Properties]", "9007199254740993");
    browser.wait_for("return location.hash", &json!("#/sources/orders/in?of=%3A__proto__"));
    // What is missing is a link, which says that it is not there.
    click(&browser, "nobody/1");
    has(".panel .problem", "the source orders has no element nobody/1");
    assert_eq!(browser.run(&text(".panel h2")), Ok(json!("nobody/1")));
}

#[test]
fn elements_with_any_id_are_found_and_lead_to_each_other_by_keyboard_too() {
    let running = Running::start();
    let mut lines: Vec<String> =
        IDS.iter().map(|id| node(id, "Order", &json!({ "total": 500, "name": id }))).collect();
    lines.extend(IDS.iter().enumerate().map(|(at, id)| relationship(&format!("r{at}"), IDS[0], id)));
    lines.push(node("large", "Order", &json!({ "text": "x".repeat(1 << 20) })));
    send(&running, &lines.join("\n"));
    let browser = browser_at(&running, "#/sources/orders/elements");
    let shown = "return [...document.querySelectorAll('.ids .mono')].map(one => one.textContent).length";
    browser.wait_for(shown, &json!(11));
    for id in IDS {
        let chosen = format!(
            "const all = [...document.querySelectorAll('.ids button')];
             const strip = of => of.replaceAll('U+202E', '\\u202e');
             all.find(one => strip(one.querySelector('.mono').textContent) === {id:?})?.click();
             return strip(document.querySelector('.panel h2')?.textContent ?? '') === {id:?}",
        );
        browser.wait_for(&chosen, &json!(true));
        browser.wait_for(
            "return document.querySelector('.panel .values') !== null && !document.querySelector('.panel .problem')",
            &json!(true),
        );
        browser.wait_for(
            "return /, all there are in this source/.test(document.querySelector('.panel').textContent)",
            &json!(true),
        );
        browser.wait_for(
            "return /Looked at by *big/.test(document.querySelector('.panel').textContent)",
            &json!(true),
        );
    }
    // All of the first one's, and a link among them leads to the other end.
    open(
        &browser,
        &running,
        &format!("#/sources/orders/elements?id={}", "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E"),
    );
    let ends = "return document.querySelectorAll('.relationships li').length";
    browser.wait_for(ends, &json!(IDS.len()));
    click(&browser, "a/b?c#d&e");
    browser.wait_for("return document.querySelector('.panel h2')?.textContent", &json!("a/b?c#d&e"));
    browser.wait_for("return document.querySelector('.panel .values') !== null", &json!(true));
    // Escape closes and gives the focus back.
    browser.run("document.querySelector('.panel a').focus()").unwrap();
    browser.press("\u{e00c}");
    browser.wait_for("return document.querySelector('.panel')", &Json::Null);
    browser.wait_for("return document.activeElement.closest('.elements') !== null", &json!(true));
    // By the beginning of the id.
    browser.run("document.querySelector('.elements input').focus()").unwrap();
    browser.press("lar");
    browser.wait_for(shown, &json!(1));
    browser.press("ge\u{e007}");
    browser.wait_for("return document.querySelector('.panel h2')?.textContent", &json!("large"));
    assert_eq!(browser.messages(), Vec::<String>::new());
}

#[test]
fn transactions_come_as_they_are_taken_in_and_can_be_held() {
    let running = Running::start();
    send(&running, &order("insert", "o1", 500));
    let browser = browser_at(&running, "#/sources/orders/transactions");
    let first = "const one = document.querySelector('.transactions > li');
        return one && [one.querySelector('.num').textContent, one.querySelector('.changes').textContent.trim(),
            one.querySelector('.reached').textContent.replace(/ .*/, '')]";
    browser.wait_for(first, &json!(["1", "+1 o1", "big"]));
    send(&running, &order("insert", "o2", 600));
    browser.wait_for(first, &json!(["2", "+1 o2", "big"]));
    click(&browser, "Hold");
    send(&running, "{\"operation\":\"delete\",\"id\":\"o2\"}");
    click(&browser, "Live");
    browser.wait_for(first, &json!(["3", "−1 o2", "big"]));
}

#[test]
fn parked_input_is_shown_with_its_place_and_mended_there() {
    let input = tempfile::tempdir().unwrap();
    let file = input.path().join("in.jsonl");
    std::fs::write(&file, "{\"operation\": broken \u{202e}<img src=x onerror=alert(1)>}\n").unwrap();
    let running = Running::of(&format!(
        "store: {{ kind: embedded, path: data }}\nserver: {{ listen: '127.0.0.1:0' }}\n\
         sources:\n  - {{ id: orders, kind: file, path: '{}', on_error: park, follow: true }}\n\
         queries:\n  - {{ id: big, sources: [orders], cypher: 'MATCH (o:Order) RETURN o.id AS id, o.total AS total' }}\n",
        file.display()
    ));
    let browser = browser_at(&running, "#/sources/orders/parked");
    browser.wait_for("return document.querySelector('.aside mark')?.textContent", &json!("broken"));
    click(&browser, "Mend...");
    browser.wait_for("return document.activeElement.tagName", &json!("TEXTAREA"));
    let mended = order("insert", "mended", 7);
    browser.run("document.activeElement.select()").unwrap();
    browser.press(&mended);
    click(&browser, "Take this in");
    browser.wait_for("return document.querySelectorAll('.aside li').length", &json!(0));
    let rows = running.get("/api/v1/queries/big/results?wait=20s&position=1").json();
    assert_eq!(rows["rows"][0]["data"], json!({ "id": "mended", "total": 7 }));
    assert_eq!(browser.messages(), Vec::<String>::new());
}
