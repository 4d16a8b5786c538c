//! Elliptic-curve Diffie-Hellman on X25519 and P-256 (RFC 8422, RFC 7748).

use p256::{FieldBytes, NonZeroScalar, PublicKey, Scalar, ecdh::diffie_hellman, elliptic_curve::ops::Reduce};
use x25519_dalek::x25519;

use crate::wire::registry::NamedGroup;

/// A curve that the lab can compute on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// X25519 (RFC 7748 5).
    X25519,
    /// P-256, also secp256r1.
    Secp256r1,
}

impl Curve {
    /// The curve of a named group, if the lab can compute on it.
    pub fn from_group(group: NamedGroup) -> Option<Self> {
        match group {
            NamedGroup::X25519 => Some(Self::X25519),
            NamedGroup::SECP256R1 => Some(Self::Secp256r1),
            _ => None,
        }
    }

    /// The named group of the curve.
    pub fn group(self) -> NamedGroup {
        match self {
            Self::X25519 => NamedGroup::X25519,
            Self::Secp256r1 => NamedGroup::SECP256R1,
        }
    }

    /// Length of a public key in bytes: X25519's u-coordinate, or an uncompressed point (RFC 8422 5.4.1).
    pub fn public_len(self) -> usize {
        match self {
            Self::X25519 => 32,
            Self::Secp256r1 => 65,
        }
    }

    /// Whether a public key is one of this curve, as far as the key alone tells (RFC 8422 5.11).
    pub fn check(self, public: &[u8]) -> Result<(), EcdhError> {
        self.check_len(public)?;
        match self {
            Self::X25519 => Ok(()),
            Self::Secp256r1 => PublicKey::from_sec1_bytes(public).map(|_| ()).map_err(|_| EcdhError::NotOnCurve),
        }
    }

    fn check_len(self, public: &[u8]) -> Result<(), EcdhError> {
        let (group, got, expected) = (self.group(), public.len(), self.public_len());
        if got == expected { Ok(()) } else { Err(EcdhError::PublicLength { group, got, expected }) }
    }
}

/// Why there is no shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EcdhError {
    /// The peer's public key has another length than the curve's.
    #[error("the peer's public key has {got} bytes; {group} takes {expected}")]
    PublicLength {
        /// The curve's group.
        group: NamedGroup,
        /// What arrived, in bytes.
        got: usize,
        /// What the curve takes, in bytes.
        expected: usize,
    },
    /// The peer's public key is not an uncompressed point of P-256.
    #[error("the peer's public key is not an uncompressed point on secp256r1")]
    NotOnCurve,
    /// X25519 gave all zeros: the peer's point is of small order (RFC 8422 5.11).
    #[error("the shared secret is all zeros: the peer's x25519 public key is of small order")]
    ZeroSecret,
}

/// A private key.
#[derive(Debug, Clone)]
pub struct EcdhKey(Private);

#[derive(Debug, Clone)]
enum Private {
    X25519([u8; 32]),
    Secp256r1(NonZeroScalar),
}

impl EcdhKey {
    /// A private key from 32 raw bytes, any of which will do: X25519 clamps them (RFC 7748 5), P-256 takes them as a
    /// big-endian number modulo the group's order, and 1 in place of 0.
    pub fn from_bytes(curve: Curve, bytes: &[u8; 32]) -> Self {
        Self(match curve {
            Curve::X25519 => Private::X25519(*bytes),
            Curve::Secp256r1 => {
                let scalar = <Scalar as Reduce<FieldBytes>>::reduce(&FieldBytes::from(*bytes));
                let one = NonZeroScalar::new(Scalar::ONE).expect("1 is not 0");
                Private::Secp256r1(NonZeroScalar::new(scalar).unwrap_or(one))
            }
        })
    }

    /// The curve of the key.
    pub fn curve(&self) -> Curve {
        match self.0 {
            Private::X25519(_) => Curve::X25519,
            Private::Secp256r1(_) => Curve::Secp256r1,
        }
    }

    /// The public key as it goes on the wire, of the curve's [`public_len`](Curve::public_len).
    pub fn public(&self) -> Vec<u8> {
        match &self.0 {
            Private::X25519(bytes) => x25519(*bytes, x25519_dalek::X25519_BASEPOINT_BYTES).to_vec(),
            Private::Secp256r1(scalar) => PublicKey::from_secret_scalar(scalar).to_sec1_bytes().into_vec(),
        }
    }

    /// The shared secret with a peer: X25519's output, or the x-coordinate on P-256, leading zeros included
    /// (RFC 8422 5.10).
    pub fn shared_secret(&self, peer: &[u8]) -> Result<[u8; 32], EcdhError> {
        self.curve().check_len(peer)?;
        match &self.0 {
            Private::X25519(bytes) => {
                let point = peer.try_into().expect("the length was checked");
                let secret = x25519(*bytes, point);
                if secret == [0; 32] { Err(EcdhError::ZeroSecret) } else { Ok(secret) }
            }
            Private::Secp256r1(scalar) => {
                let peer = PublicKey::from_sec1_bytes(peer).map_err(|_| EcdhError::NotOnCurve)?;
                Ok((*diffie_hellman(scalar, peer.as_affine()).raw_secret_bytes()).into())
            }
        }
    }
}
