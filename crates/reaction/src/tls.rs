//! TLS: rustls with ring, the one provider of this program.

/// Makes ring the provider of the process, unless the program has chosen one.
pub fn install() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error means that another thread was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
