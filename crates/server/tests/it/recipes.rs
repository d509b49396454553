//! The recipes of the guide, in `examples/recipes`: each runs as it is, comes to what it expects, and is shown so on its
//! page; and the guide's first alert.

use super::place::Place;
use livewell_services::{Postgres, Redis, Web, free_port, pause};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The recipes over files alone.
const OVER_FILES: [&str; 5] = ["debezium", "geofence", "missing-event", "reference-and-stream", "threshold"];
/// Those that need a server, each with a test of its own.
const OVER_SERVERS: [&str; 4] = ["cache", "row-webhooks", "search-index", "slack"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn recipe(name: &str) -> PathBuf {
    root().join("examples/recipes").join(name)
}

/// The files of a folder, in the order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    files
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// A copy of a recipe's files, in a place of its own.
fn place(of: &str) -> Place {
    let folder = recipe(of);
    let place = Place::new(&fs::read_to_string(folder.join("livewell.yaml")).unwrap(), &[]);
    for file in files(&folder) {
        fs::copy(&file, place.file(name(&file))).unwrap();
    }
    place
}

/// Runs a recipe to idle with these variables.
fn run(place: &Place, variables: &[(&str, &str)]) {
    let mut command = place.command(&["run", "--until-idle", "--log-level", "error"]);
    command.envs(variables.iter().copied()).env("ALLOW_PRIVATE", "true");
    super::place::ended(command).expect(0, &[]);
}

fn expected(recipe: &str, file: &str) -> String {
    fs::read_to_string(self::recipe(recipe).join("expected").join(file)).unwrap()
}

/// Whether a value has everything that another one shows of it.
fn shows(whole: &Json, part: &Json) -> bool {
    match (whole, part) {
        (Json::Object(whole), Json::Object(part)) => {
            part.iter().all(|(name, part)| whole.get(name).is_some_and(|whole| shows(whole, part)))
        }
        (Json::Array(whole), Json::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| shows(whole, part))
        }
        _ => whole == part,
    }
}

fn lines(text: &str) -> Vec<Json> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn recipes_over_files_come_to_what_their_pages_show() {
    for recipe in OVER_FILES {
        let place = place(recipe);
        run(&place, &[]);
        for file in files(&self::recipe(recipe).join("expected")) {
            let file = name(&file);
            let (got, wanted) = (place.read(&format!("out/{file}")), expected(recipe, file));
            let (rows, shown) = (lines(&got), lines(&wanted));
            let is_right = rows.len() == shown.len() && rows.iter().zip(&shown).all(|(a, b)| shows(a, b));
            assert!(is_right, "{recipe}: {file} is\n{got}and should be\n{wanted}");
        }
    }
}

/// The bodies that a target was sent, one after the other.
fn bodies(web: &Web) -> String {
    web.seen().iter().map(|request| format!("{}\n", request.body.trim_end())).collect()
}

#[test]
fn messages_for_slack_and_a_search_index_are_what_their_pages_show() {
    for (recipe, variable) in [("slack", "SLACK_URL"), ("search-index", "SEARCH_URL")] {
        let (place, web) = (place(recipe), Web::start());
        run(&place, &[(variable, &web.url())]);
        assert_eq!(bodies(&web), expected(recipe, "messages.txt"), "{recipe}");
        // Whatever else may be wrong with a line, it must be JSON.
        lines(&bodies(&web));
    }
}

#[test]
fn the_cache_holds_what_its_page_shows() {
    let (place, redis) = (place("cache"), Redis::start());
    let url = redis.url();
    run(&place, &[("REDIS_URL", &url)]);
    let mut connection = ::redis::Client::open(url.as_str()).unwrap().get_connection().unwrap();
    let mut keys: Vec<String> = ::redis::cmd("KEYS").arg("product:*").query(&mut connection).unwrap();
    keys.sort();
    let mut get = |key: &String| ::redis::cmd("GET").arg(key).query::<String>(&mut connection).unwrap();
    let held: String = keys.iter().map(|key| format!("{key} {}\n", get(key))).collect();
    assert_eq!(held, expected("cache", "keys.txt"));
}

#[test]
fn a_database_sends_a_webhook_for_each_row_that_was_committed() {
    let (place, postgres, web) = (place("row-webhooks"), Postgres::start(), Web::start());
    let (shop, hook) = (postgres.url(), web.url());
    let secret = "whsec_bGl2ZXdlbGwtZXhhbXBsZS1yb3ctd2ViaG9va3M=";
    let variables = [("SHOP_URL", shop.as_str()), ("HOOK_URL", &hook), ("HOOK_SECRET", secret)];
    postgres.sql(&place.read("orders.sql"));
    run(&place, &variables);
    assert_eq!(bodies(&web), "", "rows that were there before are nobody's change");
    postgres.sql(&place.read("work.sql"));
    run(&place, &variables);
    assert_eq!(bodies(&web), expected("row-webhooks", "messages.txt"));
    assert!(web.seen().iter().all(|request| request.headers.contains_key("webhook-signature")));
}

/// A process that is killed when it is dropped.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Posts a body until it is accepted: the server may have only begun.
fn post(address: &str, path: &str, body: &str) {
    for _ in 0..200 {
        if let Ok(mut stream) = TcpStream::connect(address) {
            let length = body.len();
            let head = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
            stream.write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            return;
        }
        pause(Duration::from_millis(50));
    }
    panic!("nobody listens at {address}");
}

/// The bodies that the page posts, and the messages that it shows.
fn conversation(page: &str) -> (Vec<String>, Vec<String>) {
    let posted =
        page.lines().filter_map(|line| line.trim().strip_prefix("curl localhost:7171")?.split('\'').nth(1));
    let shown = page.lines().filter(|line| line.starts_with("    {\"text\": \""));
    (posted.map(str::to_owned).collect(), shown.map(|line| line.trim().to_owned()).collect())
}

#[test]
fn the_first_alert_comes_as_its_page_says_also_after_a_kill() {
    let built = Command::new(env!("CARGO")).args(["build", "--locked", "--quiet", "-p", "receiver"]).status();
    assert!(built.expect("cargo can be run").success());
    let (own, target) = (format!("127.0.0.1:{}", free_port()), format!("127.0.0.1:{}", free_port()));
    let program = Path::new(env!("CARGO_BIN_EXE_livewell")).with_file_name("receiver");
    let mut receiver = Command::new(program).arg(&target).stdout(Stdio::piped()).spawn().unwrap();
    let mut got = BufReader::new(receiver.stdout.take().unwrap()).lines();
    let _receiver = Started(receiver);

    let file = fs::read_to_string(root().join("examples/first-alert/livewell.yaml")).unwrap();
    let place = Place::new(&file.replace("127.0.0.1:7171", &own).replace("127.0.0.1:8090", &target), &[]);
    let start = || Started(place.command(&["run", "--log-level", "error"]).spawn().unwrap());
    let page = fs::read_to_string(root().join("docs/guide/first-alert.md")).unwrap();
    let (posted, shown) = conversation(&page);
    assert_eq!((posted.len(), shown.len()), (5, 4), "{page}");
    let mut running = Some(start());
    for (number, body) in posted.iter().enumerate() {
        post(&own, "/api/v1/sources/readings/changes", body);
        // The first is below the limit.
        if let Some(message) = number.checked_sub(1).and_then(|number| shown.get(number)) {
            let mut come = got.next().unwrap().unwrap();
            // What was sent right before the kill may come again.
            while number == 4 && shown[..3].contains(&come) {
                come = got.next().unwrap().unwrap();
            }
            assert_eq!(&come, message);
        }
        if number == 3 {
            drop(running.take());
            running = Some(start());
        }
    }
}

#[test]
fn each_recipe_is_run_and_shown_on_its_page_as_it_is() {
    let folders = fs::read_dir(root().join("examples/recipes")).unwrap();
    let names: BTreeSet<String> =
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let run: BTreeSet<String> =
        OVER_FILES.iter().chain(&OVER_SERVERS).map(|name| (*name).to_owned()).collect();
    assert_eq!(names, run, "a recipe that no test runs, or a test without a recipe");
    for name in &names {
        let page = root().join("docs/guide/recipes").join(format!("{name}.md"));
        let page = fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        let config = fs::read_to_string(recipe(name).join("livewell.yaml")).unwrap();
        assert!(
            page.contains(&format!("```yaml\n{config}```\n")),
            "the page of {name} shows another configuration"
        );
        for file in files(&recipe(name).join("expected")) {
            for line in fs::read_to_string(&file).unwrap().lines() {
                assert!(page.contains(line), "the page of {name} does not show {line}");
            }
        }
    }
    let page = fs::read_to_string(root().join("docs/guide/first-alert.md")).unwrap();
    let config = fs::read_to_string(root().join("examples/first-alert/livewell.yaml")).unwrap();
    assert!(page.contains(&format!("```yaml\n{config}```\n")));
}
