//! What a reaction keeps with its first checkpoint: the detail of its kind, and the target that the detail is about.

use livewell_model::codec::{Reader, Writer};

/// The first byte of a detail with an identity before it. The details of earlier versions are those of the kinds alone,
/// whose first bytes are small numbers of formats.
const FORMAT: u8 = 0xf1;

/// The detail of a reaction, and what it is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// The identity of the reaction that has stored it; empty if it had none, or that is not known.
    pub(super) identity: String,
    /// The detail of its kind.
    pub(super) detail: Vec<u8>,
}

impl Held {
    /// Returns the stored form of a detail.
    pub(super) fn encode(identity: &str, detail: &[u8]) -> Vec<u8> {
        if identity.is_empty() {
            return detail.to_vec();
        }
        let mut out = Writer::new();
        out.u8(FORMAT).string(identity).bytes(detail);
        out.bytes
    }

    /// Reads what [`Held::encode`] or an earlier version has written. A reaction without an identity of its own reads
    /// whatever is there: its detail may begin with any byte.
    pub(super) fn decode(own: &str, stored: &[u8]) -> Self {
        let with_identity = || {
            let mut reader = Reader::new("detail of a reaction", stored);
            if own.is_empty() || reader.u8().ok()? != FORMAT {
                return None;
            }
            let (identity, detail) = (reader.string().ok()?.to_string(), reader.bytes().ok()?.to_vec());
            Some(Self { identity, detail })
        };
        with_identity().unwrap_or_else(|| Self { identity: String::new(), detail: stored.to_vec() })
    }

    /// Returns whether the detail is about another target than this one.
    pub(super) fn is_about_another(&self, identity: &str) -> bool {
        !self.identity.is_empty() && self.identity != identity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_is_about_the_target_under_which_it_was_stored() {
        let held = Held::decode("keys `b*`", &Held::encode("keys `a*`", &[1, 2]));
        assert_eq!(held, Held { identity: "keys `a*`".to_owned(), detail: vec![1, 2] });
        assert!(held.is_about_another("keys `b*`") && !held.is_about_another("keys `a*`"));
    }

    #[test]
    fn a_detail_of_an_earlier_version_or_without_an_identity_is_about_whatever_reads_it() {
        for (own, stored) in [("keys `a*`", &[1, 2][..]), ("keys `a*`", &[]), ("", &[FORMAT, 9])] {
            let held = Held::decode(own, stored);
            assert_eq!(held, Held { identity: String::new(), detail: stored.to_vec() });
            assert!(!held.is_about_another(own));
        }
        assert_eq!(Held::encode("", &[FORMAT, 9]), [FORMAT, 9]);
    }
}
