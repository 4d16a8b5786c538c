//! Random behaviours, read off the table of knobs, so that a new knob is drawn too.

use serde_json::{Map, Value, json};
use tlslab_proto::behaviour::knobs::Kind;
use tlslab_proto::behaviour::{Behaviour, ClientBehaviour, OwnKnobs, ServerBehaviour};

/// SplitMix64: any seed is as good as any other.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// Some of these, at least one, in their order.
    pub fn some(&mut self, choices: &[&str]) -> Vec<String> {
        let one = self.below(choices.len());
        let kept = choices.iter().enumerate().filter(|(at, _)| *at == one || self.below(3) == 0);
        kept.map(|(_, choice)| (*choice).to_owned()).collect()
    }
}

const VERSIONS: [&str; 3] = ["TLSv1.0", "TLSv1.1", "TLSv1.2"];

const SUITES: [&str; 6] = [
    "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_DH_anon_WITH_AES_128_CBC_SHA",
    "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
];

/// The greatest safe primes of 256 and 512 bits: short ones, so that thousands of peers can be judged.
pub fn small_groups() -> Vec<Value> {
    let below = |bits: usize, less: u64| {
        let mut p = vec![0xff; bits / 8];
        let tail = (u64::MAX - less + 1).to_be_bytes();
        p[bits / 8 - 8..].copy_from_slice(&tail);
        json!({"p": hex::encode(p), "g": "04"})
    };
    vec![below(256, 36_113), below(512, 38_117)]
}

/// A random behaviour: every choice is the default or any other, as likely as not. What `set` says is so.
pub fn behaviour<Own: OwnKnobs>(random: &mut Random, set: &Map<String, Value>) -> Behaviour<Own> {
    let mut knobs = Map::new();
    for knob in Own::table() {
        let value = match &knob.kind {
            Kind::Choice { values } => json!(random.of(values).value),
            Kind::PerVersion { of } => {
                let Kind::Choice { values } = &**of else { continue };
                let each = VERSIONS.map(|version| (version.to_owned(), json!(random.of(values).value)));
                Value::Object(each.into_iter().collect())
            }
            Kind::Integer { min, .. } if knob.name == "record_size" => json!(min + 99 + random.next() % 16000),
            _ => continue,
        };
        if random.below(2) == 0 {
            knobs.insert(knob.name.clone(), value);
        }
    }
    knobs.insert("versions".to_owned(), json!(random.some(&VERSIONS)));
    let mut suites = random.some(&SUITES[..3]);
    suites.extend(random.some(&SUITES[3..]));
    // One of these suits all versions.
    suites.push("TLS_DHE_RSA_WITH_AES_128_CBC_SHA".to_owned());
    suites.sort();
    suites.dedup();
    knobs.insert("suites".to_owned(), json!(suites));
    knobs.extend(set.clone());
    Behaviour::from_value(&Value::Object(knobs)).expect("the knobs are sound")
}

/// The random server of a number, which takes clients of any kind.
pub fn server(number: u64) -> ServerBehaviour {
    let mut random = Random::new(number);
    let group = random.of(&small_groups()).clone();
    let set = json!({"groups": [group], "certificates": ["rsa"], "client_certificate": "optional"});
    behaviour(&mut random, set.as_object().expect("an object"))
}

/// The random client of a number, of which one in four lists groups of RFC 7919.
pub fn client(number: u64) -> ClientBehaviour {
    let mut random = Random::new(number);
    let groups: &[&str] = if random.below(4) == 0 { &["ffdhe2048", "ffdhe3072"] } else { &[] };
    let set = json!({"groups": groups});
    behaviour(&mut random, set.as_object().expect("an object"))
}
