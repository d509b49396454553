//! The configurations that the documentation shows: `check` accepts each, but for what lies outside of it.

use super::place::Place;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

/// What variables stand for that the documentation names; any other is an address of the web, or a secret.
const VARIABLES: [(&str, &str); 7] = [
    ("SHOP_URL", "postgres://shop@localhost/shop"),
    ("MARIADB_URL", "mysql://shop@localhost/shop"),
    ("KAFKA_URL", "kafka://localhost:9092"),
    ("NATS_URL", "nats://localhost:4222"),
    ("REDIS_URL", "redis://localhost:6379"),
    ("HOOK_SECRET", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"),
    ("ALLOW_PRIVATE", "true"),
];
/// What a part of a configuration cannot know: files that it includes, names that the rest has, secrets and certificates
/// of a machine.
const OUTSIDE: [&str; 4] = ["LW0601", "LW0606", "LW0607", "LW0741"];

/// A block of YAML, and where it is.
struct Shown {
    place: String,
    text: String,
}

fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.extension() {
            _ if path.is_dir() => pages(&path, found),
            Some(extension) if extension == "md" => found.push(path),
            _ => {}
        }
    }
}

fn blocks() -> Vec<Shown> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = vec![root.join("README.md")];
    pages(&root.join("docs/guide"), &mut files);
    files.iter().flat_map(|file| blocks_of(file)).collect()
}

fn blocks_of(file: &Path) -> Vec<Shown> {
    let page = std::fs::read_to_string(file).unwrap();
    let (mut blocks, mut open) = (Vec::new(), None::<Shown>);
    for (at, line) in page.lines().enumerate() {
        match &mut open {
            None if line == "```yaml" => {
                let place = format!("{}:{}", file.display(), at + 2);
                open = Some(Shown { place, text: String::new() });
            }
            None => {}
            Some(_) if line == "```" => blocks.extend(open.take()),
            Some(block) => block.text.push_str(&format!("{line}\n")),
        }
    }
    assert!(open.is_none(), "{} ends within a block", file.display());
    blocks
}

/// Whether it has sections of a configuration of Livewell: others show a part of an item, or another product's.
fn is_configuration(text: &str) -> bool {
    let sections = ["store:", "server:", "include:", "sources:", "queries:", "reactions:"];
    let is_section = |line: &str| sections.iter().any(|section| line.starts_with(section));
    text.lines().any(is_section) && !text.starts_with("# drasi")
}

/// Returns what `check` has to say of a configuration.
fn problems(Shown { place, text }: &Shown) -> Vec<String> {
    // A hash that a page cuts short.
    let text = text.replace("sha256:9e2b...", &format!("sha256:{}", "0".repeat(64)));
    let folder = Place::new(&text, &[]);
    let mut command = folder.command(&["check", "livewell.yaml", "--format", "json"]);
    for name in text.split("${").skip(1).filter_map(|rest| rest.split(['}', ':']).next()) {
        let known = VARIABLES.iter().find(|(known, _)| *known == name);
        let other = if name.ends_with("_URL") { "https://example.com/" } else { "secret" };
        command.env(name, known.map_or(other, |(_, value)| value));
    }
    let output = command.output().unwrap();
    let said: Json = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{place}: {output:?}"));
    let problems = said["problems"].as_array().unwrap().iter();
    let inside = problems.filter(|problem| !OUTSIDE.contains(&problem["code"].as_str().unwrap()));
    inside.map(|problem| format!("{place}: {} [{}]", problem["message"], problem["code"])).collect()
}

#[test]
fn every_configuration_that_the_documentation_shows_is_accepted() {
    let shown: Vec<Shown> = blocks().into_iter().filter(|block| is_configuration(&block.text)).collect();
    assert!(shown.len() > 30, "{}", shown.len());
    let wrong: Vec<String> = shown.iter().flat_map(problems).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A field that there is not would be found.
    let misspelled = Shown { place: String::new(), text: shown[0].text.replacen("sources:", "surces:", 1) };
    assert!(!problems(&misspelled).is_empty(), "{}", shown[0].text);
}
