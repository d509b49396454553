//! The pages of the error codes, as `docs/errors/` has them.

macro_rules! pages {
    ($($code:literal)*) => {
        &[$(($code, include_str!(concat!("../../../docs/errors/", $code, ".md")))),*]
    };
}

/// Every code with its page, ascending.
const PAGES: &[(&str, &str)] = pages! {
    "LW0201" "LW0202" "LW0203" "LW0204" "LW0205" "LW0206" "LW0207" "LW0208" "LW0209" "LW0210" "LW0211"
    "LW0212" "LW0213" "LW0214" "LW0215" "LW0216" "LW0217" "LW0218" "LW0219" "LW0220" "LW0221" "LW0222"
    "LW0223" "LW0224" "LW0225" "LW0226" "LW0227" "LW0300" "LW0301" "LW0302" "LW0303" "LW0304" "LW0305" "LW0307" "LW0308" "LW0310"
    "LW0311" "LW0312" "LW0401" "LW0402" "LW0403" "LW0404" "LW0405" "LW0406" "LW0407" "LW0408" "LW0409"
    "LW0410" "LW0411" "LW0412" "LW0413" "LW0414" "LW0415" "LW0416" "LW0417" "LW0418" "LW0420" "LW0421"
    "LW0422" "LW0423" "LW0501" "LW0502" "LW0503" "LW0504" "LW0505" "LW0506" "LW0507" "LW0510" "LW0511"
    "LW0520" "LW0521" "LW0522" "LW0523" "LW0524" "LW0525" "LW0526" "LW0527" "LW0528" "LW0529" "LW0530"
    "LW0531" "LW0532" "LW0533" "LW0534" "LW0535" "LW0536" "LW0537" "LW0538" "LW0539" "LW0540" "LW0541"
    "LW0542" "LW0543" "LW0544" "LW0545" "LW0546" "LW0547" "LW0601" "LW0602" "LW0603" "LW0604" "LW0605"
    "LW0606" "LW0607" "LW0608" "LW0609" "LW0610" "LW0701" "LW0702" "LW0703" "LW0704" "LW0705" "LW0706"
    "LW0707" "LW0708" "LW0709" "LW0710" "LW0712" "LW0713" "LW0714" "LW0715" "LW0716" "LW0717" "LW0718"
    "LW0719" "LW0720" "LW0721" "LW0722" "LW0723" "LW0724" "LW0725" "LW0740" "LW0741" "LW0742" "LW0743"
    "LW0760" "LW0761" "LW0762"
    "LW0780" "LW0781" "LW0790" "LW0791" "LW0800" "LW0801" "LW0802" "LW0803" "LW0804" "LW0810" "LW0811"
    "LW0820" "LW0821"
    "LW0830" "LW0831"
    "LW0840" "LW0841"
    "LW0860" "LW0861" "LW0862" "LW0863" "LW0864"
    "LW0870" "LW0871" "LW0872"
    "LW0890"
    "LW1001" "LW1002" "LW1003" "LW1004" "LW1101" "LW1102" "LW1103"
    "LW1201" "LW1202" "LW1203" "LW1204" "LW1205" "LW1206" "LW1207" "LW1208" "LW1209" "LW1301" "LW1302"
    "LW1303" "LW1304" "LW1305"
};

/// Returns whether `text` has the form of a code.
pub fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix("LW").or_else(|| text.strip_prefix("lw"));
    digits.is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Returns the title of a code's page, if there is one.
pub fn title(code: &str) -> Option<&'static str> {
    page(code)?.lines().next()?.split_once(": ").map(|(_, title)| title)
}

/// Returns what to do about an error that ends with its code, in a sentence, for the component `id`.
pub fn fix(error: &str, id: &str) -> Option<String> {
    let code = error.strip_suffix(']')?.rsplit_once('[')?.1;
    let advice = page(code)?.lines().find_map(|line| line.strip_prefix("**What to do.** "))?;
    let sentence = advice.split_inclusive(". ").next()?.trim_end();
    // A sentence that only introduces a list says nothing by itself.
    if sentence.ends_with(':') {
        return Some(format!("see `livewell explain {code}`"));
    }
    let named = ["SOURCE", "QUERY", "REACTION", "ID"].iter().fold(without_links(sentence), |text, word| {
        text.replace(&format!(" {word}`"), &format!(" {id}`"))
            .replace(&format!(" {word} "), &format!(" {id} "))
    });
    Some(format!("{named} More: `livewell explain {code}`"))
}

/// Returns the text with the titles of links in place of the links.
fn without_links(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, (title, (_, after)))) = rest.split_once('[').and_then(|(before, link)| {
        let (title, target) = link.split_once("](")?;
        Some((before, (title, target.split_once(')')?)))
    }) {
        plain.push_str(before);
        plain.push_str(title);
        rest = after;
    }
    plain + rest
}

/// Returns the page of a code, if there is one.
pub fn page(code: &str) -> Option<&'static str> {
    PAGES.iter().find(|(known, _)| known.eq_ignore_ascii_case(code)).map(|(_, page)| *page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    #[test]
    fn every_page_is_embedded_and_begins_with_its_code() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
        let names =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let on_disk: BTreeSet<String> = names
            .filter(|name| name != "README.md")
            .map(|name| name.trim_end_matches(".md").to_owned())
            .collect();
        let embedded: BTreeSet<String> = PAGES.iter().map(|(code, _)| (*code).to_owned()).collect();
        assert_eq!(embedded, on_disk);
        assert!(PAGES.is_sorted());
        for (code, page) in PAGES {
            assert!(page.starts_with(&format!("# {code}: ")), "{code}");
        }
    }

    #[test]
    fn every_code_in_the_sources_of_the_workspace_has_a_page() {
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let path = entry.path();
                if path.ends_with("tests") {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = fs::read_to_string(&path).unwrap();
                    for (at, _) in text.match_indices("\"LW") {
                        let code =
                            text[at + 1..].get(..6).filter(|code| is_code(code) && !code.ends_with("0000"));
                        let missing = code.filter(|code| page(code).is_none());
                        assert_eq!(missing, None, "a page is missing for a code in {}", path.display());
                    }
                }
            }
        }
    }
}
