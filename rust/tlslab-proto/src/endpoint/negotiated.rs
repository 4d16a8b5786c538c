//! What a handshake has agreed on so far, and the secrets that follow from it.

use super::fatal::Fatal;
use super::session::{MasterSecret, Session, SessionKind};
use super::status::Established;
use super::trace::{Event, Sink};
use crate::behaviour::values::Version;
use crate::crypto::Side;
use crate::crypto::certificate::Fingerprint;
use crate::crypto::exporter::ChannelBinding;
use crate::crypto::prf::Prf;
use crate::crypto::schedule::{self, KeyBlock, MASTER_SECRET_LEN, VERIFY_DATA_LEN};
use crate::crypto::suite::{Authentication, KeyExchange, SuiteParams};
use crate::crypto::transcript::TranscriptHash;
use crate::record::Protection;
use crate::wire::registry::{AlertDescription, CipherSuite};
use crate::wire::{Context, KeyExchangeKind, Text};

/// The parameters that ServerHello fixes, and the secrets.
#[derive(Debug, Clone)]
pub(super) struct Negotiated {
    pub(super) version: Version,
    pub(super) suite: CipherSuite,
    pub(super) params: SuiteParams,
    pub(super) client_random: [u8; 32],
    pub(super) server_random: [u8; 32],
    pub(super) ems: bool,
    pub(super) encrypt_then_mac: bool,
    /// Whether both sides speak RFC 6520.
    pub(super) heartbeat: bool,
    pub(super) alpn: Option<Vec<u8>>,
    pub(super) premaster: Vec<u8>,
    /// The certificate by which the client has authenticated.
    pub(super) client_certificate: Option<Fingerprint>,
    master: Option<[u8; MASTER_SECRET_LEN]>,
    resumed: Option<(SessionKind, Session)>,
}

/// The choices that both hellos have come to.
pub(super) struct Choices {
    pub(super) version: Version,
    pub(super) suite: CipherSuite,
    pub(super) params: SuiteParams,
    pub(super) ems: bool,
    pub(super) encrypt_then_mac: bool,
    pub(super) heartbeat: bool,
    pub(super) alpn: Option<Vec<u8>>,
}

impl Negotiated {
    pub(super) fn new(choices: Choices, client_random: [u8; 32], server_random: [u8; 32]) -> Self {
        let Choices { version, suite, params, ems, encrypt_then_mac, heartbeat, alpn } = choices;
        Self {
            version,
            suite,
            params,
            client_random,
            server_random,
            ems,
            encrypt_then_mac,
            heartbeat,
            alpn,
            premaster: Vec::new(),
            client_certificate: None,
            master: None,
            resumed: None,
        }
    }

    /// In what context the handshake messages that follow are decoded.
    pub(super) fn context(&self) -> Context {
        let key_exchange = match (self.params.key_exchange, self.params.authentication) {
            (KeyExchange::Rsa, _) => KeyExchangeKind::Rsa,
            (KeyExchange::Dhe, Authentication::Anonymous) => KeyExchangeKind::DhAnon,
            (KeyExchange::Dhe, _) => KeyExchangeKind::Dhe,
            (KeyExchange::Ecdhe, _) => KeyExchangeKind::Ecdhe,
        };
        Context { version: self.version.wire(), key_exchange: Some(key_exchange) }
    }

    /// What the application is told.
    pub(super) fn established(&self) -> Established {
        Established {
            version: self.version,
            suite: self.suite,
            ems: self.ems,
            resumed: self.resumed(),
            encrypt_then_mac: self.encrypt_then_mac,
            alpn: self.alpn.as_ref().map(|name| String::from_utf8_lossy(name).into_owned()),
            client_certificate: self.client_certificate,
        }
    }

    /// What the finished handshake gives to bind something to; `None` where there is no master secret.
    pub(super) fn binding(&self, tls_unique: [u8; VERIFY_DATA_LEN]) -> Option<ChannelBinding> {
        Some(ChannelBinding {
            prf: self.prf(),
            master_secret: self.master?.into(),
            client_random: self.client_random.into(),
            server_random: self.server_random.into(),
            tls_unique: tls_unique.into(),
        })
    }

    /// Takes up a session: its master secret, and what that is.
    pub(super) fn resume<S: Sink>(&mut self, kind: SessionKind, session: Session, sink: &mut S) {
        let MasterSecret(master) = session.master_secret;
        sink.record(|| Event::SessionResumed { kind, ems: session.ems, master: master.into() });
        self.ems = session.ems;
        self.client_certificate = session.client_certificate;
        self.master = Some(master);
        self.resumed = Some((kind, session));
    }

    /// By what a session was resumed.
    pub(super) fn resumed(&self) -> Option<SessionKind> {
        self.resumed.as_ref().map(|(kind, _)| *kind)
    }

    /// The session of this connection: the one that was resumed, or the one that a full handshake has made by now;
    /// `None` before it has.
    pub(super) fn session(&self, server_name: Option<Text>, now: u64) -> Option<Session> {
        if let Some((_, session)) = &self.resumed {
            return Some(session.clone());
        }
        Some(Session {
            version: self.version,
            suite: self.suite,
            master_secret: MasterSecret(self.master?),
            ems: self.ems,
            client_certificate: self.client_certificate,
            server_name,
            created_at: now,
        })
    }

    pub(super) fn prf(&self) -> Prf {
        Prf::of(self.version.wire(), self.params.prf)
    }

    /// The master secret, computed at the first call: with EMS over what is the `session_hash` then (RFC 7627 4). An edit
    /// that kept the key exchange from happening leaves an empty premaster secret, and a master secret all the same.
    pub(super) fn master<S: Sink>(
        &mut self,
        session_hash: impl FnOnce() -> TranscriptHash,
        sink: &mut S,
    ) -> [u8; MASTER_SECRET_LEN] {
        if let Some(master) = self.master {
            return master;
        }
        let (prf, premaster) = (self.prf(), &self.premaster);
        let session_hash = self.ems.then(session_hash);
        let master = match &session_hash {
            Some(session_hash) => schedule::extended_master_secret(prf, premaster, session_hash),
            None => schedule::master_secret(prf, premaster, &self.client_random, &self.server_random),
        };
        sink.record(|| Event::MasterSecret {
            extended: self.ems,
            seed: match session_hash {
                Some(session_hash) => session_hash.to_vec().into(),
                None => [self.client_random, self.server_random].concat().into(),
            },
            premaster: premaster.clone().into(),
            master: master.into(),
        });
        *self.master.insert(master)
    }

    /// The protections of what client and server send.
    pub(super) fn protections<S: Sink>(
        &self,
        master: &[u8; MASTER_SECRET_LEN],
        sink: &mut S,
    ) -> Result<[Protection; 2], Fatal> {
        let version = self.version.wire();
        let block =
            KeyBlock::derive(self.prf(), master, &self.client_random, &self.server_random, &self.params, version);
        sink.record(|| Event::KeyBlock { bytes: block.bytes().into() });
        let protection = |side| {
            Protection::new(&self.params, version, self.encrypt_then_mac, block.write_keys(side))
                .map_err(|error| Fatal::alert(AlertDescription::INTERNAL_ERROR, error.to_string()))
        };
        Ok([protection(Side::Client)?, protection(Side::Server)?])
    }

    pub(super) fn verify_data<S: Sink>(
        &self,
        master: &[u8; MASTER_SECRET_LEN],
        sender: Side,
        transcript_hash: &TranscriptHash,
        sink: &mut S,
    ) -> [u8; VERIFY_DATA_LEN] {
        let verify_data = schedule::verify_data(self.prf(), master, sender, transcript_hash);
        sink.record(|| Event::VerifyData {
            sender,
            transcript_hash: transcript_hash.to_vec().into(),
            verify_data: verify_data.into(),
        });
        verify_data
    }
}

/// A state that edits alone can bring about: something is to be sent that needs what was never agreed on.
pub(super) fn nothing_negotiated() -> Fatal {
    Fatal::alert(AlertDescription::INTERNAL_ERROR, "nothing is negotiated yet")
}
