//! The cryptography of TLS 1.0 to 1.2, by RustCrypto: PRF, key schedule, transcript, signatures, key exchange.
//!
//! Nothing here draws randomness of its own: what is random is handed in, and [`draws`] says where it comes from.

pub mod certificate;
pub mod draws;
pub mod ecdh;
pub mod exporter;
pub mod lab;
pub mod prf;
pub mod rsa_transport;
pub mod schedule;
pub mod side;
pub mod signature;
pub mod simulated;
pub mod suite;
pub mod transcript;

pub use side::Side;
pub use transcript::Transcript;
