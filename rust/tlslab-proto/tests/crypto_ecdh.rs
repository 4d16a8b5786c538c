//! Elliptic-curve Diffie-Hellman against published vectors.

use tlslab_proto::crypto::ecdh::{Curve, EcdhError, EcdhKey};
use tlslab_proto::wire::registry::NamedGroup;

fn key(curve: Curve, hex: &str) -> EcdhKey {
    EcdhKey::from_bytes(curve, &array(hex))
}

fn array(text: &str) -> [u8; 32] {
    hex::decode(text).unwrap().try_into().unwrap()
}

/// RFC 7748 6.1, Bob's side.
#[test]
fn x25519_gives_the_rfc_7748_answers() {
    let bob = key(Curve::X25519, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    assert_eq!(hex::encode(bob.public()), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    let alice = array("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    let secret = bob.shared_secret(&alice).unwrap();
    assert_eq!(hex::encode(secret), "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

/// RFC 7748 5.2, iterated.
#[test]
fn x25519_iterated_a_thousand_times_gives_the_rfc_7748_answer() {
    let mut scalar = array("0900000000000000000000000000000000000000000000000000000000000000");
    let mut point = scalar;
    for round in 1..=1000 {
        (scalar, point) = (EcdhKey::from_bytes(Curve::X25519, &scalar).shared_secret(&point).unwrap(), scalar);
        if round == 1 {
            assert_eq!(scalar, array("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"));
        }
    }
    assert_eq!(scalar, array("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"));
}

/// NIST CAVS 14.1, ECC CDH primitive, P-256, count 0.
#[test]
fn p256_gives_the_nist_answers() {
    let ours = key(Curve::Secp256r1, "7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534");
    assert_eq!(
        hex::encode(ours.public()),
        "04ead218590119e8876b29146ff89ca61770c4edbbf97d38ce385ed281d8a6b230\
         28af61281fd35e2fa7002523acc85a429cb06ee6648325389f59edfce1405141"
    );
    let theirs = hex::decode(
        "04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287\
         db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac",
    )
    .unwrap();
    let secret = ours.shared_secret(&theirs).unwrap();
    assert_eq!(hex::encode(secret), "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b");
}

#[test]
fn p256_private_keys_are_taken_modulo_the_order() {
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let one = format!("{:064x}", 1);
    let order_and_two = ORDER.replace("632551", "632553");
    let public = |hex: &str| key(Curve::Secp256r1, hex).public();
    assert_eq!(public(ORDER), public(&one), "0 is replaced by 1");
    assert_eq!(public(&format!("{:064x}", 0)), public(&one));
    assert_eq!(public(&order_and_two), public(&format!("{:064x}", 2)));
}

#[test]
fn bad_public_keys_are_refused() {
    let x25519 = key(Curve::X25519, &"42".repeat(32));
    for length in [0, 31, 33, 65] {
        let refusal = EcdhError::PublicLength { group: NamedGroup::X25519, got: length, expected: 32 };
        assert_eq!(x25519.shared_secret(&vec![9; length]), Err(refusal));
    }
    for small_order in [[0; 32], array(&format!("01{}", "00".repeat(31)))] {
        assert_eq!(x25519.shared_secret(&small_order), Err(EcdhError::ZeroSecret));
    }

    let p256 = key(Curve::Secp256r1, &"42".repeat(32));
    let good = p256.public();
    for index in 0..good.len() {
        let mut bad = good.clone();
        bad[index] ^= 1;
        // A flipped bit of x or y leaves the curve, but for a chance of about 2^-256.
        assert_eq!(p256.shared_secret(&bad), Err(EcdhError::NotOnCurve), "byte {index}");
    }
    for length in [0, 1, 33, 64, 66] {
        let refusal = EcdhError::PublicLength { group: NamedGroup::SECP256R1, got: length, expected: 65 };
        assert_eq!(p256.shared_secret(&vec![2; length]), Err(refusal));
    }
}

#[test]
fn groups_and_curves_name_each_other() {
    for curve in [Curve::X25519, Curve::Secp256r1] {
        assert_eq!(Curve::from_group(curve.group()), Some(curve));
        assert_eq!(key(curve, &"07".repeat(32)).public().len(), curve.public_len());
    }
    for group in [NamedGroup::SECP384R1, NamedGroup::X448, NamedGroup::FFDHE2048, NamedGroup(0xffff)] {
        assert_eq!(Curve::from_group(group), None);
    }
}
