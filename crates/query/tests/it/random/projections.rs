//! Random WITH and RETURN clauses: projections, DISTINCT, aggregates, and what mixes them.

use super::choice::Choice;
use super::expressions::{self, Kind, Known};

/// A projected expression, its kind, and the name it gets; a variable keeps its own.
struct Item {
    text: String,
    name: Option<String>,
    kind: Kind,
}

/// A WITH clause, often with a condition; what it projects is what is known after it.
pub fn with(choice: &mut Choice, known: &mut Known) -> String {
    let (distinct, items) = items(choice, known);
    known.variables = items.iter().map(|item| (item.column().to_owned(), item.kind)).collect();
    let mut text = format!("WITH {distinct}{}\n", written(&items));
    if choice.one_in(3) {
        text += &format!("WHERE {}\n", expressions::boolean(choice, known, 1));
    }
    text
}

/// A RETURN clause.
pub fn returns(choice: &mut Choice, known: &Known) -> String {
    let mut known = known.clone();
    let (distinct, mut items) = items(choice, &mut known);
    // Columns are named by their text where no alias does, and no two by the same.
    for at in 0..items.len() {
        let unique = items.iter().filter(|other| other.text == items[at].text).count() == 1;
        if unique && choice.one_in(3) {
            items[at].name = None;
        }
    }
    format!("RETURN {distinct}{}", written(&items))
}

impl Item {
    fn column(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.text)
    }
}

fn written(items: &[Item]) -> String {
    let written = items.iter().map(|item| match &item.name {
        Some(name) => format!("{} AS {name}", item.text),
        None => item.text.clone(),
    });
    written.collect::<Vec<_>>().join(", ")
}

fn items(choice: &mut Choice, known: &mut Known) -> (&'static str, Vec<Item>) {
    let form = choice.weighted(&[5, 2, 5]);
    let mut items = plain(choice, known, if form == 2 { 0 } else { 1 });
    if form == 2 {
        items.extend(aggregates(choice, known, &items));
    }
    let distinct = form == 1 || form == 2 && choice.one_in(8);
    (if distinct { "DISTINCT " } else { "" }, items)
}

/// Some of the variables and some expressions over them.
fn plain(choice: &mut Choice, known: &mut Known, least: usize) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for (name, kind) in known.variables.clone() {
        if choice.one_in(3) {
            let renamed = choice.one_in(5).then(|| known.fresh("v"));
            items.push(Item { text: name, name: renamed, kind });
        }
    }
    let kinds = [Kind::Int, Kind::Number, Kind::Any, Kind::Bool, Kind::List, Kind::Text];
    let wanted = choice.weighted(&[2, 3, 1]).max(least.saturating_sub(items.len()));
    for _ in 0..wanted {
        let kind = kinds[choice.weighted(&[4, 3, 4, 1, 1, 1])];
        let text = expressions::of_kind(choice, known, kind, 2);
        items.push(Item { text, name: Some(known.fresh("v")), kind });
    }
    items
}

/// One to three aggregates; some inside a larger expression, with a grouping item beside them.
fn aggregates(choice: &mut Choice, known: &mut Known, grouping: &[Item]) -> Vec<Item> {
    let mut items = Vec::new();
    for _ in 0..choice.between(1, 3) {
        let (mut text, mut kind) = aggregate(choice, known);
        // Beside an aggregate may stand what is a grouping item and no more than a variable or its property.
        let simple = |text: &str| text.starts_with(char::is_alphabetic) && !text.contains([' ', '(']);
        let fits = |item: &&Item| matches!(item.kind, Kind::Int | Kind::Number) && simple(&item.text);
        let beside: Vec<_> = grouping.iter().filter(fits).collect();
        let numeric = matches!(kind, Kind::Int | Kind::Number);
        if numeric && choice.one_in(4) {
            text = match beside.is_empty() {
                false => format!("{} + {text}", choice.of(&beside).text),
                true => format!("{text} * 2 - count(*)"),
            };
            kind = Kind::Number;
        } else if choice.one_in(12) {
            text = format!("[count(*), {text}]");
            kind = Kind::List;
        }
        items.push(Item { text, name: Some(known.fresh("v")), kind });
    }
    items
}

fn aggregate(choice: &mut Choice, known: &Known) -> (String, Kind) {
    let distinct = if choice.one_in(4) { "DISTINCT " } else { "" };
    let argument = |choice: &mut Choice, kind| expressions::of_kind(choice, known, kind, 1);
    match choice.weighted(&[3, 2, 2, 2, 2, 2, 3, 3]) {
        0 => ("count(*)".into(), Kind::Int),
        1 => (format!("count({distinct}{})", argument(choice, Kind::Any)), Kind::Int),
        2 => (format!("sum({distinct}{})", argument(choice, Kind::Int)), Kind::Int),
        3 => (format!("sum({distinct}{})", argument(choice, Kind::Number)), Kind::Number),
        4 => (format!("avg({distinct}{})", argument(choice, Kind::Number)), Kind::Number),
        5 => (format!("collect({distinct}{})", argument(choice, Kind::Any)), Kind::List),
        extreme => {
            let function = if extreme == 6 { "min" } else { "max" };
            let kind = *choice.of(&[Kind::Int, Kind::Number, Kind::Any]);
            (format!("{function}({distinct}{})", argument(choice, kind)), kind)
        }
    }
}
