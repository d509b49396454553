//! A row that is gone, known by the values that it had last.

use super::answer::Happened;
use livewell_query::expression::EvalError;
use livewell_query::reference::Graph;
use livewell_query::reference::why::{Explanation, Given, Kind, Step, Why};

/// Looks for a row with these values. Those that have changed since are given up one by one, as long as the row is still
/// known by others: so the reason is a condition, and not that a value is another one.
///
/// # Errors
/// Returns the errors of [`Why::find`].
pub(super) fn explain(why: &Why, graph: &Graph, given: &[Given]) -> Result<Explanation, EvalError> {
    let (mut given, mut behind) = (given.to_vec(), 0);
    let mut found = why.find(graph, &given)?;
    while let Some(decides) = decides(&found, &given) {
        let changed = given.remove(decides.given);
        if !decides.is_known {
            // What it is known by may come behind.
            if behind == given.len() {
                break;
            }
            behind += 1;
            given.push(changed);
        }
        let next = why.find(graph, &given)?;
        if next.here {
            break;
        }
        found = next;
    }
    Ok(found)
}

/// A value that decides that a row is not there.
struct Decides {
    given: usize,
    /// Whether the row is known by another value before.
    is_known: bool,
}

fn decides(found: &Explanation, given: &[Given]) -> Option<Decides> {
    let step = Step::first_false(&found.steps).filter(|step| step.kind == Kind::Given)?;
    let is_about = |given: &Given| match given {
        Given::Column(name, _) => step.text.starts_with(&format!("{name} = ")),
        Given::Variable(..) => false,
    };
    let before = found.steps.iter().take_while(|step| step.ok != Some(false));
    let is_known = before.filter(|step| step.kind == Kind::Given).count() > 0;
    Some(Decides { given: given.iter().position(is_about)?, is_known })
}

/// When a row that is not there went, and what its steps are about.
pub(super) fn note(history: &[Happened], has_another: bool) -> String {
    let left = history.iter().rfind(|happened| happened.op == "delete");
    let when = left.map_or_else(String::new, |left| {
        format!("it left with sequence {}, at position {}; ", left.sequence, left.position)
    });
    let about = match has_another {
        true => "the steps are those of another row, which has the values that it had",
        false => "the steps are about the values that it had, as far as these still lead to a condition",
    };
    format!("{when}{about}")
}
