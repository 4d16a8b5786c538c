//! Addressed randomness: every draw has an address, and its value depends on that address alone.
//!
//! The address is (seed, trial, connection, endpoint, purpose, occurrence). The seed makes a ChaCha20 key, the trial
//! is its stream, and the rest is a fixed block position, a *slot* of [`SLOT_LEN`] bytes. So a new purpose shifts no
//! other draw, and what is skipped costs nothing. Only raw bytes are consumed, never a library's distributions, whose
//! algorithms may change.
//!
//! The block counter of ChaCha (the original one, 64 bits of 64-byte blocks) is laid out, from its top bit down:
//!
//! | bits | 16 | 1 | 8 | 31 | 8 |
//! | --- | --- | --- | --- | --- | --- |
//! | field | connection | side | purpose | occurrence | block in the slot |

use chacha20::{
    ChaCha20Rng,
    rand_core::{CryptoRng, Rng, SeedableRng},
};
use sha2::{Digest, Sha256};

use super::side::Side;

/// Length of a slot in bytes: the most that one draw may take.
pub const SLOT_LEN: usize = 64 << BLOCK_BITS;

/// The highest occurrence that has a slot.
pub const MAX_OCCURRENCE: u32 = (1 << OCCURRENCE_BITS) - 1;

const BLOCK_BITS: u32 = 8;
const OCCURRENCE_BITS: u32 = 31;
const PURPOSE_BITS: u32 = 8;
const SIDE_BITS: u32 = 1;
const CONNECTION_BITS: u32 = 16;
const _: () = assert!(BLOCK_BITS + OCCURRENCE_BITS + PURPOSE_BITS + SIDE_BITS + CONNECTION_BITS == u64::BITS);

/// Separates these keys from any other use of SHA-256 over a seed. Changing it renames every trial.
const KEY_LABEL: &[u8] = b"tlslab draws v1";

/// As [`KEY_LABEL`], for the blocks of a census.
const BLOCK_KEY_LABEL: &[u8] = b"tlslab census v1";

/// What a draw is for. The numbers are part of every trial's name: they are never changed and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Purpose {
    /// The 32 bytes of a Hello's random.
    Random = 0,
    /// A server's session id.
    SessionId = 1,
    /// A finite-field Diffie-Hellman exponent.
    DhExponent = 2,
    /// An elliptic-curve private key.
    EcdhScalar = 3,
    /// The random part of an RSA premaster secret, or the server's substitute for a bad one.
    Premaster = 4,
    /// The nonzero padding of RSA encryption.
    RsaPadding = 5,
    /// The explicit IVs of CBC records.
    Iv = 6,
    /// The explicit nonces of AEAD records, where they are not the sequence number.
    ExplicitNonce = 7,
    /// What a session ticket takes.
    Ticket = 8,
    /// The keys that protect session tickets.
    TicketKey = 9,
    /// Blinding.
    Blinding = 10,
    /// The padding of a heartbeat's answer.
    HeartbeatPadding = 11,
}

/// The draws of one trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draws {
    key: [u8; 32],
    trial: u64,
}

impl Draws {
    /// The draws of the trial numbered `trial` under `seed`.
    pub fn new(seed: u64, trial: u64) -> Self {
        Self { key: key(KEY_LABEL, seed), trial }
    }

    /// The draws that the trials of a census' block have in common: the exponents that theirs are made of.
    pub fn of_block(seed: u64, block: u64) -> Self {
        Self { key: key(BLOCK_KEY_LABEL, seed), trial: block }
    }

    /// The draws of one end of one connection, which is named by its index in the trial's scenario.
    pub fn endpoint(&self, connection: u16, side: Side) -> EndpointDraws {
        EndpointDraws { draws: *self, connection, side }
    }
}

/// The draws of one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointDraws {
    draws: Draws,
    connection: u16,
    side: Side,
}

impl EndpointDraws {
    /// Fills `out` with the first bytes of a slot. The same address always gives the same bytes.
    ///
    /// # Panics
    ///
    /// If `out` is longer than [`SLOT_LEN`] or `occurrence` is above [`MAX_OCCURRENCE`]: it would reach into another
    /// slot, and repeat its bytes.
    pub fn fill(&self, purpose: Purpose, occurrence: u32, out: &mut [u8]) {
        assert!(out.len() <= SLOT_LEN, "a draw of {} bytes does not fit a slot of {SLOT_LEN}", out.len());
        self.rng(purpose, occurrence).fill_bytes(out);
    }

    /// A generator that starts at a slot, for algorithms that take a varying number of bytes. Those beyond
    /// [`SLOT_LEN`] belong to the next slots.
    ///
    /// # Panics
    ///
    /// If `occurrence` is above [`MAX_OCCURRENCE`].
    pub fn rng(&self, purpose: Purpose, occurrence: u32) -> impl CryptoRng + use<> {
        let mut rng = ChaCha20Rng::from_seed(self.draws.key);
        rng.set_stream(self.draws.trial);
        rng.set_block_pos(first_block(self.connection, self.side, purpose as u8, occurrence));
        rng
    }
}

fn key(label: &[u8], seed: u64) -> [u8; 32] {
    Sha256::new().chain_update(label).chain_update(seed.to_be_bytes()).finalize().into()
}

/// The block at which a slot starts.
fn first_block(connection: u16, side: Side, purpose: u8, occurrence: u32) -> u64 {
    assert!(occurrence <= MAX_OCCURRENCE, "occurrence {occurrence} has no slot; the highest is {MAX_OCCURRENCE}");
    let side = match side {
        Side::Client => 0,
        Side::Server => 1,
    };
    let mut block = u64::from(connection);
    block = block << SIDE_BITS | side;
    block = block << PURPOSE_BITS | u64::from(purpose);
    block = block << OCCURRENCE_BITS | u64::from(occurrence);
    block << BLOCK_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_fixed() {
        assert_eq!(SLOT_LEN, 16 * 1024);
        assert_eq!(first_block(0, Side::Client, Purpose::Random as u8, 0), 0);
        assert_eq!(first_block(0, Side::Client, 0, 1), 0x0100);
        assert_eq!(first_block(0, Side::Client, 1, 0), 0x0000_0080_0000_0000);
        assert_eq!(first_block(0, Side::Server, 0, 0), 0x0000_8000_0000_0000);
        assert_eq!(first_block(1, Side::Client, 0, 0), 0x0001_0000_0000_0000);
        assert_eq!(first_block(0xffff, Side::Server, 0xff, MAX_OCCURRENCE), 0xffff_ffff_ffff_ff00);
    }

    #[test]
    fn slots_of_neighbouring_and_extreme_addresses_do_not_overlap() {
        let mut starts = Vec::new();
        for connection in [0, 1, 2, 0x7fff, 0x8000, 0xffff] {
            for side in [Side::Client, Side::Server] {
                for purpose in [0, 1, 2, 10, 0x7f, 0x80, 0xff] {
                    for occurrence in [0, 1, 2, 0xffff, 1 << 20, MAX_OCCURRENCE - 1, MAX_OCCURRENCE] {
                        starts.push(first_block(connection, side, purpose, occurrence));
                    }
                }
            }
        }
        starts.sort_unstable();
        assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= (SLOT_LEN / 64) as u64));
        assert!(starts.last().unwrap().checked_add((SLOT_LEN / 64 - 1) as u64).is_some());
    }

    #[test]
    #[should_panic(expected = "has no slot")]
    fn an_occurrence_without_a_slot_is_refused() {
        Draws::new(0, 0).endpoint(0, Side::Client).fill(Purpose::Iv, MAX_OCCURRENCE + 1, &mut [0; 16]);
    }

    #[test]
    #[should_panic(expected = "does not fit a slot")]
    fn a_draw_longer_than_a_slot_is_refused() {
        Draws::new(0, 0).endpoint(0, Side::Client).fill(Purpose::Ticket, 0, &mut [0; SLOT_LEN + 1]);
    }
}
