//! The session that a client offers, how it finds out whether that was resumed, and what it keeps.

use super::{ClientRole, State};
use crate::behaviour::values::{Ems, Offering, ResumedEmsCheck, TicketSessionId};
use crate::crypto::draws::Purpose;
use crate::endpoint::core::Core;
use crate::endpoint::fatal::Fatal;
use crate::endpoint::negotiated::nothing_negotiated;
use crate::endpoint::session::{ClientSession, Handle, Ticket};
use crate::endpoint::trace::{Event, Sink};
use crate::wire::registry::AlertDescription;
use crate::wire::{Bytes, NewSessionTicket};

/// What a client's hellos say of sessions.
#[derive(Default)]
pub(super) struct Resumption {
    offered: Option<ClientSession>,
    /// The session id made up to go along with a ticket (RFC 5077 3.4).
    made_up_id: Bytes,
    /// The session id of ServerHello.
    server_id: Bytes,
    ticket_promised: bool,
    pub(super) new_ticket: Option<NewSessionTicket>,
    kept: bool,
}

impl Resumption {
    /// What another handshake of the connection begins with.
    pub(super) fn of_the_next_handshake(&self) -> Self {
        Self { kept: self.kept || self.offered.is_some(), ..Self::default() }
    }

    /// The session id of ClientHello.
    pub(super) fn session_id(&self) -> Bytes {
        match self.offered.as_ref().map(|offered| &offered.handle) {
            Some(Handle::SessionId(id)) => id.clone(),
            Some(Handle::Ticket(_)) => self.made_up_id.clone(),
            None => Bytes::default(),
        }
    }

    /// The ticket of ClientHello, empty where none is offered.
    pub(super) fn ticket(&self) -> Bytes {
        match self.offered.as_ref().map(|offered| &offered.handle) {
            Some(Handle::Ticket(Ticket { ticket, .. })) => ticket.clone(),
            _ => Bytes::default(),
        }
    }

    pub(super) fn on_server_hello(&mut self, server_id: Bytes, ticket_promised: bool) {
        (self.server_id, self.ticket_promised) = (server_id, ticket_promised);
    }

    /// Whether ServerHello resumes the session that was offered: it echoes the session id (RFC 5246 7.4.1.3, RFC 5077
    /// 3.4). `None` where a ticket went without one, and the messages that follow have to tell.
    pub(super) fn accepted(&self) -> Option<bool> {
        match (&self.offered, self.session_id()) {
            (None, _) => Some(false),
            (Some(_), sent) if sent.is_empty() => None,
            (Some(_), sent) => Some(sent == self.server_id),
        }
    }

    /// What comes before the server's Finished.
    pub(super) fn state_before_change(&self) -> State {
        if self.ticket_promised { State::NewSessionTicket } else { State::ChangeCipherSpec }
    }
}

impl ClientRole {
    /// Chooses the session to offer, if there is one to this server that the behaviour offers.
    pub(super) fn choose_session<S: Sink>(&mut self, core: &mut Core<S>) {
        let server_name = self.config.own.server_name.as_deref();
        let offered = core.environment.sessions.client.get(server_name).filter(|session| self.offers(core, session));
        if let Some(session) = &offered {
            let (kind, ems) = (session.kind(), session.session.ems);
            core.sink.record(|| Event::SessionOffered { kind, ems });
            let makes_up = self.config.own.ticket_session_id == TicketSessionId::Fresh;
            if makes_up && matches!(session.handle, Handle::Ticket(_)) {
                self.resumption.made_up_id = core.draw::<32>(Purpose::SessionId).into();
            }
        }
        self.resumption.offered = offered;
    }

    fn offers<S: Sink>(&self, core: &Core<S>, offered: &ClientSession) -> bool {
        let (shared, own) = (&core.knobs, &self.config.own);
        let ClientSession { handle, session } = offered;
        let by_handshake = !core.handshakes.is_renegotiation() || own.offer_in_renegotiation == Offering::Offer;
        let by_handle = match handle {
            Handle::SessionId(_) => shared.resumption.by_session_id(),
            Handle::Ticket(_) => shared.resumption.by_ticket() && !offered.is_stale(core.environment.now),
        };
        let by_ems = match (session.ems, shared.ems != Ems::Off) {
            (true, true) => true,
            (true, false) => own.offer_downgrade == Offering::Offer,
            (false, _) => own.offer_without_ems == Offering::Offer,
        };
        // RFC 5246 7.4.1.2: the list of suites includes the session's.
        by_handshake
            && by_handle
            && by_ems
            && core.speaks(session.version)
            && self.config.suites.contains(&session.suite)
    }

    /// Takes up the session that was offered, the server having done so, and holds ServerHello against it.
    pub(super) fn resume<S: Sink>(&mut self, core: &mut Core<S>) -> Result<(), Fatal> {
        let offered = self.resumption.offered.as_ref().ok_or_else(nothing_negotiated)?;
        let (kind, session) = (offered.kind(), offered.session.clone());
        let negotiated = core.negotiated()?;
        let (version, suite, echoed_ems) = (negotiated.version, negotiated.suite, negotiated.ems);
        let mismatch = if (version, suite) != (session.version, session.suite) {
            // RFC 5246 7.4.1.3: the suite is that of the session; so is the version (RFC 5246 E.1 knows no other).
            let reason = "the server resumes the session with another version or suite than it has";
            Some(Fatal::alert(AlertDescription::ILLEGAL_PARAMETER, reason))
        } else if echoed_ems != session.ems && self.config.own.resumed_ems_check == ResumedEmsCheck::Enforce {
            let reason = "the extended_master_secret extension of ServerHello is not that of the session it resumes";
            Some(Fatal::alert(AlertDescription::HANDSHAKE_FAILURE, reason))
        } else {
            None
        };
        core.resume(kind, session)?;
        self.state = self.resumption.state_before_change();
        mismatch.map_or(Ok(()), Err)
    }

    /// Keeps what the handshake left to resume. A ticket takes the place of a session id (RFC 5077 3.4).
    pub(super) fn keep_session<S: Sink>(&mut self, core: &Core<S>) {
        let own_name = self.config.own.server_name.as_deref();
        let (shared, now) = (&core.knobs, core.environment.now);
        let handle = match self.resumption.new_ticket.take().filter(|new| !new.ticket.is_empty()) {
            Some(NewSessionTicket { ticket_lifetime_hint, ticket }) => {
                Handle::Ticket(Ticket { ticket, lifetime_hint: ticket_lifetime_hint, received_at: now })
            }
            None if core.resumed().is_some() => return,
            None if shared.resumption.by_session_id() && !self.resumption.server_id.is_empty() => {
                Handle::SessionId(self.resumption.server_id.clone())
            }
            None => return,
        };
        let session = core.negotiated.as_ref().and_then(|agreed| agreed.session(own_name.map(Into::into), now));
        if let Some(session) = session {
            core.environment.sessions.client.put(own_name, ClientSession { handle, session });
            self.resumption.kept = true;
        }
    }

    /// Forgets the session that was offered or kept, if it was.
    pub(super) fn forget_session<S: Sink>(&mut self, core: &Core<S>) {
        let had = self.resumption.offered.take().is_some();
        if std::mem::take(&mut self.resumption.kept) || had {
            core.environment.sessions.client.remove(self.config.own.server_name.as_deref());
        }
    }
}
