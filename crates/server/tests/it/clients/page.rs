//! The client for TypeScript in a browser: a page of another origin, with a token.

use crate::place::skip;
use crate::running::Running;
use livewell_services::clients::Typescript;
use livewell_services::{Browser, free_port, pause};
use serde_json::{Value as Json, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const KILLS: u64 = 10;
const PATIENCE: Duration = Duration::from_secs(60);
/// The rows of the page with React.
const ROWS: &str = "return [...document.querySelectorAll('li')].map(one => one.textContent).sort()";
const STATUS: &str = "return document.querySelector('section')?.dataset.status";

/// The program that serves the pages; it ends with its input.
struct Pages {
    child: Child,
    origin: String,
    _client: Typescript,
}

impl Drop for Pages {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves the pages of the client's tests; `None` if there is no node.
fn pages() -> Option<Pages> {
    let client = Typescript::copy(&super::root())?;
    for what in ["dist", "page"] {
        client.build(what);
    }
    let mut serve = client.node(&["test/serve.mjs"]);
    let mut child = serve.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("node starts");
    let mut origin = String::new();
    let out = child.stdout.take().expect("its output is a pipe");
    BufReader::new(out).read_line(&mut origin).expect("it says where it serves");
    Some(Pages { child, origin: origin.trim().to_owned(), _client: client })
}

/// A server that pages of `origin` may call.
fn server(origin: &str) -> Running {
    Running::of(&format!(
        "store: {{ kind: embedded, path: data, durability: os }}
server:
  listen: 127.0.0.1:{}
  cors: [\"{origin}\"]
  tokens: [ {{ name: page, token: right, scopes: [administer] }} ]
sources: [ {{ id: tanks, kind: http }} ]
queries:
  - {{ id: levels, sources: [tanks], cypher: 'MATCH (t:Tank) RETURN t.id AS id, t.level AS level' }}
  - id: levels-of
    sources: [tanks]
    cypher: MATCH (t:Tank) WHERE t.owner = $owner RETURN t.id AS id, t.level AS level
    for_each: {{ owner: text }}
reactions: [ {{ id: all, kind: file, queries: [levels], path: all.jsonl }} ]
",
        free_port()
    ))
}

fn send(running: &Running, changes: &[(&str, u64, &str)]) {
    let line = |(id, level, owner): &(&str, u64, &str)| {
        let properties = json!({ "id": id, "level": level, "owner": owner });
        let element = json!({ "type": "node", "id": id, "labels": ["Tank"], "properties": properties });
        format!("{}\n", json!({ "operation": "update", "element": element }))
    };
    let body: String = changes.iter().map(line).collect();
    let path = "/api/v1/sources/tanks/changes";
    let answer = running.ask("POST", path, "authorization: Bearer right\r\n", &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// Lines of the file of all results, in the words of the client.
fn truth(running: &Running) -> Vec<Json> {
    let text = fs::read_to_string(running.folder.path().join("all.jsonl")).unwrap();
    let line = |line: &str| {
        let mut result: Json = serde_json::from_str(line).unwrap();
        let fields = result.as_object_mut().unwrap();
        fields.remove("query_id");
        let mut diffs = fields.remove("results").unwrap();
        for diff in diffs.as_array_mut().unwrap() {
            let diff = diff.as_object_mut().unwrap();
            let signature = diff.remove("row_signature").unwrap();
            diff.insert("signature".into(), signature);
        }
        let id = format!("{}-{}", fields["epoch"].as_str().unwrap(), fields["sequence"]);
        fields.extend([("type".into(), json!("result")), ("id".into(), json!(id)), ("diffs".into(), diffs)]);
        result
    };
    text.lines().map(line).collect()
}

#[test]
fn killed_anywhere_a_page_sees_every_result_once_and_in_order() {
    let Some(pages) = pages() else { return skip("the client in a browser: there is no node or no npm") };
    let mut running = server(&pages.origin);
    let browser = Browser::start();
    browser.open(&format!("{}/follow?server=http://{}", pages.origin, running.address));
    browser.wait_for("return window.snapshots", &json!(1));
    for kill in 0..KILLS {
        pause(Duration::from_millis(50 + kill * 211 % 600));
        running.kill_and_start_again();
    }
    browser.run("window.stop = true").unwrap();
    let ended = "return window.failure ?? (window.end && window.position() === window.end.id)";
    browser.wait_for(ended, &json!(true));
    let read = |what: &str| browser.run(&format!("return window.{what}")).unwrap();
    assert_eq!(read("rows()"), read("end.rows"), "the rows are those of the server");
    let seen = read("seen");
    let seen = seen.as_array().unwrap();
    let began = Instant::now();
    while truth(&running).len() < seen.len() {
        assert!(began.elapsed() < PATIENCE, "the file of all results is not written");
        pause(Duration::from_millis(20));
    }
    let truth = truth(&running);
    let first = seen[0]["sequence"].as_u64().unwrap();
    assert_eq!(seen[..], truth[first as usize - 1..], "every result since the snapshot, once and in order");
    assert!(seen.len() > KILLS as usize && read("snapshots") == 1, "{} results", seen.len());
}

#[test]
fn a_component_of_react_shows_rows_by_value_and_gives_its_connection_up() {
    let Some(pages) = pages() else { return skip("the hook for React: there is no node or no npm") };
    let mut running = server(&pages.origin);
    send(&running, &[("a", 1, "w0"), ("b", 2, "w0"), ("c", 3, "w1")]);
    let browser = Browser::start();
    browser.open(&format!("{}/react?server=http://{}", pages.origin, running.address));
    browser.wait_for(ROWS, &json!(["a=1", "b=2"]));
    browser.wait_for(STATUS, &json!("live"));
    let changes: Vec<_> = (0..500).map(|level| ("a", level, "w0")).collect();
    send(&running, &changes);
    browser.wait_for(ROWS, &json!(["a=499", "b=2"]));
    let drawn = browser.run("return +document.querySelector('section').dataset.drawn").unwrap();
    assert!(drawn.as_u64().unwrap() < 200, "500 results are drawn {drawn} times");

    let click = |id: &str| browser.run(&format!("document.getElementById('{id}').click()")).unwrap();
    click("w1");
    browser.wait_for(ROWS, &json!(["c=3"]));
    running.kill_and_start_again();
    send(&running, &[("c", 4, "w1")]);
    browser.wait_for(ROWS, &json!(["c=4"]));
    browser.wait_for(STATUS, &json!("live"));
    // The list of w0, and the twin of strict mode, are gone.
    wait_for_followers(&running, 1);
    click("none");
    browser.wait_for(STATUS, &Json::Null);
    wait_for_followers(&running, 0);
}

#[test]
fn the_example_with_react_shows_the_orders_of_a_customer() {
    let Some(pages) = pages() else { return skip("the example for React: there is no node or no npm") };
    let config = fs::read_to_string(super::root().join("clients/livewell.yaml")).unwrap();
    let listen = "listen: 127.0.0.1:7171";
    assert!(config.contains(listen));
    let running = Running::of(
        &config.replace(listen, &format!("listen: \"127.0.0.1:0\", cors: [\"{}\"]", pages.origin)),
    );
    let browser = Browser::start();
    browser.open(&format!("{}/example?server=http://{}", pages.origin, running.address));
    browser.wait_for("return document.querySelector('.status')?.textContent", &json!("live"));
    let orders = ["o1 c42 250", "o2 c43 7", "o3 c42 30"].map(|order| {
        let [id, customer, total] = order.split(' ').collect::<Vec<_>>()[..] else { panic!("{order}") };
        format!("{{\"id\":\"{id}\",\"customer\":\"{customer}\",\"total\":{total}}}\n")
    });
    assert_eq!(running.post(&orders.concat()).status, 200);
    browser.wait_for(ROWS, &json!(["o1: 250", "o3: 30"]));
}

/// Waits until so many clients follow.
#[track_caller]
fn wait_for_followers(running: &Running, expected: u8) {
    let (name, began) = ("livewell_http_streams{kind=\"follower\"} ", Instant::now());
    loop {
        let metrics = running.ask("GET", "/metrics", "authorization: Bearer right\r\n", "").body;
        let count = metrics.lines().find_map(|line| line.strip_prefix(name)).expect("it is measured");
        if count.parse::<f64>().expect("a number") == f64::from(expected) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{count} clients follow");
        pause(Duration::from_millis(20));
    }
}
