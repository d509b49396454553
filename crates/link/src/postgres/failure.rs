//! Failures to connect to a database, sorted by what has to be done.

use rustls::{AlertDescription, CertificateError};
use std::error::Error;
use std::io;

/// Why a server was not reached or refused the connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The server or the network is unreachable; waiting may help.
    #[error("{0}")]
    Away(String),
    /// Somebody has to change a setting, here or on the server.
    #[error("{0}")]
    Refused(String),
}

impl Failure {
    /// Sorts an error of a stream: a refusal of TLS does not pass by waiting, everything else may.
    ///
    /// A server may refuse the client's certificate as late as in its first answer, so this is for every read.
    pub fn of_stream(error: &(dyn Error + 'static)) -> Self {
        match refusal(error) {
            Some(error) => Self::Refused(advice(error)),
            None => Self::Away(error.to_string()),
        }
    }
}

/// Finds the refusal of TLS behind an error.
fn refusal<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return is_refusal(error).then_some(error);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}

fn is_refusal(error: &rustls::Error) -> bool {
    use AlertDescription::{CloseNotify, InternalError, UserCanceled};
    match error {
        rustls::Error::AlertReceived(alert) => !matches!(alert, CloseNotify | InternalError | UserCanceled),
        rustls::Error::DecryptError | rustls::Error::PeerSentOversizedRecord => false,
        _ => true,
    }
}

fn advice(error: &rustls::Error) -> String {
    use CertificateError::{NotValidForName, NotValidForNameContext};
    match error {
        rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => format!(
            "TLS: the server's certificate is for another name: {error}; use a host that it names (as a `subjectAltName`), \
             or `sslmode=verify-ca`"
        ),
        rustls::Error::InvalidCertificate(_) => format!(
            "TLS: the server's certificate is not trusted: {error}; name the file of the certificates to trust as \
             `sslrootcert`, or use `sslmode=require` without `sslrootcert` to trust any"
        ),
        rustls::Error::AlertReceived(_) => format!(
            "TLS: the server refuses: {error}; if it wants a certificate of the client, check `sslcert` and `sslkey`"
        ),
        _ => format!("TLS: {error}"),
    }
}

/// Returns an error of a server in one line: message, detail, hint and the five characters of its code.
pub fn server_message(message: &str, detail: &str, hint: &str, state: &str) -> String {
    let mut text = message.to_owned();
    for more in [detail, hint].into_iter().filter(|more| !more.is_empty()) {
        text = format!("{}; {more}", text.trim_end_matches('.'));
    }
    format!("{text} [{state}]")
}
