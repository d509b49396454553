//! Which schema a record was written with: by bytes before it, or by headers beside it.

use livewell_link::kafka::batch::Record;

/// The number of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Number {
    /// Of its content: four bytes, as Confluent's serializers write it, and Apicurio's since version 3.
    Content(u64),
    /// Of its place in an Apicurio registry: eight bytes.
    Global(u64),
}

impl Number {
    pub fn value(self) -> u64 {
        match self {
            Self::Content(number) | Self::Global(number) => number,
        }
    }
}

/// A key or a value with the number of its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub number: Number,
    pub body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Finds the number of a key's or value's schema; `None` if it has none. Numbers begin at 1, so four zeros behind the
    /// zero byte are the beginning of eight bytes.
    pub fn of(record: &Record<'_>, bytes: &'a [u8], is_key: bool) -> Option<Self> {
        if let Some(number) = in_headers(record, is_key) {
            return Some(Self { number, body: bytes });
        }
        let (0, rest) = bytes.split_first()? else { return None };
        match rest.first_chunk::<4>()? {
            [0, 0, 0, 0] => {
                let (number, body) = rest.split_first_chunk::<8>()?;
                Some(Self { number: Number::Global(u64::from_be_bytes(*number)), body })
            }
            number => {
                let number = Number::Content(u32::from_be_bytes(*number).into());
                Some(Self { number, body: &rest[4..] })
            }
        }
    }
}

/// Returns the number that Apicurio's serializers write into headers if they are asked to.
fn in_headers(record: &Record<'_>, is_key: bool) -> Option<Number> {
    let of = if is_key { "key" } else { "value" };
    let header = |name: &str| {
        // Headers that are damaged say nothing; the batch was checked by its checksum.
        let bytes = record.header(&format!("apicurio.{of}.{name}")).ok()??;
        bytes.try_into().ok().map(u64::from_be_bytes)
    };
    header("globalId").map(Number::Global).or_else(|| header("contentId").map(Number::Content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_to_name_a_schema_are_told_apart() {
        let framed = |bytes: &'static [u8], headers: &'static [u8], is_key| {
            let record = Record { offset: 0, time: 0, key: None, value: None, headers };
            Frame::of(&record, bytes, is_key).map(|frame| (frame.number, frame.body))
        };
        assert_eq!(framed(&[0, 0, 0, 1, 7, 2], &[], false), Some((Number::Content(263), &[2][..])));
        assert_eq!(framed(&[0, 0, 0, 0, 0, 0, 0, 0, 7, 2], &[], false), Some((Number::Global(7), &[2][..])));
        for none in [&b"{}"[..], b"7", &[], &[0], &[0, 0, 0, 0, 0, 0]] {
            assert_eq!(framed(none, &[], false), None, "{none:?}");
        }
        let headers = b"\x02\x2eapicurio.value.globalId\x10\0\0\0\0\0\0\0\x09";
        assert_eq!(framed(&[2], headers, false), Some((Number::Global(9), &[2][..])));
        assert_eq!(framed(&[2], headers, true), None);
    }
}
