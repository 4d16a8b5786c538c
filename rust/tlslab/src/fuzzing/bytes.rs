//! The bytes that a mutation is made of, where its caller has no more than a seed.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};

/// More bytes than one mutation takes, as good as random.
pub fn bytes_of(seed: u64) -> [u8; 1024] {
    let mut bytes = [0; 1024];
    ChaCha20Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}
