//! A wiretap on one connection: both directions' bytes become what can be seen of it.

use tlslab_dh::trimmed;
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::suite::{Authentication, KeyExchange, params};
use tlslab_proto::record::deframer::Deframer;
use tlslab_proto::record::joiner::HandshakeJoiner;
use tlslab_proto::wire::registry::{AlertLevel, CipherSuite, ContentType, ExtensionType, NamedGroup, ProtocolVersion};
use tlslab_proto::wire::{
    Alert, Bytes, ClientHello, ClientKeyExchange, Context, Decode, Handshake, KeyExchangeKind, Reader, Record,
    RecordHeader, ServerDhParams, ServerHello, ServerKeyExchange, Vector,
};

use super::preamble::{Preamble, Protocol};
use crate::diagnose::key_log::{Agreed, KeyLog};
use crate::diagnose::observation::{Ending, Exchange, How, Keys, Observation, Over, Premaster, Stage};
use crate::link::socket::Closing;

/// The shortest prime that is taken for one where the suite says nothing of Diffie-Hellman, in bytes.
const MIN_PRIME: usize = 64;

/// As much as is kept of a usual connection, in bytes.
const USUAL: usize = 1 << 10;

/// The longest record that a Finished is in, in bytes: with the longest padding of CBC.
const MAX_FINISHED: usize = 512;

/// A connection as it is overheard. Its ends are numbered; which one is the client shows with the ClientHello.
#[derive(Debug, Default)]
pub(in crate::diagnose) struct Wiretap {
    preamble: Preamble,
    client: Option<usize>,
    sides: [Direction; 2],
    hellos: Hellos,
    key_exchange: Seen,
    certificate_requested: bool,
    ending: Option<(Option<Side>, How)>,
    /// Whether handshake bytes are missing, or make no sense.
    is_blind: bool,
}

/// One side's records.
#[derive(Debug, Default)]
struct Direction {
    deframer: Deframer,
    joiner: HandshakeJoiner,
    is_protected: bool,
    /// Protected handshake records: the first is the Finished.
    finished: bool,
    data: bool,
    /// The record of its Finished, as it crossed.
    finished_record: Option<Record>,
    /// Bytes that wait to become records and messages.
    waiting: usize,
    /// Its records cannot be told apart any more.
    is_lost: bool,
}

#[derive(Debug, Default)]
struct Hellos {
    client: Option<ClientHello>,
    server: Option<ServerHello>,
    /// As long as they were on the wire.
    bytes: usize,
}

/// What the key exchange shows.
#[derive(Debug, Default)]
struct Seen {
    curve: Option<NamedGroup>,
    dh_p: Option<Bytes>,
    ys_zeros: u8,
    yc_zeros: u8,
    short_signature: bool,
    short_ciphertext: bool,
    has_client: bool,
}

impl Wiretap {
    /// Bytes of one end, in order.
    pub(in crate::diagnose) fn bytes(&mut self, end: usize, bytes: &[u8]) {
        if self.client.is_some() {
            return self.records(end, bytes);
        }
        if let Some(found) = self.preamble.push(end, bytes) {
            self.client = Some(found.client);
            let [client, server] = found.records;
            self.records(found.client, &client);
            self.records(1 - found.client, &server);
        }
    }

    /// Bytes of one end were not captured.
    pub(in crate::diagnose) fn lost(&mut self, end: usize) {
        let direction = &mut self.sides[end];
        direction.is_lost = true;
        direction.waiting = 0;
        direction.deframer = Deframer::default();
        direction.joiner = HandshakeJoiner::default();
        self.is_blind |= !direction.is_protected;
    }

    /// One end's bytes have ended.
    pub(in crate::diagnose) fn closed(&mut self, end: usize, how: Closing) {
        let how = match how {
            Closing::Finished => How::Closed,
            Closing::Reset => How::Reset,
        };
        self.end(Some(self.side(end)), how);
    }

    /// Both ends have fallen silent for good.
    pub(in crate::diagnose) fn fell_silent(&mut self) {
        self.end(None, How::Silent);
    }

    /// Whether there is TLS in it so far.
    pub(in crate::diagnose) fn is_tls(&self) -> bool {
        self.client.is_some()
    }

    /// Which end is the client, once that is known.
    pub(in crate::diagnose) fn client(&self) -> Option<usize> {
        self.client
    }

    /// Whether it is FTP that has asked for TLS.
    pub(in crate::diagnose) fn is_ftp(&self) -> bool {
        self.is_tls() && self.preamble.protocol() == Protocol::Ftp
    }

    /// As much memory as it holds, in bytes, roughly.
    pub(in crate::diagnose) fn held_bytes(&self) -> usize {
        let waiting: usize = self.sides.iter().map(|side| side.waiting).sum();
        self.preamble.held_bytes() + waiting + self.hellos.bytes + if self.is_tls() { USUAL } else { 0 }
    }

    /// What was seen. `None` where it was no TLS, or too little of its handshake was captured.
    pub(in crate::diagnose) fn observation(&self, log: &KeyLog) -> Option<Observation> {
        let hello = self.hellos.client.as_ref().filter(|_| !self.is_blind)?;
        let server = self.hellos.server.as_ref();
        let stage = self.stage();
        let (by, how) = self.ending.unwrap_or((None, How::Cut));
        let ems = ExtensionType::EXTENDED_MASTER_SECRET;
        let offered_ems = hello.extensions().has(ems);
        let resumed = server.is_some() && self.is_abbreviated();
        Some(Observation {
            over: match self.preamble.protocol() {
                Protocol::None => Over::Tls,
                Protocol::Ftp => Over::FtpControl,
                Protocol::Other => Over::Starttls,
            },
            version: server.map(|server| server.server_version),
            suite: server.map(|server| server.cipher_suite),
            key_exchange: self.exchange().filter(|_| !resumed),
            curve: self.key_exchange.curve,
            offered_ems,
            ems: offered_ems && server.is_some_and(|server| server.extensions().has(ems)),
            offered_session: offers_session(hello),
            resumed,
            certificate_requested: self.certificate_requested,
            dh_p: self.key_exchange.dh_p.clone(),
            ys_zeros: self.key_exchange.ys_zeros,
            yc_zeros: self.key_exchange.yc_zeros,
            short_signature: self.key_exchange.short_signature,
            short_ciphertext: self.key_exchange.short_ciphertext,
            ending: Ending { stage, by, how },
            keys: self.keys(log),
        })
    }

    /// What a key log shows of it.
    fn keys(&self, log: &KeyLog) -> Keys {
        let (Some(client), Some(server)) = (&self.hellos.client, &self.hellos.server) else { return Keys::default() };
        let etm = ExtensionType::ENCRYPT_THEN_MAC;
        let agreed = Agreed {
            version: server.server_version,
            suite: server.cipher_suite,
            encrypt_then_mac: client.extensions().has(etm) && server.extensions().has(etm),
            randoms: [&client.random.0, &server.random.0],
        };
        let masters = log.masters(&client.random.0);
        let opens = |side, masters: &[[u8; 48]]| {
            let record = self.direction(side).finished_record.as_ref()?;
            let opened: Option<Vec<bool>> = masters.iter().map(|one| agreed.opens(side, record, one)).collect();
            opened.filter(|opened| !opened.is_empty()).map(|opened| opened.contains(&true))
        };
        let mut keys = Keys {
            client_finished: opens(Side::Client, masters),
            server_finished: opens(Side::Server, masters),
            masters_differ: masters.len() > 1,
            premasters: [None; 2],
        };
        let ems = ExtensionType::EXTENDED_MASTER_SECRET;
        let has_ems = client.extensions().has(ems) && server.extensions().has(ems);
        if let Some(p) = self.key_exchange.dh_p.as_ref().filter(|_| !has_ems) {
            for premaster in log.premasters(&client.random.0) {
                let master = agreed.master(premaster);
                // The side whose Finished it opens has made it; the other side's is the one that does not.
                let opened = master.and_then(|master| opens(Side::Client, &[master]));
                match opened {
                    Some(true) if log.premasters(&client.random.0).len() == 1 && keys.server_finished == Some(true) => {
                        keys.premasters = [Some(Premaster::of_logged(p, premaster)); 2];
                    }
                    Some(true) => keys.premasters[0] = Some(Premaster::of_logged(p, premaster)),
                    Some(false) => keys.premasters[1] = Some(Premaster::of_logged(p, premaster)),
                    None => {}
                }
            }
        }
        keys
    }

    fn exchange(&self) -> Option<Exchange> {
        if self.key_exchange.dh_p.is_some() {
            return Some(Exchange::Dhe);
        }
        Some(match params(self.hellos.server.as_ref()?.cipher_suite)?.key_exchange {
            KeyExchange::Dhe => Exchange::Dhe,
            KeyExchange::Ecdhe => Exchange::Ecdhe,
            KeyExchange::Rsa => Exchange::Rsa,
        })
    }

    fn side(&self, end: usize) -> Side {
        if self.client.unwrap_or(0) == end { Side::Client } else { Side::Server }
    }

    fn direction(&self, side: Side) -> &Direction {
        let client = self.client.unwrap_or(0);
        &self.sides[if side == Side::Client { client } else { 1 - client }]
    }

    /// The first end that is seen counts.
    fn end(&mut self, by: Option<Side>, how: How) {
        self.ending.get_or_insert((by, how));
    }

    fn stage(&self) -> Stage {
        let (client, server) = (self.direction(Side::Client), self.direction(Side::Server));
        match (client.is_protected, server.is_protected) {
            (true, true) if server.data => Stage::Data,
            (true, true) if client.data => Stage::Unanswered,
            (true, true) if client.finished && server.finished => Stage::Established,
            (true, true) if self.is_abbreviated() => Stage::ServerFinished,
            (true, _) => Stage::ClientFinished,
            (false, true) => Stage::ServerFinished,
            (false, false) if self.hellos.server.is_some() => Stage::ServerHello,
            (false, false) => Stage::ClientHello,
        }
    }

    /// Whether the server has sent its ChangeCipherSpec without there having been a key exchange.
    fn is_abbreviated(&self) -> bool {
        self.direction(Side::Server).is_protected && !self.key_exchange.has_client
    }

    fn records(&mut self, end: usize, bytes: &[u8]) {
        if self.sides[end].is_lost {
            return;
        }
        self.sides[end].deframer.push(bytes);
        self.sides[end].waiting += bytes.len();
        loop {
            match self.sides[end].deframer.next_record() {
                Ok(Some(record)) => {
                    self.sides[end].took(RecordHeader::LEN + record.fragment.len());
                    self.record(end, &record);
                }
                Ok(None) => return,
                Err(_) => return self.lost(end),
            }
        }
    }

    fn record(&mut self, end: usize, record: &Record) {
        let side = self.side(end);
        if self.sides[end].is_protected {
            let direction = &mut self.sides[end];
            if record.content_type == ContentType::HANDSHAKE && !std::mem::replace(&mut direction.finished, true) {
                direction.finished_record = Some(record.clone()).filter(|one| one.fragment.len() <= MAX_FINISHED);
            }
            if record.content_type == ContentType::ALERT {
                // What it says is protected; close_notify as a rule.
                self.end(Some(side), How::Closed);
            }
            let direction = &mut self.sides[end];
            direction.data |= record.content_type == ContentType::APPLICATION_DATA;
            return;
        }
        match record.content_type {
            ContentType::CHANGE_CIPHER_SPEC => self.sides[end].is_protected = true,
            ContentType::ALERT => match Alert::from_bytes(&record.fragment) {
                Ok(alert) if alert.level == AlertLevel::FATAL => self.end(Some(side), How::Alert(alert.description.0)),
                Ok(_) => {}
                Err(_) => self.is_blind = true,
            },
            ContentType::HANDSHAKE => self.handshake(end, &record.fragment),
            // Application data in clear, or a protocol that is none of TLS's.
            _ => self.is_blind = true,
        }
    }

    fn handshake(&mut self, end: usize, fragment: &[u8]) {
        if self.sides[end].joiner.push(fragment).is_err() {
            self.is_blind = true;
        }
        self.sides[end].waiting += fragment.len();
        loop {
            match self.sides[end].joiner.next_message() {
                Ok(Some(message)) => {
                    self.sides[end].took(message.len());
                    self.message(&message);
                }
                Ok(None) => return,
                Err(_) => return self.lost(end),
            }
        }
    }

    fn message(&mut self, bytes: &[u8]) {
        let suite = self.hellos.server.as_ref().map(|server| server.cipher_suite);
        let version = self.hellos.server.as_ref().map_or(ProtocolVersion::TLSV1_2, |server| server.server_version);
        let context = Context { version, key_exchange: suite.and_then(key_exchange_kind) };
        match Handshake::decode(bytes, &context) {
            // That of a renegotiation is protected; a second one in clear begins anew.
            Ok(Handshake::ClientHello(hello)) => {
                self.hellos.client = Some(hello);
                self.hellos.bytes += bytes.len();
            }
            Ok(Handshake::ServerHello(hello)) => self.server_hello(hello),
            Ok(Handshake::ServerKeyExchange(exchange)) => self.key_exchange.server(&exchange),
            Ok(Handshake::ClientKeyExchange(exchange)) => self.key_exchange.client(&exchange),
            Ok(Handshake::CertificateRequest(_)) => self.certificate_requested = true,
            Ok(_) => {}
            Err(_) => self.is_blind = true,
        }
    }

    fn server_hello(&mut self, mut hello: ServerHello) {
        if hello.extensions().has(SUPPORTED_VERSIONS) {
            // TLS 1.3: what follows is protected, whatever its type says.
            hello.server_version = ProtocolVersion::TLSV1_3;
            self.sides.iter_mut().for_each(|side| side.is_protected = true);
        }
        self.hellos.server = Some(hello);
    }
}

impl Direction {
    /// So many bytes wait no more.
    fn took(&mut self, bytes: usize) {
        self.waiting = self.waiting.saturating_sub(bytes);
    }
}

impl Seen {
    fn server(&mut self, exchange: &ServerKeyExchange) {
        let (params, signature) = match exchange {
            ServerKeyExchange::Dhe { params, signed_params } => (Some(params.clone()), signed_params.as_ref()),
            ServerKeyExchange::Ecdhe { signed_params, .. } => (None, Some(signed_params)),
            ServerKeyExchange::Opaque { body } => (params_of_unknown(body), None),
        };
        if let ServerKeyExchange::Ecdhe { params, .. } = exchange {
            self.curve = Some(params.namedcurve);
        }
        self.short_signature = signature.is_some_and(|signature| is_short_rsa(&signature.signature));
        if let Some(params) = params {
            self.ys_zeros = zeros(&params.dh_p, &params.dh_ys);
            self.dh_p = Some(trimmed(&params.dh_p).into());
        }
    }

    fn client(&mut self, exchange: &ClientKeyExchange) {
        self.has_client = true;
        match (exchange, &self.dh_p) {
            (ClientKeyExchange::Dhe { dh_yc }, Some(dh_p)) => self.yc_zeros = zeros(dh_p, dh_yc),
            (ClientKeyExchange::Rsa { encrypted_pre_master_secret }, _) => {
                self.short_ciphertext = is_short_rsa(encrypted_pre_master_secret);
            }
            (ClientKeyExchange::Opaque { body }, Some(dh_p)) => {
                let yc = Reader::new(body).all("dh_Yc", |body| UNKNOWN_YC.read_bytes(body));
                self.yc_zeros = yc.map_or(0, |yc| zeros(dh_p, &yc));
            }
            _ => {}
        }
    }
}

/// A public value of a suite that the lab does not run.
const UNKNOWN_YC: Vector = Vector::new("dh_Yc", 1..=0xffff);

/// `supported_versions` (RFC 8446 4.2.1), which in a ServerHello means TLS 1.3.
const SUPPORTED_VERSIONS: ExtensionType = ExtensionType(43);

/// The parameters in a ServerKeyExchange of a suite that the lab does not run, if they look like Diffie-Hellman's.
fn params_of_unknown(body: &[u8]) -> Option<ServerDhParams> {
    let params = ServerDhParams::decode(&mut Reader::new(body)).ok()?;
    let (p, ys) = (trimmed(&params.dh_p), trimmed(&params.dh_ys));
    let is_odd = p.last().is_some_and(|last| last % 2 == 1);
    (p.len() >= MIN_PRIME && is_odd && ys.len() <= p.len()).then_some(params)
}

/// As many bytes as a number is shorter than the prime; 255 stands for more.
fn zeros(p: &[u8], value: &[u8]) -> u8 {
    u8::try_from(trimmed(p).len().saturating_sub(trimmed(value).len())).unwrap_or(u8::MAX)
}

/// Whether a value of RSA has lost its first byte, or has a zero there. Lengths of keys are multiples of 512 bits.
fn is_short_rsa(value: &[u8]) -> bool {
    value.first() == Some(&0) || value.len() % 64 == 63
}

fn offers_session(hello: &ClientHello) -> bool {
    let has_ticket = hello.extensions().session_ticket().is_some_and(|ticket| !ticket.is_empty());
    has_ticket || !hello.session_id.is_empty()
}

fn key_exchange_kind(suite: CipherSuite) -> Option<KeyExchangeKind> {
    let params = params(suite)?;
    Some(match (params.key_exchange, params.authentication) {
        (KeyExchange::Rsa, _) => KeyExchangeKind::Rsa,
        (KeyExchange::Dhe, Authentication::Anonymous) => KeyExchangeKind::DhAnon,
        (KeyExchange::Dhe, _) => KeyExchangeKind::Dhe,
        (KeyExchange::Ecdhe, _) => KeyExchangeKind::Ecdhe,
    })
}
