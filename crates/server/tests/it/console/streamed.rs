//! One stream for a tab: the components, and the results of a query.

use crate::running::{Answer, Events, Running, answer, orders};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::Read;
use std::time::{Duration, Instant};

fn stream(running: &Running, asked: &str) -> Events {
    Events::of(running.open("GET", &format!("/api/v1/stream?{asked}"), "", ""))
}

/// The next event of this name.
fn next(events: &mut Events, name: &str) -> (Option<String>, Json) {
    loop {
        let (found, id, data) = events.next().expect("the stream goes on");
        if found == name {
            return (id, data);
        }
    }
}

/// What a tab shows after these statuses.
#[derive(Default)]
struct Tab(BTreeMap<String, Json>);

impl Tab {
    fn take(&mut self, status: &Json) {
        if status["first"] == true {
            self.0.clear();
        }
        for one in status["components"].as_array().unwrap() {
            self.0.insert(one["id"].as_str().unwrap().to_owned(), one.clone());
        }
        for gone in status["removed"].as_array().unwrap() {
            self.0.remove(gone.as_str().unwrap()).expect("it was shown before");
        }
    }
}

#[test]
fn what_a_tab_keeps_of_its_statuses_is_what_the_graph_says() {
    let running = Running::start();
    running.wait_until_ready();
    let mut events = stream(&running, "status=1s");
    let mut tab = Tab::default();
    let (id, first) = next(&mut events, "status");
    assert_eq!((id, &first["first"], &first["whole"]), (None, &json!(true), &json!(true)), "{first}");
    assert!(first["counts"].is_array() && first["components"].as_array().unwrap().len() == 2, "{first}");
    tab.take(&first);
    let made = json!({ "id": "small", "sources": ["orders"], "cypher": "MATCH (o:Order) WHERE o.total < 100 RETURN o.id AS id" });
    assert_eq!(running.ask("POST", "/api/v1/queries", "", &made.to_string()).status, 201);
    running.post(&orders(&[50, 150]));
    running.get("/api/v1/queries/small/results?position=2&wait=20s");
    let (mut removed, mut edges, deadline) = (false, 0, Instant::now() + Duration::from_secs(30));
    loop {
        let (_, status) = next(&mut events, "status");
        assert_eq!(status["first"], false);
        edges += u32::from(status["edges_changed"] == true);
        tab.take(&status);
        let rows = |id: &str| tab.0.get(id).map(|one| one["rows"].clone());
        if !removed && (rows("small"), rows("big")) == (Some(json!(1)), Some(json!(1))) {
            assert_eq!(running.ask("DELETE", "/api/v1/queries/small", "", "").status, 204);
            removed = true;
        }
        let graph = running.get("/api/v1/graph").json();
        let shown: Vec<&Json> = tab.0.values().collect();
        if removed && graph["components"] == json!(shown) {
            break;
        }
        assert!(Instant::now() < deadline, "{graph} and {shown:?}");
    }
    assert_eq!(edges, 2, "one was added and removed");
}

#[test]
fn an_idle_tab_of_a_hundred_components_takes_few_bytes() {
    let queries: Vec<Json> = (0..100)
        .map(|at| json!({ "id": format!("q{at}"), "sources": ["orders"], "cypher": "MATCH (o:Order) RETURN o.id AS id" }))
        .collect();
    let config = json!({
        "store": { "kind": "memory" }, "server": { "listen": "127.0.0.1:0" },
        "sources": [{ "id": "orders", "kind": "http" }], "queries": queries,
    });
    let running = Running::of(&config.to_string());
    running.wait_until_ready();
    let mut connection = running.open("GET", "/api/v1/stream?status=1s", "", "");
    let mut read = |time: Duration| {
        let (mut bytes, until) = (0, Instant::now() + time);
        let mut piece = [0; 4096];
        while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            connection.set_read_timeout(Some(left)).unwrap();
            bytes += connection.read(&mut piece).unwrap_or_default();
        }
        bytes
    };
    let first = read(Duration::from_secs(3));
    assert!(first > 10_000, "all components come at first: {first}");
    let idle = read(Duration::from_secs(6));
    assert!(idle < 6 * 2_000, "{idle} bytes in six seconds");
}

#[test]
fn the_results_of_a_query_come_as_in_its_own_stream_and_resume_where_they_were() {
    let running = Running::start();
    running.post(&orders(&[150]));
    running.get("/api/v1/queries/big/results?position=1&wait=20s");
    let mut own = Events::of(running.open("GET", "/api/v1/queries/big/changes", "", ""));
    let mut tab = stream(&running, "status=1s&query=big");
    let mut both = |names: &[&str]| {
        for name in names {
            let (mut one, mut other) = (next(&mut own, name), next(&mut tab, name));
            // The state is that of the moment.
            for data in [&mut one.1, &mut other.1] {
                data.as_object_mut().unwrap().remove("state");
            }
            assert_eq!(one, other, "{name}");
        }
        next(&mut tab, "status");
    };
    both(&["row", "snapshot_end"]);
    running.post(orders(&[150, 250]).lines().last().unwrap());
    both(&["result"]);
    let position = running.get("/api/v1/queries/big/results").json();
    let seen = format!("{}-1", position["epoch"].as_str().unwrap());
    for asked in [format!("query=big&after={seen}"), format!("query=big&after={seen}&from=head")] {
        let mut resumed = stream(&running, &asked);
        let (name, id, _) = resumed.next().unwrap();
        assert_eq!((name.as_str(), id.unwrap()), ("result", seen.replace("-1", "-2")), "{asked}");
    }
    let mut head = stream(&running, "query=big&from=head");
    let (name, id, data) = head.next().unwrap();
    assert_eq!((name.as_str(), id.unwrap()), ("head", seen.replace("-1", "-2")));
    assert_eq!(data["columns"], json!(["id", "total"]));
    running.post(orders(&[150, 250, 350]).lines().last().unwrap());
    let (name, id, _) = head.next().unwrap();
    assert_eq!((name.as_str(), id.unwrap()), ("result", seen.replace("-1", "-3")), "nothing of before comes");
}

#[test]
fn a_query_that_is_stopped_ends_its_part_and_the_components_still_come() {
    let running = Running::start();
    running.wait_until_ready();
    let mut tab = stream(&running, "status=1s&query=big");
    next(&mut tab, "snapshot_end");
    assert_eq!(running.ask("POST", "/api/v1/queries/big/stop", "", "").status, 200);
    assert_eq!(next(&mut tab, "end").1, json!({ "query": "big" }));
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let (_, status) = next(&mut tab, "status");
        let stopped = json!("stopped");
        if status["components"].as_array().unwrap().iter().any(|one| one["state"] == stopped) {
            break;
        }
        assert!(Instant::now() < deadline);
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let running = Running::start();
    for (wrong, status) in [
        ("", 400),
        ("status=0s", 400),
        ("status=999ms", 400),
        ("status=61s", 400),
        ("status=1", 400),
        ("status=18446744073709551616s", 400),
        ("from=head", 400),
        ("after=1-1", 400),
        ("status=1s&after=1-1", 400),
        ("query=big&from=tail", 400),
        ("query=big&after=x", 400),
        ("query=big&after=1-99999999999999999999", 400),
        ("query=big&customer=c42", 400),
        ("query=bog", 404),
        ("query=orders", 404),
    ] {
        let refused: Answer = running.get(&format!("/api/v1/stream?{wrong}"));
        assert_eq!(refused.status, status, "{wrong}: {}", refused.body);
    }
}

#[test]
fn tabs_count_as_streams_and_end_with_their_token() {
    let config = "store: { kind: memory }
server:
  listen: 127.0.0.1:0
  limits: { streams_per_client: 3 }
  tokens:
    - { name: look, token: token-of-a-reader, scopes: [read] }
    - { name: all, token: token-of-all-things, scopes: [administer] }
sources:
  - { id: orders, kind: http }
";
    let running = Running::of(config);
    let open = |token: &str, headers: &str| {
        let headers = format!("authorization: Bearer token-of-{token}\r\n{headers}");
        running.open("GET", "/api/v1/stream?status=1s", &headers, "")
    };
    let mut tabs: Vec<Events> =
        (0..3).map(|_| Events::of(open("a-reader", "connection: close\r\n"))).collect();
    tabs.iter_mut().for_each(|tab| drop(next(tab, "status")));
    let refused = answer(open("a-reader", "connection: close\r\n"));
    assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("LW0704")));
    let without = config.replace("    - { name: look, token: token-of-a-reader, scopes: [read] }\n", "");
    std::fs::write(running.config(), without).unwrap();
    running.hang_up();
    let began = Instant::now();
    for tab in &mut tabs {
        while tab.next().is_some() {}
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    // Their places are free again.
    let mut tab = Events::of(open("all-things", ""));
    next(&mut tab, "status");
}

#[test]
fn a_thousand_tabs_of_which_none_is_read_keep_nothing_waiting() {
    crate::audience::raise_open_files();
    let running = Running::start_with("  limits: { connections: 1100 }\n", "", "");
    running.wait_until_ready();
    let open = || running.open("GET", "/api/v1/stream?status=1s&query=big", "", "");
    let tabs: Vec<_> = (0..1_000).map(|_| open()).collect();
    let began = Instant::now();
    for total in 0..5 {
        assert_eq!(running.post(&orders(&[150 + total])).status, 200);
        std::thread::park_timeout(Duration::from_millis(500));
    }
    running.get("/api/v1/queries/big/results?position=5&wait=20s");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    drop(tabs);
}
