//! Heartbeats (RFC 6520): requests are answered. An endpoint sends none of its own accord.

use super::core::Core;
use super::fatal::Fatal;
use super::outbox::Item;
use super::status::Status;
use super::trace::Sink;
use crate::behaviour::values::Heartbeats;
use crate::crypto::draws::Purpose;
use crate::wire::registry::{AlertDescription, HeartbeatMessageType, HeartbeatMode};
use crate::wire::{Heartbeat, MAX_PLAINTEXT, Message};

/// As much payload as the one record of a response holds.
const MAX_PAYLOAD: usize = MAX_PLAINTEXT - Heartbeat::HEADER_LEN - Heartbeat::MIN_PADDING;

impl<S: Sink> Core<S> {
    /// Whether heartbeats may come from a peer whose hello has this mode, if it has the extension.
    ///
    /// # Errors
    /// illegal_parameter for a mode that is none (RFC 6520 2).
    pub(super) fn takes_heartbeats(&self, mode: Option<HeartbeatMode>) -> Result<bool, Fatal> {
        match mode.filter(|_| self.knobs.heartbeat != Heartbeats::Off) {
            None => Ok(false),
            Some(HeartbeatMode::PEER_ALLOWED_TO_SEND | HeartbeatMode::PEER_NOT_ALLOWED_TO_SEND) => Ok(true),
            Some(other) => Err(Fatal::alert(
                AlertDescription::ILLEGAL_PARAMETER,
                format!("the mode of the heartbeat extension is {other}"),
            )),
        }
    }

    /// Answers a request. What comes during a handshake, and what has no payload, is discarded silently (RFC 6520 3, 4).
    pub(super) fn on_heartbeat(&mut self, heartbeat: Heartbeat, expected: &str) -> Result<(), Fatal> {
        if !self.negotiated.as_ref().is_some_and(|negotiated| negotiated.heartbeat) {
            return self.on_unexpected(&Message::Heartbeat(heartbeat), expected);
        }
        if self.status != Status::Established || heartbeat.heartbeat_type != HeartbeatMessageType::REQUEST {
            return Ok(());
        }
        let payload = match (self.knobs.heartbeat, heartbeat.payload()) {
            (Heartbeats::TrustLength, _) => self.read_beyond(&heartbeat),
            (_, Some(payload)) if payload.len() <= MAX_PAYLOAD => payload.to_vec(),
            _ => return Ok(()),
        };
        self.outbox.plan([Item::Heartbeat(self.response(payload))]);
        Ok(())
    }

    fn response(&self, payload: Vec<u8>) -> Heartbeat {
        let payload_length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
        let padding: [u8; Heartbeat::MIN_PADDING] = self.draw(Purpose::HeartbeatPadding);
        Heartbeat {
            heartbeat_type: HeartbeatMessageType::RESPONSE,
            payload_length,
            payload_and_padding: [&payload[..], &padding].concat().into(),
        }
    }

    /// As many bytes as the request declares, from its payload on: behind it lie the master secret, and zeros.
    fn read_beyond(&self, request: &Heartbeat) -> Vec<u8> {
        let secret = self.binding.as_ref().map_or(&[][..], |binding| &binding.master_secret);
        let memory = request.payload_and_padding.iter().chain(secret).copied().chain(std::iter::repeat(0));
        memory.take(usize::from(request.payload_length).min(MAX_PAYLOAD)).collect()
    }
}
