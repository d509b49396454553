//! Values from outside the file: `${NAME}` and `${NAME:-default}`, `{file: path}`, `{command: [...]}`, and relative paths.

use super::command;
use super::problem::{self, code};
use super::tree::{Kind, Node, Scalar};
use livewell_query::language::Diagnostic;
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The longest secret that is read from a file, in bytes.
const SECRET_BYTES_MAX: u64 = 64 << 10;
/// Values that are shorter are no secrets, and occur in any text.
const HIDDEN_BYTES_MIN: usize = 4;

/// Where values from outside come from.
pub struct Outside<'a> {
    /// The folder that paths in the file are relative to.
    pub folder: &'a Path,
    /// The environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// For what a call brings: the variables that it may use; secret files are refused to it.
    pub called: Option<&'a [String]>,
    /// What was filled in so far.
    pub hidden: RefCell<Hidden>,
}

impl<'a> Outside<'a> {
    /// What a configuration in this folder may use: the whole environment, and secret files.
    pub fn of_file(folder: &'a Path) -> Self {
        let variable = &|name: &str| std::env::var(name).ok();
        Self { folder, variable, called: None, hidden: RefCell::default() }
    }
}

/// Values from outside with what stands for them in messages, which never show the values. The longest comes first, for
/// a value may contain another one.
#[derive(Clone, Default)]
pub struct Hidden(BTreeMap<(Reverse<usize>, String), String>);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.values()).finish()
    }
}

impl Hidden {
    fn add(&mut self, value: &str, shown: String) {
        if value.len() >= HIDDEN_BYTES_MIN {
            self.0.entry((Reverse(value.len()), value.to_owned())).or_insert(shown);
        }
    }

    /// Adds the values of another one.
    pub fn extend(&mut self, other: Self) {
        for (value, shown) in other.0 {
            self.0.entry(value).or_insert(shown);
        }
    }

    /// Puts their names in the place of the values in messages.
    pub fn hide(&self, problems: &mut [Diagnostic]) {
        for problem in problems {
            for ((_, value), shown) in &self.0 {
                problem.message = problem.message.replace(value, shown);
                problem.help = problem.help.take().map(|help| help.replace(value, shown));
            }
        }
    }
}

impl Outside<'_> {
    /// Puts everything from outside into the tree; what cannot be had is added to `problems`.
    pub fn fill_in(&self, node: &mut Node, problems: &mut Vec<Diagnostic>) {
        match &mut node.kind {
            Kind::Scalar(text, scalar) => {
                if !text.contains("${") {
                    return;
                }
                match self.substituted(text) {
                    Ok(whole) => (*scalar, *text) = (typed(&whole), whole),
                    Err((message, help)) => {
                        problems.push(problem::at(code::ENVIRONMENT, node.span, message).with_help(help));
                    }
                }
            }
            Kind::List(items) => items.iter_mut().for_each(|item| self.fill_in(item, problems)),
            Kind::Map(entries) => {
                for entry in entries {
                    self.fill_in(&mut entry.value, problems);
                    // The keys below these are the user's own words, and a set of keys is read again when it changes.
                    if !matches!(entry.key.as_str(), "types" | "params" | "for_each" | "values" | "jwks") {
                        self.read_secret(&mut entry.value, problems);
                    }
                }
            }
        }
    }

    /// Puts the value in the place of a reference to a file or a program.
    fn read_secret(&self, node: &mut Node, problems: &mut Vec<Diagnostic>) {
        let [entry] = node.entries() else { return };
        let reference = match (entry.key.as_str(), entry.value.text(), words(&entry.value)) {
            ("file", Some(path), _) => Reference::File(path.to_owned()),
            ("command", _, Some(words)) => Reference::Command(words),
            _ => return,
        };
        let span = entry.value.span;
        if self.called.is_some() {
            let message = format!("a call may not read a secret from a {}", reference.noun());
            let help = "use `${NAME}` with a name in `server.allowed_environment`, or put this into the configuration";
            return problems.push(problem::at(code::ENVIRONMENT, span, message).with_help(help));
        }
        match reference.read(self.folder) {
            Ok(secret) => {
                self.hidden.borrow_mut().add(&secret, reference.shown());
                node.kind = Kind::Scalar(secret, Scalar::Text);
            }
            Err(reason) => {
                let (message, help) = reference.failed(self.folder, &reason);
                problems.push(problem::at(code::ENVIRONMENT, span, message).with_help(help));
            }
        }
    }

    fn substituted(&self, text: &str) -> Result<String, (String, String)> {
        let mut whole = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            // `$${` stands for `${` itself.
            if rest[..at].ends_with('$') {
                whole.push_str(&rest[..at - 1]);
                whole.push_str("${");
                rest = &rest[at + 2..];
                continue;
            }
            whole.push_str(&rest[..at]);
            let inside = &rest[at + 2..];
            let end = inside.find('}').ok_or_else(|| {
                (
                    "`${` has no `}`".to_owned(),
                    "write `${NAME}`, or `$${` for the characters themselves".to_owned(),
                )
            })?;
            whole.push_str(&self.value(&inside[..end])?);
            rest = &inside[end + 1..];
        }
        whole.push_str(rest);
        Ok(whole)
    }

    fn value(&self, inside: &str) -> Result<String, (String, String)> {
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        if !is_name(name) {
            let message = format!("`{name}` is not the name of an environment variable");
            return Err((message, "write `${NAME}` or `${NAME:-default}`".to_owned()));
        }
        if self.called.is_some_and(|allowed| !allowed.iter().any(|known| known == name)) {
            let message = format!("a call may not use the environment variable `{name}`");
            let help =
                format!("allow it in the configuration: `server: {{ allowed_environment: [{name}] }}`");
            return Err((message, help));
        }
        // As in a shell, `:-` also stands in for a variable that is set and empty.
        let found = (self.variable)(name).filter(|value| default.is_none() || !value.is_empty());
        if let Some(value) = &found {
            self.hidden.borrow_mut().add(value, format!("${{{name}}}"));
        }
        found.or_else(|| default.map(str::to_owned)).ok_or_else(|| {
            let message = format!("the environment variable `{name}` is not set");
            (message, format!("set it, or give a default: `${{{name}:-value}}`"))
        })
    }
}

/// Whether it can be the name of an environment variable.
pub fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Where a value is that the file only refers to.
enum Reference {
    /// In a file.
    File(String),
    /// What a program prints.
    Command(Vec<String>),
}

impl Reference {
    fn noun(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Command(_) => "command",
        }
    }

    /// What stands for the value in messages. Arguments may be secrets themselves.
    fn shown(&self) -> String {
        match self {
            Self::File(path) => format!("{{file: {path}}}"),
            Self::Command(words) => {
                format!("{{command: [{}, ...]}}", words.first().map_or("", String::as_str))
            }
        }
    }

    /// Reads the value.
    fn read(&self, folder: &Path) -> Result<String, String> {
        let bytes = match self {
            Self::File(path) => read_short(&folder.join(path))?,
            Self::Command(words) => {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                command::output(&words, folder, SECRET_BYTES_MAX)?
            }
        };
        let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
        let line = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
        Ok(line.unwrap_or(&text).to_owned())
    }

    /// Returns what to say of a value that cannot be had, and what to do.
    fn failed(&self, folder: &Path, reason: &str) -> (String, &'static str) {
        match self {
            Self::File(path) => (
                format!("cannot take the value from `{}`: {reason}", folder.join(path).display()),
                "a value `{file: ...}` is what that file holds, without the line end",
            ),
            Self::Command(words) => (
                format!(
                    "cannot take the value from `{}`: {reason}",
                    words.first().map_or("", String::as_str)
                ),
                "a value `{command: [PROGRAM, ARGUMENT, ...]}` is what that program prints within 10 seconds, without \
                 the line end; there is no shell",
            ),
        }
    }
}

/// The texts of a list that has nothing else.
fn words(node: &Node) -> Option<Vec<String>> {
    let items = match &node.kind {
        Kind::List(items) => items,
        _ => return None,
    };
    items.iter().map(|item| item.text().map(str::to_owned)).collect()
}

fn read_short(path: &Path) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(SECRET_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > SECRET_BYTES_MAX {
        return Err(format!("it has more than {SECRET_BYTES_MAX} bytes"));
    }
    Ok(bytes)
}

/// What YAML would take the text for, had it stood there by itself.
fn typed(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" => Scalar::Null,
        "true" => Scalar::Bool(true),
        "false" => Scalar::Bool(false),
        _ => {
            let digits = text.trim_start_matches(['-', '+']);
            // A code with leading zeros is not a number.
            let padded = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
            let numeric = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && !padded;
            match (numeric, text.parse(), text.parse()) {
                (true, Ok(int), _) => Scalar::Int(int),
                (true, _, Ok(float)) => Scalar::Float(float),
                _ => Scalar::Text,
            }
        }
    }
}
