//! Which experiments depend on classes alone: on how many leading bytes of Z and of the public values are zero.

use tlslab_dh::Group;
use tlslab_proto::behaviour::SharedKnobs;
use tlslab_proto::behaviour::values::{
    Ems, ExponentLength, ExponentReuse, FixedLengthZeros, Offering, PremasterZeros, Resumption, ShortPublicValue,
    SignedBytes, Version,
};

use super::Experiment;

/// In smaller groups, and with fewer bits of an exponent, public values that no peer may accept are no rarity, and
/// endpoints draw again; elsewhere that happens once in 2^64 times.
const MIN_GROUP_BITS: usize = 256;
const MIN_EXPONENT_BITS: u16 = 64;

/// Exponents of fewer bits than this make values that are not uniform.
const SHORT_EXPONENT: u16 = 128;

impl Experiment {
    /// What else than classes the outcome of a trial may depend on; `None` where it is known to be nothing.
    pub fn beyond_classes(&self) -> Option<&'static str> {
        let shared = [&self.client.shared, &self.server.shared];
        if let Some(reason) = self.depends_on_earlier_connections() {
            return Some(reason);
        }
        if self.scenario.connections.iter().any(|plan| !plan.edits.is_empty()) {
            return Some("the scenario has edits, and what they come to may depend on any byte");
        }
        if self.scenario.connections.iter().any(|plan| plan.fault.is_some()) {
            return Some("a wire of the scenario fails at a chosen byte, and what arrives before it is of any length");
        }
        if shared.into_iter().any(has_sign_byte) {
            return Some("sign_byte looks at the top bit of Z, and not at its zero bytes alone");
        }
        if shared.into_iter().any(|knobs| knobs.ecdh_zeros != FixedLengthZeros::Keep) {
            return Some("ecdh_zeros is about the x-coordinate of ECDH");
        }
        if self.client.own.rsa_ciphertext_zeros != FixedLengthZeros::Keep
            || self.server.own.rsa_signature_zeros != FixedLengthZeros::Keep
        {
            return Some("rsa_ciphertext_zeros and rsa_signature_zeros are about RSA values");
        }
        None
    }

    /// Why exchanges in `group` cannot be computed in batches; `None` where they can.
    pub(super) fn beyond_batches(&self, group: &Group) -> Option<&'static str> {
        if group.bits() < MIN_GROUP_BITS {
            return Some(
                "the group has fewer than 256 bits, where exponents that endpoints would not take are no rarity",
            );
        }
        if self.has_exponents_below(MIN_EXPONENT_BITS) {
            return Some("exponent_length asks for fewer than 64 bits, where endpoints draw some exponents again");
        }
        None
    }

    /// Why its trials cannot be those of a census, beyond what keeps it from classes; `None` where they can. The trials
    /// of a block share the server's exponent, and the clients' are as long as the group's order.
    pub(super) fn beyond_census(&self, group: Option<&Group>) -> Option<&'static str> {
        let Some(group) = group else {
            return Some("its endpoints do no finite-field Diffie-Hellman");
        };
        if self.scenario.connections.len() > 1 {
            return Some("the scenario has several connections, and a census is of one");
        }
        if group.order().is_none() {
            return Some("the order of the group's generator is not known");
        }
        if self.looks_at_server_public_value() {
            return Some("the outcome may depend on the server's public value, which the trials of a block share");
        }
        if self.has_exponents_below(SHORT_EXPONENT) {
            return Some("a knob asks for very short exponents, and those of a census are as long as the order");
        }
        None
    }

    /// Why nothing is known of how probable classes are; `None` where values are close to uniform, and independent from
    /// connection to connection.
    pub(super) fn beyond_theory(&self) -> Option<&'static str> {
        if let Some(reason) = self.depends_on_earlier_connections() {
            return Some(reason);
        }
        if self.has_exponents_below(SHORT_EXPONENT) {
            return Some("so short exponents do not make uniform values");
        }
        // One side's new exponent makes a new Z; but a public value that is used again is the same in each connection.
        let shared = [&self.client.shared, &self.server.shared];
        let mut reuses = shared.into_iter().map(|knobs| knobs.exponent_reuse == ExponentReuse::WithinTrial);
        let depends = if self.looks_at_public_values() { reuses.any(|reuse| reuse) } else { reuses.all(|reuse| reuse) };
        if self.scenario.connections.len() > 1 && depends {
            return Some("an exponent is used again, so connections of a trial depend on each other");
        }
        None
    }

    /// Why the connections of a trial are not one handshake done again; `None` where each is that and starts from nothing.
    fn depends_on_earlier_connections(&self) -> Option<&'static str> {
        let connections = &self.scenario.connections;
        if connections.iter().any(|plan| plan.ftp.is_some()) {
            return Some("a session of FTP has data connections beside its control connection");
        }
        if connections.iter().any(|plan| !plan.client.is_empty() || !plan.server.is_empty()) {
            return Some("a connection of the scenario sets knobs of its own");
        }
        if connections.iter().any(|plan| plan.renegotiates.is_some() || plan.demands_certificate) {
            return Some("a connection of the scenario is renegotiated, or its application demands a certificate");
        }
        if connections.len() > 1 && self.may_resume() {
            return Some("a connection may resume the session of an earlier one, and have no key exchange of its own");
        }
        None
    }

    /// Whether a client that has had a connection may offer its session in the next, and the server look at it.
    fn may_resume(&self) -> bool {
        let (client, server) = (&self.client.shared, &self.server.shared);
        let both = |by: fn(Resumption) -> bool| by(client.resumption) && by(server.resumption);
        let has_ems = client.ems != Ems::Off && server.ems != Ems::Off;
        let offers = has_ems || self.client.own.offer_without_ems == Offering::Offer;
        offers && (both(Resumption::by_session_id) || both(Resumption::by_ticket))
    }

    /// Whether an outcome may depend on the zeros of public values, and not on those of Z alone.
    pub(super) fn looks_at_public_values(&self) -> bool {
        self.looks_at_client_public_value() || self.looks_at_server_public_value()
    }

    /// Whether an outcome may depend on the zeros of the client's public value.
    pub(super) fn looks_at_client_public_value(&self) -> bool {
        self.server.shared.short_public_value != ShortPublicValue::Accept
    }

    /// Whether an outcome may depend on the zeros of the server's public value.
    fn looks_at_server_public_value(&self) -> bool {
        self.client.shared.short_public_value != ShortPublicValue::Accept
            || self.client.own.verified_bytes != SignedBytes::Wire
            || self.server.own.signed_bytes != SignedBytes::Wire
    }

    fn has_exponents_below(&self, limit: u16) -> bool {
        let is_short =
            |knobs: &SharedKnobs| matches!(knobs.exponent_length, ExponentLength::Bits(bits) if bits < limit);
        [&self.client.shared, &self.server.shared].into_iter().any(is_short)
    }
}

fn has_sign_byte(knobs: &SharedKnobs) -> bool {
    [knobs.premaster_zeros, knobs.premaster_zeros_ems]
        .iter()
        .any(|zeros| Version::ALL.iter().any(|version| zeros.get(*version) == PremasterZeros::SignByte))
}
