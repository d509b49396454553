//! Where paths lead, with every link followed, also one to a file that does not exist yet.

use std::io;
use std::path::{Component, Path, PathBuf};

/// How many links are followed before they count as a circle; Linux follows as many.
const LINKS_MAX: usize = 40;

/// The path without links, `.` and `..`, whether it exists or not.
pub fn resolved(path: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    let mut ahead: Vec<PathBuf> = parts(&absolute);
    let (mut resolved, mut links) = (PathBuf::new(), 0);
    while let Some(part) = ahead.pop() {
        if part == Path::new("..") {
            resolved.pop();
            continue;
        }
        resolved.push(&part);
        // What is not a link, or not there, resolves to itself.
        let Ok(target) = std::fs::read_link(&resolved) else { continue };
        links += 1;
        if links > LINKS_MAX {
            return Err(io::Error::other("too many links"));
        }
        resolved.pop();
        ahead.extend(parts(&target));
    }
    Ok(resolved)
}

/// The components of a path but `.`, the last one first.
fn parts(path: &Path) -> Vec<PathBuf> {
    let parts = path.components().filter(|part| !matches!(part, Component::CurDir));
    parts.rev().map(|part| PathBuf::from(part.as_os_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_also_to_what_is_not_there_yet() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().canonicalize().unwrap();
        fs::create_dir(folder.join("in")).unwrap();
        symlink("/nowhere/yet", folder.join("in/dangling")).unwrap();
        symlink("../out", folder.join("in/up")).unwrap();
        symlink("circle", folder.join("in/circle")).unwrap();
        for (path, expected) in [
            ("in/a/b.jsonl", "in/a/b.jsonl"),
            ("in/./a/../b", "in/b"),
            ("in/up/x/y", "out/x/y"),
            ("in/up/../z", "z"),
            ("in/missing/../../z", "z"),
        ] {
            assert_eq!(resolved(&folder.join(path)).unwrap(), folder.join(expected), "{path}");
        }
        assert_eq!(resolved(&folder.join("in/dangling")).unwrap(), Path::new("/nowhere/yet"));
        assert!(resolved(&folder.join("in/circle")).is_err());
    }
}
