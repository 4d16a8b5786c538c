//! Key logs in the format of `SSLKEYLOGFILE` (draft-ietf-tls-keylogfile), which Wireshark and others read.

use std::fmt::Write;

use super::recording::Recording;

/// The key log of connections: `CLIENT_RANDOM <client random> <master secret>`, in hexadecimal, for each handshake in
/// which an endpoint of the lab had keys. Resumptions and renegotiations are handshakes of their own.
pub fn key_log<'a>(recordings: impl IntoIterator<Item = &'a Recording>) -> String {
    let mut log = String::new();
    for keys in recordings.into_iter().flat_map(Recording::all_keys) {
        let (random, master) = (hex::encode(keys.client_random.0), hex::encode(&keys.master.0));
        writeln!(log, "CLIENT_RANDOM {random} {master}").expect("a string takes all");
    }
    log
}
