//! The binary as a user runs it: what it prints and how it exits.

mod api;
mod applied;
mod asked;
mod attacked;
mod audience;
mod audited;
mod backups;
mod bank;
mod begin;
mod bound;
mod browser;
mod budget;
mod came_in;
mod cases;
#[expect(dead_code, reason = "the tests of `link` make more kinds")]
#[path = "../../../link/tests/it/certificates.rs"]
mod certificates;
mod chain;
mod changing;
mod check;
mod clients;
mod clocks;
mod command_line;
mod commands;
mod compared;
mod conditional;
mod console;
mod control;
mod cors;
mod crowded;
mod damaged;
mod demonstrations;
mod disk;
mod doctor;
mod documents;
mod downloaded;
mod erased;
mod exact;
mod expired;
mod explain;
mod explained;
mod exported;
mod exposed;
mod failing;
mod files;
mod followers;
mod for_each;
mod for_each_killed;
mod foreseen;
mod guessed;
mod guide_configs;
mod hostile;
mod hung_up;
mod included;
mod inspect;
mod items;
mod joined;
mod kafka;
mod kafka_out;
mod kept;
mod killed;
mod known;
mod leftover;
mod logged;
mod many;
mod mapped;
mod metrics;
mod monitored;
mod moved;
mod mysql;
mod nats;
mod offline;
#[cfg(feature = "oidc")]
mod oidc;
mod operating;
mod ordered;
mod orders_of;
mod owned;
mod packaged;
mod pages;
mod parked;
mod place;
mod posted;
mod probed;
mod recipes;
mod redefined;
mod refused;
mod rotated;
mod running;
mod schema;
mod secrets;
mod shim;
mod shop;
mod shown;
#[path = "../../../store/tests/it/small_disk.rs"]
mod small_disk;
mod standing;
mod targets;
mod tls;
mod tokens;
#[cfg(feature = "otel")]
mod traced;
mod tried;
mod troubled;
mod twins;
mod two_places;
mod unwound;
mod upstream;
mod vast;
mod verified;
mod watched;

use std::path::PathBuf;
use std::process::{Command, Output};

/// `livewell` with these arguments, run in the folder of the sample configurations.
fn livewell(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_livewell"))
        .args(arguments)
        .current_dir(configs())
        .env("LIVEWELL_TEST_NAME", "ops")
        .env("LIVEWELL_TEST_LIMIT", "60")
        .env_remove("NO_SUCH_VARIABLE")
        .output()
        .unwrap()
}

fn configs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/configs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
