//! ServerKeyExchange and ClientKeyExchange (RFC 5246 7.4.3 and 7.4.7, RFC 8422 5.4 and 5.7).

use serde::{Deserialize, Serialize};

use super::signed::DigitallySigned;
use super::{Context, KeyExchangeKind};
use crate::wire::bytes::Bytes;
use crate::wire::codec::{Decode, Encode, Number, Reader, Vector};
use crate::wire::error::{DecodeError, EncodeError};
use crate::wire::registry::{CurveType, NamedGroup};

/// `ServerKeyExchange` (RFC 5246 7.4.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "key_exchange", rename_all = "snake_case", deny_unknown_fields)]
pub enum ServerKeyExchange {
    /// Finite-field Diffie-Hellman.
    Dhe {
        /// The group and the server's public value.
        params: ServerDhParams,
        /// The signature over both randoms and `params`; `None` for `DH_anon`.
        signed_params: Option<DigitallySigned>,
    },
    /// Elliptic-curve Diffie-Hellman on a named curve.
    Ecdhe {
        /// The curve and the server's public value.
        params: ServerEcdhParams,
        /// The signature over both randoms and `params`.
        signed_params: DigitallySigned,
    },
    /// A body that the negotiation gives no meaning to, or whose curve is not a named one.
    Opaque {
        /// The whole body.
        body: Bytes,
    },
}

/// `ServerDHParams` (RFC 5246 7.4.3): big-endian numbers, with whatever leading zeros the server sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerDhParams {
    /// The prime.
    pub dh_p: Bytes,
    /// The generator.
    pub dh_g: Bytes,
    /// The server's public value.
    #[serde(rename = "dh_Ys")]
    pub dh_ys: Bytes,
}

/// `ServerECDHParams` with a named curve (RFC 8422 5.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerEcdhParams {
    /// [`CurveType::NAMED_CURVE`]: other values have other fields.
    pub curve_type: CurveType,
    /// The curve.
    pub namedcurve: NamedGroup,
    /// The server's public value, an encoded point.
    pub public: Bytes,
}

/// `ClientKeyExchange` (RFC 5246 7.4.7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "key_exchange", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientKeyExchange {
    /// RSA key transport (RFC 5246 7.4.7.1).
    Rsa {
        /// The premaster secret under the server's key.
        encrypted_pre_master_secret: Bytes,
    },
    /// Finite-field Diffie-Hellman (RFC 5246 7.4.7.2).
    Dhe {
        /// The client's public value, a big-endian number.
        #[serde(rename = "dh_Yc")]
        dh_yc: Bytes,
    },
    /// Elliptic-curve Diffie-Hellman (RFC 8422 5.7).
    Ecdhe {
        /// The client's public value, an encoded point.
        #[serde(rename = "ecdh_Yc")]
        ecdh_yc: Bytes,
    },
    /// A body that the negotiation gives no meaning to.
    Opaque {
        /// The whole body.
        body: Bytes,
    },
}

const DH_P: Vector = Vector::new("ServerKeyExchange.dh_p", 1..=0xffff);
const DH_G: Vector = Vector::new("ServerKeyExchange.dh_g", 1..=0xffff);
const DH_YS: Vector = Vector::new("ServerKeyExchange.dh_Ys", 1..=0xffff);
const ECDH_PUBLIC: Vector = Vector::new("ServerKeyExchange.public", 1..=0xff);
const ENCRYPTED_PRE_MASTER_SECRET: Vector = Vector::new("ClientKeyExchange.encrypted_pre_master_secret", 0..=0xffff);
const DH_YC: Vector = Vector::new("ClientKeyExchange.dh_Yc", 1..=0xffff);
const ECDH_YC: Vector = Vector::new("ClientKeyExchange.ecdh_Yc", 1..=0xff);

impl ServerKeyExchange {
    /// The encoded `params`, which a signature covers together with both randoms; for an opaque body, all of it.
    pub fn params_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        self.encode_params(&mut out)?;
        Ok(out)
    }

    /// Appends the encoded `params` to `out`. On an error `out` holds a part of it.
    pub fn encode_params(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Dhe { params, .. } => params.encode(out),
            Self::Ecdhe { params, .. } => params.encode(out),
            Self::Opaque { body } => {
                out.extend_from_slice(body);
                Ok(())
            }
        }
    }

    /// Reads the message in the layout of the key exchange and the version.
    pub fn decode(r: &mut Reader<'_>, context: &Context) -> Result<Self, DecodeError> {
        match context.key_exchange {
            Some(KeyExchangeKind::DhAnon) => Ok(Self::Dhe { params: ServerDhParams::decode(r)?, signed_params: None }),
            Some(KeyExchangeKind::Dhe) => Ok(Self::Dhe {
                params: ServerDhParams::decode(r)?,
                signed_params: Some(DigitallySigned::decode(r, context)?),
            }),
            Some(KeyExchangeKind::Ecdhe) if names_its_curve(r)? => Ok(Self::Ecdhe {
                params: ServerEcdhParams::decode(r)?,
                signed_params: DigitallySigned::decode(r, context)?,
            }),
            Some(KeyExchangeKind::Ecdhe | KeyExchangeKind::Rsa) | None => Ok(Self::Opaque { body: r.rest().into() }),
        }
    }
}

/// Whether the curve that comes next is a named one.
fn names_its_curve(r: &Reader<'_>) -> Result<bool, DecodeError> {
    Ok(r.clone().number::<CurveType>("ServerKeyExchange.curve_type")? == CurveType::NAMED_CURVE)
}

impl Encode for ServerKeyExchange {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Dhe { params, signed_params } => {
                params.encode(out)?;
                signed_params.iter().try_for_each(|signed| signed.encode(out))
            }
            Self::Ecdhe { params, signed_params } => {
                params.encode(out)?;
                signed_params.encode(out)
            }
            Self::Opaque { body } => {
                out.extend_from_slice(body);
                Ok(())
            }
        }
    }
}

impl Encode for ServerDhParams {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        DH_P.write_bytes(out, &self.dh_p)?;
        DH_G.write_bytes(out, &self.dh_g)?;
        DH_YS.write_bytes(out, &self.dh_ys)
    }
}

impl Decode for ServerDhParams {
    const NAME: &'static str = "ServerDHParams";

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { dh_p: DH_P.read_bytes(r)?, dh_g: DH_G.read_bytes(r)?, dh_ys: DH_YS.read_bytes(r)? })
    }
}

impl Encode for ServerEcdhParams {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.curve_type.put(out);
        self.namedcurve.put(out);
        ECDH_PUBLIC.write_bytes(out, &self.public)
    }
}

impl Decode for ServerEcdhParams {
    const NAME: &'static str = "ServerECDHParams";

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            curve_type: r.number("ServerKeyExchange.curve_type")?,
            namedcurve: r.number("ServerKeyExchange.namedcurve")?,
            public: ECDH_PUBLIC.read_bytes(r)?,
        })
    }
}

impl ClientKeyExchange {
    /// Reads the message in the layout of the key exchange.
    pub fn decode(r: &mut Reader<'_>, context: &Context) -> Result<Self, DecodeError> {
        Ok(match context.key_exchange {
            Some(KeyExchangeKind::Rsa) => {
                Self::Rsa { encrypted_pre_master_secret: ENCRYPTED_PRE_MASTER_SECRET.read_bytes(r)? }
            }
            Some(KeyExchangeKind::Dhe | KeyExchangeKind::DhAnon) => Self::Dhe { dh_yc: DH_YC.read_bytes(r)? },
            Some(KeyExchangeKind::Ecdhe) => Self::Ecdhe { ecdh_yc: ECDH_YC.read_bytes(r)? },
            None => Self::Opaque { body: r.rest().into() },
        })
    }
}

impl Encode for ClientKeyExchange {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Rsa { encrypted_pre_master_secret } => {
                ENCRYPTED_PRE_MASTER_SECRET.write_bytes(out, encrypted_pre_master_secret)
            }
            Self::Dhe { dh_yc } => DH_YC.write_bytes(out, dh_yc),
            Self::Ecdhe { ecdh_yc } => ECDH_YC.write_bytes(out, ecdh_yc),
            Self::Opaque { body } => {
                out.extend_from_slice(body);
                Ok(())
            }
        }
    }
}
