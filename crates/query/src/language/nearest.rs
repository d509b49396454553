//! The nearest name, for "did you mean".

use super::ast::Span;
use super::diagnostic::Diagnostic;

/// The one of `names` that `wanted` was most likely meant to be, if one is near enough.
pub fn nearest<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let lowered = wanted.to_lowercase();
    let allowed = (wanted.chars().count() / 3).max(1);
    let scored = names.into_iter().map(|name| (distance(&lowered, &name.to_lowercase()), name));
    scored.filter(|(distance, _)| *distance <= allowed).min().map(|(_, name)| name)
}

/// Adds "did you mean" if a name is near, and the change at `span` that makes it so, with the name as `written` writes it.
pub(crate) fn suggest<'n>(
    diagnostic: Diagnostic,
    (wanted, span): (&str, Span),
    names: impl IntoIterator<Item = &'n str>,
    written: fn(&str) -> String,
) -> Diagnostic {
    match nearest(wanted, names) {
        Some(name) => diagnostic.with_help(format!("did you mean `{name}`?")).with_edit(span, written(name)),
        None => diagnostic,
    }
}

/// How many characters must be put in, taken out, replaced or swapped with their neighbour to get from one
/// to the other (optimal string alignment). Long names are cut: they are no typing errors.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut before: Vec<usize> = vec![];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_found_and_a_far_one_is_not() {
        let names = ["order", "orders", "customer"];
        assert_eq!(nearest("ordre", names), Some("order"));
        assert_eq!(nearest("CUSTOMER", names), Some("customer"));
        assert_eq!(nearest("custmer", names), Some("customer"));
        assert_eq!(nearest("driver", names), None);
    }
}
