//! The handshakes of a connection after its first one, and what binds each to the one before (RFC 5746).

use super::core::Core;
use super::fatal::Fatal;
use super::negotiated::Choices;
use super::status::{Established, Status};
use super::trace::Sink;
use crate::behaviour::values::{Ems, Renegotiation};
use crate::crypto::Side;
use crate::crypto::schedule::VERIFY_DATA_LEN;
use crate::wire::Bytes;
use crate::wire::registry::AlertDescription;

/// More handshakes than this in one connection are not begun: each has draws of its own, and they are counted.
const MAX_HANDSHAKES: u32 = 1 << 16;

/// Why a renegotiation cannot begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RenegotiationError {
    /// No handshake is finished, another one is going on, or the connection has ended.
    #[error("only an established connection can be renegotiated, with no handshake going on")]
    NotEstablished,
    /// The connection is without RFC 5746.
    #[error(
        "the peer does not speak RFC 5746, and the behaviour does not renegotiate without it; renegotiation=legacy does"
    )]
    Insecure,
    /// The connection has resumed a session without EMS, after which a client must not renegotiate.
    #[error(
        "the connection has resumed a session without EMS, after which RFC 7627 5.4 disables renegotiation; \
         renegotiation=legacy does not heed it"
    )]
    Unprotected,
    /// There have been too many already.
    #[error("the connection has had {MAX_HANDSHAKES} handshakes, and begins no more")]
    TooMany,
}

/// The contents of both Finished messages of a handshake (RFC 5746 3.1).
#[derive(Default)]
struct Binding {
    client: Option<[u8; VERIFY_DATA_LEN]>,
    server: Option<[u8; VERIFY_DATA_LEN]>,
}

/// The handshakes of a connection.
#[derive(Default)]
pub(super) struct Handshakes {
    /// The number of the one that is going on, or was last begun, from 0.
    number: u32,
    finished: u32,
    /// The `secure_renegotiation` flag of RFC 5746 3.1.
    secure: bool,
    /// Of the handshake that is going on.
    binding: Binding,
    /// Of the handshake under which it runs.
    enclosing: Option<Binding>,
}

impl Handshakes {
    /// The number of the handshake, from 0.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// How many have finished.
    pub(super) fn finished(&self) -> u32 {
        self.finished
    }

    /// Whether the handshake that is going on is not the first.
    pub(super) fn is_renegotiation(&self) -> bool {
        self.enclosing.is_some()
    }

    /// Takes the contents of a Finished.
    pub(super) fn bind(&mut self, sender: Side, verify_data: [u8; VERIFY_DATA_LEN]) {
        match sender {
            Side::Client => self.binding.client = Some(verify_data),
            Side::Server => self.binding.server = Some(verify_data),
        }
    }

    /// The contents of the first Finished of the handshake that is done, which are the channel binding `tls-unique`
    /// (RFC 5929 3.1): the server sends its own first where it has `resumed`.
    pub(super) fn tls_unique(&self, resumed: bool) -> Option<[u8; VERIFY_DATA_LEN]> {
        let done = self.enclosing.as_ref()?;
        if resumed { done.server } else { done.client }
    }

    /// The handshake is done.
    pub(super) fn finish(&mut self) {
        self.finished += 1;
        self.enclosing = Some(std::mem::take(&mut self.binding));
    }

    /// The `renegotiated_connection` that `sender`'s hello carries, empty in a first handshake (RFC 5746 3.2).
    pub(super) fn info(&self, sender: Side) -> Bytes {
        let Some(Binding { client, server }) = &self.enclosing else { return Bytes::default() };
        let parts = match sender {
            Side::Client => [*client, None],
            Side::Server => [*client, *server],
        };
        parts.into_iter().flatten().flatten().collect::<Vec<_>>().into()
    }

    /// Whether the endpoint may say or must say what RFC 5746 binds: it is a renegotiation of a connection that has the
    /// flag.
    pub(super) fn is_bound(&self) -> bool {
        self.is_renegotiation() && self.secure
    }

    /// Holds the signals of a ClientHello against the connection, as a server that speaks RFC 5746. Says whether
    /// ServerHello is to have the extension.
    ///
    /// # Errors
    /// handshake_failure, where RFC 5746 3.6, 3.7 and 4.4 abort.
    pub(super) fn check_client(&mut self, scsv: bool, info: Option<&Bytes>) -> Result<bool, Fatal> {
        let expected = self.info(Side::Client);
        let reason = match (self.is_renegotiation(), self.secure, info) {
            (false, _, Some(info)) if *info != expected => "renegotiation_info is not empty in an initial handshake",
            (false, ..) => {
                self.secure = scsv || info.is_some();
                return Ok(self.secure);
            }
            (true, true, _) if scsv => "a renegotiation has the SCSV, which is for initial handshakes",
            (true, true, None) => "a renegotiation lacks the renegotiation_info that its connection began with",
            (true, true, Some(info)) if *info != expected => {
                "renegotiation_info is not the client's Finished of this connection"
            }
            (true, true, Some(_)) => return Ok(true),
            (true, false, info) if scsv || info.is_some() => {
                "a renegotiation has a signal of RFC 5746 that its connection did not begin with"
            }
            (true, false, _) => return Ok(false),
        };
        Err(Fatal::alert(AlertDescription::HANDSHAKE_FAILURE, reason))
    }

    /// Holds the extension of a ServerHello against the connection, as a client.
    ///
    /// # Errors
    /// handshake_failure, where RFC 5746 3.4, 3.5 and 4.2 abort.
    pub(super) fn check_server(&mut self, info: Option<&Bytes>) -> Result<(), Fatal> {
        let expected = self.info(Side::Server);
        let reason = match (self.is_renegotiation(), self.secure, info) {
            (false, _, Some(info)) if *info != expected => "renegotiation_info is not empty in an initial handshake",
            (false, ..) => {
                self.secure = info.is_some();
                return Ok(());
            }
            (true, true, None) => "the server leaves out the renegotiation_info that its connection began with",
            (true, true, Some(info)) if *info != expected => {
                "renegotiation_info is not both sides' Finished of this connection"
            }
            (true, false, Some(_)) => "the server answers renegotiation_info, which its connection did not begin with",
            (true, true, Some(_)) | (true, false, None) => return Ok(()),
        };
        Err(Fatal::alert(AlertDescription::HANDSHAKE_FAILURE, reason))
    }
}

/// What an endpoint makes of a peer's wish to renegotiate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Granted,
    /// By a no_renegotiation warning.
    Refused,
    Ignored,
}

impl<S: Sink> Core<S> {
    /// What the behaviour makes of the peer's wish; `invited` where it is the endpoint that has asked for it.
    pub(super) fn wish(&self, invited: bool) -> Wish {
        match self.knobs.renegotiation {
            Renegotiation::Ignore if !invited => Wish::Ignored,
            Renegotiation::Refuse if !invited => Wish::Refused,
            // RFC 5746 4.2, 4.3: without the extension it is recommended to refuse.
            _ if self.check_renegotiable().is_err() => Wish::Refused,
            _ => Wish::Granted,
        }
    }

    /// Whether a renegotiation can begin now.
    pub(super) fn check_renegotiable(&self) -> Result<(), RenegotiationError> {
        if self.status != Status::Established {
            return Err(RenegotiationError::NotEstablished);
        }
        let heeds_rfcs = self.knobs.renegotiation != Renegotiation::Legacy;
        if heeds_rfcs && !self.handshakes.secure {
            return Err(RenegotiationError::Insecure);
        }
        let resumed_without_ems = self.established.as_ref().is_some_and(|last| last.resumed.is_some() && !last.ems);
        if heeds_rfcs && self.side == Side::Client && self.knobs.ems != Ems::Off && resumed_without_ems {
            return Err(RenegotiationError::Unprotected);
        }
        if self.handshakes.number + 1 >= MAX_HANDSHAKES {
            return Err(RenegotiationError::TooMany);
        }
        Ok(())
    }

    /// Holds the peer's hello against the handshake before: who renegotiates does not drop EMS. No RFC says so; but without it
    /// what RFC 7627 is there against is possible again, and OpenSSL 3.0 and BoringSSL abort on both sides.
    ///
    /// # Errors
    /// handshake_failure.
    pub(super) fn check_kept_ems(&self, has_ems: bool) -> Result<(), Fatal> {
        match self.before_renegotiation() {
            Some(last) if last.ems && !has_ems => Err(Fatal::alert(
                AlertDescription::HANDSHAKE_FAILURE,
                "a renegotiation lacks the extended master secret that its connection has",
            )),
            _ => Ok(()),
        }
    }

    /// Holds what is chosen against the handshake before: "implementations MUST NOT downgrade from encrypt-then-MAC to
    /// MAC-then-encrypt" in a renegotiation (RFC 7366 3.1). An AEAD is neither.
    ///
    /// # Errors
    /// handshake_failure.
    pub(super) fn check_kept_mac(&self, choices: &Choices) -> Result<(), Fatal> {
        let macs_first = !choices.encrypt_then_mac && !choices.params.is_aead();
        match self.before_renegotiation() {
            Some(last) if last.encrypt_then_mac && macs_first => Err(Fatal::alert(
                AlertDescription::HANDSHAKE_FAILURE,
                "a renegotiation lacks encrypt_then_mac, which its connection has",
            )),
            _ => Ok(()),
        }
    }

    /// What the handshake has agreed on that is being renegotiated, if the behaviour minds.
    fn before_renegotiation(&self) -> Option<&Established> {
        let minds = self.handshakes.is_renegotiation() && self.knobs.renegotiation != Renegotiation::Legacy;
        self.established.as_ref().filter(|_| minds)
    }

    /// Another handshake begins. It travels under the keys that there are, and until it is done what was negotiated
    /// before is what messages are read by.
    pub(super) fn begin_renegotiation(&mut self) {
        self.handshakes.number += 1;
        self.handshakes.binding = Binding::default();
        self.begin_transcript();
    }
}
