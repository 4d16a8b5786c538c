//! What a server makes of an offer to resume a session, and what it hands out for the next one.

use super::ServerRole;
use super::hello::Offer;
use crate::behaviour::values::{Ems, ResumePolicy, ResumedEmsEcho, TicketKeySource, Version};
use crate::crypto::draws::Purpose;
use crate::crypto::suite;
use crate::endpoint::core::Core;
use crate::endpoint::fatal::Fatal;
use crate::endpoint::negotiated::nothing_negotiated;
use crate::endpoint::session::{MAX_SERVER_NAME, Session, SessionKind, TicketKey};
use crate::endpoint::trace::{Event, ResumptionReason, Sink};
use crate::wire::registry::AlertDescription;
use crate::wire::{Bytes, ClientHello, NewSessionTicket};

impl ServerRole {
    /// The session that the ClientHello offers, if it is to be resumed; `None` for a full handshake.
    ///
    /// # Errors
    /// handshake_failure where RFC 7627 5.3 and the behaviour abort; illegal_parameter where the ClientHello lacks the
    /// suite of the session that it offers, which it must have (RFC 5246 7.4.1.2).
    pub(super) fn session_to_resume<S: Sink>(
        &mut self,
        core: &mut Core<S>,
        hello: &ClientHello,
        offer: &Offer<'_>,
        version: Version,
    ) -> Result<Option<(SessionKind, Session)>, Fatal> {
        let Some(kind) = offered_kind(core, hello, offer) else { return Ok(None) };
        let (session, reason) = match self.look_up(core, kind, hello, offer) {
            Ok(session) => {
                let reason = self.compare(core, &session, hello, offer, version);
                (Some(session), reason)
            }
            Err(reason) => (None, reason),
        };
        let lacks_suite = session.as_ref().is_some_and(|session| !hello.cipher_suites.contains(&session.suite));
        let decision = match reason {
            ResumptionReason::Suite if lacks_suite => ResumePolicy::Abort,
            _ => self.decide(reason),
        };
        core.sink.record(|| Event::ResumptionDecided { kind, decision, reason });
        if decision != ResumePolicy::Full && kind == SessionKind::SessionId {
            self.session_id = hello.session_id.clone();
        }
        match decision {
            ResumePolicy::Resume => Ok(session.map(|session| (kind, session))),
            ResumePolicy::Full => Ok(None),
            ResumePolicy::Abort if lacks_suite => {
                let reason = "the client offers a session, and not the suite of it";
                Err(Fatal::alert(AlertDescription::ILLEGAL_PARAMETER, reason))
            }
            ResumePolicy::Abort => {
                let reason = "the session that the client offers and its ClientHello do not go together as to EMS";
                Err(Fatal::alert(AlertDescription::HANDSHAKE_FAILURE, reason))
            }
        }
    }

    fn look_up<S: Sink>(
        &self,
        core: &Core<S>,
        kind: SessionKind,
        hello: &ClientHello,
        offer: &Offer<'_>,
    ) -> Result<Session, ResumptionReason> {
        let store = &core.environment.sessions.server;
        let is_over = |since: u64, lifetime: u32| core.environment.now.saturating_sub(since) >= u64::from(lifetime);
        match kind {
            SessionKind::SessionId => {
                let session = store.get(&hello.session_id).ok_or(ResumptionReason::Unknown)?;
                if is_over(session.created_at, self.config.own.session_lifetime) {
                    store.remove(&hello.session_id);
                    return Err(ResumptionReason::Expired);
                }
                Ok(session)
            }
            SessionKind::Ticket => {
                let ticket = offer.ticket.map_or(&[][..], |ticket| &ticket[..]);
                let (session, issued_at) =
                    self.ticket_key(core).open(ticket).map_err(|_| ResumptionReason::TicketRefused)?;
                if is_over(issued_at, self.config.own.ticket_lifetime) {
                    return Err(ResumptionReason::Expired);
                }
                Ok(session)
            }
        }
    }

    /// Holds the session against the ClientHello. What keeps it from being resumed at all comes before what RFC 7627 5.3
    /// says of those that could be.
    fn compare<S: Sink>(
        &self,
        core: &Core<S>,
        session: &Session,
        hello: &ClientHello,
        offer: &Offer<'_>,
        version: Version,
    ) -> ResumptionReason {
        let speaks = |suite| suite::params(suite).is_some_and(|params| params.min_version() <= version.wire());
        let is_other_name =
            |name: &[u8]| !session.server_name.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(name));
        let suite = session.suite;
        if session.version != version {
            return ResumptionReason::Version;
        }
        if !hello.cipher_suites.contains(&suite) || !self.config.suites.contains(&suite) || !speaks(suite) {
            return ResumptionReason::Suite;
        }
        if offer.server_name.is_some_and(|name| is_other_name(name)) {
            return ResumptionReason::ServerName;
        }
        match (session.ems, understands_ems(core, offer)) {
            (true, true) => ResumptionReason::Match,
            (false, true) => ResumptionReason::Upgrade,
            (true, false) => ResumptionReason::Downgrade,
            (false, false) => ResumptionReason::Legacy,
        }
    }

    fn decide(&self, reason: ResumptionReason) -> ResumePolicy {
        match reason {
            ResumptionReason::Match => ResumePolicy::Resume,
            ResumptionReason::Upgrade => self.config.own.resume_upgrade,
            ResumptionReason::Downgrade => self.config.own.resume_downgrade,
            ResumptionReason::Legacy => self.config.own.resume_legacy,
            _ => ResumePolicy::Full,
        }
    }

    /// Whether the ServerHello of an abbreviated handshake has the extended_master_secret extension.
    pub(super) fn echoes_ems<S: Sink>(&self, core: &Core<S>, offer: &Offer<'_>, session: &Session) -> bool {
        understands_ems(core, offer)
            && match self.config.own.resumed_ems_echo {
                ResumedEmsEcho::Session => session.ems,
                ResumedEmsEcho::Hello => true,
                ResumedEmsEcho::Omit => false,
            }
    }

    /// The session id of a full handshake. RFC 5077 3.4: none where a ticket is going to be issued.
    pub(super) fn fresh_session_id<S: Sink>(&self, core: &Core<S>, offer: &Offer<'_>) -> Bytes {
        if core.knobs.resumption.by_session_id() && !self.issues_ticket && keeps_name(offer) {
            core.draw::<32>(Purpose::SessionId).into()
        } else {
            Bytes::default()
        }
    }

    /// The ticket, for the session of this connection.
    pub(super) fn new_session_ticket<S: Sink>(&self, core: &mut Core<S>) -> Result<NewSessionTicket, Fatal> {
        let lifetime = self.config.own.ticket_lifetime;
        let session = self.session(core).ok_or_else(nothing_negotiated)?;
        let ticket = self
            .ticket_key(core)
            .seal(&session, core.environment.now, core.draw(Purpose::Ticket))
            .map_err(|error| Fatal::alert(AlertDescription::INTERNAL_ERROR, error.to_string()))?;
        core.sink.record(|| Event::NewTicket { ticket: ticket.clone().into(), lifetime, ems: session.ems });
        Ok(NewSessionTicket { ticket_lifetime_hint: lifetime, ticket: ticket.into() })
    }

    /// Keeps the session of a full handshake under the id that it was given.
    pub(super) fn keep_session<S: Sink>(&self, core: &Core<S>) {
        if let Some(session) = self.session(core).filter(|_| !self.session_id.is_empty()) {
            core.environment.sessions.server.put(&self.session_id, session);
        }
    }

    /// Forgets the session of this connection, or the one that it refused. What is in a ticket cannot be forgotten.
    pub(super) fn forget_session<S: Sink>(&mut self, core: &Core<S>) {
        for session_id in [&mut self.session_id, &mut self.former_session_id].map(std::mem::take) {
            if !session_id.is_empty() {
                core.environment.sessions.server.remove(&session_id);
            }
        }
    }

    /// The key that there is, or one that the behaviour makes.
    fn ticket_key<S: Sink>(&self, core: &Core<S>) -> TicketKey {
        let fresh = match self.config.own.ticket_key {
            TicketKeySource::Random => core.draw(Purpose::TicketKey),
            TicketKeySource::Zeros => [0; TicketKey::LEN],
        };
        core.environment.sessions.server.ticket_key(TicketKey::new(fresh))
    }

    fn session<S: Sink>(&self, core: &Core<S>) -> Option<Session> {
        core.negotiated.as_ref()?.session(self.server_name.clone(), core.environment.now)
    }
}

/// By what the client offers a session, as far as the server understands it. RFC 5077 3.4: beside a ticket the session id
/// is not looked at.
fn offered_kind<S: Sink>(core: &Core<S>, hello: &ClientHello, offer: &Offer<'_>) -> Option<SessionKind> {
    let resumption = core.knobs.resumption;
    if resumption.by_ticket() && offer.ticket.is_some_and(|ticket| !ticket.is_empty()) {
        return Some(SessionKind::Ticket);
    }
    (resumption.by_session_id() && !hello.session_id.is_empty()).then_some(SessionKind::SessionId)
}

/// Whether the ClientHello has the extension, and the server knows it.
fn understands_ems<S: Sink>(core: &Core<S>, offer: &Offer<'_>) -> bool {
    offer.ems && core.knobs.ems != Ems::Off
}

/// Whether a session of this ClientHello is kept, or put in a ticket: its server's name may not be endless.
pub(super) fn keeps_name(offer: &Offer<'_>) -> bool {
    offer.server_name.is_none_or(|name| name.len() <= MAX_SERVER_NAME)
}
