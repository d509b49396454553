//! The detail of the checkpoint: what was written, how, and where the checkpoint in the cluster is.

use crate::aside::Asides;
use livewell_link::kafka::TopicId;
use livewell_model::DecodeError;
use livewell_model::codec::{Reader, Writer};

const FORMAT: u8 = 1;

/// The detail of the checkpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Detail {
    /// What a copy is a copy of, if it is whole.
    pub copy: Option<Copied>,
    /// The partition and the offset of a checkpoint in the cluster: the last one is there or behind it.
    pub checkpoint: Option<(i32, i64)>,
    /// The diffs that were set aside before the cluster had the other records of their result.
    pub set_aside: Asides,
}

/// What decides which records a copy consists of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Copied {
    /// The id of its topic; zeros if the brokers know none.
    pub id: TopicId,
    /// A hash of the name of the topic, the number of its partitions and the template of keys: which record a row has.
    pub form: u64,
}

impl Detail {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(FORMAT).u8(u8::from(self.copy.is_some()));
        if let Some(Copied { id, form }) = &self.copy {
            out.bytes(id).varint(*form);
        }
        out.u8(u8::from(self.checkpoint.is_some()));
        if let Some((partition, offset)) = self.checkpoint {
            out.signed(partition.into()).signed(offset);
        }
        self.set_aside.write(&mut out);
        out.bytes
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new("detail of a Kafka reaction", bytes);
        if reader.u8()? != FORMAT {
            return Err(reader.error("unknown format"));
        }
        let mut detail = Self::default();
        if reader.u8()? == 1 {
            let id = reader.bytes()?.try_into().map_err(|_| reader.error("no id of a topic"))?;
            detail.copy = Some(Copied { id, form: reader.varint()? });
        }
        if reader.u8()? == 1 {
            let partition = i32::try_from(reader.signed()?).map_err(|_| reader.error("no partition"))?;
            detail.checkpoint = Some((partition, reader.signed()?));
        }
        detail.set_aside = Asides::read(&mut reader)?;
        reader.finish()?;
        Ok(detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aside::Aside;

    #[test]
    fn a_detail_comes_back() {
        let mut set_aside = Asides::default();
        let aside = |sequence| Aside { query_id: "late".into(), epoch: 2, sequence, part: 300 };
        set_aside.extend([aside(8), aside(9)]);
        let detail = Detail {
            copy: Some(Copied { id: [7; 16], form: u64::MAX }),
            checkpoint: Some((3, 1 << 40)),
            set_aside,
        };
        assert_eq!(Detail::decode(&detail.encode()), Ok(detail.clone()));
        assert_eq!(Detail::decode(&Detail::default().encode()), Ok(Detail::default()));
        let bytes = detail.encode();
        assert!((0..bytes.len()).all(|end| Detail::decode(&bytes[..end]).is_err()));
    }
}
