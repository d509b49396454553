//! The detail of the checkpoint: what was written, how, and where the checkpoint in the cluster is.

use crate::Reached;
use livewell_link::kafka::TopicId;
use livewell_model::codec::{Reader, Writer};
use livewell_model::{DecodeError, SmolStr};

const FORMAT: u8 = 1;

/// The detail of the checkpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Detail {
    /// What a copy is a copy of, if it is whole.
    pub copy: Option<Copied>,
    /// The partition and the offset of a checkpoint in the cluster: the last one is there or behind it.
    pub checkpoint: Option<(i32, i64)>,
    /// The diffs that were set aside before the cluster had the other records of their result.
    pub set_aside: Vec<Aside>,
}

/// What decides which records a copy consists of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Copied {
    /// The id of its topic; zeros if the brokers know none.
    pub id: TopicId,
    /// A hash of the name of the topic, the number of its partitions and the template of keys: which record a row has.
    pub form: u64,
}

/// A diff that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Aside {
    pub query_id: SmolStr,
    pub epoch: u64,
    pub sequence: u64,
    pub index: u64,
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
        out.varint(self.set_aside.len() as u64);
        for Aside { query_id, epoch, sequence, index } in &self.set_aside {
            out.string(query_id).varint(*epoch).varint(*sequence).varint(*index);
        }
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
        for _ in 0..reader.count()? {
            let (query_id, epoch) = (reader.string()?, reader.varint()?);
            let (sequence, index) = (reader.varint()?, reader.varint()?);
            detail.set_aside.push(Aside { query_id, epoch, sequence, index });
        }
        reader.finish()?;
        Ok(detail)
    }

    /// Forgets the diffs that were set aside of results that are over.
    pub fn forget(&mut self, reached: &[Reached]) {
        let is_over = |aside: &Aside, there: &Reached| {
            aside.query_id == there.query_id && (aside.epoch, aside.sequence) <= (there.epoch, there.sequence)
        };
        self.set_aside.retain(|aside| !reached.iter().any(|there| is_over(aside, there)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_comes_back() {
        let aside = |sequence| Aside { query_id: "late".into(), epoch: 2, sequence, index: 300 };
        let mut detail = Detail {
            copy: Some(Copied { id: [7; 16], form: u64::MAX }),
            checkpoint: Some((3, 1 << 40)),
            set_aside: vec![aside(8), aside(9)],
        };
        assert_eq!(Detail::decode(&detail.encode()), Ok(detail.clone()));
        assert_eq!(Detail::decode(&Detail::default().encode()), Ok(Detail::default()));
        let reached = Reached { query_id: "late".into(), epoch: 2, sequence: 8, position: 24 };
        detail.forget(&[reached]);
        assert_eq!(detail.set_aside, [aside(9)]);
        let bytes = detail.encode();
        assert!((0..bytes.len()).all(|end| Detail::decode(&bytes[..end]).is_err()));
    }
}
