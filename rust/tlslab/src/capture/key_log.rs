//! Key logs in the format of `SSLKEYLOGFILE` (draft-ietf-tls-keylogfile), which Wireshark and others read.

use std::fmt::Write;

use super::recording::Recording;

/// The key log of connections: `CLIENT_RANDOM <client random> <master secret>`, in hexadecimal, for each handshake in
/// which an endpoint of the lab had keys. Resumptions and renegotiations are handshakes of their own.
///
/// With `premasters` there is a line `PMS_CLIENT_RANDOM <client random> <premaster secret>` for each premaster secret, too:
/// that of each side, where they differ.
pub fn key_log<'a>(recordings: impl IntoIterator<Item = &'a Recording>, premasters: bool) -> String {
    let mut log = String::new();
    for keys in recordings.into_iter().flat_map(Recording::all_keys) {
        let (random, master) = (hex::encode(keys.client_random.0), hex::encode(&keys.master.0));
        writeln!(log, "CLIENT_RANDOM {random} {master}").expect("a string takes all");
        for premaster in keys.premasters.iter().filter(|_| premasters) {
            writeln!(log, "PMS_CLIENT_RANDOM {random} {}", hex::encode(&premaster.0)).expect("a string takes all");
        }
    }
    log
}
