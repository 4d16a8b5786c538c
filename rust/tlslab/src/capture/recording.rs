//! What of a connection goes into a capture.

use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;
use tlslab_proto::crypto::Side;

use crate::link::socket::{Closing, Socket};
use crate::scenario::connection::{Connection, Flight};
use crate::scenario::ftps::{DATA_PORT, FtpSession};
use crate::scenario::keys::SessionKeys;
use crate::scenario::outcome::Kind;

/// What of a connection goes into a capture. In JSON, those fields of a connection's; the others are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Recording {
    /// The bytes that crossed, in order.
    pub flights: Vec<Flight>,
    /// What decrypts them.
    pub keys: Vec<SessionKeys>,
    /// The socket, where it was a real one.
    #[serde(default)]
    pub socket: Option<Socket>,
    /// How it ended.
    pub outcome: Ended,
    /// Whether more crossed than is kept.
    pub truncated: bool,
    /// The data connections, where it is a control connection of FTP.
    #[serde(default)]
    pub ftp: Option<Transfers>,
}

/// How a connection ended, as far as TCP shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Ended {
    /// In which way.
    pub kind: Kind,
    /// Who sent the alert, or closed.
    #[serde(default)]
    pub sender: Option<Side>,
}

/// The transfers of a session of FTP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Transfers {
    /// In order.
    pub transfers: Vec<Transfer>,
}

/// A transfer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Transfer {
    /// Its data connection, if there was one.
    pub connection: Option<Recording>,
}

impl From<&Connection> for Recording {
    fn from(connection: &Connection) -> Self {
        let transfers = |ftp: &FtpSession| Transfers {
            transfers: ftp
                .transfers
                .iter()
                .map(|transfer| Transfer { connection: transfer.connection.as_ref().map(Self::from) })
                .collect(),
        };
        Self {
            flights: connection.flights.clone(),
            keys: connection.keys.clone(),
            socket: connection.socket.clone(),
            outcome: Ended { kind: connection.outcome.kind, sender: connection.outcome.sender },
            truncated: connection.truncated,
            ftp: connection.ftp.as_ref().map(transfers),
        }
    }
}

/// What a simulated connection is for, which tells its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Tls,
    FtpControl,
    FtpData,
}

/// Of the addresses for documentation (RFC 5737).
const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);

/// The first of the ports for clients (RFC 6335 6), and how many there are.
const FIRST_PORT: u16 = 49_152;
const PORTS: u64 = 16_384;

impl Recording {
    /// The data connections, where it is a control connection of FTP.
    pub(super) fn data_connections(&self) -> impl Iterator<Item = &Recording> {
        self.ftp.iter().flat_map(|ftp| &ftp.transfers).filter_map(|transfer| transfer.connection.as_ref())
    }

    /// What decrypts it, and its data connections.
    pub(super) fn all_keys(&self) -> impl Iterator<Item = &SessionKeys> {
        self.keys.iter().chain(self.data_connections().flat_map(|data| &data.keys))
    }

    pub(super) fn purpose(&self) -> Purpose {
        if self.ftp.is_some() { Purpose::FtpControl } else { Purpose::Tls }
    }

    /// The addresses of the client and of the server. Those of simulated connections are made up: the client's port
    /// tells the connection with this number in its file.
    pub(super) fn addresses(&self, purpose: Purpose, number: u64) -> [SocketAddr; 2] {
        if let Some(Socket { client, server, .. }) = self.socket {
            return [client, server];
        }
        let port = match purpose {
            Purpose::Tls => 443,
            Purpose::FtpControl => 21,
            Purpose::FtpData => DATA_PORT,
        };
        // In memory, a server of FTP says that it is on the loopback interface.
        let (client, server) =
            if purpose == Purpose::Tls { (CLIENT, SERVER) } else { (Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST) };
        let client_port = FIRST_PORT + (number % PORTS) as u16;
        [SocketAddr::from((client, client_port)), SocketAddr::from((server, port))]
    }

    /// How each side's bytes ended, in order, as far as it is known.
    pub(crate) fn closings(&self) -> Vec<(Side, Closing)> {
        if self.truncated {
            return Vec::new();
        }
        if let Some(socket) = &self.socket {
            let seen = socket.peer_closed.map(|closed| (socket.lab.peer(), closed.how));
            // The lab closes each of its sockets, and who was reset has nothing to close.
            let own = (socket.lab, Closing::Finished);
            return match seen {
                Some((_, Closing::Reset)) => seen.into_iter().collect(),
                _ => seen.into_iter().chain([own]).collect(),
            };
        }
        let both = |first: Side, how| vec![(first, how), (first.peer(), how)];
        match (self.outcome.kind, self.outcome.sender) {
            (Kind::Established, _) => both(Side::Client, Closing::Finished),
            (Kind::Alert | Kind::Closed, Some(sender)) => both(sender, Closing::Finished),
            // What is between the two resets both.
            (Kind::Alert | Kind::Closed, None) => both(Side::Server, Closing::Reset),
            (Kind::TimedOut, _) => Vec::new(),
        }
    }
}
