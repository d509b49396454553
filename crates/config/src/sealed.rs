//! An item of a configuration as it was written, in JSON, without its secrets: what a store may keep of it.
//!
//! A reference to a value from outside stays. A secret that is written out becomes its place and a hash, by which another
//! one is told from it; the hash is keyed, so that it is worth nothing in another store.

use super::secret::{is_place, is_reference, is_whole, of_url};
use super::tree::{Kind, Node};
use serde_json::{Map, Value, json};

/// The field that stands for a secret.
const SECRET: &str = "secret_at";
/// From this length on, a part of the path of a URL is taken for a key if it has letters and digits.
const KEY_LENGTH_MIN: usize = 16;

/// What seals the secrets of one store.
pub struct Seal([u8; 32]);

impl Seal {
    /// The seal of the store with this identity.
    pub fn of(store: livewell_store::StoreId) -> Self {
        Self(blake3::derive_key("livewell 2026-11-29 secrets in definitions", &store.0.to_be_bytes()))
    }

    /// The item `id` of `section` as it was written.
    pub fn item(&self, section: &str, id: &str, item: &Node) -> Value {
        self.value(item, false, &format!("{section}/{id}"))
    }

    /// The hash of a sealed item, by which another one is told from it.
    pub fn hash(&self, item: &Value) -> String {
        blake3::keyed_hash(&self.0, item.to_string().as_bytes()).to_hex()[..16].to_owned()
    }

    fn value(&self, node: &Node, is_secret: bool, place: &str) -> Value {
        match &node.kind {
            Kind::Scalar(text, scalar) if is_open(text, is_secret) => scalar.json(text),
            Kind::Scalar(text, _) => {
                let hash = blake3::keyed_hash(&self.0, text.as_bytes()).to_hex();
                json!({ SECRET: place, "hash": hash[..16] })
            }
            Kind::List(items) => {
                let item = |(at, item): (usize, &Node)| self.value(item, is_secret, &format!("{place}/{at}"));
                items.iter().enumerate().map(item).collect()
            }
            // A secret in a file, or one that a program prints: their names are none.
            Kind::Map(entries) if is_secret && entries.len() == 1 && is_place(&entries[0].key) => {
                let mut map = Map::new();
                map.insert(entries[0].key.clone(), self.value(&entries[0].value, false, place));
                Value::Object(map)
            }
            Kind::Map(entries) => {
                let mut map = Map::new();
                for entry in entries {
                    let (key, is_secret) = (&entry.key, is_secret || is_whole(&entry.key));
                    map.insert(key.clone(), self.value(&entry.value, is_secret, &format!("{place}/{key}")));
                }
                Value::Object(map)
            }
        }
    }
}

/// Whether a value stands for a secret.
pub(super) fn is_sealed(value: &Value) -> bool {
    value.get(SECRET).is_some_and(Value::is_string) && value.get("hash").is_some_and(Value::is_string)
}

/// The places of the secrets that were sealed in an item.
pub fn places(item: &Value) -> Vec<&str> {
    match item {
        Value::Object(map) => match map.get(SECRET).and_then(Value::as_str) {
            Some(place) => vec![place],
            None => map.values().flat_map(places).collect(),
        },
        Value::Array(items) => items.iter().flat_map(places).collect(),
        _ => Vec::new(),
    }
}

/// Whether a scalar may be kept as it is.
fn is_open(text: &str, is_secret: bool) -> bool {
    if is_secret {
        return text.is_empty() || is_reference(text);
    }
    of_url(text).into_iter().all(|place| {
        let part = &text[place.clone()];
        part.is_empty()
            || is_reference(part)
            || (is_path(text, place.start) && !part.split('/').any(is_key_like))
    })
}

/// Whether what begins at `start` is the path of a URL.
fn is_path(url: &str, start: usize) -> bool {
    let authority = url[..start].split_once("//").map_or("", |(_, authority)| authority);
    authority.ends_with('/') && !authority.contains('@')
}

/// Whether a part of a path may let somebody in.
fn is_key_like(part: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| part.bytes().any(|byte| kind(&byte));
    part.len() >= KEY_LENGTH_MIN && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
        || part.contains('?')
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    fn sealed(text: &str) -> Value {
        Seal::of(livewell_store::StoreId(7)).item("reactions", "r", &tree::parse(text).unwrap())
    }

    #[test]
    fn what_is_written_out_is_sealed_with_its_place() {
        for (text, place) in [
            ("secret: s3cret", "reactions/r/secret"),
            ("headers: { Authorization: Bearer s3cret }", "reactions/r/headers/Authorization"),
            ("url: postgres://me:s3cret@host/db", "reactions/r/url"),
            ("url: host=h user=u password=s3cret", "reactions/r/url"),
            ("url: https://hooks.example.com/services/T0s3cretB4c5d6e7", "reactions/r/url"),
            ("secret: ${X:-s3cret}", "reactions/r/secret"),
        ] {
            let sealed = sealed(text);
            assert_eq!(places(&sealed), [place], "{text}");
            assert!(!sealed.to_string().contains("s3cret"), "{sealed}");
        }
    }

    #[test]
    fn references_and_what_is_no_secret_stay_as_they_are_written() {
        for (text, json) in [
            ("secret: ${TOKEN}", json!({ "secret": "${TOKEN}" })),
            ("secret: { file: /run/token }", json!({ "secret": { "file": "/run/token" } })),
            ("secret: { command: [vault, read] }", json!({ "secret": { "command": ["vault", "read"] } })),
            ("url: postgres://me:${PASSWORD}@host/db", json!({ "url": "postgres://me:${PASSWORD}@host/db" })),
            ("url: http://127.0.0.1:80/orders/new", json!({ "url": "http://127.0.0.1:80/orders/new" })),
            ("[1, 2.5, true, null, text]", json!([1, 2.5, true, null, "text"])),
        ] {
            assert_eq!(sealed(text), json, "{text}");
        }
    }

    #[test]
    fn another_secret_has_another_hash_and_so_has_another_store() {
        let (one, other) = (sealed("secret: one"), sealed("secret: other"));
        assert_ne!(one, other);
        assert_eq!(one, sealed("secret: one"));
        let elsewhere = Seal::of(livewell_store::StoreId(8));
        assert_ne!(elsewhere.item("reactions", "r", &tree::parse("secret: one").unwrap()), one);
    }
}
