//! The names in one file: those that it defines, shows and uses.

use std::collections::{BTreeMap, BTreeSet};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, Path, UseTree, Visibility};

/// The place of a module in its crate: `["operator", "scan"]`; the root is empty.
pub type Place = Vec<String>;

/// The names in a module. Paths begin at the crate's root.
#[derive(Debug, Default)]
pub struct Names {
    /// Items and modules that it defines.
    pub defined: BTreeSet<String>,
    /// The names that it re-exports, with their origins.
    pub reexported: BTreeMap<String, Place>,
    /// Modules of which it re-exports everything.
    pub reexported_whole: Vec<Place>,
    /// The paths that it names, outside its own module.
    pub used: Vec<Place>,
}

/// Reads the names in the module at `place`.
///
/// # Errors
/// Returns an error if the text is not Rust.
pub fn names(content: &str, place: &Place) -> syn::Result<Names> {
    let file = syn::parse_file(content)?;
    let mut reader = Reader { place: place.clone(), names: Names::default() };
    reader.names.defined = file.items.iter().filter_map(defined).collect();
    reader.visit_file(&file);
    Ok(reader.names)
}

struct Reader {
    place: Place,
    names: Names,
}

impl Reader {
    /// Returns a path as it begins at the crate's root; `None` if it leads out of the crate.
    fn absolute(&self, mut path: Place) -> Option<Place> {
        let mut base = self.place.clone();
        match path.first()?.as_str() {
            "crate" => base.clear(),
            "self" => {}
            "super" => {
                while path.first().is_some_and(|name| name == "super") {
                    base.pop()?;
                    path.remove(0);
                }
                base.append(&mut path);
                return Some(base);
            }
            name if self.names.defined.contains(name) => {
                base.append(&mut path);
                return Some(base);
            }
            _ => return None,
        }
        base.extend(path.drain(1..));
        Some(base)
    }

    fn read_use(&mut self, before: &Place, tree: &UseTree, is_shown: bool) {
        match tree {
            UseTree::Path(tree) => {
                let mut path = before.clone();
                path.push(tree.ident.to_string());
                self.read_use(&path, &tree.tree, is_shown);
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.read_use(before, tree, is_shown));
            }
            UseTree::Glob(_) => {
                let Some(path) = self.absolute(before.clone()) else { return };
                let list = if is_shown { &mut self.names.reexported_whole } else { &mut self.names.used };
                list.push(path);
            }
            UseTree::Name(name) => self.read_name(before, &name.ident, &name.ident, is_shown),
            UseTree::Rename(name) => self.read_name(before, &name.ident, &name.rename, is_shown),
        }
    }

    fn read_name(&mut self, before: &Place, name: &syn::Ident, shown_as: &syn::Ident, is_shown: bool) {
        let mut path = before.clone();
        if name != "self" {
            path.push(name.to_string());
        }
        let Some(path) = self.absolute(path) else { return };
        if is_shown {
            self.names.reexported.insert(shown_as.to_string(), path);
        } else {
            self.names.used.push(path);
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if !attributes(item).iter().any(is_for_tests) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        self.place.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.place.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_shown = !matches!(item.vis, Visibility::Inherited);
        self.read_use(&Place::new(), &item.tree, is_shown);
    }

    fn visit_path(&mut self, path: &'ast Path) {
        // A name alone is from this module, or was imported.
        if path.segments.len() > 1 {
            let names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.names.used.extend(self.absolute(names));
        }
        visit::visit_path(self, path);
    }
}

fn is_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<Path>().is_ok_and(|path| path.is_ident("test"))
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        _ => &[],
    }
}

/// Returns the name that an item defines.
fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Mod(item) => &item.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
