//! PostgreSQL's SSLRequest (PostgreSQL's manual, "SSL Session Encryption" and "Message Formats").

use super::{Answer, Protocol, StartTlsError};

/// A length, its own four bytes included, and the code of the request in place of a version: 1234, 5679.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// The same for encryption by GSSAPI: 1234, 5680.
const GSSENC_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30];

/// A client: it asks for TLS, and gets one byte.
pub(super) struct Client;

impl Protocol for Client {
    fn greeting(&self) -> Vec<u8> {
        SSL_REQUEST.to_vec()
    }

    fn length(&self, _bytes: &[u8]) -> Result<Option<usize>, StartTlsError> {
        Ok(Some(1))
    }

    fn answer(&mut self, answer: &[u8]) -> Result<Answer, StartTlsError> {
        match answer {
            b"S" => Ok(Answer::NOW),
            b"N" => Err(StartTlsError::refused(answer)),
            _ => Err(StartTlsError::unexpected(answer, "PostgreSQL's answer, S or N")),
        }
    }
}

/// A server.
pub(super) struct Server;

impl Protocol for Server {
    fn length(&self, bytes: &[u8]) -> Result<Option<usize>, StartTlsError> {
        Ok(bytes.first_chunk().map(|length| u32::from_be_bytes(*length).max(8) as usize))
    }

    fn answer(&mut self, request: &[u8]) -> Result<Answer, StartTlsError> {
        match request {
            _ if request == SSL_REQUEST => Answer::secure("S"),
            _ if request == GSSENC_REQUEST => Answer::say("N"),
            _ => Err(StartTlsError::unexpected(request, "PostgreSQL's SSLRequest")),
        }
    }
}
