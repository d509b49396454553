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
    let Projected { grouped, distinct, items } = items(choice, known);
    let before = (!grouped && distinct.is_empty()).then(|| known.clone());
    known.variables = items.iter().map(|item| (item.column().to_owned(), item.kind)).collect();
    let window = window(choice, known, before.as_ref(), &[], 5);
    let mut text = format!("WITH {distinct}{}{window}\n", written(&items));
    if choice.one_in(4) {
        text += &format!("WHERE {}\n", expressions::condition(choice, known, 1));
    }
    text
}

/// A clause that passes all variables on: LET, FILTER, or a window on its own.
pub fn short(choice: &mut Choice, known: &mut Known) -> String {
    match choice.below(3) {
        0 => format!("FILTER {}\n", expressions::condition(choice, known, 1)),
        1 => {
            let kind = *choice.of(&[Kind::Int, Kind::Number, Kind::Any]);
            let value = expressions::of_kind(choice, known, kind, 1);
            let name = known.fresh("v");
            known.variables.push((name.clone(), kind));
            format!("LET {name} = {value}\n")
        }
        _ => {
            let window = window(choice, known, None, &[], 2);
            if window.is_empty() { "LIMIT 3\n".into() } else { format!("{}\n", window.trim_start()) }
        }
    }
}

/// A RETURN clause.
pub fn returns(choice: &mut Choice, known: &Known) -> String {
    let mut known = known.clone();
    let Projected { grouped, distinct, mut items } = items(choice, &mut known);
    // Columns are named by their text where no alias does, and no two by the same.
    for at in 0..items.len() {
        let unique = items.iter().filter(|other| other.text == items[at].text).count() == 1;
        if unique && choice.one_in(3) {
            items[at].name = None;
        }
    }
    let named = items.iter().filter(|item| item.name.is_some());
    let columns = named.map(|item| (item.column().to_owned(), item.kind)).collect();
    let written_out: Vec<_> =
        items.iter().filter(|item| item.name.is_none()).map(|item| item.text.clone()).collect();
    let before = (!grouped && distinct.is_empty()).then(|| known.clone());
    let window = window(choice, &Known { variables: columns, ..known }, before.as_ref(), &written_out, 3);
    format!("RETURN {distinct}{}{window}", written(&items))
}

/// A RETURN clause with columns `c1`, `c2`, .. so many.
pub fn returns_columns(choice: &mut Choice, known: &Known, columns: usize) -> String {
    let mut known = known.clone();
    let Projected { distinct, mut items, .. } = items(choice, &mut known);
    items.truncate(columns);
    while items.len() < columns {
        items.push(Item {
            text: choice.of(&["null", "1", "1.0", "'x'"]).to_string(),
            name: None,
            kind: Kind::Any,
        });
    }
    for (at, item) in items.iter_mut().enumerate() {
        item.name = Some(format!("c{}", at + 1));
    }
    format!("RETURN {distinct}{}", written(&items))
}

/// ORDER BY, SKIP and LIMIT, each at times. `columns` is what the clause projects under names, `before` what is
/// known besides, `texts` the items that can be named by their text alone.
fn window(
    choice: &mut Choice,
    columns: &Known,
    before: Option<&Known>,
    texts: &[String],
    seldom: usize,
) -> String {
    let mut text = String::new();
    if choice.one_in(seldom) {
        let keys =
            (0..choice.between(1, 2)).map(|_| sort(choice, columns, before, texts)).collect::<Vec<_>>();
        text = format!(" ORDER BY {}", keys.join(", "));
    }
    if choice.one_in(2 * seldom) {
        text += &format!(" SKIP {}", choice.below(3));
    }
    if choice.one_in(2 * seldom) {
        text += &format!(" LIMIT {}", choice.below(5));
    }
    text
}

fn sort(choice: &mut Choice, columns: &Known, before: Option<&Known>, texts: &[String]) -> String {
    let known = before.filter(|_| choice.one_in(3)).unwrap_or(columns);
    let kind = *choice.of(&[Kind::Int, Kind::Number, Kind::Any]);
    let key = match choice.weighted(&[3, 2, 1]) {
        0 if !columns.variables.is_empty() => choice.of(&columns.variables).0.clone(),
        1 if !texts.is_empty() => choice.of(texts).clone(),
        _ => expressions::of_kind(choice, known, kind, 1),
    };
    format!("{key}{}", choice.of(&["", " DESC", " ASC"]))
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

/// The items of a clause.
struct Projected {
    /// Whether there is an aggregate among them.
    grouped: bool,
    distinct: &'static str,
    items: Vec<Item>,
}

fn items(choice: &mut Choice, known: &mut Known) -> Projected {
    let form = choice.weighted(&[5, 2, 5]);
    let mut items = plain(choice, known, if form == 2 { 0 } else { 1 });
    if form == 2 {
        items.extend(aggregates(choice, known, &items));
    }
    let distinct = form == 1 || form == 2 && choice.one_in(8);
    Projected { grouped: form == 2, distinct: if distinct { "DISTINCT " } else { "" }, items }
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
    match choice.weighted(&[3, 2, 2, 2, 2, 2, 3, 3, 1, 1, 1, 1]) {
        0 => ("count(*)".into(), Kind::Int),
        1 => (format!("count({distinct}{})", argument(choice, Kind::Any)), Kind::Int),
        2 => (format!("sum({distinct}{})", argument(choice, Kind::Int)), Kind::Int),
        3 => (format!("sum({distinct}{})", argument(choice, Kind::Number)), Kind::Number),
        4 => (format!("avg({distinct}{})", argument(choice, Kind::Number)), Kind::Number),
        5 => (format!("collect({distinct}{})", argument(choice, Kind::Any)), Kind::List),
        8 => {
            let node = known.of_kind(choice, &[Kind::Node]);
            (format!("collect({distinct}{})", node.unwrap_or("null".into())), Kind::Nodes)
        }
        9 => {
            let function = *choice.of(&["stDev", "stDevP"]);
            (format!("{function}({distinct}{})", argument(choice, Kind::Number)), Kind::Number)
        }
        10 => {
            let function = *choice.of(&["percentileDisc", "percentileCont"]);
            let share = *choice.of(&["0", "0.3", "0.5", "1.0"]);
            (format!("{function}({distinct}{}, {share})", argument(choice, Kind::Number)), Kind::Number)
        }
        11 => {
            let (x, y) = (argument(choice, Kind::Int), argument(choice, Kind::Number));
            (format!("livewell.linearGradient({x}, {y})"), Kind::Number)
        }
        extreme => {
            let function = if extreme == 6 { "min" } else { "max" };
            let kind = *choice.of(&[Kind::Int, Kind::Number, Kind::Any]);
            (format!("{function}({distinct}{})", argument(choice, kind)), kind)
        }
    }
}
