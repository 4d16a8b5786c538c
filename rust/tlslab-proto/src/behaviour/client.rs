//! The knobs that only a client has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fields::knobs;
use super::lists::GroupSpec;
use super::values::{
    CertificateAnswer, CertificateKind, FixedLengthZeros, GroupCheck, Offering, RenegotiationSignal, ResumedEmsCheck,
    ResumedRequest, ShortFixedValue, SignedBytes, Switch, TicketSessionId,
};

knobs! {
    /// A client's own knobs.
    #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    pub struct ClientKnobs {
        /// RFC 7919 groups that the client lists in supported_groups. Listing one forbids the server any other group
        /// (RFC 7919 4), so the default lists none, and takes any valid group.
        pub groups: Vec<GroupSpec>,
        /// The smallest prime that the client takes, in bits; a smaller one gets insufficient_security.
        #[schemars(range(min = 0, max = 8192))]
        pub min_group_bits: u16,
        /// How the server's Diffie-Hellman group is checked.
        pub group_check: GroupCheck,
        /// The server's name for the server_name extension (RFC 6066 3), or null to leave the extension out.
        pub server_name: Option<String>,
        /// TLS_FALLBACK_SCSV (RFC 7507).
        pub fallback_scsv: Switch,
        /// Whether a client that offers TLS 1.2, and gets less with a random that says that the server speaks TLS 1.2,
        /// aborts with illegal_parameter (RFC 8446 4.1.3: SHOULD): somebody on the way has changed its offer.
        pub downgrade_check: Switch,
        /// How the client signals secure renegotiation (RFC 5746 3.4).
        pub renegotiation_info: RenegotiationSignal,
        /// Whether the signature of ServerKeyExchange is verified at all.
        pub signature_check: Switch,
        /// Which bytes of ServerKeyExchange the signature is verified over.
        pub verified_bytes: SignedBytes,
        /// What is done with an RSA signature shorter than the modulus.
        pub short_rsa_signature: ShortFixedValue,
        /// Leading zero bytes of the RSA-encrypted premaster secret; RFC 8017 7.2.1 keeps them.
        pub rsa_ciphertext_zeros: FixedLengthZeros,

        /// The kinds of certificate that the client has, in order of preference. One without any answers a
        /// CertificateRequest with an empty list.
        pub certificates: Vec<CertificateKind>,
        /// How a CertificateRequest is answered (RFC 5246 7.4.6, 7.4.8).
        pub certificate_answer: CertificateAnswer,
        /// What is done with a CertificateRequest in an abbreviated handshake; unexpected_message is the rule (RFC 5246
        /// 7.2.2, 7.3).
        pub resumed_certificate_request: ResumedRequest,

        /// Whether a session without EMS is offered for resumption: it should not be (RFC 7627 5.3). A client that
        /// knows no RFC 7627 offers it, which is `offer` together with `ems=off`.
        pub offer_without_ems: Offering,
        /// Whether a session with EMS is offered by a ClientHello without the extension, which a client that offers one
        /// must send (RFC 7627 5.3).
        pub offer_downgrade: Offering,
        /// Whether a session is offered in a renegotiation too. Offering none asks for a full handshake, which is what
        /// renegotiation is for as a rule.
        pub offer_in_renegotiation: Offering,
        /// What is done where the extension of an abbreviated ServerHello is not that of the session.
        pub resumed_ems_check: ResumedEmsCheck,
        /// The session id that goes along with a ticket (RFC 5077 3.4).
        pub ticket_session_id: TicketSessionId,
    }
}

impl Default for ClientKnobs {
    fn default() -> Self {
        Self {
            groups: Vec::new(),
            min_group_bits: 0,
            group_check: GroupCheck::None,
            server_name: None,
            fallback_scsv: Switch::Off,
            downgrade_check: Switch::On,
            renegotiation_info: RenegotiationSignal::Extension,
            signature_check: Switch::On,
            verified_bytes: SignedBytes::Wire,
            short_rsa_signature: ShortFixedValue::Fail,
            rsa_ciphertext_zeros: FixedLengthZeros::Keep,
            certificates: Vec::new(),
            certificate_answer: CertificateAnswer::Fitting,
            resumed_certificate_request: ResumedRequest::Refuse,
            offer_without_ems: Offering::Never,
            offer_downgrade: Offering::Never,
            offer_in_renegotiation: Offering::Never,
            resumed_ems_check: ResumedEmsCheck::Enforce,
            ticket_session_id: TicketSessionId::Fresh,
        }
    }
}
