//! The knobs that only a server has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fields::knobs;
use super::lists::GroupSpec;
use super::values::{
    CertificateKind, ClientCertificate, FixedLengthZeros, ListedGroups, Preference, RequestCertificate, ResumePolicy,
    ResumedEmsEcho, ShortFixedValue, SignedBytes, Switch, TicketKeySource, TicketRenewal,
};

knobs! {
    /// A server's own knobs.
    #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    pub struct ServerKnobs {
        /// Diffie-Hellman groups in order of preference: a name (RFC 7919, RFC 3526, RFC 2409) or any prime and
        /// generator. A client that lists RFC 7919 groups gets one of those or no DHE suite (RFC 7919 4).
        pub groups: Vec<GroupSpec>,
        /// What the server makes of the RFC 7919 groups that a client lists.
        pub listed_groups: ListedGroups,
        /// Whose order of suites decides.
        pub suite_preference: Preference,
        /// The kinds of certificate that the server has.
        pub certificates: Vec<CertificateKind>,
        /// Whether the server answers renegotiation_info (RFC 5746 3.6).
        pub renegotiation_info: Switch,
        /// Whether the server refuses a client that says by TLS_FALLBACK_SCSV that it fell back, where it speaks more
        /// (RFC 7507 3: MUST). Not to do so leaves clients that fall back to POODLE (CVE-2014-3566).
        pub fallback_check: Switch,
        /// Whether the random of a server that speaks TLS 1.2, and agrees on less, ends with a mark that says so (RFC
        /// 8446 4.1.3: SHOULD).
        pub downgrade_signal: Switch,
        /// Which bytes of ServerKeyExchange the signature is made over.
        pub signed_bytes: SignedBytes,
        /// Leading zero bytes of an RSA signature; RFC 8017 8.2.1 keeps them.
        pub rsa_signature_zeros: FixedLengthZeros,
        /// What is done with an RSA-encrypted premaster secret shorter than the modulus.
        pub short_rsa_ciphertext: ShortFixedValue,

        /// In which handshakes the server asks for the client's certificate (RFC 5246 7.4.4).
        pub request_certificate: RequestCertificate,
        /// What becomes of a handshake in which the server has asked and the client sends no certificate: RFC 5246
        /// 7.4.6 leaves it to the server.
        pub client_certificate: ClientCertificate,

        /// A session without EMS is offered by a ClientHello with the extension: it must not be resumed, and a full
        /// handshake should follow (RFC 7627 5.3).
        pub resume_upgrade: ResumePolicy,
        /// A session with EMS is offered by a ClientHello without the extension: the server must abort (RFC 7627 5.3).
        pub resume_downgrade: ResumePolicy,
        /// Neither the session nor the ClientHello has EMS: the server should abort (RFC 7627 5.3). A server that knows
        /// no RFC 7627 resumes, which is `resume` together with `ems=off`.
        pub resume_legacy: ResumePolicy,
        /// The extension in the ServerHello of an abbreviated handshake (RFC 7627 5.3).
        pub resumed_ems_echo: ResumedEmsEcho,
        /// How long a session can be resumed by its id, in seconds; RFC 5246 F.1.4 suggests 24 hours at most.
        #[schemars(range(min = 0, max = 4_294_967_295_u32))]
        pub session_lifetime: u32,
        /// How long a ticket is accepted after it was issued, in seconds; also the hint that goes with it (RFC 5077
        /// 3.3).
        #[schemars(range(min = 1, max = 4_294_967_295_u32))]
        pub ticket_lifetime: u32,
        /// Whether a handshake that resumed by ticket hands out a new one (RFC 5077 3.3).
        pub ticket_renewal: TicketRenewal,
        /// Under what key tickets are sealed where there is none yet (RFC 5077 4, 5.5).
        pub ticket_key: TicketKeySource,
    }
}

/// In seconds.
const DAY: u32 = 86_400;

impl Default for ServerKnobs {
    fn default() -> Self {
        Self {
            groups: vec![GroupSpec::Named("ffdhe2048".to_owned())],
            listed_groups: ListedGroups::Heed,
            suite_preference: Preference::Server,
            certificates: vec![CertificateKind::Rsa, CertificateKind::Ecdsa],
            renegotiation_info: Switch::On,
            fallback_check: Switch::On,
            downgrade_signal: Switch::On,
            signed_bytes: SignedBytes::Wire,
            rsa_signature_zeros: FixedLengthZeros::Keep,
            short_rsa_ciphertext: ShortFixedValue::Fail,
            request_certificate: RequestCertificate::Never,
            client_certificate: ClientCertificate::Optional,
            resume_upgrade: ResumePolicy::Full,
            resume_downgrade: ResumePolicy::Abort,
            resume_legacy: ResumePolicy::Abort,
            resumed_ems_echo: ResumedEmsEcho::Session,
            session_lifetime: DAY,
            ticket_lifetime: DAY,
            ticket_renewal: TicketRenewal::Never,
            ticket_key: TicketKeySource::Random,
        }
    }
}
