//! The tokens of Cypher.

use super::ast::Span;
use livewell_model::SmolStr;

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub span: Span,
}

/// What a token is. Keywords are words: what they mean depends on where they stand.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind {
    /// A name or keyword as it is written.
    Word(SmolStr),
    /// A name in backticks, never a keyword.
    Quoted(SmolStr),
    /// `$name`.
    Parameter(SmolStr),
    /// An integer without its sign; the smallest 64-bit integer needs one bit more than the largest.
    Integer(u64),
    /// A float without its sign.
    Float(f64),
    /// A string, its escapes resolved.
    Text(SmolStr),
    /// Punctuation.
    Symbol(&'static str),
    /// The end of the text.
    End,
}

/// Every symbol, longer ones before their beginnings.
pub(crate) const SYMBOLS: &[&str] = &[
    "..", "<>", "<=", ">=", "=~", "+=", "!=", "||", "::", "(", ")", "[", "]", "{", "}", ",", ":", ";", ".",
    "|", "+", "-", "*", "/", "%", "^", "=", "<", ">", "!", "&", "~",
];

/// Words that could be read as something else where an operand or a variable stands, and so cannot name a
/// variable without backticks. Other keywords (`order`, `limit`, `set`) are names wherever a name can stand.
pub(crate) const RESERVED: &[&str] = &[
    "all", "and", "as", "case", "contains", "create", "delete", "detach", "distinct", "else", "end", "ends",
    "exists", "false", "in", "is", "match", "merge", "not", "null", "optional", "or", "return", "starts",
    "then", "true", "union", "unwind", "when", "where", "with", "xor",
];

impl TokenKind {
    /// The token as messages name it.
    pub fn describe(&self) -> String {
        match self {
            Self::Word(word) => format!("`{word}`"),
            Self::Quoted(name) => format!("the name `{name}`"),
            Self::Parameter(name) => format!("the parameter `${name}`"),
            Self::Integer(_) | Self::Float(_) => "a number".into(),
            Self::Text(_) => "a string".into(),
            Self::Symbol(symbol) => format!("`{symbol}`"),
            Self::End => "the end of the query".into(),
        }
    }
}

/// Whether an unquoted word cannot be a variable.
pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
}
