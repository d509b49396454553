//! Finds what a command is about: a running server, or a store that nobody runs.

use super::offline;
use crate::cli::{At, CONFIG};
use crate::client::Client;
use crate::control;
use crate::failure::Failure;
use livewell_config::{self as config, Located};
use livewell_store::{EmbeddedStore, Store as _};
use std::env;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The default address of a server.
const DEFAULT_ADDRESS: &str = "127.0.0.1:7171";
/// How long connecting to a configured address may take.
const CONNECT_MAX: Duration = Duration::from_secs(2);

/// What a command is about.
pub enum Found {
    /// A running server.
    Server(Client),
    /// The directory of a store that no process runs.
    Store(PathBuf),
}

/// Finds the server or the store: by `--server`, `--store` or `--config`, else by `LIVEWELL_SERVER`, else by
/// `livewell.yaml` in the current directory, else at the default address.
///
/// The process that runs a store is found by the control socket in its directory, and by the configured address only if
/// there is none and the server there does not have another store.
///
/// # Errors
/// Returns [`Failure::Usage`] if an address is not one or a configuration does not say where it runs, and
/// [`Failure::Failed`] if the store belongs to a process that cannot be reached.
pub fn find(at: &At) -> Result<Found, Failure> {
    if let Some(url) = &at.server {
        return server(url, at);
    }
    if let Some(store) = &at.store {
        return Ok(owner(store)?.unwrap_or_else(|| Found::Store(store.clone())));
    }
    if let Some(config) = &at.config {
        let located = config::locate(config).map_err(|problems| Failure::Usage(problems.to_string()))?;
        return configured(config, &located, at);
    }
    if let Some(url) = env::var("LIVEWELL_SERVER").ok().filter(|url| !url.is_empty()) {
        return server(&url, at);
    }
    let here = Path::new(CONFIG);
    if !here.is_file() {
        return server(&default(), at);
    }
    match config::locate(here) {
        Ok(located) => configured(here, &located, at),
        // It was not named explicitly, so another server may be meant.
        Err(problems) => {
            writeln!(
                io::stderr(),
                "{problems}note: {CONFIG} does not say where it runs, so the server at {DEFAULT_ADDRESS} is asked"
            )?;
            server(&default(), at)
        }
    }
}

/// Finds the process that a configuration is applied to: like [`find`], but by `file` if nothing else is named.
///
/// # Errors
/// Returns the errors of [`find`], and [`Failure::Failed`] if nothing runs.
pub fn running(at: &At, file: &Path) -> Result<Found, Failure> {
    let is_named = at.server.is_some() || at.store.is_some() || at.config.is_some();
    let found = if is_named || env::var("LIVEWELL_SERVER").is_ok_and(|url| !url.is_empty()) {
        find(at)?
    } else {
        let located = config::locate(file).map_err(|problems| Failure::Usage(problems.to_string()))?;
        configured(file, &located, at)?
    };
    match found {
        Found::Server(_) => Ok(found),
        Found::Store(_) => {
            let file = file.display();
            Err(Failure::failed(format!("nothing runs it; `livewell run {file}` starts with it [LW0710]")))
        }
    }
}

/// Returns the configuration that determines what the command is about, if there is one.
pub fn config(at: &At) -> Option<&Path> {
    let is_named = at.server.is_some() || at.store.is_some();
    let here = Path::new(CONFIG);
    at.config.as_deref().or_else(|| (!is_named && here.is_file()).then_some(here))
}

fn server(url: &str, at: &At) -> Result<Found, Failure> {
    Client::at(url, at.ca.as_deref()).map(Found::Server)
}

/// Returns the process that runs the store.
fn owner(store: &Path) -> Result<Option<Found>, Failure> {
    match control::connect(store) {
        Ok(None) => Ok(None),
        Ok(Some(_)) => Client::of_store(store).map(|client| Some(Found::Server(client))),
        Err(error) => Err(Failure::failed(format!(
            "cannot connect to the process that runs {}: {error}; use the user that it runs as, or its address with \
             `--server` [LW0721]",
            store.display()
        ))),
    }
}

/// Returns what runs the configuration, or its store.
fn configured(config: &Path, located: &Located, at: &At) -> Result<Found, Failure> {
    let owned = located.store.as_deref().map_or(Ok(None), owner);
    if let Ok(Some(found)) = owned {
        return Ok(found);
    }
    let mut other = None;
    if let Some(address) = located.address.filter(|address| answers(*address)) {
        let url = format!("{}://{address}", scheme(located));
        let client = Client::at(&url, at.ca.as_deref())?;
        let is_of_another = match located.store.as_deref() {
            // A process that runs the store, and cannot be reached by its socket, may well be this one.
            Some(store) => owned.is_ok() && is_of_another(&client, store),
            None => has_a_directory(&client),
        };
        if !is_of_another {
            return Ok(Found::Server(client));
        }
        other = Some(url);
    }
    owned?;
    if let Some(store) = located.store.as_deref().filter(|store| is_there(store)) {
        let (config, shown) = (config.display(), store.display());
        writeln!(io::stderr(), "note: nothing runs {config}; this is about its store {shown}")?;
        return Ok(Found::Store(store.to_owned()));
    }
    let is_by_default = located.address.is_none() && DEFAULT_ADDRESS.parse().is_ok_and(answers);
    match other.or_else(|| is_by_default.then(default)) {
        Some(url) => Err(another_answers(config, located, &url)),
        None => Err(nothing_runs(config, located)),
    }
}

/// Returns whether a server has another store than that of the configuration, which no process here runs. Two directories
/// often have the same address in their configurations, and a command in one must not change what runs in the other.
fn is_of_another(client: &Client, store: &Path) -> bool {
    if !is_there(store) {
        return true;
    }
    // Of a caller who may not ask nothing is known; a store that cannot be opened is what the command is about.
    let Ok(server) = client.get("/api/v1/server") else { return false };
    let theirs = server["store_id"].as_str().map(ToOwned::to_owned);
    offline::open(store).map_or(true, |ours| Some(format!("{:032x}", ours.id().0)) != theirs)
}

/// Returns whether a server has a store on a disk, and so is not the one of a configuration whose store is in memory.
fn has_a_directory(client: &Client) -> bool {
    // Of a caller who may not ask nothing is known.
    client.get("/api/v1/server").is_ok_and(|server| server["store"]["kind"] != "memory")
}

/// Returns whether there is a store, or something that cannot be looked at.
fn is_there(store: &Path) -> bool {
    !matches!(EmbeddedStore::exists(store), Ok(false))
}

/// Returns the failure about a configuration that nothing runs while something else has its address.
fn another_answers(config: &Path, located: &Located, url: &str) -> Failure {
    let store = if located.store.is_some() { "does not exist yet" } else { "is in memory" };
    Failure::failed(format!(
        "nothing runs {}: its store {store}, and the server at {url} has another; if you mean that one, name it: \
         `--server {url}` [LW0710]",
        config.display()
    ))
}

/// Returns the failure about a configuration that nothing runs and whose store does not exist.
fn nothing_runs(config: &Path, located: &Located) -> Failure {
    let store = located.store.as_ref().map_or_else(
        || "its store is in memory".to_owned(),
        |store| format!("there is no store in {} yet", store.display()),
    );
    let address = located.address.map_or_else(|| DEFAULT_ADDRESS.to_owned(), |address| address.to_string());
    let scheme = scheme(located);
    let which = if config == Path::new(CONFIG) { String::new() } else { format!(" {}", config.display()) };
    Failure::failed(format!(
        "nothing runs {}: {store}, and no server answers at {scheme}://{address}; start it with `livewell run{which}` [LW0710]",
        config.display()
    ))
}

fn scheme(located: &Located) -> &'static str {
    if located.has_tls { "https" } else { "http" }
}

fn default() -> String {
    format!("http://{DEFAULT_ADDRESS}")
}

/// Returns whether somebody listens there.
fn answers(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, CONNECT_MAX).is_ok()
}
