//! The names in scope and what they can hold.

use super::super::ast::Span;
use super::super::code;
use super::super::nearest::suggestion;
use super::Diagnostic;
use crate::expression::TypeSet;
use livewell_model::SmolStr;

/// Names with the types of their values, in the order they were defined.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<(SmolStr, TypeSet)>);

impl Names {
    pub(super) fn get(&self, name: &str) -> Option<TypeSet> {
        self.0.iter().find(|(have, _)| have == name).map(|(_, types)| *types)
    }

    pub(super) fn define(&mut self, name: SmolStr, types: TypeSet) {
        self.0.push((name, types));
    }

    /// The names in the order of the alphabet, which is the order of `*`.
    pub(super) fn sorted(&self) -> Vec<SmolStr> {
        let mut names: Vec<_> = self.0.iter().map(|(name, _)| name.clone()).collect();
        names.sort_unstable();
        names
    }

    pub(super) fn undefined(&self, name: &str, span: Span) -> Diagnostic {
        let diagnostic =
            Diagnostic::semantic(code::UNDEFINED, span, format!("the variable `{name}` is not defined here"));
        match suggestion(name, self.0.iter().map(|(name, _)| name.as_str())) {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        }
    }
}
