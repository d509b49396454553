//! What a reaction keeps with its first checkpoint: the detail of its kind, and the target that the detail is about.

use livewell_model::codec::{Reader, Writer};

/// The first byte of a detail with an identity before it. The details of earlier versions are those of the kinds alone,
/// whose first bytes are small numbers of formats.
const FORMAT: u8 = 0xf1;

/// The detail of a reaction, and what it is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Detail {
    /// The identity of the reaction that has stored it; empty if it had none, or that is not known.
    pub(super) identity: String,
    /// The detail of its kind.
    pub(crate) of_kind: Vec<u8>,
}

impl Detail {
    /// Returns the stored form of a detail.
    pub(super) fn encode(identity: &str, detail: &[u8]) -> Vec<u8> {
        if identity.is_empty() {
            return detail.to_vec();
        }
        let mut out = Writer::new();
        out.u8(FORMAT).string(identity).bytes(detail);
        out.bytes
    }

    /// Reads what [`Detail::encode`] or an earlier version has written. A reaction without an identity of its own reads
    /// whatever is there: its detail may begin with any byte.
    pub(super) fn decode(own: &str, stored: &[u8]) -> Self {
        if own.is_empty() { Self::without_identity(stored) } else { Self::read(stored) }
    }

    /// Reads the same of a reaction of a kind whose details are known.
    pub(crate) fn read(stored: &[u8]) -> Self {
        let with_identity = || {
            let mut reader = Reader::new("detail of a reaction", stored);
            if reader.u8().ok()? != FORMAT {
                return None;
            }
            let (identity, of_kind) = (reader.string().ok()?.to_string(), reader.bytes().ok()?.to_vec());
            Some(Self { identity, of_kind })
        };
        with_identity().unwrap_or_else(|| Self::without_identity(stored))
    }

    fn without_identity(stored: &[u8]) -> Self {
        Self { identity: String::new(), of_kind: stored.to_vec() }
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
        let read = Detail::decode("keys `b*`", &Detail::encode("keys `a*`", &[1, 2]));
        assert_eq!(read, Detail { identity: "keys `a*`".to_owned(), of_kind: vec![1, 2] });
        assert!(read.is_about_another("keys `b*`") && !read.is_about_another("keys `a*`"));
    }

    #[test]
    fn a_detail_of_an_earlier_version_or_without_an_identity_is_about_whatever_reads_it() {
        for (own, stored) in [("keys `a*`", &[1, 2][..]), ("keys `a*`", &[]), ("", &[FORMAT, 9])] {
            let read = Detail::decode(own, stored);
            assert_eq!(read, Detail { identity: String::new(), of_kind: stored.to_vec() });
            assert!(!read.is_about_another(own));
        }
        assert_eq!(Detail::encode("", &[FORMAT, 9]), [FORMAT, 9]);
    }
}
