//! A session of FTP in memory: both cores, the control connection, and the data connection of the transfer that goes on.

use std::net::{IpAddr, Ipv4Addr};

use tlslab_proto::endpoint::edit::{Edit, EditError};
use tlslab_proto::endpoint::trace::Sink;
use tlslab_proto::endpoint::{Ending, Endpoint, Role, Status};

use super::ends::{End, Ends, Mode};
use super::{DATA_PORT, Place};
use crate::ftp::over_tls::{self, Told};
use crate::ftp::{Client, Core, DataEnd, Effect, Server, SharedFiles, Transfer};
use crate::link::Observer;
use crate::scenario::connection::Pair;
use crate::scenario::outcome::Outcome;

/// Where both sides are.
const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// More rounds than any session takes: an endless one is cut off here.
const MAX_ROUNDS: usize = 100_000;

/// Looks on at the connections of a session.
pub(super) trait Watch<S> {
    /// Who looks on at one connection.
    type Observer: Observer<S>;
    /// At the control connection.
    fn control(&mut self) -> &mut Self::Observer;
    /// At the data connection of the transfer at this position.
    fn data(&mut self, position: usize) -> &mut Self::Observer;
}

/// A session that has ended.
pub(super) struct Ran<W> {
    pub(super) outcome: Outcome,
    /// The data connections, with the positions of their transfers.
    pub(super) data: Vec<(usize, Outcome)>,
    pub(super) client: Client,
    pub(super) served: Vec<Transfer>,
    pub(super) watch: W,
}

/// A session that goes on.
pub(super) struct Run<'a, S, W> {
    place: Place<'a>,
    watch: W,
    client: Client,
    server: Server,
    control: Ends<S>,
    /// Whether each side has been told that the control connection is secured, and that it has ended.
    client_told: [bool; 2],
    server_told: [bool; 2],
    data: Option<Data<S>>,
    past: Vec<(usize, Outcome)>,
    edit_error: Option<EditError>,
}

/// A data connection.
struct Data<S> {
    ends: Ends<S>,
    /// That of its transfer.
    position: usize,
    client_told: Told,
    server_told: Told,
}

impl<'a, S: Sink, W: Watch<S>> Run<'a, S, W> {
    pub(super) fn new(place: Place<'a>, watch: W) -> Self {
        let Place { setup, draws, number, plan, ftp, .. } = place;
        let checked = "the plan was validated";
        let pair = setup.pair(draws, number, plan, place.stores);
        Self {
            watch,
            client: Client::new(ftp.client, HOST, ftp.actions()).expect(checked),
            server: Server::new(ftp.server, SharedFiles::new(ftp.server_files().expect(checked)), HOST),
            control: Ends::new(pair, Mode::Plain),
            client_told: [false; 2],
            server_told: [false; 2],
            data: None,
            past: Vec::new(),
            edit_error: None,
            place,
        }
    }

    /// Runs until both sides are done, or nothing moves. Then time is up: both are told, and have their last words.
    pub(super) fn run(mut self) -> Result<Ran<W>, EditError> {
        self.advance();
        self.client.timed_out();
        self.server.timed_out();
        self.advance();
        self.end_data();
        let pair = self.control.into_pair();
        self.edit_error = self.edit_error.or_else(|| pair.edit_error().cloned());
        let outcome = Outcome { ftp: self.client.end(), ..pair.outcome(is_sound(&pair)) };
        match self.edit_error {
            Some(error) => Err(error),
            None => Ok(Ran {
                outcome,
                data: self.past,
                served: self.server.transfers().to_vec(),
                client: self.client,
                watch: self.watch,
            }),
        }
    }

    fn advance(&mut self) {
        for _ in 0..MAX_ROUNDS {
            let mut moved = false;
            while let Some(effect) = self.client.next() {
                self.client_does(effect);
                moved = true;
            }
            while let Some(effect) = self.server.next() {
                self.server_does(effect);
                moved = true;
            }
            moved |= self.control.advance(self.watch.control());
            moved |= tell(&mut self.control.client, &mut self.client_told, &mut self.client);
            moved |= tell(&mut self.control.server, &mut self.server_told, &mut self.server);
            moved |= self.advance_data();
            if !moved {
                return;
            }
        }
    }

    fn advance_data(&mut self) -> bool {
        let Some(Data { ends, position, client_told, server_told }) = &mut self.data else { return false };
        let moved = ends.advance(self.watch.data(*position));
        let masters = (self.control.client.endpoint.master_secret(), self.control.server.endpoint.master_secret());
        let client = client_told.data(&mut ends.client.endpoint, masters.0, &mut self.client);
        let server = server_told.data(&mut ends.server.endpoint, masters.1, &mut self.server);
        moved | client | server
    }

    fn client_does(&mut self, effect: Effect) {
        match effect {
            Effect::Connect(port) => self.connect(port),
            Effect::Listen => {}
            effect => {
                let data = self.data.as_mut().map(|data| &mut data.ends.client);
                does(effect, &mut self.control.client, data, &mut self.client);
            }
        }
    }

    fn server_does(&mut self, effect: Effect) {
        match effect {
            Effect::Listen => self.server.listening(Some(DATA_PORT)),
            Effect::Connect(_) => {}
            effect => {
                let data = self.data.as_mut().map(|data| &mut data.ends.server);
                does(effect, &mut self.control.server, data, &mut self.server);
            }
        }
    }

    /// Makes the data connection of the transfer that the client is at.
    fn connect(&mut self, port: u16) {
        self.end_data();
        if port != DATA_PORT {
            return self.client.data_ended(DataEnd::Failed);
        }
        let position = self.client.transfers().len();
        let Place { setup, draws, number, ftp, stores, .. } = &mut self.place;
        let (edits, fault): (&[Edit], _) = match ftp.steps.get(position) {
            Some(step) => {
                stores.forget(&step.forgets);
                (&step.edits, step.fault)
            }
            None => (&[], None),
        };
        let connection = stores.next_data_connection();
        let mut environment = setup.environment(*draws, connection, edits, stores);
        environment.sessions = over_tls::data_sessions(ftp.client.data_sessions, &environment.sessions);
        let ends = Ends::new(setup.pair_in(*number, environment, fault), Mode::Waiting);
        self.data = Some(Data { ends, position, client_told: Told::default(), server_told: Told::default() });
    }

    /// Puts the data connection among those of the past.
    fn end_data(&mut self) {
        if let Some(Data { ends, position, .. }) = self.data.take() {
            let pair = ends.into_pair();
            self.edit_error = self.edit_error.take().or_else(|| pair.edit_error().cloned());
            self.past.push((position, pair.outcome(is_sound(&pair))));
        }
    }
}

/// Does what is done alike on both sides. `data` is this side's end of the data connection, if there is one.
fn does<R: Role, S: Sink>(effect: Effect, control: &mut End<R, S>, data: Option<&mut End<R, S>>, core: &mut impl Core) {
    match (effect, data) {
        (Effect::Send(bytes), _) if control.mode == Mode::Tls => control.endpoint.send(&bytes),
        (Effect::Send(bytes), _) => control.plain.extend(bytes),
        (Effect::Secure, _) => control.mode = Mode::Tls,
        (Effect::Close, _) => {
            control.endpoint.close();
            control.closes = true;
        }
        (Effect::SecureData, Some(data)) => data.mode = Mode::Tls,
        (Effect::SecureData, None) => core.data_ended(DataEnd::Failed),
        (Effect::SendData(bytes), Some(data)) => data.endpoint.send(&bytes),
        (Effect::CloseData(closing), Some(data)) => {
            over_tls::close(&mut data.endpoint, closing);
            data.closes = true;
            core.data_sent();
        }
        (Effect::SendData(_) | Effect::CloseData(_), None) | (Effect::Listen | Effect::Connect(_), _) => {}
    }
}

/// Tells a core what is new of its control connection. Gives whether there was something.
fn tell<R: Role, S: Sink>(end: &mut End<R, S>, told: &mut [bool; 2], core: &mut impl Core) -> bool {
    let before = *told;
    let [secured, ended] = told;
    if *end.endpoint.status() == Status::Established && !*secured {
        *secured = true;
        core.control_secured();
    }
    let mut received = std::mem::take(&mut end.arrived);
    received.extend(end.endpoint.take_received());
    if !received.is_empty() {
        core.control_received(&received);
    }
    if !*ended && (end.has_ended || has_ended(&end.endpoint)) {
        *ended = true;
        core.control_ended();
    }
    *told != before || !received.is_empty()
}

fn has_ended<R: Role, S: Sink>(endpoint: &Endpoint<R, S>) -> bool {
    matches!(endpoint.status(), Status::Ended(_))
}

/// Whether a connection was established and has ended as it should, or goes on.
fn is_sound<S: Sink>(pair: &Pair<S>) -> bool {
    let sound = |status: &Status| matches!(status, Status::Established | Status::Ended(Ending::Closed));
    let established = pair.client.established().is_some() && pair.server.established().is_some();
    established && sound(pair.client.status()) && sound(pair.server.status())
}
