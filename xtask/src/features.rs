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

    /// The features to check it with: none, and each alone. One that only switches on what another package has is left out:
    /// it changes nothing here, and that package is checked with it.
    fn choices(&self) -> impl Iterator<Item = &str> {
        let only_passes_on =
            |parts: &[String]| !parts.is_empty() && parts.iter().all(|part| part.contains('/'));
        let own = self.features.iter().filter(move |(_, parts)| !only_passes_on(parts));
        std::iter::once("").chain(own.map(|(name, _)| name.as_str()).filter(|name| *name != "default"))
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
        let package = r#"{"name":"a","version":"1.0.0","features":{"nats":["dep:x"],"default":["nats"],"postgres":["b/postgres"],"redis":[]},
            "targets":[{"kind":["bin"]},{"kind":["test"]}]}"#;
        let package: Package = serde_json::from_str(package).unwrap();
        assert_eq!(package.choices().collect::<Vec<_>>(), ["", "nats", "redis"]);
        assert_eq!(package.part(), "--bins");
    }
}
