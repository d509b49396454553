//! Canonical bytes: two things are the same to a plan exactly if their bytes are equal.
//!
//! A plan's bytes are the identity of the state that it keeps ([`crate::plan`]). They are written and compared and never
//! read, so there is no way back. Each type takes all of its fields apart, so that a new one cannot be forgotten.

use livewell_model::codec::Writer;
use livewell_model::{SmolStr, Value};

/// What has canonical bytes.
pub(crate) trait Encode {
    /// Writes the bytes. The bytes of one value are never a prefix of another value's of the same type.
    fn encode(&self, out: &mut Writer);
}

/// Writes several things one after another.
macro_rules! encode_all {
    ($out:expr, $($part:expr),+ $(,)?) => {{
        $($crate::encoding::Encode::encode($part, $out);)+
    }};
}
pub(crate) use encode_all;

impl Encode for bool {
    fn encode(&self, out: &mut Writer) {
        out.u8(u8::from(*self));
    }
}

impl Encode for u16 {
    fn encode(&self, out: &mut Writer) {
        out.varint(u64::from(*self));
    }
}

impl Encode for u32 {
    fn encode(&self, out: &mut Writer) {
        out.varint(u64::from(*self));
    }
}

impl Encode for usize {
    fn encode(&self, out: &mut Writer) {
        out.varint(*self as u64);
    }
}

impl Encode for SmolStr {
    fn encode(&self, out: &mut Writer) {
        out.string(self);
    }
}

impl Encode for Value {
    fn encode(&self, out: &mut Writer) {
        out.value(self);
    }
}

impl<T: Encode> Encode for Box<T> {
    fn encode(&self, out: &mut Writer) {
        T::encode(self, out);
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, out: &mut Writer) {
        self.is_some().encode(out);
        self.iter().for_each(|inner| inner.encode(out));
    }
}

impl<T: Encode> Encode for [T] {
    fn encode(&self, out: &mut Writer) {
        self.len().encode(out);
        self.iter().for_each(|item| item.encode(out));
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, out: &mut Writer) {
        self.as_slice().encode(out);
    }
}

impl<A: Encode, B: Encode> Encode for (A, B) {
    fn encode(&self, out: &mut Writer) {
        self.0.encode(out);
        self.1.encode(out);
    }
}
