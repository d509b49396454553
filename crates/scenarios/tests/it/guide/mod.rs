//! The query guide is true: every example of every page is run through engine and reference.

mod checker;
mod evaluated;
mod run;

use livewell_cases::page::{self, Others};
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/query")
}

/// Returns the names and texts of the pages.
fn pages() -> Vec<(String, String)> {
    let entries = fs::read_dir(folder()).expect("the pages of the query guide");
    let paths = entries.map(|entry| entry.expect("a page").path());
    let mut pages: Vec<_> = paths
        .map(|path| {
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a page is text"))
        })
        .collect();
    pages.sort();
    pages
}

/// Returns what is wrong with a page, if anything.
fn fault(page: &str) -> Option<String> {
    let examples = match page::read(page, Others::Refused) {
        Ok(examples) if examples.is_empty() => return Some("the page has no example".into()),
        Ok(examples) => examples,
        Err(malformed) => return Some(malformed),
    };
    let faults: Vec<_> = examples.iter().filter_map(|example| run::hold(example).err()).collect();
    (!faults.is_empty()).then(|| faults.join("\n\n"))
}

#[test]
fn every_example_of_every_page_holds() {
    let faults = pages().into_iter().filter_map(|(name, text)| Some(format!("{name}: {}", fault(&text)?)));
    let faults: Vec<_> = faults.collect();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn no_diff_of_any_page_could_be_another() {
    for (name, text) in pages() {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(other) = another(line) else { continue };
            let mut wrong = lines.clone();
            wrong[at] = &other;
            assert!(fault(&wrong.join("\n")).is_some(), "{name}:{}: {other}", at + 1);
        }
    }
}

/// Returns a line that says something else than this line of a step, if this line is output.
fn another(line: &str) -> Option<String> {
    let indent = line.strip_suffix(line.trim_start())?;
    let said = line.trim_start();
    let other = match said.get(..2)? {
        "+ " => said.replacen('+', "-", 1),
        "- " if said.starts_with("- {") => said.replacen('-', "+", 1),
        "~ " => said.replacen('~', "+", 1),
        "! " | "@ " => format!("{said}, or so"),
        _ if said == "(no diff)" => "+ {}".to_owned(),
        _ => return None,
    };
    Some(format!("{indent}{other}"))
}

#[test]
fn the_index_links_to_every_page() {
    let pages = pages();
    let index = &pages.iter().find(|(name, _)| name == "README.md").expect("the index").1;
    for (name, _) in pages.iter().filter(|(name, _)| name != "README.md") {
        assert!(index.contains(&format!("]({name})")), "{name} is not in the index");
    }
}
