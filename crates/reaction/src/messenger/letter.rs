//! The key of a dead letter: which message it is, and whether it could be made.
//!
//! `KEY` or `KEY ADDRESS` is a message as it would be sent. `KEY not filled in` is a message that the templates could
//! not make; its body is the context for the templates, from which it is made again. Keys contain no space.

/// The content of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Letter<'a> {
    /// A message as it is sent; the address is empty if there is none.
    Made { key: &'a str, address: &'a str },
    /// The context of a message that could not be made.
    Unfilled { key: &'a str },
}

/// What follows the key of a message that was not made. No NATS subject looks like it.
const UNFILLED: &str = "not filled in";
/// What follows the key in letters of earlier versions, of messengers without addresses.
const FIRST_UNFILLED: &str = "unfilled";

impl<'a> Letter<'a> {
    /// Returns the key under which the letter is stored.
    pub fn encode(&self) -> String {
        match self {
            Self::Made { key, address: "" } => (*key).to_owned(),
            // A space in front distinguishes such an address from the mark.
            Self::Made { key, address } if *address == UNFILLED || address.starts_with(' ') => {
                format!("{key}  {address}")
            }
            Self::Made { key, address } => format!("{key} {address}"),
            Self::Unfilled { key } => format!("{key} {UNFILLED}"),
        }
    }

    /// Returns the key of the message.
    pub fn key(&self) -> &'a str {
        match *self {
            Self::Made { key, .. } | Self::Unfilled { key } => key,
        }
    }

    /// Parses the key of a letter. `has_addresses`: whether the messenger has addresses.
    pub fn decode(stored: &'a str, has_addresses: bool) -> Self {
        match (stored.split_once(' '), has_addresses) {
            (Some((key, UNFILLED)), _) | (Some((key, FIRST_UNFILLED)), false) => Self::Unfilled { key },
            // In letters of earlier versions, a message without an address was not made yet.
            (None, true) => Self::Unfilled { key: stored },
            (None, false) => Self::Made { key: stored, address: "" },
            (Some((key, address)), _) => {
                Self::Made { key, address: address.strip_prefix(' ').unwrap_or(address) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_read_as_they_were_written() {
        for (address, has_addresses) in [
            ("", false),
            ("out.a", true),
            ("a b", true),
            (" a", true),
            ("not filled in", true),
            ("unfilled", true),
        ] {
            let made = Letter::Made { key: "s:r:q:1:2:0", address };
            assert_eq!(Letter::decode(&made.encode(), has_addresses), made, "{address}");
        }
        for has_addresses in [false, true] {
            let unfilled = Letter::Unfilled { key: "s:r:q:1:2:0" };
            assert_eq!(Letter::decode(&unfilled.encode(), has_addresses), unfilled);
        }
    }

    #[test]
    fn letters_of_earlier_commits_are_read() {
        assert_eq!(Letter::decode("k", false), Letter::Made { key: "k", address: "" });
        assert_eq!(Letter::decode("k unfilled", false), Letter::Unfilled { key: "k" });
        assert_eq!(Letter::decode("k", true), Letter::Unfilled { key: "k" });
        for subject in ["out.a", "unfilled"] {
            let stored = format!("k {subject}");
            assert_eq!(Letter::decode(&stored, true), Letter::Made { key: "k", address: subject });
        }
    }
}
