//! The address that a run listens on.

use super::finding::Finding;
use crate::control;
use livewell_config::Config;
use livewell_config::settings::StoreSettings;
use std::io;
use std::net::{SocketAddr, TcpListener};

const ADDRESS: &str = "address";

/// Listens on the address for a moment, as a run would.
pub fn look(config: &Config) -> Option<Finding> {
    let address = config.server.as_ref()?.listen;
    let error = match TcpListener::bind(address) {
        Ok(_) => return Some(Finding::ok(ADDRESS, address, "is free")),
        Err(error) => error,
    };
    Some(match error.kind() {
        io::ErrorKind::AddrInUse if runs(config) => {
            Finding::ok(ADDRESS, address, "is in use while a process runs the store, as it should be")
        }
        io::ErrorKind::AddrInUse => in_use(config, address),
        io::ErrorKind::PermissionDenied => {
            let found = format!("cannot be listened on: {error} [LW0709]");
            let fix = "name a port above 1023 in `server.listen`, or give the process `CAP_NET_BIND_SERVICE`";
            Finding::fail(ADDRESS, address, found, fix)
        }
        _ => {
            let found = format!("cannot be listened on: {error} [LW0709]");
            Finding::fail(ADDRESS, address, found, "name an address of this machine in `server.listen`")
        }
    })
}

fn in_use(config: &Config, address: SocketAddr) -> Finding {
    if config.store == StoreSettings::Memory {
        let found = "is in use: by the process of this configuration, or by another, which its store in memory does not tell";
        return Finding::warn(
            ADDRESS,
            address,
            found,
            "if it is another, stop it, or give `server.listen` another port",
        );
    }
    let found = "is in use by another process, perhaps a Livewell with another store [LW0709]";
    Finding::fail(ADDRESS, address, found, "stop that process, or give `server.listen` another port")
}

/// Returns whether a process runs the store of the configuration.
fn runs(config: &Config) -> bool {
    match &config.store {
        StoreSettings::Embedded(embedded) => {
            control::connect(&embedded.path).is_ok_and(|found| found.is_some())
        }
        StoreSettings::Memory => false,
    }
}
