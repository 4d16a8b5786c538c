//! MySQL's SSLRequest (MySQL's internals manual, "Protocol::HandshakeV10" and "Protocol::SSLRequest").

use super::{Answer, Protocol, StartTlsError};

/// `CLIENT_PROTOCOL_41`, `CLIENT_SSL`, `CLIENT_SECURE_CONNECTION`.
const CLIENT_PROTOCOL_41: u16 = 1 << 9;
const CLIENT_SSL: u16 = 1 << 11;
const CLIENT_SECURE_CONNECTION: u16 = 1 << 15;

/// `utf8mb4_general_ci`.
const CHARACTER_SET: u8 = 45;

/// Three bytes of length, the least significant first, and the packet's number in its exchange.
const HEADER: usize = 4;

fn packet(number: u8, payload: &[u8]) -> Vec<u8> {
    let [low, middle, high, _] = (payload.len() as u32).to_le_bytes();
    [&[low, middle, high, number], payload].concat()
}

fn packet_length(bytes: &[u8]) -> Option<usize> {
    let [low, middle, high, _] = *bytes.first_chunk::<HEADER>()?;
    Some(u32::from_le_bytes([low, middle, high, 0]) as usize + HEADER)
}

/// A client: it is greeted, and asks for TLS.
pub(super) struct Client;

impl Protocol for Client {
    fn length(&self, bytes: &[u8]) -> Result<Option<usize>, StartTlsError> {
        Ok(packet_length(bytes))
    }

    fn answer(&mut self, greeting: &[u8]) -> Result<Answer, StartTlsError> {
        let payload = greeting.get(HEADER..).unwrap_or_default();
        if payload.first() == Some(&0xff) {
            return Err(StartTlsError::refused(payload));
        }
        let capabilities = capabilities(payload)
            .ok_or_else(|| StartTlsError::unexpected(payload, "the greeting of MySQL's protocol 10"))?;
        if capabilities & CLIENT_SSL == 0 {
            return Err(StartTlsError::Refused { said: "CLIENT_SSL is not among its capabilities".to_owned() });
        }
        let mut request = u32::from(CLIENT_PROTOCOL_41 | CLIENT_SSL | CLIENT_SECURE_CONNECTION).to_le_bytes().to_vec();
        request.extend((1u32 << 24).to_le_bytes());
        request.push(CHARACTER_SET);
        request.extend([0; 23]);
        Answer::secure(packet(1, &request))
    }
}

/// The lower capabilities of a HandshakeV10: after the version of the protocol, that of the server with a zero at its
/// end, four bytes of the connection's number, eight of the challenge, and a filler.
fn capabilities(payload: &[u8]) -> Option<u16> {
    let [10, rest @ ..] = payload else { return None };
    let version_end = rest.iter().position(|byte| *byte == 0)?;
    let [low, high] = *rest.get(version_end + 1 + 4 + 8 + 1..)?.first_chunk()?;
    Some(u16::from_le_bytes([low, high]))
}

/// A server.
pub(super) struct Server;

impl Protocol for Server {
    fn greeting(&self) -> Vec<u8> {
        let mut payload = b"\x0a8.0.0-tlslab\0\x01\0\0\0challeng\0".to_vec();
        payload.extend((CLIENT_PROTOCOL_41 | CLIENT_SSL | CLIENT_SECURE_CONNECTION).to_le_bytes());
        // The character set, the status "autocommit", the upper capabilities (CLIENT_PLUGIN_AUTH), the length of the
        // challenge, and ten reserved bytes.
        payload.extend([CHARACTER_SET, 2, 0, 8, 0, 21]);
        payload.extend([0; 10]);
        payload.extend(b"challenge-22\0mysql_native_password\0");
        packet(0, &payload)
    }

    /// A client that has asked goes on with its ClientHello.
    fn consents(&self) -> bool {
        false
    }

    fn length(&self, bytes: &[u8]) -> Result<Option<usize>, StartTlsError> {
        Ok(packet_length(bytes))
    }

    fn answer(&mut self, request: &[u8]) -> Result<Answer, StartTlsError> {
        let wants_tls = match request.get(HEADER..) {
            Some([low, high, rest @ ..]) if rest.len() == 30 => u16::from_le_bytes([*low, *high]) & CLIENT_SSL != 0,
            _ => false,
        };
        if wants_tls { Ok(Answer::NOW) } else { Err(StartTlsError::unexpected(request, "MySQL's SSLRequest")) }
    }
}
