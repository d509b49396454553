//! Where that which runs a configuration can be found: its store and its address, read without the rest, which may be in
//! the middle of an edit.

use super::problem;
use super::problems::Problems;
use super::reading::parse;
use super::sections;
use super::settings::{ServerSettings, StoreSettings};
use super::substitute::Outside;
use super::texts::{Texts, read_text};
use livewell_query::language::Diagnostic;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where a configuration runs.
#[derive(Debug)]
pub struct Located {
    /// The directory of its store, if it has one.
    pub store: Option<PathBuf>,
    /// The address that it serves, if it serves one and the port is known.
    pub address: Option<SocketAddr>,
    /// Whether it speaks TLS there.
    pub has_tls: bool,
}

/// Reads where the configuration file at `path` runs.
///
/// # Errors
/// Returns what is wrong with the file as such, and with its section `store`.
pub fn locate(path: &Path) -> Result<Located, Problems> {
    let (text, mut problems) = (read_text(path), Vec::new());
    let read = match &text {
        Ok(text) => read(text, path, &mut problems),
        Err(reason) => {
            problems.push(problem::unreadable(path, reason));
            None
        }
    };
    match read.filter(|_| problems.is_empty()) {
        Some(located) => Ok(located),
        None => Err(Problems::new(Texts::of(path, &text.unwrap_or_default()), problems)),
    }
}

fn read(text: &str, path: &Path, problems: &mut Vec<Diagnostic>) -> Option<Located> {
    let root = match parse(text) {
        Ok(root) => root,
        Err(found) => {
            problems.extend(found);
            return None;
        }
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let outside = Outside::of_file(folder);
    let mut store = root.get("store").cloned();
    if let Some(node) = &mut store {
        outside.fill_in(node, problems);
    }
    let store = match sections::store(store.as_ref(), folder, problems) {
        StoreSettings::Memory => None,
        StoreSettings::Embedded(embedded) => Some(embedded.path),
    };
    outside.hidden.borrow().hide(problems);
    let address = root.get("server").map(|server| match server.get("listen").cloned() {
        None => Some(ServerSettings::default().listen),
        Some(mut listen) => {
            // An address that cannot be read is none to ask at; `livewell check` says what is wrong with it.
            outside.fill_in(&mut listen, &mut Vec::new());
            listen.text().and_then(|text| text.parse().ok())
        }
    });
    let has_tls = root.get("server").is_some_and(|server| server.get("tls").is_some());
    Some(Located { store, address: address.flatten().filter(|address| address.port() != 0), has_tls })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(text: &str) -> Result<(Option<PathBuf>, Option<String>), String> {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("livewell.yaml");
        std::fs::write(&path, text).unwrap();
        let Located { store, address, .. } = locate(&path).map_err(|problems| problems.to_string())?;
        let store = store.map(|store| store.strip_prefix(place.path()).unwrap().to_owned());
        Ok((store, address.map(|address| address.to_string())))
    }

    #[test]
    fn the_store_and_the_address_are_found_whatever_the_rest_says() {
        let data = |path: &str| Some(PathBuf::from(path));
        let address = |text: &str| Some(text.to_owned());
        assert_eq!(located("sources: 5\n"), Ok((data("livewell-data"), None)));
        assert_eq!(
            located(
                "store: { path: ./a/./b }\nserver: { listen: '127.0.0.1:7391', tokn: 1 }\nqueries: [{ id: '${NO_SUCH_VARIABLE}' }]\n"
            ),
            Ok((data("a/b"), address("127.0.0.1:7391")))
        );
        assert_eq!(located("store: { kind: memory }\nserver: {}\n"), Ok((None, address("127.0.0.1:7171"))));
        assert_eq!(located("server: { listen: '127.0.0.1:0' }\n"), Ok((data("livewell-data"), None)));
        assert!(
            located("store: { path: '${NO_SUCH_VARIABLE}' }\n").unwrap_err().contains("NO_SUCH_VARIABLE")
        );
        assert!(located("a: [\n").unwrap_err().contains("LW0602"));
    }
}
