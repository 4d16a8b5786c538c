//! The vectors' words: the header, the flags and their meaning.

use std::collections::BTreeMap;

use tlslab_dh::leading_zero_bytes;

use super::Note;

const NO_LEADING_ZERO: &str = "NoLeadingZero";
const ONE_LEADING_ZERO: &str = "OneLeadingZero";
const TWO_LEADING_ZEROS: &str = "TwoLeadingZeros";
const TOP_BIT_SET: &str = "TopBitSet";
const EXTENDED_MASTER_SECRET: &str = "ExtendedMasterSecret";

/// How to use the file.
pub(super) fn header() -> Vec<&'static str> {
    vec![
        "Known answers for the key agreement of TLS 1.0 to 1.2 over finite-field Diffie-Hellman (DHE).",
        "From the exponents, the randoms and the given hashes compute Z, the premaster secret, the master secret,",
        "the key block and both verify_data. All tests are valid: the values must come out exactly.",
        "Z and the public values are padded to the length of p. The premaster secret is Z without its leading zero",
        "bytes, with extendedMasterSecret and without. premasterKept and masterSecretKept are what an implementation",
        "gets that keeps the zero bytes: where they equal what it computes and differ from the answer, that is the",
        "defect. The hashes are given: no handshake messages stand behind them.",
    ]
}

/// What each flag means.
pub(super) fn notes() -> BTreeMap<&'static str, Note> {
    let strip = vec![
        "https://www.rfc-editor.org/rfc/rfc5246#section-8.1.2",
        "https://www.rfc-editor.org/rfc/rfc4346#section-8.1.2",
    ];
    let notes = [
        (
            NO_LEADING_ZERO,
            "BASIC",
            "Z is as long as p. An implementation that keeps leading zero bytes passes.",
            strip.clone(),
        ),
        (
            ONE_LEADING_ZERO,
            "EDGE_CASE",
            "Z begins with one zero byte, which is not part of the premaster secret. RFC 2246 lacks that sentence; \
             TLS 1.0 is run by the same rule.",
            strip.clone(),
        ),
        (
            TWO_LEADING_ZEROS,
            "EDGE_CASE",
            "Z begins with two zero bytes, of which neither is part of the premaster secret.",
            strip.clone(),
        ),
        (
            TOP_BIT_SET,
            "EDGE_CASE",
            "The premaster secret begins with a set bit: a signed big integer writes a zero byte before it.",
            strip,
        ),
        (
            EXTENDED_MASTER_SECRET,
            "BASIC",
            "The master secret is made of the session hash. The rule for leading zero bytes is the same.",
            vec!["https://www.rfc-editor.org/rfc/rfc7627#section-4"],
        ),
    ];
    let note = |(flag, bug_type, description, links)| (flag, Note { bug_type, description, links });
    notes.into_iter().map(note).collect()
}

/// The flags of a test whose secret is `z`.
pub(super) fn flags(z: &[u8], ems: bool) -> Vec<&'static str> {
    let zeros = leading_zero_bytes(z);
    let length = match zeros {
        0 => Some(NO_LEADING_ZERO),
        1 => Some(ONE_LEADING_ZERO),
        2 => Some(TWO_LEADING_ZEROS),
        _ => None,
    };
    let top_bit_set = z.get(zeros).is_some_and(|first| first & 0x80 != 0);
    let special = [top_bit_set.then_some(TOP_BIT_SET), ems.then_some(EXTENDED_MASTER_SECRET)];
    length.into_iter().chain(special.into_iter().flatten()).collect()
}

/// What a test with that many leading zero bytes is about.
pub(super) fn comment(zeros: usize) -> &'static str {
    match zeros {
        0 => "Z without a leading zero byte",
        1 => "Z with one leading zero byte",
        _ => "Z with two or more leading zero bytes",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_tell_the_truth_and_are_explained() {
        let cases: [(&[u8], bool, &[&str]); 4] = [
            (&[0x7f, 1], false, &[NO_LEADING_ZERO]),
            (&[0x80, 1], true, &[NO_LEADING_ZERO, TOP_BIT_SET, EXTENDED_MASTER_SECRET]),
            (&[0, 1], true, &[ONE_LEADING_ZERO, EXTENDED_MASTER_SECRET]),
            (&[0, 0, 0xff], false, &[TWO_LEADING_ZEROS, TOP_BIT_SET]),
        ];
        let notes = notes();
        for (z, ems, expected) in cases {
            let flags = flags(z, ems);
            assert_eq!(flags, expected);
            assert!(flags.iter().all(|flag| notes.contains_key(flag)));
        }
    }
}
