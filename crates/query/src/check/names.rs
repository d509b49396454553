//! The names in scope and what they can hold.

use crate::language::ast::{LOCAL, Span};
use crate::language::nearest::suggest;
use crate::language::{Diagnostic, code, quoted};
use crate::types::TypeSet;
use livewell_model::SmolStr;

/// A name in scope.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// As the text has it.
    pub written: SmolStr,
    /// As the tree has it: with a number of its own if it is local to an expression.
    pub name: SmolStr,
    /// What it can hold.
    pub types: TypeSet,
}

/// The names in scope, in the order they were defined; later ones hide earlier ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    known: Vec<Known>,
    /// Where the names of the innermost query begin; those before belong to what is around it.
    own: usize,
    /// How many subqueries are open.
    depth: usize,
    /// How many local names were given so far, in the whole query.
    given: usize,
}

/// What [`Names::leave_seeing`] goes back to.
pub(super) struct Hidden {
    own: usize,
    all: Vec<Known>,
}

/// What [`Names::leave`] goes back to.
pub(super) struct Around {
    own: usize,
    count: usize,
}

impl Names {
    pub(super) fn get(&self, written: &str) -> Option<&Known> {
        self.known.iter().rev().find(|known| known.written == written)
    }

    /// The names of the innermost query.
    pub(super) fn own(&self) -> &[Known] {
        &self.known[self.own..]
    }

    /// Whether the name comes from around the innermost query.
    pub(super) fn is_outer(&self, written: &str) -> bool {
        self.known[..self.own].iter().any(|known| known.written == written)
    }

    /// Defines a name of the innermost query; returns it as the tree has it.
    pub(super) fn define(&mut self, written: &SmolStr, types: TypeSet) -> SmolStr {
        let known = self.fresh(written, types);
        let name = known.name.clone();
        self.known.push(known);
        name
    }

    /// A name that the innermost query could define.
    pub(super) fn fresh(&mut self, written: &SmolStr, types: TypeSet) -> Known {
        let name = if self.depth == 0 { written.clone() } else { self.local_name(written) };
        Known { written: written.clone(), name, types }
    }

    /// Defines a variable of a comprehension or its kin, until [`Self::forget`]; returns it as the tree has it.
    pub(super) fn define_local(&mut self, written: &SmolStr, types: TypeSet) -> SmolStr {
        let name = self.local_name(written);
        self.known.push(Known { written: written.clone(), name: name.clone(), types });
        name
    }

    fn local_name(&mut self, written: &str) -> SmolStr {
        self.given += 1;
        format!("{written}{LOCAL}{}", self.given).into()
    }

    /// Forgets the names defined last.
    pub(super) fn forget(&mut self, count: usize) {
        self.known.truncate(self.known.len() - count);
    }

    /// Replaces the names of the innermost query.
    pub(super) fn replace(&mut self, names: Vec<Known>) {
        self.known.truncate(self.own);
        self.known.extend(names);
    }

    /// Begins a subquery.
    pub(super) fn enter(&mut self) -> Around {
        let around = Around { own: self.own, count: self.known.len() };
        self.own = self.known.len();
        self.depth += 1;
        around
    }

    /// Begins a query that sees these names alone; `None`: all.
    pub(super) fn enter_seeing(&mut self, seen: Option<&[SmolStr]>) -> Hidden {
        let all = self.known.clone();
        self.known.retain(|known| seen.is_none_or(|seen| seen.contains(&known.written)));
        let own = std::mem::replace(&mut self.own, self.known.len());
        self.depth += 1;
        Hidden { own, all }
    }

    /// Ends it.
    pub(super) fn leave_seeing(&mut self, hidden: Hidden) {
        self.known = hidden.all;
        self.own = hidden.own;
        self.depth -= 1;
    }

    /// Ends the innermost subquery.
    pub(super) fn leave(&mut self, around: &Around) {
        self.known.truncate(around.count);
        self.own = around.own;
        self.depth -= 1;
    }

    pub(super) fn undefined(&self, name: &str, span: Span) -> Diagnostic {
        const LITERALS: [(&str, &str); 3] = [("inf", "1.0 / 0"), ("infinity", "1.0 / 0"), ("nan", "0.0 / 0")];
        if let Some((_, value)) = LITERALS.iter().find(|(literal, _)| name.eq_ignore_ascii_case(literal)) {
            let message = format!("`{name}` as a number is not supported in a standing query");
            return Diagnostic::not_supported(code::CONSTRUCT, span, message)
                .with_help(format!("write `{value}`"))
                .with_edit(span, format!("({value})"));
        }
        let diagnostic =
            Diagnostic::semantic(code::UNDEFINED, span, format!("the variable `{name}` is not defined here"));
        suggest(diagnostic, (name, span), self.known.iter().map(|known| known.written.as_str()), quoted)
    }
}
