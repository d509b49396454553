//! Reads a page: its standing examples and its refused queries, from their fenced blocks.
//!
//! | block | holds |
//! |---|---|
//! | `cypher standing` | a query; the blocks up to the next query belong to it |
//! | `query` | the id of a query of a configuration, in place of its text |
//! | `json settings` | its `params`, `for_each`, `joins` and `limits`, if it has any, and the values of its reader (`for`) |
//! | `text plan` | the output of `livewell explain`, if the page shows it |
//! | `diff step` | a step, in the list item with its number: transactions and their output |
//! | `cypher refused` | a query that is refused |
//! | `text refusal` | the message with which it is refused |
//!
//! `docs/guide/query/README.md` explains the lines of a step. A block of any other tag is malformed, so that no
//! example escapes the test, unless a page [may have](Others::Skipped) blocks in other languages.

use livewell_model::Timestamp;

/// An example of a page.
#[derive(Debug, PartialEq)]
pub enum Example {
    /// A query with changes going in and diffs coming out.
    Standing(Standing),
    /// A query that is refused.
    Refused(Refused),
}

/// A query, its settings, and its steps.
#[derive(Debug, Default, PartialEq)]
pub struct Standing {
    /// The line of the query's block, counted from 1.
    pub line: usize,
    /// The text of the query, or its id.
    pub query: String,
    /// Whether the query is one of a configuration.
    pub is_configured: bool,
    /// `params`, `for_each`, `joins` and `limits` as in a configuration, and `for`.
    pub settings: Option<String>,
    /// The output of `livewell explain`.
    pub plan: Option<String>,
    /// Its steps, at least one.
    pub steps: Vec<Step>,
}

/// A numbered step.
#[derive(Debug, PartialEq)]
pub struct Step {
    /// The line of the step's block.
    pub line: usize,
    /// What goes in and comes out, in turn.
    pub exchanges: Vec<Exchange>,
}

/// Transactions, one after another, and their output together.
#[derive(Debug, Default, PartialEq)]
pub struct Exchange {
    /// The transactions.
    pub fed: Vec<Fed>,
    /// Lines in the short form; empty if there is no output.
    pub shown: Vec<String>,
}

/// A transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Fed {
    /// The source it comes from.
    pub source: String,
    /// Its time, if its changes carry none.
    pub time: Timestamp,
    /// A change or a transaction, as a source reads it.
    pub json: String,
}

/// A query and the message with which it is refused.
#[derive(Debug, Default, PartialEq)]
pub struct Refused {
    /// The line of the query's block, counted from 1.
    pub line: usize,
    /// The text of the query.
    pub query: String,
    /// Its settings, as of a standing example.
    pub settings: Option<String>,
    /// The message.
    pub message: String,
}

/// What becomes of blocks in other languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// They are malformed.
    Refused,
    /// They are not part of the test, if they do not begin with a word that examples begin with.
    Skipped,
}

/// The first words of the tags of examples.
const WORDS: [&str; 5] = ["cypher", "query", "json", "text", "diff"];

/// Says that a transaction has no output.
const NO_DIFF: &str = "(no diff)";

/// The source of the changes if a page does not name one.
pub const SOURCE: &str = "example";

/// A fenced block with the number of its list item.
struct Block {
    line: usize,
    tag: String,
    content: String,
    item: Option<usize>,
}

/// Returns the examples of a page, in their order.
///
/// # Errors
/// Returns the first thing that is malformed, with its line.
pub fn read(page: &str, others: Others) -> Result<Vec<Example>, String> {
    let mut examples = Vec::new();
    for block in blocks(page)? {
        let line = block.line;
        let word = block.tag.split_whitespace().next().unwrap_or_default();
        if others == Others::Skipped && !WORDS.contains(&word) {
            continue;
        }
        add(&mut examples, block).map_err(|why| format!("line {line}: {why}"))?;
    }
    let incomplete = examples.iter().find_map(|example| match example {
        Example::Standing(standing) if standing.steps.is_empty() => Some((standing.line, "no step")),
        Example::Refused(refused) if refused.message.is_empty() => Some((refused.line, "no refusal")),
        _ => None,
    });
    match incomplete {
        Some((line, lacks)) => Err(format!("line {line}: {lacks} follows this query")),
        None => Ok(examples),
    }
}

fn add(examples: &mut Vec<Example>, block: Block) -> Result<(), String> {
    let Block { line, tag, content, item } = block;
    match (tag.as_str(), examples.last_mut()) {
        ("cypher standing", _) => {
            examples.push(Example::Standing(Standing { line, query: content, ..Standing::default() }));
        }
        ("query", _) => {
            let query = content.trim().to_owned();
            examples.push(Example::Standing(Standing {
                line,
                query,
                is_configured: true,
                ..Standing::default()
            }));
        }
        ("cypher refused", _) => {
            examples.push(Example::Refused(Refused { line, query: content, ..Refused::default() }));
        }
        ("json settings", Some(Example::Standing(of))) if of.settings.is_none() && of.steps.is_empty() => {
            of.settings = Some(content);
        }
        ("json settings", Some(Example::Refused(of))) if of.settings.is_none() && of.message.is_empty() => {
            of.settings = Some(content);
        }
        ("text plan", Some(Example::Standing(of))) if of.plan.is_none() => of.plan = Some(content),
        ("diff step", Some(Example::Standing(of))) => {
            let number = of.steps.len() + 1;
            if item.is_some_and(|item| item != number) {
                return Err(format!("this is step {number} of its query, and the list says {item:?}"));
            }
            let exchanges = exchanges(&content)?;
            if number > 1 && exchanges[0].fed.is_empty() {
                return Err("only the first step can be without changes".into());
            }
            of.steps.push(Step { line, exchanges });
        }
        ("text refusal", Some(Example::Refused(of))) if of.message.is_empty() => of.message = content,
        _ => return Err(format!("a block `{tag}` has no place here")),
    }
    Ok(())
}

fn blocks(page: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut item = None;
    let mut lines = (1..).zip(page.lines());
    while let Some((line, text)) = lines.next() {
        let Some(tag) = text.trim_start().strip_prefix("```") else {
            item = list_item(text).or(item.filter(|_| !text.starts_with('#')));
            continue;
        };
        let indent = text.len() - text.trim_start().len();
        let mut content = String::new();
        loop {
            let Some((_, inside)) = lines.next() else {
                return Err(format!("line {line}: the block is not closed"));
            };
            if inside.trim() == "```" {
                break;
            }
            content.push_str(inside.get(indent..).unwrap_or_default());
            content.push('\n');
        }
        blocks.push(Block { line, tag: tag.trim().to_owned(), content, item });
    }
    Ok(blocks)
}

/// Returns the number of a list item that begins on this line.
fn list_item(text: &str) -> Option<usize> {
    text.split_once(". ")?.0.parse().ok()
}

fn exchanges(content: &str) -> Result<Vec<Exchange>, String> {
    let mut exchanges = vec![Exchange::default()];
    let (mut source, mut time) = (SOURCE.to_owned(), Timestamp::default());
    let mut answered = false;
    let mut lines = content.lines();
    while let Some(line) = lines.next() {
        if is_diff(line) || line == NO_DIFF {
            let shown = &mut exchanges.last_mut().expect("one at least").shown;
            if answered && (line == NO_DIFF || shown.is_empty()) {
                return Err(format!("`{NO_DIFF}` stands alone"));
            }
            answered = true;
            shown.extend((line != NO_DIFF).then(|| line.to_owned()));
        } else if let Some(name) = line.strip_prefix("source: ") {
            name.clone_into(&mut source);
        } else if let Some(moment) = line.strip_prefix("time: ") {
            time = timestamp(moment)?;
        } else if line.starts_with('{') {
            if std::mem::take(&mut answered) {
                exchanges.push(Exchange::default());
            }
            let fed = Fed { source: source.clone(), time, json: whole(line, &mut lines)? };
            exchanges.last_mut().expect("one at least").fed.push(fed);
        } else {
            return Err(format!("neither a change nor a diff: `{line}`"));
        }
    }
    if answered { Ok(exchanges) } else { Err(format!("no diff follows the changes, and no `{NO_DIFF}`")) }
}

fn is_diff(line: &str) -> bool {
    ["+ ", "~ ", "- ", "! ", "@ "].iter().any(|sign| line.starts_with(sign))
}

/// Returns a piece of JSON that begins on the first line.
fn whole<'a>(first: &str, rest: &mut impl Iterator<Item = &'a str>) -> Result<String, String> {
    let mut json = first.to_owned();
    loop {
        match serde_json::from_str::<serde_json::Value>(&json) {
            Ok(_) => return Ok(json),
            Err(error) if error.is_eof() => {
                json.push_str(rest.next().ok_or_else(|| format!("this JSON has no end: {json}"))?);
            }
            Err(error) => return Err(format!("not JSON: {error}: {json}")),
        }
    }
}

fn timestamp(moment: &str) -> Result<Timestamp, String> {
    let moment: jiff::Timestamp = moment.parse().map_err(|error| format!("no time: {moment}: {error}"))?;
    let nanos = i64::try_from(moment.as_nanosecond()).map_err(|_| format!("out of range: {moment}"))?;
    Ok(Timestamp(nanos))
}
