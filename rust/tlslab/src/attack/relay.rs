//! The attacker on the way of the second connection: it passes on what it gets, and has the keys where that is an
//! abbreviated handshake of the sessions that it knows.

use tlslab_proto::crypto::prf::Prf;
use tlslab_proto::crypto::schedule::{self, KeyBlock};
use tlslab_proto::crypto::suite;
use tlslab_proto::crypto::{Side, Transcript};
use tlslab_proto::record::Protection;
use tlslab_proto::record::deframer::Deframer;
use tlslab_proto::record::joiner::HandshakeJoiner;
use tlslab_proto::wire::registry::{ContentType, ExtensionType, ProtocolVersion};
use tlslab_proto::wire::{ClientHello, Context, Encode, Finished, Handshake, MAX_PLAINTEXT, Record, ServerHello};

use super::attacker::Passing;

/// The sessions that handshake 1 has left in the attacker's hands: the master secret of each.
pub(super) struct Sessions {
    /// That of the client's session.
    pub(super) client: [u8; 48],
    /// That of the server's session.
    pub(super) server: [u8; 48],
}

impl Sessions {
    /// The master secret that the honest party of a side has.
    fn of(&self, party: Side) -> &[u8; 48] {
        match party {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

/// The attacker between client and server.
pub(super) struct Relay {
    /// Whose Finished messages are passed on.
    finished: Passing,
    sessions: Option<Sessions>,
    hellos: (Option<ClientHello>, Option<ServerHello>),
    /// The handshake as the client has it, and as the server has it.
    transcripts: BySide<Transcript>,
    /// What comes from the client, and what comes from the server.
    lanes: BySide<Lane>,
}

/// One of something for each side.
#[derive(Default)]
struct BySide<T> {
    client: T,
    server: T,
}

impl<T> BySide<T> {
    fn of(&mut self, side: Side) -> &mut T {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

/// One direction.
#[derive(Default)]
struct Lane {
    deframer: Deframer,
    joiner: HandshakeJoiner,
    state: State,
}

/// What the attacker makes of a direction's records.
#[derive(Default)]
enum State {
    /// They are not protected.
    #[default]
    Clear,
    /// They are protected, and it has the keys.
    Keyed(Keys),
    /// They are protected, and it has no keys.
    Blind,
}

/// The keys of one direction: of its sender's session, and of its receiver's.
struct Keys {
    open: Protection,
    seal: Protection,
    /// Whether the Finished is still to come.
    before_finished: bool,
}

impl Relay {
    pub(super) fn new(finished: Passing, sessions: Option<Sessions>) -> Self {
        Self { finished, sessions, hellos: (None, None), transcripts: BySide::default(), lanes: BySide::default() }
    }

    /// What the other side gets when `sender` has sent `bytes`.
    pub(super) fn pass(&mut self, sender: Side, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.lanes.of(sender).deframer.push(bytes);
        while let Ok(Some(record)) = self.lanes.of(sender).deframer.next_record() {
            let passed = self.pass_record(sender, record);
            // Only what is longer than any record does not encode, and these have come as records.
            let _ = passed.encode(&mut out);
        }
        out
    }

    /// The records by which the attacker says `data` to the server as the client; `None` where it has no keys to do so.
    pub(super) fn inject(&mut self, data: &[u8]) -> Option<Vec<u8>> {
        let version = self.hellos.1.as_ref()?.server_version;
        let State::Keyed(keys) = &mut self.lanes.client.state else { return None };
        if keys.before_finished {
            return None;
        }
        let mut out = Vec::new();
        for piece in data.chunks(MAX_PLAINTEXT) {
            let mut fragment = Vec::new();
            // Nobody minds the IV, which is 0.
            keys.seal.seal(ContentType::APPLICATION_DATA, version, piece, |_| {}, &mut fragment).ok()?;
            let record = Record { content_type: ContentType::APPLICATION_DATA, version, fragment: fragment.into() };
            record.encode(&mut out).ok()?;
        }
        Some(out)
    }

    fn pass_record(&mut self, sender: Side, record: Record) -> Record {
        let changes = record.content_type == ContentType::CHANGE_CIPHER_SPEC;
        match std::mem::take(&mut self.lanes.of(sender).state) {
            State::Clear => {
                self.overhear(sender, &record);
                self.lanes.of(sender).state = if changes { self.keyed(sender) } else { State::Clear };
                record
            }
            State::Keyed(mut keys) => {
                let Some(passed) = self.seal_again(sender, &mut keys, &record) else {
                    self.lanes.of(sender).state = State::Blind;
                    return record;
                };
                // The next keys are those of handshake 3, between client and server alone.
                self.lanes.of(sender).state = if changes { State::Blind } else { State::Keyed(keys) };
                passed
            }
            State::Blind => {
                self.lanes.of(sender).state = State::Blind;
                record
            }
        }
    }

    /// Reads a handshake record in the clear.
    fn overhear(&mut self, sender: Side, record: &Record) {
        let joiner = &mut self.lanes.of(sender).joiner;
        if record.content_type != ContentType::HANDSHAKE || joiner.push(&record.fragment).is_err() {
            return;
        }
        while let Ok(Some(message)) = self.lanes.of(sender).joiner.next_message() {
            for side in [Side::Client, Side::Server] {
                self.transcripts.of(side).update(&message);
            }
            let context = Context { version: ProtocolVersion::TLSV1_2, key_exchange: None };
            match Handshake::decode(&message, &context) {
                Ok(Handshake::ClientHello(hello)) => self.hellos.0 = Some(hello),
                Ok(Handshake::ServerHello(hello)) => self.hellos.1 = Some(hello),
                _ => {}
            }
        }
    }

    /// What follows `sender`'s ChangeCipherSpec. In an abbreviated handshake the server's comes first (RFC 5246 7.3); in a
    /// full one the keys are those of a key exchange that was passed on.
    fn keyed(&mut self, sender: Side) -> State {
        let abbreviated = match sender {
            Side::Server => matches!(self.lanes.client.state, State::Clear),
            Side::Client => matches!(self.lanes.server.state, State::Keyed(_)),
        };
        self.keys(sender).filter(|_| abbreviated).map_or(State::Blind, State::Keyed)
    }

    fn keys(&mut self, sender: Side) -> Option<Keys> {
        let (Some(client), Some(server)) = &self.hellos else { return None };
        let sessions = self.sessions.as_ref()?;
        let (version, params) = (server.server_version, suite::params(server.cipher_suite)?);
        let prf = Prf::of(version, params.prf);
        for side in [Side::Client, Side::Server] {
            self.transcripts.of(side).select(prf);
        }
        let encrypt_then_mac = server.extensions().has(ExtensionType::ENCRYPT_THEN_MAC);
        let protection = |party| {
            let master = sessions.of(party);
            let block = KeyBlock::derive(prf, master, &client.random.0, &server.random.0, &params, version);
            Protection::new(&params, version, encrypt_then_mac, block.write_keys(sender)).ok()
        };
        Some(Keys { open: protection(sender)?, seal: protection(sender.peer())?, before_finished: true })
    }

    /// A record as the receiver's session has it. The IV stays what it was, so that between equal sessions nothing is
    /// changed as long as nothing was added.
    fn seal_again(&mut self, sender: Side, keys: &mut Keys, record: &Record) -> Option<Record> {
        let Record { content_type, version, fragment } = record;
        let mut plaintext = keys.open.open(*content_type, *version, fragment.to_vec()).ok()?;
        if *content_type == ContentType::HANDSHAKE && std::mem::take(&mut keys.before_finished) {
            plaintext = self.pass_finished(sender, plaintext)?;
        }
        let mut sealed = Vec::new();
        let keep_iv = |iv: &mut [u8]| iv.iter_mut().zip(&fragment[..]).for_each(|(iv, sent)| *iv = *sent);
        keys.seal.seal(*content_type, *version, &plaintext, keep_iv, &mut sealed).ok()?;
        Some(Record { fragment: sealed.into(), ..*record })
    }

    /// The Finished for the receiver of `sender`'s.
    fn pass_finished(&mut self, sender: Side, message: Vec<u8>) -> Option<Vec<u8>> {
        let receiver = sender.peer();
        let passed = match self.finished {
            Passing::Forward => message.clone(),
            Passing::Own => self.own_finished(sender, receiver)?,
        };
        self.transcripts.of(sender).update(&message);
        self.transcripts.of(receiver).update(&passed);
        Some(passed)
    }

    /// The Finished of `sender` that `receiver` expects.
    fn own_finished(&mut self, sender: Side, receiver: Side) -> Option<Vec<u8>> {
        let hello = self.hellos.1.as_ref()?;
        let prf = Prf::of(hello.server_version, suite::params(hello.cipher_suite)?.prf);
        let transcript_hash = self.transcripts.of(receiver).hash();
        let verify_data = schedule::verify_data(prf, self.sessions.as_ref()?.of(receiver), sender, &transcript_hash);
        Handshake::Finished(Finished { verify_data: verify_data.into() }).to_bytes().ok()
    }
}
