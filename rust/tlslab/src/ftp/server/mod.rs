//! A server for anonymous clients, protected transfers and passive data connections alone.

mod commands;

use std::collections::VecDeque;
use std::net::IpAddr;

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::session::SessionKind;

use super::lines::Lines;
use super::transfer::say;
use super::{
    Closing, Command, Core, DataEnd, DataTls, Effect, End, Line, MAX_TRANSFER, Reply, ServerDataSessions, ServerRules,
    SharedFiles, Transfer, address, is_classic,
};

/// As many bytes of commands as wait while a transfer goes on.
const MAX_WAITING: usize = 1 << 16;

/// A server of FTP over TLS (RFC 4217), for one client.
#[derive(Debug)]
pub struct Server {
    rules: ServerRules,
    files: SharedFiles,
    host: IpAddr,
    awaits: Awaits,
    lines: Lines,
    effects: VecDeque<Effect>,
    is_secured: bool,
    login: Login,
    has_buffer_size: bool,
    is_private: bool,
    directory: String,
    /// Whether a client can make a data connection.
    is_listening: bool,
    running: Option<Running>,
    transfers: Vec<Transfer>,
    dialogue: Vec<Line>,
}

/// What must happen before the next command is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaits {
    /// Nothing.
    Command,
    /// The handshake.
    Handshake,
    /// A port to tell by EPSV, or by PASV.
    Port { extended: bool },
    /// The end of a transfer.
    Transfer,
    /// Nothing ever comes.
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Login {
    None,
    Named,
    Done,
}

/// The transfer that goes on.
#[derive(Debug)]
struct Running {
    command: &'static str,
    path: String,
    work: Work,
    is_secured: bool,
    resumed: Option<SessionKind>,
}

/// What a transfer moves.
#[derive(Debug)]
enum Work {
    Send(Vec<u8>),
    Receive(Vec<u8>),
}

impl Server {
    /// A server at the address `host`, for one client, which is greeted.
    pub fn new(rules: ServerRules, files: SharedFiles, host: IpAddr) -> Self {
        let mut server = Self {
            rules,
            files,
            host,
            awaits: Awaits::Command,
            lines: Lines::default(),
            effects: VecDeque::new(),
            is_secured: false,
            login: Login::None,
            has_buffer_size: false,
            is_private: false,
            directory: "/".to_owned(),
            is_listening: false,
            running: None,
            transfers: Vec::new(),
            dialogue: Vec::new(),
        };
        server.reply(220, "tlslab: FTP over TLS, for anonymous");
        server
    }

    /// The port at which a data connection is waited for, as [`Effect::Listen`] asked; `None` where none is to be had.
    pub fn listening(&mut self, port: Option<u16>) {
        let Awaits::Port { extended } = self.awaits else { return };
        self.awaits = Awaits::Command;
        self.is_listening = port.is_some();
        match (port, self.host.to_canonical()) {
            (None, _) => self.reply(425, "no port to listen on"),
            (Some(port), IpAddr::V4(host)) if !extended => self.answer(&address::passive(host, port)),
            (Some(port), _) => self.answer(&address::extended_passive(port)),
        }
        self.advance();
    }

    fn reply(&mut self, code: u16, text: &str) {
        self.answer(&Reply::new(code, text));
    }

    fn answer(&mut self, reply: &Reply) {
        say(&mut self.dialogue, Side::Server, reply.to_string());
        self.effects.push_back(Effect::Send(reply.to_bytes()));
    }

    /// Obeys the commands that have arrived, as far as they can be obeyed now.
    fn advance(&mut self) {
        while self.awaits == Awaits::Command {
            match self.lines.next() {
                Ok(Some(line)) => {
                    let command = Command::parse(&line);
                    say(&mut self.dialogue, Side::Client, command.to_string());
                    self.obey(&command);
                }
                Ok(None) => return,
                Err(error) => self.close(500, &error.to_string()),
            }
        }
    }

    /// Says why, and closes the control connection.
    fn close(&mut self, code: u16, text: &str) {
        self.reply(code, text);
        self.end(End::Reply(code));
    }

    /// Closes the control connection, a transfer that goes on along with it.
    fn end(&mut self, end: End) {
        if self.awaits != Awaits::Over {
            if self.running.is_some() {
                self.effects.push_back(Effect::CloseData(Closing::Abrupt));
                self.end_transfer(end, None);
            }
            self.effects.push_back(Effect::Close);
            self.awaits = Awaits::Over;
        }
    }

    /// Begins a transfer over the data connection that the client has made, or will.
    fn start(&mut self, command: &'static str, path: String, work: Work) {
        self.reply(150, "the data connection is being secured");
        self.effects.push_back(Effect::SecureData);
        self.running = Some(Running { command, path, work, is_secured: false, resumed: None });
        self.is_listening = false;
        self.awaits = Awaits::Transfer;
    }

    /// Ends the transfer, and says how.
    fn finish(&mut self, end: End, code: u16, text: &str) {
        if self.running.is_some() {
            self.reply(code, text);
            self.end_transfer(end, Some(code));
            self.awaits = Awaits::Command;
            self.advance();
        }
    }

    /// Closes the data connection, and says why.
    fn refuse(&mut self, closing: Closing, code: u16, text: &str) {
        self.effects.push_back(Effect::CloseData(closing));
        self.finish(End::Reply(code), code, text);
    }

    fn end_transfer(&mut self, end: End, reply: Option<u16>) {
        let Some(Running { command, path, work, resumed, .. }) = self.running.take() else { return };
        let received = match work {
            Work::Send(_) => Vec::new(),
            Work::Receive(data) => data,
        };
        self.transfers.push(Transfer { command, path, end, reply, error: None, resumed, received: received.into() });
    }

    /// Keeps a file that has arrived whole.
    fn keep(&mut self) {
        let Some(Running { path, work: Work::Receive(data), .. }) = &self.running else { return };
        let kept = self.files.lock().write(path, data.clone());
        match kept {
            Ok(()) => self.finish(End::Complete, 226, "stored"),
            Err(error) => self.finish(End::Reply(452), 452, &error.to_string()),
        }
    }
}

impl Core for Server {
    fn next(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    fn control_received(&mut self, bytes: &[u8]) {
        if self.awaits == Awaits::Over {
            return;
        }
        self.lines.push(bytes);
        self.advance();
        if self.awaits != Awaits::Over && self.lines.len() > MAX_WAITING {
            self.close(500, "too many commands at once");
        }
    }

    fn control_secured(&mut self) {
        if self.awaits == Awaits::Handshake {
            self.is_secured = true;
            self.awaits = Awaits::Command;
            self.advance();
        }
    }

    fn control_ended(&mut self) {
        self.end(End::Closed);
    }

    fn data_secured(&mut self, DataTls { resumed, same_session }: DataTls) {
        let Some(running) = &mut self.running else { return };
        running.is_secured = true;
        running.resumed = resumed;
        let required = "the data connection must resume the session of the control connection";
        let broken = "the data connection was lost";
        // vsftpd and mod_tls close what they refuse with a close_notify, by SSL_shutdown.
        match (self.rules.data_sessions, resumed) {
            (ServerDataSessions::Require522, None) => {
                self.lines.clear();
                self.refuse(Closing::Notify, 522, required);
                self.end(End::Reply(522));
            }
            (ServerDataSessions::Require425, _) if !same_session => self.refuse(Closing::Notify, 425, required),
            (ServerDataSessions::Require450, _) if !same_session => self.refuse(Closing::Notify, 450, required),
            (ServerDataSessions::BreakClose, Some(_)) => self.refuse(Closing::Abrupt, 425, broken),
            (ServerDataSessions::BreakAlert, Some(_)) => self.refuse(Closing::Alert, 425, broken),
            _ => {
                if let Work::Send(data) = &mut running.work {
                    self.effects.push_back(Effect::SendData(std::mem::take(data)));
                    self.effects.push_back(Effect::CloseData(Closing::Notify));
                }
            }
        }
    }

    fn data_received(&mut self, bytes: &[u8]) {
        let Some(Running { work: Work::Receive(data), .. }) = &mut self.running else { return };
        if data.len() + bytes.len() > MAX_TRANSFER {
            return self.refuse(Closing::Abrupt, 552, "the file is too long");
        }
        data.extend_from_slice(bytes);
    }

    fn data_sent(&mut self) {
        if let Some(Running { work: Work::Send(_), .. }) = &self.running {
            self.finish(End::Complete, 226, "sent");
        }
    }

    fn data_ended(&mut self, end: DataEnd) {
        let Some(Running { work, is_secured, .. }) = &self.running else { return };
        match (is_secured, work, end) {
            (_, _, DataEnd::TimedOut) => self.finish(End::TimedOut, 426, "the data connection stands still"),
            (false, _, _) => self.finish(End::DataFailed, 425, "there is no data connection"),
            (true, Work::Receive(_), DataEnd::Clean) => self.keep(),
            // Whoever cuts the connection could make any beginning of the file pass for the whole.
            (true, Work::Receive(_), DataEnd::Truncated) => {
                self.finish(End::Truncated, 426, "no close_notify came: the file may not be whole, and is not kept");
            }
            (true, _, _) => self.finish(End::DataFailed, 426, "the data connection was lost"),
        }
    }

    fn timed_out(&mut self) {
        if self.awaits != Awaits::Over {
            self.reply(421, "time is up");
            self.end(End::TimedOut);
        }
    }

    fn transfers(&self) -> &[Transfer] {
        &self.transfers
    }

    fn dialogue(&self) -> &[Line] {
        &self.dialogue
    }
}
