//! Where the inputs of a campaign come from.

use std::sync::{Arc, OnceLock};

use arbitrary::Unstructured;
use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

use super::campaign::Mutator;
use super::generate::{scenario, server};
use super::input::Input;
use super::mutate::mutate;
use super::palette::Palette;

/// As many bytes as an input is made of.
const INPUT_BYTES: usize = 1024;

/// Behaviours of a side that inputs are made with: to make one, and endpoints of it, takes longer than to run an input.
const BEHAVIOURS: usize = 1024;

/// Separates these bytes from any other use of SHA-256 over a seed.
const KEY_LABEL: &[u8] = b"tlslab fuzzing v1";

/// Makes inputs, each of bytes that depend on a seed and its number alone, and of a corpus.
#[derive(Clone)]
pub struct Maker {
    key: [u8; 32],
    palette: Palette,
    client: ClientBehaviour,
    server: ServerBehaviour,
    mutators: Vec<Mutator>,
    clients: Arc<[OnceLock<ClientBehaviour>]>,
    servers: Arc<[OnceLock<ServerBehaviour>]>,
}

impl Maker {
    /// A maker of inputs whose sides act as `client` and `server` do where the palette has no other value.
    pub fn new(seed: u64, palette: Palette, client: ClientBehaviour, server: ServerBehaviour) -> Self {
        let key = Sha256::new().chain_update(KEY_LABEL).chain_update(seed.to_be_bytes()).finalize().into();
        let clients = (0..BEHAVIOURS).map(|_| OnceLock::new()).collect();
        let servers = (0..BEHAVIOURS).map(|_| OnceLock::new()).collect();
        Self { key, palette, client, server, mutators: Vec::new(), clients, servers }
    }

    /// A maker a quarter of whose inputs goes through one of these as well.
    pub fn with_mutators(self, mutators: Vec<Mutator>) -> Self {
        Self { mutators, ..self }
    }

    /// The input with this number; `None` where its bytes come to none.
    pub fn input(&self, number: u64, corpus: &[Input]) -> Option<Input> {
        self.make(&mut Unstructured::new(&self.bytes(number)), corpus).ok()
    }

    fn bytes(&self, stream: u64) -> [u8; INPUT_BYTES] {
        let mut rng = ChaCha20Rng::from_seed(self.key);
        rng.set_stream(stream);
        let mut bytes = [0; INPUT_BYTES];
        rng.fill_bytes(&mut bytes);
        bytes
    }

    /// The client with this number. Streams of behaviours count from the highest down, those of inputs from 0 up.
    fn client(&self, number: usize) -> ClientBehaviour {
        let make = || {
            let bytes = self.bytes(u64::MAX - 2 * number as u64);
            self.palette.knobs(&mut Unstructured::new(&bytes), &self.client)
        };
        self.clients[number].get_or_init(|| make().unwrap_or_else(|_| self.client.clone())).clone()
    }

    /// The server with this number.
    fn server(&self, number: usize) -> ServerBehaviour {
        let make = || {
            let bytes = self.bytes(u64::MAX - 1 - 2 * number as u64);
            server(&mut Unstructured::new(&bytes), self.palette, &self.server)
        };
        self.servers[number].get_or_init(|| make().unwrap_or_else(|_| self.server.clone())).clone()
    }

    fn make(&self, u: &mut Unstructured<'_>, corpus: &[Input]) -> arbitrary::Result<Input> {
        let input = if corpus.is_empty() || u.ratio(1, 4)? {
            let client = self.client(u.int_in_range(0..=BEHAVIOURS - 1)?);
            let server = self.server(u.int_in_range(0..=BEHAVIOURS - 1)?);
            Input::new(client, server, scenario(u)?, u.arbitrary()?)
        } else {
            let (input, other) = (u.choose(corpus)?, u.choose(corpus)?);
            mutate(u, self.palette, input, other)?
        };
        if self.mutators.is_empty() || u.ratio(3, 4)? {
            return Ok(input);
        }
        let (mutator, number) = (u.choose(&self.mutators)?, u.arbitrary()?);
        Ok(mutator(&input, number).unwrap_or(input))
    }
}
