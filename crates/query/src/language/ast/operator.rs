//! Operators and aggregates.

use livewell_model::Value;

/// Operators of one operand. Their order is part of the identity of stored state: new ones go to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `NOT x`.
    Not,
    /// `-x`.
    Minus,
    /// `+x`.
    Plus,
}

/// Operators of two operands. Their order is part of the identity of stored state: new ones go to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the operators")]
pub enum BinaryOp {
    And,
    Or,
    Xor,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    /// `a || b`, of strings and of lists.
    Concatenate,
    In,
    StartsWith,
    EndsWith,
    Contains,
    /// `text =~ pattern`.
    Matches,
}

/// The aggregates. Their order is part of the identity of stored state: new ones go to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the functions")]
pub enum AggregateOp {
    Count,
    Sum,
    Avg,
    Min,
    Max,
    Collect,
    StDev,
    StDevP,
    PercentileCont,
    PercentileDisc,
    /// The slope of the straight line nearest to points, each a list of x and y.
    LinearGradient,
}

impl AggregateOp {
    /// All aggregates, under the names that the documentation writes; calls may use any case.
    pub const ALL: [(&'static str, Self); 11] = [
        ("count", Self::Count),
        ("sum", Self::Sum),
        ("avg", Self::Avg),
        ("min", Self::Min),
        ("max", Self::Max),
        ("collect", Self::Collect),
        ("stDev", Self::StDev),
        ("stDevP", Self::StDevP),
        ("percentileCont", Self::PercentileCont),
        ("percentileDisc", Self::PercentileDisc),
        ("livewell.linearGradient", Self::LinearGradient),
    ];

    /// The aggregate that is called by `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, aggregate)| *aggregate)
    }

    /// Its name, as the documentation writes it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, aggregate)| *aggregate == self).map_or("", |(name, _)| *name)
    }

    /// Whether the values themselves must be kept to take one back.
    pub fn needs_values(self) -> bool {
        matches!(self, Self::Min | Self::Max | Self::Collect | Self::PercentileCont | Self::PercentileDisc)
    }

    /// What no values become.
    pub fn of_nothing(self) -> Value {
        match self {
            Self::Count | Self::Sum => Value::Int(0),
            Self::Collect => Value::list([]),
            Self::StDev | Self::StDevP => Value::Float(0.0),
            _ => Value::Null,
        }
    }
}
