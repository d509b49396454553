//! The configuration file: YAML to settings. Only this folder knows YAML.
//!
//! The text becomes a tree with places ([`tree`]), values from outside are filled in ([`substitute`]), each
//! section is read into settings ([`sections`], [`deserialize`]), and what spans sections is checked
//! ([`references`], [`query`]). Problems are collected on the way and shown together.

mod align;
mod deserialize;
mod files;
pub mod known;
mod limits;
mod located;
mod problem;
mod query;
mod references;
mod secret;
mod sections;
mod server;
pub mod settings;
mod substitute;
mod tree;

pub use located::{Located, locate};
pub use problem::Problems;

use livewell_query::language::Diagnostic;
use livewell_reaction::Settings as ReactionSettings;
use livewell_source::settings::SourceSettings;
use settings::{QuerySettings, ServerSettings, StoreSettings};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use substitute::{Hidden, Outside};
use tree::Node;

/// A configuration that was found in order.
#[derive(Debug)]
pub struct Config {
    /// Where everything durable lives.
    pub store: StoreSettings,
    /// The API, if it is to be served.
    pub server: Option<ServerSettings>,
    /// The sources, in the order of the file.
    pub sources: Vec<SourceSettings>,
    /// The queries, in the order of the file.
    pub queries: Vec<QuerySettings>,
    /// The reactions, in the order of the file.
    pub reactions: Vec<ReactionSettings>,
    /// What all of this was read from, with the values from outside filled in.
    root: Node,
    place: Place,
    hidden: Hidden,
}

/// Where the configuration lies.
#[derive(Debug, Clone)]
struct Place {
    /// The folder that paths are relative to.
    folder: PathBuf,
    /// The file itself.
    file: PathBuf,
}

impl Config {
    /// This configuration with the item `id` of `section` (`sources`, `queries` or `reactions`) as `text` of a call has
    /// it, in YAML or JSON, or without it.
    ///
    /// # Errors
    /// Everything that is wrong with the result, and what calls may not say: see [`files`] and [`substitute`].
    pub fn with(&self, section: &str, id: &str, text: Option<&str>) -> Result<Self, Vec<Diagnostic>> {
        let allowed = self.server.as_ref().map(|server| &server.allowed_environment[..]).unwrap_or_default();
        let outside = Outside {
            folder: &self.place.folder,
            variable: &|name| std::env::var(name).ok(),
            called: Some(allowed),
            hidden: RefCell::new(self.hidden.clone()),
        };
        let (made, hidden) = (self.made(section, id, text, &outside), outside.hidden.into_inner());
        match made {
            Ok(config) => Ok(Self { hidden, ..config }),
            Err(mut problems) => {
                hidden.hide(&mut problems);
                Err(problems)
            }
        }
    }

    /// The ids of all components.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let sources = self.sources.iter().map(SourceSettings::id);
        let queries = self.queries.iter().map(|query| query.id.as_str());
        sources.chain(queries).chain(self.reactions.iter().map(|reaction| reaction.shared.id.as_str()))
    }

    /// The ids of what names the component `id`: sources that come after it, queries and reactions that read it.
    pub fn readers(&self, id: &str) -> Vec<&str> {
        let sources = self.sources.iter().filter(|source| source.after().iter().any(|name| name == id));
        let queries = self.queries.iter().filter(|query| query.sources.iter().any(|name| name == id));
        let reactions = self.reactions.iter().map(|reaction| &reaction.shared);
        let reactions = reactions.filter(|reaction| reaction.queries.iter().any(|name| name == id));
        let upstream = sources.map(|source| source.id()).chain(queries.map(|query| query.id.as_str()));
        upstream.chain(reactions.map(|reaction| reaction.id.as_str())).collect()
    }

    fn made(
        &self,
        section: &str,
        id: &str,
        text: Option<&str>,
        outside: &Outside<'_>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut item = text.map(parse).transpose()?;
        let mut problems = Vec::new();
        if let Some(item) = &mut item {
            outside.fill_in(item, &mut problems);
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut root = self.root.clone();
        let is_called = item.is_some();
        root.set_item(section, id, item);
        let config = of_tree(&root, text.unwrap_or_default(), &self.place)?;
        if is_called {
            files::check_called(&config, id, &mut problems);
        }
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }
}

/// Reads the configuration file at `path`. Relative paths in it become relative to its directory.
///
/// # Errors
/// Everything that is wrong with it, each at its place.
pub fn load(path: &Path) -> Result<Config, Problems> {
    load_with_text(path).map(|(config, _)| config)
}

/// Reads the configuration file at `path` as [`load`] does, and looks at what can be known beside its text: has each query
/// begin over the empty graph, and holds templates to the headers of tables that are there. Gives warnings, too.
///
/// # Errors
/// As [`load`], and for each component that would be in error. That is no fault of the configuration as such: a run has
/// that component alone in error, and over a store that has elements already a query may have a value.
pub fn check(path: &Path) -> Result<(Config, Vec<String>), Problems> {
    let (config, text) = load_with_text(path)?;
    let mut found = known::problems(&text, &config);
    if !found.is_empty() {
        config.hidden.hide(&mut found);
        secret::hide_in(&mut found, &text, Some(&config.root));
        return Err(Problems::new(path.to_owned(), &text, found));
    }
    let warnings = known::warnings(&text, &config, &path.display().to_string());
    Ok((config, warnings))
}

fn load_with_text(path: &Path) -> Result<(Config, String), Problems> {
    let text = read_text(path)
        .map_err(|reason| Problems::new(path.to_owned(), "", vec![problem::unreadable(path, &reason)]))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let outside = Outside::of_file(folder);
    let place = Place { folder: folder.to_owned(), file: path.to_owned() };
    let (read, hidden) = (read(&text, &outside, &place), outside.hidden.into_inner());
    match read {
        Ok(config) => Ok((Config { hidden, ..config }, text)),
        Err(mut found) => {
            hidden.hide(&mut found);
            Err(Problems::new(path.to_owned(), &text, found))
        }
    }
}

fn read_text(path: &Path) -> Result<String, String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > tree::TEXT_BYTES_MAX as u64 {
        return Err(format!("it has {length} bytes, more than the {} that are read", tree::TEXT_BYTES_MAX));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes)
        .map_err(|error| format!("it is not UTF-8 text from byte {} on", error.utf8_error().valid_up_to()))
}

fn read(text: &str, outside: &Outside<'_>, place: &Place) -> Result<Config, Vec<Diagnostic>> {
    let mut root = parse(text)?;
    let mut problems = Vec::new();
    outside.fill_in(&mut root, &mut problems);
    if !problems.is_empty() {
        secret::hide_in(&mut problems, text, Some(&root));
        // What a missing value would have made of the rest is not known.
        return Err(problems);
    }
    of_tree(&root, text, place)
}

/// The text as a tree; what keeps it from being one names none of its secrets.
fn parse(text: &str) -> Result<Node, Vec<Diagnostic>> {
    tree::parse(text).map_err(|problem| {
        let mut problems = vec![problem];
        secret::hide_in(&mut problems, text, None);
        problems
    })
}

fn of_tree(root: &Node, text: &str, place: &Place) -> Result<Config, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let read = sections::read(root, &place.folder, &mut problems);
    references::check(&read, &mut problems);
    files::check(&read, place, &mut problems);
    query::check(text, &read, &mut problems);
    if !problems.is_empty() {
        secret::hide_in(&mut problems, text, Some(root));
        return Err(problems);
    }
    Ok(read.into_config(root.clone(), place.clone()))
}
