//! Tickets as a server makes them: its session, sealed under a key that it alone has. The construction is that of
//! RFC 5077 4 with AES-256-GCM in place of AES-CBC and HMAC: the name of the key, a nonce, the sealed state.

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};

use super::{MAX_SERVER_NAME, MasterSecret, Session};
use crate::behaviour::values::Version;
use crate::crypto::certificate::Fingerprint;
use crate::wire::{Bytes, DecodeError, EncodeError, Number, Reader, Vector};

const NAME_LEN: usize = 16;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;

/// The key of a server's tickets.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketKey {
    name: [u8; NAME_LEN],
    key: [u8; 32],
}

/// Why a ticket is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// It is too short to be one.
    #[error("the ticket has {got} bytes, fewer than any")]
    TooShort {
        /// Its bytes.
        got: usize,
    },
    /// It names another key.
    #[error("the ticket was sealed under another key")]
    OtherKey,
    /// It was changed, or is a forgery.
    #[error("the ticket was not sealed by this server")]
    Forged,
    /// Its contents are no session, though the key is right: another version of the lab sealed it.
    #[error("the ticket holds no session: {0}")]
    Contents(#[from] DecodeError),
    /// Its contents are of a version that the lab does not run.
    #[error("the ticket holds a session of an unknown version or form")]
    Unknown,
}

impl TicketKey {
    /// Random bytes that make a key.
    pub const LEN: usize = NAME_LEN + 32;

    /// The key that these random bytes make.
    pub fn new(random: [u8; Self::LEN]) -> Self {
        let mut made = Self { name: [0; NAME_LEN], key: [0; 32] };
        let (name, key) = random.split_at(NAME_LEN);
        made.name.copy_from_slice(name);
        made.key.copy_from_slice(key);
        made
    }

    /// A ticket for `session`, issued at `issued_at`. A nonce is never used twice under a key.
    pub(in crate::endpoint) fn seal(
        &self,
        session: &Session,
        issued_at: u64,
        nonce: [u8; NONCE_LEN],
    ) -> Result<Vec<u8>, EncodeError> {
        let mut state = encode(session, issued_at)?;
        let sealed = self.cipher().encrypt_inout_detached(&nonce.into(), &self.name, state.as_mut_slice().into());
        let tag = sealed.expect("a session is far shorter than the AEAD's limit");
        Ok([&self.name[..], &nonce, &state, &tag].concat())
    }

    /// The session in a ticket, and when that was issued.
    pub(in crate::endpoint) fn open(&self, ticket: &[u8]) -> Result<(Session, u64), TicketError> {
        let too_short = TicketError::TooShort { got: ticket.len() };
        let (name, rest) = ticket.split_first_chunk::<NAME_LEN>().ok_or(too_short.clone())?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>().ok_or(too_short.clone())?;
        let (state, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or(too_short)?;
        if *name != self.name {
            return Err(TicketError::OtherKey);
        }
        let mut state = state.to_vec();
        self.cipher()
            .decrypt_inout_detached(nonce.into(), &self.name, state.as_mut_slice().into(), tag.into())
            .map_err(|_| TicketError::Forged)?;
        decode(&state)
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&self.key.into())
    }
}

/// Nothing of a key is ever shown.
impl std::fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TicketKey")
    }
}

const CLIENT_CERTIFICATE: Vector = Vector::new("ticket.client_certificate", 0..=Fingerprint::LEN);
const SERVER_NAME: Vector = Vector::new("ticket.server_name", 0..=MAX_SERVER_NAME);

fn encode(session: &Session, issued_at: u64) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    session.version.wire().put(&mut out);
    session.suite.put(&mut out);
    u8::from(session.ems).put(&mut out);
    out.extend_from_slice(&session.created_at.to_be_bytes());
    out.extend_from_slice(&issued_at.to_be_bytes());
    out.extend_from_slice(&session.master_secret.0);
    CLIENT_CERTIFICATE.write_bytes(&mut out, session.client_certificate.as_ref().map_or(&[], |print| &print.0))?;
    SERVER_NAME.write_bytes(&mut out, session.server_name.as_deref().unwrap_or_default())?;
    Ok(out)
}

fn decode(state: &[u8]) -> Result<(Session, u64), TicketError> {
    let mut r = Reader::new(state);
    let version = Version::from_wire(r.number("ticket.version")?).ok_or(TicketError::Unknown)?;
    let suite = r.number("ticket.cipher_suite")?;
    let ems = match r.number::<u8>("ticket.ems")? {
        0 => false,
        1 => true,
        _ => return Err(TicketError::Unknown),
    };
    let created_at = u64::from_be_bytes(r.array("ticket.created_at")?);
    let issued_at = u64::from_be_bytes(r.array("ticket.issued_at")?);
    let master_secret = MasterSecret(r.array("ticket.master_secret")?);
    let client_certificate = match CLIENT_CERTIFICATE.read_bytes(&mut r)? {
        print if print.is_empty() => None,
        print => Some(Fingerprint::try_from(print).map_err(|_| TicketError::Unknown)?),
    };
    let Bytes(name) = SERVER_NAME.read_bytes(&mut r)?;
    r.finish("ticket")?;
    let server_name = (!name.is_empty()).then(|| name.into());
    Ok((Session { version, suite, master_secret, ems, client_certificate, server_name, created_at }, issued_at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::registry::CipherSuite;

    fn session() -> Session {
        Session {
            version: Version::Tls11,
            suite: CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA,
            master_secret: MasterSecret([7; 48]),
            ems: true,
            client_certificate: Some(Fingerprint([5; Fingerprint::LEN])),
            server_name: Some("example.org".into()),
            created_at: 3,
        }
    }

    #[test]
    fn a_ticket_opens_to_what_was_sealed() {
        let key = TicketKey::new([1; TicketKey::LEN]);
        for session in [session(), Session { ems: false, client_certificate: None, server_name: None, ..session() }] {
            let ticket = key.seal(&session, 5, [2; 12]).unwrap();
            assert_eq!(key.open(&ticket), Ok((session, 5)));
        }
    }

    #[test]
    fn no_changed_byte_and_no_part_of_a_ticket_opens() {
        let key = TicketKey::new([1; TicketKey::LEN]);
        let ticket = key.seal(&session(), 5, [2; 12]).unwrap();
        for position in 0..ticket.len() {
            let mut forged = ticket.clone();
            forged[position] ^= 1;
            let expected = if position < NAME_LEN { TicketError::OtherKey } else { TicketError::Forged };
            assert_eq!(key.open(&forged), Err(expected), "byte {position}");
            assert!(key.open(&ticket[..position]).is_err(), "{position} bytes");
        }
        let other = TicketKey { key: [9; 32], ..key.clone() };
        assert_eq!(other.open(&ticket), Err(TicketError::Forged));
        assert_eq!(TicketKey::new([8; TicketKey::LEN]).open(&ticket), Err(TicketError::OtherKey));
    }

    #[test]
    fn a_name_that_fits_no_ticket_is_an_error() {
        let long = Session { server_name: Some(vec![b'a'; 256].into()), ..session() };
        assert!(TicketKey::new([1; TicketKey::LEN]).seal(&long, 0, [0; 12]).is_err());
    }
}
