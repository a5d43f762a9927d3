//! A certificate that is refused, in words.

use std::io;

use rustls::CertificateError;

use crate::api::http::{address::Setting, tries::causes};

/// Why no connection was made, if the server's certificate was refused.
pub(super) fn refused(error: &reqwest::Error) -> Option<&CertificateError> {
    causes(error).find_map(of_cause)
}

fn of_cause<'e>(cause: &'e (dyn std::error::Error + 'static)) -> Option<&'e CertificateError> {
    if let Some(rustls::Error::InvalidCertificate(error)) = cause.downcast_ref() {
        return Some(error);
    }
    // `source` does not show what such an error is made of.
    of_cause(cause.downcast_ref::<io::Error>()?.get_ref()?)
}

/// What is wrong with a certificate.
enum CertificateProblem<'e> {
    OtherHost,
    Expired,
    NotYet,
    UnknownRoot,
    /// One that signs others cannot be a server's.
    OfAuthority,
    Other(&'e CertificateError),
}

impl<'e> From<&'e CertificateError> for CertificateProblem<'e> {
    fn from(error: &'e CertificateError) -> Self {
        match error {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::OtherHost
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::NotYet
            }
            // A root with the name of the right one did not sign it either.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::UnknownRoot,
            CertificateError::Other(other) if format!("{other:?}").contains(CA_AS_SERVER) => {
                Self::OfAuthority
            }
            other => Self::Other(other),
        }
    }
}

/// The verifier's word for it, which has no variant of its own.
const CA_AS_SERVER: &str = "CaUsedAsEndEntity";

/// What is wrong, and what to do.
pub(super) fn told(error: &CertificateError, setting: &Setting) -> (String, String) {
    match CertificateProblem::from(error) {
        CertificateProblem::OtherHost => {
            ("it is that of another host".to_owned(), format!("check `{setting}`"))
        }
        CertificateProblem::Expired => ("it has expired".to_owned(), CLOCK.to_owned()),
        CertificateProblem::NotYet => ("it is not valid yet".to_owned(), CLOCK.to_owned()),
        CertificateProblem::UnknownRoot => (
            "no root certificate that is trusted here signed it".to_owned(),
            "set SSL_CERT_FILE to a file with the right root certificate (PEM); where a proxy or \
                firewall opens TLS, that is its own"
                .to_owned(),
        ),
        CertificateProblem::OfAuthority => (
            "it is marked as a CA".to_owned(),
            "the service needs another certificate: one that is signed by its own key must not be \
                marked as a CA"
                .to_owned(),
        ),
        CertificateProblem::Other(error) => {
            (error.to_string(), "the service needs another certificate".to_owned())
        }
    }
}

const CLOCK: &str = "check the clock of this machine; if it is right, the service needs another \
    certificate";
