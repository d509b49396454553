//! The modules of a crate and what each needs from the others, read from its files.

mod names;

use super::files::Text;
use crate::outcome::Outcome;
use names::{Names, Place, names};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How often a re-exported name is followed to its origin.
const REEXPORTS_MAX: usize = 16;

/// A crate: a module for each file of its `src`.
pub struct Crate<'a> {
    texts: Vec<&'a Text>,
    names: Vec<Names>,
    at: BTreeMap<Place, usize>,
    needs: Vec<Vec<usize>>,
}

/// Reads every crate among the files.
///
/// # Errors
/// Returns an error if a file is not Rust.
pub fn crates(texts: &[Text]) -> Outcome<Vec<Crate<'_>>> {
    let mut of_folder: BTreeMap<PathBuf, Vec<&Text>> = BTreeMap::new();
    for text in texts.iter().filter(|text| text.is_rust()) {
        if let Some(source) = text.path.ancestors().find(|folder| folder.ends_with("src")) {
            of_folder.entry(source.to_owned()).or_default().push(text);
        }
    }
    of_folder.into_iter().map(|(source, texts)| Crate::read(&source, texts)).collect()
}

impl<'a> Crate<'a> {
    fn read(source: &Path, texts: Vec<&'a Text>) -> Outcome<Self> {
        let mut read =
            Self { at: BTreeMap::new(), needs: Vec::new(), names: Vec::with_capacity(texts.len()), texts };
        for (number, text) in read.texts.iter().enumerate() {
            let place = place(text.path.strip_prefix(source)?);
            read.names.push(
                names(&text.content, &place).map_err(|error| format!("{}: {error}", text.path.display()))?,
            );
            read.at.insert(place, number);
        }
        read.needs = (0..read.len()).map(|number| read.find_needs(number)).collect();
        Ok(read)
    }

    /// Returns the number of modules; they are numbered from 0.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Returns a module's file.
    pub fn text(&self, number: usize) -> &'a Text {
        self.texts[number]
    }

    /// Returns a module's path within the crate.
    pub fn name(&self, number: usize) -> String {
        let place = self.at.iter().find(|(_, at)| **at == number).map(|(place, _)| place.join("::"));
        place.filter(|name| !name.is_empty()).unwrap_or_else(|| "crate".to_owned())
    }

    /// Returns the modules from which a module names an item.
    pub fn needs(&self, number: usize) -> &[usize] {
        &self.needs[number]
    }

    fn find_needs(&self, number: usize) -> Vec<usize> {
        let used = self.names[number].used.iter();
        let needs: BTreeSet<usize> = used.filter_map(|path| self.defining(path, REEXPORTS_MAX)).collect();
        needs.into_iter().filter(|need| *need != number).collect()
    }

    /// Returns the module that defines what a path names; `None` if the path leads out of the crate.
    fn defining(&self, path: &[String], reexports_max: usize) -> Option<usize> {
        let mut place = Place::new();
        for (at, name) in path.iter().enumerate() {
            place.push(name.clone());
            if self.at.contains_key(&place) {
                continue;
            }
            place.pop();
            let module = *self.at.get(&place)?;
            let shown = self.shown(module, name).filter(|_| reexports_max > 0);
            let Some(mut from) = shown else { return Some(module) };
            from.extend_from_slice(&path[at + 1..]);
            return self.defining(&from, reexports_max - 1);
        }
        self.at.get(&place).copied()
    }

    /// Returns the origin of a name that a module shows and does not define.
    fn shown(&self, module: usize, name: &String) -> Option<Place> {
        let names = &self.names[module];
        if names.defined.contains(name) {
            return None;
        }
        if let Some(from) = names.reexported.get(name) {
            return Some(from.clone());
        }
        let has =
            |place: &&Place| self.at.get(*place).is_some_and(|at| self.names[*at].defined.contains(name));
        let mut from = names.reexported_whole.iter().find(has)?.clone();
        from.push(name.clone());
        Some(from)
    }
}

/// Returns the place of the module in a file of `src`.
fn place(path: &Path) -> Place {
    let mut place: Place =
        path.with_extension("").iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if place
        .last()
        .is_some_and(|name| name == "mod" || (place.len() == 1 && (name == "lib" || name == "main")))
    {
        place.pop();
    }
    place
}
