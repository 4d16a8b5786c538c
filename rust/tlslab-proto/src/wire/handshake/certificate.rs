//! Certificates and the request for them (RFC 5246 7.4.2, 7.4.4).

use serde::{Deserialize, Serialize};

use super::Context;
use crate::wire::bytes::Bytes;
use crate::wire::codec::{Decode, Encode, Reader, Vector};
use crate::wire::error::{DecodeError, EncodeError};
use crate::wire::registry::{ClientCertificateType, SignatureScheme};

/// `Certificate` (RFC 5246 7.4.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// DER certificates, the sender's own first. A client without one sends an empty list.
    pub certificate_list: Vec<Bytes>,
}

/// `CertificateRequest` (RFC 5246 7.4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateRequest {
    /// Kinds of certificate that the client may send.
    pub certificate_types: Vec<ClientCertificateType>,
    /// Signature algorithms that the server can verify; `None` before TLS 1.2, which has no such field.
    pub supported_signature_algorithms: Option<Vec<SignatureScheme>>,
    /// DER distinguished names of acceptable authorities; none means any.
    pub certificate_authorities: Vec<Bytes>,
}

const CERTIFICATE_LIST: Vector = Vector::new("Certificate.certificate_list", 0..=0xff_ffff);
const ASN1_CERT: Vector = Vector::new("Certificate.ASN.1Cert", 1..=0xff_ffff);
const CERTIFICATE_TYPES: Vector = Vector::new("CertificateRequest.certificate_types", 1..=0xff);
const SIGNATURE_ALGORITHMS: Vector = Vector::new("CertificateRequest.supported_signature_algorithms", 2..=0xfffe);
const AUTHORITIES: Vector = Vector::new("CertificateRequest.certificate_authorities", 0..=0xffff);
const DISTINGUISHED_NAME: Vector = Vector::new("CertificateRequest.DistinguishedName", 1..=0xffff);

impl Encode for Certificate {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        CERTIFICATE_LIST.write_list(out, &self.certificate_list, |cert, out| ASN1_CERT.write_bytes(out, cert))
    }
}

impl Decode for Certificate {
    const NAME: &'static str = "Certificate";

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { certificate_list: CERTIFICATE_LIST.read(r)?.list(|r| ASN1_CERT.read_bytes(r))? })
    }
}

impl Encode for CertificateRequest {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        CERTIFICATE_TYPES.write_numbers(out, &self.certificate_types)?;
        if let Some(algorithms) = &self.supported_signature_algorithms {
            SIGNATURE_ALGORITHMS.write_numbers(out, algorithms)?;
        }
        AUTHORITIES
            .write_list(out, &self.certificate_authorities, |name, out| DISTINGUISHED_NAME.write_bytes(out, name))
    }
}

impl CertificateRequest {
    /// Reads the message in the layout of the version.
    pub fn decode(r: &mut Reader<'_>, context: &Context) -> Result<Self, DecodeError> {
        let has_algorithms = context.names_signature_algorithms();
        Ok(Self {
            certificate_types: CERTIFICATE_TYPES.read_numbers(r)?,
            supported_signature_algorithms: has_algorithms.then(|| SIGNATURE_ALGORITHMS.read_numbers(r)).transpose()?,
            certificate_authorities: AUTHORITIES.read(r)?.list(|r| DISTINGUISHED_NAME.read_bytes(r))?,
        })
    }
}
