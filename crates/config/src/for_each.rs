//! The parameters that a query is run for each value of: names that calls can use, without a value of their own.

use super::problem::{self, code};
use super::tree::Node;
use livewell::Query;
use livewell_query::language::Diagnostic;

/// Adds what is wrong with the names. Returns whether the query can be compiled.
pub fn check(node: &Node, query: &Query, problems: &mut Vec<Diagnostic>) -> bool {
    let mut is_sound = true;
    for entry in node.get("for_each").into_iter().flat_map(Node::entries) {
        let name = entry.key.as_str();
        if Query::RESERVED.contains(&name) {
            let message =
                format!("`{name}` is what a call for rows or changes means by `?{name}=`, and not a value");
            let help = "give the parameter another name, here and in the text";
            problems.push(problem::at(code::REFUSED, entry.key_span, message).with_help(help));
        }
        if query.params.get(name).is_some() {
            let message = format!(
                "`{name}` has a value under `params`, and the query is to be run for each value of it"
            );
            let help = "leave one of the two away";
            problems.push(problem::at(code::REFUSED, entry.key_span, message).with_help(help));
            is_sound = false;
        }
    }
    is_sound
}
