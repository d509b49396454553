//! Certificates made by the tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A folder of certificates and keys, readable by a server of another user.
pub struct Certificates {
    folder: TempDir,
}

impl Certificates {
    pub fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        Self { folder }
    }

    /// Returns a path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a self-signed `NAME.crt` with `NAME.key`, as `openssl req -x509` makes them by default.
    pub fn self_signed(&self, name: &str, subject: &str, alternative: &str) -> (String, String) {
        self.make(name, subject, &["-addext", &format!("subjectAltName={alternative}")])
    }

    /// Makes `NAME.crt` with `NAME.key`, signed by the certificate of another name.
    pub fn signed_by(&self, authority: &str, name: &str, subject: &str) {
        let path = |suffix: &str| self.path(&format!("{authority}.{suffix}")).display().to_string();
        self.make(name, subject, &["-CA", &path("crt"), "-CAkey", &path("key")]);
    }

    fn make(&self, name: &str, subject: &str, more: &[&str]) -> (String, String) {
        let (certificate, key) = (self.path(&format!("{name}.crt")), self.path(&format!("{name}.key")));
        let mut make = Command::new("openssl");
        make.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
        make.args(["-days", "2", "-subj", subject]).args(more);
        let output = make.arg("-out").arg(&certificate).arg("-keyout").arg(&key).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (read(&certificate), read(&key))
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}
