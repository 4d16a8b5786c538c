//! Conditions: what an outcome of an explanation may depend on besides chance, and the knobs that meet it.

use serde_json::{Map, Value, json};
use tlslab_proto::behaviour::values::{CurveName, Version};
use tlslab_proto::crypto::suite;
use tlslab_proto::wire::registry::{CipherSuite, NamedGroup, ProtocolVersion};

use super::chances::Chances;
use super::observation::{Exchange, Observation, Over, Stage};

/// What an outcome of an explanation may depend on besides chance.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Condition {
    pub(super) over: Over,
    pub(super) version: Option<ProtocolVersion>,
    pub(super) suite: Option<CipherSuite>,
    pub(super) exchange: Option<Exchange>,
    /// The curve, where the lab has it.
    pub(super) curve: Option<NamedGroup>,
    pub(super) offered_ems: bool,
    pub(super) ems: bool,
    pub(super) resumed: bool,
    pub(super) certificate_requested: bool,
}

impl Condition {
    pub(super) fn of(seen: &Observation) -> Self {
        // What the server chose is agreed on once the client has gone on with it.
        let is_agreed = seen.ending.stage > Stage::ServerHello;
        Self {
            over: seen.over,
            version: seen.version.filter(|_| is_agreed),
            suite: seen.suite.and_then(stand_in),
            exchange: seen.key_exchange,
            curve: seen.curve.filter(|curve| CurveName::ALL.iter().any(|known| known.wire() == *curve)),
            offered_ems: seen.offered_ems,
            ems: seen.ems,
            resumed: seen.resumed,
            certificate_requested: seen.certificate_requested,
        }
    }

    /// Under which cause 1 shows: a full DHE handshake without EMS.
    pub(super) fn of_cause_1() -> Self {
        Self {
            over: Over::Tls,
            version: Some(ProtocolVersion::TLSV1_2),
            suite: None,
            exchange: Some(Exchange::Dhe),
            curve: None,
            offered_ems: false,
            ems: false,
            resumed: false,
            certificate_requested: false,
        }
    }
}

/// The first suite that differs from this one in nothing but keys' lengths and hashes, on which no outcome depends: a
/// capture has many suites, and each kind is run once. `None` where the lab does not run it.
fn stand_in(suite: CipherSuite) -> Option<CipherSuite> {
    let kind = |suite| {
        let params = suite::params(suite)?;
        Some((params.key_exchange, params.authentication, params.is_aead(), params.min_version()))
    };
    let wanted = kind(suite)?;
    CipherSuite::REGISTERED.iter().copied().find(|suite| kind(*suite) == Some(wanted))
}

impl From<suite::KeyExchange> for Exchange {
    fn from(exchange: suite::KeyExchange) -> Self {
        match exchange {
            suite::KeyExchange::Dhe => Self::Dhe,
            suite::KeyExchange::Ecdhe => Self::Ecdhe,
            suite::KeyExchange::Rsa => Self::Rsa,
        }
    }
}

impl Condition {
    /// Sets the knobs of both sides so that they meet the condition, in a group whose values have the given chances.
    pub(super) fn apply(&self, chances: &Chances, client: &mut Map<String, Value>, server: &mut Map<String, Value>) {
        let mut both = |name: &str, value: Value| {
            client.insert(name.to_owned(), value.clone());
            server.insert(name.to_owned(), value);
        };
        let version = self.version.and_then(Version::from_wire);
        if let Some(version) = version {
            both("versions", json!([version]));
        }
        // Where nothing was agreed on, it may be for what the sides have.
        if let Some(exchange) = self.exchange {
            both("suites", json!([self.suite(exchange)]));
        }
        if let Some(curve) = CurveName::ALL.into_iter().find(|curve| Some(curve.wire()) == self.curve) {
            both("curves", json!([curve]));
        }
        if self.resumed {
            both("resumption", "session_id".into());
        }
        client.insert("offer_without_ems".to_owned(), "offer".into());
        server.insert("resume_legacy".to_owned(), "resume".into());
        server.insert("groups".to_owned(), json!([chances.group()]));
        // What an explanation says of EMS itself stands.
        let ems = |on: bool| Value::from(if on { "on" } else { "off" });
        client.entry("ems").or_insert(ems(self.offered_ems));
        server.entry("ems").or_insert(ems(self.ems || self.exchange.is_none()));
    }

    /// The suite of the evidence, or one like it where the lab does not run that.
    fn suite(&self, exchange: Exchange) -> CipherSuite {
        self.suite
            .filter(|suite| suite::params(*suite).is_some_and(|params| Exchange::from(params.key_exchange) == exchange))
            .unwrap_or(match exchange {
                Exchange::Dhe => CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA,
                Exchange::Ecdhe => CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
                Exchange::Rsa => CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA,
            })
    }
}
