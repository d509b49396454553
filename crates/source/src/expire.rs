//! Retention: how long a source keeps elements that do not change.
//!
//! Written as one period for all elements, `expire: 30d`, or one for each label and relationship type,
//! `expire: { Reading: 30d, OF: 30d }`.

use crate::SourceError;
use livewell_model::{Element, period};
use serde::de::{Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// The shortest period: expiry is retention, and not a timer.
const SHORTEST: Duration = Duration::from_secs(1);

/// How long elements are kept after their last change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Expire {
    /// All elements of the source.
    All(Period),
    /// Those with one of these labels, or of one of these relationship types; the shortest period counts.
    ByLabel(BTreeMap<String, Period>),
}

/// A period as settings write it, `30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Period(#[serde(with = "period")] pub Duration);

impl Expire {
    /// Keeps all elements for this long.
    pub fn all(period: Duration) -> Self {
        Self::All(Period(period))
    }

    /// Keeps elements with these labels, or of these relationship types, for this long.
    pub fn by_label<L: Into<String>>(periods: impl IntoIterator<Item = (L, Duration)>) -> Self {
        Self::ByLabel(periods.into_iter().map(|(label, period)| (label.into(), Period(period))).collect())
    }

    /// Returns how long an element is kept after its last change; `None` if for ever.
    pub fn period(&self, element: &Element) -> Option<Duration> {
        let shortest = match self {
            Self::All(period) => Some(period),
            Self::ByLabel(periods) => match element {
                Element::Node(node) => {
                    node.labels.iter().filter_map(|label| periods.get(label.as_str())).min()
                }
                Element::Relationship(relationship) => periods.get(relationship.kind.as_str()),
            },
        };
        shortest.map(|period| period.0)
    }

    /// Checks what the types do not guarantee.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Settings`](crate::ErrorKind::Settings) if a period is shorter than a second, or there is none.
    pub fn validate(&self, source: &str) -> Result<(), SourceError> {
        let wrong = |what: String| Err(SourceError::settings(format!("source `{source}`: {what}")));
        let too_short = |period: &Period| period.0 < SHORTEST;
        match self {
            Self::All(period) if too_short(period) => wrong("`expire` is shorter than a second".into()),
            Self::All(_) => Ok(()),
            Self::ByLabel(periods) if periods.is_empty() => {
                wrong("`expire` names no label; write `expire: 30d` for all elements".into())
            }
            Self::ByLabel(periods) => match periods.iter().find(|(_, period)| too_short(period)) {
                Some((label, _)) => wrong(format!("`expire` of `{label}` is shorter than a second")),
                None => Ok(()),
            },
        }
    }
}

impl<'de> Deserialize<'de> for Expire {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(AsWritten)
    }
}

/// Reads a period, or a mapping of labels to periods.
struct AsWritten;

impl<'de> Visitor<'de> for AsWritten {
    type Value = Expire;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a period, as in `30d`, or a mapping of labels and relationship types to periods")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Expire, E> {
        Period::deserialize(text.into_deserializer()).map(Expire::All)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Expire, A::Error> {
        let mut periods = BTreeMap::new();
        while let Some((label, period)) = entries.next_entry::<String, Period>()? {
            periods.insert(label, period);
        }
        Ok(Expire::ByLabel(periods))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_model::{ElementId, Map, Node, Relationship, SmolStr};

    fn read(text: &str) -> Result<Expire, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn it_is_one_period_or_one_for_each_label() {
        let hours = |hours: u64| Duration::from_secs(hours * 3_600);
        assert_eq!(read("\"30d\""), Ok(Expire::all(hours(720))));
        let by_label = Expire::by_label([("Reading", hours(2)), ("OF", hours(1))]);
        assert_eq!(read(r#"{"Reading": "2h", "OF": "60m"}"#), Ok(by_label.clone()));
        let written = serde_json::to_string(&by_label).unwrap();
        assert_eq!(read(&written), Ok(by_label));
        for (wrong, why) in [
            ("30", "a period, as in `30d`"),
            ("\"a month\"", "is not a duration"),
            (r#"{"Reading": 30}"#, "expected a string"),
        ] {
            let error = read(wrong).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        for (refused, why) in [("\"999ms\"", "than a second"), ("{}", "no label"), (r#"{"A": "0s"}"#, "`A`")]
        {
            let error = read(refused).unwrap().validate("s").unwrap_err();
            assert!(error.message.contains(why), "{error}");
        }
    }

    #[test]
    fn the_shortest_period_of_an_elements_labels_counts() {
        let expire = read(r#"{"A": "2h", "B": "1h", "OF": "3h"}"#).unwrap();
        let node = |labels: &[&str]| {
            let mut node = Node::new(ElementId::new("s", "n"));
            node.labels = labels.iter().map(|label| SmolStr::from(*label)).collect();
            expire.period(&Element::Node(node.into())).map(|period| period.as_secs() / 3_600)
        };
        assert_eq!((node(&["A", "B"]), node(&["A", "X"]), node(&["X"])), (Some(1), Some(2), None));
        let relationship = |kind: &str| {
            let id = |id| ElementId::new("s", id);
            let (from, to, kind, properties) = (id("a"), id("b"), kind.into(), Map::new());
            let relationship = Relationship { id: id("r"), kind, from, to, properties };
            expire.period(&Element::Relationship(relationship.into())).is_some()
        };
        assert!(relationship("OF") && !relationship("A_"));
    }
}
