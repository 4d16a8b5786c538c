//! What a client and a server have in common: records, transcript, secrets, alerts, and the end of a connection.

use std::sync::Arc;

use subtle::ConstantTimeEq;

use super::edit::Hashed;
use super::environment::Environment;
use super::fatal::{Answer, Fatal};
use super::negotiated::{Negotiated, nothing_negotiated};
use super::outbox::{Item, Outbox, Prepared};
use super::record_edits::EditedRecord;
use super::records::{Received, Records};
use super::renegotiation::Handshakes;
use super::session::{Session, SessionKind};
use super::status::{Ending, Established, Status};
use super::trace::{Event, Sink};
use crate::behaviour::SharedKnobs;
use crate::behaviour::values::{OnUnexpected, RecordPadding, Switch, Version};
use crate::crypto::certificate::Fingerprint;
use crate::crypto::draws::{EndpointDraws, Purpose};
use crate::crypto::exporter::ChannelBinding;
use crate::crypto::schedule::VERIFY_DATA_LEN;
use crate::crypto::{Side, Transcript};
use crate::record::Protection;
use crate::wire::registry::{AlertDescription, AlertLevel, ContentType, HandshakeType, ProtocolVersion};
use crate::wire::{Alert, Context, Encode, Finished, Handshake, Message};

/// More warning alerts than this in a row are no conversation: unexpected_message.
const MAX_WARNINGS: u32 = 4;

/// Most messages are shorter than this, so that the memory for them does not grow message by message.
const USUAL_MESSAGE_LEN: usize = 1 << 10;

/// The part of an endpoint that does not depend on its role.
pub struct Core<S> {
    pub(super) side: Side,
    pub(super) knobs: Arc<SharedKnobs>,
    pub(super) environment: Environment,
    /// What takes the place of draws; the last of a purpose counts.
    chosen: Vec<(Purpose, Vec<u8>)>,
    pub(super) sink: S,
    pub(super) outbox: Outbox,
    pub(super) records: Records,
    pub(super) transcript: Transcript,
    pub(super) negotiated: Option<Negotiated>,
    pub(super) status: Status,
    pub(super) handshakes: Handshakes,
    /// What the last finished handshake agreed on.
    pub(super) established: Option<Established>,
    /// What it gives to bind something to.
    pub(super) binding: Option<ChannelBinding>,
    /// Application data that arrived and was not fetched yet.
    pub(super) inbox: Vec<u8>,
    /// Application data that waits for the end of the handshake.
    waiting: Vec<Vec<u8>>,
    pending: Option<Pending>,
    /// The message that is being sent; its memory is used again by the next.
    encoded: Vec<u8>,
    warnings: u32,
    close_notify_sent: bool,
}

/// Protections that wait for their ChangeCipherSpec.
struct Pending {
    read: Option<Protection>,
    write: Option<Protection>,
}

impl<S: Sink> Core<S> {
    pub(super) fn new(side: Side, knobs: Arc<SharedKnobs>, environment: Environment) -> Self {
        let draws = environment.draws.endpoint(environment.connection, side);
        Self {
            side,
            records: Records::new(side, knobs.clone(), draws, &environment.edits),
            outbox: Outbox::new(side, environment.edits.clone()),
            knobs,
            environment,
            chosen: Vec::new(),
            sink: S::default(),
            transcript: Transcript::new(),
            negotiated: None,
            status: Status::Handshaking,
            handshakes: Handshakes::default(),
            established: None,
            binding: None,
            inbox: Vec::new(),
            waiting: Vec::new(),
            pending: None,
            encoded: Vec::with_capacity(USUAL_MESSAGE_LEN),
            warnings: 0,
            close_notify_sent: false,
        }
    }

    /// This endpoint's draws.
    pub(super) fn draws(&self) -> EndpointDraws {
        self.environment.draws.endpoint(self.environment.connection, self.side)
    }

    /// Bytes of this endpoint's slot of `purpose` for the handshake that is going on.
    pub(super) fn draw<const N: usize>(&self, purpose: Purpose) -> [u8; N] {
        let mut bytes = [0; N];
        self.draws().fill(purpose, self.handshakes.number(), &mut bytes);
        let chosen = self.chosen.iter().rfind(|(chosen, _)| *chosen == purpose);
        chosen
            .into_iter()
            .for_each(|(_, chosen)| bytes.iter_mut().zip(chosen).for_each(|(drawn, chosen)| *drawn = *chosen));
        bytes
    }

    /// Has `bytes` take the place of what is drawn for `purpose`.
    pub(super) fn choose(&mut self, purpose: Purpose, bytes: &[u8]) {
        self.chosen.push((purpose, bytes.to_vec()));
    }

    /// Whether the behaviour speaks `version`. In a renegotiation there is but the connection's.
    pub(super) fn speaks(&self, version: Version) -> bool {
        let fixed = self.negotiated.as_ref().filter(|_| self.handshakes.is_renegotiation());
        self.knobs.versions.contains(&version) && fixed.is_none_or(|negotiated| negotiated.version == version)
    }

    /// By what a session is resumed in this connection; `None` in a full handshake.
    pub(super) fn resumed(&self) -> Option<SessionKind> {
        self.negotiated.as_ref().and_then(Negotiated::resumed)
    }

    /// Takes up a session in place of a key exchange.
    pub(super) fn resume(&mut self, kind: SessionKind, session: Session) -> Result<(), Fatal> {
        let negotiated = self.negotiated.as_mut().ok_or_else(nothing_negotiated)?;
        negotiated.resume(kind, session, &mut self.sink);
        Ok(())
    }

    /// The client has proved who it is.
    pub(super) fn authenticate_client(&mut self, certificate: Option<Fingerprint>) -> Result<(), Fatal> {
        self.negotiated.as_mut().ok_or_else(nothing_negotiated)?.client_certificate = certificate;
        Ok(())
    }

    /// Whether the connection has ended by a fatal alert, sent or received.
    pub(super) fn ended_by_alert(&self) -> bool {
        matches!(self.status, Status::Ended(Ending::AlertSent(_) | Ending::AlertReceived(_)))
    }

    /// Whether a handshake is going on.
    pub(super) fn is_handshaking(&self) -> bool {
        self.status == Status::Handshaking
    }

    /// Whether the connection has ended.
    pub(super) fn ended(&self) -> bool {
        matches!(self.status, Status::Ended(_))
    }

    /// Fixes what was negotiated: the transcript's hash, the records' version.
    pub(super) fn agree(&mut self, negotiated: Negotiated) {
        self.transcript.select(negotiated.prf());
        self.records.set_version(negotiated.version.wire());
        self.negotiated = Some(negotiated);
    }

    /// What was negotiated.
    pub(super) fn negotiated(&self) -> Result<&Negotiated, Fatal> {
        self.negotiated.as_ref().ok_or_else(nothing_negotiated)
    }

    /// The context in which handshake messages are decoded.
    fn context(&self) -> Context {
        match &self.negotiated {
            Some(negotiated) => negotiated.context(),
            None => Context { version: ProtocolVersion::TLSV1_2, key_exchange: None },
        }
    }

    // Secrets.

    /// Sets the premaster secret, the ClientKeyExchange being in the transcript or about to be.
    pub(super) fn set_premaster(&mut self, premaster: Vec<u8>) -> Result<(), Fatal> {
        self.negotiated.as_mut().ok_or_else(nothing_negotiated)?.premaster = premaster;
        Ok(())
    }

    /// The master secret; at the first call the transcript so far is the session hash.
    pub(super) fn master(&mut self) -> Result<[u8; 48], Fatal> {
        let negotiated = self.negotiated.as_mut().ok_or_else(nothing_negotiated)?;
        Ok(negotiated.master(|| self.transcript.hash(), &mut self.sink))
    }

    /// Takes the protection for reading or writing, deriving both at the first call.
    fn take_protection(&mut self, take: fn(&mut Pending) -> Option<Protection>) -> Result<Option<Protection>, Fatal> {
        if self.pending.is_none() {
            let master = self.master()?;
            let [client, server] =
                self.negotiated.as_ref().ok_or_else(nothing_negotiated)?.protections(&master, &mut self.sink)?;
            let (mut read, mut write) = match self.side {
                Side::Client => (server, client),
                Side::Server => (client, server),
            };
            if self.knobs.padding_check == Switch::Off {
                read.ignore_padding();
            }
            if self.knobs.record_padding == RecordPadding::Longest {
                write.pad_longest();
            }
            self.pending = Some(Pending { read: Some(read), write: Some(write) });
        }
        Ok(self.pending.as_mut().and_then(take))
    }

    /// What belongs to one handshake only. The keys in use stay, and protections that were never changed to do not.
    pub(super) fn begin_transcript(&mut self) {
        self.transcript = Transcript::new();
        self.pending = None;
        self.status = Status::Handshaking;
    }

    /// A warning may come that answers what this endpoint has asked: it is not one more in a row.
    pub(super) fn expect_warning(&mut self) {
        self.warnings = 0;
    }

    /// From here on records are read under the negotiated protection.
    pub(super) fn change_read_protection(&mut self) -> Result<(), Fatal> {
        if let Some(protection) = self.take_protection(|pending| pending.read.take())? {
            self.records.change_read(protection);
        }
        Ok(())
    }

    fn change_write_protection(&mut self) -> Result<(), Fatal> {
        if let Some(protection) = self.take_protection(|pending| pending.write.take())? {
            self.records.change_write(protection)?;
        }
        Ok(())
    }

    /// The contents of `sender`'s Finished, over the transcript so far.
    pub(super) fn verify_data(&mut self, sender: Side) -> Result<[u8; VERIFY_DATA_LEN], Fatal> {
        let master = self.master()?;
        let transcript_hash = self.transcript.hash();
        let negotiated = self.negotiated.as_ref().ok_or_else(nothing_negotiated)?;
        Ok(negotiated.verify_data(&master, sender, &transcript_hash, &mut self.sink))
    }

    /// Checks a Finished that arrived and is not in the transcript yet.
    pub(super) fn check_finished(&mut self, finished: &Finished) -> Result<(), Fatal> {
        let got = finished.verify_data.len();
        if got != VERIFY_DATA_LEN {
            let reason = format!("the verify_data of Finished has {got} bytes, but must have {VERIFY_DATA_LEN}");
            return Err(Fatal::alert(AlertDescription::DECODE_ERROR, reason));
        }
        let expected = self.verify_data(self.side.peer())?;
        self.handshakes.bind(self.side.peer(), expected);
        // In the same time wherever they differ.
        let is_right = bool::from(finished.verify_data.0.ct_eq(&expected));
        if is_right || self.knobs.finished_check == Switch::Off {
            return Ok(());
        }
        Err(Fatal::reaction(self.knobs.on_bad_finished, "the verify_data of Finished is not the expected one"))
    }

    /// The handshake is done: application data may flow.
    pub(super) fn establish(&mut self) {
        self.handshakes.finish();
        self.established = self.negotiated.as_ref().map(Negotiated::established);
        let tls_unique = self.handshakes.tls_unique(self.resumed().is_some());
        self.binding = self.negotiated.as_ref().zip(tls_unique).and_then(|(agreed, unique)| agreed.binding(unique));
        if let Some(agreed) = &self.established {
            self.sink.record(|| Event::Established { agreed: agreed.clone(), binding: self.binding.clone() });
        }
        self.resume_data();
    }

    /// Application data flows, whether or not a renegotiation has come to anything.
    pub(super) fn resume_data(&mut self) {
        self.status = Status::Established;
        let waiting = std::mem::take(&mut self.waiting);
        self.outbox.plan(waiting.into_iter().map(Item::ApplicationData));
    }

    // Sending.

    /// This endpoint's Finished.
    pub(super) fn build_finished(&mut self) -> Result<Handshake, Fatal> {
        let verify_data = self.verify_data(self.side)?;
        Ok(Handshake::Finished(Finished { verify_data: verify_data.into() }))
    }

    /// Sends application data now, or as soon as the handshake is done; never after a close_notify (RFC 5246 7.2.1).
    pub(super) fn send(&mut self, data: &[u8]) {
        if self.close_notify_sent {
            return;
        }
        match self.status {
            Status::Handshaking => self.waiting.push(data.to_vec()),
            Status::Established => self.outbox.plan([Item::ApplicationData(data.to_vec())]),
            Status::Ended(_) => {}
        }
    }

    /// Sends a prepared message.
    pub(super) fn emit(&mut self, prepared: &Prepared) -> Result<(), Fatal> {
        let untouched = !prepared.edited();
        // Of several, the first that is as it was built is the sender's own; another is a copy.
        let mut own_is_sent = false;
        let mut payload = std::mem::take(&mut self.encoded);
        if prepared.sends().next().is_none() {
            self.sink.record(|| Event::Dropped { message: prepared.original.clone() });
        }
        for message in prepared.sends() {
            let content_type = encode(message, &mut payload)?;
            let protected = self.records.writes_protected();
            self.records.send(content_type, &payload)?;
            if prepared.hashed == Hashed::Edited {
                self.hash(content_type, &payload);
                self.bind(message);
            }
            let is_own = untouched || (!own_is_sent && *message == prepared.original);
            own_is_sent |= is_own;
            self.sink.record(|| Event::Sent { message: message.clone(), edited: !is_own, protected });
        }
        if prepared.hashed == Hashed::Original {
            let content_type = encode(&prepared.original, &mut payload)?;
            self.hash(content_type, &payload);
            self.bind(&prepared.original);
        }
        self.encoded = payload;
        if prepared.item == Item::ChangeCipherSpec {
            self.change_write_protection()?;
        }
        if self.outbox.is_empty() {
            self.records.flush()?;
        }
        for EditedRecord { record, stage, original, sent } in self.records.take_edited() {
            self.sink.record(|| Event::RecordEdited { record, stage, original, sent });
        }
        Ok(())
    }

    /// Takes a handshake message into the transcript. HelloRequest is never in it (RFC 5246 7.4.1.1), nor what comes
    /// between two handshakes.
    pub(super) fn hash(&mut self, content_type: ContentType, payload: &[u8]) {
        let hello_request = payload.first() == Some(&HandshakeType::HELLO_REQUEST.0);
        let in_handshake = self.status == Status::Handshaking;
        if content_type == ContentType::HANDSHAKE && !hello_request && in_handshake {
            self.transcript.update(payload);
        }
    }

    /// Binds what follows to this side's Finished, if that is the message: to the one that it takes for sent, which need
    /// not be the one that it has built.
    fn bind(&mut self, message: &Message) {
        if let Message::Handshake(Handshake::Finished(Finished { verify_data })) = message
            && let Ok(verify_data) = verify_data.0[..].try_into()
            && self.status == Status::Handshaking
        {
            self.handshakes.bind(self.side, verify_data);
        }
    }

    /// Plans a warning alert.
    pub(super) fn warn(&mut self, description: AlertDescription) {
        self.outbox.plan([Item::Alert(Alert { level: AlertLevel::WARNING, description })]);
    }

    /// Plans a close_notify, once.
    pub(super) fn close(&mut self) {
        if self.ended() || self.close_notify_sent || self.knobs.close_notify == Switch::Off {
            return;
        }
        self.close_notify_sent = true;
        self.waiting.clear();
        self.warn(AlertDescription::CLOSE_NOTIFY);
    }

    /// Ends the connection the way `fatal` says.
    pub(super) fn fail(&mut self, fatal: Fatal) {
        self.sink.record(|| Event::Refused { reason: fatal.reason });
        self.outbox.clear();
        let ending = match fatal.answer {
            Answer::Alert(description) => {
                self.outbox.plan([Item::Alert(Alert { level: AlertLevel::FATAL, description })]);
                Ending::AlertSent(description)
            }
            Answer::Close => Ending::Aborted,
            Answer::Silence => Ending::Silent,
        };
        self.status = Status::Ended(ending);
    }

    /// The peer's stream has ended.
    pub(super) fn peer_closed(&mut self) {
        if !self.ended() {
            self.outbox.clear();
            self.status = Status::Ended(Ending::Truncated);
        }
    }

    // Receiving.

    /// Takes in bytes from the peer; those that come after the end are not looked at.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        if !self.ended() {
            self.records.receive(bytes);
        }
    }

    /// The next message that has arrived whole, decoded, with its bytes.
    pub(super) fn next_received(
        &mut self,
        takes: impl Fn(HandshakeType) -> bool,
    ) -> Result<Option<(Message, Vec<u8>)>, Fatal> {
        let Some(Received { content_type, payload }) = self.records.next()? else { return Ok(None) };
        let is_taken = || payload.first().is_some_and(|msg_type| takes(HandshakeType(*msg_type)));
        let message = Message::decode(content_type, &payload, &self.context())
            .map_err(|error| Fatal::alert(malformed(content_type, is_taken()), error.to_string()))?;
        self.sink.record(|| Event::Received { message: message.clone() });
        if !matches!(message, Message::Alert(_)) {
            self.warnings = 0;
        }
        Ok(Some((message, payload)))
    }

    /// An alert means the same in every state (RFC 5246 7.2).
    pub(super) fn receive_alert(&mut self, alert: Alert) -> Result<(), Fatal> {
        if alert.description == AlertDescription::CLOSE_NOTIFY {
            self.outbox.clear();
            self.close();
            self.status = Status::Ended(Ending::Closed);
            return Ok(());
        }
        match alert.level {
            AlertLevel::FATAL => {
                self.outbox.clear();
                self.status = Status::Ended(Ending::AlertReceived(alert.description));
                Ok(())
            }
            AlertLevel::WARNING if self.warnings < MAX_WARNINGS => {
                self.warnings += 1;
                Ok(())
            }
            AlertLevel::WARNING => {
                Err(Fatal::alert(AlertDescription::UNEXPECTED_MESSAGE, "too many warning alerts in a row"))
            }
            other => Err(Fatal::alert(
                AlertDescription::ILLEGAL_PARAMETER,
                format!("an alert's level is warning or fatal, not {other}"),
            )),
        }
    }

    /// Where this side has something to say the peer's flight has ended, and nothing that the peer has to say next can
    /// be in the same record already, but for a HelloRequest, which may come at any time (RFC 5246 7.4.1.1). Nor does
    /// anything else follow the last Finished.
    pub(super) fn check_end_of_flight(&self) -> Result<(), Fatal> {
        let has_ended = !self.outbox.is_empty() || self.status == Status::Established;
        let may_follow = |next| self.side == Side::Client && next == HandshakeType::HELLO_REQUEST;
        if has_ended && self.records.next_of_record().is_some_and(|next| !may_follow(next)) {
            let reason = "handshake bytes follow the end of a flight in its record";
            return Err(Fatal::alert(AlertDescription::UNEXPECTED_MESSAGE, reason));
        }
        Ok(())
    }

    /// What the behaviour does with a message that the state does not allow: the fall-through of the state table.
    pub(super) fn on_unexpected(&self, message: &Message, expected: &str) -> Result<(), Fatal> {
        let reason = format!("got {} where {expected} was expected", message.name());
        match self.knobs.on_unexpected {
            OnUnexpected::Alert => Err(Fatal::alert(AlertDescription::UNEXPECTED_MESSAGE, reason)),
            OnUnexpected::Close => Err(Fatal { answer: Answer::Close, reason }),
            OnUnexpected::Ignore => Ok(()),
        }
    }
}

/// The alert for what does not decode. A message that the state does not take is not expected, whatever its body. Nor is
/// a record of another length than the one ChangeCipherSpec or alert that it should hold: RFC 5246 6.2.1 would let
/// alerts be cut and joined, but no peer sends them so, and those that there are (OpenSSL, GnuTLS) answer a cut one with
/// unexpected_message.
fn malformed(content_type: ContentType, is_taken: bool) -> AlertDescription {
    match content_type {
        ContentType::CHANGE_CIPHER_SPEC | ContentType::ALERT => AlertDescription::UNEXPECTED_MESSAGE,
        ContentType::HANDSHAKE if !is_taken => AlertDescription::UNEXPECTED_MESSAGE,
        _ => AlertDescription::DECODE_ERROR,
    }
}

/// Encodes a message in place of what is in `payload`.
fn encode(message: &Message, payload: &mut Vec<u8>) -> Result<ContentType, Fatal> {
    payload.clear();
    // Only an edit can make a message too long for its own length fields.
    message.encode(payload).map_err(|error| Fatal::alert(AlertDescription::INTERNAL_ERROR, error.to_string()))?;
    Ok(message.content_type())
}
