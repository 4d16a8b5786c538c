//! One side of a scenario, alive, for a stack that is somebody else's: a fuzzer's harness hands bytes to and fro.

use arbitrary::Unstructured;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::{Client, Endpoint, Role, Server, Status, Step};

use super::bytes::bytes_of;
use super::edits;
use super::input::Input;
use super::mutate::mutate;
use super::palette::Palette;
use crate::experiment::{Experiment, ExperimentError, SignatureChoice};
use crate::scenario::application::When;
use crate::scenario::connection::Setup;
use crate::scenario::stores::Stores;
use crate::scenario::{Plan, Scenario};

/// As many steps as one call makes: no bytes that fit in memory are an endless connection.
const MOST_STEPS: usize = 100_000;

/// As many edits as a connection grows to.
const MOST_EDITS: usize = 4;

/// What a counterpart is, as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Which side it is.
    pub side: Side,
    /// Its knobs.
    #[serde(default)]
    pub behaviour: Map<String, Value>,
    /// Its connections, of which only its own edits, overrides and renegotiations count.
    #[serde(default = "Scenario::full")]
    pub scenario: Scenario,
}

/// A part that cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// It is not JSON, or not of this form.
    #[error("not a part: {0}; such as {{\"side\": \"client\", \"behaviour\": {{\"ems\": \"off\"}}}}")]
    Malformed(#[from] serde_json::Error),
    /// Its behaviour or its scenario cannot be run.
    #[error("the part cannot be played: {0}")]
    Unrunnable(#[from] ExperimentError),
}

impl Part {
    /// Reads a part.
    ///
    /// # Errors
    /// The text is no part, or says what cannot be run.
    pub fn from_json(text: &str) -> Result<Self, PartError> {
        let part: Self = serde_json::from_str(text)?;
        part.input(0)?.experiment().setup()?;
        Ok(part)
    }

    /// The part with some of its structure changed, depending on `seed` alone; as it was where that does not go together.
    #[must_use]
    pub fn mutated(&self, palette: Palette, other: &Self, seed: u64) -> Self {
        let bytes = bytes_of(seed);
        let u = &mut Unstructured::new(&bytes);
        let made =
            if u.arbitrary().unwrap_or(false) { self.with_extension(u) } else { self.changed(u, palette, other) };
        made.filter(|part| part.input(0).is_ok()).unwrap_or_else(|| self.clone())
    }

    /// The part with one to three things changed, as a campaign's inputs are.
    fn changed(&self, u: &mut Unstructured<'_>, palette: Palette, other: &Self) -> Option<Self> {
        let made = mutate(u, palette, &self.input(0).ok()?, &other.input(0).ok()?).ok()?;
        let behaviour = match self.side {
            Side::Client => made.client.to_value(),
            Side::Server => made.server.to_value(),
        };
        let mut scenario = made.scenario;
        // What the other stack sends is its own affair.
        scenario.connections.iter_mut().for_each(|plan| plan.edits.retain(|edit| edit.side == self.side));
        Some(Self { side: self.side, behaviour, scenario })
    }

    /// The part with one more extension put in the place of another, in one of its hellos: what each of them may be, and go
    /// without, is where stacks differ.
    fn with_extension(&self, u: &mut Unstructured<'_>) -> Option<Self> {
        let mut part = self.clone();
        let plan = u.choose_index(part.scenario.connections.len()).ok()?;
        let plan = &mut part.scenario.connections[plan];
        let later = plan.renegotiates.is_some() && u.arbitrary().ok()?;
        let edit = edits::of_extension(u, self.side, usize::from(later)).ok()?;
        if plan.edits.len() >= MOST_EDITS || u.arbitrary().ok()? {
            plan.edits.clear();
        }
        plan.edits.push(edit);
        Some(part)
    }

    /// As an input, whose other side is the default one.
    fn input(&self, seed: u64) -> Result<Input, ExperimentError> {
        let knobs = Value::Object(self.behaviour.clone());
        let (mut client, mut server) = (ClientBehaviour::default(), ServerBehaviour::default());
        match self.side {
            Side::Client => client = ClientBehaviour::from_value(&knobs)?,
            Side::Server => server = ServerBehaviour::from_value(&knobs)?,
        }
        Ok(Input::new(client, server, self.scenario.clone(), seed))
    }
}

/// A part that is being played: bytes of the other stack in, bytes for it out. The same bytes give the same bytes.
pub struct Counterpart {
    part: Part,
    setup: Setup,
    draws: Draws,
    stores: Stores,
    /// The connection's place in the scenario.
    number: u16,
    endpoint: Either,
    next: Next,
}

enum Either {
    Client(Box<Client<()>>),
    Server(Box<Server<()>>),
}

/// What the application does next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Renegotiate,
    Speak,
    Listen,
    Nothing,
}

/// Does the same with whichever endpoint it is.
macro_rules! with {
    ($either:expr, $endpoint:ident => $what:expr) => {
        match $either {
            Either::Client($endpoint) => $what,
            Either::Server($endpoint) => $what,
        }
    };
}

impl Counterpart {
    /// Begins the first connection. A client has something to send at once.
    ///
    /// # Errors
    /// The part cannot be played.
    pub fn new(part: Part, seed: u64) -> Result<Self, PartError> {
        let input = part.input(seed)?;
        // The other stack verifies what is signed.
        let setup = Experiment { signatures: SignatureChoice::Real, ..input.experiment() }.setup()?;
        let (draws, mut stores) = (Draws::new(seed, 0), Stores::default());
        let endpoint = endpoint(&setup, draws, 0, &part, &mut stores);
        let mut this = Self { part, setup, draws, stores, number: 0, endpoint, next: Next::Renegotiate };
        this.advance();
        Ok(this)
    }

    /// Ends this connection, if it has not ended, and begins the next one of the scenario. Gives whether there is one.
    pub fn next_connection(&mut self) -> bool {
        if usize::from(self.number) + 1 >= self.part.scenario.connections.len() {
            return false;
        }
        self.peer_closed();
        self.number += 1;
        self.endpoint = endpoint(&self.setup, self.draws, self.number, &self.part, &mut self.stores);
        self.next = Next::Renegotiate;
        self.advance();
        true
    }

    /// Takes bytes from the other stack, and does all that follows.
    pub fn feed(&mut self, bytes: &[u8]) {
        with!(&mut self.endpoint, endpoint => endpoint.receive(bytes));
        self.advance();
    }

    /// The other stack has closed.
    pub fn peer_closed(&mut self) {
        with!(&mut self.endpoint, endpoint => endpoint.peer_closed());
        self.advance();
    }

    /// The bytes for the other stack since the last call.
    pub fn drain(&mut self) -> Vec<u8> {
        with!(&mut self.endpoint, endpoint => endpoint.take_output())
    }

    /// Where the connection stands.
    pub fn status(&self) -> &Status {
        with!(&self.endpoint, endpoint => endpoint.status())
    }

    /// How many handshakes of this connection have finished.
    pub fn handshakes(&self) -> u32 {
        with!(&self.endpoint, endpoint => endpoint.handshakes())
    }

    fn plan(&self) -> &Plan {
        &self.part.scenario.connections[usize::from(self.number)]
    }

    fn advance(&mut self) {
        with!(&mut self.endpoint, endpoint => run(&mut **endpoint));
        while *self.status() == Status::Established && self.act() {
            with!(&mut self.endpoint, endpoint => run(&mut **endpoint));
        }
    }

    /// Does what the application does next. Gives whether there was something.
    fn act(&mut self) -> bool {
        match self.next {
            Next::Renegotiate => {
                self.next = Next::Speak;
                self.renegotiate();
            }
            Next::Speak if self.part.side == Side::Client => {
                self.next = Next::Listen;
                let data = self.plan().client_sends.clone();
                with!(&mut self.endpoint, endpoint => endpoint.send(&data));
            }
            Next::Speak => {
                if with!(&mut self.endpoint, endpoint => endpoint.take_received()).is_empty() {
                    return false;
                }
                self.next = Next::Nothing;
                let data = self.plan().server_sends.clone();
                with!(&mut self.endpoint, endpoint => endpoint.send(&data));
            }
            Next::Listen => {
                if with!(&mut self.endpoint, endpoint => endpoint.take_received()).is_empty() {
                    return false;
                }
                self.next = Next::Nothing;
                with!(&mut self.endpoint, endpoint => endpoint.close());
            }
            Next::Nothing => return false,
        }
        true
    }

    /// Begins the renegotiation that the plan has for this side; one that may not goes on without.
    fn renegotiate(&mut self) {
        let Some(renegotiation) = self.plan().renegotiates.filter(|plan| plan.by == self.part.side) else { return };
        let resumed = with!(&self.endpoint, endpoint => endpoint.established()).is_some_and(|it| it.resumed.is_some());
        if renegotiation.when == When::Resumed && !resumed {
            return;
        }
        let _ = match &mut self.endpoint {
            Either::Client(client) => client.renegotiate(),
            Either::Server(server) => server.request_renegotiation(renegotiation.request_certificate),
        };
    }
}

fn endpoint(setup: &Setup, draws: Draws, number: u16, part: &Part, stores: &mut Stores) -> Either {
    let pair = setup.pair(draws, number, &part.scenario.connections[usize::from(number)], stores);
    match part.side {
        Side::Client => Either::Client(Box::new(pair.client)),
        Side::Server => Either::Server(Box::new(pair.server)),
    }
}

fn run<R: Role>(endpoint: &mut Endpoint<R, ()>) {
    for _ in 0..MOST_STEPS {
        if endpoint.step() == Step::Blocked {
            return;
        }
    }
}
