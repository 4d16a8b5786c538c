//! A client: it secures the control connection, logs in as anonymous, transfers what it is told to, and quits.

use std::collections::VecDeque;
use std::net::IpAddr;

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::session::SessionKind;

use super::transfer::say;
use super::{
    Action, ClientDataSessions, ClientRules, Closing, Command, Core, DataEnd, DataTls, Effect, End, FtpError, Line,
    MAX_TRANSFER, Reply, ReplyReader, Transfer, address, is_classic,
};

/// What anonymous gives as its password, by custom an address.
const PASSWORD: &str = "tlslab@";

/// A client of FTP over TLS (RFC 4217).
#[derive(Debug)]
pub struct Client {
    rules: ClientRules,
    host: IpAddr,
    actions: VecDeque<Action>,
    state: State,
    replies: ReplyReader,
    effects: VecDeque<Effect>,
    running: Option<Running>,
    transfers: Vec<Transfer>,
    dialogue: Vec<Line>,
    failure: Option<End>,
    error: Option<String>,
}

/// Whose reply is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Greeting,
    Auth,
    /// The handshake.
    Securing,
    User,
    Password,
    BufferSize,
    Protection,
    Type,
    ExtendedPassive,
    Passive,
    Transfer,
    Quit,
    Over,
}

/// The transfer that goes on.
#[derive(Debug)]
struct Running {
    action: Action,
    data: Data,
    /// The last reply to the command.
    reply: Option<Reply>,
    /// Why the client itself has given up.
    gave_up: Option<End>,
    error: Option<String>,
    resumed: Option<SessionKind>,
    received: Vec<u8>,
}

/// How far a data connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Data {
    None,
    Connected,
    Securing,
    Secured,
    Sent,
    Ended(DataEnd),
}

impl Client {
    /// A client of the server at `host`, which is waited for to greet.
    ///
    /// # Errors
    /// A path that no command can carry.
    pub fn new(rules: ClientRules, host: IpAddr, actions: Vec<Action>) -> Result<Self, FtpError> {
        actions.iter().try_for_each(Action::validate)?;
        Ok(Self {
            rules,
            host,
            actions: actions.into(),
            state: State::Greeting,
            replies: ReplyReader::default(),
            effects: VecDeque::new(),
            running: None,
            transfers: Vec::new(),
            dialogue: Vec::new(),
            failure: None,
            error: None,
        })
    }

    /// How the session ended: the first failure, if there was one; `None` while it goes on.
    pub fn end(&self) -> Option<End> {
        (self.state == State::Over).then_some(self.failure.unwrap_or(End::Complete))
    }

    /// What was wrong with the session, in words, where words are needed.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    fn say(&mut self, verb: &str, argument: &str, next: State) {
        let command = Command::new(verb, argument);
        say(&mut self.dialogue, Side::Client, command.to_string());
        self.effects.push_back(Effect::Send(command.to_bytes()));
        self.state = next;
    }

    /// The state table.
    fn receive(&mut self, reply: Reply) {
        say(&mut self.dialogue, Side::Server, reply.to_string());
        match (self.state, reply.code) {
            (State::Over | State::Securing, _) => {}
            (State::Quit, _) => self.close(),
            // RFC 959 5.4: the server may say so at any time, and closes.
            (_, 421) => self.stop(End::Reply(421)),
            (State::Transfer, _) => self.receive_in_transfer(reply),
            // "Service ready in nnn minutes."
            (State::Greeting, 120) => {}
            (State::Greeting, 220) => self.say("AUTH", "TLS", State::Auth),
            (State::Auth, 234) if !self.replies.is_empty() => self.fail(&FtpError::PlainAfterAuth),
            (State::Auth, 234) => {
                self.effects.push_back(Effect::Secure);
                self.state = State::Securing;
            }
            (State::User, 331) => self.say("PASS", PASSWORD, State::Password),
            // RFC 4217 9: PBSZ comes before PROT, and is 0 with TLS.
            (State::User | State::Password, 230 | 202 | 232) => self.say("PBSZ", "0", State::BufferSize),
            (State::BufferSize, 200..300) => self.say("PROT", "P", State::Protection),
            (State::Protection, 200..300) => self.say("TYPE", "I", State::Type),
            (State::Type, 200..300) => self.next_action(),
            (State::ExtendedPassive, 229) | (State::Passive, 227) => self.open(&reply),
            (State::ExtendedPassive, 500..600) if is_classic(self.host) => self.say("PASV", "", State::Passive),
            (State::ExtendedPassive | State::Passive, code) => self.finish_with(End::Reply(code), Some(code), None),
            (_, code) => {
                self.failure.get_or_insert(End::Reply(code));
                self.drop_actions(End::Reply(code));
                self.say("QUIT", "", State::Quit);
            }
        }
    }

    /// Begins the next transfer, or the end.
    fn next_action(&mut self) {
        match self.actions.pop_front() {
            Some(action) => {
                self.running = Some(Running {
                    action,
                    data: Data::None,
                    reply: None,
                    gave_up: None,
                    error: None,
                    resumed: None,
                    received: Vec::new(),
                });
                self.say("EPSV", "", State::ExtendedPassive);
            }
            None => self.say("QUIT", "", State::Quit),
        }
    }

    /// Connects to where the server listens, and says what for.
    fn open(&mut self, reply: &Reply) {
        let port = match address::of_reply(reply, self.host) {
            Ok(port) => port,
            Err(error) => return self.finish_with(End::Protocol, Some(reply.code), Some(error.to_string())),
        };
        let Some(running) = &mut self.running else { return };
        running.data = Data::Connected;
        let (verb, path) = (running.action.verb(), running.action.path().to_owned());
        self.effects.push_back(Effect::Connect(port));
        self.say(verb, &path, State::Transfer);
    }

    fn receive_in_transfer(&mut self, reply: Reply) {
        let Some(running) = &mut self.running else { return };
        if reply.is_preliminary() {
            if running.data == Data::Connected {
                running.data = Data::Securing;
                self.effects.push_back(Effect::SecureData);
            }
            return;
        }
        running.reply = Some(reply);
        self.finish();
    }

    /// Ends the transfer, once both the data connection and the server have said all. A refusal needs no more words.
    fn finish(&mut self) {
        let Some(Running { action, data, reply: Some(reply), gave_up, error, .. }) = &self.running else { return };
        let is_upload = matches!(action, Action::Store { .. });
        let end = match (gave_up, data) {
            (Some(end), _) => *end,
            _ if !reply.is_completion() => End::Reply(reply.code),
            (None, Data::Sent) if is_upload => End::Complete,
            (None, Data::Ended(DataEnd::Clean)) if !is_upload => End::Complete,
            (None, Data::Ended(DataEnd::Clean | DataEnd::Truncated)) => End::Truncated,
            (None, Data::Ended(DataEnd::Failed)) => End::DataFailed,
            (None, Data::Ended(DataEnd::TimedOut)) => End::TimedOut,
            // The server says that all is done, and there is no data connection that anything went over.
            (None, Data::None | Data::Connected) => End::DataFailed,
            (None, Data::Securing | Data::Secured | Data::Sent) => return,
        };
        let (code, error) = (reply.code, error.clone());
        self.finish_with(end, Some(code), error);
    }

    fn finish_with(&mut self, end: End, reply: Option<u16>, error: Option<String>) {
        if self.end_transfer(end, reply, error) {
            self.next_action();
        }
    }

    /// Puts the transfer that goes on among those that have ended. Gives whether there was one.
    fn end_transfer(&mut self, end: End, reply: Option<u16>, error: Option<String>) -> bool {
        let Some(running) = self.running.take() else { return false };
        if matches!(running.data, Data::Connected | Data::Securing | Data::Secured) {
            self.effects.push_back(Effect::CloseData(Closing::Abrupt));
        }
        if end != End::Complete {
            self.failure.get_or_insert(end);
        }
        self.transfers.push(Transfer {
            command: running.action.verb(),
            path: running.action.path().to_owned(),
            end,
            reply,
            error,
            resumed: running.resumed,
            received: running.received.into(),
        });
        true
    }

    /// What is still to be done is not done.
    fn drop_actions(&mut self, end: End) {
        for action in std::mem::take(&mut self.actions) {
            self.transfers.push(Transfer {
                command: action.verb(),
                path: action.path().to_owned(),
                end,
                reply: None,
                error: None,
                resumed: None,
                received: Vec::new().into(),
            });
        }
    }

    /// Ends the session by something that is wrong with what the server says.
    fn fail(&mut self, error: &FtpError) {
        self.error = Some(error.to_string());
        self.stop(End::Protocol);
    }

    /// Ends the session, the transfers that are not done along with it.
    fn stop(&mut self, end: End) {
        if self.state == State::Over {
            return;
        }
        let running = self.running.as_ref();
        let end_of_running = running.and_then(|running| running.gave_up).unwrap_or(end);
        let reply = running.and_then(|running| running.reply.as_ref()).map(|reply| reply.code);
        self.end_transfer(end_of_running, reply, self.error.clone());
        if self.state != State::Quit {
            self.failure.get_or_insert(end);
        }
        self.drop_actions(end);
        self.close();
    }

    fn close(&mut self) {
        self.effects.push_back(Effect::Close);
        self.state = State::Over;
    }

    /// Gives the transfer up, and closes its data connection.
    fn give_up(&mut self, end: Option<End>, error: Option<FtpError>, closing: Closing) {
        let Some(running) = &mut self.running else { return };
        running.gave_up = end;
        running.error = error.map(|error| error.to_string());
        running.data = Data::Ended(DataEnd::Failed);
        self.effects.push_back(Effect::CloseData(closing));
        self.finish();
    }
}

impl Core for Client {
    fn next(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    fn control_received(&mut self, bytes: &[u8]) {
        self.replies.push(bytes);
        while self.state != State::Over {
            match self.replies.next_reply() {
                Ok(Some(reply)) => self.receive(reply),
                Ok(None) => break,
                Err(error) => self.fail(&error),
            }
        }
    }

    fn control_secured(&mut self) {
        if self.state == State::Securing {
            self.say("USER", "anonymous", State::User);
        }
    }

    fn control_ended(&mut self) {
        self.stop(End::Closed);
    }

    fn data_secured(&mut self, DataTls { resumed, .. }: DataTls) {
        let Some(running) = self.running.as_mut().filter(|running| running.data == Data::Securing) else { return };
        running.data = Data::Secured;
        running.resumed = resumed;
        match (self.rules.data_sessions, resumed) {
            (ClientDataSessions::Insist, None) => self.give_up(Some(End::NotResumed), None, Closing::Abrupt),
            (ClientDataSessions::BreakClose, Some(_)) => self.give_up(None, None, Closing::Abrupt),
            (ClientDataSessions::BreakAlert, Some(_)) => self.give_up(None, None, Closing::Alert),
            _ => {
                if let Action::Store { data, .. } = &running.action {
                    self.effects.push_back(Effect::SendData(data.0.clone()));
                    self.effects.push_back(Effect::CloseData(Closing::Notify));
                }
            }
        }
    }

    fn data_received(&mut self, bytes: &[u8]) {
        let Some(running) = self.running.as_mut().filter(|running| running.data == Data::Secured) else { return };
        running.received.extend_from_slice(bytes);
        if running.received.len() > MAX_TRANSFER {
            self.give_up(Some(End::Protocol), Some(FtpError::TooMuchData), Closing::Abrupt);
        }
    }

    fn data_sent(&mut self) {
        if let Some(running) = self.running.as_mut().filter(|running| running.data == Data::Secured) {
            running.data = Data::Sent;
            self.finish();
        }
    }

    fn data_ended(&mut self, end: DataEnd) {
        let Some(running) = &mut self.running else { return };
        if matches!(running.data, Data::Connected | Data::Securing | Data::Secured) {
            // What ends before its handshake has failed, however politely.
            let is_secured = running.data == Data::Secured;
            running.data = Data::Ended(if is_secured || end == DataEnd::TimedOut { end } else { DataEnd::Failed });
            self.finish();
        }
    }

    fn timed_out(&mut self) {
        self.stop(End::TimedOut);
    }

    fn transfers(&self) -> &[Transfer] {
        &self.transfers
    }

    fn dialogue(&self) -> &[Line] {
        &self.dialogue
    }
}
