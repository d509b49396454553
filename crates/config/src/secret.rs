//! What a message about a configuration must not show: passwords, tokens, secrets, and what of URLs lets somebody in.
//!
//! The text is searched as it stands, since it may not be YAML, and the fault may be in the very line of a secret, even
//! in its key. So it is better to hide too much: whatever stands behind a key that looks like one of a secret goes. What is
//! hidden keeps its length, so that every place stays where it is.

use super::tree::{Kind, Node};
use livewell_query::language::Diagnostic;
use livewell_source::suggest::near;
use std::ops::Range;

/// The keys of values that are hidden whole.
const WHOLE: [&str; 4] = ["token", "password", "secret", "headers"];
/// Parts of keys that no field has, and that say what stands behind them.
const TELLING: [&str; 6] = ["passw", "passphrase", "token", "secret", "credential", "authorization"];
/// Parameters of URLs, and keywords of connection strings.
const PARAMETERS: [&str; 6] = ["password=", "passwd=", "pwd=", "secret=", "token=", "key="];
/// The shortest text that is looked for wherever a message has it; a shorter one would be found in words.
const WORD_MIN: usize = 4;

/// The text without its secrets, every character in its place.
pub fn hidden(text: &str) -> String {
    let mut hide = vec![false; text.len()];
    for secret in secrets(text) {
        hide[secret].fill(true);
    }
    let hidden = |(at, c): (usize, char)| match (hide[at], c.len_utf8()) {
        (false, _) => c,
        (true, 1) => '*',
        (true, 2) => '\u{b7}',
        (true, 3) => '\u{2022}',
        (true, _) => '\u{1d7ce}',
    };
    text.char_indices().map(hidden).collect()
}

/// Takes the secrets of the text, and of the values that were made of it, out of what is said.
pub fn hide_in<'n>(problems: &mut [Diagnostic], text: &str, roots: impl IntoIterator<Item = &'n Node>) {
    let mut words: Vec<String> = secrets(text).into_iter().map(|place| text[place].to_owned()).collect();
    roots.into_iter().for_each(|root| collect(root, false, &mut words));
    // A message may name a part of what stands there: what YAML takes for a tag, an alias or a key.
    let parts = |word: &String| word.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
    words.extend(words.iter().flat_map(parts).filter(|word| word.len() >= WORD_MIN).collect::<Vec<_>>());
    let bare = |word: &String| word.trim_matches(['*', '&', '!', '|', '>', '@', '%', ':', ',']).to_owned();
    words.extend(words.iter().map(bare).collect::<Vec<_>>());
    words.retain(|word| !word.is_empty());
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.dedup();
    for problem in problems {
        for said in std::iter::once(&mut problem.message).chain(problem.help.as_mut()) {
            for word in &words {
                if word.len() >= WORD_MIN {
                    *said = said.replace(word.as_str(), "***");
                } else {
                    *said = said.replace(&format!("`{word}`"), "`***`");
                }
            }
        }
    }
}

/// The secrets among the values, with what came from outside.
fn collect(node: &Node, is_secret: bool, words: &mut Vec<String>) {
    match &node.kind {
        Kind::Scalar(text, _) if is_secret => words.push(text.clone()),
        Kind::Scalar(text, _) => words.extend(of_url(text).into_iter().map(|place| text[place].to_owned())),
        Kind::List(items) => items.iter().for_each(|item| collect(item, is_secret, words)),
        // A secret that could not be had: the name of its place is none.
        Kind::Map(entries) if entries.len() == 1 && is_place(&entries[0].key) => {}
        Kind::Map(entries) => {
            for entry in entries {
                collect(&entry.value, is_secret || is_whole(&entry.key), words);
            }
        }
    }
}

/// Whether a mapping with this key alone says where a secret is.
pub(super) fn is_place(key: &str) -> bool {
    matches!(key, "file" | "command")
}

pub(super) fn is_whole(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    // The list of tokens also has names and scopes; each token has its own key.
    if key == "tokens" {
        return false;
    }
    let is_like = |name: &str| WHOLE.contains(&name);
    is_like(&key) || TELLING.iter().any(|part| key.contains(part)) || near(&key, WHOLE).is_some_and(is_like)
}

/// Where the secrets of a text stand.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        for (key, value) in keys(line) {
            if is_whole(&line[key.clone()]) {
                found.extend(value_at(text, start, line, key.start, value));
            }
        }
        found.extend(of_url(line).into_iter().map(|place| place.start + start..place.end + start));
        start += line.len();
    }
    found
}

/// The keys of a line, each with the place behind its colon.
fn keys(line: &str) -> Vec<(Range<usize>, usize)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let key = |(colon, _): (usize, &str)| {
        let before = line[..colon].trim_end();
        let end = before.trim_end_matches(['"', '\'']).len();
        let start = line[..end]
            .rfind(|c| !is_word(c))
            .map_or(0, |at| at + line[at..].chars().next().map_or(1, char::len_utf8));
        // A list's mark is not a part of its first key.
        let start = start + (end - start - line[start..end].trim_start_matches('-').len());
        (start < end).then_some((start..end, colon + 1))
    };
    line.match_indices([':', '=']).filter_map(key).collect()
}

/// Where the value stands that begins at `from` of the line, which begins at `start` of the text.
fn value_at(text: &str, start: usize, line: &str, key: usize, from: usize) -> Vec<Range<usize>> {
    let rest = line[from..].trim_end();
    let begin = from + (rest.len() - rest.trim_start().len());
    let value = rest.trim_start();
    if is_reference(value) {
        return Vec::new();
    }
    if let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inner = start + begin + 1;
        let end = text[inner..].find(quote).map(|end| inner + end);
        // Doubled and escaped quotes: what follows is hidden to the end of the line.
        let is_whole = end.is_some_and(|end| {
            let behind = text[end + 1..].chars().next();
            behind != Some(quote) && !text[..end].ends_with('\\')
        });
        let line_end = start + line.trim_end().len();
        let end = if is_whole { end.unwrap_or(line_end) } else { line_end.max(inner) };
        return std::iter::once(inner..end).collect();
    }
    let end = begin + value_end(value);
    let mut found: Vec<_> = std::iter::once(start + begin..start + end).collect();
    // What is indented further belongs to it.
    let mut at = start + line.len();
    for below in text[at..].split_inclusive('\n') {
        let indent = below.len() - below.trim_start().len();
        let content = below.trim();
        if !content.is_empty()
            && (indent <= key
                || !matches!(value.chars().next(), None | Some('|' | '>' | '{')) && content.contains(": "))
        {
            break;
        }
        let is_named_only = value.is_empty() && is_reference(content);
        if !content.is_empty() && !is_named_only {
            found.push(at + indent..at + indent + content.len());
        }
        at += below.len();
    }
    found
}

/// Whether the value is elsewhere, so that what is written is not a secret.
pub(super) fn is_reference(value: &str) -> bool {
    let value = value.trim_start_matches(['"', '\'']);
    let is_variable = value
        .strip_prefix("${")
        .and_then(|rest| rest.split_once('}'))
        .is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    let place = value.trim_start_matches(['{', ' ']);
    is_variable || ["file:", "command:"].iter().any(|key| place.starts_with(key))
}

/// How long a value is without quotes: up to the next key of its mapping, or the end of the line.
fn value_end(value: &str) -> usize {
    if value.starts_with(['{', '[']) {
        let mut depth = 0;
        let closed = value.char_indices().find(|(_, c)| {
            depth += i32::from(matches!(c, '{' | '[')) - i32::from(matches!(c, '}' | ']'));
            depth == 0
        });
        return closed.map_or(value.len(), |(at, _)| at + 1);
    }
    let next = value.match_indices(',').map(|(at, _)| at).find(|at| {
        let rest = value[at + 1..].trim_start_matches([' ', '{', '[', '"', '\'']);
        let word = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        word > 0 && rest[word..].trim_start_matches(['"', '\'', ' ']).starts_with(':')
    });
    value[..next.unwrap_or(value.len())].trim_end_matches([' ', '}', ']', ',']).len()
}

/// What of the URLs and connection strings in a line lets somebody in.
pub(super) fn of_url(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for name in PARAMETERS {
        for (at, _) in line.to_ascii_lowercase().match_indices(name) {
            let begin = at + name.len();
            let end = line[begin..].find(['&', ' ', '"', '\'', '\n']).map_or(line.len(), |end| begin + end);
            found.push(begin..end);
        }
    }
    let begins = line.match_indices("//").map(|(at, _)| at + 2);
    let named = keys(line)
        .into_iter()
        .filter(|(key, _)| near(&line[key.clone()], ["url"]).is_some() || &line[key.clone()] == "url");
    let named = named.map(|(_, from)| from);
    for begin in begins.chain(named) {
        found.extend(login(line, begin));
    }
    found
}

/// The login of a URL whose authority begins at `begin`, and the path of one that is called: it may be a key itself.
fn login(line: &str, begin: usize) -> Vec<Range<usize>> {
    let rest = line[begin..].trim_start_matches([' ', '"', '\'']);
    let begin = line.len() - rest.len();
    let url = &rest[..rest.find(['"', '\'', ' ', '\n', '\r']).unwrap_or(rest.len())];
    // The next key of a mapping in braces is none of it.
    let url = &url[..value_end(url)];
    let scheme = ["//", ":/", ":"].iter().find_map(|mark| {
        let at = url.find(mark)?;
        url[..at].bytes().all(|byte| byte.is_ascii_alphabetic()).then_some(at + mark.len())
    });
    let skip = scheme
        .filter(|_| !line[..begin].ends_with("//"))
        .filter(|_| url.contains("//") || url.contains('@'))
        .unwrap_or(0);
    let inside = &url[skip..];
    if inside.contains("//") {
        return Vec::new();
    }
    let mut found = Vec::new();
    let authority = inside.find(['/', '?', '#']).unwrap_or(inside.len());
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
    if let Some(at) = inside.rfind('@') {
        if let Some(colon) = inside[..at].find(':') {
            found.push(begin + skip + colon + 1..begin + skip + at);
        }
    } else if let Some((_, port)) = inside[..authority].split_once(':')
        && !inside.starts_with(['[', ':'])
        && !is_port(port)
        && !port.split(',').skip(1).any(|host| host.contains(':'))
    {
        found.push(begin + skip + authority - port.len()..begin + skip + authority);
    }
    if line[..begin].ends_with("https://") || line[..begin].ends_with("http://") {
        let path = inside[authority..].trim_start_matches('/').len();
        found.push(begin + url.len() - path..begin + url.len());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_left_however_it_is_written() {
        for text in [
            "url: postgres://admin:s3cret@host/db",
            "urll: postgres://admin:s3cret@host/db",
            "- { id: a, url: postgres://admin:s3cret@host/db, tables: [",
            "- { id: a, url: \"postgres://admin:s3cret@host/db\", tables: [",
            "url: postgres:/admin:s3cret@host/db",
            "url:postgres://admin:s3cret@host/db",
            "url: postgres://admin:s3cret",
            "url: postgres://host/db?user=a&password=s3cret",
            "url: host=h user=u password=s3cret dbname=d",
            "url: https://hooks.example.com/services/s3cret",
            "- { token: s3cret, listen: 1 }",
            "token:s3cret",
            "token = s3cret",
            "tokne: s3cret",
            "TOKEN: s3cret",
            "\"password\": \"s3cret\"",
            "password: 's3cret",
            "password: \"ab\\\"s3cret\"",
            "password: 'ab''s3cret'",
            "password: a, s3cret }",
            "password: *s3cret",
            "secret: |\n  s3cret\n  s3cret",
            "secret:\n  s3cret",
            "secret: abc\n  s3cret",
            "secret: ${X:-s3cret}",
            "db_password: s3cret",
            "headers: { Authorization: \"Bearer s3cret\", X: s3cret }",
            "headers:\n  X: s3cret\n  Y: s3cret",
            "- token: s3cret",
        ] {
            let hidden = hidden(text);
            assert!(!hidden.contains("s3cret"), "{text}: {hidden}");
            assert_eq!(hidden.len(), text.len());
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "url: postgres://me@host/db",
            "url: nats://host:4222,nats://other:4222",
            "url: host/db",
            "- { id: s, kind: postgres, url: \"postgres://me@host/db\", tables: [ { tabel: t } ] }",
            "url: ${SHOP_URL}",
            "token: ${TOKEN}",
            "token: { file: /run/secrets/token }",
            "token: { command: [vault, read, token] }",
            "password:\n  file: /run/secrets/token",
            "cypher: \"MATCH (n:Order {id: 'a'}) WHERE n.x = 1 RETURN n.x AS x\"",
            "key: [id]",
            "node: { label: Airport, id: \"airport:{faa}\" }",
        ] {
            assert_eq!(hidden(text), text);
        }
        let text = "- { token: abc, listen: x, n: 1 }\nurl: x";
        assert_eq!(hidden(text), "- { token: ***, listen: x, n: 1 }\nurl: x");
        assert_eq!(hidden("token: a\u{e9}\u{20ac}\u{1f512}"), "token: *\u{b7}\u{2022}\u{1d7ce}");
    }
}
