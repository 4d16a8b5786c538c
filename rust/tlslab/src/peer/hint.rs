//! What a peer seems to speak that does not speak TLS.

use tlslab_proto::crypto::Side;

use crate::scenario::connection::Connection;
use crate::scenario::outcome::Kind;

/// What to tell a person about a server with which there was no handshake.
pub(super) fn of(connection: &Connection) -> Option<String> {
    if connection.outcome.established.is_some() {
        return None;
    }
    let first = connection.flights.iter().find(|flight| flight.sender == Side::Server);
    match first {
        Some(flight) => spoken(&flight.bytes).map(|what| format!("the peer does not speak TLS here: {what}")),
        None if connection.outcome.kind == Kind::TimedOut => Some(
            "the peer says nothing: is this a port of TLS? Where TLS is to be asked for first, name the protocol \
             (ldap, postgres and tds servers wait for it)"
                .to_owned(),
        ),
        None if connection.outcome.kind == Kind::Closed => Some(
            "the peer closed without a word: some do where they speak no TLS on this port, or refuse the ClientHello"
                .to_owned(),
        ),
        None => None,
    }
}

/// What the first bytes of a peer are; `None` where they may be TLS.
fn spoken(bytes: &[u8]) -> Option<String> {
    let known = match bytes {
        [b'H', b'T', b'T', b'P', b'/', ..] => "it answers in HTTP without TLS",
        [b'S', b'S', b'H', b'-', ..] => "it speaks SSH",
        [b'2', b'2', b'0', b' ' | b'-', ..] if contains(bytes, b"FTP") => {
            "it speaks FTP; ask for TLS with starttls ftp"
        }
        [b'2', b'2', b'0', b' ' | b'-', ..] => "it speaks SMTP or FTP; ask for TLS with starttls smtp or ftp",
        [b'*', b' ', ..] => "it speaks IMAP; ask for TLS with starttls imap",
        [b'+', b'O', b'K', ..] => "it speaks POP3; ask for TLS with starttls pop3",
        [_, _, 0, 0, 10 | 0xff, ..] => "it speaks MySQL; ask for TLS with starttls mysql",
        // ChangeCipherSpec to application data.
        [20..=23, ..] | [] => return None,
        _ => {
            let shown = bytes[..bytes.len().min(40)].escape_ascii();
            return Some(format!("it says \"{shown}\""));
        }
    };
    Some(known.to_owned())
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}
