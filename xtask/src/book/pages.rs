//! The links of the built pages: each leads to a file, and to an element of it if it names one.

use crate::outcome::Outcome;
use crate::tidy::links::joined;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A built page: what others may link to, and what it links to.
struct Page {
    ids: BTreeSet<String>,
    links: Vec<String>,
}

/// Returns a line for each link of the pages in a folder that leads nowhere there. Links to the web are not followed.
///
/// # Errors
/// Returns an error if a page cannot be read.
pub fn broken_links(html: &Path) -> Outcome<Vec<String>> {
    let mut pages = BTreeMap::new();
    read(html, html, &mut pages)?;
    let mut broken = Vec::new();
    for (path, page) in &pages {
        let folder = path.parent().unwrap_or(Path::new(""));
        for link in &page.links {
            let (file, id) = link.split_once('#').map_or((link.as_str(), ""), |(file, id)| (file, id));
            let target = if file.is_empty() { path.clone() } else { joined(folder, file) };
            let leads = match pages.get(&target) {
                Some(page) => id.is_empty() || page.ids.contains(id),
                None => html.join(&target).exists(),
            };
            if !leads {
                broken.push(format!("{}: the link to `{link}` leads nowhere", path.display()));
            }
        }
    }
    Ok(broken)
}

fn read(html: &Path, folder: &Path, pages: &mut BTreeMap<PathBuf, Page>) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read(html, &path, pages)?;
        } else if is_page(&path) {
            let text = fs::read_to_string(&path)?;
            pages.insert(path.strip_prefix(html)?.to_owned(), page(&text));
        }
    }
    Ok(())
}

/// Returns whether a file is a page of the book. The page for addresses that are not found has links from the root of a
/// site, and the table of contents is shown within each page, whose own links cover it.
fn is_page(path: &Path) -> bool {
    let is_other = ["404.html", "toc.html", "print.html"].iter().any(|name| path.ends_with(name));
    path.extension().is_some_and(|extension| extension == "html") && !is_other
}

fn page(text: &str) -> Page {
    let values = |attribute: &str| {
        let begin = format!(" {attribute}=\"");
        let values = text.split(&begin).skip(1).filter_map(|rest| rest.split('"').next());
        values.map(str::to_owned).collect::<Vec<_>>()
    };
    let is_here = |link: &String| {
        let is_elsewhere =
            link.contains("://") || ["data:", "mailto:"].iter().any(|begin| link.starts_with(begin));
        !link.is_empty() && !is_elsewhere
    };
    let links = ["href", "src"].iter().flat_map(|attribute| values(attribute)).filter(is_here).collect();
    Page { ids: values("id").into_iter().collect(), links }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_a_missing_page_or_element_is_found() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("guide")).unwrap();
        let write = |name: &str, text: &str| fs::write(place.path().join(name), text).unwrap();
        write(
            "index.html",
            "<h1 id=\"a\">A</h1><a href=\"guide/b.html#b\">b</a><a href=\"guide/c.html\">c</a>",
        );
        write("guide/b.html", "<h1 id=\"b\">B</h1><a href=\"../index.html#x\">x</a><a href=\"#b\">b</a>");
        write("guide/d.html", "<img src=\"d.svg\"><a href=\"https://example.com/\">web</a>");
        let expected = [
            "guide/b.html: the link to `../index.html#x` leads nowhere",
            "guide/d.html: the link to `d.svg` leads nowhere",
            "index.html: the link to `guide/c.html` leads nowhere",
        ];
        assert_eq!(broken_links(place.path()).unwrap(), expected);
    }
}
