//! What belongs to one value: its rows among those of the query, and its part of each result.
//!
//! A row belongs to the value in its first columns, and is shown without them. A row that goes from one value to another
//! is a DELETE for the one and an ADD for the other. A query that has a row over nothing has at most one row for each
//! value: the first one that comes is an UPDATE of the row over nothing, and an UPDATE back is what its end is.

use livewell_model::diff::Columns;
use livewell_model::{Diff, QueryResult, Value, key, row};
use livewell_query::ForEach;
use std::collections::BTreeMap;

/// The bits of a signature that are a row's rank among those of the same hash: 0 for nearly all.
const RANK: u64 = 0xffff;

/// How the rows of a query are dealt out by value.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    /// How many of the first columns are parameters.
    parameters: usize,
    /// The row of a value that nothing has.
    nothing: Option<Columns>,
}

impl Parts {
    pub(crate) fn of(for_each: &ForEach) -> Self {
        Self { parameters: for_each.parameters().len(), nothing: for_each.nothing().map(Columns::from) }
    }

    /// Returns how many of the first columns are parameters.
    pub(crate) fn parameters(&self) -> usize {
        self.parameters
    }

    /// Returns a row without its parameters.
    pub(crate) fn shown(&self, columns: &[Value]) -> Columns {
        columns[self.parameters..].into()
    }

    /// Returns the row of the value with this key if nothing has the value: with the signature that the row of something
    /// would have, since it is identified by the value alone.
    pub(crate) fn nothing(&self, key: &[u8]) -> Option<(u64, Columns)> {
        Some((row::key_hash(key) & !RANK, self.nothing.clone()?))
    }

    /// Takes a result apart into the parts of the values that it concerns, by their keys.
    pub(crate) fn all(&self, result: QueryResult) -> BTreeMap<Vec<u8>, QueryResult> {
        let QueryResult { sequence, position, timestamp, diffs } = result;
        let mut by_key: BTreeMap<Vec<u8>, Vec<Diff>> = BTreeMap::new();
        for diff in diffs {
            self.split(diff, |key, diff| by_key.entry(key).or_default().push(diff));
        }
        let part = |(key, diffs): (Vec<u8>, Vec<Diff>)| {
            let diffs = self.finished(&key, diffs)?;
            Some((key, QueryResult { sequence, position, timestamp, diffs }))
        };
        by_key.into_iter().filter_map(part).collect()
    }

    /// Returns the part of a result that belongs to the value with this key; `None` if there is none.
    pub(crate) fn one(&self, result: QueryResult, key: &[u8]) -> Option<QueryResult> {
        let mut own = Vec::new();
        for diff in result.diffs {
            self.split(diff, |of, diff| {
                if of == key {
                    own.push(diff);
                }
            });
        }
        Some(QueryResult { diffs: self.finished(key, own)?, ..result })
    }

    /// Returns the key of the value that a row belongs to.
    pub(crate) fn key(&self, columns: &[Value]) -> Vec<u8> {
        key::of(&columns[..self.parameters])
    }

    /// Passes on what a diff is for each value that it concerns.
    fn split(&self, diff: Diff, mut each: impl FnMut(Vec<u8>, Diff)) {
        match diff {
            Diff::Add { row_signature, data } => {
                each(self.key(&data), Diff::Add { row_signature, data: self.shown(&data) });
            }
            Diff::Delete { row_signature, data } => {
                each(self.key(&data), Diff::Delete { row_signature, data: self.shown(&data) });
            }
            Diff::Update { row_signature, before, after } => {
                let (from, to) = (self.key(&before), self.key(&after));
                let (before, after) = (self.shown(&before), self.shown(&after));
                if from != to {
                    each(from, Diff::Delete { row_signature, data: before });
                    each(to, Diff::Add { row_signature, data: after });
                } else if before != after {
                    each(to, Diff::Update { row_signature, before, after });
                }
            }
        }
    }

    /// Returns the diffs of a value in their order; `None` if its rows stay as they are.
    fn finished(&self, key: &[u8], mut diffs: Vec<Diff>) -> Option<Vec<Diff>> {
        if let Some(nothing) = self.nothing(key) {
            diffs = match diffs.as_slice() {
                [Diff::Add { row_signature, data }] => replaced(nothing, (*row_signature, data.clone())),
                [Diff::Delete { row_signature, data }] => replaced((*row_signature, data.clone()), nothing),
                _ => diffs,
            };
        }
        diffs.sort_by_key(Diff::order);
        (!diffs.is_empty()).then_some(diffs)
    }
}

/// Returns the diffs that lead from one row to another.
fn replaced(before: (u64, Columns), after: (u64, Columns)) -> Vec<Diff> {
    let (row_signature, before, after, other) = (before.0, before.1, after.1, after.0);
    if row_signature != other {
        let gone = Diff::Delete { row_signature, data: before };
        return vec![gone, Diff::Add { row_signature: other, data: after }];
    }
    if before == after { Vec::new() } else { vec![Diff::Update { row_signature, before, after }] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_model::Timestamp;

    fn columns(customer: &str, total: i64) -> Columns {
        [customer.into(), Value::Int(total)].into()
    }

    fn total(total: i64) -> Columns {
        [Value::Int(total)].into()
    }

    fn parts(nothing: Option<Columns>) -> Parts {
        Parts { parameters: 1, nothing }
    }

    /// What becomes of these diffs for `a`, by both ways.
    fn of_a(parts: &Parts, diffs: &[Diff]) -> Vec<Diff> {
        let result = QueryResult { sequence: 3, position: 9, timestamp: Timestamp(1), diffs: diffs.to_vec() };
        let key = key::of(&[Value::from("a")]);
        let one = parts.one(result.clone(), &key);
        assert_eq!(parts.all(result).remove(&key), one, "{diffs:?}");
        one.map(|one| one.diffs).unwrap_or_default()
    }

    #[test]
    fn a_value_is_shown_its_own_rows_without_itself() {
        let parts = parts(None);
        let (add, delete) = (
            |row_signature, data| Diff::Add { row_signature, data },
            |row_signature, data| Diff::Delete { row_signature, data },
        );
        let update = |before, after| Diff::Update { row_signature: 1, before, after };
        for (diff, shown) in [
            (add(1, columns("a", 5)), vec![add(1, total(5))]),
            (add(1, columns("b", 5)), vec![]),
            (delete(1, columns("a", 5)), vec![delete(1, total(5))]),
            (delete(1, columns("b", 5)), vec![]),
            (update(columns("a", 5), columns("a", 6)), vec![update(total(5), total(6))]),
            (update(columns("a", 5), columns("b", 6)), vec![delete(1, total(5))]),
            (update(columns("b", 5), columns("a", 6)), vec![add(1, total(6))]),
            (update(columns("b", 5), columns("b", 6)), vec![]),
        ] {
            assert_eq!(of_a(&parts, std::slice::from_ref(&diff)), shown, "{diff:?}");
        }
    }

    #[test]
    fn diffs_of_a_value_keep_the_order_of_diffs() {
        let moves = |row_signature, from, to| Diff::Update {
            row_signature,
            before: columns(from, 1),
            after: columns(to, 1),
        };
        let diffs = [moves(1, "b", "a"), moves(2, "a", "b"), moves(3, "b", "a"), moves(4, "a", "b")];
        let shown = of_a(&parts(None), &diffs);
        let order: Vec<_> = shown.iter().map(Diff::order).collect();
        assert_eq!(order, [(0, 2), (0, 4), (2, 1), (2, 3)]);
    }

    #[test]
    fn the_row_over_nothing_is_replaced_and_comes_back() {
        let parts = parts(Some(total(0)));
        let (own, _) = parts.nothing(&key::of(&[Value::from("a")])).unwrap();
        let add = |row_signature, n| Diff::Add { row_signature, data: columns("a", n) };
        let delete = |row_signature, n| Diff::Delete { row_signature, data: columns("a", n) };
        let update = |from, to| Diff::Update { row_signature: own, before: total(from), after: total(to) };
        assert_eq!(of_a(&parts, &[add(own, 2)]), [update(0, 2)]);
        assert_eq!(of_a(&parts, &[delete(own, 2)]), [update(2, 0)]);
        assert_eq!(of_a(&parts, &[add(own, 0)]), [], "the row of something is that of nothing");
        // One of the rare rows that share their hash with another.
        let (gone, come) = (Diff::Delete { row_signature: own, data: total(0) }, own + 1);
        assert_eq!(of_a(&parts, &[add(come, 2)]), [gone, Diff::Add { row_signature: come, data: total(2) }]);
        let ranks = [delete(come, 2), add(own, 2)];
        assert_eq!(of_a(&parts, &ranks).len(), 2, "a row that takes another rank was there and is there");
    }
}
