//! The anchors of a page: what the part of a link behind `#` may name.

use std::collections::{BTreeMap, BTreeSet};

/// Returns the anchors of a page's headings, as the forges and mdBook derive them.
pub fn of(page: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for heading in headings(page) {
        let anchor = anchor(heading);
        let before = times.entry(anchor.clone()).or_default();
        anchors.insert(if *before == 0 { anchor } else { format!("{anchor}-{before}") });
        *before += 1;
    }
    anchors
}

/// Returns the texts of the headings that `#` begins, without those in blocks of code.
fn headings(page: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    page.lines().filter_map(move |line| {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        let text = line.trim_start_matches('#');
        let is_heading = (1..=6).contains(&(line.len() - text.len())) && text.starts_with(' ') && !is_code;
        is_heading.then(|| text.trim())
    })
}

/// Returns the anchor of a heading: its letters in lower case, its spaces as hyphens, and no other punctuation.
fn anchor(heading: &str) -> String {
    let mut anchor = String::new();
    let mut rest = heading;
    while let Some((before, link)) = rest.split_once("](") {
        anchor.push_str(before);
        rest = link.split_once(')').map_or("", |(_, after)| after);
    }
    anchor.push_str(rest);
    anchor.retain(|letter| letter.is_alphanumeric() || [' ', '-', '_'].contains(&letter));
    anchor.to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_becomes_words_joined_by_hyphens() {
        for (heading, expected) in [
            ("What it is", "what-it-is"),
            ("`kind: file`, `mode: append`", "kind-file-mode-append"),
            ("`checked`", "checked"),
            ("`on_refusal`", "on_refusal"),
            ("[Rows](rows.md) and more", "rows-and-more"),
        ] {
            assert_eq!(anchor(heading), expected);
        }
    }

    #[test]
    fn equal_headings_are_numbered_and_code_has_none() {
        let page = "# A\n\n## Cost\n\n```sh\n# not one\n```\n\n## Cost\n\n#hashtag\n";
        assert_eq!(of(page).into_iter().collect::<Vec<_>>(), ["a", "cost", "cost-1"]);
    }
}
