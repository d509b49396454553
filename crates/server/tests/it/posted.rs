//! The page of `http` sources: its configuration runs, and each of its calls is answered as it says.

use super::running::Running;
use std::fs;

#[test]
fn the_calls_on_the_page_of_http_sources_are_answered_as_it_says() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/sources-http.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, config) = page.split_once("```yaml\n").unwrap();
    let (config, _) = config.split_once("```").unwrap();
    assert!(config.contains("127.0.0.1:7171"));
    let running = Running::of(&config.replace("127.0.0.1:7171", "127.0.0.1:0"));
    let mut lines = page.lines();
    let mut called = 0;
    while let Some(line) = lines.next() {
        let Some(call) = line.strip_prefix("$ curl -X POST localhost:7171") else { continue };
        let (path, arguments) = call.split_once(' ').unwrap();
        let quoted = |flag: &str| arguments.split_once(flag).and_then(|(_, rest)| rest.split('\'').nth(1));
        let header = quoted("-H ").map_or_else(String::new, |header| format!("{header}\r\n"));
        let answer = running.ask("POST", path, &header, quoted("-d ").unwrap());
        assert_eq!(Some(&*answer.body), lines.next(), "{call}");
        called += 1;
    }
    assert_eq!(called, 3);
}
