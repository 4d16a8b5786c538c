//! Key logs: what `SSLKEYLOGFILE` holds, of one side or of both.

use std::collections::HashMap;

use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::prf::Prf;
use tlslab_proto::crypto::schedule::{KeyBlock, MASTER_SECRET_LEN, master_secret};
use tlslab_proto::crypto::suite;
use tlslab_proto::record::protection::Protection;
use tlslab_proto::wire::Record;
use tlslab_proto::wire::registry::{CipherSuite, HandshakeType, ProtocolVersion};

/// As many secrets as are taken for one handshake: one of each side.
const MOST: usize = 2;

type Master = [u8; MASTER_SECRET_LEN];

/// Secrets by the ClientHello's random.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyLog {
    masters: HashMap<[u8; 32], Vec<Master>>,
    premasters: HashMap<[u8; 32], Vec<Vec<u8>>>,
}

impl KeyLog {
    /// Takes the lines `CLIENT_RANDOM` and `PMS_CLIENT_RANDOM` of a key log; others are passed over.
    pub fn add(&mut self, text: &str) {
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let (Some(label), Some(random), Some(secret)) = (words.next(), words.next(), words.next()) else {
                continue;
            };
            let (Ok(random), Ok(secret)) = (hex::decode(random), hex::decode(secret)) else { continue };
            let Ok(random) = random.try_into() else { continue };
            match label {
                "CLIENT_RANDOM" => {
                    if let Ok(master) = secret.try_into() {
                        keep(self.masters.entry(random).or_default(), master);
                    }
                }
                "PMS_CLIENT_RANDOM" => keep(self.premasters.entry(random).or_default(), secret),
                _ => {}
            }
        }
    }

    /// The master secrets that are logged for a handshake.
    pub(super) fn masters(&self, random: &[u8; 32]) -> &[Master] {
        self.masters.get(random).map_or(&[], Vec::as_slice)
    }

    /// The premaster secrets that are logged for a handshake.
    pub(super) fn premasters(&self, random: &[u8; 32]) -> &[Vec<u8>] {
        self.premasters.get(random).map_or(&[], Vec::as_slice)
    }
}

fn keep<T: PartialEq>(kept: &mut Vec<T>, secret: T) {
    if kept.len() < MOST && !kept.contains(&secret) {
        kept.push(secret);
    }
}

/// What a handshake has agreed on, as far as its keys depend on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Agreed<'a> {
    pub(super) version: ProtocolVersion,
    pub(super) suite: CipherSuite,
    pub(super) encrypt_then_mac: bool,
    pub(super) randoms: [&'a [u8; 32]; 2],
}

impl Agreed<'_> {
    /// Whether a side's Finished opens with a master secret. `None` where the lab does not run the suite.
    pub(super) fn opens(&self, sender: Side, finished: &Record, master: &Master) -> Option<bool> {
        let params = suite::params(self.suite)?;
        let prf = Prf::of(self.version, params.prf);
        let [client, server] = self.randoms;
        let keys = KeyBlock::derive(prf, master, client, server, &params, self.version);
        let write = keys.write_keys(sender);
        let mut protection = Protection::new(&params, self.version, self.encrypt_then_mac, write).ok()?;
        let opened = protection.open(finished.content_type, finished.version, finished.fragment.0.clone());
        Some(opened.is_ok_and(|message| message.first() == Some(&HandshakeType::FINISHED.0)))
    }

    /// The master secret without EMS (RFC 5246 8.1).
    pub(super) fn master(&self, premaster: &[u8]) -> Option<Master> {
        let [client, server] = self.randoms;
        Some(master_secret(Prf::of(self.version, suite::params(self.suite)?.prf), premaster, client, server))
    }
}
