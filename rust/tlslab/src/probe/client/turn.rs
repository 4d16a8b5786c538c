//! The connections in which a probe of a client plays the server, as data.

use std::sync::Arc;

use serde::Serialize;
use tlslab_dh::{Group, GroupError};
use tlslab_proto::behaviour::ServerBehaviour;
use tlslab_proto::behaviour::lists::{CustomGroup, GroupSpec, Suite};
use tlslab_proto::behaviour::values::{
    Ems, IntegerEncoding, ListedGroups, PerVersion, PremasterZeros, PublicValueCheck, Renegotiation,
    RequestCertificate, ResumePolicy, ResumedEmsEcho, Resumption, Switch, Version,
};
use tlslab_proto::endpoint::diffie_hellman::{DiffieHellman, Honest};
use tlslab_proto::wire::registry::CipherSuite;

use super::heard::Heard;
use crate::probe::record::Ask;
use crate::probe::step::Cell;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// An ordinary group: a control, whose Z has a leading zero byte by chance alone.
    Control,
    /// A group whose prime stands just above a byte boundary, so that nearly every Z has a leading zero byte.
    BoundaryGroup,
    /// The same with a server that keeps the byte: where the one before failed, this tells that it was the byte.
    KeptZero,
    /// A group whose prime is so far above the boundary that a server finds a public value without a leading zero byte, and
    /// Z has one in all but 1 connection of 257: for a client that does not take short public values.
    BoundaryGroupLongValue,
    /// The same with a server that keeps the byte.
    KeptZeroLongValue,
    /// A public value with a leading zero byte, written in the length of the prime.
    PaddedPublicValue,
    /// A public value with a leading zero byte, written without it.
    MinimalPublicValue,
    /// To leave a session with EMS.
    NewSession,
    /// To resume it, the extension missing in ServerHello.
    ResumeWithoutEcho,
    /// To leave a session without EMS.
    NewSessionWithoutEms,
    /// To see whether it is offered.
    Upgrade,
    /// To ask for a certificate.
    CertificateRequest,
    /// To leave a session once more.
    NewSessionForRequest,
    /// To ask for a certificate in an abbreviated handshake.
    AbbreviatedRequest,
    /// To ask for a renegotiation, with RFC 5746.
    Renegotiation,
    /// To ask for one without RFC 5746.
    LegacyRenegotiation,
    /// An ordinary group, until Z has a leading zero byte by chance.
    ByChance,
}

/// A connection in which the lab is the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// What it is for.
    pub aim: Aim,
    /// How the server acts.
    pub server: ServerBehaviour,
    /// The leading zero bytes of its public value; `None` leaves them to chance.
    pub public_zeros: Option<usize>,
    /// Whether it asks for a renegotiation once the handshake is done.
    pub renegotiates: bool,
}

/// The first safe prime above 2^2048 is this much above. It was found by sieving upward over p = 3 mod 4, and p and
/// (p - 1) / 2 pass Miller-Rabin. Every Z below 2^2048, which is all but one in 2^2024, has a leading zero byte in the length
/// of p; so has every public value.
const ABOVE_2048_BITS: u32 = 10_029_811;

/// The first safe prime above 2^2048 + 2^2040 is this much above that, found in the same way. One number in 257 is above
/// 2^2048: a server that looks for a public value there finds it, and 256 of 257 Z have a leading zero byte.
const ABOVE_2048_BITS_AND_A_BIT: u32 = 2_150_667;

/// As many exponents as are tried for a public value that one in some 256 has.
const MOST_TRIED: u32 = 1 << 14;

/// The group of the first safe prime above 2^2048. 4 generates its subgroup.
pub fn boundary_group() -> GroupSpec {
    above_2048_bits(0, ABOVE_2048_BITS)
}

/// The group of the first safe prime above 2^2048 + 2^2040. 4 generates its subgroup.
pub fn boundary_group_for_long_values() -> GroupSpec {
    above_2048_bits(1, ABOVE_2048_BITS_AND_A_BIT)
}

/// The group of `2^2048 + second 2^2040 + rest`.
fn above_2048_bits(second: u8, rest: u32) -> GroupSpec {
    let mut p = vec![0; 257];
    (p[0], p[1]) = (1, second);
    p[253..].copy_from_slice(&rest.to_be_bytes());
    GroupSpec::Custom(CustomGroup { p, g: vec![4] })
}

/// All groups of RFC 7919: a client that lists some gets one of these.
const ORDINARY: [&str; 5] = ["ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192"];

impl Ask for Turn {
    type Seen = Heard;

    fn uses_up(&self, earlier: &Heard) -> bool {
        let leaves = match self.aim {
            Aim::ResumeWithoutEcho => Aim::NewSession,
            Aim::Upgrade => Aim::NewSessionWithoutEms,
            Aim::AbbreviatedRequest => Aim::NewSessionForRequest,
            _ => return false,
        };
        earlier.aim == leaves
    }
}

impl Turn {
    /// A connection of one of these versions and suites, whose server has an ordinary group, a public value of full length,
    /// and resumes nothing.
    pub fn new(aim: Aim, versions: &[Version], suites: &[CipherSuite], ems: bool) -> Self {
        let mut server = ServerBehaviour::default();
        server.shared.versions = versions.to_vec();
        server.shared.suites = suites.iter().copied().map(Suite).collect();
        server.shared.ems = if ems { Ems::On } else { Ems::Off };
        server.shared.resumption = Resumption::None;
        server.shared.public_value_check = PublicValueCheck::None;
        server.shared.renegotiation = Renegotiation::Legacy;
        server.own.groups = ORDINARY.iter().map(|name| GroupSpec::Named((*name).to_owned())).collect();
        Self { aim, server, public_zeros: Some(0), renegotiates: false }
    }

    /// A connection in one cell.
    pub fn in_cell(aim: Aim, cell: Cell) -> Self {
        Self::new(aim, &[cell.version], &[cell.suite], cell.ems)
    }

    /// The same over the group above a byte boundary.
    #[must_use]
    pub fn with_boundary_group(self) -> Self {
        self.over(boundary_group(), None)
    }

    /// The same over the group above a byte boundary in which the server has a public value of full length.
    #[must_use]
    pub fn with_boundary_group_for_long_values(self) -> Self {
        self.over(boundary_group_for_long_values(), Some(0))
    }

    /// The same over a group that no client lists: the server knows nothing of lists, as those of before RFC 7919.
    fn over(mut self, group: GroupSpec, public_zeros: Option<usize>) -> Self {
        self.server.own.groups = vec![group];
        self.server.own.listed_groups = ListedGroups::Ignore;
        self.public_zeros = public_zeros;
        self
    }

    /// The same with a server that makes its premaster secret otherwise.
    #[must_use]
    pub fn with_premaster(mut self, zeros: PremasterZeros) -> Self {
        self.server.shared.premaster_zeros = PerVersion::all(zeros);
        self.server.shared.premaster_zeros_ems = PerVersion::all(zeros);
        self
    }

    /// The same with a public value that begins with a zero byte, written like this.
    #[must_use]
    pub fn with_short_public(mut self, encoding: IntegerEncoding) -> Self {
        self.server.shared.public_value = encoding;
        self.public_zeros = Some(1);
        self
    }

    /// The same with a server that hands out sessions, and resumes them whatever RFC 7627 says.
    #[must_use]
    pub fn with_sessions(mut self) -> Self {
        self.server.shared.resumption = Resumption::Both;
        self.server.own.resume_legacy = ResumePolicy::Resume;
        self
    }

    /// The same with a server that hands out sessions, and makes full handshakes all the same.
    #[must_use]
    pub fn resuming_none(mut self) -> Self {
        self.server.own.resume_legacy = ResumePolicy::Full;
        self.server.own.resume_downgrade = ResumePolicy::Full;
        self
    }

    /// The same with a server that leaves the extension out when it resumes.
    #[must_use]
    pub fn without_echo(mut self) -> Self {
        self.server.own.resumed_ems_echo = ResumedEmsEcho::Omit;
        self
    }

    /// The same with a server that asks for a certificate.
    #[must_use]
    pub fn with_request(mut self, when: RequestCertificate) -> Self {
        self.server.own.request_certificate = when;
        self
    }

    /// The same with a server that asks for a renegotiation, with RFC 5746 or without.
    #[must_use]
    pub fn renegotiating(mut self, secure: bool) -> Self {
        self.server.own.renegotiation_info = if secure { Switch::On } else { Switch::Off };
        self.renegotiates = true;
        self
    }

    /// The cell that it is made for, if the client has no choice.
    pub fn asked(&self) -> Option<Cell> {
        let ([version], [Suite(suite)]) = (&self.server.shared.versions[..], &self.server.shared.suites[..]) else {
            return None;
        };
        Some(Cell { version: *version, suite: *suite, ems: self.server.shared.ems != Ems::Off })
    }

    /// How its key share comes about.
    pub(super) fn provider(&self, groups: &[Group]) -> Arc<dyn DiffieHellman> {
        let honest = Honest::with_groups(groups.to_vec());
        match self.public_zeros {
            Some(zeros) => Arc::new(ChosenPublic { honest, zeros }),
            None => Arc::new(honest),
        }
    }
}

/// A server that chooses its exponent so that its public value begins with so many zero bytes.
struct ChosenPublic {
    honest: Honest,
    zeros: usize,
}

impl DiffieHellman for ChosenPublic {
    fn group(&self, p: &[u8], g: &[u8]) -> Result<Group, GroupError> {
        self.honest.group(p, g)
    }

    fn exponent(&self, group: &Group, _peer: Option<&[u8]>, drawn: Vec<u8>) -> Vec<u8> {
        let is_wanted = |public: &[u8]| tlslab_dh::leading_zero_bytes(public) == self.zeros;
        let found = group.exponent_with_secret(group.generator(), &drawn, MOST_TRIED, is_wanted);
        found.map_or(drawn, |(exponent, _)| exponent)
    }

    fn public(&self, group: &Group, exponent: &[u8]) -> Vec<u8> {
        self.honest.public(group, exponent)
    }

    fn shared(&self, group: &Group, exponent: &[u8], peer: &[u8]) -> Vec<u8> {
        self.honest.shared(group, exponent, peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_groups_are_of_safe_primes_with_short_secrets() {
        for (spec, least) in [(boundary_group(), 0.999_999), (boundary_group_for_long_values(), 0.996)] {
            let group = spec.resolve().expect("it is a group");
            assert_eq!(group.bits(), 2049);
            assert!(group.is_safe_prime());
            assert!(group.probability_of_leading_zeros(1) > least);
        }
    }
}
