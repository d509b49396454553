//! What a query that is run for each value is held to: for each value, the query with this parameter, evaluated from
//! scratch after every transaction and every tick.

use livewell_model::diff::Columns;
use livewell_model::{AppliedTransaction, Diff, Map, Row, Timestamp, Value};
use livewell_query::language::Diagnostic;
use livewell_query::reference::{Graph, Reference};
use livewell_query::{Engine, ForEach, MemoryState, Parameter, ParameterType, Settings, StepError};
use std::collections::BTreeMap;

/// Rows in the order in which a reader gets them, as bytes that tell all values apart.
type Ordered = Vec<Vec<u8>>;

/// What the engine has taken in, and the rows it has then, by value.
struct Taken {
    transaction: Option<AppliedTransaction>,
    at: Timestamp,
    rows: Result<BTreeMap<Vec<u8>, Ordered>, StepError>,
}

/// A query with the parameters that it is run for each value of.
pub struct Each<'a> {
    /// The query's text.
    pub text: &'a str,
    /// The text that is evaluated from scratch, if it is another one.
    pub reference: Option<&'a str>,
    /// The parameters, as declared.
    pub declared: Vec<Parameter>,
}

impl<'a> Each<'a> {
    pub fn new(text: &'a str, declared: &[(&str, ParameterType)]) -> Self {
        let declared =
            declared.iter().map(|(name, of)| Parameter { name: (*name).into(), of: *of }).collect();
        Self { text, reference: None, declared }
    }

    pub fn engine(&self) -> Result<Engine, Diagnostic> {
        let settings = Settings { for_each: self.declared.clone(), ..Settings::default() };
        Engine::compile_with(self.text, &Map::new(), &settings)
    }

    /// Runs the stream and compares for each of `values`, and for each that a row ever has. Returns how often rows were
    /// compared that were not none.
    pub fn check(
        &self,
        engine: &Engine,
        stream: &[AppliedTransaction],
        values: impl IntoIterator<Item = Vec<Value>>,
    ) -> Result<usize, String> {
        let for_each = engine.for_each().ok_or("the query is run for no value")?;
        let mut all: BTreeMap<Vec<u8>, Vec<Value>> = BTreeMap::new();
        let taken = take(engine, for_each, stream, &mut all)?;
        all.extend(values.into_iter().map(|values| (for_each.key(&values), values)));
        let (mut compared, mut failed) = (0, false);
        for (key, values) in &all {
            compared += self.check_one(for_each, &taken, key, values, &mut failed)?;
        }
        match taken.last().map(|last| &last.rows) {
            Some(Err(error)) if !failed => Err(format!("the engine erred, no reference did: {error}")),
            _ => Ok(compared),
        }
    }

    fn check_one(
        &self,
        for_each: &ForEach,
        taken: &[Taken],
        key: &[u8],
        values: &[Value],
        failed: &mut bool,
    ) -> Result<usize, String> {
        let names = self.declared.iter().map(|parameter| parameter.name.as_str());
        let params: Map = names.zip(values.iter().cloned()).collect();
        let text = self.reference.unwrap_or(self.text);
        let query = livewell_query::parse(text).map_err(|refused| refused.render(text, "query"))?;
        let reference = Reference::new(&query, &params).map_err(|refused| refused.render(text, "query"))?;
        let nothing = for_each.nothing().map(|columns| vec![bytes(columns)]);
        let (mut graph, mut compared) = (Graph::new(), 0);
        for (step, Taken { transaction, at, rows }) in taken.iter().enumerate() {
            let when = || format!("for {values:?}, at step {step}");
            match transaction {
                Some(transaction) => graph.apply(transaction),
                None if step > 0 => match graph.next_due() {
                    Some(due) if due < *at => return Err(format!("{}: no tick at {due:?}", when())),
                    Some(due) if due == *at => graph.tick(due),
                    _ => {}
                },
                None => {}
            }
            let expected = reference.ordered_rows(&graph);
            let (rows, expected) = match (rows, expected) {
                (Ok(rows), Ok(expected)) => {
                    (rows, expected.iter().map(|row| bytes(&row.columns)).collect::<Ordered>())
                }
                (Err(_), Err(_)) => {
                    *failed = true;
                    return Ok(compared);
                }
                (Err(_), Ok(_)) => return Ok(compared),
                (Ok(_), Err(error)) => {
                    return Err(format!("{}: the engine did not err, the reference did: {error}", when()));
                }
            };
            let have = rows.get(key).or(nothing.as_ref()).cloned().unwrap_or_default();
            if have != expected {
                return Err(format!(
                    "{}: there are {} rows, the reference has {}\n  {have:?}\n  {expected:?}",
                    when(),
                    have.len(),
                    expected.len()
                ));
            }
            compared += usize::from(!expected.is_empty());
        }
        Ok(compared)
    }
}

/// Has the engine take the stream in; adds the values that its rows have to `all`.
fn take(
    engine: &Engine,
    for_each: &ForEach,
    stream: &[AppliedTransaction],
    all: &mut BTreeMap<Vec<u8>, Vec<Value>>,
) -> Result<Vec<Taken>, String> {
    let (mut state, mut now) = (MemoryState::new(), Timestamp(0));
    let mut folded: BTreeMap<u64, Columns> = BTreeMap::new();
    let mut taken: Vec<Taken> = Vec::new();
    let mut add = |transaction, at, diffs: Result<Vec<Diff>, StepError>, state: &MemoryState| {
        let rows = match diffs {
            Ok(diffs) => {
                fold(&mut folded, &diffs, for_each.parameters().len())?;
                let stored = state.rows();
                let columns = |(signature, row): &(u64, Row)| (*signature, bytes(&row.columns));
                let told = folded.iter().map(|(signature, columns)| (*signature, bytes(columns)));
                if !stored.iter().map(columns).eq(told) {
                    return Err(format!("the diffs fold to {folded:?}, stored is {stored:?}"));
                }
                // The one row of a value is identified by that alone.
                let alone = |row: &Row| row.key == for_each.key(&row.columns[..for_each.parameters().len()]);
                if for_each.nothing().is_some() && !stored.iter().all(|(_, row)| alone(row)) {
                    return Err(format!("more than the value identifies a row: {stored:?}"));
                }
                Ok(by_value(for_each, stored.into_iter().map(|(_, row)| row).collect(), all)?)
            }
            Err(error) => Err(error),
        };
        let is_ok = rows.is_ok();
        taken.push(Taken { transaction, at, rows });
        Ok(is_ok)
    };
    let diffs = engine.begin(&mut state, now);
    let mut is_ok = add(None, now, diffs, &state)?;
    for transaction in stream {
        if !is_ok {
            break;
        }
        let at = now.max(transaction.timestamp);
        while let Some(due) = engine.next_due(&state).map_err(|error| error.to_string())?
            && due <= at
            && is_ok
        {
            let diffs = engine.tick(&mut state, due);
            is_ok = add(None, due, diffs, &state)?;
        }
        if is_ok {
            now = at;
            let transaction = AppliedTransaction { timestamp: at, ..transaction.clone() };
            let diffs = engine.step(&mut state, &transaction);
            is_ok = add(Some(transaction), at, diffs, &state)?;
        }
    }
    Ok(taken)
}

/// The rows without the values, by them.
fn by_value(
    for_each: &ForEach,
    mut rows: Vec<Row>,
    all: &mut BTreeMap<Vec<u8>, Vec<Value>>,
) -> Result<BTreeMap<Vec<u8>, Ordered>, String> {
    let mut found: BTreeMap<Vec<u8>, Ordered> = BTreeMap::new();
    rows.sort_by(|one, other| (&one.order, &one.key).cmp(&(&other.order, &other.key)));
    for row in rows {
        let (values, columns) = row.columns.split_at(for_each.parameters().len());
        for (value, parameter) in values.iter().zip(for_each.parameters()) {
            let canonical = parameter.of.equal(value).ok_or_else(|| format!("{value:?} is nobody's"))?;
            if bytes(&[canonical]) != bytes(std::slice::from_ref(value)) {
                return Err(format!("{value:?} is not written as a value of {parameter:?}"));
            }
        }
        all.entry(for_each.key(values)).or_insert_with(|| values.to_vec());
        found.entry(for_each.key(values)).or_default().push(bytes(columns));
    }
    Ok(found)
}

/// Applies diffs to the rows, which must be as these say they were; each is about one value.
fn fold(rows: &mut BTreeMap<u64, Columns>, diffs: &[Diff], values: usize) -> Result<(), String> {
    for diff in diffs {
        let signature = diff.row_signature();
        let was = rows.get(&signature).map(|columns| bytes(columns));
        let (before, after) = match diff {
            Diff::Add { data, .. } => (None, Some(data)),
            Diff::Update { before, after, .. } => (Some(before), Some(after)),
            Diff::Delete { data, .. } => (Some(data), None),
        };
        if was != before.map(|columns| bytes(columns)) {
            return Err(format!("{diff:?} tells another row than the one that was"));
        }
        if let (Some(before), Some(after)) = (before, after)
            && bytes(&before[..values]) != bytes(&after[..values])
        {
            return Err(format!("{diff:?} is about two values"));
        }
        match after {
            Some(after) => rows.insert(signature, after.clone()),
            None => rows.remove(&signature),
        };
    }
    Ok(())
}

/// Bytes that tell `1` and `1.0` apart, and have one NaN.
fn bytes(values: &[Value]) -> Vec<u8> {
    Row { key: Vec::new(), columns: values.to_vec().into(), order: Vec::new() }.encode()
}
