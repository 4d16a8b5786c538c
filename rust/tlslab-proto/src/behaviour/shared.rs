//! The knobs that both endpoints have.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fields::knobs;
use super::lists::{Scheme, Suite};
use super::values::{
    CurveName, EarlyChangeCipherSpec, EarlyFinished, Ems, ExponentLength, ExponentReuse, ExponentRule,
    FixedLengthZeros, FlightRecords, Heartbeats, IntegerEncoding, OnUnexpected, PerVersion, PremasterZeros,
    PublicValueCheck, Reaction, RecordPadding, Renegotiation, Resumption, ShortPublicValue, Switch, Version,
};
use crate::wire::registry::{CipherSuite, SignatureScheme};

knobs! {
    /// The knobs that a client and a server have alike.
    #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    pub struct SharedKnobs {
        /// Versions of TLS. A client offers the newest; a server takes the newest that it shares with the client
        /// (RFC 5246 E.1).
        pub versions: Vec<Version>,
        /// Cipher suites in order of preference: IANA names, OpenSSL names or numbers. The default puts DHE_RSA first,
        /// since the lab is about it.
        pub suites: Vec<Suite>,
        /// Patterns of suites to take out of `suites`, such as `TLS_DHE_*`: the second mitigation of KB4528489.
        pub without_suites: Vec<String>,
        /// Signature schemes, in order of preference: those that an endpoint signs with, and those that a client lists
        /// in TLS 1.2 (RFC 5246 7.4.1.4.1) and a server in its CertificateRequest (RFC 5246 7.4.4).
        pub signature_algorithms: Vec<Scheme>,
        /// Elliptic curves of the key exchange in order of preference (RFC 8422 5.1).
        pub curves: Vec<CurveName>,
        /// Application protocols: those that a client offers, those that a server takes (RFC 7301).
        pub alpn: Vec<String>,
        /// Extended Master Secret (RFC 7627).
        pub ems: Ems,
        /// Encrypt-then-MAC for CBC suites (RFC 7366).
        pub encrypt_then_mac: Switch,
        /// By what sessions are resumed (RFC 5246 7.3, RFC 5077): what a client offers and keeps, what a server hands
        /// out and accepts. A server without session ids leaves the one of ServerHello empty.
        pub resumption: Resumption,
        /// What is done when the peer asks for a renegotiation. When an endpoint asks itself is up to the scenario;
        /// without RFC 5746 it can with `legacy` only.
        pub renegotiation: Renegotiation,
        /// Heartbeats (RFC 6520): whether requests are answered, and with what. An endpoint sends none of its own
        /// accord.
        pub heartbeat: Heartbeats,

        /// Leading zero bytes of Z on the way to a master secret without EMS. `strip` is the rule of RFC 4346 and
        /// RFC 5246 8.1.2 (RFC 2246 lacks the sentence); anything else is the defect behind cause 1 of KB4528489.
        pub premaster_zeros: PerVersion<PremasterZeros>,
        /// Leading zero bytes of Z on the way to a master secret with EMS. RFC 7627 changes the label and the seed of
        /// the PRF and not the premaster secret, so the rule is `strip` too.
        pub premaster_zeros_ems: PerVersion<PremasterZeros>,
        /// Leading zero bytes of the x-coordinate that ECDH gives; RFC 8422 5.10 keeps them.
        pub ecdh_zeros: FixedLengthZeros,
        /// How the own Diffie-Hellman public value is written.
        pub public_value: IntegerEncoding,
        /// What is done with a peer's public value that is shorter than the prime or starts with zeros.
        pub short_public_value: ShortPublicValue,
        /// How a peer's public value is checked.
        pub public_value_check: PublicValueCheck,
        /// The length of Diffie-Hellman exponents: `short`, `full` or a number of bits.
        pub exponent_length: ExponentLength,
        /// Whether exponents are used again by later connections of a trial.
        pub exponent_reuse: ExponentReuse,

        /// The largest plaintext of a record that is sent, in bytes; 16384 is the limit of RFC 5246 6.2.1. Alerts are
        /// sent whole.
        #[schemars(range(min = 1, max = 16384))]
        pub record_size: u16,
        /// How handshake messages of one flight share records.
        pub flight_records: FlightRecords,
        /// How long the padding of CBC records is that are sent, without encrypt-then-MAC or with it.
        pub record_padding: RecordPadding,
        /// Application data under CBC in TLS 1.0 sent as one byte and the rest, against chosen plaintexts.
        pub record_splitting: Switch,
        /// Reaction to a record that cannot be authenticated; bad_record_mac is the rule (RFC 5246 7.2.2).
        pub on_bad_record: Reaction,
        /// Reaction to a Finished whose verify_data is wrong; decrypt_error is the rule (RFC 5246 7.2.2).
        pub on_bad_finished: Reaction,
        /// Whether each byte of a CBC record's padding is looked at, and not its length alone (RFC 5246 6.2.3.2: MUST).
        /// Not to do so is POODLE in TLS (CVE-2014-8730 of F5 and A10).
        pub padding_check: Switch,
        /// Whether the verify_data of a Finished is looked at (RFC 5246 7.4.9: MUST). There were servers that did not
        /// ("The POODLE has friends", Pettersen, 2015).
        pub finished_check: Switch,
        /// What is done with a Finished that arrives before the messages that have to precede it (RFC 5246 7.3, 7.4.9).
        pub early_finished: EarlyFinished,
        /// What is done with a ChangeCipherSpec that arrives after ServerHello, but before there is a premaster secret
        /// (RFC 5246 7.1, 7.3).
        pub early_change_cipher_spec: EarlyChangeCipherSpec,
        /// Reaction to a message that the state does not allow; unexpected_message is the rule (RFC 5246 7.2.2).
        pub on_unexpected: OnUnexpected,
        /// Whether a close_notify ends the connection (RFC 5246 7.2.1).
        pub close_notify: Switch,
    }
}

impl SharedKnobs {
    /// The schemes of signatures that are accepted in TLS 1.2. A peer that is told of none takes it that SHA-1 is
    /// (RFC 5246 7.4.1.4.1).
    pub(crate) fn verified_schemes(&self) -> Vec<SignatureScheme> {
        match &self.signature_algorithms[..] {
            [] => vec![SignatureScheme::RSA_PKCS1_SHA1, SignatureScheme::ECDSA_SHA1],
            schemes => schemes.iter().map(|scheme| scheme.0).collect(),
        }
    }
}

impl Default for SharedKnobs {
    fn default() -> Self {
        Self {
            versions: Version::ALL.to_vec(),
            suites: DEFAULT_SUITES.iter().copied().map(Suite).collect(),
            without_suites: Vec::new(),
            signature_algorithms: DEFAULT_SCHEMES.iter().copied().map(Scheme).collect(),
            curves: vec![CurveName::X25519, CurveName::Secp256r1],
            alpn: Vec::new(),
            ems: Ems::On,
            encrypt_then_mac: Switch::On,
            resumption: Resumption::SessionId,
            renegotiation: Renegotiation::Refuse,
            heartbeat: Heartbeats::Off,
            premaster_zeros: PerVersion::all(PremasterZeros::Strip),
            premaster_zeros_ems: PerVersion::all(PremasterZeros::Strip),
            ecdh_zeros: FixedLengthZeros::Keep,
            public_value: IntegerEncoding::Padded,
            short_public_value: ShortPublicValue::Accept,
            public_value_check: PublicValueCheck::Range,
            exponent_length: ExponentLength::Rule(ExponentRule::Short),
            exponent_reuse: ExponentReuse::Fresh,
            record_size: 16384,
            flight_records: FlightRecords::PerMessage,
            record_padding: RecordPadding::Shortest,
            record_splitting: Switch::Off,
            on_bad_record: Reaction::BadRecordMac,
            on_bad_finished: Reaction::DecryptError,
            padding_check: Switch::On,
            finished_check: Switch::On,
            early_finished: EarlyFinished::Refuse,
            early_change_cipher_spec: EarlyChangeCipherSpec::Refuse,
            on_unexpected: OnUnexpected::Alert,
            close_notify: Switch::On,
        }
    }
}

/// DHE_RSA, then ECDHE, then RSA; AEAD before CBC. Anonymous suites have to be asked for.
const DEFAULT_SUITES: [CipherSuite; 25] = [
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_CBC_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_RSA_WITH_AES_256_CBC_SHA256,
    CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_AES_256_CBC_SHA,
];

const DEFAULT_SCHEMES: [SignatureScheme; 8] = [
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::ECDSA_SECP256R1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::ECDSA_SECP384R1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
    SignatureScheme::ECDSA_SECP521R1_SHA512,
    SignatureScheme::RSA_PKCS1_SHA1,
    SignatureScheme::ECDSA_SHA1,
];
