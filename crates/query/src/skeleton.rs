//! The text of a query with its constants apart, so that texts that differ in constants alone are found.

use crate::for_each::ParameterType;
use crate::language::ast::Span;
use crate::language::{Token, TokenKind, tokens};

/// A query's text with its constants apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Skeleton {
    form: String,
    constants: Vec<Constant>,
}

/// A number or string in a query's text.
#[derive(Debug, Clone, PartialEq)]
pub struct Constant {
    /// Where it stands.
    pub span: Span,
    /// Its type.
    pub of: ParameterType,
    /// The property that it is compared with or that a pattern gives it, if that stands right before it.
    pub property: Option<String>,
}

impl Skeleton {
    /// Takes the constants out of `text`; `None` if it is not made of Cypher's tokens.
    pub fn read(text: &str) -> Option<Self> {
        let tokens = tokens(text).ok()?;
        let mut skeleton = Self { form: String::new(), constants: Vec::new() };
        for (at, token) in tokens.iter().enumerate() {
            let Some(of) = constant(&token.kind) else {
                skeleton.form.push_str(text.get(token.span.start..token.span.end)?);
                skeleton.form.push(' ');
                continue;
            };
            skeleton.form.extend(["'", of.name(), "' "]);
            let property = property(&tokens[..at]);
            skeleton.constants.push(Constant { span: token.span, of, property });
        }
        Some(skeleton)
    }

    /// The text without white space and comments that do not matter, each constant replaced by its type: texts of one
    /// form differ in constants alone.
    pub fn form(&self) -> &str {
        &self.form
    }

    /// The constants, in the order of the text.
    pub fn constants(&self) -> &[Constant] {
        &self.constants
    }
}

/// The type of a constant.
fn constant(kind: &TokenKind) -> Option<ParameterType> {
    match kind {
        TokenKind::Text(_) => Some(ParameterType::Text),
        TokenKind::Integer(_) => Some(ParameterType::Integer),
        TokenKind::Float(_) => Some(ParameterType::Float),
        _ => None,
    }
}

/// The property that is before `=` or `:` at the end of these tokens.
fn property(before: &[Token]) -> Option<String> {
    let [.., name, Token { kind: TokenKind::Symbol("=" | ":"), .. }] = before else { return None };
    match &name.kind {
        TokenKind::Word(name) | TokenKind::Quoted(name) => Some(name.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_differ_in_constants_have_one_form() {
        let read = |text| Skeleton::read(text).unwrap();
        let one = read("MATCH (o:Order {kind: 'a b'}) WHERE o.id = 'c1' AND o.total>-10 RETURN o.id AS id");
        let other = read(
            "MATCH (o:Order  {kind: 'x'})\nWHERE o.id='c2' /* two */ AND o.total > -7 RETURN o.id AS id",
        );
        assert_eq!(one.form(), other.form());
        let properties: Vec<_> =
            one.constants().iter().map(|one| (one.property.as_deref(), one.of)).collect();
        assert_eq!(
            properties,
            [
                (Some("kind"), ParameterType::Text),
                (Some("id"), ParameterType::Text),
                (None, ParameterType::Integer)
            ]
        );
        for different in [
            "MATCH (o:Order {kind: 1}) WHERE o.id = 'c1' AND o.total > -10 RETURN o.id AS id",
            "MATCH (o:Order {kind: 'x'}) WHERE o.id = 'c1' AND o.total > 10 RETURN o.id AS id",
            "MATCH (o:Orders {kind: 'x'}) WHERE o.id = 'c1' AND o.total > -10 RETURN o.id AS id",
        ] {
            assert_ne!(read(different).form(), one.form(), "{different}");
        }
        assert_eq!(Skeleton::read("MATCH (o) WHERE o.id = 'open"), None);
    }

    #[test]
    fn a_string_cannot_imitate_a_form() {
        let read = |text| Skeleton::read(text).unwrap();
        assert_ne!(read("RETURN \"'text' , 'text'\"").form(), read("RETURN 'a', 'b'").form());
    }
}
