//! Signatures (RFC 5246 4.7).

use serde::{Deserialize, Serialize};

use super::Context;
use crate::wire::bytes::Bytes;
use crate::wire::codec::{Encode, Number, Reader, Vector};
use crate::wire::error::{DecodeError, EncodeError};
use crate::wire::registry::SignatureScheme;

/// `DigitallySigned`: the end of a ServerKeyExchange, and the whole of a CertificateVerify (RFC 5246 7.4.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigitallySigned {
    /// The algorithm; `None` before TLS 1.2, where the key implies it.
    pub algorithm: Option<SignatureScheme>,
    /// The signature.
    pub signature: Bytes,
}

const SIGNATURE: Vector = Vector::new("DigitallySigned.signature", 0..=0xffff);

impl Encode for DigitallySigned {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if let Some(algorithm) = self.algorithm {
            algorithm.put(out);
        }
        SIGNATURE.write_bytes(out, &self.signature)
    }
}

impl DigitallySigned {
    /// Reads a signature in the layout of the version.
    pub fn decode(r: &mut Reader<'_>, context: &Context) -> Result<Self, DecodeError> {
        let has_algorithm = context.names_signature_algorithms();
        Ok(Self {
            algorithm: has_algorithm.then(|| r.number("DigitallySigned.algorithm")).transpose()?,
            signature: SIGNATURE.read_bytes(r)?,
        })
    }
}
