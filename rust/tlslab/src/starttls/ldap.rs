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

/// What is refused before TLS, and how (RFC 4511 4.2, 4.5).
const BIND_REQUEST: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const SEARCH_REQUEST: u8 = 0x63;
const SEARCH_RESULT_DONE: u8 = 0x65;

/// Result codes (RFC 4511 4.1.9).
const SUCCESS: u8 = 0;
const CONFIDENTIALITY_REQUIRED: u8 = 13;

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
            Some(SUCCESS) => Ok(Answer::NOW),
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
        match request(message) {
            Some((id, EXTENDED_REQUEST, operation)) if names_start_tls(operation) => {
                Answer::secure(response(id, EXTENDED_RESPONSE, SUCCESS))
            }
            Some((id, EXTENDED_REQUEST, _)) => Answer::say(response(id, EXTENDED_RESPONSE, CONFIDENTIALITY_REQUIRED)),
            Some((id, BIND_REQUEST, _)) => Answer::say(response(id, BIND_RESPONSE, CONFIDENTIALITY_REQUIRED)),
            Some((id, SEARCH_REQUEST, _)) => Answer::say(response(id, SEARCH_RESULT_DONE, CONFIDENTIALITY_REQUIRED)),
            _ => Err(StartTlsError::unexpected(message, "the ExtendedRequest of StartTLS")),
        }
    }
}

/// The id of a message, and the tag and the contents of its operation.
fn request(mut message: &[u8]) -> Option<(&[u8], u8, &[u8])> {
    let mut contents = take(&mut message, SEQUENCE)?;
    let id = take(&mut contents, INTEGER).filter(|id| id.len() <= 4)?;
    let tag = *contents.first()?;
    Some((id, tag, take(&mut contents, tag)?))
}

fn names_start_tls(mut operation: &[u8]) -> bool {
    take(&mut operation, REQUEST_NAME) == Some(START_TLS)
}

/// A response without a matched name and without words.
fn response(id: &[u8], tag: u8, code: u8) -> Vec<u8> {
    let result = [element(ENUMERATED, &[code]), element(OCTET_STRING, &[]), element(OCTET_STRING, &[])].concat();
    element(SEQUENCE, &[element(INTEGER, id), element(tag, &result)].concat())
}
