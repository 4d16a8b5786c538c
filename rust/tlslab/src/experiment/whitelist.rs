//! Which experiments depend on classes alone: on how many leading bytes of Z and of the public values are zero.

use tlslab_proto::behaviour::SharedKnobs;
use tlslab_proto::behaviour::values::{
    Ems, ExponentLength, ExponentReuse, FixedLengthZeros, Offering, PremasterZeros, Resumption, ShortPublicValue,
    SignedBytes, Version,
};

use super::Experiment;

/// Exponents of fewer bits than this make values that are not uniform.
const SHORT_EXPONENT: u16 = 128;

impl Experiment {
    /// What else than classes the outcome of a trial may depend on; `None` where it is known to be nothing.
    pub(super) fn beyond_classes(&self) -> Option<&'static str> {
        let shared = [&self.client.shared, &self.server.shared];
        if let Some(reason) = self.depends_on_earlier_connections() {
            return Some(reason);
        }
        if self.scenario.connections.iter().any(|plan| !plan.edits.is_empty()) {
            return Some("the scenario has edits, and what they come to may depend on any byte");
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

    /// Why nothing is known of how probable classes are; `None` where values are close to uniform, and independent from
    /// connection to connection.
    pub(super) fn beyond_theory(&self) -> Option<&'static str> {
        let shared = [&self.client.shared, &self.server.shared];
        if let Some(reason) = self.depends_on_earlier_connections() {
            return Some(reason);
        }
        let is_short =
            |knobs: &SharedKnobs| matches!(knobs.exponent_length, ExponentLength::Bits(bits) if bits < SHORT_EXPONENT);
        if shared.into_iter().any(is_short) {
            return Some("so short exponents do not make uniform values");
        }
        // One side's new exponent makes a new Z; but a public value that is used again is the same in each connection.
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
        [&self.client.shared, &self.server.shared]
            .into_iter()
            .any(|knobs| knobs.short_public_value != ShortPublicValue::Accept)
            || self.client.own.verified_bytes != SignedBytes::Wire
            || self.server.own.signed_bytes != SignedBytes::Wire
    }
}

fn has_sign_byte(knobs: &SharedKnobs) -> bool {
    [knobs.premaster_zeros, knobs.premaster_zeros_ems]
        .iter()
        .any(|zeros| Version::ALL.iter().any(|version| zeros.get(*version) == PremasterZeros::SignByte))
}
