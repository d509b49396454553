//! Where a change of a query takes effect, while it is not made yet.
//!
//! A change has a place in the order of all changes: what comes before it still goes through the former definition, what
//! comes after it through the new one, whenever their rows are built. So the place is stored with the change, and with
//! it the former definition, until its last results are in the outbox.

use crate::Error;
use crate::component::definition::{Definition, label_of};
use crate::feed::follow::Upstream;
use crate::settings::Query;
use livewell_model::codec::{Reader, Writer};
use livewell_model::{DecodeError, Timestamp};
use livewell_store::catalog::{self, Registered};
use livewell_store::keyspace::{Key, Space};
use livewell_store::{IndexError, Moment, Snapshot};

/// The stored form of [`Due`].
const FORMAT: u8 = 1;

/// A change that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Due {
    /// Where the new rows begin.
    pub(crate) at: Moment,
    /// What the old rows come from; `None` once they are as far as the change, or if there are none.
    pub(crate) former: Option<Former>,
}

/// The definition that a change replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Former {
    /// The definition as the catalog had it.
    definition: String,
    /// What it reads, with the labels of that time.
    pub(crate) upstreams: Vec<Upstream>,
}

impl Due {
    /// Returns the change of a query that is not made yet, if there is one.
    pub(crate) fn read(snapshot: &dyn Snapshot, query: u32) -> Result<Option<Self>, IndexError> {
        Ok(snapshot.get(&Self::key(query))?.map(|bytes| Self::decode(&bytes)).transpose()?)
    }

    pub(crate) fn key(query: u32) -> Vec<u8> {
        Key::new(Space::Due).number(query).done()
    }

    /// Returns the stored form.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(FORMAT).varint(self.at.position).signed(self.at.time.0).u8(u8::from(self.former.is_some()));
        if let Some(Former { definition, upstreams }) = &self.former {
            out.string(definition).varint(upstreams.len() as u64);
            for Upstream { id, number, is_query, label } in upstreams {
                out.string(id).varint((*number).into()).u8(u8::from(*is_query)).string(label);
            }
        }
        out.bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new("change that is due", bytes);
        if reader.u8()? != FORMAT {
            return Err(reader.error("unknown format"));
        }
        let at = Moment { position: reader.varint()?, time: Timestamp(reader.signed()?) };
        let former = if reader.u8()? == 0 { None } else { Some(Former::decode(&mut reader)?) };
        reader.finish()?;
        Ok(Self { at, former })
    }
}

impl Former {
    /// Returns a query as it is in the catalog, if that can be read; one from an earlier version may not.
    pub(crate) fn of(snapshot: &dyn Snapshot, entry: &Registered) -> Result<Option<Self>, Error> {
        let Some(query) = query_in(entry) else { return Ok(None) };
        let mut upstreams = Vec::with_capacity(query.sources.len());
        for id in query.sources {
            let Some(found) = catalog::find(snapshot, &id)? else { return Ok(None) };
            let is_query = found.kind == catalog::Kind::Query;
            upstreams.push(Upstream { id, number: found.number, is_query, label: label_of(&found) });
        }
        Ok(Some(Self { definition: entry.definition.clone(), upstreams }))
    }

    /// Returns the query, if its definition can be read.
    pub(crate) fn query(&self) -> Option<Query> {
        let (number, kind) = (0, catalog::Kind::Query);
        query_in(&Registered { number, kind, id: String::new(), definition: self.definition.clone() })
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let definition = reader.string()?.to_string();
        let mut upstreams = Vec::new();
        for _ in 0..reader.count()? {
            let id = reader.string()?.to_string();
            let number =
                u32::try_from(reader.varint()?).map_err(|_| reader.error("a number is too large"))?;
            let (is_query, label) = (reader.u8()? != 0, reader.string()?.to_string());
            upstreams.push(Upstream { id, number, is_query, label });
        }
        Ok(Self { definition, upstreams })
    }
}

/// Returns the query that an entry of the catalog defines, if it can be read.
pub(crate) fn query_in(entry: &Registered) -> Option<Query> {
    Definition::read(entry)?.made.query().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_is_read_as_it_was_written() {
        let upstream = |id: &str, number, is_query| Upstream {
            id: id.into(),
            number,
            is_query,
            label: id.to_uppercase(),
        };
        let former = Former {
            definition: r#"{"by":"file"}"#.into(),
            upstreams: vec![upstream("s", 3, false), upstream("q", 1 << 20, true)],
        };
        let at = Moment { position: 977, time: Timestamp(-5) };
        for due in [Due { at, former: Some(former) }, Due { at, former: None }] {
            assert_eq!(Due::decode(&due.encode()).unwrap(), due);
        }
    }

    #[test]
    fn what_is_due_has_these_bytes() {
        let upstreams = vec![Upstream { id: "s".into(), number: 2, is_query: false, label: "s".into() }];
        let former = Former { definition: "{}".into(), upstreams };
        let due = Due { at: Moment { position: 300, time: Timestamp(1) }, former: Some(former) };
        assert_eq!(due.encode(), [1, 0xac, 2, 2, 1, 2, b'{', b'}', 1, 1, b's', 2, 0, 1, b's']);
        assert!(Due::decode(&[2]).is_err());
    }
}
