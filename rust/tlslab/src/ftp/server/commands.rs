//! What a server does on each command.

use super::{Awaits, Login, Server, Work, address, is_classic};
use crate::ftp::files::resolve;
use crate::ftp::{Command, Effect, End, Files, Reply};

/// The names under which anybody may log in (RFC 1635).
const ANYBODY: [&str; 2] = ["anonymous", "ftp"];

/// What FEAT tells (RFC 2389 3.2).
const FEATURES: [&str; 5] = ["AUTH TLS", "EPSV", "PBSZ", "PROT", "SIZE"];

impl Server {
    pub(super) fn obey(&mut self, Command { verb, argument }: &Command) {
        match verb.as_str() {
            "USER" => self.user(argument),
            "PASS" => self.password(),
            "AUTH" => self.auth(argument),
            "PBSZ" => self.buffer_size(argument),
            "PROT" => self.protection(argument),
            "FEAT" => self.features(),
            "SYST" => self.reply(215, "UNIX Type: L8"),
            "NOOP" => self.reply(200, "nothing done"),
            "QUIT" => {
                self.reply(221, "goodbye");
                self.end(End::Closed);
            }
            "TYPE" | "MODE" | "STRU" => self.representation(verb, argument),
            "PWD" | "XPWD" | "CWD" | "CDUP" | "SIZE" | "PASV" | "EPSV" | "PORT" | "EPRT" | "LIST" | "NLST" | "RETR"
            | "STOR"
                if self.login != Login::Done =>
            {
                self.reply(530, "log in first");
            }
            // RFC 959 5.3.1 has the path in quotes, in which a quote is doubled.
            "PWD" | "XPWD" => self.reply(257, &format!("\"{}\"", self.directory.replace('"', "\"\""))),
            "CWD" => self.change_directory(argument),
            "CDUP" => self.change_directory(".."),
            "SIZE" => self.size(argument),
            "PASV" | "EPSV" => self.passive(verb == "EPSV", argument),
            "PORT" | "EPRT" => self.active(verb == "EPRT", argument),
            "LIST" | "NLST" | "RETR" | "STOR" => self.transfer(verb, argument),
            _ => self.reply(502, "not implemented"),
        }
    }

    fn user(&mut self, name: &str) {
        self.login = Login::None;
        if !self.is_secured {
            // RFC 4217 4.1 leaves the policy to the server; 530 is vsftpd's word for it.
            self.reply(530, "AUTH TLS comes first");
        } else if ANYBODY.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            self.login = Login::Named;
            self.reply(331, "any password will do");
        } else {
            self.reply(530, "only anonymous may log in");
        }
    }

    fn password(&mut self) {
        match self.login {
            Login::None => self.reply(503, "USER comes first"),
            Login::Named | Login::Done => {
                self.login = Login::Done;
                self.reply(230, "logged in");
            }
        }
    }

    fn auth(&mut self, mechanism: &str) {
        if self.is_secured {
            self.reply(503, "this connection is secured already");
        } else if !matches!(mechanism.to_ascii_uppercase().as_str(), "TLS" | "TLS-C" | "SSL") {
            self.reply(504, "AUTH TLS is known");
        } else if !self.lines.is_empty() {
            // They would be obeyed as if the handshake had protected them.
            self.close(503, "commands came with AUTH TLS, unprotected");
        } else {
            self.reply(234, "the handshake may begin");
            self.effects.push_back(Effect::Secure);
            self.awaits = Awaits::Handshake;
        }
    }

    fn buffer_size(&mut self, argument: &str) {
        if !self.is_secured {
            self.reply(503, "AUTH TLS comes first");
        } else if argument.parse::<u32>().is_err() {
            self.reply(501, "PBSZ takes a number of 32 bits");
        } else {
            self.has_buffer_size = true;
            self.reply(200, "PBSZ=0");
        }
    }

    fn protection(&mut self, level: &str) {
        match level.to_ascii_uppercase().as_str() {
            _ if !self.has_buffer_size => self.reply(503, "PBSZ comes first"),
            "P" => {
                self.is_private = true;
                self.reply(200, "data connections are TLS");
            }
            "C" => self.reply(534, "data connections in clear are not allowed"),
            "S" | "E" => self.reply(536, "TLS has the levels C and P"),
            _ => self.reply(504, "the levels are C, S, E and P"),
        }
    }

    fn features(&mut self) {
        let lines = ["these:"].into_iter().chain(FEATURES).chain(["that is all"]);
        self.answer(&Reply { code: 211, lines: lines.map(str::to_owned).collect() });
    }

    /// TYPE A is taken, as RFC 959 5.1 has it, and means no other bytes: vsftpd does so by default too.
    fn representation(&mut self, verb: &str, argument: &str) {
        match (verb, argument.to_ascii_uppercase().as_str()) {
            ("TYPE", "I" | "L 8" | "A" | "A N") | ("MODE", "S") | ("STRU", "F") => self.reply(200, "so be it"),
            _ => self.reply(504, "TYPE I or A, MODE S and STRU F are known"),
        }
    }

    fn change_directory(&mut self, path: &str) {
        let path = resolve(&self.directory, path);
        if self.files.lock().is_dir(&path) {
            self.directory = path;
            self.reply(250, "gone there");
        } else {
            self.reply(550, "no such directory");
        }
    }

    fn size(&mut self, path: &str) {
        let size = self.files.lock().read(&resolve(&self.directory, path)).map(|data| data.len());
        match size {
            Some(size) => self.reply(213, &size.to_string()),
            None => self.reply(550, "no such file"),
        }
    }

    fn passive(&mut self, extended: bool, argument: &str) {
        let family = if is_classic(self.host) { "1" } else { "2" };
        match (extended, argument.to_ascii_uppercase().as_str()) {
            (false, _) if family == "2" => self.reply(501, "PASV knows IPv4 alone: EPSV"),
            (true, "ALL") => self.reply(200, "EPSV it is"),
            (true, other) if !other.is_empty() && other != family => {
                // RFC 2428 3 has these words.
                self.reply(522, &format!("Network protocol not supported, use ({family})"));
            }
            _ => {
                self.effects.push_back(Effect::Listen);
                self.awaits = Awaits::Port { extended };
            }
        }
    }

    /// A server that connects to where its client says can be made to connect anywhere (RFC 2577): this one does not.
    fn active(&mut self, extended: bool, argument: &str) {
        let address = if extended { address::of_eprt(argument) } else { address::of_classic(argument) };
        match address {
            None => self.reply(501, "no address"),
            Some(_) => self.reply(502, "this server makes no connections of its own: EPSV or PASV"),
        }
    }

    fn transfer(&mut self, verb: &str, argument: &str) {
        if !self.is_private {
            self.reply(521, "PROT P comes first");
        } else if !self.is_listening {
            self.reply(425, "EPSV or PASV comes first");
        } else {
            match verb {
                "RETR" => self.retrieve(resolve(&self.directory, argument)),
                "STOR" => self.store(resolve(&self.directory, argument)),
                _ => self.list(if verb == "LIST" { "LIST" } else { "NLST" }, argument),
            }
        }
    }

    fn retrieve(&mut self, path: String) {
        let data = self.files.lock().read(&path);
        match data {
            Some(data) => self.start("RETR", path, Work::Send(data.to_vec())),
            None => self.reply(550, "no such file"),
        }
    }

    fn store(&mut self, path: String) {
        if self.files.lock().is_dir(&path) {
            self.reply(553, "that is a directory");
        } else {
            self.start("STOR", path, Work::Receive(Vec::new()));
        }
    }

    /// Clients put options of `ls` before the path, which mean nothing here.
    fn list(&mut self, verb: &'static str, argument: &str) {
        let is_option = |word: &str| word.starts_with('-');
        let path = if argument.split(' ').next().is_some_and(is_option) {
            argument.split_once(' ').map_or("", |(_, path)| path)
        } else {
            argument
        };
        let path = resolve(&self.directory, path);
        let text = {
            let files = self.files.lock();
            let exists = files.is_dir(&path) || files.read(&path).is_some();
            exists.then(|| listing(&files, &path, verb == "LIST"))
        };
        match text {
            Some(text) => self.start(verb, path, Work::Send(text.into_bytes())),
            None => self.reply(550, "no such file or directory"),
        }
    }
}

/// The lines of a directory: names alone, or as `ls -l` would print them, which clients have come to read (RFC 959 leaves
/// the form open).
fn listing(files: &Files, path: &str, long: bool) -> String {
    let line = |(name, size): (String, Option<usize>)| match size {
        _ if !long => format!("{name}\r\n"),
        Some(size) => format!("-rw-r--r-- 1 ftp ftp {size:>12} Jan  1  2000 {name}\r\n"),
        None => format!("drwxr-xr-x 1 ftp ftp {:>12} Jan  1  2000 {name}\r\n", 0),
    };
    files.list(path).into_iter().map(line).collect()
}
