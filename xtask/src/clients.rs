//! The clients in `clients/`: their sizes, versions and types. Their tests are part of `crates/server/tests/it/clients`.

use crate::outcome::Outcome;
use crate::{packages, tools};
use livewell_services::clients::{Typescript, python, venv};
use std::fs;
use std::path::{Path, PathBuf};

/// Beyond this, a file holds two things.
const LINES_MAX: usize = 300;
/// What checks the types of the client for Python.
const MYPY: &str = "2.4.1";

/// Checks everything; what needs a program that is not there is named and left out.
///
/// # Errors
/// Returns an error if a rule is broken or a check fails.
pub fn check(root: &Path) -> Outcome<()> {
    versions(root)?;
    for folder in ["clients/typescript", "clients/python"] {
        sizes(&root.join(folder))?;
    }
    lock(&fs::read_to_string(root.join("clients/typescript/package-lock.json"))?)?;
    match Typescript::copy(root) {
        Some(client) => tools::run(Path::new("npm"), &client.path(), &["run", "--silent", "check"])?,
        None => left_out("node with npm", "the types of the client for TypeScript"),
    }
    match python() {
        Some(python) => {
            tools::run(&mypy(root, &python)?, &root.join("clients/python"), &["--no-incremental"])
        }
        None => {
            left_out("python3 with venv and pip", "the types of the client for Python");
            Ok(())
        }
    }
}

/// Checks that the packages have the version of the product.
fn versions(root: &Path) -> Outcome<()> {
    let version = packages::version(root)?;
    for (file, line) in [
        ("clients/typescript/package.json", format!("\n  \"version\": \"{version}\",\n")),
        ("clients/python/pyproject.toml", format!("\nversion = \"{version}\"\n")),
    ] {
        if !fs::read_to_string(root.join(file))?.contains(&line) {
            return Err(format!("{file} should have `{}`", line.trim()).into());
        }
    }
    Ok(())
}

/// Checks that no file is too long to be read at once, and that each says what it is for.
fn sizes(folder: &Path) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["node_modules", "dist", "built", "build", "__pycache__"].contains(&name.as_str())
                && !name.starts_with('.')
            {
                sizes(&path)?;
            }
            continue;
        }
        let begins = match path.extension().and_then(|of| of.to_str()) {
            Some("ts" | "tsx") => "/*",
            Some("js" | "mjs") => "// ",
            Some("py") => "\"\"\"",
            _ => continue,
        };
        let text = fs::read_to_string(&path)?;
        let lines = text.lines().count();
        if lines > LINES_MAX {
            return Err(format!("{}: {lines} lines, of at most {LINES_MAX}", path.display()).into());
        }
        // Examples are explained by the page that shows them.
        if !text.is_empty() && !text.starts_with(begins) && !folder.ends_with("examples") {
            return Err(format!("{}: begin the file with what it is for", path.display()).into());
        }
    }
    Ok(())
}

/// Checks that every package has a hash, and none an address: one of a mirror works only where that is.
fn lock(lock: &str) -> Outcome<()> {
    let count = |part: &str| lock.matches(part).count();
    if count("\"resolved\"") > 0 || count("\"node_modules/") != count("\"integrity\": \"sha512-") {
        return Err("clients/typescript/package-lock.json: a package has an address, or no hash".into());
    }
    Ok(())
}

/// Returns mypy, which is installed in `target/tools` if necessary.
fn mypy(root: &Path, python: &Path) -> Outcome<PathBuf> {
    let place = root.join("target/tools").join(format!("mypy-{MYPY}"));
    let program = place.join("bin/mypy");
    if !program.is_file() {
        fs::create_dir_all(root.join("target/tools"))?;
        let pip = venv(python, &place).join("pip");
        let package = format!("mypy=={MYPY}");
        tools::run(&pip, root, &["install", "--quiet", "--disable-pip-version-check", &package])?;
    }
    Ok(program)
}

#[expect(clippy::print_stderr, reason = "a chore says what it left out")]
fn left_out(missing: &str, what: &str) {
    eprintln!("NOT CHECKED, since there is no {missing}: {what}");
}
