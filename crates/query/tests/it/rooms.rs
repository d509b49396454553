//! The rooms of the crate, which are the folders and files directly in `src`, use each other in one direction.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// For each room those that it uses, tests aside.
type Uses = BTreeMap<String, BTreeSet<String>>;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

fn uses() -> Uses {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut found, mut uses) = (Vec::new(), Uses::new());
    files(&root, &mut found);
    for file in found {
        let inside = file.strip_prefix(&root).expect("it was found there");
        let first = inside.iter().next().and_then(|part| part.to_str()).expect("a name");
        let room = first.trim_end_matches(".rs").to_owned();
        let text = std::fs::read_to_string(&file).expect("a source");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        for path in lines.flat_map(|line| line.split("crate::").skip(1).map(str::to_owned)) {
            let end = path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
            if path[..end] != room {
                uses.entry(room.clone()).or_default().insert(path[..end].to_owned());
            }
        }
    }
    uses.remove("lib");
    uses
}

#[test]
fn no_room_uses_one_that_uses_it() {
    let mut left = uses();
    assert!(left.len() > 10 && left["plan"].contains("operator"), "{left:?}");
    // What uses nothing that is left comes off, until nothing is left or what is left is a circle.
    loop {
        let names: BTreeSet<String> = left.keys().cloned().collect();
        let before = left.len();
        left.retain(|_, uses| !uses.is_disjoint(&names));
        if left.len() == before {
            break;
        }
    }
    assert!(left.is_empty(), "these use each other in a circle, or what does: {left:#?}");
}
