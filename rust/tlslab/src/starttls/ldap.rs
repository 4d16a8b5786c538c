//! LDAP's StartTLS operation (RFC 4511 4.14), in the BER of RFC 4511 5.1.

use super::{Answer, Protocol, StartTlsError};

/// The name of the operation (RFC 4511 4.14.1).
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
/// `[APPLICATION 23]`, `[APPLICATION 24]`: ExtendedRequest, ExtendedResponse. `[0]`: requestName.
const EXTENDED_REQUEST: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;
const REQUEST_NAME: u8 = 0x80;

/// The lengths of the header of an element, and of its contents; `None` while that cannot be told.
fn lengths(bytes: &[u8]) -> Result<Option<(usize, usize)>, StartTlsError> {
    let Some(first) = bytes.get(1) else { return Ok(None) };
    match first {
        0..=0x7f => Ok(Some((2, usize::from(*first)))),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7f);
            let length = |digits: &[u8]| digits.iter().fold(0, |length, digit| (length << 8) | usize::from(*digit));
            Ok(bytes.get(2..2 + count).map(|digits| (2 + count, length(digits))))
        }
        _ => Err(StartTlsError::unexpected(bytes, "an element of BER with a length of at most four bytes")),
    }
}

/// Takes an element with this tag off the front, and gives its contents.
fn take<'a>(bytes: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (header, length) = lengths(bytes).ok()??;
    let contents = bytes.get(header..header.checked_add(length)?).filter(|_| bytes[0] == tag)?;
    *bytes = &bytes[header + length..];
    Some(contents)
}

/// An element of at most 127 bytes.
fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    debug_assert!(contents.len() < 0x80);
    [&[tag, contents.len() as u8], contents].concat()
}

fn message_length(bytes: &[u8]) -> Result<Option<usize>, StartTlsError> {
    match bytes.first() {
        Some(&tag) if tag != SEQUENCE => Err(StartTlsError::unexpected(bytes, "a message of LDAP")),
        _ => Ok(lengths(bytes)?.map(|(header, length)| header.saturating_add(length))),
    }
}

/// A client: it asks for the operation.
pub(super) struct Client;

impl Protocol for Client {
    fn greeting(&self) -> Vec<u8> {
        let request = element(EXTENDED_REQUEST, &element(REQUEST_NAME, START_TLS));
        element(SEQUENCE, &[element(INTEGER, &[1]), request].concat())
    }

    fn length(&self, bytes: &[u8]) -> Result<Option<usize>, StartTlsError> {
        message_length(bytes)
    }

    fn answer(&mut self, message: &[u8]) -> Result<Answer, StartTlsError> {
        match result_code(message) {
            Some(0) => Ok(Answer::NOW),
            Some(code) => Err(StartTlsError::Refused { said: format!("the result code {code} (RFC 4511 4.1.9)") }),
            None => Err(StartTlsError::unexpected(message, "an ExtendedResponse to message 1")),
        }
    }
}

/// The result code of an ExtendedResponse to the only message that a client sends.
fn result_code(mut message: &[u8]) -> Option<u8> {
    let mut contents = take(&mut message, SEQUENCE)?;
    take(&mut contents, INTEGER).filter(|id| *id == [1])?;
    let mut response = take(&mut contents, EXTENDED_RESPONSE)?;
    let [code] = *take(&mut response, ENUMERATED)? else { return None };
    Some(code)
}

/// A server.
pub(super) struct Server;

impl Protocol for Server {
    fn length(&self, bytes: &[u8]) -> Result<Option<usize>, StartTlsError> {
        message_length(bytes)
    }

    fn answer(&mut self, message: &[u8]) -> Result<Answer, StartTlsError> {
        let id = start_tls_id(message)
            .ok_or_else(|| StartTlsError::unexpected(message, "the ExtendedRequest of StartTLS"))?;
        let result = [element(ENUMERATED, &[0]), element(OCTET_STRING, &[]), element(OCTET_STRING, &[])].concat();
        let response = [element(INTEGER, id), element(EXTENDED_RESPONSE, &result)].concat();
        Answer::secure(element(SEQUENCE, &response))
    }
}

/// The message id of a request for StartTLS.
fn start_tls_id(mut message: &[u8]) -> Option<&[u8]> {
    let mut contents = take(&mut message, SEQUENCE)?;
    let id = take(&mut contents, INTEGER).filter(|id| id.len() <= 4)?;
    let mut request = take(&mut contents, EXTENDED_REQUEST)?;
    take(&mut request, REQUEST_NAME).filter(|name| *name == START_TLS)?;
    Some(id)
}
