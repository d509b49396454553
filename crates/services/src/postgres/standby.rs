//! A copy of a running cluster that follows it.

use super::{Postgres, own_folder, succeed};
use crate::process::free_port;
use std::fs;
use std::io::Write;

impl Postgres {
    /// Starts a server that follows this one as its standby, on a port of its own; `select pg_promote()` ends the
    /// following.
    ///
    /// The files are copied between `pg_backup_start` and `pg_backup_stop`: `pg_basebackup` refuses servers that are
    /// newer than itself, and not every version here has its own.
    pub fn standby(&self) -> Self {
        let (programs, settings) = (self.programs.clone(), self.settings.clone());
        let folder = own_folder(self.user);
        let standby = Self { programs, folder, user: self.user, port: free_port(), settings, server: None };
        self.copy_to(&standby);
        standby.write("data/standby.signal", "");
        let mut configuration = fs::File::options()
            .append(true)
            .open(standby.data().join("postgresql.auto.conf"))
            .expect("a cluster has such a file");
        writeln!(configuration, "primary_conninfo = '{}'", self.url()).expect("it can be written");
        let mut standby = standby;
        standby.up();
        standby
    }

    /// Copies the files of the cluster while it runs, and what is needed to make the copy whole.
    fn copy_to(&self, standby: &Self) {
        let (from, to) = (self.data(), standby.data());
        let label = self.folder.path().join("backup_label");
        // The log from the start of the backup has whatever of a file is torn or vanishes while it is copied.
        let output = self.psql(&format!(
            "select pg_backup_start('standby', fast => true) \\g /dev/null\n\
             \\! cp -a '{from}' '{to}' 2>/dev/null\n\
             select labelfile from pg_backup_stop(wait_for_archive => false) \\g '{label}'\n",
            from = from.display(),
            to = to.display(),
            label = label.display()
        ));
        succeed(&output.expect("psql can be run"));
        let text = fs::read_to_string(&label).expect("psql wrote it");
        standby.write("data/backup_label", &text);
        for of_the_other in ["postmaster.pid", "postmaster.opts"] {
            let _ = fs::remove_file(to.join(of_the_other));
        }
        for slot in fs::read_dir(to.join("pg_replslot")).expect("a cluster has that folder").flatten() {
            fs::remove_dir_all(slot.path()).expect("a copied slot can be removed");
        }
    }
}
