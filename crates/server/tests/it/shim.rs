//! A disk that fails and a clock that is set: a library that is preloaded into the binary, steered by files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The library, and the files by which it is steered.
pub struct Shim(TempDir);

impl Shim {
    /// Compiles it; calls on files below `disk` can fail.
    pub fn over(disk: &Path) -> (Self, Vec<(&'static str, PathBuf)>) {
        let place = TempDir::new().unwrap();
        let library = place.path().join("shim.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/failing.c");
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
        let made = Command::new(compiler)
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(source)
            .arg("-ldl")
            .output();
        let made = made.expect("the C compiler that the store needs, too");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let shim = Self(place);
        let environment = vec![
            ("LD_PRELOAD", library),
            ("LIVEWELL_TEST_DISK", disk.canonicalize().unwrap()),
            ("LIVEWELL_TEST_FAILS", shim.0.path().join("fails")),
            ("LIVEWELL_TEST_CLOCK", shim.0.path().join("clock")),
        ];
        (shim, environment)
    }

    /// Has these calls fail: `sync`, `write`, `meta`; the first one only if `once` is among the words.
    pub fn fail(&self, words: &str) {
        fs::write(self.0.path().join("fails.new"), words).unwrap();
        fs::rename(self.0.path().join("fails.new"), self.0.path().join("fails")).unwrap();
    }

    /// Whether calls still fail.
    pub fn is_failing(&self) -> bool {
        self.0.path().join("fails").exists()
    }

    /// Has all calls succeed.
    pub fn mend(&self) {
        let _ = fs::remove_file(self.0.path().join("fails"));
    }

    /// Sets the clock off by so many seconds.
    pub fn set_clock(&self, seconds: i64) {
        fs::write(self.0.path().join("clock.new"), seconds.to_string()).unwrap();
        fs::rename(self.0.path().join("clock.new"), self.0.path().join("clock")).unwrap();
    }
}
