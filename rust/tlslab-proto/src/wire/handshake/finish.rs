//! The end of a handshake: NewSessionTicket and Finished.

use serde::{Deserialize, Serialize};

use crate::wire::bytes::Bytes;
use crate::wire::codec::{Decode, Encode, Number, Reader, Vector};
use crate::wire::error::{DecodeError, EncodeError};

/// `NewSessionTicket` (RFC 5077 3.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSessionTicket {
    /// Seconds for which the server means to honour the ticket; 0 says nothing.
    pub ticket_lifetime_hint: u32,
    /// The ticket; empty when the server changed its mind.
    pub ticket: Bytes,
}

/// `Finished` (RFC 5246 7.4.9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finished {
    /// The whole body: 12 bytes in every suite of TLS 1.0 to 1.2, which is the receiver's to check.
    pub verify_data: Bytes,
}

const TICKET: Vector = Vector::new("NewSessionTicket.ticket", 0..=0xffff);

impl Encode for NewSessionTicket {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.ticket_lifetime_hint.put(out);
        TICKET.write_bytes(out, &self.ticket)
    }
}

impl Decode for NewSessionTicket {
    const NAME: &'static str = "NewSessionTicket";

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            ticket_lifetime_hint: r.number("NewSessionTicket.ticket_lifetime_hint")?,
            ticket: TICKET.read_bytes(r)?,
        })
    }
}

impl Encode for Finished {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.verify_data);
        Ok(())
    }
}

impl Decode for Finished {
    const NAME: &'static str = "Finished";

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { verify_data: r.rest().into() })
    }
}
