//! Signatures by the convention of Standard Webhooks (<https://www.standardwebhooks.com>).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

const PREFIX: &str = "whsec_";

/// The key of a signature.
pub(super) struct Key(hmac::Key);

impl Key {
    /// Returns the key in a secret such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`: 24 to 64 bytes.
    pub fn of(secret: &str) -> Result<Self, &'static str> {
        let text = secret.strip_prefix(PREFIX).ok_or("a secret begins with `whsec_`")?;
        let bytes = STANDARD.decode(text).map_err(|_| "what follows `whsec_` is not base64")?;
        if !(24..=64).contains(&bytes.len()) {
            return Err("a secret holds 24 to 64 bytes, in base64 after `whsec_`");
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// Returns the value of the header `webhook-signature`.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the convention's own documents.
    #[test]
    fn the_convention_s_example_comes_out() {
        let key = Key::of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").ok().unwrap();
        let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_no_secret_is_refused_in_words() {
        let short = format!("whsec_{}", STANDARD.encode([0; 23]));
        for secret in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_no base64", &short] {
            assert!(Key::of(secret).is_err(), "{secret}");
        }
    }
}
