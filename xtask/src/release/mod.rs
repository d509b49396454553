//! A release: the binary in an archive, the packages of the clients, the notes, a list of everything that is in it, and checksums.
//!
//! The same commit gives the same bytes, as far as this can be ensured here: the toolchain is the one that is installed,
//! paths of the machine are kept out of the binary, and every time is that of the commit.

mod archive;
mod bill;
mod clients;
mod notes;

use crate::cargo::run_cargo;
use crate::outcome::Outcome;
use crate::packages;
use archive::Entry;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The files beside the binary, each with its place in the archive.
const FILES: [(&str, &str); 6] = [
    ("README.md", "README.md"),
    ("CHANGELOG.md", "CHANGELOG.md"),
    ("LICENSE", "LICENSE"),
    ("deploy/systemd/livewell.service", "systemd/livewell.service"),
    ("deploy/systemd/livewell.sysusers", "systemd/livewell.sysusers"),
    ("deploy/systemd/livewell.yaml", "systemd/livewell.yaml"),
];

/// Makes the files of a release in `target/release-VERSION`.
///
/// A dry run does the same with a binary that is not optimized, in `target/rehearsal-VERSION`, and accepts what a release
/// does not: a commit with changes beside it, and a section of the changelog without a date.
///
/// # Errors
/// Returns an error if the tree has changes, the changelog has no section for the version, or a step fails.
#[expect(clippy::print_stderr, reason = "a chore says where its outcome is")]
pub fn make(root: &Path, is_dry: bool) -> Outcome<()> {
    let version = packages::version(root)?;
    let changelog = fs::read_to_string(root.join("CHANGELOG.md"))?;
    let notes = notes::of(&changelog, &version, is_dry)?;
    if !is_dry && !said(root, "git", &["status", "--porcelain"])?.is_empty() {
        return Err("there are changes that are not committed; `--dry-run` accepts them".into());
    }
    let time: u64 = said(root, "git", &["log", "-1", "--format=%ct"])?.trim().parse()?;
    let name = format!("livewell-{version}-{}", host(root)?);
    let binary = build(root, is_dry, time)?;
    let place =
        root.join("target").join(format!("{}-{version}", if is_dry { "rehearsal" } else { "release" }));
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&place)?;
    let mut entries = vec![Entry { path: "livewell".into(), content: fs::read(binary)?, is_program: true }];
    for (file, path) in FILES {
        let content = fs::read(root.join(file)).map_err(|error| format!("{file}: {error}"))?;
        entries.push(Entry { path: path.into(), content, is_program: false });
    }
    fs::write(place.join(format!("{name}.tar.gz")), archive::packed(&name, entries, time)?)?;
    fs::write(place.join(format!("livewell-{version}.cdx.json")), bill::of(root, time)?)?;
    clients::make(root, &place, time)?;
    fs::write(place.join("NOTES.md"), notes)?;
    fs::write(place.join("SHA256SUMS"), checksums(&place)?)?;
    eprintln!("the release is in {}", place.display());
    Ok(())
}

/// Builds the binary and returns its path.
fn build(root: &Path, is_dry: bool, time: u64) -> Outcome<PathBuf> {
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let cargo_home = cargo_home.ok_or("there is no home directory")?;
    // No path of this machine gets into the binary, neither from Rust nor from C.
    let paths = [(root, "/livewell"), (cargo_home.as_path(), "/cargo")];
    let flags = |flag: &str| {
        let flags = paths.iter().map(|(from, to)| format!("{flag}={}={to}", from.display()));
        flags.collect::<Vec<_>>().join(" ")
    };
    let (rust, c, time) = (flags("--remap-path-prefix"), flags("-ffile-prefix-map"), time.to_string());
    let variables = [
        ("RUSTFLAGS", rust.as_str()),
        ("CFLAGS", &c),
        ("SOURCE_DATE_EPOCH", &time),
        ("CARGO_INCREMENTAL", "0"),
    ];
    let build = ["build", "--locked", "--package", "livewell-server"];
    if is_dry {
        run_cargo(root, &build, &[])?;
        return Ok(root.join("target/debug/livewell"));
    }
    run_cargo(root, &[&build[..], &["--release"]].concat(), &variables)?;
    Ok(root.join("target/release/livewell"))
}

/// Returns the lines of `SHA256SUMS` for the files of a folder, as `sha256sum` writes and checks them.
fn checksums(place: &Path) -> Outcome<String> {
    let mut names = fs::read_dir(place)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Outcome<Vec<String>>>()?;
    names.sort();
    let mut lines = String::new();
    for name in names {
        let hash = Sha256::digest(fs::read(place.join(&name))?);
        for byte in hash {
            write!(lines, "{byte:02x}")?;
        }
        writeln!(lines, "  {name}")?;
    }
    Ok(lines)
}

/// Returns the triple of this machine, such as `x86_64-unknown-linux-gnu`.
fn host(root: &Path) -> Outcome<String> {
    let said = said(root, "rustc", &["-vV"])?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc does not say what its host is")?.to_owned())
}

/// Returns what a program prints.
fn said(root: &Path, program: &str, arguments: &[&str]) -> Outcome<String> {
    let output = Command::new(program).args(arguments).current_dir(root).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!("failed: {program} {}: {}", arguments.join(" "), why.trim()).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_sha256sum() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("b"), "abc").unwrap();
        fs::write(place.path().join("a"), "").unwrap();
        let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a\n\
            ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b\n";
        assert_eq!(checksums(place.path()).unwrap(), expected);
    }
}
