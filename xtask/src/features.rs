//! Each library without its features, and with each of them alone: what a program that uses one kind compiles.

use crate::cargo::{run_cargo, said_by_cargo};
use crate::outcome::Outcome;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// What cargo says of the workspace, as far as it is read here.
#[derive(Deserialize)]
struct Workspace {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    /// The features that its `Cargo.toml` declares.
    features: BTreeMap<String, Vec<String>>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    /// `lib`, `bin`, ...
    kind: Vec<String>,
}

impl Package {
    /// The argument that names what of it is checked: its library, or its programs if it has none.
    fn part(&self) -> &'static str {
        let has_library = self.targets.iter().any(|target| target.kind.iter().any(|kind| kind == "lib"));
        if has_library { "--lib" } else { "--bins" }
    }

    /// The features to check it with: none, and each alone. One that has no code of its own here is left out, since it only
    /// switches on features of this package or of another, which are checked. Of a program, whose features nobody combines
    /// with others' code, that it compiles without any is enough: all other checks are of all of them.
    fn choices(&self) -> impl Iterator<Item = &str> {
        let has_code =
            |parts: &[String]| parts.is_empty() || parts.iter().any(|part| part.starts_with("dep:"));
        let own = self.features.iter().filter(move |(_, parts)| self.part() == "--lib" && has_code(parts));
        std::iter::once("").chain(own.map(|(name, _)| name.as_str()))
    }
}

/// Checks every package of the workspace that has features.
///
/// # Errors
/// Returns the first choice of features with which one does not compile, or not without a warning.
pub fn check(root: &Path) -> Outcome<()> {
    let metadata = said_by_cargo(root, &["metadata", "--locked", "--no-deps", "--format-version", "1"])?;
    let workspace: Workspace = serde_json::from_str(&metadata)?;
    for package in workspace.packages.iter().filter(|package| !package.features.is_empty()) {
        for feature in package.choices() {
            // Clippy, because it denies warnings of one package without building all others for it.
            let begin = ["clippy", "--locked", "--no-deps", "--package", &package.name, package.part()];
            let end = ["--no-default-features", "--features", feature, "--", "--deny", "warnings"];
            run_cargo(root, &[&begin[..], &end[..]].concat(), &[])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_checked_without_features_and_with_each_alone() {
        let package = |kind: &str| -> Package {
            let features =
                r#"{"nats":["redis","dep:x"],"default":["nats"],"all":["nats","b/postgres"],"redis":[]}"#;
            let targets = format!(r#"[{{"kind":["{kind}"]}},{{"kind":["test"]}}]"#);
            let text =
                format!(r#"{{"name":"a","version":"1.0.0","features":{features},"targets":{targets}}}"#);
            serde_json::from_str(&text).unwrap()
        };
        let library = package("lib");
        assert_eq!((library.part(), library.choices().collect()), ("--lib", vec!["", "nats", "redis"]));
        let program = package("bin");
        assert_eq!((program.part(), program.choices().collect()), ("--bins", vec![""]));
    }
}
