//! What mdBook reads: `docs/` as it is, but for three things.
//!
//! A folder's `README.md` is its `index.md`, for mdBook renames such a page and not the links to it.
//! A link that leaves `docs/` leads to the repository on the web, since the book has only what is in `docs/`.
//! And error codes and design decisions are chapters below their index, in its order, so that nobody has to list them
//! twice.

use crate::outcome::Outcome;
use crate::tidy::links::joined;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

/// Where the files of the repository are on the web.
const REPOSITORY: &str = "https://github.com/livewell/livewell/blob/main";

/// The folders whose `README.md` is an index in which each page has a line: `| [NAME](PAGE) | title |`.
const INDEXED: [&str; 2] = ["errors", "design"];

/// Writes the source of the book to the folder `place`.
///
/// # Errors
/// Returns an error if a file cannot be read or written.
pub fn write(root: &Path, place: &Path) -> Outcome<()> {
    let docs = root.join("docs");
    fs::create_dir_all(place)?;
    copy(&docs, Path::new("docs"), place)?;
    let mut summary = fs::read_to_string(docs.join("SUMMARY.md"))?;
    for folder in INDEXED {
        let index = fs::read_to_string(docs.join(folder).join("README.md"))?;
        summary = with_chapters(&summary, folder, &index)?;
    }
    fs::write(place.join("SUMMARY.md"), with_links(&summary, Path::new("docs")))?;
    Ok(())
}

/// Copies a folder of the repository; `from` is its path there.
fn copy(folder: &Path, from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(folder)? {
        let (entry, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        let to = to.join(if name == "README.md" { OsStr::new("index.md") } else { &name });
        if entry.is_dir() {
            copy(&entry, &from.join(&name), &to)?;
        } else if entry.extension().is_some_and(|extension| extension == "md") {
            fs::write(to, with_links(&fs::read_to_string(&entry)?, from))?;
        } else {
            fs::copy(entry, to)?;
        }
    }
    Ok(())
}

/// Returns a page of the folder `from` with the links that leave `docs/` leading to the repository.
fn with_links(page: &str, from: &Path) -> String {
    let mut parts = page.split("](");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("](");
        let target = part.split([')', '#']).next().unwrap_or_default();
        let path = joined(from, target);
        if target.starts_with("../") && !path.starts_with("docs") {
            out.push_str(&format!("{REPOSITORY}/{}{}", path.display(), &part[target.len()..]));
        } else if let Some(folder) = target.strip_suffix("README.md") {
            out.push_str(&format!("{folder}index.md{}", &part[target.len()..]));
        } else {
            out.push_str(part);
        }
    }
    out
}

/// Returns the table of contents with a chapter for each line of a folder's index, below the chapter of the index.
fn with_chapters(summary: &str, folder: &str, index: &str) -> Outcome<String> {
    let end = format!("]({folder}/README.md)\n");
    let (before, after) = summary
        .split_once(&end)
        .ok_or_else(|| format!("docs/SUMMARY.md has no chapter for docs/{folder}/README.md"))?;
    let mut out = format!("{before}{end}");
    for line in index.lines().filter_map(|line| line.strip_prefix("| [")) {
        if let Some((name, rest)) = line.split_once("](")
            && let Some((page, title)) = rest.split_once(") | ")
        {
            let title = without_links(title.trim_end_matches(" |"));
            out.push_str(&format!("    - [{name}: {title}]({folder}/{page})\n"));
        }
    }
    out.push_str(after);
    Ok(out)
}

/// Returns a text with the words of its links alone.
fn without_links(text: &str) -> String {
    let mut parts = text.split("](");
    let mut out = parts.next().unwrap_or_default().to_owned();
    parts.for_each(|part| out.push_str(part.split_once(')').map_or(part, |(_, after)| after)));
    out.replace('[', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_out_of_the_docs_lead_to_the_web_and_those_to_a_folder_to_its_index() {
        let page = "[a](../../README.md#try-it), [b](../errors/README.md), [c](where.md), [d](https://x/y)";
        let expected = format!(
            "[a]({REPOSITORY}/README.md#try-it), [b](../errors/index.md), [c](where.md), [d](https://x/y)"
        );
        assert_eq!(with_links(page, Path::new("docs/guide")), expected);
    }

    #[test]
    fn each_line_of_an_index_is_a_chapter() {
        let index = "# Errors\n\n| code | |\n|---|---|\n| [LW1](LW1.md) | Not JSON |\n| [LW2](LW2.md) | See [LW1](LW1.md) too |\n";
        let summary = "# Summary\n\n- [Error codes](errors/README.md)\n- [Design](design/README.md)\n";
        let expected = "# Summary\n\n- [Error codes](errors/README.md)\n    - [LW1: Not JSON](errors/LW1.md)\n    \
            - [LW2: See LW1 too](errors/LW2.md)\n- [Design](design/README.md)\n";
        assert_eq!(with_chapters(summary, "errors", index).unwrap(), expected);
        assert!(with_chapters("# Summary\n", "errors", index).is_err());
    }
}
