//! CALL: its queries see the imported variables alone, and their columns become variables of the row.

use super::checker::{Checked, Checker};
use super::names::Known;
use crate::language::ast::{Call, Span};
use crate::language::{Diagnostic, code};

impl Checker {
    /// Checks a CALL and defines its columns.
    pub(super) fn call(&mut self, mut call: Call) -> Checked<Call> {
        for import in call.imports.iter().flatten() {
            if self.names.get(&import.text).is_none() {
                return Err(self.names.undefined(&import.text, import.span));
            }
        }
        let seen: Option<Vec<_>> =
            call.imports.as_ref().map(|names| names.iter().map(|name| name.text.clone()).collect());
        let around = self.names.enter_seeing(seen.as_deref());
        self.subqueries += 1;
        let mut columns: Option<Vec<Known>> = None;
        for branch in &mut call.branches {
            self.names.replace(vec![]);
            let mut clauses = vec![];
            for clause in std::mem::take(branch) {
                self.clause(clause, &mut clauses)?;
            }
            *branch = clauses;
            let own = self.names.own().to_vec();
            columns = Some(match columns {
                None => own,
                Some(before) => together(before, &own, call.span)?,
            });
        }
        self.subqueries -= 1;
        self.names.leave_seeing(around);
        for import in call.imports.iter_mut().flatten() {
            if let Some(known) = self.names.get(&import.text) {
                import.text = known.name.clone();
            }
        }
        for column in columns.unwrap_or_default() {
            if self.names.get(&column.written).is_some() {
                let message =
                    format!("`{}` is defined already and cannot be a column of this CALL", column.written);
                return Err(Diagnostic::semantic(code::REBOUND, call.span, message)
                    .with_help(format!("name it with `AS`: `RETURN {} AS other`", column.written)));
            }
            call.columns.push(self.names.define(&column.written, column.types));
        }
        Ok(call)
    }
}

/// The columns of two queries of a UNION, with the types of both.
fn together(before: Vec<Known>, own: &[Known], span: Span) -> Checked<Vec<Known>> {
    let same = before.len() == own.len() && before.iter().zip(own).all(|(a, b)| a.written == b.written);
    if !same {
        let message = "the queries of a UNION must have the same columns in the same order";
        return Err(Diagnostic::semantic(code::COLUMN, span, message));
    }
    let types = before.into_iter().zip(own);
    Ok(types.map(|(known, other)| Known { types: known.types.or(other.types), ..known }).collect())
}
