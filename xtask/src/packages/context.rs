//! The build context of the image: what `.dockerignore` leaves of the repository is enough to build it.

use crate::cargo::said_by_cargo;
use crate::outcome::Outcome;
use std::fs;
use std::path::Path;

/// Copies the context into a plain folder, and lets cargo resolve the build of the Dockerfile there.
///
/// # Errors
/// Returns an error if a file is missing that the workspace needs, or that the Dockerfile copies.
pub fn check(root: &Path) -> Outcome<()> {
    let place = tempfile::tempdir()?;
    copy_to(root, place.path())?;
    let dockerfile = fs::read_to_string(root.join("deploy/docker/Dockerfile"))?;
    if let Some(file) = copied(&dockerfile).find(|file| !place.path().join(file).exists()) {
        return Err(format!("the Dockerfile copies `{file}`, which the context does not have").into());
    }
    said_by_cargo(place.path(), &["metadata", "--locked", "--format-version", "1", "--quiet"])?;
    Ok(())
}

/// Copies what `.dockerignore` leaves of the repository.
///
/// # Errors
/// Returns an error if a file cannot be read or written.
pub fn copy_to(root: &Path, place: &Path) -> Outcome<()> {
    let ignored = fs::read_to_string(root.join(".dockerignore"))?;
    let ignored =
        Ignored(ignored.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect());
    copy(root, root, place, &ignored)
}

/// The lines of `.dockerignore`: a path from the root, or `**/NAME`, which is a name anywhere.
struct Ignored<'a>(Vec<&'a str>);

impl Ignored<'_> {
    fn has(&self, path: &Path) -> bool {
        self.0.iter().any(|line| match line.strip_prefix("**/") {
            Some(name) => path.file_name().is_some_and(|have| have == name),
            None => path == Path::new(line.trim_start_matches('/')),
        })
    }
}

fn copy(root: &Path, folder: &Path, to: &Path, ignored: &Ignored<'_>) -> Outcome<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if ignored.has(path.strip_prefix(root)?) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(root, &path, &to, ignored)?;
        } else if entry.file_type()?.is_file() {
            fs::copy(path, to)?;
        }
    }
    Ok(())
}

/// Returns the files of the context that a Dockerfile copies by name.
fn copied(dockerfile: &str) -> impl Iterator<Item = &str> {
    let copies = dockerfile.lines().filter_map(|line| line.strip_prefix("COPY "));
    let copies = copies.filter(|line| !line.contains("--from="));
    copies.filter_map(|line| line.split(' ').find(|word| !word.starts_with("--")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_ignored_from_the_root_and_names_anywhere() {
        let ignored = Ignored(vec!["/target", "**/livewell-data"]);
        for (path, is_ignored) in [
            ("target", true),
            ("xtask/target", false),
            ("examples/flights/livewell-data", true),
            ("crates/livewell", false),
        ] {
            assert_eq!(ignored.has(Path::new(path)), is_ignored, "{path}");
        }
    }

    #[test]
    fn what_comes_from_the_context_is_told_from_other_stages() {
        let dockerfile =
            "COPY . .\nCOPY --from=build /a /b\nCOPY --chmod=0755 deploy/health /usr/bin/health\n";
        assert_eq!(copied(dockerfile).collect::<Vec<_>>(), [".", "deploy/health"]);
    }
}
