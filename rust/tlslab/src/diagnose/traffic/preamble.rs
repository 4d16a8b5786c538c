//! What comes before TLS on a connection: nothing as a rule, or a protocol that asks for it (STARTTLS).

/// As many bytes of each end as are looked through for the first record; what is longer is no TLS.
const MOST: usize = 8 << 10;

/// The protocol before TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Protocol {
    /// There was none.
    #[default]
    None,
    /// FTP, by its AUTH command (RFC 4217).
    Ftp,
    /// Another one.
    Other,
}

/// The bytes of both ends until TLS begins.
#[derive(Debug, Default)]
pub(super) struct Preamble {
    sides: [Vec<u8>; 2],
    protocol: Protocol,
    has_given_up: bool,
}

/// The beginning of TLS.
pub(super) struct Found {
    /// The end that sent the ClientHello.
    pub(super) client: usize,
    /// What the client and the server have sent from their first record on.
    pub(super) records: [Vec<u8>; 2],
}

impl Preamble {
    /// Bytes of one end, in order. Gives the beginning of TLS once it is there.
    pub(super) fn push(&mut self, end: usize, bytes: &[u8]) -> Option<Found> {
        if self.has_given_up {
            return None;
        }
        self.sides[end].extend_from_slice(bytes);
        let Some(start) = find(&self.sides[end], is_client_hello) else {
            if self.sides[end].len() > MOST {
                *self = Self { has_given_up: true, ..Self::default() };
            }
            return None;
        };
        let [mut client, mut server] = [end, 1 - end].map(|end| std::mem::take(&mut self.sides[end]));
        self.protocol = match (&client[..start], &server[..]) {
            ([], []) => Protocol::None,
            (asked, _) if find(asked, |rest| rest.len() >= 4 && rest[..4].eq_ignore_ascii_case(b"AUTH")).is_some() => {
                Protocol::Ftp
            }
            _ => Protocol::Other,
        };
        // A server cannot have answered the ClientHello yet, unless packets were captured in another order.
        let answered = find(&server, is_server_record).unwrap_or(server.len());
        Some(Found { client: end, records: [client.split_off(start), server.split_off(answered)] })
    }

    pub(super) fn protocol(&self) -> Protocol {
        self.protocol
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.sides.iter().map(Vec::len).sum()
    }
}

/// The first place from which on the bytes are as wanted.
fn find(bytes: &[u8], is_wanted: impl Fn(&[u8]) -> bool) -> Option<usize> {
    (0..bytes.len()).find(|start| is_wanted(&bytes[*start..]))
}

/// A handshake record whose first message is a ClientHello.
fn is_client_hello(bytes: &[u8]) -> bool {
    matches!(bytes, [22, 3, 0..=4, _, _, 1, ..])
}

/// A handshake record whose first message is a ServerHello, or a fatal alert.
fn is_server_record(bytes: &[u8]) -> bool {
    matches!(bytes, [22, 3, 0..=4, _, _, 2, ..] | [21, 3, 0..=4, 0, 2, 2, ..])
}
