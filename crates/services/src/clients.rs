//! The clients in `clients/`: their packages built in a folder of their own, so that tests at the same time do not get
//! into each other's way.

use crate::process::{in_path, locked};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// What is made by building and never copied.
const BUILT: [&str; 7] = ["node_modules", "dist", "built", "build", "__pycache__", ".mypy_cache", "target"];

/// A copy of `clients/` in which the client for TypeScript can be compiled; dropping this removes it.
#[derive(Debug)]
pub struct Typescript {
    node: PathBuf,
    npm: PathBuf,
    folder: TempDir,
}

impl Typescript {
    /// Copies the client, with the packages that it is compiled with; `None` if there is no node or no npm.
    ///
    /// # Panics
    /// If the packages cannot be installed.
    pub fn copy(root: &Path) -> Option<Self> {
        let (node, npm) = (in_path(&["node"])?, in_path(&["npm"])?);
        let packages = packages(&npm, &root.join("clients/typescript"));
        let folder = copy(root);
        let link = folder.path().join("clients/typescript/node_modules");
        std::os::unix::fs::symlink(packages, link).expect("a link can be made");
        Some(Self { node, npm, folder })
    }

    /// Returns the folder of the package.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("clients/typescript")
    }

    /// Returns node with these arguments, in the folder of the package.
    pub fn node(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.node);
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// Returns npm with these arguments, in `folder`.
    pub fn npm(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.npm);
        command.args(arguments).current_dir(folder).stdin(Stdio::null());
        command
    }

    /// Compiles `dist`, `built` or `page`, as `build.mjs` describes them.
    ///
    /// # Panics
    /// If that fails; the message has what the compiler says.
    pub fn build(&self, what: &str) {
        run(&mut self.node(&["build.mjs", what]));
    }

    /// Makes the package in `to`; returns its file.
    ///
    /// # Panics
    /// If that fails.
    pub fn pack(&self, to: &Path) -> PathBuf {
        self.build("dist");
        let place = to.to_str().expect("a path is UTF-8");
        let said = run(&mut self.npm(&self.path(), &["pack", "--silent", "--pack-destination", place]));
        to.join(said.trim())
    }
}

/// Returns python3; `None` if there is none, or it has neither venv nor pip.
pub fn python() -> Option<PathBuf> {
    let python = in_path(&["python3"])?;
    let mut asked = Command::new(&python);
    asked.args(["-c", "import ensurepip, venv"]).stdout(Stdio::null()).stderr(Stdio::null());
    asked.status().is_ok_and(|status| status.success()).then_some(python)
}

/// Makes the wheel of the client for Python in `to`, as of `time`, in seconds since 1970; returns its file, or `None` without
/// [`python`].
///
/// # Panics
/// If that fails.
pub fn wheel(root: &Path, to: &Path, time: u64) -> Option<PathBuf> {
    let python = python()?;
    let folder = copy(root);
    let pip = venv(&python, &folder.path().join("venv")).join("pip");
    let mut build = Command::new(pip);
    build.args(["wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--wheel-dir"]).arg(to);
    build.arg(folder.path().join("clients/python")).env("SOURCE_DATE_EPOCH", time.to_string());
    run(&mut build);
    let mut files = fs::read_dir(to).expect("the folder can be read").flatten().map(|entry| entry.path());
    files.find(|path| path.extension().is_some_and(|of| of == "whl"))
}

/// Makes an empty environment of Python; returns the folder of its programs.
///
/// # Panics
/// If that fails.
pub fn venv(python: &Path, place: &Path) -> PathBuf {
    run(Command::new(python).args(["-m", "venv"]).arg(place));
    place.join("bin")
}

/// Runs a program to its end; returns what it prints.
///
/// # Panics
/// If it fails; the message has everything that it says.
pub fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} failed:\n{out}\n{err}");
    out.into_owned()
}

/// Installs the packages of the lock file, unless they are there; no script of a package is run. Returns their folder.
fn packages(npm: &Path, folder: &Path) -> PathBuf {
    let lock = fs::read(folder.join("package-lock.json")).expect("there is a lock file");
    let modules = folder.join("node_modules");
    let installed = modules.join(".installed-for");
    let is_there = || fs::read(&installed).is_ok_and(|of| of == lock);
    if !is_there() {
        locked(|| {
            // Another test may have installed them meanwhile.
            if !is_there() {
                let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
                run(Command::new(npm).args(install).current_dir(folder));
                fs::write(&installed, &lock).expect("a file can be written");
            }
        });
    }
    modules
}

/// Copies `clients/` without what was built, and the licence into each package.
fn copy(root: &Path) -> TempDir {
    let folder = TempDir::with_prefix("livewell-clients-").expect("a temporary directory can be made");
    let clients = folder.path().join("clients");
    copy_folder(&root.join("clients"), &clients).expect("the clients can be copied");
    for package in ["typescript", "python"] {
        let to = clients.join(package).join("LICENSE");
        fs::copy(root.join("LICENSE"), to).expect("the licence can be copied");
    }
    folder
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, to, kind) = (entry.path(), to.join(entry.file_name()), entry.file_type()?);
        if BUILT.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if kind.is_dir() {
            copy_folder(&path, &to)?;
        } else if kind.is_file() {
            fs::copy(path, to)?;
        }
    }
    Ok(())
}
