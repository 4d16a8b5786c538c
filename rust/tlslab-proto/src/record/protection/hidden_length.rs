//! HMAC over content whose length must not show.
//!
//! In MAC-then-encrypt the content's length follows from the padding, and the time that the MAC takes would tell it: that
//! is Lucky Thirteen (AlFardan and Paterson, IEEE S&P 2013), which RFC 5246 6.2.3.2 leaves open. So as many blocks are
//! hashed as the longest content has, each is put together by selection and not by branches, and of the states that they
//! lead to the right one is selected.

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// Of SHA-1 and SHA-256 alike, in bytes.
const BLOCK_LEN: usize = 64;

type Block = [u8; BLOCK_LEN];

/// A hash by Merkle and Damgård with blocks of 64 bytes, which are padded by a bit and a length of 64 bits.
pub(super) trait BlockHash {
    /// The state between two blocks, and the hash.
    type State: Copy + AsRef<[u32]> + AsMut<[u32]>;
    const INITIAL: Self::State;
    fn compress(state: &mut Self::State, block: &Block);
}

impl BlockHash for sha1::Sha1 {
    type State = [u32; 5];
    const INITIAL: Self::State = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];

    fn compress(state: &mut Self::State, block: &Block) {
        sha1::block_api::compress(state, &[*block]);
    }
}

impl BlockHash for sha2::Sha256 {
    type State = [u32; 8];
    const INITIAL: Self::State =
        [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

    fn compress(state: &mut Self::State, block: &Block) {
        sha2::block_api::compress256(state, &[*block]);
    }
}

/// Whether `mac` is the HMAC under `key` of the header and of the first `len` bytes of the content, of which `len` is
/// secret, and at most `hidden` less than all. The key fits a block.
pub(super) fn verify<H: BlockHash>(
    key: &[u8],
    header: &[u8],
    content: &[u8],
    len: usize,
    hidden: usize,
    mac: &[u8],
) -> Choice {
    let whole = header.len() + content.len();
    let end = (header.len() + len) as u64;
    // The last block ends with the length of all, the key's block included, in bits.
    let last = (end + 8) / BLOCK_LEN as u64;
    let bits = (8 * (BLOCK_LEN as u64 + end)).to_be_bytes();
    let certain = whole.saturating_sub(hidden) / BLOCK_LEN;

    let mut state = keyed::<H>(key, 0x36);
    let mut hash = [0; 8];
    for index in 0..(whole + 9).div_ceil(BLOCK_LEN) {
        let start = index * BLOCK_LEN;
        let mut block = block_from(header, content, start);
        let is_last = (index as u64).ct_eq(&last);
        if index >= certain {
            end_at(&mut block, start as u64, end);
            for (byte, length) in block[BLOCK_LEN - 8..].iter_mut().zip(bits) {
                *byte |= u8::conditional_select(&0, &length, is_last);
            }
        }
        H::compress(&mut state, &block);
        for (word, new) in hash.iter_mut().zip(state.as_ref()) {
            word.conditional_assign(new, is_last);
        }
    }

    let mut outer = keyed::<H>(key, 0x5c);
    let len = 4 * outer.as_ref().len();
    let mut block = bytes(&hash);
    block[len] = 0x80;
    block[BLOCK_LEN - 8..].copy_from_slice(&(8 * (BLOCK_LEN + len) as u64).to_be_bytes());
    H::compress(&mut outer, &block);
    bytes(outer.as_ref())[..len].ct_eq(mac)
}

/// The bytes of the message from `start` on, and zeros beyond it.
fn block_from(header: &[u8], content: &[u8], start: usize) -> Block {
    let mut block = [0; BLOCK_LEN];
    for (byte, from) in block.iter_mut().zip(header.iter().chain(content).skip(start)) {
        *byte = *from;
    }
    block
}

/// Has the message end at `end`, which is secret: what follows becomes the bit that marks it, and zeros.
fn end_at(block: &mut Block, start: u64, end: u64) {
    // Before this block it is -1, and behind it 64.
    let end = (end as i64 - start as i64).clamp(-1, BLOCK_LEN as i64) as i8;
    for (at, byte) in (0..).zip(block) {
        let is_content = u8::from(at < end).wrapping_neg();
        let is_end = u8::from(at == end).wrapping_neg();
        *byte = (*byte & is_content) | (0x80 & is_end);
    }
}

/// The state after the block of the key.
fn keyed<H: BlockHash>(key: &[u8], pad: u8) -> H::State {
    let mut state = H::INITIAL;
    H::compress(&mut state, &core::array::from_fn(|at| pad ^ key.get(at).copied().unwrap_or(0)));
    state
}

/// A state's words as bytes, and zeros.
fn bytes(words: &[u32]) -> Block {
    let mut block = [0; BLOCK_LEN];
    for (bytes, word) in block.chunks_exact_mut(4).zip(words) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    block
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use hmac::{Hmac, KeyInit, Mac};
    use sha1::Sha1;
    use sha2::Sha256;

    use super::*;

    const HIDDEN: usize = 256;

    fn key(len: usize) -> Vec<u8> {
        (0..len).map(|at| 7 * at as u8 + 1).collect()
    }

    /// Every length that may be hidden, of contents whose blocks end everywhere.
    fn lengths() -> impl Iterator<Item = (Vec<u8>, usize)> {
        [1, 27, 43, 44, 107, 300, 555, 556, 1000].into_iter().flat_map(|whole: usize| {
            let content: Vec<u8> = (0..whole).map(|at| (at * at) as u8 ^ 0x80).collect();
            (whole.saturating_sub(HIDDEN)..=whole).map(move |len| (content.clone(), len))
        })
    }

    #[test]
    fn it_is_hmac() {
        let header = [9; 13];
        for (content, len) in lengths() {
            let (short, long) = (key(20), key(32));
            let keyed = Hmac::<Sha1>::new_from_slice(&short).unwrap();
            let mut mac = keyed.chain_update(header).chain_update(&content[..len]).finalize().into_bytes();
            assert!(bool::from(verify::<Sha1>(&short, &header, &content, len, HIDDEN, &mac)), "{len}");
            mac[19] ^= 1;
            assert!(!bool::from(verify::<Sha1>(&short, &header, &content, len, HIDDEN, &mac)), "{len}");

            let keyed = Hmac::<Sha256>::new_from_slice(&long).unwrap();
            let mut mac = keyed.chain_update(header).chain_update(&content[..len]).finalize().into_bytes();
            assert!(bool::from(verify::<Sha256>(&long, &header, &content, len, HIDDEN, &mac)), "{len}");
            mac[0] ^= 0x80;
            assert!(!bool::from(verify::<Sha256>(&long, &header, &content, len, HIDDEN, &mac)), "{len}");
        }
    }

    thread_local! { static BLOCKS: Cell<usize> = const { Cell::new(0) }; }

    /// SHA-1 that counts its blocks.
    struct Counted;

    impl BlockHash for Counted {
        type State = [u32; 5];
        const INITIAL: Self::State = Sha1::INITIAL;

        fn compress(state: &mut Self::State, block: &Block) {
            BLOCKS.set(BLOCKS.get() + 1);
            <Sha1 as BlockHash>::compress(state, block);
        }
    }

    #[test]
    fn the_length_does_not_show_in_the_number_of_blocks() {
        for (content, len) in lengths() {
            BLOCKS.set(0);
            let _ = verify::<Counted>(&key(20), &[9; 13], &content, len, HIDDEN, &[0; 20]);
            assert_eq!(BLOCKS.get(), (13 + content.len() + 9).div_ceil(BLOCK_LEN) + 3, "{len}");
        }
    }
}
