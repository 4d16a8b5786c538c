//! Explanations, and what the lab sees of them: each is run, and watched as the evidence was.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};
use tlslab_dh::trimmed;
use tlslab_proto::behaviour::values::Version;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::crypto::suite;
use tlslab_proto::endpoint::diffie_hellman::Honest;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::registry::{CipherSuite, ProtocolVersion};

use super::key_log::KeyLog;
use super::observation::{Exchange, Observation, Over, Premaster, Stage, Verdict};
use super::remembered::{Memory, Remembered};
use super::traffic::Wiretap;
use crate::capture::Recording;
use crate::experiment::{Class, Experiment, ExperimentError, SignatureChoice};
use crate::scenario::connection::{Connection, Setup};
use crate::scenario::stores::Stores;
use crate::scenario::{Plan, Scenario};

/// An explanation of failures: two sides, of which one or both have a defect, and what they do.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// Its short name.
    pub id: String,
    /// The client's knobs.
    pub client: Map<String, Value>,
    /// The server's knobs.
    pub server: Map<String, Value>,
    /// What the two do, where the explanation lies in that: a scenario's name or its JSON.
    pub scenario: Option<String>,
}

/// What an outcome of an explanation may depend on besides chance.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Condition {
    pub(super) over: Over,
    pub(super) version: Option<ProtocolVersion>,
    pub(super) suite: Option<CipherSuite>,
    pub(super) exchange: Option<Exchange>,
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

/// Something that an explanation can come to: how likely it is, and what is seen of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outlook {
    pub(super) chance: f64,
    pub(super) seen: Observation,
    /// Whether the two sides have different master secrets.
    pub(super) masters_differ: bool,
    /// What each side makes of Z, where there is one.
    pub(super) premasters: [Option<Premaster>; 2],
}

/// The chances of no, of one, and of two and more leading zero bytes, in a number below a prime.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chances(pub(super) [f64; Class::MOST + 1]);

impl Chances {
    /// Those of a prime of n bytes: at least k bytes of a number are zero where it is below 256^(n-k).
    pub(super) fn of(p: &[u8]) -> Self {
        // As a fraction of 256^n; its first bytes tell all that matters.
        let fraction = trimmed(p).iter().take(8).rev().fold(0.0, |rest, byte| (rest + f64::from(*byte)) / 256.0);
        let at_least = |zeros: i32| (256_f64.powi(-zeros) / fraction).min(1.0);
        Self([1.0 - at_least(1), at_least(1) - at_least(2), at_least(2)])
    }

    /// Those of a prime just below a byte boundary, as all of the usual groups have.
    pub(super) fn usual() -> Self {
        Self::of(&[0xff; 8])
    }

    /// The chance of at least one leading zero byte.
    pub(super) fn any(self) -> f64 {
        self.0[1] + self.0[2]
    }
}

/// The group in which classes are forced: a small one, since classes do not depend on it.
const GROUP: &str = "modp768";

/// A class rarer than that is left out, but for two zero bytes of Z, by which a defect differs from another.
const RARE: f64 = 1e-3;

/// Trials of what depends on more than the zeros of Diffie-Hellman; a rate of 1/256 comes to 8 of them.
const TRIALS: u64 = 2048;

const SEED: u64 = 0;

impl Explanation {
    /// Two sides without a defect.
    pub(super) fn none() -> Self {
        Self { id: String::new(), client: Map::new(), server: Map::new(), scenario: None }
    }

    /// What the explanation comes to under a condition, leading zeros having the chances of the evidence's prime.
    ///
    /// # Errors
    /// Its knobs or its scenario cannot be.
    pub(super) fn outlooks(
        &self,
        condition: &Condition,
        chances: &Chances,
        memory: &Arc<Memory>,
    ) -> Result<Vec<Outlook>, ExperimentError> {
        let experiment = self.experiment(condition)?;
        if self.scenario.is_some() {
            return self.outlooks_of_scenario(&experiment);
        }
        if !self.needs_trials(&experiment, condition) {
            return outlooks_by_class(&experiment, condition, chances, memory);
        }
        let mut found: Vec<Outlook> = Vec::new();
        for outlook in trials(&experiment)? {
            let outlook = outlook?;
            let alike = |one: &&mut Outlook| Outlook { chance: outlook.chance, ..(*one).clone() } == outlook;
            match found.iter_mut().find(alike) {
                Some(one) => one.chance += outlook.chance,
                None => found.push(outlook),
            }
        }
        Ok(found)
    }

    /// Whether connections can fail under a condition.
    ///
    /// # Errors
    /// As [`outlooks`](Self::outlooks).
    pub(super) fn fails(&self, condition: &Condition, memory: &Arc<Memory>) -> Result<bool, ExperimentError> {
        let fails = |outlook: &Outlook| outlook.seen.ending.verdict() != Verdict::Fine;
        let experiment = self.experiment(condition)?;
        if self.scenario.is_some() || !self.needs_trials(&experiment, condition) {
            return Ok(self.outlooks(condition, &Chances::usual(), memory)?.iter().any(fails));
        }
        for outlook in trials(&experiment)? {
            if fails(&outlook?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether outcomes depend on more than the zeros of Diffie-Hellman. With the suites of other explanations, one about
    /// other values is run once for each class all the same.
    fn needs_trials(&self, experiment: &Experiment, condition: &Condition) -> bool {
        let shows_here = condition.exchange == self.own_condition().exchange && !condition.resumed;
        experiment.beyond_classes().is_some() && condition.exchange.is_some() && shows_here
    }

    /// The condition under which the explanation shows by itself.
    pub(super) fn own_condition(&self) -> Condition {
        let differs = |knob| {
            let both = self.client.get(knob).zip(self.server.get(knob));
            both.is_some_and(|(client, server)| client != server)
        };
        if differs("suites") || differs("versions") {
            return Condition { version: None, exchange: None, ..Condition::of_cause_1() };
        }
        let suites = [&self.client, &self.server].into_iter().find_map(|knobs| knobs.get("suites")?.as_array());
        let name = suites.and_then(|suites| suites.first()?.as_str());
        let suite = name.and_then(suite::from_any_name);
        let exchange = suite.and_then(suite::params).map_or(Exchange::Dhe, |params| params.key_exchange.into());
        Condition { suite, exchange: Some(exchange), ..Condition::of_cause_1() }
    }

    fn experiment(&self, condition: &Condition) -> Result<Experiment, ExperimentError> {
        let (mut client, mut server) = (self.client.clone(), self.server.clone());
        let scenario = match &self.scenario {
            Some(scenario) => Scenario::parse(scenario)?,
            None => {
                condition.apply(&mut client, &mut server);
                if condition.resumed { Scenario::resume() } else { Scenario::full() }
            }
        };
        Ok(Experiment {
            client: ClientBehaviour::from_value(&Value::Object(client))?,
            server: ServerBehaviour::from_value(&Value::Object(server))?,
            scenario,
            signatures: SignatureChoice::Simulated,
        })
    }

    /// Every connection of the scenario is as likely as another.
    fn outlooks_of_scenario(&self, experiment: &Experiment) -> Result<Vec<Outlook>, ExperimentError> {
        let setup = experiment.setup()?;
        let mut stores = Stores::default();
        let mut found = Vec::new();
        for (number, plan) in (0..).zip(&experiment.scenario.connections) {
            let connection = setup.record(Draws::new(SEED, 0), number, plan, &mut stores)?;
            let transfers = connection.ftp.iter().flat_map(|ftp| &ftp.transfers);
            for data in transfers.filter_map(|transfer| transfer.connection.as_ref()) {
                found.extend(Outlook::of(data, 1.0).map(|outlook| outlook.over(Over::FtpData)));
            }
            found.extend(Outlook::of(&connection, 1.0));
        }
        Ok(found)
    }
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
    /// Sets the knobs of both sides so that they meet the condition.
    fn apply(&self, client: &mut Map<String, Value>, server: &mut Map<String, Value>) {
        let mut both = |name: &str, value: Value| {
            client.insert(name.to_owned(), value.clone());
            server.insert(name.to_owned(), value);
        };
        let version = self.version.and_then(Version::from_wire);
        if let Some(version) = version {
            both("versions", serde_json::json!([version]));
        }
        // Where nothing was agreed on, it may be for what the sides have.
        if let Some(exchange) = self.exchange {
            both("suites", serde_json::json!([self.suite(exchange)]));
        }
        if self.resumed {
            both("resumption", "session_id".into());
        }
        client.insert("offer_without_ems".to_owned(), "offer".into());
        server.insert("resume_legacy".to_owned(), "resume".into());
        server.insert("groups".to_owned(), serde_json::json!([GROUP]));
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

/// One connection for each class of leading zeros that matters, with the chance that the evidence's group gives it.
fn outlooks_by_class(
    experiment: &Experiment,
    condition: &Condition,
    chances: &Chances,
    memory: &Arc<Memory>,
) -> Result<Vec<Outlook>, ExperimentError> {
    let setup = experiment.setup()?;
    let connection = |class: Option<Class>| -> Result<Connection, ExperimentError> {
        let honest = Honest::with_groups(setup.server.groups().to_vec());
        let setup = match class {
            Some(class) => {
                Setup { diffie_hellman: Arc::new(Remembered::new(honest, class, memory.clone())), ..setup.clone() }
            }
            None => setup.clone(),
        };
        let mut stores = Stores::default();
        let mut last = None;
        for (number, plan) in (0..).zip(&experiment.scenario.connections) {
            last = Some(setup.record(Draws::new(SEED, 0), number, plan, &mut stores)?);
        }
        Ok(last.expect("a scenario has a connection"))
    };
    if condition.exchange != Some(Exchange::Dhe) {
        return Ok(Outlook::of(&connection(None)?, 1.0).into_iter().collect());
    }
    let mut found = Vec::new();
    for (class, chance) in classes(chances) {
        found.extend(Outlook::of(&connection(Some(class))?, chance));
    }
    Ok(found)
}

/// The classes that matter, with their chances.
fn classes(chances: &Chances) -> Vec<(Class, f64)> {
    let chances = chances.0;
    let counts = || 0..=Class::MOST;
    let all = counts().flat_map(|z| counts().flat_map(move |ys| counts().map(move |yc| (z, ys, yc))));
    all.map(|(z, ys, yc)| (Class { z, publics: Some([ys, yc]) }, chances[z] * chances[ys] * chances[yc]))
        .filter(|(class, chance)| *chance > RARE || (class.z == Class::MOST && class.publics == Some([0, 0])))
        .filter(|(_, chance)| *chance > 0.0)
        .collect()
}

/// Trials, where the outcome depends on more than classes.
fn trials(experiment: &Experiment) -> Result<impl Iterator<Item = Result<Outlook, ExperimentError>>, ExperimentError> {
    let setup = experiment.setup()?;
    let plan = Plan::default();
    let trial = move |trial| {
        let connection = setup.record(Draws::new(SEED, trial), 0, &plan, &mut Stores::default())?;
        Ok(Outlook::of(&connection, 1.0 / TRIALS as f64))
    };
    Ok((0..TRIALS).map(trial).filter_map(Result::transpose))
}

impl Outlook {
    /// What a wiretap sees of a connection of the lab. `None` where it sees no TLS.
    fn of(connection: &Connection, chance: f64) -> Option<Self> {
        let recording = Recording::from(connection);
        let mut wiretap = Wiretap::default();
        for flight in &recording.flights {
            wiretap.bytes(flight.sender as usize, &flight.bytes);
        }
        for (side, how) in recording.closings() {
            wiretap.closed(side as usize, how);
        }
        wiretap.fell_silent();
        let master = |side| {
            last(connection, side, |event| match event {
                Event::MasterSecret { master, .. } | Event::SessionResumed { master, .. } => Some(master.clone()),
                _ => None,
            })
        };
        let premaster = |side| {
            last(connection, side, |event| match event {
                Event::DiffieHellman { z, premaster, .. } => Some(Premaster::of(z, premaster)),
                _ => None,
            })
        };
        let masters = [master(Side::Client), master(Side::Server)];
        Some(Self {
            chance,
            seen: wiretap.observation(&KeyLog::default())?,
            masters_differ: matches!(&masters, [Some(client), Some(server)] if client != server),
            premasters: [premaster(Side::Client), premaster(Side::Server)],
        })
    }

    fn over(mut self, over: Over) -> Self {
        self.seen.over = over;
        self
    }
}

fn last<T>(connection: &Connection, side: Side, pick: impl Fn(&Event) -> Option<T>) -> Option<T> {
    connection.trace.iter().rev().filter(|traced| traced.side == side).find_map(|traced| pick(&traced.event))
}

impl Premaster {
    /// How a logged premaster secret stands to the Z below a prime that it was made of.
    pub(super) fn of_logged(p: &[u8], premaster: &[u8]) -> Self {
        match premaster.first() {
            _ if premaster.len() < p.len() => Self::Stripped,
            Some(0) => Self::Kept,
            _ => Self::Full,
        }
    }

    /// How a premaster secret stands to its Z, in the length of the prime.
    pub(super) fn of(z: &[u8], premaster: &[u8]) -> Self {
        match (z.first(), premaster.first()) {
            (Some(0), Some(0)) => Self::Kept,
            (Some(0), _) => Self::Stripped,
            _ => Self::Full,
        }
    }
}
