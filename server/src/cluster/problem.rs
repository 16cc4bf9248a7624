//! Names what is wrong with a connection without repeating text that a server or a plugin chose.

use std::error::Error as StdError;
use std::fmt;
use std::io::ErrorKind;

/// What is wrong with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// Nobody listens there.
    ConnectionRefused,
    /// The name cannot be resolved.
    UnknownHost,
    /// No answer in time.
    TimedOut,
    /// The connection broke off.
    Broken,
    /// The server's certificate is not signed by the configured authority.
    UntrustedCertificate,
    /// The server's certificate has expired or is not valid yet.
    CertificateNotValidNow,
    /// The server's certificate is for another name.
    CertificateForAnotherName,
    /// TLS failed otherwise.
    Tls,
    /// The credentials could not be produced: a token file or a credential plugin.
    Credentials,
    /// Something else.
    Other,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConnectionRefused => "the connection was refused",
            Self::UnknownHost => "the name of the API server cannot be resolved",
            Self::TimedOut => "the API server did not answer in time",
            Self::Broken => "the connection to the API server broke off",
            Self::UntrustedCertificate => {
                "the API server's certificate is not signed by the configured authority"
            }
            Self::CertificateNotValidNow => "the API server's certificate is not valid now",
            Self::CertificateForAnotherName => "the API server's certificate is for another name",
            Self::Tls => "TLS with the API server failed",
            Self::Credentials => "the credentials could not be read",
            Self::Other => "the request to the API server failed",
        })
    }
}

impl Problem {
    /// Classifies an error of the client.
    pub(super) fn of(error: &(dyn StdError + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(current) = next {
            if let Some(kube::Error::Auth(_)) = current.downcast_ref::<kube::Error>() {
                return Self::Credentials;
            }
            if current.downcast_ref::<kube::client::AuthError>().is_some() {
                return Self::Credentials;
            }
            if let Some(problem) = current.downcast_ref::<std::io::Error>().and_then(Self::of_io) {
                return problem;
            }
            if let Some(problem) = Self::of_text(&current.to_string()) {
                return problem;
            }
            next = current.source();
        }
        Self::Other
    }

    fn of_io(error: &std::io::Error) -> Option<Self> {
        match error.kind() {
            ErrorKind::ConnectionRefused => Some(Self::ConnectionRefused),
            ErrorKind::TimedOut => Some(Self::TimedOut),
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof => Some(Self::Broken),
            // The reasons of TLS are inside, where the chain of sources does not lead.
            _ => error.get_ref().and_then(|inner| Self::of_text(&inner.to_string())),
        }
    }

    /// The libraries below give no types for these; only the class is taken from their text.
    fn of_text(text: &str) -> Option<Self> {
        let has = |needle: &str| text.contains(needle);
        if has("UnknownIssuer") || has("BadSignature") || has("self-signed") || has("CaUsedAsEndEntity") {
            Some(Self::UntrustedCertificate)
        } else if has("not valid for name") || has("NotValidForName") {
            Some(Self::CertificateForAnotherName)
        } else if has("certificate expired") || has("Expired") || has("not valid yet") || has("NotValidYet") {
            Some(Self::CertificateNotValidNow)
        } else if has("failed to lookup address") {
            Some(Self::UnknownHost)
        } else if has("invalid peer certificate") || has("received fatal alert") || has("InvalidContentType")
        {
            Some(Self::Tls)
        } else if has("connection closed before message completed") || has("end of file before message") {
            Some(Self::Broken)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_problem_is_found_inside_an_io_error() {
        let inner = "invalid peer certificate: UnknownIssuer";
        let error = std::io::Error::new(ErrorKind::InvalidData, inner);
        assert_eq!(Problem::of(&error), Problem::UntrustedCertificate);
    }

    #[test]
    fn text_of_the_server_is_never_repeated() {
        let error = std::io::Error::other("secret-token-4711");
        assert_eq!(Problem::of(&error).to_string(), "the request to the API server failed");
    }
}
