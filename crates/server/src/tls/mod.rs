//! TLS of the API: the certificate that it shows, and what a command trusts when it asks a server.

mod pair;
mod reloading;
mod trust;

pub use pair::check;
pub use reloading::Tls;
pub use trust::Trust;

/// The protocol that is spoken inside.
const HTTP: &[u8] = b"http/1.1";
