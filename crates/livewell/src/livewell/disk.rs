//! Reports on disks that are full or fail.

use crate::Error;
use crate::livewell::Livewell;
use crate::run::disk;

impl Livewell {
    /// Returns the components that wait for a disk that is full or fails, by id, each with the reason. They retry by
    /// themselves.
    pub fn waiting_for_disk(&self) -> Vec<(String, String)> {
        let roster = self.shared.roster();
        if roster.stalled() == 0 {
            return Vec::new();
        }
        let stalled = roster.all().filter(|component| component.is_stalled());
        stalled.filter_map(|component| Some((component.id.clone(), component.error()?.0))).collect()
    }

    /// Checks that the store takes commits now, before something is stopped that has to start again.
    ///
    /// # Errors
    /// Returns LW0302 if the store is full, LW0305 if its disk fails, or another error of the store.
    pub fn check_writable(&self) -> Result<(), Error> {
        disk::probe(&self.shared, &self.sweeper)
    }
}
