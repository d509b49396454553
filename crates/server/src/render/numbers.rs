//! How integers beyond 2<sup>53</sup> are written in JSON, which JavaScript's own parser would round.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::ser::{Formatter, Serializer};
use std::io::{self, Write};

/// The largest integer up to which JavaScript tells all of them apart: 2<sup>53</sup> - 1.
const SAFE_MAX: u64 = (1 << 53) - 1;

/// How the integers of values are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Numbers {
    /// As numbers, with all their digits.
    #[default]
    Number,
    /// As strings if they are beyond 2<sup>53</sup> - 1, as decimals are.
    String,
}

impl Numbers {
    /// Writes `value` as JSON.
    ///
    /// # Errors
    /// Returns the error of `out`.
    pub fn write(self, out: impl Write, value: &(impl Serialize + ?Sized)) -> serde_json::Result<()> {
        match self {
            Self::Number => serde_json::to_writer(out, value),
            Self::String => value.serialize(&mut Serializer::with_formatter(out, ForBrowsers)),
        }
    }

    /// Returns `value` as JSON.
    pub fn text(self, value: &impl Serialize) -> String {
        let mut json = Vec::new();
        self.write(&mut json, value).expect("memory takes what is JSON");
        String::from_utf8(json).expect("JSON is UTF-8")
    }
}

/// Quotes the integers that JavaScript would round. Only values have a sign: counters never do.
struct ForBrowsers;

impl Formatter for ForBrowsers {
    fn write_i64<W: Write + ?Sized>(&mut self, out: &mut W, value: i64) -> io::Result<()> {
        if value.unsigned_abs() > SAFE_MAX { write!(out, "\"{value}\"") } else { write!(out, "{value}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_model::Value;

    #[test]
    fn exactly_the_integers_that_javascript_rounds_are_strings() {
        let safe = 9_007_199_254_740_991;
        let inner = Value::list([Value::Int(i64::MIN), Value::Float(1e300), Value::Int(7)]);
        let values = [safe, safe + 1, -safe, -safe - 1, i64::MAX].map(Value::Int);
        let json = Numbers::String.text(&Value::list(values.into_iter().chain([inner]).collect::<Vec<_>>()));
        let expected = r#"[9007199254740991,"9007199254740992",-9007199254740991,"-9007199254740992","9223372036854775807",["-9223372036854775808",1e300,7]]"#;
        assert_eq!(json.replace("1e+300", "1e300"), expected);
    }
}
