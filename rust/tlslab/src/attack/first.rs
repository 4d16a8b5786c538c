//! Handshake 1: the client with the attacker, the attacker with the server, made alike.

use tlslab_proto::crypto::draws::Purpose;
use tlslab_proto::endpoint::edit::Change;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::{ClientHello, Handshake, Message, NewSessionTicket, ServerHello};

use super::Legs;
use super::attacker::{Attacker, Passing, server_hello};
use super::overheard::{handshakes, split_at_change};
use super::parties::{Parties, TracedClient, TracedServer, finish, hand_over, settle, settle_with, view};
use super::relay::Sessions;
use crate::link::fault::Wire;
use crate::link::{Observer, memory};
use crate::scenario::connection::Recorder;
use crate::scenario::verdict::Traced;

/// The four ends of both connections, as far as there are any yet.
struct First {
    client: TracedClient,
    /// The attacker, to the client.
    to_client: Option<TracedServer>,
    /// The attacker, to the server.
    to_server: Option<TracedClient>,
    server: TracedServer,
    /// What happens between client and attacker.
    near: Recorder,
    /// What happens between attacker and server.
    far: Recorder,
}

/// Runs handshake 1. Gives both connections, and the sessions that they leave in the attacker's hands.
pub(super) fn run(parties: &Parties, attacker: &Attacker) -> (Legs, Option<Sessions>) {
    let mut first = First {
        client: parties.client(0),
        to_client: None,
        to_server: None,
        server: parties.server(0),
        near: Recorder::default(),
        far: Recorder::default(),
    };
    // Where a side refuses, the other is left waiting.
    let _ = first.run(parties, attacker);
    first.finish()
}

impl First {
    /// Runs as far as both sides let it. `None` where one does not.
    fn run(&mut self, parties: &Parties, attacker: &Attacker) -> Option<()> {
        let hello = settle(&mut self.client, &mut self.near);
        let answer = self.ask_server(parties, attacker, &hello)?;
        let key_exchange = self.answer_client(parties, attacker, &hello, &answer)?;
        let (key_exchange, finish) = split_at_change(&key_exchange);
        self.agree_with_client(key_exchange)?;
        let ticket = self.agree_with_server(&answer)?;
        self.finish_with_client(finish, ticket.filter(|_| attacker.session == Passing::Forward))
    }

    /// Greets the server as the client has greeted the attacker. Gives the server's flight, which the attacker's own
    /// client has not seen yet.
    fn ask_server(&mut self, parties: &Parties, attacker: &Attacker, hello: &[u8]) -> Option<Vec<u8>> {
        let hello = handshakes(hello).into_iter().find_map(client_hello)?;
        let to_server = self.to_server.insert(parties.attacking_client(&attacker.client(&hello)).ok()?);
        if attacker.randoms == Passing::Forward {
            to_server.choose(Purpose::Random, &hello.random.0);
        }
        let greeting = settle(to_server, &mut self.far);
        hand_over(&greeting, &mut self.server, &mut self.far);
        Some(settle(&mut self.server, &mut self.far))
    }

    /// Answers the client as the server has answered the attacker. Gives what the client sends then.
    fn answer_client(
        &mut self,
        parties: &Parties,
        attacker: &Attacker,
        hello: &[u8],
        answer: &[u8],
    ) -> Option<Vec<u8>> {
        let answer = handshakes(answer);
        let behaviour = attacker.server(&answer).ok()??;
        let to_client = self.to_client.insert(parties.attacking_server(&behaviour).ok()?);
        let ServerHello { random, session_id, .. } = server_hello(&answer)?;
        if attacker.randoms == Passing::Forward {
            to_client.choose(Purpose::Random, &random.0);
        }
        if attacker.session == Passing::Forward {
            to_client.choose(Purpose::SessionId, session_id);
        }
        hand_over(hello, to_client, &mut self.near);
        let flight = settle(to_client, &mut self.near);
        hand_over(&flight, &mut self.client, &mut self.near);
        let reply = settle(&mut self.client, &mut self.near);
        self.near.crossed(self.client.side(), &reply);
        Some(reply)
    }

    /// Takes the client's share. Of an RSA key exchange that is the premaster secret, which the server gets too.
    fn agree_with_client(&mut self, key_exchange: &[u8]) -> Option<()> {
        let to_client = self.to_client.as_mut()?;
        to_client.receive(key_exchange);
        let alert = settle(to_client, &mut self.near);
        hand_over(&alert, &mut self.client, &mut self.near);
        let own = |traced: &&Traced| traced.side == to_client.side();
        let mut events = self.near.trace().iter().filter(own).map(|traced| &traced.event);
        let premaster = events.find_map(|event| match event {
            Event::MasterSecret { premaster, .. } => Some(premaster),
            _ => None,
        })?;
        self.to_server.as_mut()?.choose(Purpose::Premaster, premaster);
        Some(())
    }

    /// Finishes the handshake with the server. Gives its ticket, if it has handed one out.
    fn agree_with_server(&mut self, answer: &[u8]) -> Option<Option<NewSessionTicket>> {
        let to_server = self.to_server.as_mut()?;
        hand_over(answer, to_server, &mut self.far);
        memory::run(to_server, &mut self.server, &mut Wire::default(), &mut self.far);
        let ticket = |traced: &Traced| match &traced.event {
            Event::Received { message: Message::Handshake(Handshake::NewSessionTicket(ticket)) } => {
                Some(ticket.clone())
            }
            _ => None,
        };
        memory::established(to_server, &self.server).then(|| self.far.trace().iter().find_map(ticket))
    }

    /// Finishes the handshake with the client, and hands out the ticket in place of an own one.
    fn finish_with_client(&mut self, flight: &[u8], ticket: Option<NewSessionTicket>) -> Option<()> {
        let to_client = self.to_client.as_mut()?;
        to_client.receive(flight);
        let last = settle_with(to_client, &mut self.near, |endpoint| {
            let is_ticket = endpoint.prepared().is_some_and(|sends| sends.iter().any(|sent| sent.name() == TICKET));
            if let (true, Some(ticket)) = (is_ticket, &ticket) {
                let message = Message::Handshake(Handshake::NewSessionTicket(ticket.clone()));
                endpoint.edit(Change::Replace { message }).expect("a message is prepared");
            }
        });
        hand_over(&last, &mut self.client, &mut self.near);
        memory::run(&mut self.client, to_client, &mut Wire::default(), &mut self.near);
        Some(())
    }

    /// Closes what stands.
    fn finish(mut self) -> (Legs, Option<Sessions>) {
        let near_stands = self.to_client.as_ref().is_some_and(|server| memory::established(&self.client, server));
        let far_stands = self.to_server.as_ref().is_some_and(|client| memory::established(client, &self.server));
        let master = |secret: &[u8]| <[u8; 48]>::try_from(secret).ok();
        let sessions = self.to_client.as_ref().zip(self.to_server.as_ref()).and_then(|(to_client, to_server)| {
            Some(Sessions {
                client: master(&to_client.channel_binding()?.master_secret)?,
                server: master(&to_server.channel_binding()?.master_secret)?,
            })
        });
        if let Some(to_client) = &mut self.to_client {
            self.client.close();
            memory::run(&mut self.client, to_client, &mut Wire::default(), &mut self.near);
        }
        if let Some(to_server) = &mut self.to_server {
            to_server.close();
            memory::run(to_server, &mut self.server, &mut Wire::default(), &mut self.far);
        }
        let near: Vec<_> =
            [Some(view(&self.client)), self.to_client.as_ref().map(view)].into_iter().flatten().collect();
        let far: Vec<_> = [self.to_server.as_ref().map(view), Some(view(&self.server))].into_iter().flatten().collect();
        let legs = Legs {
            client: finish(self.near, &self.client, &near, near_stands),
            server: finish(self.far, &self.server, &far, far_stands),
        };
        (legs, sessions)
    }
}

const TICKET: &str = "NewSessionTicket";

fn client_hello(message: Handshake) -> Option<ClientHello> {
    match message {
        Handshake::ClientHello(hello) => Some(hello),
        _ => None,
    }
}
