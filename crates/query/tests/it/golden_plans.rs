//! Plans of a hundred queries of every kind, as text: whoever changes the planner sees what becomes of each.
//!
//! Each file in `tests/plans` holds queries with their settings, and behind each its two plans and the identity of its
//! state. To write them again, after a change that is meant:
//!
//! ```text
//! LIVEWELL_WRITE_PLANS=1 cargo test -p livewell-query --test it -- golden_plans
//! ```
//!
//! and then read the difference. Another identity rebuilds the state of such queries once, at the first start of the
//! version that has it.

use livewell_model::json::value_from_json;
use livewell_model::{Map, row};
use livewell_query::language::ast::LOCAL;
use livewell_query::{Engine, Join, Parameter, Settings};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Stands between two queries of a file.
const BETWEEN: &str = "====\n";

/// A query as a file has it.
#[derive(Default)]
struct Golden<'t> {
    query: &'t str,
    /// The lines of its settings.
    settings: &'t str,
}

impl<'t> Golden<'t> {
    /// Reads the part of an entry that a person writes.
    fn read(entry: &'t str) -> Self {
        let (query, rest) = entry.split_once("--- ").unwrap_or((entry, ""));
        let settings = rest.strip_prefix("settings\n").unwrap_or_default();
        Self { query, settings: settings.split("--- ").next().unwrap_or_default() }
    }

    /// The whole entry as it should be.
    fn written(&self) -> String {
        let Self { query, settings } = self;
        let (params, given) = self.settings();
        let engine = Engine::compile_with(query, &params, &given);
        let engine = engine.unwrap_or_else(|refusal| panic!("{}", refusal.render(query, "query")));
        let mut out = String::from(*query);
        if !settings.is_empty() {
            write!(out, "--- settings\n{settings}").expect("a string");
        }
        let (plan, identity) = (engine.plan(), row::key_hash(&engine.encoding()));
        write!(out, "--- logical\n{}--- physical\n{}", plan.logical_text(), plan.physical_text())
            .expect("a string");
        writeln!(out, "--- identity {identity:016x}").expect("a string");
        // What makes names unique must not show.
        assert!(!out.contains(LOCAL), "{out}");
        out
    }

    fn settings(&self) -> (Map, Settings) {
        let (mut params, mut settings) = (Vec::new(), Settings::default());
        for line in self.settings.lines() {
            match line.splitn(3, ' ').collect::<Vec<_>>().as_slice() {
                ["param", name, value] => {
                    let json = serde_json::from_str(value).expect("a value of JSON");
                    params.push((*name, value_from_json(&json).expect("a value")));
                }
                ["join", kind, keys] => {
                    let keys = keys.split(' ').map(|key| key.split_once('.').expect("label.property"));
                    let join = |join: Join, (label, property)| join.key(label, property);
                    settings.joins.push(keys.fold(Join::new(*kind), join));
                }
                ["each", name, of] => {
                    let of = serde_json::from_str(&format!("\"{of}\"")).expect("a type");
                    settings.for_each.push(Parameter { name: (*name).into(), of });
                }
                ["hops", hops] => settings.limits.hops = hops.parse().expect("a number"),
                ["versions", versions] => settings.limits.versions = versions.parse().expect("a number"),
                other => panic!("{other:?} is not a setting"),
            }
        }
        (params.into_iter().collect(), settings)
    }
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let entries = std::fs::read_dir(folder).expect("the folder of plans");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

#[test]
fn the_plans_of_a_hundred_queries_are_those_that_were_read() {
    let writes = std::env::var_os("LIVEWELL_WRITE_PLANS").is_some();
    let mut queries = BTreeSet::new();
    for file in files() {
        let text = std::fs::read_to_string(&file).expect("a file of plans");
        let mut written = Vec::new();
        for entry in text.split(BETWEEN) {
            let golden = Golden::read(entry);
            let is_new = queries.insert((golden.query.to_owned(), golden.settings.to_owned()));
            assert!(is_new, "{}: {} is there twice", file.display(), golden.query);
            let now = golden.written();
            let is_as_read = now == entry || writes;
            assert!(is_as_read, "{}: the plans were\n{entry}\nand are\n{now}", file.display());
            written.push(now);
        }
        if writes {
            std::fs::write(&file, written.join(BETWEEN)).expect("a file that can be written");
        }
    }
    assert!(queries.len() >= 100, "{} queries", queries.len());
}
