//! The knobs that only a server has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lists::GroupSpec;
use super::values::{CertificateKind, FixedLengthZeros, Preference, ShortFixedValue, SignedBytes, Switch};

/// A server's own knobs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServerKnobs {
    /// Diffie-Hellman groups in order of preference: a name (RFC 7919, RFC 3526, RFC 2409) or any prime and
    /// generator. A client that lists RFC 7919 groups gets one of those or no DHE suite (RFC 7919 4).
    pub groups: Vec<GroupSpec>,
    /// Whose order of suites decides.
    pub suite_preference: Preference,
    /// The kinds of certificate that the server has.
    pub certificates: Vec<CertificateKind>,
    /// Whether the server answers renegotiation_info (RFC 5746 3.6).
    pub renegotiation_info: Switch,
    /// Which bytes of ServerKeyExchange the signature is made over.
    pub signed_bytes: SignedBytes,
    /// Leading zero bytes of an RSA signature; RFC 8017 8.2.1 keeps them.
    pub rsa_signature_zeros: FixedLengthZeros,
    /// What is done with an RSA-encrypted premaster secret shorter than the modulus.
    pub short_rsa_ciphertext: ShortFixedValue,
}

impl Default for ServerKnobs {
    fn default() -> Self {
        Self {
            groups: vec![GroupSpec::Named("ffdhe2048".to_owned())],
            suite_preference: Preference::Server,
            certificates: vec![CertificateKind::Rsa, CertificateKind::Ecdsa],
            renegotiation_info: Switch::On,
            signed_bytes: SignedBytes::Wire,
            rsa_signature_zeros: FixedLengthZeros::Keep,
            short_rsa_ciphertext: ShortFixedValue::Fail,
        }
    }
}
