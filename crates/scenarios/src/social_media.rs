//! The "Social Media" case of the Transformation Tool Contest 2018: its data as transactions, its first query, and
//! the expected answers.

use livewell_model::{
    AppliedChange, AppliedTransaction, Element, ElementId, Map, Node, Relationship, Row, Timestamp, Value,
};
use std::error::Error;
use std::path::Path;

/// The first query: the three posts with the highest scores, the later one first if scores are equal. A post has ten
/// points for each comment below it, and one for each like of such a comment.
pub const QUERY: &str = "\
MATCH (p:Post)
OPTIONAL MATCH (p)<-[:COMMENT_TO*]-(c:Comment)
OPTIONAL MATCH (c)<-[:LIKES]-(u:User)
RETURN p.id AS id, 10*count(DISTINCT c)+count(u) AS score, p.timestamp AS ts
ORDER BY score DESC, ts DESC LIMIT 3";

/// How many sets of changes there are of each size.
pub const CHANGE_SETS: usize = 20;

/// The result of a function of this module.
pub type Read<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Reads the initial graph of one size, then its sets of changes, each as one transaction.
///
/// # Errors
/// Returns an error if a file is missing or malformed.
pub fn transactions(folder: &Path, size: u32) -> Read<Vec<AppliedTransaction>> {
    let folder = folder.join(size.to_string());
    let mut initial = Vec::new();
    for entity in ["Users", "Posts", "Comments", "Friends", "Likes"] {
        let file = folder.join(format!("csv-{}-initial.csv", entity.to_lowercase()));
        for line in lines(&file, b'|')? {
            insert(entity, &line, &mut initial)?;
        }
    }
    let mut transactions = vec![transaction(1, initial)];
    for set in 1..=CHANGE_SETS {
        let mut changes = Vec::new();
        for line in lines(&folder.join(format!("change{set:02}.csv")), b'|')? {
            let (entity, line) = line.split_first().ok_or("an empty line")?;
            insert(entity, line, &mut changes)?;
        }
        transactions.push(transaction(set as u64 + 1, changes));
    }
    Ok(transactions)
}

/// Reads the expected answers of one size, the first of them over the initial graph: ids of posts, joined by `|`.
///
/// # Errors
/// Returns an error if the file is missing or malformed.
pub fn answers(folder: &Path, size: u32) -> Read<Vec<String>> {
    let size = size.to_string();
    let mut answers = Vec::new();
    for line in lines(&folder.join("expected-results.csv"), b';')? {
        if let [query, of, number, _, answer] = line.as_slice()
            && (query.as_str(), of) == ("Q1", &size)
        {
            let number: usize = number.parse()?;
            if number != answers.len() {
                return Err(format!("answer {number} of size {size} is out of order").into());
            }
            answers.push(answer.clone());
        }
    }
    match answers.len() {
        count if count == CHANGE_SETS + 1 => Ok(answers),
        count => Err(format!("{count} answers of size {size}").into()),
    }
}

/// Returns the query's rows as an answer.
pub fn answer(rows: &[Row]) -> String {
    let mut rows: Vec<_> = rows.iter().map(|row| row.columns.as_ref()).collect();
    // Integers and texts of one form: their order is that of their key bytes.
    rows.sort_by_cached_key(|row| std::cmp::Reverse(livewell_model::key::of([&row[1], &row[2]])));
    let ids = rows.iter().map(|row| match &row[0] {
        Value::Int(id) => id.to_string(),
        other => format!("{other:?}"),
    });
    ids.collect::<Vec<_>>().join("|")
}

fn lines(file: &Path, delimiter: u8) -> Read<Vec<Vec<String>>> {
    let mut reader = csv::ReaderBuilder::new();
    reader.delimiter(delimiter).has_headers(false).flexible(true).quoting(delimiter == b';');
    let mut reader = reader.from_path(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut lines = Vec::new();
    for record in reader.records() {
        lines.push(record?.iter().map(str::to_owned).collect());
    }
    Ok(lines)
}

fn transaction(sequence: u64, elements: Vec<Element>) -> AppliedTransaction {
    let changes = elements.into_iter().map(|after| AppliedChange { before: None, after: Some(after) });
    AppliedTransaction { sequence, position: sequence, timestamp: Timestamp(0), changes: changes.collect() }
}

fn insert(entity: &str, line: &[String], elements: &mut Vec<Element>) -> Read<()> {
    match (entity, line) {
        ("Users", [id, name]) => elements.push(node("User", id, &[("name", name)])?),
        ("Posts", [id, timestamp, content, submitter]) => {
            elements.push(node("Post", id, &[("timestamp", timestamp), ("content", content)])?);
            elements.push(via("SUBMITTED_BY", &message(id), &user(submitter)));
        }
        ("Comments", [id, timestamp, content, submitter, parent]) => {
            elements.push(node("Comment", id, &[("timestamp", timestamp), ("content", content)])?);
            elements.push(via("SUBMITTED_BY", &message(id), &user(submitter)));
            elements.push(via("COMMENT_TO", &message(id), &message(parent)));
        }
        ("Friends", [one, other]) => elements.push(via("FRIEND", &user(one), &user(other))),
        ("Likes", [who, comment]) => elements.push(via("LIKES", &user(who), &message(comment))),
        _ => return Err(format!("no line of {entity}: {line:?}").into()),
    }
    Ok(())
}

fn user(id: &str) -> String {
    format!("user {id}")
}

/// Returns the id of a post or comment: both have ids of one kind.
fn message(id: &str) -> String {
    format!("message {id}")
}

fn node(label: &str, id: &str, texts: &[(&str, &str)]) -> Read<Element> {
    let mut properties: Map = texts.iter().map(|(name, text)| (*name, Value::string(*text))).collect();
    properties.insert("id", Value::Int(id.parse()?));
    let id = if label == "User" { user(id) } else { message(id) };
    Ok(Node { id: ElementId::new("ttc", id), labels: vec![label.into()], properties }.into())
}

fn via(kind: &str, from: &str, to: &str) -> Element {
    let id = ElementId::new("ttc", format!("{kind} {from} {to}"));
    let [from, to] = [from, to].map(|end| ElementId::new("ttc", end));
    Relationship { id, kind: kind.into(), from, to, properties: Map::new() }.into()
}
