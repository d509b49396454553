//! Type predicates: `x IS :: INTEGER NOT NULL | STRING`, `x IS NOT TYPED LIST<FLOAT>`, `x :: DATE`.

use super::super::ast::{Expr, ExprKind, TypePart, ValueType};
use super::expression::{Ahead, Operator, TEST};
use super::{Parsed, Parser};
use crate::types::TypeSet;

/// Types of one word.
const WORDS: &[(&str, TypeSet)] = &[
    ("NOTHING", TypeSet::NONE),
    ("NULL", TypeSet::NONE),
    ("BOOL", TypeSet::BOOLEAN),
    ("BOOLEAN", TypeSet::BOOLEAN),
    ("STRING", TypeSet::STRING),
    ("VARCHAR", TypeSet::STRING),
    ("INT", TypeSet::INTEGER),
    ("INTEGER", TypeSet::INTEGER),
    ("INT64", TypeSet::INTEGER),
    ("INTEGER64", TypeSet::INTEGER),
    ("FLOAT", TypeSet::FLOAT),
    ("FLOAT64", TypeSet::FLOAT),
    ("DECIMAL", TypeSet::DECIMAL),
    ("DATE", TypeSet::DATE),
    ("DURATION", TypeSet::DURATION),
    ("POINT", TypeSet::NONE),
    ("NODE", TypeSet::NODE),
    ("VERTEX", TypeSet::NODE),
    ("RELATIONSHIP", TypeSet::RELATIONSHIP),
    ("EDGE", TypeSet::RELATIONSHIP),
    ("MAP", TypeSet::MAP),
    ("PATH", TypeSet::PATH),
    ("PATHS", TypeSet::PATH),
];

/// Types of several words.
const PHRASES: &[(&[&str], TypeSet)] = &[
    (&["SIGNED", "INTEGER"], TypeSet::INTEGER),
    (&["LOCAL", "TIME"], TypeSet::LOCAL_TIME),
    (&["LOCAL", "DATETIME"], TypeSet::LOCAL_DATE_TIME),
    (&["ZONED", "TIME"], TypeSet::TIME),
    (&["ZONED", "DATETIME"], TypeSet::DATE_TIME),
    (&["TIME", "WITHOUT", "TIME", "ZONE"], TypeSet::LOCAL_TIME),
    (&["TIME", "WITHOUT", "TIMEZONE"], TypeSet::LOCAL_TIME),
    (&["TIME", "WITH", "TIME", "ZONE"], TypeSet::TIME),
    (&["TIME", "WITH", "TIMEZONE"], TypeSet::TIME),
    (&["TIMESTAMP", "WITHOUT", "TIME", "ZONE"], TypeSet::LOCAL_DATE_TIME),
    (&["TIMESTAMP", "WITHOUT", "TIMEZONE"], TypeSet::LOCAL_DATE_TIME),
    (&["TIMESTAMP", "WITH", "TIME", "ZONE"], TypeSet::DATE_TIME),
    (&["TIMESTAMP", "WITH", "TIMEZONE"], TypeSet::DATE_TIME),
];

/// The types a property can have, lists aside.
const SCALARS: [TypeSet; 11] = [
    TypeSet::BOOLEAN,
    TypeSet::INTEGER,
    TypeSet::FLOAT,
    TypeSet::DECIMAL,
    TypeSet::STRING,
    TypeSet::DATE,
    TypeSet::TIME,
    TypeSet::LOCAL_TIME,
    TypeSet::DATE_TIME,
    TypeSet::LOCAL_DATE_TIME,
    TypeSet::DURATION,
];

impl Parser<'_> {
    /// `IS ::`, `IS NOT ::`, `IS TYPED`, `IS NOT TYPED` or `::`, if it comes next.
    pub(super) fn type_test(&self) -> Option<Ahead> {
        let after_is = usize::from(self.is_keyword("IS"));
        let negated = after_is > 0 && self.keyword_ahead(after_is, "NOT");
        let at = after_is + usize::from(negated);
        let is_typed = after_is > 0 && self.keyword_ahead(at, "TYPED");
        let found = is_typed || self.symbol_ahead(at, "::");
        found.then_some(Ahead { tokens: at + 1, power: TEST, operator: Operator::IsTyped(negated) })
    }

    /// The test of an expression for the type that comes next.
    pub(super) fn is_typed(&mut self, inner: Expr, negated: bool) -> Parsed<Expr> {
        let height = self.height;
        let wanted = self.value_type()?;
        self.height = height;
        self.grow(0)?;
        let span = self.span_from(inner.span.start);
        Ok(Expr { kind: ExprKind::IsTyped(Box::new(inner), wanted, negated), span })
    }

    fn value_type(&mut self) -> Parsed<ValueType> {
        let mut parts = self.type_parts()?;
        while self.is_symbol("|") && !self.ends_at_bar() {
            self.advance();
            parts.extend(self.type_parts()?);
        }
        Ok(ValueType(parts))
    }

    /// A type with `NOT NULL` and `LIST` behind it.
    fn type_parts(&mut self) -> Parsed<Vec<TypePart>> {
        let mut parts = self.nested(Self::named_type)?;
        self.not_null(&mut parts);
        while self.eat_keyword("LIST") || self.eat_keyword("ARRAY") {
            parts = vec![list_of(ValueType(parts))];
            self.not_null(&mut parts);
        }
        Ok(parts)
    }

    fn not_null(&mut self, parts: &mut [TypePart]) {
        let is_next = self.is_keyword("NOT") && self.keyword_ahead(1, "NULL");
        if is_next {
            self.advance();
            self.advance();
        }
        if is_next || self.eat_symbol("!") {
            parts.iter_mut().for_each(|part| part.nullable = false);
        }
    }

    fn named_type(&mut self) -> Parsed<Vec<TypePart>> {
        let begins = |words: &[&str]| words.iter().enumerate().all(|(at, word)| self.keyword_ahead(at, word));
        if let Some((words, types)) = PHRASES.iter().find(|(words, _)| begins(words)) {
            words.iter().for_each(|_| self.advance());
            return Ok(vec![of(*types)]);
        }
        if begins(&["PROPERTY", "VALUE"]) {
            self.advance();
            self.advance();
            return Ok(of_properties());
        }
        if (self.is_keyword("LIST") || self.is_keyword("ARRAY")) && self.symbol_ahead(1, "<") {
            self.advance();
            return Ok(vec![list_of(self.in_angles()?)]);
        }
        if self.eat_keyword("ANY") {
            return self.any_type();
        }
        let Some((word, types)) = WORDS.iter().find(|(word, _)| self.is_keyword(word)) else {
            return Err(self.unexpected("a type, such as `INTEGER`, `STRING` or `LIST<FLOAT>`"));
        };
        self.advance();
        Ok(vec![TypePart { types: *types, items: None, nullable: *word != "NOTHING" }])
    }

    /// Behind ANY: every value, or those of what follows.
    fn any_type(&mut self) -> Parsed<Vec<TypePart>> {
        if self.is_keyword("PROPERTY")
            || ["NODE", "VERTEX", "RELATIONSHIP", "EDGE", "MAP"].iter().any(|word| self.is_keyword(word))
        {
            return self.named_type();
        }
        self.eat_keyword("VALUE");
        if self.is_symbol("<") {
            return Ok(self.in_angles()?.0);
        }
        Ok(vec![of(TypeSet::ANY)])
    }

    fn in_angles(&mut self) -> Parsed<ValueType> {
        self.expect_symbol("<")?;
        let around = self.bar.take();
        let inner = self.value_type();
        self.bar = around;
        self.expect_symbol(">")?;
        inner
    }
}

fn of(types: TypeSet) -> TypePart {
    TypePart { types: types.without_null(), items: None, nullable: true }
}

fn list_of(items: ValueType) -> TypePart {
    TypePart { types: TypeSet::LIST, items: Some(items), nullable: true }
}

/// What a property can hold: a scalar, or a list of scalars of one type.
fn of_properties() -> Vec<TypePart> {
    let lists = SCALARS.map(|types| list_of(ValueType(vec![TypePart { nullable: false, ..of(types) }])));
    SCALARS.map(of).into_iter().chain(lists).collect()
}
