//! Patterns: what their variables become, and what their properties may use.

use super::checker::{Checked, Checker};
use crate::language::ast::{Expr, Match, Name, NodePattern, Pattern, RelationshipPattern};
use crate::language::{Diagnostic, code};
use crate::types::TypeSet;
use livewell_model::SmolStr;

/// What holds for a MATCH clause while it is checked.
struct Clause {
    /// Whether its new variables may be null.
    optional: bool,
    /// Whether it is a pattern in the place of an expression, which binds no variables.
    predicate: bool,
    /// Its relationship variables so far.
    relationships: Vec<SmolStr>,
}

impl Checker {
    /// Checks a MATCH clause and defines its variables.
    pub(super) fn matching(&mut self, matched: &mut Match) -> Checked<()> {
        let predicate = self.notes.predicates.contains(&matched.span.start);
        let mut clause = Clause { optional: matched.optional, predicate, relationships: vec![] };
        for pattern in &mut matched.patterns {
            self.pattern(pattern, &mut clause)?;
        }
        matched.condition.as_mut().map_or(Ok(()), |where_| self.condition(where_))
    }

    fn pattern(&mut self, pattern: &mut Pattern, clause: &mut Clause) -> Checked<()> {
        let Pattern { path, nodes, relationships } = pattern;
        let mut nodes = nodes.iter_mut();
        nodes.next().map_or(Ok(()), |first| self.node(first, clause))?;
        for (relationship, next) in relationships.iter_mut().zip(nodes) {
            self.relationship(relationship, clause)?;
            self.node(next, clause)?;
        }
        let Some(path) = path else { return Ok(()) };
        if self.names.get(&path.text).is_some() {
            let message = format!("`{}` is defined already and cannot name this path", path.text);
            return Err(Diagnostic::semantic(code::REBOUND, path.span, message).with_help("use another name"));
        }
        self.bind(path, TypeSet::PATH, clause)
    }

    fn node(&mut self, node: &mut NodePattern, clause: &Clause) -> Checked<()> {
        self.properties(&mut node.properties)?;
        let Some(variable) = &mut node.variable else { return Ok(()) };
        self.bind(variable, TypeSet::NODE, clause)
    }

    fn relationship(&mut self, step: &mut RelationshipPattern, clause: &mut Clause) -> Checked<()> {
        self.properties(&mut step.properties)?;
        let Some(variable) = &mut step.variable else { return Ok(()) };
        let types = if step.length.is_some() { TypeSet::LIST } else { TypeSet::RELATIONSHIP };
        self.bind(variable, types, clause)?;
        if clause.relationships.contains(&variable.text) {
            let name = self.written(variable);
            let message = format!(
                "the relationship `{name}` stands in this MATCH twice, but no relationship matches twice"
            );
            return Err(Diagnostic::semantic(code::REBOUND, variable.span, message)
                .with_help("give each its own name"));
        }
        clause.relationships.push(variable.text.clone());
        Ok(())
    }

    /// Defines a variable of a pattern, or finds what it is bound to and whether that can be `wanted`.
    fn bind(&mut self, variable: &mut Name, wanted: TypeSet, clause: &Clause) -> Checked<()> {
        variable.text = match self.names.get(&variable.text) {
            Some(known) if known.types.meets(wanted) || known.types == TypeSet::NULL => known.name.clone(),
            Some(known) => return Err(used_otherwise(variable, known.types, wanted)),
            None if clause.predicate => return Err(self.binds_nothing(variable)),
            None => {
                let types = if clause.optional { wanted.or_null() } else { wanted };
                self.names.define(&variable.text, types)
            }
        };
        Ok(())
    }

    fn properties(&mut self, properties: &mut [(Name, Expr)]) -> Checked<()> {
        properties.iter_mut().try_for_each(|(_, value)| self.plain(value, "a pattern").map(drop))
    }

    fn binds_nothing(&self, variable: &Name) -> Diagnostic {
        let mut undefined = self.names.undefined(&variable.text, variable.span);
        undefined.message += ", and a pattern in the place of a condition binds no variables";
        match undefined.help {
            Some(_) => undefined,
            None => undefined.with_help("leave the name away, or write `EXISTS { .. }`"),
        }
    }

    /// A variable's name as the text has it.
    fn written(&self, variable: &Name) -> SmolStr {
        let known = self.names.own().iter().find(|known| known.name == variable.text);
        known.map_or_else(|| variable.text.clone(), |known| known.written.clone())
    }
}

fn used_otherwise(variable: &Name, types: TypeSet, wanted: TypeSet) -> Diagnostic {
    let wanted = match wanted {
        TypeSet::LIST => "list of relationships".into(),
        wanted => wanted.describe(),
    };
    let message = format!("`{}` is a {} and cannot be a {wanted} here", variable.text, types.describe());
    Diagnostic::semantic(code::REBOUND, variable.span, message).with_help("use another name")
}
