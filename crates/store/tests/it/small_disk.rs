//! A small file system in memory, to be filled. The tests of the server use this file, too.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Mounted until it is dropped.
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// Mounts one of so many MiB; returns `None`, with a notice, if none can be mounted.
    pub fn mount(mib: u32) -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let size = format!("size={mib}m");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(place.path()).output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(Self(place));
        }
        let message = "NOT CHECKED: a full disk: no small file system can be mounted here\n";
        std::io::stderr().write_all(message.as_bytes()).unwrap();
        None
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}
