//! What a generator may choose from: values of knobs.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use serde_json::{Map, Value, json};
use tlslab_proto::behaviour::knobs::{Kind, Knob};
use tlslab_proto::behaviour::{Behaviour, ClientKnobs, OwnKnobs, ServerKnobs};
use tlslab_proto::crypto::Side;
use tlslab_proto::wire::registry::{CipherSuite, SignatureScheme};

/// Which values a generator gives to knobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// Only those that keep the RFCs, of knobs that leave a choice.
    Conformant,
    /// Any value of any knob.
    Any,
}

/// As many knobs as are set at once; most of what is wrong shows with few.
const MOST_KNOBS: usize = 4;

/// Safe primes of 64 and 65 bits. Key exchanges in them cost next to nothing; above the byte boundary nearly every Z has a
/// leading zero byte, below it one in 256 has.
const ABOVE_A_BYTE: &str = "0x10000000000000c1f";
const BELOW_A_BYTE: &str = "0xfffffffffffffa43";

/// A knob's name, and values for it.
type Choices = (String, Vec<Value>);

/// The values that keep the RFCs, of the knobs that leave a choice and that a side has; only those that it takes.
fn conformant(side: Side) -> &'static [Choices] {
    static OF_EACH: LazyLock<[Vec<Choices>; 2]> =
        LazyLock::new(|| [ClientKnobs::table(), ServerKnobs::table()].map(taken_by));
    &OF_EACH[side as usize]
}

/// Those of the conformant values that the side takes whose table this is.
fn taken_by(table: &[Knob]) -> Vec<Choices> {
    let taken = |(name, values): (&String, &Value)| {
        let values = values.as_array().into_iter().flatten();
        (name.clone(), values.filter(|value| takes(table, name, value)).cloned().collect::<Vec<_>>())
    };
    conformant_values().iter().map(taken).filter(|(_, values)| !values.is_empty()).collect()
}

/// The values that keep the RFCs, by knob, for both sides.
fn conformant_values() -> Map<String, Value> {
    let versions = ["TLSv1.0", "TLSv1.1", "TLSv1.2"];
    let values = json!({
        "versions": [versions, versions[..2], versions[1..], versions[..1], versions[1..2], versions[2..]],
        "suites": [
            ["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"],
            ["TLS_DHE_RSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],
            ["TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"],
            ["TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"],
            ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"],
            ["TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"],
        ],
        "groups": [[group(ABOVE_A_BYTE)], [group(BELOW_A_BYTE)]],
        // P-256 takes as long as all the rest of a handshake.
        "curves": [["x25519"], ["x25519", "secp256r1"], ["secp256r1"]],
        "alpn": [["h2"], ["http/1.1", "h2"]],
        "ems": ["off", "on", "required"],
        "encrypt_then_mac": ["off", "on"],
        "resumption": ["none", "session_id", "ticket", "both"],
        "renegotiation": ["refuse", "secure"],
        "exponent_reuse": ["fresh", "within_trial"],
        "record_size": [1, 2, 3, 64, 1000, 16384],
        "flight_records": ["per_message", "coalesced"],
        "record_padding": ["shortest", "longest"],
        "record_splitting": ["off", "on"],
        "heartbeat": ["on"],
        "server_name": ["lab.example", "other.example"],
        "fallback_scsv": ["off", "on"],
        "renegotiation_info": ["extension", "scsv"],
        "certificates": [["rsa", "ecdsa"], ["rsa"]],
        "ticket_session_id": ["fresh", "empty"],
        "offer_in_renegotiation": ["never", "offer"],
        "suite_preference": ["server", "client"],
        "request_certificate": ["never", "full", "after_declined_resumption"],
        "client_certificate": ["optional", "required"],
        "ticket_renewal": ["never", "always"],
        "session_lifetime": [0, 10, 86400],
        "ticket_lifetime": [1, 10, 86400],
    });
    match values {
        Value::Object(values) => values,
        _ => unreachable!("it is written as an object"),
    }
}

fn group(prime: &str) -> Value {
    json!({ "p": prime, "g": "4" })
}

impl Palette {
    /// `base` with some knobs set to other values, whether or not they go together.
    pub(super) fn knobs<Own: OwnKnobs>(
        self,
        u: &mut Unstructured<'_>,
        base: &Behaviour<Own>,
    ) -> Result<Behaviour<Own>> {
        let count = u.int_in_range(0..=MOST_KNOBS)?;
        let knobs: Vec<_> = (0..count).map(|_| self.knob::<Own>(u)).collect::<Result<_>>()?;
        if knobs.is_empty() {
            return Ok(base.clone());
        }
        // What contradicts the rest is left as it was.
        let one_by_one = || {
            knobs
                .iter()
                .cloned()
                .fold(base.clone(), |behaviour, knob| behaviour.with(&Map::from_iter([knob])).unwrap_or(behaviour))
        };
        Ok(base.with(&Map::from_iter(knobs.iter().cloned())).unwrap_or_else(|_| one_by_one()))
    }

    /// A knob of a side, with a value.
    pub(super) fn knob<Own: OwnKnobs>(self, u: &mut Unstructured<'_>) -> Result<(String, Value)> {
        match self {
            Self::Conformant => {
                let (name, values) = u.choose(conformant(Own::SIDE))?;
                Ok((name.clone(), u.choose(values)?.clone()))
            }
            Self::Any => {
                let knob = u.choose(Own::table())?;
                Ok((knob.name.clone(), value(&knob.kind, u)?))
            }
        }
    }
}

/// Whether the side whose table this is takes the value, if it has the knob: `renegotiation_info` is a switch at a
/// server.
fn takes(table: &[Knob], name: &str, value: &Value) -> bool {
    let knob = table.iter().find(|knob| knob.name == name);
    knob.is_some_and(|knob| match &knob.kind {
        Kind::Choice { values } => values.iter().any(|choice| Some(choice.value.as_str()) == value.as_str()),
        // A client that names groups takes those of RFC 7919 alone.
        Kind::List { of } if **of == Kind::Group => knob.default != json!([]),
        _ => true,
    })
}

/// Any value of a kind, with a liking for the ends of ranges.
fn value(kind: &Kind, u: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match kind {
        Kind::Choice { values } => json!(u.choose(values)?.value),
        Kind::Integer { min, max } => {
            let any = u.int_in_range(*min..=*max)?;
            json!(*u.choose(&[*min, *max, (*min + 1).min(*max), any])?)
        }
        Kind::Text => json!(*u.choose(&["lab.example", "", "h2", "TLS_DHE_*", "\u{fc}"])?),
        Kind::Suite => json!(u.choose(CipherSuite::REGISTERED)?.to_string()),
        Kind::Scheme => json!(u.choose(SignatureScheme::REGISTERED)?.to_string()),
        Kind::Group => group(u.choose(&[ABOVE_A_BYTE, BELOW_A_BYTE])?),
        Kind::List { of } => {
            let items: Result<Vec<Value>> = (0..u.int_in_range(0..=3)?).map(|_| value(of, u)).collect();
            Value::Array(items?)
        }
        Kind::PerVersion { of } => match u.arbitrary()? {
            true => value(of, u)?,
            false => json!({ "TLSv1.0": value(of, u)?, "TLSv1.2": value(of, u)? }),
        },
        Kind::Optional { of } => match u.arbitrary()? {
            true => value(of, u)?,
            false => Value::Null,
        },
        Kind::Either { of } => value(u.choose(of)?, u)?,
    })
}

/// The groups in which key exchanges are cheap, as a knob: one of those that a server takes.
pub(super) fn cheap_groups(u: &mut Unstructured<'_>) -> Result<Map<String, Value>> {
    let prime = if u.ratio(3, 4)? { ABOVE_A_BYTE } else { BELOW_A_BYTE };
    Ok(Map::from_iter([("groups".to_owned(), json!([group(prime)]))]))
}

#[cfg(test)]
mod tests {
    use tlslab_proto::behaviour::ServerBehaviour;

    use super::*;

    fn check<Own: OwnKnobs>() {
        for (name, values) in conformant(Own::SIDE) {
            for value in values {
                Behaviour::<Own>::check_knobs(&Map::from_iter([(name.clone(), value.clone())])).unwrap();
            }
        }
    }

    #[test]
    fn every_conformant_value_is_one_that_a_side_takes() {
        check::<ClientKnobs>();
        check::<ServerKnobs>();
        let of_sides = |name: &str| {
            [Side::Client, Side::Server].iter().any(|side| conformant(*side).iter().any(|(known, _)| known == name))
        };
        for name in conformant_values().keys() {
            assert!(of_sides(name), "{name} is of no side");
        }
    }

    /// A knob of which a side takes no value must not be among those to choose from.
    #[test]
    fn bytes_enough_always_come_to_a_behaviour() {
        for seed in 0..1_000 {
            let bytes = crate::fuzzing::bytes_of(seed);
            Palette::Conformant.knobs(&mut Unstructured::new(&bytes), &ServerBehaviour::default()).unwrap();
        }
    }
}
