//! What runs, over which store, and what the caller may do.

use crate::running::{Answer, Running};
use crate::text;
use serde_json::{Value as Json, json};

const CONFIG: &str = "store: { kind: embedded, path: data }
server:
  listen: 127.0.0.1:0
  tokens:
    - { name: all, token: token-of-all-things, scopes: [administer] }
    - { name: look, token: token-of-a-reader, scopes: [read] }
    - { name: ops, token: token-of-operators, scopes: [operate, read] }
    - { name: feed, token: token-of-a-feed, scopes: [ingest] }
sources:
  - { id: orders, kind: http }
";

fn get(running: &Running, token: &str) -> Answer {
    running.ask("GET", "/api/v1/server", &format!("authorization: Bearer token-of-{token}\r\n"), "")
}

fn resident(running: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn each_caller_is_told_all_scopes_that_it_has() {
    let running = Running::of(CONFIG);
    for (token, name, scopes) in [
        ("all-things", "all", json!(["read", "ingest", "operate", "administer"])),
        ("a-reader", "look", json!(["read"])),
        ("operators", "ops", json!(["read", "operate"])),
    ] {
        let server = get(&running, token).json();
        assert_eq!((&server["caller"], &server["scopes"]), (&json!(name), &scopes), "{server}");
    }
    let refused = get(&running, "a-feed");
    assert_eq!((refused.status, &refused.json()["scope"]), (403, &json!("read")));
    assert_eq!(running.get("/api/v1/server").status, 401);
    let store = running.store();
    let owner = crate::livewell(&["server", "--format", "json", "--store", store.to_str().unwrap()]);
    let owner: Json = serde_json::from_slice(&owner.stdout).unwrap();
    assert_eq!(owner["caller"], "control-socket");
    assert_eq!(owner["scopes"].as_array().unwrap().len(), 4);
}

#[test]
fn what_runs_is_what_the_machine_says() {
    let mut running = Running::start();
    let server = running.get("/api/v1/server").json();
    assert_eq!(
        (&server["version"], &server["caller"]),
        (&json!(env!("CARGO_PKG_VERSION")), &json!("anonymous"))
    );
    let (said, is) = (server["memory_bytes"].as_u64().unwrap(), resident(&running));
    assert!(said > is / 2 && said < is * 2, "{said} of {is}");
    let store = &server["store"];
    let bytes = |field: &str| store[field].as_u64().unwrap_or_else(|| panic!("{field} of {store}"));
    let on_disk = std::fs::read_dir(running.store()).unwrap();
    let on_disk: u64 = on_disk.map(|file| file.unwrap().metadata().unwrap().len()).max().unwrap();
    assert!(
        bytes("data_bytes") <= bytes("file_bytes") && bytes("file_bytes") <= on_disk,
        "{store} in {on_disk}"
    );
    assert!(bytes("available_bytes") < bytes("disk_bytes"), "{store}");
    assert_eq!((&store["engine"], &store["format"]), (&json!("lmdb"), &json!(1)));
    assert!(server["kinds"]["reactions"].as_array().unwrap().contains(&json!("webhook")), "{server}");

    std::thread::park_timeout(std::time::Duration::from_millis(1_100));
    let uptime = |server: &Json| server["uptime_seconds"].as_f64().unwrap();
    let later = running.get("/api/v1/server").json();
    assert!(uptime(&later) > uptime(&server) + 1.0, "{later}");
    running.kill_and_start_again();
    let again = running.get("/api/v1/server").json();
    assert!(uptime(&again) < uptime(&later) && again["started"] != server["started"], "{again}");
    assert_eq!(again["store_id"], server["store_id"]);
    assert_eq!(again["store_id"].as_str().unwrap().len(), 32);
    let shown = running.command(&["server"]);
    let shown = text(&shown.stdout);
    assert!(shown.contains("may read, ingest, operate, administer"), "{shown}");
    assert!(shown.contains(again["store_id"].as_str().unwrap()), "{shown}");
}

#[test]
fn of_a_store_in_memory_no_room_is_made_up() {
    let running = Running::of("store: { kind: memory }\nserver: { listen: '127.0.0.1:0' }\n");
    let store = running.get("/api/v1/server").json()["store"].clone();
    assert_eq!(store["kind"], "memory");
    for field in ["engine", "format", "file_bytes", "limit_bytes", "available_bytes", "disk_bytes"] {
        assert_eq!(store[field], Json::Null, "{field}");
    }
}
