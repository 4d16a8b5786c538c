//! FTP over TLS: the cores by themselves, sessions in memory, and what goes wrong in them.

mod client;
mod faults;
mod scenario;
mod server;
mod sockets;
