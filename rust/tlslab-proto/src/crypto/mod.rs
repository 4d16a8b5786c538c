//! The cryptography of TLS 1.0 to 1.2, by RustCrypto: PRF, key schedule, transcript, signatures.

pub mod suite;
