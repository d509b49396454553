//! How much room the data file takes, and what holds it.

use super::environment::Environment;
use crate::measure::Usage;
use rustix::fs::{StatVfs, statvfs};

/// Returns what is known at the moment: while the file is being opened again, its size is not.
pub(super) fn of(environment: &Environment) -> Usage {
    let sizes = {
        let slot = environment.slot();
        slot.live.as_ref().filter(|_| slot.broken.is_none()).map(|live| (live.data(), live.used()))
    };
    let (data_bytes, file_bytes) = sizes.unzip();
    let disk = statvfs(environment.path()).ok();
    let room = |blocks: fn(&StatVfs) -> u64| disk.as_ref().map(|disk| blocks(disk) * disk.f_frsize);
    let (snapshots, oldest_snapshot) = environment.snapshots.ages();
    Usage {
        data_bytes,
        file_bytes,
        limit_bytes: Some(environment.mapping().map_size),
        available_bytes: room(|disk| disk.f_bavail),
        disk_bytes: room(|disk| disk.f_blocks),
        snapshots: Some(snapshots as u64),
        oldest_snapshot,
        flushes: Some(environment.flushes.histogram()),
    }
}
